package embedded

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"reliefledger.org/ledger/eventstore"
)

// A checkpoint is made while others append: it has all that was answered
// before, each append whole, and is the beginning of what the store has.
func TestCheckpoint(t *testing.T) {
	for name, where := range map[string]func() (vfs.FS, string){
		"memory": func() (vfs.FS, string) { return vfs.NewMem(), folder },
		"disk":   func() (vfs.FS, string) { return nil, t.TempDir() + "/账簿" },
	} {
		t.Run(name, func(t *testing.T) {
			fs, dir := where()
			s, err := Create(dir, Options{FS: fs})
			if err != nil {
				t.Fatal(err)
			}
			defer mustClose(t, s)
			var answered atomic.Uint64
			stop, begun := make(chan struct{}), make(chan struct{})
			// Who appends takes a turn, and each checkpoint finds as many left as
			// there is room for: in memory the store would outgrow its reader.
			turns := make(chan struct{}, 1000)
			fill := func() {
				for len(turns) < cap(turns) {
					turns <- struct{}{}
				}
			}
			fill()
			var wg sync.WaitGroup
			for w := range 4 {
				wg.Go(func() {
					expected := eventstore.NoStream
					for i := 0; ; i++ {
						done, err := s.Append(ctx, fmt.Sprint("s", w), expected, someEvents(3, 500))
						if err != nil {
							t.Error(err)
							return
						}
						expected = eventstore.At(done.Revision)
						if answered.Add(3) == 300 { // before the turns are over
							close(begun)
						}
						select {
						case <-stop:
							return
						case <-turns:
						}
					}
				})
			}
			<-begun
			for range 3 {
				fill()
				before := answered.Load()
				if err := s.Checkpoint(); err != nil {
					t.Fatal(err)
				}
				if err := s.Checkpoint(); err == nil || !strings.Contains(err.Error(), "there already") {
					t.Errorf("a second one in its place: %v", err)
				}
				c, err := Open(CheckpointFolder(dir), Options{FS: fs})
				if err != nil {
					t.Fatal(err)
				}
				chain, err := eventstore.ChainOf(ctx, c)
				if err != nil || chain.Count < before || chain.Count%3 != 0 {
					t.Errorf("%d events of %d that were answered, three at a time: %v", chain.Count, before, err)
				}
				var own eventstore.Chain
				for e, err := range s.ReadAll(ctx, eventstore.Position{}, eventstore.Forwards) {
					if err != nil {
						t.Fatal(err)
					}
					if own.Count == chain.Count {
						break
					}
					own.Add(e)
				}
				if own != chain {
					t.Errorf("the checkpoint has %s, the store %s", chain, own)
				}
				// It is a store by itself: what is written there is not written here.
				if _, err := c.Append(ctx, "elsewhere", eventstore.NoStream, someEvents(1, 10)); err != nil {
					t.Error(err)
				}
				mustClose(t, c)
				if err := s.disk.FS.RemoveAll(CheckpointFolder(dir)); err != nil {
					t.Fatal(err)
				}
			}
			close(stop)
			wg.Wait()
			if n, _ := s.Head(); n != answered.Load() {
				t.Errorf("%d events, %d were answered", n, answered.Load())
			}
		})
	}
}

// hooked is a file system that tells when a checkpoint begins to be written, and
// when its copy of the log is.
type hooked struct {
	*syncing
	begins, copied func()
}

func (h *hooked) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	if !strings.Contains(name, checkpointFolder) {
		return h.syncing.Create(name, c)
	}
	if strings.Contains(name, "OPTIONS") && h.begins != nil {
		h.begins()
		h.begins = nil
	}
	f, err := h.FS.Create(name, c)
	if err == nil && strings.HasSuffix(name, ".log") && h.copied != nil {
		f, h.copied = &hookedFile{f, h.copied}, nil
	}
	return f, err
}

type hookedFile struct {
	vfs.File
	closed func()
}

func (f *hookedFile) Close() error {
	defer f.closed()
	return f.File.Close()
}

