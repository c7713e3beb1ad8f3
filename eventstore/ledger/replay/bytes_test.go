package replay_test

import (
	"bytes"
	"context"
	"flag"
	"iter"
	"regexp"
	"slices"
	"testing"

	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/eventstore"
	"reliefledger.org/ledger/eventstore/ledger/replay"
)

var everyByte = flag.Bool("every-byte", false, "change every byte of a history, one at a time (minutes)")

// slips is a store that holds events as they are.
type slips struct {
	eventstore.Store
	events []eventstore.Recorded
}

func (s slips) ReadAll(context.Context, eventstore.Position, eventstore.Direction) iter.Seq2[eventstore.Recorded, error] {
	return func(yield func(eventstore.Recorded, error) bool) {
		for _, e := range s.events {
			if !yield(e, nil) {
				return
			}
		}
	}
}

// drawn is what nobody can draw again, and what so is not compared: sealed
// bytes, salts, the moment, what a decision says it had seen, and by which
// holidays a notice was counted.
var drawn = regexp.MustCompile(`"box":"[^"]*"|"salt":"[^"]*"|"recorded":"[^"]*"|"saw":\d+|"calendar":"[^"]{44}"`)

// Any byte of any event of an honest history changed to another of its kind, so
// that it still reads: the event is named, and the judge never panics.
func TestAnyByteChangedIsNamed(t *testing.T) {
	o := newOffice(t, memory(t))
	o.story()
	var s slips
	for e, err := range o.store.ReadAll(ctx, eventstore.Position{}, eventstore.Forwards) {
		if err != nil {
			t.Fatal(err)
		}
		s.events = append(s.events, e)
	}
	stride := 97
	if *everyByte {
		stride = 1
	}
	tried := 0
	for i, whole := range s.events {
		for part, text := range [][]byte{whole.Data, whole.Metadata} {
			skip := drawn.FindAllIndex(text, -1)
			for at := (i * 31) % stride; at < len(text); at += stride {
				if slices.ContainsFunc(skip, func(span []int) bool { return at >= span[0] && at < span[1] }) {
					continue
				}
				changed := bytes.Clone(text)
				changed[at] = another(text[at])
				e := whole
				if part == 0 {
					e.Data = changed
				} else {
					e.Metadata = changed
				}
				s.events[i] = e
				tried++
				r, err := replay.Run(ctx, s, domain.DefaultCalendar())
				if err != nil {
					t.Fatal(err)
				}
				if !slices.ContainsFunc(r.Findings, func(f replay.Finding) bool { return f.Number == uint64(i) }) {
					t.Errorf("event %d (%s), byte %d changed to %q is not named: …%s…", i, whole.Type, at, changed[at], text[max(0, at-60):min(len(text), at+20)])
				}
			}
		}
		s.events[i] = whole
	}
	t.Logf("%d changes", tried)
}

// another is another byte of the same kind.
func another(b byte) byte {
	switch {
	case b == '9' || b == 'z' || b == 'Z':
		return b - 1
	case b == 'f':
		return 'a'
	case b >= '0' && b < '9', b >= 'a' && b < 'z', b >= 'A' && b < 'Z':
		return b + 1
	}
	return b ^ 1
}
