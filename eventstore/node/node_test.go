package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/uuid"
	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"reliefledger.org/ledger/eventstore"
	"reliefledger.org/ledger/eventstore/embedded"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long a test waits for what must come at once: as long as the
// slowest machine may take, since nothing waits where all is well.
const patience = 30 * time.Second

// served is a node with an empty store, and both ways to talk to it.
type served struct {
	*Server
	embedded *embedded.Store
	address  string
	raw      streams.StreamsClient
	conn     *grpc.ClientConn
}

// serve runs a node on loopback until the test ends. Everybody may write,
// unless the options have users.
func serve(t *testing.T, o Options, change ...func(*limits)) *served {
	t.Helper()
	store, err := embedded.Create("/x", embedded.Options{FS: vfs.NewMem()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	if o.Authorize == nil && o.Anonymous == Read {
		o.Anonymous = Write
	}
	l := defaults
	for _, c := range change {
		c(&l)
	}
	s := &served{Server: newServer(store, o, l), embedded: store}
	s.address = s.listen(t, "tcp", "127.0.0.1:0")
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		s.Stop(ctx)
	})
	if o.TLS == nil {
		s.conn, err = grpc.NewClient(s.address, grpc.WithTransportCredentials(insecure.NewCredentials()))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.conn.Close() })
		s.raw = streams.NewStreamsClient(s.conn)
	}
	return s
}

