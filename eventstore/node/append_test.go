package node

import (
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/uuid"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"reliefledger.org/ledger/eventstore"
)

// appending is the options of a raw append.
func appending(stream string, expected eventstore.Expected) *streams.AppendReq {
	o := &streams.AppendReq_Options{StreamIdentifier: named(stream)}
	switch expected {
	case eventstore.Any:
		o.ExpectedStreamRevision = &streams.AppendReq_Options_Any{}
	case eventstore.NoStream:
		o.ExpectedStreamRevision = &streams.AppendReq_Options_NoStream{}
	case eventstore.StreamExists:
		o.ExpectedStreamRevision = &streams.AppendReq_Options_StreamExists{}
	default:
		o.ExpectedStreamRevision = &streams.AppendReq_Options_Revision{Revision: uint64(expected)}
	}
	return &streams.AppendReq{Content: &streams.AppendReq_Options_{Options: o}}
}

func proposing(e eventstore.Event) *streams.AppendReq {
	return &streams.AppendReq{Content: &streams.AppendReq_ProposedMessage_{ProposedMessage: &streams.AppendReq_ProposedMessage{
		Id: structured(e.ID), Metadata: typed(e), Data: e.Data, CustomMetadata: e.Metadata,
	}}}
}

func typed(e eventstore.Event) map[string]string {
	return map[string]string{"type": e.Type, "content-type": "application/octet-stream"}
}

// append sends all of a raw append and returns the answer.
func (s *served) append(t *testing.T, messages ...*streams.AppendReq) (*streams.AppendResp, metadata.MD, error) {
	t.Helper()
	a, err := s.raw.Append(deadline(t))
	if err != nil {
		t.Fatal(err)
	}
	for i, m := range messages {
		if err := a.Send(m); err != nil {
			t.Fatalf("message %d: the answer came before the request was read: %v", i, err)
		}
	}
	resp, err := a.CloseAndRecv()
	return resp, a.Trailer(), err
}

func TestAppendExpectations(t *testing.T) {
	const (
		anyone, none, exists = eventstore.Any, eventstore.NoStream, eventstore.StreamExists
		at0, at1, at9        = eventstore.Expected(0), eventstore.Expected(1), eventstore.Expected(9)
	)
	s := serve(t, Options{})
	s.fill(t, "other", 0, 1)
	for _, c := range []struct {
		stream   string
		expected eventstore.Expected
		events   string // names
		want     string
	}{
		{"a", exists, "a0", `wrong: none, expected exists`},
		{"a", at0, "a0", `wrong: none, expected 0`},
		{"a", none, "a0 a1", `revision 1, position 3`},
		{"a", none, "x", `wrong: 1, expected none`},
		{"a", at0, "x", `wrong: 1, expected 0`},
		{"a", at9, "x", `wrong: 1, expected 9`},
		{"a", at1, "a2", `revision 2, position 4`},
		{"a", exists, "a3", `revision 3, position 5`},
		{"a", anyone, "a4", `revision 4, position 6`},

		// The same again is the answer of the first time, a prefix too.
		{"a", none, "a0 a1", `revision 1, position 3`},
		{"a", none, "a0", `revision 0, position 2`},
		{"a", at0, "a1 a2 a3", `revision 3, position 5`},
		{"a", anyone, "a4", `revision 4, position 6`},
		{"a", exists, "a3", `revision 3, position 5`},
		{"a", none, "a0 x", `wrong: 4, expected none`},
		{"a", anyone, "a4 x", `wrong: 4, expected any`},
		{"a", exists, "a3 x", `wrong: 4, expected exists`},

		{"a", anyone, "", `revision 4, no position`},
		{"a", eventstore.Expected(4), "", `revision 4, no position`},
		{"a", at0, "", `wrong: 4, expected 0`},
		{"z", none, "", `no stream, no position`},
		{"z", exists, "", `wrong: none, expected exists`},
	} {
		messages := []*streams.AppendReq{appending(c.stream, c.expected)}
		for _, name := range strings.Fields(c.events) {
			messages = append(messages, proposing(event(name)))
		}
		resp, _, err := s.append(t, messages...)
		if err != nil {
			t.Fatalf("%+v: %v", c, err)
		}
		if got := appended(resp); got != c.want {
			t.Errorf("%+v: got %s", c, got)
		}
	}
}

