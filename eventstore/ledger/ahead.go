package ledger

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/eventstore"
	"reliefledger.org/ledger/eventstore/codec"
	"reliefledger.org/ledger/eventstore/embedded"
	"reliefledger.org/ledger/eventstore/snapshot"
)

// Where this process holds the folder, orders are decided ahead (design section
// 6): one after the other, against a state that already has the events of those
// before, synced or not. All that waits is written with one sync. An order is
// answered, accepted or refused, only once everything is synced that the decision
// took into account.
//
// This is safe because of the store's line of appends: if an append is refused,
// because another process wrote its stream through the holder's socket, no later
// append of the line is written. The state is then dropped and folded again from
// the store. From then on orders are decided as on a server that other processes
// write too: against what is synced, each append naming its revision (handle.go).
// The same is done when an event of another process is written between ours,
// because the numbers that ours have in the state would be wrong.
type ahead struct {
	line *embedded.Line
	// unseen are the events that were folded when they were sent, and that the
	// follower has not reached yet, in order.
	unseen []uuid.UUID
	// last is the last append. An answer that writes nothing waits for it, since
	// the decision took into account all that was sent up to then.
	last *embedded.Sent
}

// embeddedOf returns the embedded store behind a store, nil where this process
// does not hold one.
func embeddedOf(store eventstore.Store) *embedded.Store {
	switch s := store.(type) {
	case *embedded.Store:
		return s
	case interface{ Embedded() *embedded.Store }:
		return s.Embedded()
	}
	return nil
}

// submitAhead carries an order out ahead. fallBack says that it could not: then
// submitSynced has to, and finds in the state what was written of it by then.
func (l *Ledger) submitAhead(ctx context.Context, p *Prepared, proof *domain.Proof, second *domain.SecondProof) (done *Done, fallBack bool, err error) {
	o := p.Order
	p.checked = l.checkAhead(o, proof, second)
	if p.number != "" || p.account != "" {
		// Number and account are claimed after a decision and before the event, so
		// that an order which is refused claims none.
		l.mu.Lock()
		d, _, _, err := l.decideLocked(p, proof, second, nil)
		a := l.ahead
		l.mu.Unlock()
		if a == nil {
			return nil, true, nil
		}
		if err != nil || d == nil {
			return l.answerUnwritten(ctx, a, o, err)
		}
		if err := l.claim(ctx, p, o); err != nil {
			return nil, false, err
		}
	}
	l.mu.Lock()
	a := l.ahead
	if a == nil {
		l.mu.Unlock()
		return nil, true, nil
	}
	d, parts, expected, err := l.decideLocked(p, proof, second, nil)
	if err != nil || d == nil {
		l.mu.Unlock()
		return l.answerUnwritten(ctx, a, o, err)
	}
	var sent []*embedded.Sent
	for _, events := range parts {
		w, e := l.sendLocked(a, d.Stream, expected, events)
		if err = e; err != nil {
			break
		}
		sent = append(sent, w)
		expected = l.expected(d.Stream)
	}
	ours := len(sent)
	if err == nil {
		sent, err = l.sendStepsLocked(a, sent)
	}
	l.mu.Unlock()

	done = &Done{Command: o.ID, Stream: d.Stream}
	for i, w := range sent {
		answer, e := w.Wait(ctx)
		if e != nil {
			if !l.overtaken(e) && i > 0 {
				return nil, false, written(e) // an earlier part is
			}
			if !l.overtaken(e) {
				return nil, false, e
			}
			if e := l.startOver(ctx, a); e != nil {
				return nil, false, e
			}
			return nil, true, nil
		}
		done.Position = answer.Position
		if i < ours {
			done.number(answer, parts[i])
		}
	}
	if err != nil && len(sent) > 0 {
		err = written(err)
	}
	return done, false, err
}

// number adds the events of a part with their numbers. Of an embedded store the
// position of an event is the number after it.
func (d *Done) number(answer eventstore.Appended, events []eventstore.Event) {
	end, _ := answer.Position.Pair()
	for i, e := range events {
		d.Events = append(d.Events, e.ID)
		d.Numbers = append(d.Numbers, end-uint64(len(events)-i))
	}
}

