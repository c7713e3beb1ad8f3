package storetest

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"reliefledger.org/ledger/eventstore"
)

func roundTrip(t *testing.T, w *world) {
	given := events("公示", 5)
	given[1].Data, given[1].Metadata = nil, nil
	given[2].Data, given[2].Metadata = []byte{}, []byte{}
	given[3].Data = []byte{0, 255, 254, '\n', 0} // bytes are opaque
	given[4].Type = "发放🐉"
	const stream = "fund-工会 送温暖/2008 \x00\u2028🐉"
	done := w.append(t, stream, eventstore.NoStream, given)
	if done.Revision != 4 {
		t.Errorf("appended %+v, want revision 4", done)
	}
	got := w.stream(t, stream)
	sameEvents(t, got, stream, 0, given)
	if got[4].Position != done.Position {
		t.Errorf("last event is at %s, the append said %s", got[4].Position, done.Position)
	}
	sameRecords(t, w.all(t), got, eventstore.Forwards)

	// What was given and what was read are nobody else's memory.
	before := bytes.Clone(got[0].Data)
	for i := range given[0].Data {
		given[0].Data[i] = 'x'
	}
	for i := range got[0].Metadata {
		got[0].Metadata[i] = 'x'
	}
	again := w.stream(t, stream)
	if !bytes.Equal(again[0].Data, before) || bytes.Contains(again[0].Metadata, []byte("xx")) {
		t.Error("an event changed when a slice that was given or read was written to")
	}
}

