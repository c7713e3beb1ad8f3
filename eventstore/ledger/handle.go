package ledger

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/eventstore"
)

// Done is the answer to an accepted order.
type Done struct {
	Command uuid.UUID
	Stream  string
	Events  []uuid.UUID
	Numbers []uint64 // of Events
	// Position is at or after the last of Events: books that have come this far
	// have what the order wrote.
	Position eventstore.Position
	// Repeated says that the order had been accepted before: nothing was
	// written now.
	Repeated bool
}

// retries bounds how often an order is decided again because another process
// wrote its stream first. Within a process the stream's lock lets only one write,
// so each time another process has done its work. With ten processes at one
// stream, a hundred times in a row is never seen.
const retries = 100

// Do prepares, signs and carries out an order. Errors: *domain.Refusal, a typed
// error of this package, or one of the store; with each of them nothing was
// written, except where the store's error says that the outcome is unknown.
func (l *Ledger) Do(ctx context.Context, o *domain.Order, signers ...Signer) (*Done, error) {
	return l.DoAt(ctx, o, time.Time{}, signers...)
}

// DoAt is Do for a simulated ledger, whose orders say when they are recorded.
func (l *Ledger) DoAt(ctx context.Context, o *domain.Order, at time.Time, signers ...Signer) (*Done, error) {
	s, err := l.Sign(ctx, o, at, signers...)
	if err != nil {
		return nil, err
	}
	return l.Submit(ctx, s.Prepared, s.Proof, s.Second)
}

// Submit carries out a prepared order with its signatures.
func (l *Ledger) Submit(ctx context.Context, p *Prepared, proof domain.Proof, second *domain.SecondProof) (*Done, error) {
	l.mu.Lock()
	ahead := l.ahead != nil
	l.mu.Unlock()
	if ahead {
		if done, fallBack, err := l.submitAhead(ctx, p, &proof, second); !fallBack {
			if err == nil {
				err = l.forgetAfter(ctx, p)
			}
			return done, err
		}
	}
	done, err := l.submitSynced(ctx, p, proof, second)
	if err != nil {
		return nil, err
	}
	// The answer promises what has to follow in other streams, too. If it is cut
	// off here, the next order or the next start goes on with it.
	if err := l.carryOn(ctx); err != nil {
		return nil, written(err)
	}
	l.addNumbers(done)
	return done, l.forgetAfter(ctx, p)
}

// addNumbers looks up the numbers of an answer's events and adds them to it.
func (l *Ledger) addNumbers(done *Done) {
	l.View(func(s *domain.Ledger) {
		for _, id := range done.Events {
			n, _ := s.Number(id)
			done.Numbers = append(done.Numbers, n)
		}
	})
}

// submitSynced carries an order out against what is synced, on a store that other
// processes may write too. Each append names the revision that was decided on; if
// another process was first, the order is decided again.
func (l *Ledger) submitSynced(ctx context.Context, p *Prepared, proof domain.Proof, second *domain.SecondProof) (*Done, error) {
	o := p.Order
	stream := o.Stream()
	unlock := l.lock(stream)
	defer unlock()
	claimed := p.number == "" && p.account == ""
	for try := 0; ; try++ {
		d, parts, expected, err := l.decide(p, &proof, second)
		if err != nil {
			return nil, err
		}
		if d == nil {
			return l.answerFor(o, true), nil
		}
		if !claimed {
			if err := l.claim(ctx, p, o); err != nil {
				return nil, err
			}
			claimed = true
		}
		err = l.append(ctx, stream, expected, parts)
		var wrong *eventstore.WrongRevision
		if errors.As(err, &wrong) && try < retries {
			// Another process wrote the stream: fold what it wrote, decide again.
			if err := l.catchUp(ctx, stream, wrong.Actual); err != nil {
				return nil, err
			}
			if !pause(ctx, try) {
				return nil, ctx.Err()
			}
			continue
		}
		if err != nil {
			return nil, err
		}
		return l.answerFor(o, false), nil
	}
}

// answerFor is the answer to an order whose events the state has.
func (l *Ledger) answerFor(o *domain.Order, repeated bool) *Done {
	l.mu.Lock()
	defer l.mu.Unlock()
	d := &Done{Command: o.ID, Stream: o.Stream(), Repeated: repeated, Position: l.position}
	if e := l.state.Effect(o.ID); e != nil {
		d.Events = e.Events
	}
	return d
}
