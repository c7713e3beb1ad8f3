package storetest

import (
	"bytes"
	"errors"
	"fmt"
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
	given[3].Data = []byte{0, 255, 254, '\n', 0}
	given[4].Type = "发放🐉"
	const stream = "fund-工会 送温暖/2008 \x00\u2028🐉"
	done := w.append(t, stream, eventstore.NoStream, given)
	if done.Revision != 4 {
		t.Errorf("appended %+v, want revision 4", done)
	}
	got := w.stream(t, stream)
	sameEvents(t, got, stream, 0, given)
	if !told(done, got[4].Position) {
		t.Errorf("last event is at %s, the append said %s", got[4].Position, done.Position)
	}
	sameRecords(t, w.all(t), got, eventstore.Forwards)
	sameRecords(t, take(t, w.store.Subscribe(w.ctx, eventstore.Position{}), 5), got, eventstore.Forwards)
}

// payloads: data and metadata are opaque bytes, whatever a server makes of
// JSON; and a type that means something to a server means nothing to us.
func payloads(t *testing.T, w *world) {
	every := make([]byte, 256)
	for i := range every {
		every[i] = byte(i)
	}
	var given []eventstore.Event
	for _, text := range []string{
		"", " ", "\x00", "null", "true", "0", `""`, "{}", "[]", "\ufeff{}",
		"{ \"b\" : 1.0,\n\t\"a\": 1e400, \"a\": 12345678901234567890, \"b\": 0.1000 }\r\n",
		`{"é":"\u00e9\/\ud83d\udc09","lone":"\ud800","公":"示"}`,
		"{\"not UTF-8\":\"\xff\"}", "{\"cut\":", "<xml/>", string(every),
		strings.Repeat("公示 ", 20_000),
	} {
		for _, e := range events("as data, metadata, both", 3) {
			switch len(given) % 3 {
			case 0:
				e.Data = []byte(text)
			case 1:
				e.Metadata = []byte(text)
			case 2:
				e.Data, e.Metadata = []byte(text), []byte(text)
			}
			given = append(given, e)
		}
	}
	for _, kind := range []string{"$", "$>", "$@", "$metadata", "$statsCollected", " ", "\x00", "\n", "a b", strings.Repeat("型", eventstore.MaxType/3)} {
		e := events("", 1)[0]
		e.Type, e.Data = kind, []byte("0@payloads")
		given = append(given, e)
	}
	w.append(t, "payloads", eventstore.NoStream, given)
	got := w.stream(t, "payloads")
	sameEvents(t, got, "payloads", 0, given)
	sameRecords(t, take(t, w.store.ReadStream(w.ctx, "payloads", fromEnd, eventstore.Backwards), -1), got, eventstore.Backwards)
	sameRecords(t, w.all(t), got, eventstore.Forwards)
	sameRecords(t, take(t, w.store.ReadAll(w.ctx, eventstore.End, eventstore.Backwards), -1), got, eventstore.Backwards)
	sameRecords(t, take(t, w.store.Subscribe(w.ctx, eventstore.Position{}), len(given)), got, eventstore.Forwards)
}

// ownMemory: what was given is the caller's again, and what was read is the
// reader's to keep.
func ownMemory(t *testing.T, w *world) {
	given := events("s", 20)
	kept := cloned(given)
	w.append(t, "s", eventstore.NoStream, given)
	scribble(given)
	for name, read := range map[string]func() []eventstore.Recorded{
		"stream": func() []eventstore.Recorded { return w.stream(t, "s") },
		"back": func() []eventstore.Recorded {
			got := take(t, w.store.ReadStream(w.ctx, "s", fromEnd, eventstore.Backwards), -1)
			slices.Reverse(got)
			return got
		},
		"all": func() []eventstore.Recorded { return w.all(t) },
		"subscription": func() []eventstore.Recorded {
			return take(t, w.store.Subscribe(w.ctx, eventstore.Position{}), len(given))
		},
	} {
		for range 2 {
			got := read()
			sameEvents(t, got, "s", 0, kept)
			for _, e := range got {
				longer := e.Event // nothing may lie behind what was given
				longer.Data, longer.Metadata = append(e.Data, "xx"...), append(e.Metadata, "xx"...)
				scribble([]eventstore.Event{e.Event, longer})
			}
		}
		if t.Failed() {
			t.Log("read by", name)
		}
	}
}