// appended says what an answer to an append is.
func appended(r *streams.AppendResp) string {
	if w := r.GetWrongExpectedVersion(); w != nil {
		current, expected := fmt.Sprint(w.GetCurrentRevision()), fmt.Sprint(w.GetExpectedRevision())
		ok := w.GetCurrentRevision() == w.GetCurrentRevision_20_6_0()
		if w.GetCurrentNoStream() != nil {
			current, ok = "none", w.GetNoStream_20_6_0() != nil
		}
		switch {
		case w.GetExpectedAny() != nil:
			expected, ok = "any", ok && w.GetAny_20_6_0() != nil
		case w.GetExpectedNoStream() != nil:
			expected, ok = "none", ok && w.GetExpectedRevision_20_6_0() == math.MaxUint64
		case w.GetExpectedStreamExists() != nil:
			expected, ok = "exists", ok && w.GetStreamExists_20_6_0() != nil
		default:
			ok = ok && w.GetExpectedRevision() == w.GetExpectedRevision_20_6_0()
		}
		if !ok {
			return fmt.Sprint("old and new fields differ: ", w)
		}
		return fmt.Sprintf("wrong: %s, expected %s", current, expected)
	}
	ok := r.GetSuccess()
	revision, position := fmt.Sprint("revision ", ok.GetCurrentRevision()), "no position"
	if ok.GetNoStream() != nil {
		revision = "no stream"
	}
	if p := ok.GetPosition(); p != nil && p.CommitPosition == p.PreparePosition {
		position = fmt.Sprint("position ", p.CommitPosition)
	}
	return revision + ", " + position
}

