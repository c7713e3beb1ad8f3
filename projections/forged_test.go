package projections_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/uuid"

	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/eventstore"
	"reliefledger.org/ledger/eventstore/codec"
	"reliefledger.org/ledger/eventstore/embedded"
	"reliefledger.org/ledger/projections"
)

// What somebody writes past the rules is named, keeps its place, and takes
// nothing away: not by an event's id, not by a time, and no reader hangs.
func TestForgedEvents(t *testing.T) {
	ctx := t.Context()
	store, err := embedded.Create("/events", embedded.Options{FS: vfs.NewMem()})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	append1 := func(stream string, e eventstore.Event) {
		t.Helper()
		if _, err := store.Append(ctx, stream, eventstore.Any, []eventstore.Event{e}); err != nil {
			t.Fatal(err)
		}
	}
	good := func(unit uuid.UUID, text string) eventstore.Event {
		e, err := codec.Encode(uuid.New(), &domain.UnitRegistered{Unit: unit, Name: text, Kind: "x", Division: "41"},
			domain.Metadata{Recorded: time.Date(2026, 1, 5, 1, 0, 0, 0, time.UTC), Schema: 1, Salt: make([]byte, 16)}, "")
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	units := []uuid.UUID{uuid.New(), uuid.New(), uuid.New()}
	first := good(units[0], "first")
	append1("unit-"+units[0].String(), first)
	raw := func(id uuid.UUID, data, metadata string) eventstore.Event {
		return eventstore.Event{ID: id, Type: "UnitRegistered", Data: []byte(data), Metadata: []byte(metadata)}
	}
	const empty, now = `{"open":{},"private":{}}`, `{"recorded":"2026-01-05T01:00:00.000000Z","schema":1,"salt":""}`
	append1("junk", raw(uuid.New(), empty, `{"recorded":"2026-01-05T01:00:00.000000Z","schema":-9223372036854775808,"salt":""}`))
	append1("junk", raw(first.ID, "not json", now))
	append1("junk", raw(uuid.New(), "not json", `{"recorded":"9999-01-01T00:00:00.000000Z","schema":1,"salt":""}`))
	again := good(units[1], "again")
	again.ID = first.ID
	append1("unit-"+units[1].String(), again)
	append1("unit-"+units[2].String(), good(units[2], "last"))

	books, err := projections.Read(ctx, store, projections.Until{Recorded: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)})
	if err != nil {
		t.Fatal(err)
	}
	if books.Len() != 6 || len(books.State.Units) != 2 {
		t.Errorf("%d events, %d units", books.Len(), len(books.State.Units))
	}
	if e, ok := books.Event(first.ID); !ok || e.Number != 0 {
		t.Errorf("the first event's id leads to %+v", e)
	}
	if n, ok := books.State.Number(first.ID); !ok || n != 0 {
		t.Errorf("the first event has number %d", n)
	}
	var why []string
	for _, u := range books.State.Unfolded {
		why = append(why, fmt.Sprint(u.Number, " ", u.Why))
	}
	named := strings.Join(why, "\n")
	for _, want := range []string{"1 event 1: there is no schema -9223372036854775808", "2 its id " + first.ID.String() + " is that of event 0", "3 event 3: event data", "4 its id "} {
		if !strings.Contains(named, want) {
			t.Errorf("%q is not named in\n%s", want, named)
		}
	}
}