func (s *served) listen(t *testing.T, network, address string) string {
	t.Helper()
	l, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- s.Serve(l) }()
	t.Cleanup(func() { // after Stop, which was registered later
		if err := <-done; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	return l.Addr().String()
}

// official is the official client, with "user:password@" or without.
func (s *served) official(t *testing.T, user, query string, change ...func(*esdb.Configuration)) *esdb.Client {
	t.Helper()
	config, err := esdb.ParseConnectionString("esdb://" + user + s.address + "?" + query)
	if err != nil {
		t.Fatal(err)
	}
	config.Logger = esdb.NoopLogging()
	for _, c := range change {
		c(config)
	}
	client, err := esdb.NewClient(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return client
}

func (s *served) plain(t *testing.T) *esdb.Client { return s.official(t, "", "tls=false") }

func deadline(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// event makes an event whose id and data follow from its name.
func event(name string) eventstore.Event {
	return eventstore.Event{ID: uuid.NewSHA1(uuid.NameSpaceURL, []byte(name)), Type: "Said", Data: []byte(name), Metadata: []byte{}}
}

func theirs(events ...eventstore.Event) (out []esdb.EventData) {
	for _, e := range events {
		out = append(out, esdb.EventData{EventID: e.ID, EventType: e.Type, Data: e.Data, Metadata: e.Metadata})
	}
	return out
}

// fill writes events past the server, "a0" and on to stream a.
func (s *served) fill(t *testing.T, stream string, from, n int) {
	t.Helper()
	for i := from; i < from+n; i++ {
		if _, err := s.store.Append(t.Context(), stream, eventstore.Any, []eventstore.Event{event(fmt.Sprint(stream, i))}); err != nil {
			t.Fatal(err)
		}
	}
}

// said collects the data of a read.
func said(t *testing.T, r *esdb.ReadStream, err error) []string {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	out := []string{}
	for {
		e, err := r.Recv()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, string(e.OriginalEvent().Data))
	}
}

// ask makes the request of a raw read.
func ask(change ...func(*streams.ReadReq_Options)) *streams.ReadReq {
	o := &streams.ReadReq_Options{
		UuidOption:   &streams.ReadReq_Options_UUIDOption{Content: &streams.ReadReq_Options_UUIDOption_Structured{}},
		FilterOption: &streams.ReadReq_Options_NoFilter{},
		CountOption:  &streams.ReadReq_Options_Count{Count: math.MaxUint64},
	}
	for _, c := range change {
		c(o)
	}
	return &streams.ReadReq{Options: o}
}

type option = func(*streams.ReadReq_Options)

// all reads $all with a position, nil for the start.
func all(from *uint64) option {
	return func(o *streams.ReadReq_Options) {
		a := &streams.ReadReq_Options_AllOptions{AllOption: &streams.ReadReq_Options_AllOptions_Start{}}
		if from != nil {
			a.AllOption = &streams.ReadReq_Options_AllOptions_Position{
				Position: &streams.ReadReq_Options_Position{CommitPosition: *from, PreparePosition: *from},
			}
		}
		o.StreamOption = &streams.ReadReq_Options_All{All: a}
	}
}

func allEnd(o *streams.ReadReq_Options) {
	o.StreamOption = &streams.ReadReq_Options_All{All: &streams.ReadReq_Options_AllOptions{AllOption: &streams.ReadReq_Options_AllOptions_End{}}}
}

// one reads a stream with a revision, nil for the start.
func one(stream string, from *uint64) option {
	return func(o *streams.ReadReq_Options) {
		s := &streams.ReadReq_Options_StreamOptions{StreamIdentifier: named(stream), RevisionOption: &streams.ReadReq_Options_StreamOptions_Start{}}
		if from != nil {
			s.RevisionOption = &streams.ReadReq_Options_StreamOptions_Revision{Revision: *from}
		}
		o.StreamOption = &streams.ReadReq_Options_Stream{Stream: s}
	}
}

func oneEnd(stream string) option {
	return func(o *streams.ReadReq_Options) {
		o.StreamOption = &streams.ReadReq_Options_Stream{Stream: &streams.ReadReq_Options_StreamOptions{
			StreamIdentifier: named(stream), RevisionOption: &streams.ReadReq_Options_StreamOptions_End{}}}
	}
}

func backwards(o *streams.ReadReq_Options) { o.ReadDirection = streams.ReadReq_Options_Backwards }

func subscribing(o *streams.ReadReq_Options) { o.CountOption = &streams.ReadReq_Options_Subscription{} }

func count(n uint64) option {
	return func(o *streams.ReadReq_Options) { o.CountOption = &streams.ReadReq_Options_Count{Count: n} }
}

func compatible(o *streams.ReadReq_Options) {
	o.ControlOption = &streams.ReadReq_Options_ControlOption{Compatibility: 1}
}

// filtered is the wire's filter; window 0 is "as many as you like".
func filtered(byType bool, regex string, prefixes []string, window, multiplier uint32) option {
	return func(o *streams.ReadReq_Options) {
		e := &streams.ReadReq_Options_FilterOptions_Expression{Regex: regex, Prefix: prefixes}
		f := &streams.ReadReq_Options_FilterOptions{
			Filter:                       &streams.ReadReq_Options_FilterOptions_StreamIdentifier{StreamIdentifier: e},
			Window:                       &streams.ReadReq_Options_FilterOptions_Count{},
			CheckpointIntervalMultiplier: multiplier,
		}
		if byType {
			f.Filter = &streams.ReadReq_Options_FilterOptions_EventType{EventType: e}
		}
		if window > 0 {
			f.Window = &streams.ReadReq_Options_FilterOptions_Max{Max: window}
		}
		o.FilterOption = &streams.ReadReq_Options_Filter{Filter: f}
	}
}

// text says what a response is, in a word.
func text(m *streams.ReadResp) string {
	switch c := m.GetContent().(type) {
	case *streams.ReadResp_Event:
		return string(c.Event.GetEvent().GetData())
	case *streams.ReadResp_Confirmation:
		return "confirmed"
	case *streams.ReadResp_Checkpoint_:
		return fmt.Sprint("checkpoint ", c.Checkpoint.CommitPosition)
	case *streams.ReadResp_CaughtUp_:
		return "caught up"
	case *streams.ReadResp_StreamNotFound_:
		return fmt.Sprintf("no stream %s", c.StreamNotFound.GetStreamIdentifier().GetStreamName())
	case *streams.ReadResp_LastStreamPosition:
		return fmt.Sprint("last ", c.LastStreamPosition)
	}
	return fmt.Sprintf("unexpected %v", m)
}

// ended reads to the end, and says what came and the error that stood there.
func ended(t *testing.T, r streams.Streams_ReadClient, err error) (out []string, end error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	out = []string{}
	for {
		m, err := r.Recv()
		if err == io.EOF {
			return out, nil
		}
		if err != nil {
			return out, err
		}
		out = append(out, text(m))
	}
}

// expect takes exactly these responses from a subscription.
func expect(t *testing.T, r streams.Streams_ReadClient, want ...string) {
	t.Helper()
	for i, w := range want {
		m, err := r.Recv()
		if err != nil {
			t.Fatalf("%d, %q: %v", i, w, err)
		}
		if got := text(m); got != w {
			t.Fatalf("%d: got %q, want %q", i, got, w)
		}
	}
}

func equal[T comparable](t *testing.T, what string, got, want []T) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func TestClientReadsWhatItAppends(t *testing.T) {
	s := serve(t, Options{})
	client, ctx := s.plain(t), deadline(t)
	done, err := client.AppendToStream(ctx, "a", esdb.AppendToStreamOptions{ExpectedRevision: esdb.NoStream{}}, theirs(event("a0"), event("a1"))...)
	if err != nil {
		t.Fatal(err)
	}
	if done.NextExpectedVersion != 1 || done.CommitPosition != 2 || done.PreparePosition != 2 {
		t.Errorf("got %+v", done)
	}
	s.fill(t, "b", 0, 1)
	s.fill(t, "a", 2, 1)

	stream := func(o esdb.ReadStreamOptions, count uint64) []string {
		r, err := client.ReadStream(ctx, "a", o, count)
		return said(t, r, err)
	}
	all := func(o esdb.ReadAllOptions, count uint64) []string {
		r, err := client.ReadAll(ctx, o, count)
		return said(t, r, err)
	}
	at := func(n uint64) esdb.Position { return esdb.Position{Commit: n, Prepare: n} }
	const many = math.MaxUint64
	for _, c := range []struct {
		what string
		got  []string
		want []string
	}{
		{"stream", stream(esdb.ReadStreamOptions{}, many), []string{"a0", "a1", "a2"}},
		{"stream with a revision", stream(esdb.ReadStreamOptions{From: esdb.Revision(1)}, many), []string{"a1", "a2"}},
		{"stream from behind its end", stream(esdb.ReadStreamOptions{From: esdb.Revision(9)}, many), []string{}},
		{"stream forwards from the end", stream(esdb.ReadStreamOptions{From: esdb.End{}}, many), []string{}},
		{"stream, two", stream(esdb.ReadStreamOptions{}, 2), []string{"a0", "a1"}},
		{"stream, none", stream(esdb.ReadStreamOptions{}, 0), []string{}},
		{"stream, 2^53-1", stream(esdb.ReadStreamOptions{}, 1<<53-1), []string{"a0", "a1", "a2"}},
		{"stream backwards", stream(esdb.ReadStreamOptions{Direction: esdb.Backwards, From: esdb.End{}}, many), []string{"a2", "a1", "a0"}},
		{"stream backwards with a revision", stream(esdb.ReadStreamOptions{Direction: esdb.Backwards, From: esdb.Revision(1)}, many), []string{"a1", "a0"}},
		{"stream backwards from the start", stream(esdb.ReadStreamOptions{Direction: esdb.Backwards, From: esdb.Start{}}, many), []string{"a0"}},
		{"stream backwards, one", stream(esdb.ReadStreamOptions{Direction: esdb.Backwards, From: esdb.End{}}, 1), []string{"a2"}},
		{"all", all(esdb.ReadAllOptions{}, many), []string{"a0", "a1", "b0", "a2"}},
		{"all, three", all(esdb.ReadAllOptions{}, 3), []string{"a0", "a1", "b0"}},
		{"all, none", all(esdb.ReadAllOptions{}, 0), []string{}},
		{"all with a position", all(esdb.ReadAllOptions{From: at(3)}, many), []string{"b0", "a2"}},
		{"all with the last position", all(esdb.ReadAllOptions{From: at(4)}, many), []string{"a2"}},
		{"all from zero", all(esdb.ReadAllOptions{From: at(0)}, many), []string{"a0", "a1", "b0", "a2"}},
		{"all forwards from the end", all(esdb.ReadAllOptions{From: esdb.End{}}, many), []string{}},
		{"all backwards", all(esdb.ReadAllOptions{Direction: esdb.Backwards, From: esdb.End{}}, many), []string{"a2", "b0", "a1", "a0"}},
		{"all backwards without a position", all(esdb.ReadAllOptions{Direction: esdb.Backwards, From: at(3)}, many), []string{"a1", "a0"}},
		{"all backwards, one", all(esdb.ReadAllOptions{Direction: esdb.Backwards, From: esdb.End{}}, 1), []string{"a2"}},
		{"all backwards from the start", all(esdb.ReadAllOptions{Direction: esdb.Backwards, From: esdb.Start{}}, many), []string{}},
	} {
		equal(t, c.what, c.got, c.want)
	}
}
