package node

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/uuid"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"reliefledger.org/ledger/eventstore"
)

// batchIDs are the correlation ids of the tests, by letter.
func batchID(letter string) uuid.UUID { return uuid.NewSHA1(uuid.NameSpaceDNS, []byte(letter)) }

type partOption = func(*streams.BatchAppendReq)

// part is one of a batch; its events are named.
func part(letter, events string, change ...partOption) *streams.BatchAppendReq {
	m := &streams.BatchAppendReq{CorrelationId: textual(batchID(letter))}
	for _, name := range strings.Fields(events) {
		e := event(name)
		m.ProposedMessages = append(m.ProposedMessages, &streams.BatchAppendReq_ProposedMessage{
			Id: textual(e.ID), Metadata: typed(e), Data: e.Data, CustomMetadata: e.Metadata,
		})
	}
	for _, c := range change {
		c(m)
	}
	return m
}

func final(m *streams.BatchAppendReq) { m.IsFinal = true }

func halves(m *streams.BatchAppendReq) {
	id, _ := uuid.Parse(m.CorrelationId.GetString_())
	m.CorrelationId = structured(id)
}

func to(stream string, expected eventstore.Expected, change ...func(*streams.BatchAppendReq_Options)) partOption {
	o := &streams.BatchAppendReq_Options{StreamIdentifier: named(stream)}
	switch expected {
	case eventstore.Any:
		o.ExpectedStreamPosition = &streams.BatchAppendReq_Options_Any{}
	case eventstore.NoStream:
		o.ExpectedStreamPosition = &streams.BatchAppendReq_Options_NoStream{}
	case eventstore.StreamExists:
		o.ExpectedStreamPosition = &streams.BatchAppendReq_Options_StreamExists{}
	default:
		o.ExpectedStreamPosition = &streams.BatchAppendReq_Options_StreamPosition{StreamPosition: uint64(expected)}
	}
	for _, c := range change {
		c(o)
	}
	return func(m *streams.BatchAppendReq) { m.Options = o }
}

func moment(at time.Time) func(*streams.BatchAppendReq_Options) {
	return func(o *streams.BatchAppendReq_Options) {
		o.DeadlineOption = &streams.BatchAppendReq_Options_Deadline_21_10_0{Deadline_21_10_0: timestamppb.New(at)}
	}
}

func span(d time.Duration) func(*streams.BatchAppendReq_Options) {
	return func(o *streams.BatchAppendReq_Options) {
		o.DeadlineOption = &streams.BatchAppendReq_Options_Deadline{Deadline: durationpb.New(d)}
	}
}

func bulk(n int) partOption {
	return func(m *streams.BatchAppendReq) {
		e := eventstore.Event{ID: uuid.New(), Type: "T", Data: make([]byte, n)}
		m.ProposedMessages = append(m.ProposedMessages, &streams.BatchAppendReq_ProposedMessage{
			Id: textual(e.ID), Metadata: typed(e), Data: e.Data,
		})
	}
}

// answered says what an answer to a batch is, after its letter and stream.
func answered(t *testing.T, m *streams.BatchAppendResp) string {
	t.Helper()
	id, err := parseID("answer", m.GetCorrelationId())
	if err != nil {
		t.Fatal(err)
	}
	letter := "?"
	for c := 'A'; c <= 'Z'; c++ {
		if batchID(string(c)) == id {
			letter = string(c)
		}
	}
	return fmt.Sprintf("%s %s: %s", letter, m.GetStreamIdentifier().GetStreamName(), result(t, m))
}

