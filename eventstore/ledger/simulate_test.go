package ledger_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/uuid"

	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/eventstore"
	"reliefledger.org/ledger/eventstore/embedded"
	"reliefledger.org/ledger/eventstore/ledger"
	"reliefledger.org/ledger/eventstore/vault"
)

// The crash simulation. A seed draws a history: orders of many kinds, of one
// officer's program after the other or of several at once, given to a ledger on
// a file system in memory that knows what was synced (simulate_plan_test.go,
// simulate_disk_test.go). The machine is cut at every sync, just before and just
// after it, and at random writes and answers. Each cut is a copy of what a disk
// would hold then; it is opened, compared with what had been acknowledged, and
// worked on to the history's end (simulate_cut_test.go), beside a vault of that
// moment (simulate_vault_test.go). The history itself also goes on over cuts and
// closings, so that recovery is cut as well. Other histories have a disk that
// refuses changes (simulate_faults_test.go).
//
// What it cannot see: the syncs of SQLite (the vault is a real file, and its
// crash a copy of it, see vaultAt), a disk that lies about syncs, damage to
// bytes that were synced, and reads that fail.
var (
	simulateSeeds = flag.Int("simulate.seeds", 0, "how many histories TestSimulate cuts; 0: as many as -simulate.cuts needs")
	simulateCuts  = flag.Int("simulate.cuts", 60, "how many cuts TestSimulate makes where -simulate.seeds is 0")
	simulateFirst = flag.Uint64("simulate.first", 1, "the first seed")
	simulateCut   = flag.Int("simulate.cut", -1, "make only this cut of the first seed")
	simulateFault = flag.Int("simulate.faults", 20, "how many histories TestSimulateFaults breaks")
)

const (
	simulated = "/ledger" // the store's folder in memory

	// writeCuts and answerCuts are how many of a hundred writes and answers are
	// cut beside all syncs.
	writeCuts  = 10
	answerCuts = 15
	// failures after which a run ends: the rest says the same.
	enoughFailures = 5
)

// errStopped ends what still runs in a life that is over.
var errStopped = errors.New("this life is over")

// simulation is one history while it runs.
type simulation struct {
	seed     uint64
	scratch  string // a folder of this machine, for vaults
	key      vault.WrappingKey
	deeds    []deed
	lanes    [][]int // indices of deeds; they run at once
	setup    int     // deeds before the lanes
	ahead    bool    // the ledger knows that it holds the store, and decides ahead
	vaulting sync.Mutex

	begun atomic.Int64 // numbers the cuts
	draws atomic.Int64 // of chance
	disk  *vfs.MemFS   // of the life; nil where nothing is cut

	mu      sync.Mutex // guards what follows
	appends []*appended
	groups  []group  // written by lives, each with one sync
	answers []answer // in the order in which they were given
	vaults  [][]byte // copies of the vault's file, each other than the one before
	cuts    []*cut
	life    int
}

// appended is an append that was begun.
type appended struct {
	stream string
	ids    []uuid.UUID
	vault  int // the copy of the vault as it was when the append began
	acked  bool
}

// group is what was written with one sync: life and count say which events are
// before its end, and vault is the copy of the vault as it was when it was
// written.
type group struct {
	life  int
	count uint64
	vault int
}

// answer is what an order was told.
type answer struct {
	deed int
	done *ledger.Done // nil: refused
	code string       // of the refusal
}

func (a answer) String() string {
	if a.done != nil {
		return "accepted"
	}
	return a.code
}

// cut is what is left when the machine is cut off.
type cut struct {
	no      int
	life    int
	what    string // where
	kept    int    // percent of what was not synced
	disk    *vfs.MemFS
	acked   []*appended // until then
	answers []answer
	log     *[]stored // of the life, once it is over; nil where nobody could read it
}

