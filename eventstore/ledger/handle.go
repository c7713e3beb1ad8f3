package ledger

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"time"

	"github.com/google/uuid"

	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/eventstore"
	"reliefledger.org/ledger/eventstore/codec"
)

// Done is the answer to an accepted order.
type Done struct {
	Command uuid.UUID
	Stream  string
	Events  []uuid.UUID
	Numbers []uint64 // of Events
	// Position is at or after the last of Events: books that reach it have
	// what this order wrote.
	Position eventstore.Position
	// Repeated says that the order had been accepted before: nothing was
	// written now.
	Repeated bool
}

// Unsigned says that an order lacks a signature that it needs, or has a wrong
// one. Nothing was written.
type Unsigned struct {
	Officer uuid.UUID
	Why     string
}

func (e *Unsigned) Error() string { return fmt.Sprintf("officer %s: %s", e.Officer, e.Why) }

// NumberTaken says that an id number belongs to another party already.
type NumberTaken struct{ Party uuid.UUID }

func (e *NumberTaken) Error() string {
	return fmt.Sprintf("the id number belongs to party %s already", e.Party)
}

const (
	// retries bounds how often an order is decided again because another
	// process wrote its stream first. Within a process the stream's lock keeps
	// order, so each time one of the others got on; with some ten processes at
	// one stream, a hundred times in a row is never seen.
	retries = 100
	// settle bounds how long an append may take until its outcome is known, and
	// how long its events may take to come back: longer than a store that is
	// away is waited for, and not so long that a person goes away.
	settle = 15 * time.Second
	// longestPause is the longest wait before another try.
	longestPause = 100 * time.Millisecond
)

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

// TryAt says what an order would lead to, and leaves nothing anywhere; nil is an
// order that was accepted before.
func (l *Ledger) TryAt(ctx context.Context, o *domain.Order, at time.Time, signers ...Signer) (*domain.Decision, error) {
	s, err := l.SignToTry(ctx, o, at, signers...)
	if err != nil {
		return nil, err
	}
	return l.Try(s)
}

// SignedOrder is a prepared order with the signatures of those who must sign it.
type SignedOrder struct {
	*Prepared
	Proof  domain.Proof
	Second *domain.SecondProof
}

// Sign prepares an order and signs it, to be tried ([Ledger.Try]), submitted, or
// both.
func (l *Ledger) Sign(ctx context.Context, o *domain.Order, at time.Time, signers ...Signer) (*SignedOrder, error) {
	p, err := l.Prepare(ctx, o)
	if err != nil {
		return nil, err
	}
	return p.sign(at, signers), nil
}

// SignToTry is Sign for an order that is only tried: no key is made for it in the
// vault. What it sealed nobody can open; it must not be submitted.
func (l *Ledger) SignToTry(ctx context.Context, o *domain.Order, at time.Time, signers ...Signer) (*SignedOrder, error) {
	p, err := l.prepare(ctx, o, l.vault.Passing())
	if err != nil {
		return nil, err
	}
	return p.sign(at, signers), nil
}