// answerUnwritten answers an order that writes nothing, because it is refused or was
// accepted before, once everything is synced that the decision took into account.
func (l *Ledger) answerUnwritten(ctx context.Context, a *ahead, o *domain.Order, refused error) (*Done, bool, error) {
	l.mu.Lock()
	last := a.last
	l.mu.Unlock()
	if last != nil {
		answer, err := last.Wait(ctx)
		if err == nil && refused == nil {
			// The numbers of what was written before are certain once the follower
			// has reached it.
			err = l.waitReached(ctx, answer.Position)
		}
		if err != nil {
			if !l.overtaken(err) {
				return nil, false, err
			}
			if err := l.startOver(ctx, a); err != nil {
				return nil, false, err
			}
			return nil, true, nil
		}
	}
	if refused != nil {
		return nil, false, refused
	}
	done := l.answerFor(o, true)
	l.addNumbers(done)
	return done, false, nil
}

// waitReached waits until the follower has reached the event at a position.
func (l *Ledger) waitReached(ctx context.Context, p eventstore.Position) error {
	for {
		l.mu.Lock()
		there, failed, grown := l.position.Compare(p) >= 0, l.failed, l.grown
		l.mu.Unlock()
		switch {
		case there:
			return nil
		case failed != nil:
			return fmt.Errorf("follow the event store: %w", failed)
		}
		select {
		case <-grown:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// overtaken says that an append failed because another process wrote first.
func (*Ledger) overtaken(err error) bool {
	var wrong *eventstore.WrongRevision
	return errors.As(err, &wrong) || errors.Is(err, embedded.ErrLineBroken)
}

// sendLocked sends one append and folds its events, before they are synced and
// before the follower reaches them. Under mu.
func (l *Ledger) sendLocked(a *ahead, stream string, expected eventstore.Expected, events []eventstore.Event) (*embedded.Sent, error) {
	w, err := a.line.Send(stream, expected, events)
	if err != nil {
		return nil, err
	}
	a.last = w
	revision, begun := expected.Revision()
	if begun {
		revision++
	}
	for i, e := range events {
		r, err := codec.Decode(eventstore.Recorded{Event: e, Stream: stream, Revision: revision + uint64(i)}, l.state.Count)
		if err != nil {
			return nil, fmt.Errorf("read again what was just written: %w", err) // a fault of ours
		}
		l.applyLocked(r)
		a.unseen = append(a.unseen, e.ID)
	}
	return w, nil
}

// sendStepsLocked sends the steps that processes owe. Under mu.
func (l *Ledger) sendStepsLocked(a *ahead, sent []*embedded.Sent) ([]*embedded.Sent, error) {
	for {
		step, ok := l.state.Next()
		if !ok {
			return sent, nil
		}
		events, expected, err := l.encodeStep(step)
		if err != nil {
			return sent, err
		}
		w, err := l.sendLocked(a, step.Stream, expected, events)
		if err != nil {
			return sent, fmt.Errorf("continue in %s what %s began: %w", step.Stream, step.Cause, err)
		}
		sent = append(sent, w)
	}
}

// reachLocked is called when the follower reaches an event, and says whether the
// state has it: because it was folded when it was sent, or because it is another
// process's event between ours, which makes the state start over and fold all that
// the store has, that event with it. Under mu.
func (l *Ledger) reachLocked(raw eventstore.Recorded) (had bool) {
	a := l.ahead
	if a == nil || len(a.unseen) == 0 {
		return false
	}
	if a.unseen[0] == raw.ID {
		a.unseen = a.unseen[1:]
		return true
	}
	_ = l.foldAgainLocked(context.Background()) // which sets failed
	return true
}

// startOver drops a state that has events which were never written, once for all
// orders that waited for them.
func (l *Ledger) startOver(ctx context.Context, a *ahead) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ahead != a {
		return nil // another caller was first
	}
	return l.foldAgainLocked(ctx)
}

// foldAgainLocked folds what the store has; from then on nothing is decided ahead.
// It is under mu, so that nothing is decided meanwhile, and no caller's context ends
// it halfway.
func (l *Ledger) foldAgainLocked(ctx context.Context) error {
	l.ahead = nil
	l.state, l.position, l.point = domain.NewLedger(), eventstore.Position{}, snapshot.Point{}
	for r, err := range l.store.ReadAll(context.WithoutCancel(ctx), eventstore.Position{}, eventstore.Forwards) {
		if err != nil {
			l.failed = fmt.Errorf("read events again: %w", err) // a part of them is no state
			return l.failed
		}
		l.foldLocked(r)
	}
	return nil
}
