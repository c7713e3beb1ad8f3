package embedded

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"reliefledger.org/ledger/eventstore"
)

var ctx = context.Background()

// syncing counts the syncs of log files, and fails or holds them on request.
type syncing struct {
	vfs.FS
	syncs atomic.Int64
	fail  atomic.Bool
	// Where hold is not nil a sync says in held that it began, and waits until
	// hold is closed.
	hold, held chan struct{}
}

var errDisk = errors.New("the disk says no")

func (s *syncing) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := s.FS.Create(name, c)
	return s.wrap(name, f), err
}

func (s *syncing) ReuseForWrite(old, name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := s.FS.ReuseForWrite(old, name, c)
	return s.wrap(name, f), err
}

func (s *syncing) wrap(name string, f vfs.File) vfs.File {
	if f != nil && strings.HasSuffix(name, ".log") {
		return &syncedFile{f, s}
	}
	return f
}

type syncedFile struct {
	vfs.File
	s *syncing
}

func (f *syncedFile) Sync() error {
	if f.s.fail.Load() {
		return errDisk
	}
	if f.s.hold != nil {
		select {
		case f.s.held <- struct{}{}:
		default:
		}
		<-f.s.hold
	}
	f.s.syncs.Add(1)
	return f.File.Sync()
}

func (f *syncedFile) SyncData() error { return f.Sync() }

func (f *syncedFile) SyncTo(int64) (bool, error) { return true, f.Sync() }

// What waits while one sync is under way is written with the next: 64 appends
// need a few syncs, and nobody is answered before the sync of their own.
func TestOneSyncForAllThatWaits(t *testing.T) {
	fs := &syncing{FS: vfs.NewMem()}
	s := mustCreate(t, fs)
	defer mustClose(t, s)
	fs.hold, fs.held = make(chan struct{}), make(chan struct{}, 1)
	before := fs.syncs.Load()
	var answered atomic.Int64
	var wg sync.WaitGroup
	add := func(i int) {
		wg.Go(func() {
			if _, err := s.Append(ctx, fmt.Sprint("s", i), eventstore.NoStream, someEvents(1, 100)); err != nil {
				t.Error(err)
			}
			answered.Add(1)
		})
	}
	add(0)
	<-fs.held // the first is being synced; all others wait behind it
	for i := range 63 {
		add(i + 1)
	}
	for waiting := 0; waiting < 63; {
		s.mu.Lock()
		waiting = len(s.waiting)
		s.mu.Unlock()
	}
	if n := answered.Load(); n != 0 {
		t.Errorf("%d were answered before any sync", n)
	}
	close(fs.hold)
	wg.Wait()
	if n := fs.syncs.Load() - before; n > 4 {
		t.Errorf("%d syncs for 64 appends", n)
	}
}

// A failed sync poisons the store. After a restart the same bytes again have
// one effect, whether they were written or not.
func TestFailedSyncPoisons(t *testing.T) {
	fs := &syncing{FS: vfs.NewMem()}
	s := mustCreate(t, fs)
	first, second := someEvents(2, 50), someEvents(3, 50)
	if _, err := s.Append(ctx, "a", eventstore.NoStream, first); err != nil {
		t.Fatal(err)
	}
	fs.fail.Store(true)
	var poisoned *eventstore.Poisoned
	if _, err := s.Append(ctx, "a", eventstore.At(1), second); !errors.As(err, &poisoned) {
		t.Fatalf("%v", err)
	}
	if _, err := s.Append(ctx, "b", eventstore.NoStream, someEvents(1, 1)); !errors.As(err, &poisoned) {
		t.Errorf("a later append: %v", err)
	}
	for _, err := range s.ReadAll(ctx, eventstore.Position{}, eventstore.Forwards) {
		if !errors.As(err, &poisoned) {
			t.Errorf("a later read: %v", err)
		}
	}
	if err := s.Close(); !errors.As(err, &poisoned) {
		t.Errorf("close: %v", err)
	}
	fs.fail.Store(false)
	s = mustOpen(t, fs)
	defer mustClose(t, s)
	done, err := s.Append(ctx, "a", eventstore.At(1), second)
	if err != nil || done.Revision != 4 {
		t.Fatalf("the same bytes again: %+v, %v", done, err)
	}
	if again, err := s.Append(ctx, "a", eventstore.At(1), second); err != nil || again.Revision != 4 {
		t.Errorf("and again: %+v, %v", again, err)
	}
	if n, _ := s.Head(); n != 5 {
		t.Errorf("%d events", n)
	}
}

// After a crash at any moment all that was answered is there, and each append
// is there whole or not at all.
func TestCrash(t *testing.T) {
	seed := uint64(len(os.Args[0]))
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 1))
	for round := range 25 {
		fs := vfs.NewCrashableMem()
		s := mustCreate(t, fs)
		var mu sync.Mutex
		answered := map[string]int{} // stream: events
		stop := make(chan struct{})
		var wg sync.WaitGroup
		for w := range 8 {
			wg.Go(func() {
				stream := fmt.Sprint("s", w)
				expected, n := eventstore.NoStream, 0
				for {
					select {
					case <-stop:
						return
					default:
					}
					done, err := s.Append(ctx, stream, expected, someEvents(3, 200))
					if err != nil {
						t.Error(err)
						return
					}
					expected, n = eventstore.At(done.Revision), n+3
					mu.Lock()
					answered[stream] = n
					mu.Unlock()
				}
			})
		}
		for mu.Lock(); len(answered) < 8; mu.Lock() {
			mu.Unlock()
		}
		want := map[string]int{}
		for k, n := range answered {
			want[k] = n
		}
		mu.Unlock()
		crashed := fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: random.IntN(101), RNG: random})
		close(stop)
		wg.Wait()
		mustClose(t, s)

		s = mustOpen(t, crashed)
		for stream, n := range want {
			have := 0
			for _, err := range s.ReadStream(ctx, stream, 0, eventstore.Forwards) {
				if err != nil {
					t.Fatal(err)
				}
				have++
			}
			if have < n || have%3 != 0 {
				t.Fatalf("round %d: %s has %d events, %d were answered, three at a time", round, stream, have, n)
			}
		}
		mustClose(t, s)
	}
}