// Try says what a signed order would lead to, and writes nothing; nil is an order
// that was accepted before. A list is judged as if the parties toBe, of whom some
// are not registered yet, were: see [domain.Env].
func (l *Ledger) Try(s *SignedOrder, toBe ...*domain.Party) (*domain.Decision, error) {
	parties := map[uuid.UUID]*domain.Party{}
	for _, p := range toBe {
		parties[p.ID] = p
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	d, _, _, err := l.decideLocked(s.Prepared, &s.Proof, s.Second, parties)
	return d, err
}

// sign signs a prepared order with the keys of those who must.
func (p *Prepared) sign(at time.Time, signers []Signer) *SignedOrder {
	o := p.Order
	p.At = at
	proof := domain.Proof{ID: o.ID, Digest: p.Digest[:]}
	var second *domain.SecondProof
	if o.Second != (uuid.UUID{}) {
		second = &domain.SecondProof{Officer: o.Second}
	}
	for i, s := range signers {
		public := []byte(s.Key.Public().(ed25519.PublicKey))
		signature := ed25519.Sign(s.Key, p.Digest[:])
		_, opening := o.Body.(*domain.OpenLedger)
		switch {
		case opening && i == 1:
			second = &domain.SecondProof{Officer: s.Officer, Key: public, Signature: signature}
		case opening, s.Officer == o.Actor:
			proof.Key, proof.Signature = public, signature
		case second != nil && s.Officer == second.Officer:
			second.Key, second.Signature = public, signature
		}
	}
	return &SignedOrder{p, proof, second}
}

// Submit carries out a prepared order with its signatures.
func (l *Ledger) Submit(ctx context.Context, p *Prepared, proof domain.Proof, second *domain.SecondProof) (*Done, error) {
	l.mu.Lock()
	ahead := l.ahead != nil
	l.mu.Unlock()
	if ahead {
		if done, fell, err := l.submitAhead(ctx, p, &proof, second); !fell {
			if err == nil {
				err = l.forgetAfter(ctx, p)
			}
			return done, err
		}
	}
	done, err := l.submit(ctx, p, proof, second)
	if err != nil {
		return nil, err
	}
	// What follows in other streams is part of the answer's promise; if it is
	// cut off here, the next command or the next start carries it on.
	if err := l.carryOn(ctx); err != nil {
		return nil, written(err)
	}
	l.numbered(done)
	return done, l.forgetAfter(ctx, p)
}

// numbered looks up the numbers of an answer's events.
func (l *Ledger) numbered(done *Done) {
	l.View(func(s *domain.Ledger) {
		for _, id := range done.Events {
			n, _ := s.Number(id)
			done.Numbers = append(done.Numbers, n)
		}
	})
}

func (l *Ledger) submit(ctx context.Context, p *Prepared, proof domain.Proof, second *domain.SecondProof) (*Done, error) {
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
			return l.answered(o, true), nil
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
			// Somebody else wrote the stream: fold what he wrote, decide again.
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
		return l.answered(o, false), nil
	}
}

// decide lets the domain decide and encodes what it decided, with ids, salts
// and time drawn once. A nil decision is an order that was accepted before.
func (l *Ledger) decide(p *Prepared, proof *domain.Proof, second *domain.SecondProof) (*domain.Decision, [][]eventstore.Event, eventstore.Expected, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.decideLocked(p, proof, second, nil)
}

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

// now is the moment to be recorded, in microseconds. Only a simulated ledger
// takes one from outside.
func (l *Ledger) now(at time.Time) time.Time {
	if at.IsZero() {
		at = l.clock()
		if l.state.Opened != nil && l.state.Opened.Simulated && !l.lastTime.IsZero() {
			at = l.lastTime // the made-up time goes on where it stood
		}
	} else if l.state.Opened != nil && !l.state.Opened.Simulated {
		at = l.clock()
	}
	return at.UTC().Truncate(time.Microsecond)
}

func (l *Ledger) expected(stream string) eventstore.Expected {
	if rev, ok := l.state.Revision(stream); ok {
		return eventstore.At(rev)
	}
	return eventstore.NoStream
}

// checkSigned is the rule that an actor is whoever proves an officer's key. In
// a simulated ledger a name alone is accepted, but a signature that is there
// must be right.
// checked are keys whose signature was found right already.
func (l *Ledger) checkSigned(o *domain.Order, proof *domain.Proof, second *domain.SecondProof, checked map[uuid.UUID]string) error {
	opening, first := o.Body.(*domain.OpenLedger)
	simulated := first && opening.Simulated || l.state.Opened != nil && l.state.Opened.Simulated
	if first {
		if len(opening.Registrars) != 2 || second == nil && !simulated {
			return &Unsigned{Why: "a ledger is opened by two registrars who both sign"}
		}
		if err := verify(opening.Registrars[0].Officer, opening.Registrars[0].Key, proof.Key, proof.Signature, proof.Digest, simulated); err != nil || second == nil {
			return err
		}
		return verify(opening.Registrars[1].Officer, opening.Registrars[1].Key, second.Key, second.Signature, proof.Digest, simulated)
	}
	if err := l.verifyOfficer(o.Actor, proof.Key, proof.Signature, proof.Digest, simulated, checked); err != nil {
		return err
	}
	if o.Second == (uuid.UUID{}) {
		return nil
	}
	if second == nil || second.Officer != o.Second {
		return &Unsigned{o.Second, "the second officer has not signed"}
	}
	return l.verifyOfficer(o.Second, second.Key, second.Signature, proof.Digest, simulated, checked)
}

