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

// Append is described at eventstore.Store. It sends once: who gets
// *OutcomeUnknown sends again.
func (s *Store) Append(ctx context.Context, stream string, expected eventstore.Expected, events []eventstore.Event) (eventstore.Appended, error) {
	if err := s.checkAppend(stream, events); err != nil {
		return eventstore.Appended{}, err
	}
	if err := s.ended(ctx); err != nil {
		return eventstore.Appended{}, err
	}
	ctx, cancel := s.bounded(ctx)
	defer cancel()
	a := &appending{stream: stream, expected: expected, events: proposed(events)}
	for pause := time.Duration(0); ; pause = min(max(firstPause, 2*pause), lastPause) {
		answer, err := s.send(ctx, a)
		var again *notSent
		switch {
		case err == nil:
			return a.result(answer)
		case !errors.As(err, &again):
			return eventstore.Appended{}, err
		case !sleep(ctx, pause, s.gate.closing):
			if err := s.ended(ctx); errors.Is(err, eventstore.ErrClosed) {
				return eventstore.Appended{}, err
			}
			return eventstore.Appended{}, s.gate.outOfTime(ctx, again.cause)
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
	expected eventstore.Expected
	events   []client.EventData
}

// notSent is the error of an append that had no effect and may simply be made
// again: the session was given up before it got a connection, or the node was
// not the leader and named it, and the client has changed over to that.
type notSent struct{ cause error }

func (e *notSent) Error() string { return e.cause.Error() }

// send makes one call and waits for it. Its error is *notSent or the caller's.
func (s *Store) send(ctx context.Context, a *appending) (*client.WriteResult, error) {
	session, err := s.gate.enter(ctx, nil)
	if err != nil {
		return nil, err
	}
	var answer *client.WriteResult
	call := session.begin(ctx, s.gate.appends, func(ctx context.Context, c *client.Client) (err error) {
		// Without a deadline in the options the client would set one of 10
		// seconds, before or after ours.
		forEver := time.Duration(math.MaxInt64)
		options := client.AppendToStreamOptions{ExpectedRevision: revision(a.expected), Deadline: &forEver}
		answer, err = c.AppendToStream(ctx, s.prefix+a.stream, options, a.events...)
		return err
	})
	select {
	case <-call.done:
	case <-ctx.Done():
		session.suspect()
		maybeSent := call.leave()
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
		return nil, &notSent{err}
	case call.stage.Load() != sent && ctx.Err() != nil:
		return nil, s.gate.outOfTime(ctx, err)
	case call.stage.Load() != sent && transient(err):
		return nil, &notSent{err}
	case ctx.Err() != nil && !notWritten(err):
		return nil, &eventstore.OutcomeUnknown{Cause: fmt.Errorf("%w: %w", timeOut(ctx), err)}
	}
	return nil, s.appendError(a, err)
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
	case wrong || notWritten(err):
		if named := public(err); named != err {
			return named
		}
		return fmt.Errorf("append to stream %q on %s: %w", a.stream, s.gate.address.name, err)
	}
	return &eventstore.OutcomeUnknown{Cause: err}
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