func result(t *testing.T, m *streams.BatchAppendResp) string {
	t.Helper()
	if ok := m.GetSuccess(); ok != nil {
		revision, position := fmt.Sprint("revision ", ok.GetCurrentRevision()), "no position"
		if ok.GetNoStream() != nil {
			revision = "no stream"
		}
		if p := ok.GetPosition(); p != nil && p.CommitPosition == p.PreparePosition {
			position = fmt.Sprint("position ", p.CommitPosition)
		}
		return revision + ", " + position
	}
	e := m.GetError()
	if len(e.GetDetails()) != 1 || !strings.Contains(e.GetMessage(), " ") {
		t.Errorf("details or sentence missing: %s", show(m))
		return "?"
	}
	detail, err := e.GetDetails()[0].UnmarshalNew()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(e.GetDetails()[0].GetTypeUrl(), "type.googleapis.com/event_store.client.") {
		t.Errorf("type %s", e.GetDetails()[0].GetTypeUrl())
	}
	code := codes.Code(e.GetCode())
	switch d := detail.(type) {
	case *shared.WrongExpectedVersion:
		current, expected := fmt.Sprint(d.GetCurrentStreamRevision()), fmt.Sprint(d.GetExpectedStreamPosition())
		if d.GetCurrentNoStream() != nil {
			current = "none"
		}
		switch {
		case d.GetExpectedAny() != nil:
			expected = "any"
		case d.GetExpectedNoStream() != nil:
			expected = "none"
		case d.GetExpectedStreamExists() != nil:
			expected = "exists"
		}
		return fmt.Sprintf("%s %s, expected %s", code, current, expected)
	case *shared.MaximumAppendSizeExceeded:
		return fmt.Sprintf("%s MaximumAppendSizeExceeded %d", code, d.MaxAppendSize)
	case *shared.BadRequest:
		return fmt.Sprintf("%s BadRequest", code)
	}
	return fmt.Sprintf("%s %s", code, detail.ProtoReflect().Descriptor().Name())
}

// conversation sends parts and takes an answer where a string stands.
func (s *served) conversation(t *testing.T, turns ...any) streams.Streams_BatchAppendClient {
	t.Helper()
	b, err := s.raw.BatchAppend(deadline(t))
	if err != nil {
		t.Fatal(err)
	}
	for i, turn := range turns {
		switch turn := turn.(type) {
		case *streams.BatchAppendReq:
			if err := b.Send(turn); err != nil {
				t.Fatalf("turn %d: %v", i, err)
			}
		case string:
			m, err := b.Recv()
			if err != nil {
				t.Fatalf("turn %d, %s: %v", i, turn, err)
			}
			if got := answered(t, m); got != turn {
				t.Errorf("turn %d: got %s, want %s", i, got, turn)
			}
		}
	}
	return b
}

// over ends a conversation, in which no answer may be left.
func over(t *testing.T, b streams.Streams_BatchAppendClient) {
	t.Helper()
	if err := b.CloseSend(); err != nil {
		t.Fatal(err)
	}
	if m, err := b.Recv(); err != io.EOF {
		t.Errorf("at the end: got %v, %v", m, err)
	}
}