// newSimulation draws a history. Every third has its lanes at once; in every
// second the ledger is given the store itself and decides ahead, in the others
// it is given one like a server's, on which every append can be witnessed.
func newSimulation(seed uint64, scratch string) *simulation {
	p := newPlan(seed)
	s := &simulation{seed: seed, scratch: scratch, key: vault.NewWrappingKey(), setup: len(p.setup), ahead: seed%2 == 0}
	if seed%3 != 0 || len(p.lanes) == 1 {
		s.deeds = p.inTurn(rand.New(rand.NewPCG(seed, 2)))
		lane := []int{}
		for i := s.setup; i < len(s.deeds); i++ {
			lane = append(lane, i)
		}
		s.lanes = [][]int{lane}
		return s
	}
	s.deeds = p.setup
	for _, deeds := range p.lanes {
		lane := []int{}
		for range deeds {
			lane = append(lane, len(s.deeds)+len(lane))
		}
		s.deeds = append(s.deeds, deeds...)
		s.lanes = append(s.lanes, lane)
	}
	return s
}

func (s *simulation) alone() bool { return len(s.lanes) == 1 }

// witness is the store as the ledger sees it; it remembers what was begun and
// what was acknowledged.
type witness struct {
	eventstore.Store
	s *simulation
	v *vaultFile
}

func (w *witness) Append(ctx context.Context, stream string, expected eventstore.Expected, events []eventstore.Event) (eventstore.Appended, error) {
	a := &appended{stream: stream}
	for _, e := range events {
		a.ids = append(a.ids, e.ID)
	}
	if err := w.s.copyVault(w.v, a); err != nil {
		return eventstore.Appended{}, err
	}
	done, err := w.Store.Append(ctx, stream, expected, events)
	if err == nil {
		w.s.mu.Lock()
		a.acked = true
		w.s.mu.Unlock()
	}
	return done, err
}

// storeFor is the store as the ledger gets it.
func (s *simulation) storeFor(store *embedded.Store, v *vaultFile) eventstore.Store {
	if s.ahead {
		return store
	}
	return &witness{store, s, v}
}

// run is the whole history; it returns its cuts.
func (s *simulation) run() ([]*cut, error) {
	v, err := s.newVault()
	if err != nil {
		return nil, err
	}
	defer v.remove()
	r := rand.New(rand.NewPCG(s.seed, 3))
	disk, lives := vfs.NewCrashableMem(), 1+r.IntN(3)
	for s.life = 1; ; s.life++ {
		until := len(s.deeds)
		if s.life < lives {
			until = len(s.answers) + 5 + r.IntN(len(s.deeds)/2)
		}
		first := len(s.cuts)
		clean := r.IntN(3) == 0
		log, err := s.live(disk, v, until, clean)
		if err != nil {
			return nil, fmt.Errorf("life %d: %w", s.life, err)
		}
		mine := s.cuts[first:]
		for _, c := range mine {
			c.log = &log
		}
		if len(s.answers) == len(s.deeds) {
			return s.cuts, nil
		}
		if clean {
			disk = disk.CrashClone(vfs.CrashCloneCfg{})
			continue
		}
		// Time goes on from one of the last cuts: what was answered after it was
		// answered in a world that is no more.
		c := mine[len(mine)-1-r.IntN(min(len(mine), 40))]
		s.answers = slices.Clone(c.answers)
		for _, a := range s.appends {
			a.acked = slices.Contains(c.acked, a)
		}
		disk = c.disk.CrashClone(vfs.CrashCloneCfg{})
	}
}

