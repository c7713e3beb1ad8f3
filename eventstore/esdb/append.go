package esdb

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"

	client "github.com/EventStore/EventStore-Client-Go/v4/esdb"

	"reliefledger.org/ledger/eventstore"
)

// Append is described at eventstore.Store. Where nobody knows what became of what
// it sent, it sends the same again, until ctx ends: the same bytes, with their ids
// and expected revision, have one effect. So a server that drops an append whose
// twin is on its way, and says so after two seconds, is asked until it knows.
//
// An append that names no revision is sent again only while the connection
// stands: behind another one may be a server that has forgotten it.
func (s *Store) Append(ctx context.Context, stream string, expected eventstore.Expected, events []eventstore.Event) (eventstore.Appended, error) {
	if err := s.checkAppend(stream, events); err != nil {
		return eventstore.Appended{}, err
	}
	return s.append(ctx, &appending{stream: stream, full: s.prefix + stream, expected: expected, events: proposed(events)})
}

func (s *Store) append(ctx context.Context, a *appending) (eventstore.Appended, error) {
	if err := s.ended(ctx); err != nil {
		return eventstore.Appended{}, err
	}
	ctx, cancel := s.bounded(ctx)
	defer cancel()
	for pause := time.Duration(0); ; pause = min(max(firstPause, 2*pause), lastPause) {
		answer, err := s.send(ctx, a)
		var again *sendAgain
		switch {
		case err == nil:
			return a.result(answer)
		case !errors.As(err, &again):
			s.untilReadable(ctx, err)
			return eventstore.Appended{}, a.outcome(ctx, err)
		case !sleep(ctx, pause, s.gate.closing):
			if err := s.ended(ctx); errors.Is(err, eventstore.ErrClosed) {
				return eventstore.Appended{}, a.outcome(ctx, err)
			}
			return eventstore.Appended{}, a.outcome(ctx, s.gate.outOfTime(ctx, again.cause))
		}
	}
}

// checkAppend holds an append to the limits, before anything else. On the
// server the prefix is part of the name.
func (s *Store) checkAppend(stream string, events []eventstore.Event) error {
	if err := eventstore.CheckAppend(stream, events); err != nil {
		return err
	}
	if n := len(s.prefix) + len(stream); n > eventstore.MaxStreamName {
		return &eventstore.BadStream{Stream: stream,
			Why: fmt.Sprintf("has with the prefix %q %d bytes, %d are allowed", s.prefix, n, eventstore.MaxStreamName)}
	}
	return nil
}

// appending is an append in the client's terms.
type appending struct {
	stream   string // without prefix
	full     string // with it
	expected eventstore.Expected
	events   []client.EventData

	lost    error    // why nobody knows what became of an attempt; nil: none was lost
	session *session // of the last attempt
}

// outcome is the error of an append that is not sent again. Once an attempt was
// lost, only an answer to the append itself settles it: that it is there, or that
// others are in its place. A store that is away, closed or denies access says
// nothing about what was sent before.
func (a *appending) outcome(ctx context.Context, err error) error {
	var wrong *eventstore.WrongRevision
	switch {
	case a.lost == nil || errors.As(err, &wrong):
		return err
	case ctx.Err() != nil:
		return &eventstore.OutcomeUnknown{Cause: fmt.Errorf("%w: %w", timeOut(ctx), a.lost)}
	}
	return &eventstore.OutcomeUnknown{Cause: a.lost}
}

// sendAgain is the error of an attempt that may be followed by another: it had no
// effect, because the session was given up before it got a connection, or the node
// was not the leader and named it, and the client has changed over to that; or it
// was lost, and is settled by another.
type sendAgain struct{ cause error }

func (e *sendAgain) Error() string { return e.cause.Error() }

// sendGrace is how long an append goes on whose caller has left. A call that is
// cancelled while it sends makes the client read what gRPC is writing; sending takes
// less than this.
const sendGrace = 100 * time.Millisecond

// send makes one call and waits for it. Its error is *sendAgain or the caller's.
func (s *Store) send(ctx context.Context, a *appending) (*client.WriteResult, error) {
	session, err := s.gate.enter(ctx, nil)
	if err != nil {
		return nil, err
	}
	if a.lost != nil && session != a.session && !named(a.expected) {
		s.gate.leave(session)
		return nil, &eventstore.OutcomeUnknown{Cause: a.lost}
	}
	a.session = session
	var answer *client.WriteResult
	call := session.begin(context.WithoutCancel(ctx), s.gate.appends, func(ctx context.Context, c *client.Client) (err error) {
		// Without a deadline in the options the client would set one of 10
		// seconds, before or after ours.
		forEver := time.Duration(math.MaxInt64)
		options := client.AppendToStreamOptions{ExpectedRevision: revision(a.expected), Deadline: &forEver}
		answer, err = c.AppendToStream(ctx, a.full, options, a.events...)
		return err
	})
	select {
	case <-call.done:
	case <-ctx.Done():
		session.suspect()
		maybeSent := call.leave(sendGrace)
		select {
		case <-call.done: // just now
		default:
			if !maybeSent {
				return nil, s.gate.outOfTime(ctx, nil)
			}
			return nil, &eventstore.OutcomeUnknown{Cause: timeOut(ctx)}
		}
	}
	err = call.err
	switch {
	case err == nil:
		return answer, nil
	case brokeConnection(err):
		session.retire(err)
	}
	switch {
	case madeNoDifference(err):
		return nil, &sendAgain{err}
	case call.stage.Load() != sent && ctx.Err() != nil:
		return nil, s.gate.outOfTime(ctx, err)
	case call.stage.Load() != sent && transient(err):
		return nil, &sendAgain{err}
	case ctx.Err() != nil && !notWritten(err):
		return nil, &eventstore.OutcomeUnknown{Cause: fmt.Errorf("%w: %w", timeOut(ctx), err)}
	}
	said := s.appendError(a, err)
	var unknown *eventstore.OutcomeUnknown
	if errors.As(said, &unknown) && transient(err) && (named(a.expected) || !session.retired.Load()) {
		a.lost = err
		return nil, &sendAgain{err}
	}
	return nil, said
}

