package esdb

import (
	"context"
	"errors"
	"math"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"reliefledger.org/ledger/eventstore"
)

// What a server may answer to an append, and what its caller is told. Each row
// is a form in which the client gives an error.
func TestAnswersToAppend(t *testing.T) {
	five, none := uint64(5), uint64(math.MaxUint64)
	type answer = func(streams.Streams_AppendServer) error
	refuse := func(code codes.Code, trailers ...string) answer {
		return func(s streams.Streams_AppendServer) error {
			readAppend(s)
			return trailed(s.Context(), code, trailers...)
		}
	}
	reply := func(r *streams.AppendResp) answer {
		return func(s streams.Streams_AppendServer) error {
			readAppend(s)
			return s.SendAndClose(r)
		}
	}
	var (
		wrongRevision *eventstore.WrongRevision
		denied        *eventstore.Denied
		unknown       *eventstore.OutcomeUnknown
	)
	for _, row := range []struct {
		name   string
		answer answer
		want   any // of errors.As; nil: another error, and nothing was written
		actual eventstore.Expected
	}{
		{"wrong revision, of a number", reply(wrong(&five)), &wrongRevision, eventstore.At(5)},
		{"wrong revision, no stream", reply(wrong(nil)), &wrongRevision, eventstore.NoStream},
		{"wrong revision, no stream as a number", reply(wrong(&none)), &wrongRevision, eventstore.NoStream},
		{"access denied", refuse(codes.PermissionDenied, "exception", "access-denied"), &denied, 0},
		{"not known", refuse(codes.Unauthenticated), &denied, 0},
		{"aborted", refuse(codes.Aborted), &unknown, 0},
		{"deadline", refuse(codes.DeadlineExceeded), &unknown, 0},
		{"unknown", refuse(codes.Unknown), &unknown, 0},
		{"unavailable", refuse(codes.Unavailable), &unknown, 0},
		{"answered before the end of the request", func(s streams.Streams_AppendServer) error { return nil }, &unknown, 0},
		{"no answer that there is", reply(&streams.AppendResp{}), &unknown, 0},
		{"revision of another append", reply(success(77)), &unknown, 0},
		{"too large", refuse(codes.InvalidArgument, "exception", "maximum-append-size-exceeded"), nil, 0},
		{"stream deleted", refuse(codes.FailedPrecondition, "exception", "stream-deleted", "stream-name", "s"), nil, 0},
		{"stream deleted, without its name", refuse(codes.FailedPrecondition, "exception", "stream-deleted"), &unknown, 0}, // the client panics
	} {
		t.Run(row.name, func(t *testing.T) {
			f := (&fake{append: row.answer, read: func(_ *streams.ReadReq_Options, s streams.Streams_ReadServer) error {
				return s.Send(fakeEvent("s", five, 6)) // that the refusal rests on
			}}).start(t)
			s := mustDial(t, f.connection(), Options{Patience: 100 * time.Millisecond}) // in which it is sent again
			_, err := s.Append(context.Background(), "s", eventstore.At(7), someEvents(3, 10))
			switch {
			case row.want == nil:
				if err == nil || errors.As(err, &unknown) || errors.As(err, &wrongRevision) || errors.As(err, &denied) {
					t.Errorf("%#v", err)
				}
			case !errors.As(err, row.want):
				t.Errorf("%v, want %T", err, row.want)
			case row.want == any(&wrongRevision) && *wrongRevision != (eventstore.WrongRevision{Stream: "s", Expected: eventstore.At(7), Actual: row.actual}):
				t.Errorf("%+v, want actual %s", wrongRevision, row.actual)
			}
		})
	}
}