// live opens what disk holds, gives orders until so many are answered, and
// returns the log.
func (s *simulation) live(disk *vfs.MemFS, v *vaultFile, until int, clean bool) (log []stored, err error) {
	s.disk = disk
	var over atomic.Bool
	m := &machine{FS: disk, around: func(c change, do func() error) error {
		if over.Load() {
			return do()
		}
		if s.ahead && c.kind == writes && strings.HasSuffix(c.name, ".log") {
			if err := s.copyVault(v, nil); err != nil {
				return err
			}
		}
		if c.kind == syncs {
			s.cut(disk, c, "before")
		} else if c.kind == writes && s.chance(writeCuts) {
			s.cut(disk, c, "before")
		}
		err := do()
		if c.kind == syncs {
			s.cut(disk, c, "after")
		}
		return err
	}}
	var count uint64
	store, err := openOrCreate(m, func(g embedded.Group) {
		count += uint64(g.Events)
		s.mu.Lock()
		s.groups = append(s.groups, group{s.life, count, len(s.vaults) - 1})
		s.mu.Unlock()
	})
	if err != nil {
		return nil, err
	}
	count, _ = store.Head()
	s.groups = append(s.groups, group{s.life, count, len(s.vaults) - 1})
	defer func() {
		over.Store(!clean)
		err = errors.Join(err, store.Close())
	}()
	l, err := ledger.Open(context.Background(), s.storeFor(store, v), v.Vault, ledger.Options{Clock: noon})
	if err != nil {
		return nil, err
	}
	defer l.Close()
	err = s.work(until, func(d *deed) (*ledger.Done, error) {
		o, signers := d.order()
		return l.Do(context.Background(), o, signers...)
	})
	if err != nil && !errors.Is(err, errStopped) {
		return nil, err
	}
	return readLog(store)
}

// noon is the clock of all simulated ledgers.
func noon() time.Time { return time.Date(2026, 3, 1, 4, 0, 0, 0, time.UTC) }

func openOrCreate(fs vfs.FS, committed func(embedded.Group)) (*embedded.Store, error) {
	opts := embedded.Options{FS: fs, CacheBytes: 1 << 20, Committed: committed}
	store, err := embedded.Open(simulated, opts)
	var none *eventstore.NotALedger
	if errors.As(err, &none) {
		return embedded.Create(simulated, opts)
	}
	return store, err
}

// work gives all orders that are not answered, the lanes at once.
func (s *simulation) work(until int, give func(*deed) (*ledger.Done, error)) error {
	answered := map[int]bool{}
	for _, a := range s.answers {
		answered[a.deed] = true
	}
	one := func(i int) error {
		if answered[i] {
			return nil
		}
		s.mu.Lock()
		stop := len(s.answers) >= until
		s.mu.Unlock()
		if stop {
			return errStopped
		}
		a := answer{deed: i}
		var err error
		if a.done, err = give(&s.deeds[i]); err != nil {
			if a.code = refusalOf(err); a.code == "" {
				return fmt.Errorf("%s: %w", s.deeds[i].name, err)
			}
		}
		s.mu.Lock()
		s.answers = append(s.answers, a)
		s.mu.Unlock()
		if s.disk != nil && s.chance(answerCuts) {
			s.cut(s.disk, change{"answer", s.deeds[i].name}, "after")
		}
		return nil
	}
	for i := range s.setup {
		if err := one(i); err != nil {
			return err
		}
	}
	var wg sync.WaitGroup
	ends := make([]error, len(s.lanes))
	for k, lane := range s.lanes {
		wg.Go(func() {
			for _, i := range lane {
				if ends[k] = one(i); ends[k] != nil {
					return
				}
			}
		})
	}
	wg.Wait()
	return errors.Join(ends...)
}

// refusalOf is the code of an error that says no; empty for any other.
func refusalOf(err error) string {
	var refusal *domain.Refusal
	var taken *ledger.NumberTaken
	switch {
	case errors.As(err, &refusal):
		return refusal.Code.Name
	case errors.As(err, &taken):
		return "number-taken"
	}
	return ""
}

// chance is drawn anew each time.
func (s *simulation) chance(percent int) bool {
	return rand.New(rand.NewPCG(s.seed, uint64(s.draws.Add(1))<<20)).IntN(100) < percent
}

// cut cuts the machine off, in a copy. What had been acknowledged is asked
// first: all of it must have been on disk by then.
func (s *simulation) cut(disk *vfs.MemFS, at change, when string) {
	c := &cut{no: int(s.begun.Add(1) - 1), life: s.life, what: when + " " + at.String()}
	s.mu.Lock()
	for _, a := range s.appends {
		if a.acked {
			c.acked = append(c.acked, a)
		}
	}
	c.answers = slices.Clone(s.answers)
	s.mu.Unlock()
	r := rand.New(rand.NewPCG(s.seed, uint64(c.no)))
	if when == "before" {
		c.kept = []int{100, 50, 1 + r.IntN(99)}[r.IntN(3)]
	}
	c.disk = disk.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: c.kept, RNG: r})
	s.mu.Lock()
	s.cuts = append(s.cuts, c)
	s.mu.Unlock()
}

