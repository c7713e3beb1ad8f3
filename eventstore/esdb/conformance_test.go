package esdb

import (
	"context"
	"iter"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"reliefledger.org/ledger/eventstore"
	"reliefledger.org/ledger/eventstore/node"
	"reliefledger.org/ledger/eventstore/storetest"
)

func TestConformance(t *testing.T) {
	if testing.Short() {
		storetest.Run(t, func(t *testing.T) eventstore.Store { return mustDial(t, serve(t).connection(), Options{}) })
		return
	}
	storetest.RunPlace(t, func(t *testing.T) storetest.Place {
		node := serve(t)
		return storetest.Place{
			Open: func(t *testing.T) eventstore.Store { return mustDial(t, node.connection(), Options{}) },
			Away: node.stop,
			Back: func() { node.start(t) },
		}
	})
}

// realistic are the habits of a real server, where it takes some milliseconds
// until what was written can be read. Its commit timeout is 2 s; here it is as
// long as it takes to see whether anybody waits for it in vain.
var realistic = node.Habits{Indexing: 2 * time.Millisecond, CommitTimeout: 100 * time.Millisecond}

// On a node with the habits of a real server, beside another ledger on the same node,
// whose events are not to be seen.
func TestConformanceAsEventStoreDB(t *testing.T) {
	if testing.Short() {
		t.Skip("takes five times as long as TestConformance, which is enough here")
	}
	storetest.RunPlace(t, func(t *testing.T) storetest.Place {
		node := serveWith(t, &realistic)
		other := mustDial(t, node.connection(), Options{})
		for range 3 {
			mustAppend(t, other, "another ledger's", eventstore.Any, someEvents(200, 10))
		}
		const prefix = "县-"
		return storetest.Place{Away: node.stop, Back: func() { node.start(t) }, Open: func(t *testing.T) eventstore.Store {
			return fitted{mustDial(t, node.connection()+"&prefix="+url.QueryEscape(prefix), Options{}), len(prefix)}
		}}
	})
}

func TestConformanceOverSocket(t *testing.T) {
	if testing.Short() {
		t.Skip("takes as long as TestConformance, which is enough here")
	}
	storetest.Run(t, func(t *testing.T) eventstore.Store {
		node := serve(t)
		path := filepath.Join(t.TempDir(), "a socket?%20#")
		node.serve(listenUnix(t, path))
		s, err := DialSocket(context.Background(), path, Options{})
		if err != nil {
			t.Fatal(err)
		}
		return s
	})
}

// A server of one's own choice, for instance
// RELIEFLEDGER_TEST_ESDB=esdb://admin:changeit@localhost:2113?tlsVerifyCert=false
func TestConformanceOnServer(t *testing.T) {
	connection := os.Getenv("RELIEFLEDGER_TEST_ESDB")
	if connection == "" {
		t.Log("RELIEFLEDGER_TEST_ESDB names no server: only our own node was tested")
		return
	}
	storetest.RunPlace(t, func(t *testing.T) storetest.Place {
		and := "?"
		if strings.Contains(connection, "?") {
			and = "&"
		}
		prefix := "test-" + uuid.NewString() + "-"
		return storetest.Place{Open: func(t *testing.T) eventstore.Store {
			return fitted{mustDial(t, connection+and+"prefix="+prefix, Options{}), len(prefix)}
		}}
	})
}

// fitted makes room for a prefix in the longest of all names, which the suite
// uses once: it is shorter on the server.
type fitted struct {
	*Store
	by int
}

func (f fitted) short(stream string) string {
	if len(stream) == eventstore.MaxStreamName {
		return stream[:len(stream)-f.by]
	}
	return stream
}

func (f fitted) Append(ctx context.Context, stream string, expected eventstore.Expected, events []eventstore.Event) (eventstore.Appended, error) {
	return f.Store.Append(ctx, f.short(stream), expected, events)
}

func (f fitted) ReadStream(ctx context.Context, stream string, from uint64, dir eventstore.Direction) iter.Seq2[eventstore.Recorded, error] {
	return func(yield yielder) {
		for e, err := range f.Store.ReadStream(ctx, f.short(stream), from, dir) {
			if err == nil {
				e.Stream = stream
			}
			if !yield(e, err) {
				return
			}
		}
	}
}
