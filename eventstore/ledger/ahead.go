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

// Where this process holds the folder, commands are decided ahead (design
// section 6): one after the other against a state that already has what was
// decided before and is not synced yet. All that waits is written with one
// sync, and nobody is answered, also not the refused, before what his answer
// rests on is synced.
//
// It rests on the store's line of appends: if one is refused, because another
// process wrote its stream through the holder's socket, no later one is written.
// The state is then dropped and folded again from the store, and from then on
// commands are decided as on a server that others write too: against what is
// synced, each append naming its revision (handle.go). So too when an event of
// another process gets in between ours: our numbers would be off by one.
type ahead struct {
	line *embedded.Line
	// unseen are the events that the state has and the follower has not met
	// yet, in order.
	unseen []uuid.UUID
	// last is the last append; a refusal rests on all up to it.
	last *embedded.Sent
}

// directly returns the embedded store that this process holds, if it does.
func directly(store eventstore.Store) *embedded.Store {
	switch s := store.(type) {
	case *embedded.Store:
		return s
	case interface{ Embedded() *embedded.Store }:
		return s.Embedded()
	}
	return nil
}

// submitAhead carries an order out ahead; fell says that it has to be done the
// other way.
func (l *Ledger) submitAhead(ctx context.Context, p *Prepared, proof *domain.Proof, second *domain.SecondProof) (done *Done, fell bool, err error) {
	o := p.Order
	p.checked = l.checkAhead(o, proof, second)
	if p.number != "" || p.account != "" {
		// Number and account are claimed between the decision and the event; what is
		// refused claims none.
		l.mu.Lock()
		d, _, _, err := l.decideLocked(p, proof, second, nil)
		a := l.ahead
		l.mu.Unlock()
		if a == nil {
			return nil, true, nil
		}
		if err != nil || d == nil {
			return l.rested(ctx, a, o, err)
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
		return l.rested(ctx, a, o, err)
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
		sent, err = l.stepsLocked(a, sent)
	}
	l.mu.Unlock()

	done = &Done{Command: o.ID, Stream: d.Stream}
	for i, w := range sent {
		answer, e := w.Wait(ctx)
		if e != nil {
			if !l.overtaken(e) && i > 0 {
				return nil, false, written(e) // its first part is
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

// rested answers an order that wrote nothing, refused or accepted before, once
// what that rests on is synced.
func (l *Ledger) rested(ctx context.Context, a *ahead, o *domain.Order, refused error) (*Done, bool, error) {
	l.mu.Lock()
	last := a.last
	l.mu.Unlock()
	if last != nil {
		answer, err := last.Wait(ctx)
		if err == nil && refused == nil {
			// The numbers of what was written before are sure once the follower
			// has met it.
			err = l.meets(ctx, answer.Position)
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
	done := l.answered(o, true)
	l.numbered(done)
	return done, false, nil
}

// meets waits until the follower has met the event at a position.
func (l *Ledger) meets(ctx context.Context, p eventstore.Position) error {
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

// overtaken says that another process wrote before us.
func (*Ledger) overtaken(err error) bool {
	var wrong *eventstore.WrongRevision
	return errors.As(err, &wrong) || errors.Is(err, embedded.ErrLineBroken)
}

// sendLocked sends one append and folds its events, which the follower will
// meet later. Under mu.
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

// stepsLocked sends the steps that processes owe. Under mu.
func (l *Ledger) stepsLocked(a *ahead, sent []*embedded.Sent) ([]*embedded.Sent, error) {
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

// meet says whether an event that the follower met is one of ours, which the
// state has. One of another process between ours makes the state start over, up
// to and with it. Under mu.
func (l *Ledger) meetLocked(raw eventstore.Recorded) (had bool) {
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

// startOver drops a state that has events which were never written.
func (l *Ledger) startOver(ctx context.Context, a *ahead) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ahead != a {
		return nil // another caller was first
	}
	return l.foldAgainLocked(ctx)
}

// foldAgainLocked folds what the store has, and decides nothing ahead any more.
// Under mu: nobody may decide meanwhile, and nobody's context ends it halfway.
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
