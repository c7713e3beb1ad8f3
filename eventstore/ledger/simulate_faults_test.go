package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/uuid"

	"reliefledger.org/ledger/eventstore"
	"reliefledger.org/ledger/eventstore/ledger"
)

// TestSimulateFaults breaks the disk: some change, the n-th of its kind, is
// refused, once or from then on. The store then acknowledges nothing more; after
// a restart, and after a cut, all is there that was acknowledged.
func TestSimulateFaults(t *testing.T) {
	scratch := scratchFolder(t)
	var failed, struck atomic.Int64
	var mu sync.Mutex
	kinds := map[string]int{}
	began := time.Now()
	enough := func(ran int) bool { return ran >= *simulateFault || failed.Load() >= enoughFailures }
	n := atOnce(*simulateFirst, enough, func(seed uint64) {
		what, err := breakOne(seed, scratch)
		if err != nil {
			failed.Add(1)
			t.Errorf("seed %d, %s: %v\n%s", seed, what, err, replay("TestSimulateFaults", seed, -1))
		}
		if what != "" {
			struck.Add(1)
			mu.Lock()
			kinds[what]++
			mu.Unlock()
		}
	})
	var list []string
	for k, n := range kinds {
		list = append(list, fmt.Sprintf("%s ×%d", k, n))
	}
	slices.Sort(list)
	t.Logf("%d histories, %d of which the disk broke; %.1f s\n%s", n, struck.Load(), time.Since(began).Seconds(), strings.Join(list, "\n"))
}

func breakOne(seed uint64, scratch string) (what string, err error) {
	s := newSimulation(seed, scratch)
	v, err := s.newVault()
	if err != nil {
		return "", err
	}
	defer v.remove()
	r := rand.New(rand.NewPCG(seed, 4))
	kind := []string{"", writes, writes, syncs, syncs, creates, renames, closes}[r.IntN(8)]
	most := map[string]int{"": 200, writes: 110, syncs: 110, creates: 8, renames: 4, closes: 8}[kind]
	f := &fault{kind: kind, nth: 1 + r.IntN(most), errno: []syscall.Errno{syscall.EIO, syscall.ENOSPC}[r.IntN(2)], lasts: r.IntN(2) == 0}
	disk := vfs.NewCrashableMem()
	met := s.breakingLife(&machine{FS: disk, around: f.around}, v)
	if err := s.copyVault(v, nil); err != nil { // what was acknowledged or not has its keys in it
		return "", err
	}
	at := f.struck()
	if at == nil {
		return "", met
	}
	what = fmt.Sprintf("%s refused with %v", at.kind, f.errno)
	if f.lasts {
		what += " for good"
	}
	var broken *injected
	switch {
	case met == nil && at.kind != removes:
		return what, fmt.Errorf("%s was refused, and nobody was told", at)
	case met != nil && !errors.As(met, &broken):
		return what, met
	}
	// The process starts over on the same machine; or the machine was cut too.
	for _, kept := range []int{100, 0, 1 + r.IntN(99)} {
		c := &cut{what: what, kept: kept, answers: s.answers, disk: disk.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: kept, RNG: r})}
		for _, a := range s.appends {
			if a.acked {
				c.acked = append(c.acked, a)
			}
		}
		if _, err := s.check(c, nil); err != nil {
			return what, fmt.Errorf("%d%% of what was not synced kept: %w", kept, err)
		}
	}
	return what, nil
}

// breakingLife gives orders on a disk that breaks, and returns the first error
// that somebody was told; one that is not the disk's is a fault of ours.
func (s *simulation) breakingLife(m *machine, v *vaultFile) (met error) {
	store, err := openOrCreate(m, nil)
	if err != nil {
		return err
	}
	defer func() {
		if err := store.Close(); met == nil {
			met = err
		}
	}()
	l, err := ledger.Open(context.Background(), s.storeFor(store, v), v.Vault, ledger.Options{Clock: noon})
	if err != nil {
		return err
	}
	defer l.Close()
	give := func(d *deed) (*ledger.Done, error) {
		o, signers := d.order()
		return l.Do(context.Background(), o, signers...)
	}
	if met = s.work(len(s.deeds), give); met == nil || store.Err() == nil {
		return met
	}
	// Whoever asks now, again and for the first time, is not answered with yes.
	for i := range s.deeds {
		if done, err := give(&s.deeds[i]); err == nil && !done.Repeated {
			return fmt.Errorf("%s was acknowledged after %w", s.deeds[i].name, met)
		}
	}
	_, err = store.Append(context.Background(), "fund-x", eventstore.Any, []eventstore.Event{{ID: uuid.New(), Type: "x", Data: []byte("{}"), Metadata: []byte("{}")}})
	var poisoned *eventstore.Poisoned
	if !errors.As(err, &poisoned) {
		return fmt.Errorf("a poisoned store says to an append: %v", err)
	}
	return met
}
