package esdb

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"google.golang.org/grpc/codes"

	"reliefledger.org/ledger/eventstore"
)

// A server that drops an append, because the same is on its way, ends it with
// Aborted. What becomes of it is settled by sending the same again: the store
// does so by itself. Once one was lost, only two answers settle anything.
func TestAppendIsSentAgain(t *testing.T) {
	aborted, seven := failing(codes.Aborted), uint64(7)
	type answers = []func(streams.Streams_AppendServer) error
	var (
		done    *eventstore.WrongRevision // nil: no error is wanted
		wrongly = func(err error) bool { return errors.As(err, &done) }
		lost    = func(err error) bool { return errors.As(err, new(*eventstore.OutcomeUnknown)) }
		none    = func(err error) bool { return err == nil }
	)
	for _, row := range []struct {
		name     string
		expected eventstore.Expected
		answers  answers
		want     func(error) bool
		sent     int
	}{
		{"aborted", eventstore.At(7), answers{aborted, answering(success(9))}, none, 2},
		{"aborted, for any revision", eventstore.Any, answers{aborted, answering(success(9))}, none, 2},
		{"whatever it is that may mean anything", eventstore.At(7),
			answers{aborted, failing(codes.Unknown), failing(codes.DeadlineExceeded), answering(success(9))}, none, 4},
		{"answered before it was read", eventstore.At(7), answers{
			func(streams.Streams_AppendServer) error { return nil }, answering(success(9))}, none, 2},
		{"the connection broke", eventstore.At(7), answers{failing(codes.Unavailable), answering(success(9))}, none, 2},
		{"another was first", eventstore.At(5), answers{aborted, answering(wrong(&seven))}, wrongly, 2},
		// A server that was started again has forgotten what it had for any
		// revision, and would write it twice.
		{"the connection broke, for any revision", eventstore.Any, answers{failing(codes.Unavailable), answering(success(9))}, lost, 1},
		{"denied, after it was lost", eventstore.At(7), answers{aborted, failing(codes.PermissionDenied)}, lost, 2},
		{"a panic of the client", eventstore.At(7), answers{
			failing(codes.FailedPrecondition, "exception", "stream-deleted"), answering(success(9))}, lost, 1},
	} {
		t.Run(row.name, func(t *testing.T) {
			c := &script{answers: row.answers}
			f := (&fake{append: c.append, read: func(_ *streams.ReadReq_Options, s streams.Streams_ReadServer) error {
				return s.Send(fakeEvent("s", seven, 8))
			}}).start(t)
			s := mustDial(t, f.connection(), Options{})
			_, err := s.Append(context.Background(), "s", row.expected, someEvents(2, 10))
			sent := c.sent()
			if !row.want(err) || len(sent) != row.sent {
				t.Errorf("sent %d times: %v", len(sent), err)
			}
			for _, again := range sent {
				if !bytes.Equal(again, sent[0]) {
					t.Errorf("sent %x, and again %x", sent[0], again)
				}
			}
		})
	}
}

// It is sent again until its context ends, and then nobody knows.
func TestAppendIsSentAgainUntilItsContextEnds(t *testing.T) {
	c := &script{answers: []func(streams.Streams_AppendServer) error{failing(codes.Aborted)}}
	s := mustDial(t, (&fake{append: c.append}).start(t).connection(), Options{})
	const life = 500 * time.Millisecond
	ctx, cancel := context.WithTimeout(context.Background(), life)
	defer cancel()
	within(t, "append", life, func() {
		_, err := s.Append(ctx, "s", eventstore.At(7), someEvents(1, 10))
		if !errors.As(err, new(*eventstore.OutcomeUnknown)) || !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "Aborted") {
			t.Errorf("%v", err)
		}
	})
	if n := len(c.sent()); n < 3 || n > 10 {
		t.Errorf("sent %d times", n)
	}
	// A store that is closed does not wait for that, and is not all there is to
	// say of the append.
	time.AfterFunc(50*time.Millisecond, func() { s.Close() })
	within(t, "append while the store is closed", 50*time.Millisecond, func() {
		_, err := s.Append(context.Background(), "s", eventstore.At(7), someEvents(1, 10))
		if !errors.As(err, new(*eventstore.OutcomeUnknown)) || errors.Is(err, eventstore.ErrClosed) {
			t.Errorf("%v", err)
		}
	})
}

// A server that forwards an append is ahead of what it can read itself: the
// refusal comes when the revision that it names can be read, or when that has
// taken long enough.
func TestRefusalWaitsUntilItCanBeRead(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for seconds; make test has it")
	}
	seven := uint64(7)
	var reads atomic.Int64
	for _, row := range []struct {
		name  string
		reads int64 // that find nothing new
		most  time.Duration
	}{
		{"some milliseconds", 4, readablePatience / 2},
		{"for ever", 1 << 40, readablePatience},
	} {
		t.Run(row.name, func(t *testing.T) {
			reads.Store(0)
			f := (&fake{append: (&script{answers: []func(streams.Streams_AppendServer) error{answering(wrong(&seven))}}).append,
				read: func(_ *streams.ReadReq_Options, s streams.Streams_ReadServer) error {
					if reads.Add(1) <= row.reads {
						return s.Send(fakeEvent("s", 6, 7))
					}
					return s.Send(fakeEvent("s", 7, 8))
				}}).start(t)
			s := mustDial(t, f.connection(), Options{})
			within(t, "append", row.most, func() {
				_, err := s.Append(context.Background(), "s", eventstore.At(3), someEvents(1, 10))
				var refused *eventstore.WrongRevision
				if !errors.As(err, &refused) || refused.Actual != eventstore.At(7) {
					t.Errorf("%v", err)
				}
			})
			if n := reads.Load(); n <= min(row.reads, 10) {
				t.Errorf("refused after %d reads", n)
			}
			// Where the caller's time is over, it is said at once.
			ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
			defer cancel()
			reads.Store(0)
			within(t, "append", 50*time.Millisecond, func() {
				if _, err := s.Append(ctx, "s", eventstore.At(3), someEvents(1, 10)); !errors.As(err, new(*eventstore.WrongRevision)) {
					t.Errorf("%v", err)
				}
			})
		})
	}
}