func TestBatchAppend(t *testing.T) {
	const (
		anyone, none, exists = eventstore.Any, eventstore.NoStream, eventstore.StreamExists
		denied               = "PermissionDenied AccessDenied"
		late                 = "DeadlineExceeded Timeout"
		bad                  = "InvalidArgument BadRequest"
		large                = "InvalidArgument MaximumAppendSizeExceeded 1048576"
	)
	past := time.Now().Add(-time.Minute)
	for _, c := range []struct {
		name  string
		turns []any
	}{
		{"one part", []any{part("A", "a0 a1", to("a", none), final), "A a: revision 1, position 2"}},
		{"id in halves", []any{part("A", "a0", to("a", none), final, halves), "A a: revision 0, position 1"}},
		{"three parts", []any{part("A", "", to("a", none)), part("A", "a0"), part("A", "a1 a2"), part("A", "", final), "A a: revision 2, position 3"}},
		{"two at once", []any{
			part("A", "a0", to("a", none)), part("B", "b0", to("b", none)), part("B", "b1", final), "B b: revision 1, position 2",
			part("A", "a1", final), "A a: revision 1, position 4"}},
		{"in order on one stream", []any{
			part("A", "a0", to("a", none), final), part("B", "a1", to("a", 0), final), part("C", "a2", to("a", 1), final),
			"A a: revision 0, position 1", "B a: revision 1, position 2", "C a: revision 2, position 3"}},
		{"an id again, once answered", []any{
			part("A", "a0", to("a", none), final), "A a: revision 0, position 1",
			part("A", "a1", to("a", anyone), final), "A a: revision 1, position 2"}},
		{"the same again", []any{
			part("A", "a0 a1", to("a", none), final), "A a: revision 1, position 2",
			part("B", "a0 a1", to("a", none), final), "B a: revision 1, position 2"}},
		{"options again are passed over", []any{
			part("A", "a0", to("a", none)), part("A", "a1", to("b", anyone), final), "A a: revision 1, position 2"}},
		{"nothing to write", []any{
			part("A", "", to("a", none), final), "A a: no stream, no position",
			part("B", "b0", to("b", none), final), "B b: revision 0, position 1",
			part("C", "", to("b", exists), final), "C b: revision 0, no position"}},
		{"wrong revision", []any{
			part("A", "a0", to("a", 3), final), "A a: AlreadyExists none, expected 3",
			part("B", "a0", to("a", exists), final), "B a: AlreadyExists none, expected exists",
			part("C", "a0 a1", to("a", anyone), final), "C a: revision 1, position 2",
			part("D", "x", to("a", none), final), "D a: AlreadyExists 1, expected none",
			part("E", "a0 x", to("a", anyone), final), "E a: AlreadyExists 1, expected any"}},
		{"not on a server's streams", []any{
			part("A", "x", to("$$a", anyone)), "A $$a: " + denied, part("A", "y", final),
			part("B", "x", to("$x", anyone), final), "B $x: " + denied}},
		{"deadlines in the past", []any{
			part("A", "x", to("a", anyone, moment(past))), "A a: " + late, part("A", "y", final),
			part("B", "x", to("a", anyone, span(-time.Second)), final), "B a: " + late,
			part("C", "x", to("a", anyone, span(0)), final), "C a: " + late,
			part("D", "x", to("a", anyone, span(time.Duration(past.UnixNano()))), final), "D a: " + late}},
		{"deadlines to come", []any{
			part("A", "a0", to("a", anyone, moment(time.Now().Add(time.Hour))), final), "A a: revision 0, position 1",
			part("B", "a1", to("a", anyone, span(time.Hour)), final), "B a: revision 1, position 2",
			part("C", "a2", to("a", anyone, span(time.Duration(time.Now().Add(time.Hour).UnixNano()))), final), "C a: revision 2, position 3"}},
		{"not finished in time", []any{
			part("A", "x", to("a", anyone, span(20*time.Millisecond))), "A a: " + late,
			part("A", "x"), part("A", "x", final),
			part("B", "b0", to("b", anyone), final), "B b: revision 0, position 1"}},
		{"too large", []any{
			part("A", "", to("a", anyone), bulk(600_000)), part("A", "", bulk(600_000)), "A a: " + large, part("A", "x", final),
			part("B", "", to("b", anyone), bulk(3<<20), final), "B b: " + large,
			part("C", "", to("c", anyone), bulk(1<<20-2), final), "C c: revision 0, position 1"}},
		{"bad requests", []any{
			part("A", "x", final), "A : " + bad,
			part("B", "x"), "B : " + bad, part("B", "x"), part("B", "x", final),
			part("C", "x", to("", anyone), final), "C : " + bad,
			part("D", "x", func(m *streams.BatchAppendReq) {
				m.Options = &streams.BatchAppendReq_Options{StreamIdentifier: named("d")}
			}, final), "D d: " + bad,
			part("E", "x", to("e", anyone), func(m *streams.BatchAppendReq) { m.ProposedMessages[0].Id = nil }, final), "E e: " + bad,
			part("F", "x", to("f", anyone), func(m *streams.BatchAppendReq) { delete(m.ProposedMessages[0].Metadata, "type") }, final), "F f: " + bad,
			part("G", "x x", to("g", anyone), final), "G g: " + bad}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := serve(t, Options{})
			over(t, s.conversation(t, c.turns...))
		})
	}
}

func TestBatchThatIsNeverFinished(t *testing.T) {
	s := serve(t, Options{})
	b := s.conversation(t, part("A", "a0", to("a", eventstore.Any)), part("B", "b0", to("b", eventstore.Any), final), "B b: revision 0, position 1")
	if err := b.CloseSend(); err != nil {
		t.Fatal(err)
	}
	m, err := b.Recv()
	if err != nil || answered(t, m) != "A a: DeadlineExceeded Timeout" {
		t.Errorf("got %v, %v", m, err)
	}
	if _, err := b.Recv(); err != io.EOF {
		t.Errorf("got %v", err)
	}
}

