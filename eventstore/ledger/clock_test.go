package ledger

import (
	"sync/atomic"
	"testing"
	"time"

	"reliefledger.org/ledger/eventstore"
	"reliefledger.org/ledger/eventstore/codec"
)

// The clock is set back an hour before every second command: all are accepted,
// and recorded time never runs backwards within a stream (rule 7), neither in
// what officers gave nor in what processes posted.
func TestClockSetBack(t *testing.T) {
	var now atomic.Int64
	now.Store(time.Date(2023, 3, 1, 4, 0, 0, 0, time.UTC).UnixMicro())
	store, v := newStore(t), newVault(t)
	l, err := Open(ctx, store, v, Options{Clock: func() time.Time { return time.UnixMicro(now.Add(int64(time.Second / time.Microsecond))) }})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	b := &bench{t, store, v, l}
	for i, a := range story() {
		if i%2 == 1 {
			now.Add(-int64(time.Hour / time.Microsecond))
		} else {
			now.Add(int64((time.Hour - 10*time.Second) / time.Microsecond))
		}
		if err := b.do(a); err != nil {
			t.Fatalf("%s: %v", a.name, err)
		}
	}
	last, held := map[string]time.Time{}, 0
	n := uint64(0)
	for raw, err := range store.ReadAll(ctx, eventstore.Position{}, eventstore.Forwards) {
		if err != nil {
			t.Fatal(err)
		}
		r, err := codec.Decode(raw, n)
		if err != nil {
			t.Fatal(err)
		}
		n++
		switch before := last[r.Stream]; {
		case r.Meta.Recorded.Before(before):
			t.Errorf("event %d of %s was recorded at %s, the one before it at %s", r.Number, r.Stream, r.Meta.Recorded, before)
		case r.Meta.Recorded.Equal(before):
			held++
		}
		last[r.Stream] = r.Meta.Recorded
	}
	if held == 0 {
		t.Error("no stream ever met a clock that ran backwards")
	}
}