func (l *Ledger) verifyOfficer(id uuid.UUID, key, signature, digest []byte, simulated bool, checked map[uuid.UUID]string) error {
	o := l.state.Officers[id]
	if o == nil {
		return nil // the domain refuses, with its own code
	}
	if right, ok := checked[id]; ok && right == string(o.Key()) && bytes.Equal(o.Key(), key) {
		return nil
	}
	return verify(id, o.Key(), key, signature, digest, simulated)
}

func verify(officer uuid.UUID, want, key, signature, digest []byte, simulated bool) error {
	switch {
	case len(signature) == 0 && simulated:
		return nil
	case len(signature) == 0:
		return &Unsigned{officer, "the order is not signed"}
	case len(want) != ed25519.PublicKeySize || !bytes.Equal(want, key):
		return &Unsigned{officer, "signed with a key that is not this officer's"}
	case !ed25519.Verify(want, digest, signature):
		return &Unsigned{officer, "the signature is wrong"}
	}
	return nil
}

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

// append writes parts one after the other, each an append of its own, and waits
// until the last is folded. After an unknown outcome the same bytes are sent
// again: they carry their ids and revision.
//
// It waits for the stream's revision, not for a position: a server may leave
// the position out, and its followers may give another one.
func (l *Ledger) append(ctx context.Context, stream string, expected eventstore.Expected, parts [][]eventstore.Event) error {
	for i, events := range parts {
		done, err := l.send(ctx, stream, expected, events)
		var wrong *eventstore.WrongRevision
		if err != nil && i > 0 && !errors.As(err, &wrong) {
			return written(err) // a part of it
		}
		if err != nil {
			return err
		}
		expected = eventstore.At(done.Revision)
		if err := l.catchUp(ctx, stream, expected); err != nil {
			return written(err) // and not seen yet
		}
	}
	return nil
}

// written is the error of a command of which something is written: whatever went
// wrong then, who sends it again gets its answer, and it has one effect.
func written(err error) error {
	var unknown *eventstore.OutcomeUnknown
	if errors.As(err, &unknown) {
		return err
	}
	return &eventstore.OutcomeUnknown{Cause: err}
}

// send appends, and sends the same bytes again while nobody knows what became
// of them, for as long as settle. Once an outcome is unknown only an answer to
// the bytes themselves makes it known: written, or that another stands there. A
// store that is away, closed or denies access says nothing of what was sent
// before.
func (l *Ledger) send(ctx context.Context, stream string, expected eventstore.Expected, events []eventstore.Event) (eventstore.Appended, error) {
	ctx, cancel := context.WithTimeout(ctx, settle)
	defer cancel()
	var unknown *eventstore.OutcomeUnknown
	for try := 0; ; try++ {
		done, err := l.store.Append(ctx, stream, expected, events)
		var wrong *eventstore.WrongRevision
		switch {
		case err == nil:
			return done, nil
		case errors.As(err, &wrong):
			return done, err
		case errors.As(err, &unknown):
		case unknown == nil:
			return done, err
		}
		if errors.Is(err, eventstore.ErrClosed) || !pause(ctx, try) {
			return done, unknown
		}
	}
}