// An append whose sync is under way while the log is copied is in the checkpoint:
// it is synced and shown in the store before there is a checkpoint.
func TestCheckpointOfWhatIsBeingSynced(t *testing.T) {
	fs := &syncing{FS: vfs.NewMem()}
	hooks := &hooked{syncing: fs}
	s := mustCreate(t, hooks)
	defer mustClose(t, s)
	fs.held = make(chan struct{}, 1)
	hold := make(chan struct{})
	var appending sync.WaitGroup
	var after int64
	hooks.begins = func() {
		fs.hold = hold // nothing is being synced now
		appending.Go(func() {
			if _, err := s.Append(ctx, "a", eventstore.NoStream, someEvents(3, 100)); err != nil {
				t.Error(err)
			}
		})
		<-fs.held
	}
	hooks.copied = func() {
		if n, _ := s.Head(); n != 0 {
			t.Errorf("%d events are shown that are not synced", n)
		}
		after = fs.syncs.Load()
		close(hold)
	}
	if err := s.Checkpoint(); err != nil {
		t.Fatal(err)
	}
	shown, _ := s.Head()
	if fs.syncs.Load() < after+2 { // the append's and the checkpoint's own
		t.Errorf("%d syncs after the log was copied", fs.syncs.Load()-after)
	}
	appending.Wait()
	c, err := Open(CheckpointFolder(folder), Options{FS: hooks})
	if err != nil {
		t.Fatal(err)
	}
	defer mustClose(t, c)
	if n, _ := c.Head(); n != 3 || shown != 3 {
		t.Errorf("%d events in the checkpoint, %d in the store when it was made", n, shown)
	}
}

// full is a file system that has no room for checkpoints.
type full struct {
	vfs.FS
	kind string // of the change that fails
}

var errFull = errors.New("no space left on device")

func (f *full) refuses(kind, name string) bool {
	return f.kind == kind && strings.Contains(name, checkpointFolder)
}

func (f *full) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	if f.refuses("create", name) {
		return nil, errFull
	}
	file, err := f.FS.Create(name, c)
	if err == nil && f.refuses("write", name) {
		file = &fullFile{file}
	}
	return file, err
}

func (f *full) Link(from, to string) error {
	if f.refuses("link", to) {
		return errFull
	}
	return f.FS.Link(from, to)
}

func (f *full) Rename(from, to string) error {
	if f.refuses("rename", to) {
		return errFull
	}
	return f.FS.Rename(from, to)
}

func (f *full) MkdirAll(name string, mode os.FileMode) error {
	if f.refuses("make folder", name) {
		return errFull
	}
	return f.FS.MkdirAll(name, mode)
}

type fullFile struct{ vfs.File }

func (*fullFile) Write([]byte) (int, error) { return 0, errFull }
func (*fullFile) Sync() error               { return errFull }

// A checkpoint that fails leaves nothing behind and does the store no harm.
func TestCheckpointFails(t *testing.T) {
	for _, kind := range []string{"create", "write", "rename", "make folder", "link"} {
		t.Run(kind, func(t *testing.T) {
			fs := &full{vfs.NewMem(), kind}
			s := mustCreate(t, fs)
			if _, err := s.Append(ctx, "a", eventstore.NoStream, someEvents(3, 100)); err != nil {
				t.Fatal(err)
			}
			mustClose(t, s) // its events are in a table
			s = mustOpen(t, fs)
			defer mustClose(t, s)
			if _, err := s.Append(ctx, "a", eventstore.At(2), someEvents(3, 100)); err != nil {
				t.Fatal(err)
			}
			// Where nothing can be linked it is copied.
			if err := s.Checkpoint(); kind != "link" && !errors.Is(err, errFull) || kind == "link" && err != nil {
				t.Errorf("%v", err)
			} else if _, missing := fs.Stat(CheckpointFolder(folder)); err != nil && !isMissing(missing) {
				t.Errorf("something is left: %v", missing)
			}
			if _, err := s.Append(ctx, "a", eventstore.At(5), someEvents(1, 100)); err != nil {
				t.Errorf("the store after it: %v", err)
			}
		})
	}
}

// BenchmarkCheckpoint is one of a store of a hundred thousand events.
func BenchmarkCheckpoint(b *testing.B) {
	dir := b.TempDir() + "/ledger"
	s, err := Create(dir, Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	for i := range 100 {
		if _, err := s.Append(ctx, fmt.Sprint("s", i), eventstore.NoStream, someEvents(1000, 500)); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		if err := s.Checkpoint(); err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		if err := s.disk.FS.RemoveAll(CheckpointFolder(dir)); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
}