// scratchFolder is in memory where the machine has such a folder: thousands of
// vaults are opened, and their syncs are not what is simulated.
func scratchFolder(t testing.TB) string {
	dir, err := os.MkdirTemp("/dev/shm", "reliefledger-simulate-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// atOnce runs seeds from the first on, as many at once as there are cores,
// until one after which enough says so; it returns how many ran.
func atOnce(first uint64, enough func(ran int) bool, run func(seed uint64)) int {
	var next atomic.Int64
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for n := next.Add(1) - 1; !enough(int(n)); n = next.Add(1) - 1 {
				run(first + uint64(n))
			}
			next.Add(-1)
		})
	}
	wg.Wait()
	return int(next.Load())
}

func TestSimulate(t *testing.T) {
	scratch := scratchFolder(t)
	var cuts, failed atomic.Int64
	var orders, refused, events atomic.Int64
	began := time.Now()
	enough := func(ran int) bool {
		switch {
		case failed.Load() >= enoughFailures:
			return true
		case *simulateCut >= 0:
			return ran > 0
		case *simulateSeeds > 0:
			return ran >= *simulateSeeds
		}
		return cuts.Load() >= int64(*simulateCuts)
	}
	histories := atOnce(*simulateFirst, enough, func(seed uint64) {
		s := newSimulation(seed, scratch)
		all, err := s.run()
		if err != nil {
			failed.Add(1)
			t.Errorf("seed %d: %v\n%s", seed, err, replay("TestSimulate", seed, -1))
			return
		}
		want, err := s.reference()
		if err != nil {
			failed.Add(1)
			t.Errorf("seed %d, not cut at all: %v\n%s", seed, err, replay("TestSimulate", seed, -1))
			return
		}
		orders.Add(int64(len(s.answers)))
		for _, a := range s.answers {
			if a.done == nil {
				refused.Add(1)
			}
		}
		// In any order, so that few cuts are spread over a history too.
		rand.New(rand.NewPCG(seed, 5)).Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		for _, c := range all {
			if *simulateCut >= 0 && c.no != *simulateCut || enough(0) {
				continue
			}
			n, err := s.check(c, want)
			if err != nil {
				failed.Add(1)
				t.Errorf("seed %d, cut %d (life %d, %s, %d%% of what was not synced kept): %v\n%s\n%s",
					seed, c.no, c.life, c.what, c.kept, err, replay("TestSimulate", seed, c.no), keep(c.disk, seed, c.no))
			}
			events.Add(int64(n))
			cuts.Add(1)
		}
	})
	t.Logf("%d cuts of %d histories (seeds %d to %d) with %d orders, %d of them refused; %d events read again; %.1f s",
		cuts.Load(), histories, *simulateFirst, *simulateFirst+uint64(histories)-1, orders.Load(), refused.Load(), events.Load(), time.Since(began).Seconds())
}

// replay says how to see a failure again. A history whose lanes run at once may
// need some tries; of each cut the folder is kept.
func replay(test string, seed uint64, cut int) string {
	s := fmt.Sprintf("replay: go test ./eventstore/ledger -run '^%s$' -simulate.first=%d -v", test, seed)
	if cut >= 0 {
		return s + fmt.Sprintf(" -simulate.cut=%d", cut)
	}
	return s + " -simulate.seeds=1 -simulate.faults=1"
}

// keep puts what a cut left into a folder.
func keep(disk *vfs.MemFS, seed uint64, no int) string {
	dir := filepath.Join(os.TempDir(), fmt.Sprintf("reliefledger-simulate-%d-%d", seed, no))
	if _, err := vfs.Clone(disk, vfs.Default, simulated, dir); err != nil {
		return fmt.Sprintf("(what was left could not be kept: %v)", err)
	}
	return "the store as the cut left it, recovered: " + dir
}
