package eventstore_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/uuid"

	"reliefledger.org/ledger/eventstore"
	"reliefledger.org/ledger/eventstore/embedded"
)

func memory(t testing.TB) eventstore.Store {
	s, err := embedded.Create("/s", embedded.Options{FS: vfs.NewMem()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func write(t testing.TB, s eventstore.Store, stream string, n int) {
	events := make([]eventstore.Event, n)
	for i := range events {
		events[i] = eventstore.Event{ID: uuid.New(), Type: "FundsReceived", Data: fmt.Appendf(nil, `{"open":{"i":%d},"private":{}}`, i), Metadata: []byte(`{}`)}
	}
	if _, err := s.Append(context.Background(), stream, eventstore.Any, events); err != nil {
		t.Fatal(err)
	}
}

// stopping is a target that goes away after some appends.
type stopping struct {
	eventstore.Store
	left int
}

func (s *stopping) Append(ctx context.Context, stream string, expected eventstore.Expected, events []eventstore.Event) (eventstore.Appended, error) {
	if s.left--; s.left < 0 {
		return eventstore.Appended{}, &eventstore.Unavailable{Cause: errors.New("gone")}
	}
	return s.Store.Append(ctx, stream, expected, events)
}

func TestCopy(t *testing.T) {
	ctx := context.Background()
	from, to := memory(t), memory(t)
	for i := range 40 {
		write(t, from, fmt.Sprint("fund-", i%3), 1+i%4)
		write(t, from, "notice-1", 3000/(i+1))
	}
	if _, err := from.Append(ctx, "odd", eventstore.Any, []eventstore.Event{{ID: uuid.New(), Type: "t", Data: []byte{0xff, 0}}}); err != nil {
		t.Fatal(err)
	}
	want, err := eventstore.ChainOf(ctx, from)
	if err != nil {
		t.Fatal(err)
	}
	// Cut off again and again, it goes on where it was.
	for tries := 0; ; tries++ {
		got, err := eventstore.Copy(ctx, from, &stopping{to, 7}, nil)
		if err == nil {
			if got != want || tries < 3 {
				t.Fatalf("after %d tries %s, want %s", tries, got, want)
			}
			break
		}
		var away *eventstore.Unavailable
		if !errors.As(err, &away) {
			t.Fatal(err)
		}
	}
	if have, err := eventstore.ChainOf(ctx, to); err != nil || have != want {
		t.Fatalf("%s %v, want %s", have, err, want)
	}
	// A target that holds more, or something else, is not written.
	write(t, to, "fund-9", 1)
	var differs *eventstore.Differs
	if _, err := eventstore.Copy(ctx, from, to, nil); !errors.As(err, &differs) || differs.Number != want.Count {
		t.Errorf("%v", err)
	}
	other := memory(t)
	write(t, other, "fund-0", 1)
	if _, err := eventstore.Copy(ctx, from, other, nil); !errors.As(err, &differs) || differs.Number != 0 {
		t.Errorf("%v", err)
	}
	if have, _ := eventstore.ChainOf(ctx, other); have.Count != 1 {
		t.Errorf("the target was written: %s", have)
	}
}
