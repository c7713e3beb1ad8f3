package storetest

import (
	"errors"
	"slices"
	"testing"

	"github.com/google/uuid"

	"reliefledger.org/ledger/eventstore"
)

func oneOrder(t *testing.T, w *world) {
	var given []uuid.UUID
	var order []eventstore.Position
	for i := range 30 {
		stream := string(rune('c' - i%3)) // not in the order of names
		made := events(stream, 1+i%2)
		done := w.append(t, stream, eventstore.Any, made)
		for _, e := range made {
			given = append(given, e.ID)
		}
		if done.Position != (eventstore.Position{}) {
			order = append(order, done.Position)
		}
	}
	if !slices.IsSortedFunc(order, eventstore.Position.Compare) {
		t.Errorf("positions of appends one after the other go back: %v", order)
	}
	all := w.all(t)
	var got []uuid.UUID
	for _, e := range all {
		got = append(got, e.ID)
	}
	if !slices.Equal(got, given) {
		t.Errorf("%d events are read in another order than the %d were written", len(got), len(given))
	}
	increasing(t, all)
	sameRecords(t, w.all(t), all, eventstore.Forwards)
	// A stream is a part of the one order, at the same positions.
	for _, stream := range []string{"a", "b", "c"} {
		part := slices.DeleteFunc(slices.Clone(all), func(e eventstore.Recorded) bool { return e.Stream != stream })
		sameRecords(t, w.stream(t, stream), part, eventstore.Forwards)
	}
}

func standsTogether(t *testing.T, w *world) {
	w.append(t, "a", eventstore.NoStream, events("first", 3))
	w.append(t, "b", eventstore.NoStream, events("other", 2))
	second := events("second", 100)
	w.append(t, "a", eventstore.At(2), second)
	sameEvents(t, take(t, w.store.ReadStream(w.ctx, "a", 3, eventstore.Forwards), -1), "a", 3, second)
	increasing(t, w.all(t))
}

func expectedRevisions(t *testing.T, w *world) {
	w.append(t, "there", eventstore.NoStream, events("there", 3))
	for _, row := range []struct {
		stream   string
		expected eventstore.Expected
		actual   eventstore.Expected // of the refusal
		ok       bool
	}{
		{"missing-1", eventstore.Any, 0, true},
		{"missing-2", eventstore.NoStream, 0, true},
		{"missing", eventstore.StreamExists, eventstore.NoStream, false},
		{"missing", eventstore.At(0), eventstore.NoStream, false},
		{"missing", eventstore.At(7), eventstore.NoStream, false},
		{"there", eventstore.NoStream, eventstore.At(2), false},
		{"there", eventstore.At(0), eventstore.At(2), false},
		{"there", eventstore.At(1), eventstore.At(2), false},
		{"there", eventstore.At(3), eventstore.At(2), false},
		{"there", eventstore.At(fromEnd), eventstore.At(2), false},
		{"there", eventstore.At(2), 0, true},
		{"there", eventstore.Any, 0, true},
		{"there", eventstore.StreamExists, 0, true},
		{"there", eventstore.At(5), 0, true},
	} {
		before := len(w.all(t))
		next := events("next", 1)
		done, err := w.store.Append(w.ctx, row.stream, row.expected, next)
		if row.ok {
			last := take(t, w.store.ReadStream(w.ctx, row.stream, fromEnd, eventstore.Backwards), 1)
			if err != nil || len(last) != 1 || last[0].ID != next[0].ID || last[0].Revision != done.Revision || !told(done, last[0].Position) {
				t.Errorf("%s at %s: %+v, %v; last event %+v", row.stream, row.expected, done, err, last)
			}
			continue
		}
		wantWrong(t, err, row.stream, row.expected, row.actual)
		if after := len(w.all(t)); after != before {
			t.Errorf("%s at %s was refused and wrote %d events", row.stream, row.expected, after-before)
		}
	}
	increasing(t, w.all(t))
}

func wantWrong(t *testing.T, err error, stream string, expected, actual eventstore.Expected) {
	t.Helper()
	var wrong *eventstore.WrongRevision
	if !errors.As(err, &wrong) || judge(err) != refused {
		t.Errorf("%s at %s: %v, want a wrong revision", stream, expected, err)
		return
	}
	if *wrong != (eventstore.WrongRevision{Stream: stream, Expected: expected, Actual: actual}) {
		t.Errorf("%s at %s: refused with %+v, want actual %s", stream, expected, *wrong, actual)
	}
}

func noEvents(t *testing.T, w *world) {
	w.append(t, "there", eventstore.NoStream, events("there", 2))
	for _, row := range []struct {
		stream   string
		expected eventstore.Expected
		actual   eventstore.Expected
		ok       bool
	}{
		{"there", eventstore.At(1), 0, true},
		{"there", eventstore.Any, 0, true},
		{"there", eventstore.StreamExists, 0, true},
		{"there", eventstore.At(0), eventstore.At(1), false},
		{"there", eventstore.At(2), eventstore.At(1), false},
		{"there", eventstore.NoStream, eventstore.At(1), false},
		{"missing", eventstore.NoStream, 0, true},
		{"missing", eventstore.Any, 0, true},
		{"missing", eventstore.StreamExists, eventstore.NoStream, false},
		{"missing", eventstore.At(0), eventstore.NoStream, false},
	} {
		for _, none := range [][]eventstore.Event{nil, {}} {
			done, err := w.store.Append(w.ctx, row.stream, row.expected, none)
			if !row.ok {
				wantWrong(t, err, row.stream, row.expected, row.actual)
				continue
			}
			if err != nil || done != (eventstore.Appended{}) {
				t.Errorf("%s at %s: %+v, %v", row.stream, row.expected, done, err)
			}
		}
	}
	if got := w.all(t); len(got) != 2 {
		t.Errorf("appends of nothing left %d events", len(got)-2)
	}
	w.append(t, "missing", eventstore.NoStream, events("first", 1)) // still without events
}