func TestAppendRefused(t *testing.T) {
	s := serve(t, Options{})
	big := func(n int) eventstore.Event {
		return eventstore.Event{ID: uuid.New(), Type: "T", Data: make([]byte, n)}
	}
	without := func(change func(*streams.AppendReq_ProposedMessage)) *streams.AppendReq {
		m := proposing(event("x"))
		change(m.GetProposedMessage())
		return m
	}
	many := []*streams.AppendReq{appending("a", eventstore.Any)}
	for range eventstore.MaxEvents + 1 {
		many = append(many, proposing(big(1)))
	}
	// Far more than a connection's windows hold: only a server that reads to
	// the end lets the client finish sending.
	long := []*streams.AppendReq{appending("$$a", eventstore.Any)}
	tooMuch := []*streams.AppendReq{appending("a", eventstore.Any)}
	for range 30 {
		long = append(long, proposing(big(100_000)))
		tooMuch = append(tooMuch, proposing(big(100_000)))
	}
	anyhow := appending("a", eventstore.Any)
	for _, c := range []struct {
		name      string
		messages  []*streams.AppendReq
		code      codes.Code
		exception string
		more      metadata.MD
	}{
		{"metadata of a stream", []*streams.AppendReq{appending("$$a", eventstore.Any), proposing(event("x"))}, codes.PermissionDenied, "access-denied", nil},
		{"a stream of the server", []*streams.AppendReq{appending("$x", eventstore.Any), proposing(event("x"))}, codes.PermissionDenied, "access-denied", nil},
		{"and much of it", long, codes.PermissionDenied, "access-denied", nil},
		{"too many bytes", tooMuch, codes.InvalidArgument, "maximum-append-size-exceeded", metadata.Pairs("maximum-append-size", "1048576")},
		{"one byte too many", []*streams.AppendReq{anyhow, proposing(big(1<<20 - 1))}, codes.InvalidArgument, "maximum-append-size-exceeded", metadata.Pairs("maximum-append-size", "1048576")},
		{"too many in one event", []*streams.AppendReq{anyhow, proposing(big(5 << 20))}, codes.InvalidArgument, "maximum-append-size-exceeded", metadata.Pairs("maximum-append-size", "1048576")},
		{"too many events", many, codes.InvalidArgument, "maximum-append-size-exceeded", metadata.Pairs("maximum-append-size", "1048576")},
		{"nothing at all", nil, codes.InvalidArgument, "", nil},
		{"no options", []*streams.AppendReq{proposing(event("x"))}, codes.InvalidArgument, "", nil},
		{"options twice", []*streams.AppendReq{anyhow, anyhow}, codes.InvalidArgument, "", nil},
		{"an empty message", []*streams.AppendReq{anyhow, {}}, codes.InvalidArgument, "", nil},
		{"no stream name", []*streams.AppendReq{appending("", eventstore.Any), proposing(event("x"))}, codes.InvalidArgument, "", nil},
		{"a bad stream name", []*streams.AppendReq{appending("\xff", eventstore.Any), proposing(event("x"))}, codes.InvalidArgument, "", nil},
		{"no expectation", []*streams.AppendReq{{Content: &streams.AppendReq_Options_{Options: &streams.AppendReq_Options{StreamIdentifier: named("a")}}}}, codes.InvalidArgument, "", nil},
		{"no id", []*streams.AppendReq{anyhow, without(func(m *streams.AppendReq_ProposedMessage) { m.Id = nil })}, codes.InvalidArgument, "", nil},
		{"the nil id", []*streams.AppendReq{anyhow, without(func(m *streams.AppendReq_ProposedMessage) { m.Id = structured(uuid.Nil) })}, codes.InvalidArgument, "", nil},
		{"a bad id", []*streams.AppendReq{anyhow, without(func(m *streams.AppendReq_ProposedMessage) {
			m.Id = &shared.UUID{Value: &shared.UUID_String_{String_: "x"}}
		})}, codes.InvalidArgument, "", nil},
		{"an id twice", []*streams.AppendReq{anyhow, proposing(event("x")), proposing(event("x"))}, codes.InvalidArgument, "", nil},
		{"no type", []*streams.AppendReq{anyhow, without(func(m *streams.AppendReq_ProposedMessage) { delete(m.Metadata, "type") })}, codes.InvalidArgument,
			"missing-required-metadata-property", metadata.Pairs("required-metadata-properties", "type,content-type")},
		{"no content type", []*streams.AppendReq{anyhow, without(func(m *streams.AppendReq_ProposedMessage) { delete(m.Metadata, "content-type") })}, codes.InvalidArgument,
			"missing-required-metadata-property", nil},
		{"an empty type", []*streams.AppendReq{anyhow, without(func(m *streams.AppendReq_ProposedMessage) { m.Metadata["type"] = "" })}, codes.InvalidArgument, "", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			resp, trailers, err := s.append(t, c.messages...)
			if status.Code(err) != c.code || !strings.Contains(status.Convert(err).Message(), " ") {
				t.Errorf("got %v, %v", resp, err)
			}
			if got := strings.Join(trailers.Get("exception"), ","); got != c.exception {
				t.Errorf("exception %q, want %q", got, c.exception)
			}
			for k := range c.more {
				equal(t, k, trailers.Get(k), c.more.Get(k))
			}
		})
	}
	if count, _ := s.store.Head(); count != 0 {
		t.Errorf("%d events were written", count)
	}
	if resp, _, err := s.append(t, anyhow, proposing(big(1<<20-2))); err != nil || appended(resp) != "revision 0, position 1" {
		t.Errorf("the largest append: %v, %v", resp, err)
	}
}