func TestAnswerToAppend(t *testing.T) {
	f := (&fake{append: func(s streams.Streams_AppendServer) error {
		readAppend(s)
		return s.SendAndClose(success(10))
	}}).start(t)
	s := mustDial(t, f.connection(), Options{})
	done := mustAppend(t, s, "s", eventstore.At(7), someEvents(3, 10))
	if done != (eventstore.Appended{Revision: 10, Position: eventstore.NewPosition(9, 8)}) {
		t.Errorf("%+v", done)
	}
	if done := mustAppend(t, s, "s", eventstore.At(10), nil); done != (eventstore.Appended{}) {
		t.Errorf("no events: %+v", done)
	}
}

// A follower that takes no writes names the leader: the client changes over,
// and the append is made there, once.
func TestNotLeader(t *testing.T) {
	leader := (&fake{append: func(s streams.Streams_AppendServer) error {
		readAppend(s)
		return s.SendAndClose(success(0))
	}}).start(t)
	var asked atomic.Int32
	follower := &fake{append: func(s streams.Streams_AppendServer) error {
		asked.Add(1)
		readAppend(s)
		at := leader.endPoint()
		return trailed(s.Context(), codes.NotFound, "exception", "not-leader",
			"leader-endpoint-host", at.Address, "leader-endpoint-port", strings.TrimPrefix(leader.address, at.Address+":"))
	}}
	s := mustDial(t, follower.start(t).connection(), Options{})
	for range 2 {
		mustAppend(t, s, "s", eventstore.Any, someEvents(1, 10))
	}
	if asked.Load() != 1 {
		t.Errorf("the follower was asked %d times", asked.Load())
	}
}

// The client panics on what it does not know. That ends a read with an error,
// and nothing else.
func TestPanicsOfTheClient(t *testing.T) {
	for name, content := range map[string]*streams.ReadResp{
		"a content that the client does not know": {Content: &streams.ReadResp_FirstStreamPosition{FirstStreamPosition: 1}},
		"no content":               {},
		"an event without content": {Content: &streams.ReadResp_Event{Event: &streams.ReadResp_ReadEvent{}}},
		"no position in $all":      fakeEvent("s", 0, noPosition),
	} {
		t.Run(name, func(t *testing.T) {
			f := (&fake{read: func(o *streams.ReadReq_Options, s streams.Streams_ReadServer) error { return s.Send(content) }}).start(t)
			s := mustDial(t, f.connection(), Options{})
			_, err := collect(s.ReadAll(context.Background(), eventstore.End, eventstore.Backwards))
			var panicked *clientPanicked
			if !errors.As(err, &panicked) {
				t.Errorf("read ended with %v", err)
			}
			if since, cause := s.Away(); !since.IsZero() {
				t.Errorf("the store is said to be away: %v", cause)
			}
		})
	}
}

// In reads of a stream a server gives -1 as position. It must not come out as
// End, from which somebody could want to go on.
func TestStreamWithoutPositions(t *testing.T) {
	f := (&fake{read: func(o *streams.ReadReq_Options, s streams.Streams_ReadServer) error {
		return s.Send(fakeEvent("s", 0, noPosition))
	}}).start(t)
	s := mustDial(t, f.connection(), Options{})
	got, err := collect(s.ReadStream(context.Background(), "s", 0, eventstore.Forwards))
	if err != nil || len(got) != 1 || got[0].Position != (eventstore.Position{}) || got[0].Data == nil || got[0].Metadata == nil {
		t.Errorf("%+v, %v", got, err)
	}
}