func oneOrder(t *testing.T, w *world) {
	var order []eventstore.Position
	for i := range 30 {
		stream := string(rune('a' + i%3))
		order = append(order, w.append(t, stream, eventstore.Any, events(stream, 1+i%2)).Position)
	}
	if !slices.IsSortedFunc(order, eventstore.Position.Compare) {
		t.Errorf("positions of appends one after the other go back: %v", order)
	}
	all := w.all(t)
	if len(all) != 45 {
		t.Fatalf("%d events, want 45", len(all))
	}
	increasing(t, all)
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
		done, err := w.store.Append(w.ctx, row.stream, row.expected, events("next", 1))
		if row.ok {
			if last := take(t, w.store.ReadStream(w.ctx, row.stream, fromEnd, eventstore.Backwards), 1); err != nil ||
				len(last) != 1 || last[0].Revision != done.Revision || last[0].Position != done.Position {
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
	if !errors.As(err, &wrong) {
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
		{"there", eventstore.NoStream, eventstore.At(1), false},
		{"missing", eventstore.NoStream, 0, true},
		{"missing", eventstore.Any, 0, true},
		{"missing", eventstore.StreamExists, eventstore.NoStream, false},
		{"missing", eventstore.At(0), eventstore.NoStream, false},
	} {
		done, err := w.store.Append(w.ctx, row.stream, row.expected, nil)
		if !row.ok {
			wantWrong(t, err, row.stream, row.expected, row.actual)
			continue
		}
		if err != nil || done != (eventstore.Appended{}) {
			t.Errorf("%s at %s: %+v, %v", row.stream, row.expected, done, err)
		}
	}
	if got := w.all(t); len(got) != 2 {
		t.Errorf("appends of nothing left %d events", len(got)-2)
	}
}

// repeatedExact: NoStream and At(n) behind the head, with the stream
// 0 1 2 | 3 4 | 5 in three appends.
func repeatedExact(t *testing.T, w *world) {
	all := events("s", 6)
	w.append(t, "s", eventstore.NoStream, all[:3])
	w.append(t, "s", eventstore.At(2), all[3:5])
	w.append(t, "s", eventstore.At(4), all[5:])
	other := events("other", 3)
	join := func(parts ...[]eventstore.Event) []eventstore.Event { return slices.Concat(parts...) }
	for _, row := range []struct {
		name     string
		expected eventstore.Expected
		events   []eventstore.Event
		revision uint64
		ok       bool
	}{
		{"the first append", eventstore.NoStream, all[:3], 2, true},
		{"the second", eventstore.At(2), all[3:5], 4, true},
		{"the last", eventstore.At(4), all[5:], 5, true},
		{"a part of the first, at its beginning", eventstore.NoStream, all[:2], 1, true},
		{"over the seam of two", eventstore.NoStream, all[:6], 5, true},
		{"from the middle of one", eventstore.At(0), all[1:4], 3, true},
		{"other ids", eventstore.NoStream, other, 0, false},
		{"the first differs", eventstore.NoStream, join(other[:1], all[1:3]), 0, false},
		{"a later one differs", eventstore.NoStream, join(all[:2], other[:1]), 0, false},
		{"runs on past the end", eventstore.At(4), join(all[5:], other[:1]), 0, false},
		{"runs on past the end, from the start", eventstore.NoStream, join(all, other), 0, false},
		{"one revision too early", eventstore.NoStream, all[1:3], 0, false},
		{"in another order", eventstore.NoStream, []eventstore.Event{all[1], all[0]}, 0, false},
		{"one left out", eventstore.NoStream, []eventstore.Event{all[0], all[2]}, 0, false},
		{"ahead of the stream", eventstore.At(9), all[:3], 0, false},
	} {
		done, err := w.store.Append(w.ctx, "s", row.expected, row.events)
		switch {
		case !row.ok:
			wantWrong(t, err, "s", row.expected, eventstore.At(5))
		case err != nil || done.Revision != row.revision:
			t.Errorf("%s: %+v, %v, want the answer of the first time, revision %d", row.name, done, err, row.revision)
		case done.Position != (eventstore.Position{}) && done.Position != w.stream(t, "s")[row.revision].Position:
			t.Errorf("%s: position %s is not that of revision %d", row.name, done.Position, row.revision)
		}
	}
	// Content isn't looked at, ids are.
	changed := slices.Clone(all[:3])
	changed[1].Data = []byte("something else")
	if done, err := w.store.Append(w.ctx, "s", eventstore.NoStream, changed); err != nil || done.Revision != 2 {
		t.Errorf("the same ids with other data: %+v, %v, want revision 2", done, err)
	}
	// In another stream the same ids are new.
	w.append(t, "other", eventstore.NoStream, all[:3])
	sameEvents(t, w.stream(t, "other"), "other", 0, all[:3])
	sameEvents(t, w.stream(t, "s"), "s", 0, all)
}

func repeatedAny(t *testing.T, w *world) {
	all, more := events("s", 3), events("more", 2)
	first := w.append(t, "s", eventstore.Any, all)
	w.append(t, "s", eventstore.Any, more)
	for _, expected := range []eventstore.Expected{eventstore.Any, eventstore.StreamExists} {
		if done := w.append(t, "s", expected, all); done.Revision != 2 ||
			done.Position != (eventstore.Position{}) && done.Position != first.Position {
			t.Errorf("again at %s: %+v, want the answer of the first time, revision 2", expected, done)
		}
		if done := w.append(t, "s", expected, all[:1]); done.Revision != 0 {
			t.Errorf("a part again at %s: %+v, want the answer of the first time, revision 0", expected, done)
		}
		_, err := w.store.Append(w.ctx, "s", expected, slices.Concat(all, events("new", 1)))
		wantWrong(t, err, "s", expected, eventstore.At(4))
	}
	sameEvents(t, w.stream(t, "s"), "s", 0, slices.Concat(all, more))
	// First id unknown: everything is appended, also what is there already.
	mixed := slices.Concat(events("new", 1), all[:1])
	if done := w.append(t, "s", eventstore.Any, mixed); done.Revision != 6 {
		t.Errorf("first id unknown: %+v, want appended up to revision 6", done)
	}
	w.append(t, "other", eventstore.Any, all) // ids of another stream are new here
	sameEvents(t, w.stream(t, "other"), "other", 0, all)
}

func limits(t *testing.T, w *world) {
	with := func(change func(e *eventstore.Event)) []eventstore.Event {
		e := events("bad", 2)
		change(&e[1])
		return e
	}
	twice := events("twice", 2)
	twice[1].ID = twice[0].ID
	many := events("many", eventstore.MaxEvents+1)
	bulk := with(func(e *eventstore.Event) { e.Data = make([]byte, eventstore.MaxAppend) })
	for _, row := range []struct {
		name, stream string
		events       []eventstore.Event
		want         any
	}{
		{"no name", "", events("e", 1), new(*eventstore.BadStream)},
		{"a long name", strings.Repeat("长", 342), events("e", 1), new(*eventstore.BadStream)},
		{"a name that is not UTF-8", "a\xff", events("e", 1), new(*eventstore.BadStream)},
		{"a system stream", "$settings", events("e", 1), new(*eventstore.BadStream)},
		{"metadata of a stream", "$$s", events("e", 1), new(*eventstore.BadStream)},
		{"no id", "s", with(func(e *eventstore.Event) { e.ID = uuid.Nil }), new(*eventstore.BadEvent)},
		{"no type", "s", with(func(e *eventstore.Event) { e.Type = "" }), new(*eventstore.BadEvent)},
		{"a long type", "s", with(func(e *eventstore.Event) { e.Type = strings.Repeat("t", 1025) }), new(*eventstore.BadEvent)},
		{"a type that is not UTF-8", "s", with(func(e *eventstore.Event) { e.Type = "\xc0" }), new(*eventstore.BadEvent)},
		{"an id twice", "s", twice, new(*eventstore.BadEvent)},
		{"too many events", "s", many, new(*eventstore.TooLarge)},
		{"too many bytes", "s", bulk, new(*eventstore.TooLarge)},
	} {
		_, err := w.store.Append(w.ctx, row.stream, eventstore.Any, row.events)
		if err == nil || !errors.As(err, row.want) {
			t.Errorf("%s: %v, want %T", row.name, err, row.want)
		}
	}
	if got := w.all(t); len(got) != 0 {
		t.Errorf("refused appends left %d events", len(got))
	}
}

func largest(t *testing.T, w *world) {
	// Data, metadata and twice the type's UTF-16 length: exactly the limit, then
	// one byte more.
	one := events("x", 1)
	one[0].Type = "型🐉" // 3 units of UTF-16
	one[0].Metadata = bytes.Repeat([]byte{7}, 1000)
	one[0].Data = bytes.Repeat([]byte("0123456789abcdef"), eventstore.MaxAppend/16)[:eventstore.MaxAppend-1000-6]
	w.append(t, strings.Repeat("n", eventstore.MaxStreamName), eventstore.NoStream, one)
	sameEvents(t, w.stream(t, strings.Repeat("n", eventstore.MaxStreamName)), strings.Repeat("n", eventstore.MaxStreamName), 0, one)

	over := slices.Clone(one)
	over[0].Data = append(over[0].Data[:len(over[0].Data):len(over[0].Data)], 'x')
	var large *eventstore.TooLarge
	if _, err := w.store.Append(w.ctx, "over", eventstore.Any, over); !errors.As(err, &large) || large.Have != eventstore.MaxAppend+1 {
		t.Errorf("one byte too many: %v", err)
	}
	many := events("m", eventstore.MaxEvents)
	for i := range many {
		many[i].Data, many[i].Metadata = []byte{byte(i)}, nil
	}
	w.append(t, "many", eventstore.NoStream, many)
	sameEvents(t, w.stream(t, "many"), "many", 0, many)
	// Several of the largest in a row are read back whole, both ways.
	for i := range 4 {
		one[0].ID = uuid.Must(uuid.NewV7())
		w.append(t, "big", eventstore.Any, one)
		if got := take(t, w.store.ReadStream(w.ctx, "big", fromEnd, eventstore.Backwards), -1); len(got) != i+1 {
			t.Fatalf("%d of %d large events came back", len(got), i+1)
		}
	}
}

func cancelled(t *testing.T, w *world) {
	w.append(t, "s", eventstore.NoStream, events("s", 3))
	ctx, cancel := context.WithCancel(w.ctx)
	cancel()
	if _, err := w.store.Append(ctx, "s", eventstore.Any, events("late", 1)); !errors.Is(err, context.Canceled) {
		t.Errorf("append: %v", err)
	}
	for name, read := range map[string]func() ([]eventstore.Recorded, error){
		"stream": func() ([]eventstore.Recorded, error) {
			return try(w.store.ReadStream(ctx, "s", 0, eventstore.Forwards), -1)
		},
		"all": func() ([]eventstore.Recorded, error) {
			return try(w.store.ReadAll(ctx, eventstore.Position{}, eventstore.Forwards), -1)
		},
		"subscription": func() ([]eventstore.Recorded, error) {
			return try(w.store.Subscribe(ctx, eventstore.Position{}), -1)
		},
	} {
		if got, err := read(); !errors.Is(err, context.Canceled) || len(got) > 0 {
			t.Errorf("%s: %d events, %v", name, len(got), err)
		}
	}
	if got := w.stream(t, "s"); len(got) != 3 {
		t.Errorf("%d events, want 3: an append whose context had ended was written", len(got))
	}
}