func TestAppendNotFinishedWritesNothing(t *testing.T) {
	s := serve(t, Options{})
	a, err := s.raw.Append(deadline(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range []*streams.AppendReq{appending("a", eventstore.Any), proposing(event("x"))} {
		if err := a.Send(m); err != nil {
			t.Fatal(err)
		}
	}
	s.conn.Close() // as a client that dies
	s.Stop(deadline(t))
	if count, _ := s.store.Head(); count != 0 {
		t.Errorf("%d events were written", count)
	}
}

func TestClientRefused(t *testing.T) {
	s := serve(t, Options{})
	client, ctx := s.plain(t), deadline(t)
	s.fill(t, "a", 0, 2)
	_, wrong := client.AppendToStream(ctx, "a", esdb.AppendToStreamOptions{ExpectedRevision: esdb.Revision(0)}, theirs(event("x"))...)
	_, large := client.AppendToStream(ctx, "a", esdb.AppendToStreamOptions{}, theirs(eventstore.Event{ID: uuid.New(), Type: "T", Data: make([]byte, 3<<20)})...)
	_, deleted := client.DeleteStream(ctx, "a", esdb.DeleteStreamOptions{})
	_, tombstoned := client.TombstoneStream(ctx, "a", esdb.TombstoneStreamOptions{})
	meta := esdb.StreamMetadata{}
	meta.SetMaxCount(1)
	_, set := client.SetStreamMetadata(ctx, "a", esdb.AppendToStreamOptions{}, meta)
	_, got := client.GetStreamMetadata(ctx, "a", esdb.ReadStreamOptions{})
	persistent := client.CreatePersistentSubscription(ctx, "a", "group", esdb.PersistentStreamSubscriptionOptions{})
	for _, c := range []struct {
		what string
		err  error
		code esdb.ErrorCode
		says string
	}{
		{"wrong revision", wrong, esdb.ErrorCodeWrongExpectedVersion, "expecting '0' but got '1'"},
		{"too large", large, esdb.ErrorCodeUnknown, "1048576 are allowed"},
		{"delete", deleted, esdb.ErrorCodeAccessDenied, "a ledger forgets nothing"},
		{"tombstone", tombstoned, esdb.ErrorCodeAccessDenied, "a ledger forgets nothing"},
		{"set metadata", set, esdb.ErrorCodeAccessDenied, "a ledger forgets nothing"},
		{"get metadata", got, esdb.ErrorCodeResourceNotFound, "not found"},
		{"persistent subscription", persistent, esdb.ErrorCodeUnsupportedFeature, "does not offer"},
	} {
		var e *esdb.Error
		if !errors.As(c.err, &e) || e.Code() != c.code || !strings.Contains(c.err.Error(), c.says) {
			t.Errorf("%s: got %v", c.what, c.err)
		}
	}
	r, err := client.ReadStream(ctx, "a", esdb.ReadStreamOptions{}, 10)
	equal(t, "what is there", said(t, r, err), []string{"a0", "a1"})
}

func TestThousandsThereAndBack(t *testing.T) {
	s := serve(t, Options{})
	client, ctx := s.plain(t), deadline(t)
	var want []eventstore.Event
	for i := range 10_000 {
		data := make([]byte, i%700)
		for j := range data {
			data[j] = byte(i * (j + 1))
		}
		want = append(want, eventstore.Event{ID: uuid.New(), Type: fmt.Sprint("T", i%7), Data: data, Metadata: []byte(fmt.Sprint(i))})
	}
	for i := 0; i < len(want); i += 1000 {
		if _, err := client.AppendToStream(ctx, fmt.Sprint("s", i%3), esdb.AppendToStreamOptions{}, theirs(want[i:i+1000]...)...); err != nil {
			t.Fatal(err)
		}
	}
	r, err := client.ReadAll(ctx, esdb.ReadAllOptions{}, math.MaxUint64)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for i, w := range want {
		e, err := r.Recv()
		if err != nil {
			t.Fatal(err)
		}
		if o := e.OriginalEvent(); o.EventID != w.ID || o.EventType != w.Type || string(o.Data) != string(w.Data) || string(o.UserMetadata) != string(w.Metadata) {
			t.Fatalf("event %d: got %+v", i, o)
		}
	}
	if _, err := r.Recv(); !errors.Is(err, io.EOF) {
		t.Errorf("got %v", err)
	}
}

// show is for messages about what differs.
func show(m proto.Message) string { return protojson.Format(m) }