// A subscription comes through everything that a server does to it: too slow,
// ended in good order, sent twice, stretches of other events.
func TestSubscriptionResumes(t *testing.T) {
	var round atomic.Int32
	var from []*streams.ReadReq_Options_Position
	f := (&fake{read: func(o *streams.ReadReq_Options, s streams.Streams_ReadServer) error {
		from = append(from, o.GetAll().GetPosition())
		checkpoint := func(commit, prepare uint64) {
			s.Send(&streams.ReadResp{Content: &streams.ReadResp_Checkpoint_{Checkpoint: &streams.ReadResp_Checkpoint{CommitPosition: commit, PreparePosition: prepare}}})
		}
		switch round.Add(1) {
		case 1:
			s.Send(fakeEvent("s", 0, 10))
			s.Send(fakeEvent("$system", 0, 11))
			return status.Error(codes.Aborted, "Operation timed out: Consumer too slow to handle event while live")
		case 2:
			s.Send(fakeEvent("s", 0, 10)) // again
			s.Send(fakeEvent("s", 1, 20))
			checkpoint(40, 39)
			checkpoint(30, 30) // back
			s.Send(&streams.ReadResp{Content: &streams.ReadResp_CaughtUp_{CaughtUp: &streams.ReadResp_CaughtUp{}}})
			return nil
		case 3:
			return status.Error(codes.Unknown, "No leader info available in response")
		case 4:
			s.Send(fakeEvent("s", 2, 50))
			return status.Error(codes.Unavailable, "Server Is Not Ready")
		}
		s.Send(fakeEvent("s", 3, 60))
		<-s.Context().Done()
		return nil
	}}).start(t)
	s := mustDial(t, f.connection(), Options{})
	var revisions []uint64
	for e, err := range s.Subscribe(context.Background(), eventstore.NewPosition(5, 4)) {
		if err != nil {
			t.Fatal(err)
		}
		if revisions = append(revisions, e.Revision); e.Revision == 3 {
			break
		}
	}
	if len(revisions) != 4 {
		t.Errorf("got revisions %v", revisions)
	}
	want := []eventstore.Position{eventstore.NewPosition(5, 4), eventstore.NewPosition(11, 11), eventstore.NewPosition(40, 39), eventstore.NewPosition(40, 39), eventstore.NewPosition(50, 50)}
	for i, p := range from {
		if i >= len(want) || want[i] != eventstore.NewPosition(p.CommitPosition, p.PreparePosition) {
			t.Errorf("subscription %d began at %d/%d", i, p.CommitPosition, p.PreparePosition)
		}
	}
}

// A subscription from the end that breaks before its first event begins again
// where the end was, not where it is.
func TestSubscriptionFromEndIsPinned(t *testing.T) {
	var asked []*streams.ReadReq_Options_AllOptions
	var end atomic.Uint64
	end.Store(30)
	f := &fake{read: func(o *streams.ReadReq_Options, s streams.Streams_ReadServer) error {
		asked = append(asked, o.GetAll())
		if end.Add(10) < 60 {
			return status.Error(codes.Unavailable, "gone")
		}
		return s.Send(fakeEvent("s", 4, 40))
	}}
	f.end = func() uint64 { return end.Load() }
	s := mustDial(t, f.start(t).connection(), Options{})
	for e, err := range s.Subscribe(context.Background(), eventstore.End) {
		if err != nil || e.Revision != 4 {
			t.Errorf("first came %s@%d, %v", e.Stream, e.Revision, err)
		}
		break
	}
	for i, from := range asked {
		if at := from.GetPosition(); at == nil || at.CommitPosition != 30 {
			t.Errorf("subscription %d began at %v", i, from)
		}
	}
	if len(asked) != 3 {
		t.Errorf("subscribed %d times", len(asked))
	}
}

func TestPositionsThatAreNotKnown(t *testing.T) {
	f := (&fake{read: func(o *streams.ReadReq_Options, s streams.Streams_ReadServer) error {
		if o.GetAll().GetPosition() != nil {
			return status.Error(codes.InvalidArgument, "Invalid Position")
		}
		return s.Send(fakeEvent("s", 4, 30))
	}}).start(t)
	s := mustDial(t, f.connection(), Options{})
	for _, commit := range []uint64{20, 40} {
		from := eventstore.NewPosition(commit, 7)
		for name, read := range map[string]sequence{
			"forwards":     s.ReadAll(context.Background(), from, eventstore.Forwards),
			"backwards":    s.ReadAll(context.Background(), from, eventstore.Backwards),
			"subscription": s.Subscribe(context.Background(), from),
		} {
			_, err := collect(read)
			var unknown *eventstore.UnknownPosition
			if !errors.As(err, &unknown) || *unknown != (eventstore.UnknownPosition{Position: from, Head: eventstore.NewPosition(30, 30)}) {
				t.Errorf("%s from %s: %v", name, from, err)
			}
		}
	}
}

