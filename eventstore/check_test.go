package eventstore_test

import (
	"context"
	"iter"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/uuid"

	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/eventstore"
	"reliefledger.org/ledger/eventstore/codec"
	"reliefledger.org/ledger/eventstore/embedded"
)

// crooked is a store whose reads lie.
type crooked struct {
	eventstore.Store
	all    func([]eventstore.Recorded) []eventstore.Recorded // forwards
	back   func([]eventstore.Recorded) []eventstore.Recorded
	stream func([]eventstore.Recorded) []eventstore.Recorded
}

func lie(seq iter.Seq2[eventstore.Recorded, error], how func([]eventstore.Recorded) []eventstore.Recorded) iter.Seq2[eventstore.Recorded, error] {
	if how == nil {
		return seq
	}
	return func(yield func(eventstore.Recorded, error) bool) {
		var events []eventstore.Recorded
		for e, err := range seq {
			if err != nil {
				yield(e, err)
				return
			}
			events = append(events, e)
		}
		for _, e := range how(events) {
			if !yield(e, nil) {
				return
			}
		}
	}
}

func (c crooked) ReadAll(ctx context.Context, p eventstore.Position, d eventstore.Direction) iter.Seq2[eventstore.Recorded, error] {
	if d == eventstore.Backwards {
		return lie(c.Store.ReadAll(ctx, p, d), c.back)
	}
	return lie(c.Store.ReadAll(ctx, p, d), c.all)
}

func (c crooked) ReadStream(ctx context.Context, s string, from uint64, d eventstore.Direction) iter.Seq2[eventstore.Recorded, error] {
	return lie(c.Store.ReadStream(ctx, s, from, d), c.stream)
}

func TestCheckNamesWhatDoesNotAgree(t *testing.T) {
	ctx := context.Background()
	s, err := embedded.Create("/s", embedded.Options{FS: vfs.NewMem()})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for i := range 6 {
		m := domain.Metadata{Schema: 1, Salt: make([]byte, 16)}
		e, err := codec.Encode(uuid.Must(uuid.NewV7()), &domain.QuotaSet{Common: domain.Common{Date: domain.Date(2023, 1, 1)}, Quota: i}, m, "")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Append(ctx, []string{"a", "b"}[i%2], eventstore.Any, []eventstore.Event{e}); err != nil {
			t.Fatal(err)
		}
	}
	drop := func(i int) func([]eventstore.Recorded) []eventstore.Recorded {
		return func(e []eventstore.Recorded) []eventstore.Recorded { return slices.Delete(e, i, i+1) }
	}
	change := func(f func(e *eventstore.Recorded)) func([]eventstore.Recorded) []eventstore.Recorded {
		return func(e []eventstore.Recorded) []eventstore.Recorded { f(&e[1]); return e }
	}
	for _, c := range []struct {
		what, want string
		store      crooked
	}{
		{"nothing", "", crooked{}},
		{"an event is missing", "its stream has", crooked{all: drop(1)}},
		{"another event backwards", "read backwards", crooked{back: change(func(e *eventstore.Recorded) { e.ID[3]++ })}},
		{"one less backwards", "read backwards", crooked{back: drop(5)}},
		{"a stream has less", "are missing", crooked{stream: drop(2)}},
		{"a stream has another", "it is not event", crooked{stream: change(func(e *eventstore.Recorded) { e.Data = []byte(`{"open":{},"private":{}}`) })}},
		{"no event", "event 1", crooked{all: change(func(e *eventstore.Recorded) { e.Data = []byte("x") })}},
		{"an id twice", "its id is", crooked{all: func(e []eventstore.Recorded) []eventstore.Recorded { e[2].ID = e[0].ID; return e }}},
	} {
		c.store.Store = s
		var found []string
		got, err := eventstore.Check(ctx, c.store, codec.Readable, true, func(d *eventstore.Corrupt) { found = append(found, d.Error()) })
		if err != nil {
			t.Errorf("%s: %v", c.what, err)
		}
		all := strings.Join(found, "; ")
		if c.want == "" && (all != "" || got.Count != 6 || got.Streams != 2) || !strings.Contains(all, c.want) {
			t.Errorf("%s: %q, %+v", c.what, all, got)
		}
	}
}