func TestBatchLimits(t *testing.T) {
	const late = ": DeadlineExceeded Timeout"
	anyone := eventstore.Any
	t.Run("batches", func(t *testing.T) {
		s := serve(t, Options{}, func(l *limits) { l.openBatches = 2 })
		over(t, s.conversation(t,
			part("A", "", to("a", anyone)), part("B", "", to("b", anyone)), part("C", "", to("c", anyone)), "C c"+late,
			part("A", "a0", final), "A a: revision 0, position 1",
			part("D", "", to("d", anyone)), part("B", "b0", final), "B b: revision 0, position 2",
			part("C", "", final), part("D", "d0", final), "D d: revision 0, position 3"))
	})
	t.Run("bytes", func(t *testing.T) {
		s := serve(t, Options{}, func(l *limits) { l.openBytes = 1000 })
		over(t, s.conversation(t,
			part("A", "", to("a", anyone), bulk(400)), part("B", "", to("b", anyone), bulk(500)),
			part("A", "", bulk(300)), "A a"+late, // and what it held is free again
			part("C", "", to("c", anyone), bulk(400)),
			part("A", "", final), part("B", "", final), "B b: revision 0, position 1",
			part("C", "", final), "C c: revision 0, position 2"))
	})
	t.Run("time", func(t *testing.T) {
		s := serve(t, Options{}, func(l *limits) { l.batchTime = 20 * time.Millisecond })
		over(t, s.conversation(t, part("A", "", to("a", anyone, span(time.Hour))), "A a"+late, part("A", "", final)))
	})
	t.Run("answered before their end", func(t *testing.T) {
		s := serve(t, Options{}, func(l *limits) { l.endedBatches = 1 })
		b := s.conversation(t, part("A", "", to("$a", anyone)), "A $a: PermissionDenied AccessDenied", part("B", "", to("$a", anyone)))
		if _, err := b.Recv(); status.Code(err) != codes.ResourceExhausted {
			t.Errorf("got %v", err)
		}
	})
	t.Run("running", func(t *testing.T) {
		s := serve(t, Options{}, func(l *limits) { l.runningBatches = 1 })
		var turns []any
		for i := range 20 {
			turns = append(turns, part("A", fmt.Sprint("a", i), to("a", eventstore.Expected(i-1)), final))
		}
		b := s.conversation(t, turns...)
		for i := range 20 {
			m, err := b.Recv()
			if want := fmt.Sprintf("A a: revision %d, position %d", i, i+1); err != nil || answered(t, m) != want {
				t.Fatalf("got %v, %v, want %s", m, err, want)
			}
		}
		over(t, b)
	})
}

func TestBatchWithoutAnID(t *testing.T) {
	s := serve(t, Options{})
	b := s.conversation(t, part("A", "x", to("a", eventstore.Any), final, func(m *streams.BatchAppendReq) { m.CorrelationId = nil }))
	if _, err := b.Recv(); status.Code(err) != codes.InvalidArgument {
		t.Errorf("got %v", err)
	}
}

// TestBatchesAtOnce has many batches in parts on one call, mixed, and counts
// the answers.
func TestBatchesAtOnce(t *testing.T) {
	s := serve(t, Options{})
	b, err := s.raw.BatchAppend(deadline(t))
	if err != nil {
		t.Fatal(err)
	}
	const batches, parts = 200, 5
	sent := make(chan error, 1)
	go func() {
		var failed error
		for p := range parts {
			for i := range batches {
				m := part(fmt.Sprint(i), fmt.Sprintf("%d-%d", i, p))
				if p == 0 {
					to(fmt.Sprint("s", i%20), eventstore.Any)(m)
				}
				m.IsFinal = p == parts-1
				failed = errors.Join(failed, b.Send(m))
			}
		}
		sent <- errors.Join(failed, b.CloseSend())
	}()
	seen := make(map[string]bool)
	for range batches {
		m, err := b.Recv()
		if err != nil {
			t.Fatal(err)
		}
		if seen[m.GetCorrelationId().GetString_()] || m.GetSuccess().GetPosition() == nil {
			t.Fatalf("got %s", show(m))
		}
		seen[m.GetCorrelationId().GetString_()] = true
	}
	if _, err := b.Recv(); err != io.EOF {
		t.Errorf("got %v", err)
	}
	if err := <-sent; err != nil {
		t.Error(err)
	}
	if count, _ := s.store.Head(); count != batches*parts {
		t.Errorf("%d events, want %d", count, batches*parts)
	}
}