func cloned(given []eventstore.Event) []eventstore.Event {
	kept := slices.Clone(given)
	for i := range kept {
		kept[i].Data, kept[i].Metadata = bytes.Clone(kept[i].Data), bytes.Clone(kept[i].Metadata)
	}
	return kept
}

// scribble writes over everything that events hold.
func scribble(events []eventstore.Event) {
	for i := range events {
		for _, slice := range [][]byte{events[i].Data, events[i].Metadata} {
			for at := range slice {
				slice[at] = 'x'
			}
		}
		events[i].ID, events[i].Type = uuid.Max, "scribbled"
	}
}

func limits(t *testing.T, w *world) {
	for _, row := range beyondLimits() {
		_, err := w.store.Append(w.ctx, row.stream, eventstore.Any, row.events)
		if err == nil || !errors.As(err, row.want) || judge(err) == unknown {
			t.Errorf("%s: %v, want %T", row.name, err, row.want)
		}
	}
	if got := w.all(t); len(got) != 0 {
		t.Errorf("refused appends left %d events", len(got))
	}
}

type beyondLimit struct {
	name, stream string
	events       []eventstore.Event
	want         any // for errors.As
}

func beyondLimits() []beyondLimit {
	with := func(change func(e *eventstore.Event)) []eventstore.Event {
		e := events("bad", 2)
		change(&e[1])
		return e
	}
	twice := events("twice", 2)
	twice[1].ID = twice[0].ID
	many := events("many", eventstore.MaxEvents+1)
	huge := with(func(e *eventstore.Event) { e.Data = make([]byte, eventstore.MaxAppend) })
	return []beyondLimit{
		{"no name", "", events("e", 1), new(*eventstore.BadStream)},
		{"a long name", strings.Repeat("长", 342), events("e", 1), new(*eventstore.BadStream)},
		{"a name that is not UTF-8", "a\xff", events("e", 1), new(*eventstore.BadStream)},
		{"a system stream", "$settings", events("e", 1), new(*eventstore.BadStream)},
		{"metadata of a stream", "$$s", events("e", 1), new(*eventstore.BadStream)},
		{"no events for a bad name", "$$s", nil, new(*eventstore.BadStream)},
		{"no id", "s", with(func(e *eventstore.Event) { e.ID = uuid.Nil }), new(*eventstore.BadEvent)},
		{"no type", "s", with(func(e *eventstore.Event) { e.Type = "" }), new(*eventstore.BadEvent)},
		{"a long type", "s", with(func(e *eventstore.Event) { e.Type = strings.Repeat("t", 1025) }), new(*eventstore.BadEvent)},
		{"a type that is not UTF-8", "s", with(func(e *eventstore.Event) { e.Type = "\xc0" }), new(*eventstore.BadEvent)},
		{"an id twice", "s", twice, new(*eventstore.BadEvent)},
		{"too many events", "s", many, new(*eventstore.TooLarge)},
		{"too many bytes", "s", huge, new(*eventstore.TooLarge)},
	}
}

func largest(t *testing.T, w *world) {
	// Data, metadata and twice the type's UTF-16 length: exactly the limit, then
	// one byte more.
	one := events("x", 1)
	one[0].Type = "型🐉" // 3 units of UTF-16
	one[0].Metadata = bytes.Repeat([]byte{7}, 1000)
	one[0].Data = bytes.Repeat([]byte("0123456789abcdef"), eventstore.MaxAppend/16)[:eventstore.MaxAppend-1000-6]
	longest := strings.Repeat("n", eventstore.MaxStreamName)
	w.append(t, longest, eventstore.NoStream, one)
	sameEvents(t, w.stream(t, longest), longest, 0, one)

	over := slices.Clone(one)
	over[0].Data = append(over[0].Data[:len(over[0].Data):len(over[0].Data)], 'x')
	var large *eventstore.TooLarge
	if _, err := w.store.Append(w.ctx, "over", eventstore.Any, over); !errors.As(err, &large) || large.Have != eventstore.MaxAppend+1 {
		t.Errorf("one byte too many: %v", err)
	}
	many := events("m", eventstore.MaxEvents)
	for i := range many {
		many[i].Type, many[i].Data, many[i].Metadata = fmt.Sprint(i), []byte{byte(i)}, nil
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
	if all := w.all(t); len(all) != 1+len(many)+4 {
		t.Errorf("%d events in all, want %d", len(all), 1+len(many)+4)
	}
}
