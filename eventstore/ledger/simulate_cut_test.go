package ledger_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/uuid"

	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/eventstore"
	"reliefledger.org/ledger/eventstore/codec"
	"reliefledger.org/ledger/eventstore/ledger"
	"reliefledger.org/ledger/eventstore/vault"
	"reliefledger.org/ledger/projections"
)

// onceMoreEvery is at which cuts all orders are sent a second time after the
// end; those that were answered before the cut are sent again at each.
const onceMoreEvery = 4

// stored is an event of the log as it is compared.
type stored struct {
	id       uuid.UUID
	stream   string
	kind     string
	revision uint64
	sum      [32]byte
	append   string // what its append is for: one command's or one step's events are written together
}

// plainly is a store whose kind nobody sees.
type plainly struct{ eventstore.Store }

// likeBefore gives the ledger the store as the history's had it.
func (s *simulation) likeBefore(store eventstore.Store) eventstore.Store {
	if s.ahead {
		return store
	}
	return plainly{store}
}

func readLog(store eventstore.Store) (log []stored, err error) {
	for r, err := range store.ReadAll(context.Background(), eventstore.Position{}, eventstore.Forwards) {
		if err != nil {
			return nil, err
		}
		e, err := codec.Decode(r, uint64(len(log)))
		if err != nil {
			return nil, err
		}
		whose := r.Stream + " after " + e.Meta.Cause.String()
		if e.Meta.Command != nil {
			whose = "command " + e.Meta.Command.ID.String()
		}
		log = append(log, stored{r.ID, r.Stream, r.Type, r.Revision, sha256.Sum256(append(r.Data[:len(r.Data):len(r.Data)], r.Metadata...)), whose})
	}
	return log, nil
}

// outcome is what a history of one lane comes to, cut or not.
type outcome struct {
	answers []string // by deed
	shape   string
}

// reference gives all orders once, on a disk that is never cut; nil where the
// lanes run at once, which may come to different ends.
func (s *simulation) reference() (*outcome, error) {
	if !s.alone() {
		return nil, nil
	}
	whole := newSimulation(s.seed, s.scratch)
	v, err := whole.newVault()
	if err != nil {
		return nil, err
	}
	defer v.remove()
	store, err := openOrCreate(vfs.NewMem(), nil)
	if err != nil {
		return nil, err
	}
	defer store.Close()
	l, err := ledger.Open(context.Background(), whole.storeFor(store, v), v.Vault, ledger.Options{Clock: noon})
	if err != nil {
		return nil, err
	}
	defer l.Close()
	if err := whole.work(len(whole.deeds), func(d *deed) (*ledger.Done, error) {
		o, signers := d.order()
		return l.Do(context.Background(), o, signers...)
	}); err != nil {
		return nil, err
	}
	books, err := projections.Read(context.Background(), store, projections.Until{})
	if err != nil {
		return nil, err
	}
	return &outcome{whole.saidToEach(), shapeOf(books)}, nil
}

func (s *simulation) saidToEach() []string {
	said := make([]string, len(s.deeds))
	for _, a := range s.answers {
		said[a.deed] = a.String()
	}
	return said
}

// shapeOf is a history without what differs from run to run.
func shapeOf(b *projections.Books) string {
	var out strings.Builder
	for e := range b.Events() {
		fmt.Fprintln(&out, e.Stream, e.Type, e.Date)
	}
	for _, by := range []projections.Dimension{projections.ByLedger, projections.ByFund, projections.ByAllocation, projections.ByUnit, projections.ByItem} {
		for _, row := range b.Balances(by) {
			fmt.Fprintf(&out, "%s %+v\n", by, row)
		}
	}
	return out.String()
}