// timeOut is why a context ended; the client's patience is not the caller's
// deadline.
func timeOut(ctx context.Context) error {
	if errors.Is(context.Cause(ctx), errPatience) {
		return errPatience
	}
	return ctx.Err()
}

// appendError says what a failed append leaves behind.
func (s *Store) appendError(a *appending, err error) error {
	actual, known, wrong := wrongRevision(err)
	switch {
	case known:
		return &eventstore.WrongRevision{Stream: a.stream, Expected: a.expected, Actual: actual}
	case tombstoned(err):
		return &eventstore.Tombstoned{Stream: a.stream}
	case wrong || notWritten(err):
		if named := public(err); named != err {
			return named
		}
		return fmt.Errorf("append to stream %q on %s: %w", a.stream, s.gate.address.name, err)
	}
	return &eventstore.OutcomeUnknown{Cause: err}
}

const (
	// readablePatience bounds how long a refusal waits for what it rests on. A
	// server that leads needs some milliseconds, one that forwards a little more.
	readablePatience = 2 * time.Second
	// readablePause is the first pause between two looks.
	readablePause = 2 * time.Millisecond
)

// untilReadable holds a refusal back until the revision that it names can be
// read: whoever is refused reads and decides again, and a server tells of what is
// written before it shows it.
func (s *Store) untilReadable(ctx context.Context, refusal error) {
	var wrong *eventstore.WrongRevision
	if !errors.As(refusal, &wrong) {
		return
	}
	revision, ok := wrong.Actual.Revision()
	ctx, cancel := context.WithTimeout(ctx, readablePatience)
	defer cancel()
	for pause := readablePause; ok; pause = min(2*pause, lagPause) {
		last, exists, err := s.lastRevision(ctx, wrong.Stream)
		ok = err == nil && (!exists || last < revision) && sleep(ctx, pause, s.gate.closing)
	}
}

// errStrangeAnswer is the cause of an outcome that is unknown because the answer
// made no sense.
var errStrangeAnswer = errors.New("the answer is not one to this append")

// result reads the answer. To one that has neither of the two contents it knows
// the client says revision 1 and no error; where a revision was expected, that
// shows. An append of no events has no revision and no position.
func (a *appending) result(answer *client.WriteResult) (eventstore.Appended, error) {
	events, got := len(a.events), answer.NextExpectedVersion
	if events == 0 {
		return eventstore.Appended{}, nil
	}
	last, bound := uint64(events-1), a.expected == eventstore.NoStream
	if after, ok := a.expected.Revision(); ok {
		last, bound = after+uint64(events), true
	}
	if got < uint64(events-1) || bound && got != last {
		return eventstore.Appended{}, &eventstore.OutcomeUnknown{Cause: fmt.Errorf("%w: %d events at %s end at revision %d", errStrangeAnswer, events, a.expected, got)}
	}
	return eventstore.Appended{
		Revision: got,
		Position: position(client.Position{Commit: answer.CommitPosition, Prepare: answer.PreparePosition}),
	}, nil
}

func revision(e eventstore.Expected) client.ExpectedRevision {
	switch e {
	case eventstore.Any:
		return client.Any{}
	case eventstore.NoStream:
		return client.NoStream{}
	case eventstore.StreamExists:
		return client.StreamExists{}
	}
	at, _ := e.Revision()
	return client.Revision(at)
}

// proposed copies events into the client's form: a call may run on after its
// caller has left, and the slices are the caller's. What is JSON says so, which
// changes nothing but how the server's own pages show it.
func proposed(events []eventstore.Event) []client.EventData {
	made := make([]client.EventData, len(events))
	for i, e := range events {
		made[i] = client.EventData{
			EventID: e.ID, EventType: e.Type, ContentType: client.ContentTypeBinary,
			Data: bytes.Clone(e.Data), Metadata: bytes.Clone(e.Metadata),
		}
		if json.Valid(e.Data) {
			made[i].ContentType = client.ContentTypeJson
		}
	}
	return made
}
