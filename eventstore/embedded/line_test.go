package embedded

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"reliefledger.org/ledger/eventstore"
)

// Appends of a line are written in the order in which they were sent; behind
// one that is refused none is.
func TestLine(t *testing.T) {
	ctx := context.Background()
	s := mustCreate(t, vfs.NewMem())
	defer mustClose(t, s)
	line := s.NewLine()
	var sent []*Sent
	send := func(line *Line, stream string, expected eventstore.Expected) {
		t.Helper()
		w, err := line.Send(stream, expected, someEvents(2, 10))
		if err != nil {
			t.Fatal(err)
		}
		sent = append(sent, w)
	}
	for i := range 50 {
		expected := eventstore.NoStream
		if i >= 5 {
			expected = eventstore.At(uint64(2*(i/5) - 1))
		}
		send(line, fmt.Sprint("s", i%5), expected)
	}
	for i, w := range sent {
		if done, err := w.Wait(ctx); err != nil || done.Position != positionAfter(uint64(2*i+2)) {
			t.Fatalf("append %d: %+v, %v", i, done, err)
		}
	}
	// Somebody else was first in one stream: what was sent behind that append
	// is refused, also where its own stream is as expected.
	if _, err := s.Append(ctx, "s0", eventstore.Any, someEvents(1, 1)); err != nil {
		t.Fatal(err)
	}
	sent = nil
	send(line, "s1", eventstore.At(19))
	send(line, "s0", eventstore.At(19))
	send(line, "s2", eventstore.At(19))
	send(line, "s1", eventstore.At(21))
	var wrong *eventstore.WrongRevision
	for i, w := range sent {
		_, err := w.Wait(ctx)
		if good := []bool{err == nil, errors.As(err, &wrong), errors.Is(err, ErrLineBroken), errors.Is(err, ErrLineBroken)}[i]; !good {
			t.Errorf("append %d: %v", i, err)
		}
	}
	if n, _ := s.Head(); n != 103 {
		t.Errorf("%d events, want 103", n)
	}
	next := s.NewLine()
	sent = nil
	send(next, "s2", eventstore.At(19))
	if _, err := sent[0].Wait(ctx); err != nil {
		t.Errorf("a new line: %v", err)
	}
	if _, err := next.Send("$x", eventstore.Any, someEvents(1, 1)); err == nil {
		t.Error("a stream of the system was taken")
	}
}

func TestLineOfAClosedStore(t *testing.T) {
	s := mustCreate(t, vfs.NewMem())
	line := s.NewLine()
	w, err := line.Send("s", eventstore.NoStream, someEvents(1, 1))
	if err != nil {
		t.Fatal(err)
	}
	mustClose(t, s)
	if _, err := w.Wait(context.Background()); err != nil {
		t.Errorf("what was sent before: %v", err)
	}
	if _, err := line.Send("s", eventstore.At(0), someEvents(1, 1)); !errors.Is(err, eventstore.ErrClosed) {
		t.Errorf("%v", err)
	}
}