// Who comes second is told who holds the folder: in this process, and in
// another.
func TestHeld(t *testing.T) {
	dir := t.TempDir() + "/ledger"
	if path := os.Getenv("EMBEDDED_TEST_HELD"); path != "" {
		_, err := Open(path, Options{})
		fmt.Println(err)
		return
	}
	s, err := Create(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer mustClose(t, s)
	var held *eventstore.Held
	if _, err := Open(dir, Options{}); !errors.As(err, &held) || held.PID != os.Getpid() {
		t.Errorf("a second time here: %v", err)
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestHeld$")
	cmd.Env = append(os.Environ(), "EMBEDDED_TEST_HELD="+dir)
	out, err := cmd.CombinedOutput()
	if err != nil || !bytes.Contains(out, fmt.Appendf(nil, "held by process %d", os.Getpid())) {
		t.Errorf("another process: %s %v", out, err)
	}
}

// Of a folder that is not ours, or that a newer program wrote, nothing is
// changed.
func TestForeignFolders(t *testing.T) {
	for name, c := range map[string]struct {
		files map[string]string
		want  any
	}{
		"empty":            {map[string]string{}, new(*eventstore.NotALedger)},
		"other files":      {map[string]string{"photo.jpg": "x"}, new(*eventstore.NotALedger)},
		"a torn FORMAT":    {map[string]string{formatFile: `{"form`}, new(*eventstore.Corrupt)},
		"another's FORMAT": {map[string]string{formatFile: `{"format":"something else","version":1}`}, new(*eventstore.NotALedger)},
	} {
		fs := vfs.NewMem()
		if err := fs.MkdirAll(folder, 0o755); err != nil {
			t.Fatal(err)
		}
		for file, text := range c.files {
			if err := replaceFile(fs, fs.PathJoin(folder, file), []byte(text)); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := Open(folder, Options{FS: fs}); !errors.As(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
		if names, _ := fs.List(folder); len(names) != len(c.files) {
			t.Errorf("%s: the folder has %v now", name, names)
		}
	}
	fs := vfs.NewMem()
	mustClose(t, mustCreate(t, fs))
	text, err := readSmallFile(fs, fs.PathJoin(folder, formatFile))
	if err != nil {
		t.Fatal(err)
	}
	newer := strings.Replace(string(text), fmt.Sprint(formatVersion), fmt.Sprint(formatVersion+1), 1)
	if err := replaceFile(fs, fs.PathJoin(folder, formatFile), []byte(newer)); err != nil {
		t.Fatal(err)
	}
	var newerFormat *eventstore.NewerFormat
	if _, err := Open(folder, Options{FS: fs}); !errors.As(err, &newerFormat) {
		t.Errorf("a newer format: %v", err)
	}
}

// Events that a closed store had and has no more are noticed.
func TestMissingEvents(t *testing.T) {
	fs := vfs.NewMem()
	s := mustCreate(t, fs)
	if _, err := s.Append(ctx, "a", eventstore.NoStream, someEvents(2, 10)); err != nil {
		t.Fatal(err)
	}
	mustClose(t, s)
	if err := writeCount(fs, folder, 3); err != nil {
		t.Fatal(err)
	}
	var corrupt *eventstore.Corrupt
	if _, err := Open(folder, Options{FS: fs}); !errors.As(err, &corrupt) {
		t.Errorf("%v", err)
	}
}

func FuzzDecodeRecord(f *testing.F) {
	e := someEvents(1, 20)[0]
	f.Add(appendBody(nil, "fund-1", e))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, record []byte) {
		_, _ = decodeRecord(record) // an error or a record, never a panic
	})
}

// BenchmarkAppend is one event an append on the machine's disk: one caller, and
// 64 whose appends share syncs.
func BenchmarkAppend(b *testing.B) {
	for _, callers := range []int{1, 64} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			s, err := Create(b.TempDir()+"/ledger", Options{})
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			var n atomic.Int64
			var wg sync.WaitGroup
			b.ResetTimer()
			for range callers {
				wg.Go(func() {
					for i := n.Add(1); i <= int64(b.N); i = n.Add(1) {
						if _, err := s.Append(ctx, fmt.Sprint("s", i), eventstore.NoStream, someEvents(1, 500)); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			wg.Wait()
		})
	}
}

// BenchmarkReadAll is one event read in order.
func BenchmarkReadAll(b *testing.B) {
	s := mustCreate(b, vfs.NewMem())
	defer s.Close()
	for i := range 100 {
		if _, err := s.Append(ctx, fmt.Sprint("s", i), eventstore.NoStream, someEvents(1000, 500)); err != nil {
			b.Fatal(err)
		}
	}
	b.ResetTimer()
	for n := 0; n < b.N; {
		for _, err := range s.ReadAll(ctx, eventstore.Position{}, eventstore.Forwards) {
			if err != nil {
				b.Fatal(err)
			}
			if n++; n == b.N {
				break
			}
		}
	}
}