// A server says of a read backwards from a position that it does not know no
// more than that something failed. It is asked some times, since another may
// lag; the same answer where something else failed is waited out.
func TestPositionsThatAServerFailsOn(t *testing.T) {
	var asked atomic.Int64
	var fails int64 = 1 << 40
	f := (&fake{read: func(o *streams.ReadReq_Options, s streams.Streams_ReadServer) error {
		if o.GetAll().GetPosition() != nil && asked.Add(1) <= atomic.LoadInt64(&fails) {
			return trailed(s.Context(), codes.Unknown)
		}
		return s.Send(fakeEvent("s", 4, 30))
	}}).start(t)
	s := mustDial(t, f.connection(), Options{})
	for _, from := range []eventstore.Position{eventstore.NewPosition(20, 7), eventstore.NewPosition(40, 40)} {
		within(t, "read", 200*time.Millisecond, func() {
			_, err := collect(s.ReadAll(context.Background(), from, eventstore.Backwards))
			var unknown *eventstore.UnknownPosition
			if !errors.As(err, &unknown) || *unknown != (eventstore.UnknownPosition{Position: from, Head: eventstore.NewPosition(30, 30)}) {
				t.Errorf("from %s: %v", from, err)
			}
		})
	}
	within(t, "read", 200*time.Millisecond, func() {
		if _, err := collect(s.ReadAll(context.Background(), eventstore.NewPosition(40, 40), eventstore.Forwards)); !errors.As(err, new(*eventstore.UnknownPosition)) {
			t.Errorf("forwards: %v", err)
		}
	})
	asked.Store(0)
	atomic.StoreInt64(&fails, 2)
	if got, err := collect(s.ReadAll(context.Background(), eventstore.NewPosition(40, 40), eventstore.Backwards)); err != nil || len(got) == 0 {
		t.Errorf("failed twice: %d events, %v", len(got), err)
	}
}

// A server that says it has caught up and ends is no reason to hurry.
func TestSubscriptionThatOnlyEnds(t *testing.T) {
	var subscribed atomic.Int64
	f := (&fake{read: func(_ *streams.ReadReq_Options, s streams.Streams_ReadServer) error {
		subscribed.Add(1)
		_ = s.Send(&streams.ReadResp{Content: &streams.ReadResp_CaughtUp_{CaughtUp: &streams.ReadResp_CaughtUp{}}})
		return nil
	}}).start(t)
	s := mustDial(t, f.connection(), Options{})
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	for _, err := range s.Subscribe(ctx, eventstore.Position{}) {
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v", err)
		}
	}
	if n := subscribed.Load(); n > 30 {
		t.Errorf("subscribed %d times in a second", n)
	}
}

// A stream is not read short because a server lags behind the one that said
// where it ends.
func TestStreamReadFromALaggingServer(t *testing.T) {
	var reads atomic.Int64
	f := (&fake{read: func(o *streams.ReadReq_Options, s streams.Streams_ReadServer) error {
		last := uint64(9)
		if o.GetReadDirection() == streams.ReadReq_Options_Backwards {
			return s.Send(fakeEvent("s", last, last+1))
		}
		if reads.Add(1) < 4 {
			last = 4 // another server, for a while
		}
		for n := o.GetStream().GetRevision(); n <= last; n++ {
			if err := s.Send(fakeEvent("s", n, n+1)); err != nil {
				return err
			}
		}
		return nil
	}}).start(t)
	s := mustDial(t, f.connection(), Options{})
	got, err := collect(s.ReadStream(context.Background(), "s", 0, eventstore.Forwards))
	if err != nil || len(got) != 10 {
		t.Errorf("%d events, %v", len(got), err)
	}
}