// check opens what a cut left and holds it against what was acknowledged; then
// it works on to the end. It returns how many events it read.
func (s *simulation) check(c *cut, want *outcome) (events int, err error) {
	ctx := context.Background()
	store, err := openOrCreate(c.disk, nil)
	if err != nil {
		return 0, fmt.Errorf("open: %w", err)
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	log, err := readLog(store)
	if err != nil {
		return 0, err
	}
	oldest, err := s.compare(c, log)
	if err != nil {
		return 0, err
	}
	path, err := s.vaultAt(vaultOf(c.no), oldest)
	if err != nil {
		return 0, err
	}
	defer os.Remove(path)
	v, err := vault.Open(path, county, s.key)
	if err != nil {
		return 0, fmt.Errorf("open the vault: %w", err)
	}
	defer v.Close()
	if err := everyKey(ctx, store, v); err != nil {
		return 0, err
	}
	l, err := ledger.Open(ctx, s.likeBefore(store), v, ledger.Options{Clock: noon})
	if err != nil {
		return 0, err
	}
	defer l.Close()
	if err := settled(l); err != nil {
		return 0, fmt.Errorf("after opening: %w", err)
	}
	live, err := projections.Follow(ctx, store)
	if err != nil {
		return 0, err
	}
	defer live.Close()

	again, err := s.goOn(c, l)
	if err != nil {
		return 0, err
	}
	if err := settled(l); err != nil {
		return 0, fmt.Errorf("at the end: %w", err)
	}
	count, end := store.Head()
	books, err := projections.Read(ctx, store, projections.Until{})
	if err != nil {
		return 0, err
	}
	var digest [32]byte
	if err := live.View(ctx, end, func(b *projections.Books) { digest = b.Digest() }); err != nil {
		return 0, err
	}
	if digest != books.Digest() {
		return 0, errors.New("the books that followed are not those that are read again")
	}
	if err := sound(books); err != nil {
		return 0, err
	}
	// Once more, all that was accepted: nothing is written.
	for _, a := range again.answers {
		if a.done == nil || c.no%onceMoreEvery != 0 {
			continue
		}
		o, signers := s.deeds[a.deed].order()
		if done, err := l.Do(ctx, o, signers...); err != nil || !done.Repeated || !slices.Equal(done.Events, a.done.Events) {
			return 0, fmt.Errorf("%s, once more: %+v %v", s.deeds[a.deed].name, done, err)
		}
	}
	if now, _ := store.Head(); now != count {
		return 0, fmt.Errorf("sent once more, the orders wrote %d events", now-count)
	}
	if want == nil {
		return int(count), nil
	}
	if said := again.saidToEach(); !slices.Equal(said, want.answers) {
		return 0, fmt.Errorf("the orders were answered\n%v\nwithout a cut\n%v", said, want.answers)
	}
	if shape := shapeOf(books); shape != want.shape {
		return 0, fmt.Errorf("the history is\n%s\nwithout a cut\n%s", shape, want.shape)
	}
	return int(count), nil
}

// compare says whether the log that a cut left has all that was acknowledged
// and nothing half, and is a beginning of what was written in that life. It
// returns the oldest vault that may stand beside it.
func (s *simulation) compare(c *cut, log []stored) (oldest int, err error) {
	at := map[uuid.UUID]int{}
	for i, e := range log {
		at[e.id] = i
	}
	acked := map[*appended]bool{}
	for _, a := range c.acked {
		acked[a] = true
	}
	for _, a := range s.appends {
		there := 0
		for i, id := range a.ids {
			n, ok := at[id]
			if !ok {
				continue
			}
			there++
			if first := at[a.ids[0]]; log[n].stream != a.stream || n != first+i {
				return 0, fmt.Errorf("event %d of an append to %s stands at %d in %s, its first at %d", i, a.stream, n, log[n].stream, first)
			}
		}
		switch {
		case there != 0 && there != len(a.ids):
			return 0, fmt.Errorf("of an append of %d events to %s %d are there", len(a.ids), a.stream, there)
		case there == 0 && acked[a]:
			return 0, fmt.Errorf("an append of %d events to %s was acknowledged and is lost", len(a.ids), a.stream)
		case there > 0:
			oldest = max(oldest, a.vault)
		}
	}
	for _, a := range c.answers {
		if a.done == nil {
			continue
		}
		for i, id := range a.done.Events {
			if n, ok := at[id]; !ok || uint64(n) != a.done.Numbers[i] {
				return 0, fmt.Errorf("%s was answered with number %d, which is not there (%d, %v)", s.deeds[a.deed].name, a.done.Numbers[i], n, ok)
			}
		}
	}
	if c.log == nil {
		if s.ahead {
			oldest = len(s.vaults) - 1
		}
		return oldest, nil
	}
	if written := *c.log; len(log) > len(written) || !slices.Equal(log, written[:len(log)]) {
		return 0, fmt.Errorf("the log of %d events is no beginning of the %d that were written", len(log), len(written))
	} else if n := len(log); n > 0 && n < len(written) && written[n-1].append == written[n].append {
		return 0, fmt.Errorf("the log ends in the middle of an append, for %s", written[n].append)
	}
	if s.ahead {
		oldest = len(s.vaults) - 1
		for _, g := range s.groups {
			if g.life == c.life && g.count >= uint64(len(log)) {
				return g.vault, nil
			}
		}
	}
	return oldest, nil
}

// goOn sends the same orders again, and those that were never answered: what was
// accepted is answered as before, and has one effect. It returns the answers.
func (s *simulation) goOn(c *cut, l *ledger.Ledger) (*simulation, error) {
	ctx := context.Background()
	again := &simulation{seed: s.seed, deeds: s.deeds, lanes: s.lanes, setup: s.setup, answers: slices.Clone(c.answers)}
	for _, a := range c.answers {
		if a.done == nil {
			continue // it was not recorded, and might be accepted by now
		}
		o, signers := s.deeds[a.deed].order()
		done, err := l.Do(ctx, o, signers...)
		if err != nil || !done.Repeated || !slices.Equal(done.Events, a.done.Events) || !slices.Equal(done.Numbers, a.done.Numbers) {
			return nil, fmt.Errorf("%s was answered %+v, sent again %+v %v", s.deeds[a.deed].name, a.done, done, err)
		}
	}
	err := again.work(len(s.deeds), func(d *deed) (*ledger.Done, error) {
		o, signers := d.order()
		return l.Do(ctx, o, signers...)
	})
	return again, err
}

// settled says whether every process across streams has ended, and every event
// can be folded.
func settled(l *ledger.Ledger) (err error) {
	l.View(func(s *domain.Ledger) {
		if n := s.Owed(); n > 0 {
			err = fmt.Errorf("%d steps are owed", n)
		} else if len(s.Unfolded) > 0 {
			err = fmt.Errorf("events that cannot be folded: %+v", s.Unfolded)
		}
	})
	return err
}

// sound says whether the books add up, and nothing is below zero or on its way.
func sound(b *projections.Books) error {
	if len(b.Unreadable) > 0 {
		return b.Unreadable[0]
	}
	for _, by := range projections.Dimensions {
		for _, r := range b.Balances(by) {
			if (by != projections.BySource && by != projections.ByForm && by != projections.ByCampaign) && (!r.Balanced() || r.Left < 0 || r.Stock < 0 || r.Reserved < 0 || r.Transit != 0) {
				return fmt.Errorf("by %s: %+v", by, r)
			}
		}
	}
	return nil
}