// pause waits before the next try: a little longer each time, and not as long
// as the others who wait; false if ctx ended.
func pause(ctx context.Context, try int) bool {
	longest := min(time.Millisecond<<min(try, 10), longestPause)
	t := time.NewTimer(time.Duration(mathrand.Int64N(int64(longest))))
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// catchUp waits until a stream is folded up to a revision that the store told.
func (l *Ledger) catchUp(ctx context.Context, stream string, actual eventstore.Expected) error {
	ctx, cancel := context.WithTimeout(ctx, settle)
	defer cancel()
	want, ok := actual.Revision()
	for {
		l.mu.Lock()
		have, begun := l.state.Revision(stream)
		grown, failed := l.grown, l.failed
		l.mu.Unlock()
		if !ok || begun && have >= want {
			return nil
		}
		if failed != nil {
			return fmt.Errorf("follow the event store: %w", failed)
		}
		select {
		case <-grown:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (l *Ledger) answered(o *domain.Order, repeated bool) *Done {
	l.mu.Lock()
	defer l.mu.Unlock()
	d := &Done{Command: o.ID, Stream: o.Stream(), Repeated: repeated, Position: l.position}
	if e := l.state.Effect(o.ID); e != nil {
		d.Events = e.Events
	}
	return d
}

// AccountTaken says that another command registered the same account at the same
// moment, under another id. Nothing was written: the same may be sent again.
type AccountTaken struct{}

func (e *AccountTaken) Error() string {
	return "the account was registered by another command at the same moment: send it again 该账号刚由另一命令登记，请重发"
}

// claim makes an id number the party's and an account its id's: one number is
// one party. A number that
// belongs to a party which was never registered (its command was cut off) goes
// over to this one.
func (l *Ledger) claim(ctx context.Context, p *Prepared, o *domain.Order) error {
	if p.account != "" {
		want := details(o.Body).AccountID
		id, err := l.vault.ClaimAccount(ctx, p.account, want)
		if err == nil && id != want {
			err = &AccountTaken{}
		}
		if err != nil {
			return err
		}
	}
	if p.number == "" {
		return nil
	}
	_, party, _ := domain.SplitStream(o.Stream())
	owner, err := l.vault.ClaimNumber(ctx, p.number, party)
	if err != nil || owner == party {
		return err
	}
	known := false
	l.View(func(s *domain.Ledger) { known = s.Parties[owner] != nil })
	if known {
		return &NumberTaken{owner}
	}
	return l.vault.MoveNumber(ctx, p.number, owner, party)
}

// carryOn does the steps that processes owe, one append each, until none is
// left. A crash between two of them is harmless: what is owed is derived from
// the events, and each append names the exact revision.
func (l *Ledger) carryOn(ctx context.Context) error {
	l.steps.Lock()
	defer l.steps.Unlock()
	for try := 0; ; {
		l.mu.Lock()
		step, ok := l.state.Next()
		if !ok || l.readOnly != nil || l.failed != nil {
			err := l.failed
			l.mu.Unlock()
			return err
		}
		l.mu.Unlock()
		// The stream's lock comes first, then the state is asked again: an
		// officer may be writing the same stream.
		unlock := l.lock(step.Stream)
		l.mu.Lock()
		stream := step.Stream
		if step, ok = l.state.Next(); ok && step.Stream != stream {
			l.mu.Unlock()
			unlock()
			continue
		}
		var events []eventstore.Event
		var err error
		var expected eventstore.Expected
		if ok {
			events, expected, err = l.encodeStep(step)
		}
		l.mu.Unlock()
		if ok && err == nil {
			err = l.append(ctx, step.Stream, expected, [][]eventstore.Event{events})
		}
		unlock()
		var wrong *eventstore.WrongRevision
		if errors.As(err, &wrong) && try < retries {
			if err = l.catchUp(ctx, step.Stream, wrong.Actual); err == nil && !pause(ctx, try) {
				err = ctx.Err()
			}
			try++
		} else {
			try = 0
		}
		if err != nil {
			return fmt.Errorf("continue in %s what %s began: %w", step.Stream, step.Cause, err)
		}
	}
}

// encodeStep encodes a step of a process, with ids, salts and time drawn once.
// Under mu.
func (l *Ledger) encodeStep(step domain.Step) ([]eventstore.Event, eventstore.Expected, error) {
	now := l.now(time.Time{})
	if last := l.state.LastRecorded(step.Stream); now.Before(last) {
		now = last
	}
	events, err := encode(step.Events, domain.Metadata{Recorded: now, Cause: step.Cause}, "")
	return events, l.expected(step.Stream), err
}
