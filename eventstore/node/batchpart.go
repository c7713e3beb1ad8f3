package node

import (
	"context"
	"errors"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"google.golang.org/grpc/codes"

	"reliefledger.org/ledger/eventstore"
)

// begin opens a batch.
func (b *batcher) begin(w *batch, o *streams.BatchAppendReq_Options) error {
	if o == nil {
		return invalid("the first part of a batch has no options")
	}
	w.stream = string(o.GetStreamIdentifier().GetStreamName())
	if err := b.need(Write); err != nil {
		return err
	}
	if err := checkStream(w.stream); err != nil {
		return err
	}
	switch e := o.GetExpectedStreamPosition().(type) {
	case *streams.BatchAppendReq_Options_StreamPosition:
		w.expected = eventstore.At(e.StreamPosition)
	case *streams.BatchAppendReq_Options_NoStream:
		w.expected = eventstore.NoStream
	case *streams.BatchAppendReq_Options_Any:
		w.expected = eventstore.Any
	case *streams.BatchAppendReq_Options_StreamExists:
		w.expected = eventstore.StreamExists
	default:
		return invalid("a batch for stream %.80q does not say what revision it expects", w.stream)
	}
	w.deadline = deadlineOf(o, w.began, b.limits.batchTime)
	switch {
	case !w.deadline.After(w.began):
		return timedOut("the deadline of the batch has passed")
	case len(b.open) >= b.limits.openBatches:
		return timedOut("%d batches are not finished, more are not begun", len(b.open))
	}
	b.open[w.key] = w
	return nil
}

// add takes the events of a part.
func (b *batcher) add(w *batch, events []*streams.BatchAppendReq_ProposedMessage) error {
	for _, m := range events {
		e, err := proposed(m)
		if err != nil {
			return err
		}
		before := w.bytes
		err = w.add(e)
		b.openBytes += w.bytes - before
		if err != nil {
			return err
		}
	}
	if b.openBytes > b.limits.openBytes {
		return timedOut("the batches that are not finished have more than %d bytes", b.limits.openBytes)
	}
	return nil
}

// deadlineOf reads until when a batch must be written, latest. The old form is
// a moment, the new one a span, or, as some Node clients write it, a moment too:
// its seconds since 1970. A moment is by the client's clock.
func deadlineOf(o *streams.BatchAppendReq_Options, now time.Time, latest time.Duration) time.Time {
	const aMoment = 10 * 365 * 24 * time.Hour // no span is that long
	deadline := now.Add(latest)
	switch d := o.GetDeadlineOption().(type) {
	case *streams.BatchAppendReq_Options_Deadline_21_10_0:
		if asked := d.Deadline_21_10_0.AsTime(); d.Deadline_21_10_0 != nil && asked.Before(deadline) {
			return asked
		}
	case *streams.BatchAppendReq_Options_Deadline:
		span := d.Deadline.AsDuration()
		if span > aMoment {
			span = time.Unix(0, int64(span)).Sub(now)
		}
		if d.Deadline != nil && span < latest {
			return now.Add(span)
		}
	}
	return deadline
}

// timeout is the refusal that a batch gets as Timeout.
type timeout struct{ *refusal }

func (t timeout) Unwrap() error { return t.refusal }

func timedOut(format string, args ...any) error {
	return timeout{refuse(codes.DeadlineExceeded, format, args...)}
}

// isTimeout: of an append that was cut off by its deadline clients must not
// believe more than of one whose outcome is unknown.
func isTimeout(err error) bool {
	var late timeout
	var unknown *eventstore.OutcomeUnknown
	return errors.As(err, &late) || errors.As(err, &unknown) || errors.Is(err, context.DeadlineExceeded)
}
