package ledger

import (
	"crypto/rand"
	"fmt"
	"time"

	"github.com/google/uuid"

	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/eventstore"
	"reliefledger.org/ledger/eventstore/codec"
)

// decide lets the domain decide and encodes what it decided, with ids, salts
// and time drawn once. A nil decision is an order that was accepted before.
func (l *Ledger) decide(p *Prepared, proof *domain.Proof, second *domain.SecondProof) (*domain.Decision, [][]eventstore.Event, eventstore.Expected, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.decideLocked(p, proof, second, nil)
}

// decideLocked is decide under mu. toBe are parties that a list may name although
// they are not registered, where it is only tried.
func (l *Ledger) decideLocked(p *Prepared, proof *domain.Proof, second *domain.SecondProof, toBe map[domain.ID]*domain.Party) (*domain.Decision, [][]eventstore.Event, eventstore.Expected, error) {
	o := p.Order
	if l.failed != nil {
		return nil, nil, 0, fmt.Errorf("follow the event store: %w", l.failed)
	}
	if l.readOnly != nil {
		return nil, nil, 0, fmt.Errorf("the ledger is read-only: %w", l.readOnly)
	}
	if before, err := l.state.Done(o.ID, p.Digest[:]); err != nil || before != nil && before.Complete {
		return nil, nil, 0, err
	}
	if err := l.checkSigned(o, proof, second, p.checked); err != nil {
		return nil, nil, 0, err
	}
	now := l.now(p.At)
	d, err := l.state.Decide(o, domain.Env{Now: now, Calendar: l.calendar, ToBe: toBe})
	if err != nil {
		return nil, nil, 0, err
	}
	if last := l.state.LastRecorded(d.Stream); now.Before(last) {
		now = last // recorded time never runs backwards within a stream
	}
	meta := domain.Metadata{Recorded: now, Actor: o.Actor, Role: d.Role, Command: proof, Second: second, Saw: l.state.Count}
	text := codec.Signed(p.Text)
	var parts [][]eventstore.Event
	for _, part := range d.Parts {
		events, err := encode(part, meta, text)
		if err != nil {
			return nil, nil, 0, err
		}
		text = ""
		parts = append(parts, events)
	}
	return d, parts, l.expected(d.Stream), nil
}

// now is the moment to be recorded, in microseconds. Only in a simulated ledger
// may an order say it.
func (l *Ledger) now(at time.Time) time.Time {
	if at.IsZero() {
		at = l.clock()
		if l.state.Opened != nil && l.state.Opened.Simulated && !l.lastTime.IsZero() {
			at = l.lastTime // simulated time does not pass between orders
		}
	} else if l.state.Opened != nil && !l.state.Opened.Simulated {
		at = l.clock()
	}
	return at.UTC().Truncate(time.Microsecond)
}

// expected is the revision of a stream as the state has it.
func (l *Ledger) expected(stream string) eventstore.Expected {
	if rev, ok := l.state.Revision(stream); ok {
		return eventstore.At(rev)
	}
	return eventstore.NoStream
}

// encode turns events into bytes, each with an id and a salt of its own. The first
// gets the signed text.
func encode(events []domain.Event, m domain.Metadata, text codec.Signed) ([]eventstore.Event, error) {
	encoded := make([]eventstore.Event, len(events))
	m.Schema = codec.Schema
	for i, e := range events {
		m.Salt = make([]byte, 16)
		rand.Read(m.Salt)
		id, err := uuid.NewV7()
		if err != nil {
			return nil, err
		}
		if encoded[i], err = codec.Encode(id, e, m, text); err != nil {
			return nil, err
		}
		text = ""
	}
	return encoded, nil
}
