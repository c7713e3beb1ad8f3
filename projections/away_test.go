package projections_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/uuid"

	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/eventstore"
	"reliefledger.org/ledger/eventstore/codec"
	"reliefledger.org/ledger/eventstore/embedded"
	"reliefledger.org/ledger/eventstore/esdb"
	"reliefledger.org/ledger/eventstore/node"
	"reliefledger.org/ledger/projections"
)

// Books that follow a store elsewhere say since when it is away, go on once it
// is back, and say how many events they lack meanwhile.
func TestLiveBooksWhileTheStoreIsAway(t *testing.T) {
	ctx := t.Context()
	events, err := embedded.Create("/events", embedded.Options{FS: vfs.NewMem()})
	if err != nil {
		t.Fatal(err)
	}
	defer events.Close()
	serve := func(address string) (at string, stop func()) {
		l, err := net.Listen("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		n := node.New(events, node.Options{})
		served := make(chan error, 1)
		go func() { served <- n.Serve(l) }()
		return l.Addr().String(), func() {
			now, cancel := context.WithCancel(ctx)
			cancel()
			n.Stop(now) // as if it were killed
			if err := <-served; err != nil {
				t.Error(err)
			}
		}
	}
	write := func(n int) {
		t.Helper()
		for i := range n {
			e, err := codec.Encode(uuid.New(), &domain.FactRecorded{Measure: fmt.Sprint(i)}, domain.Metadata{Recorded: time.Date(2026, 1, 5, 1, 0, 0, 0, time.UTC), Schema: 1, Salt: make([]byte, 16)}, "")
			if err != nil {
				t.Fatal(err)
			}
			if _, err := events.Append(ctx, "campaign-"+uuid.NewString(), eventstore.NoStream, []eventstore.Event{e}); err != nil {
				t.Fatal(err)
			}
		}
	}
	write(3)
	address, stop := serve("127.0.0.1:0")
	store, err := esdb.Dial(ctx, "esdb://"+address+"?tls=false", esdb.Options{Patience: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	books, err := projections.Follow(ctx, store)
	if err != nil {
		t.Fatal(err)
	}
	defer books.Close()
	if p := books.Progress(); p.Events != 3 || !p.Away.IsZero() || p.Recorded.IsZero() {
		t.Fatalf("%+v", p)
	}

	stop()
	write(4) // by somebody who still reaches it
	await(t, "that the store is away", func() bool { return !books.Progress().Away.IsZero() })
	p := books.Progress()
	if p.Events != 3 || p.Cause == nil || p.Failed != nil {
		t.Errorf("%+v", p)
	}
	var away *eventstore.Unavailable
	if _, err := books.Behind(ctx); !errors.As(err, &away) || away.Since.IsZero() {
		t.Errorf("behind a store that is away: %v", err)
	}
	_, head := events.Head()
	short, cancel := context.WithTimeout(ctx, 10*time.Millisecond)
	defer cancel()
	if err := books.View(short, head, func(*projections.Books) { t.Error("books show what they cannot have") }); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}

	_, stop = serve(address)
	defer stop()
	if err := books.View(ctx, head, func(b *projections.Books) {
		if b.Len() != 7 {
			t.Errorf("%d events", b.Len())
		}
	}); err != nil {
		t.Fatal(err)
	}
	if n, err := books.Behind(ctx); n != 0 || err != nil {
		t.Errorf("%d behind, %v", n, err)
	}
	await(t, "that the store is back", func() bool { return books.Progress().Away.IsZero() })
}

func await(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}
