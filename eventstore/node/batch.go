package node

import (
	"context"
	"io"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/uuid"
	"google.golang.org/grpc/codes"

	"reliefledger.org/ledger/eventstore"
)

// BatchAppend takes appends in parts, several at once on one stream: the parts
// of a batch have its correlation id, the first one has the options, the last
// one says so. Node clients append by it, over one call that they keep.
//
// Each batch gets exactly one answer, whatever becomes of it: a client waits
// for it, and takes a second one for a fault of its own. So what still comes of
// a batch that was answered early is passed over.
func (s *service) BatchAppend(stream streams.Streams_BatchAppendServer) error {
	ctx := stream.Context()
	c := callOf(ctx)
	c.lasting = true
	if err := c.need(Write); err != nil && refusalOf(err).code == codes.Unauthenticated {
		return err
	}
	return s.paced(func(p *pace) error {
		b := &batcher{
			Server: s.Server, caller: c.caller, ctx: ctx,
			send: func(m *streams.BatchAppendResp) error {
				return p.send(func() error { return stream.Send(m) })
			},
			open:    make(map[uuid.UUID]*batch),
			ended:   make(map[uuid.UUID]struct{}),
			tails:   make(map[string]*batch),
			written: make(chan *batch),
		}
		return b.run(b.receive(stream))
	})
}

// batcher is one call of BatchAppend. Its fields belong to the goroutine of
// run, which alone takes parts, starts appends and sends answers: while its
// reader takes no answers it takes no parts, and what waits is bounded.
type batcher struct {
	*Server
	caller
	ctx  context.Context
	send func(*streams.BatchAppendResp) error

	open      map[uuid.UUID]*batch // not finished
	openBytes int
	ended     map[uuid.UUID]struct{} // answered before they were finished

	// Appends to one stream are written and answered in the order in which
	// they were finished, since a client may count on it; those to several
	// together. tails has the last one to each stream.
	running int
	tails   map[string]*batch
	written chan *batch
}

// batch is one append in parts.
type batch struct {
	proposal
	id       *shared.UUID // as the client wrote it
	key      uuid.UUID
	began    time.Time
	deadline time.Time

	answer eventstore.Appended // once written
	err    error
	done   chan struct{} // closed when run has answer and err
}

// received is what one Recv gave.
type received struct {
	part *streams.BatchAppendReq
	err  error
}

// receive gives what comes in, until the call ends.
func (b *batcher) receive(stream streams.Streams_BatchAppendServer) <-chan received {
	parts := make(chan received)
	b.Server.running.Go(func() {
		for {
			part, err := stream.Recv()
			select {
			case parts <- received{part, err}:
			case <-b.ctx.Done():
				return
			}
			if err != nil {
				return
			}
		}
	})
	return parts
}

// run answers until the client has no more to say and all is answered.
func (b *batcher) run(parts <-chan received) error {
	stopping := b.stopping.Done()
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	var end error
	for parts != nil || b.running > 0 {
		in := parts
		if b.running >= b.limits.runningBatches {
			in = nil
		}
		timer.Reset(b.untilNextDeadline())
		var err error
		select {
		case r := <-in:
			switch {
			case r.err == io.EOF:
				parts, err = nil, b.timeOut(func(*batch) bool { return true })
			case r.err != nil:
				return r.err
			default:
				err = b.take(r.part)
			}
		case w := <-b.written:
			b.running--
			err = b.finish(w)
		case now := <-timer.C:
			err = b.timeOut(func(w *batch) bool { return !now.Before(w.deadline) })
		case <-stopping:
			// What is being written is still answered; the error of the call is
			// the answer to the rest.
			parts, stopping, end = nil, nil, errStopping
			clear(b.open)
		case <-b.ctx.Done():
			return b.ctx.Err()
		}
		if err != nil {
			return err
		}
	}
	return end
}

func (b *batcher) untilNextDeadline() time.Duration {
	next := time.Hour
	for _, w := range b.open {
		next = min(next, time.Until(w.deadline))
	}
	return max(next, 0)
}

// timeOut ends unfinished batches.
func (b *batcher) timeOut(which func(*batch) bool) error {
	for _, w := range b.open {
		if which(w) {
			if err := b.endEarly(w, timedOut("the batch was not finished in time")); err != nil {
				return err
			}
		}
	}
	return nil
}

// endEarly answers a batch of which parts may still come.
func (b *batcher) endEarly(w *batch, why error) error {
	if _, ok := b.open[w.key]; ok {
		delete(b.open, w.key)
		b.openBytes -= w.bytes
	}
	if len(b.ended) >= b.limits.endedBatches {
		return refuse(codes.ResourceExhausted, "%d batches were answered before their end and never finished", len(b.ended))
	}
	b.ended[w.key] = struct{}{}
	return b.refuse(w, why)
}

// take takes one part.
func (b *batcher) take(part *streams.BatchAppendReq) error {
	key, err := parseID("a batch", part.GetCorrelationId())
	if err != nil {
		return err // of the call: nobody could tell which batch an answer is for
	}
	if _, ok := b.ended[key]; ok {
		if part.GetIsFinal() {
			delete(b.ended, key)
		}
		return nil
	}
	w, ok := b.open[key]
	if !ok {
		w = &batch{id: part.GetCorrelationId(), key: key, began: time.Now()}
		if err := b.begin(w, part.GetOptions()); err != nil {
			return b.reject(w, part, err)
		}
	}
	if err := b.add(w, part.GetProposedMessages()); err != nil {
		return b.reject(w, part, err)
	}
	if part.GetIsFinal() {
		delete(b.open, key)
		b.openBytes -= w.bytes
		b.write(w)
	}
	return nil
}

// reject answers a batch because of a part of it, which may be the last.
func (b *batcher) reject(w *batch, part *streams.BatchAppendReq, why error) error {
	err := b.endEarly(w, why)
	if part.GetIsFinal() {
		delete(b.ended, w.key)
	}
	return err
}

// write appends a finished batch, behind those to the same stream.
func (b *batcher) write(w *batch) {
	w.done = make(chan struct{})
	before := b.tails[w.stream]
	b.tails[w.stream] = w
	b.running++
	b.Server.running.Go(func() {
		defer close(w.done)
		if before != nil {
			<-before.done // which ends with its own deadline, or the call
		}
		w.err = guard(func() (err error) {
			ctx, cancel := context.WithDeadline(b.ctx, w.deadline)
			defer cancel()
			w.answer, err = b.store.Append(ctx, w.stream, w.expected, w.events)
			return err
		})
		select {
		case b.written <- w:
		case <-b.ctx.Done(): // run may be gone
		}
	})
}

// finish answers a batch that was written, or was not.
func (b *batcher) finish(w *batch) error {
	if b.tails[w.stream] == w {
		delete(b.tails, w.stream)
	}
	if w.err != nil {
		return b.refuse(w, w.err)
	}
	b.metrics.appended(w.events)
	last, exists := w.answer.Revision, true
	if len(w.events) == 0 {
		var err error
		if last, exists, err = b.lastRevision(b.ctx, w.stream); err != nil {
			return err
		}
	}
	b.metrics.finished("Batch", codes.OK.String(), time.Since(w.began), false)
	return b.send(w.succeeded(last, exists))
}

// refuse answers a batch with an error. What would be the same for every batch
// ends the call instead: clients know no such answer, and know how to do with
// the end of a call.
func (b *batcher) refuse(w *batch, why error) error {
	outcome := ""
	answer := w.refused(why, &outcome)
	if answer == nil {
		return why
	}
	b.metrics.finished("Batch", outcome, time.Since(w.began), false)
	return b.send(answer)
}
