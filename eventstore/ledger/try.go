package ledger

import (
	"context"
	"time"

	"github.com/google/uuid"

	"reliefledger.org/ledger/domain"
)

// TryAt says what an order would lead to, and leaves nothing anywhere; nil is an
// order that was accepted before.
func (l *Ledger) TryAt(ctx context.Context, o *domain.Order, at time.Time, signers ...Signer) (*domain.Decision, error) {
	s, err := l.SignToTry(ctx, o, at, signers...)
	if err != nil {
		return nil, err
	}
	return l.Try(s)
}

// Try says what a signed order would lead to, and writes nothing; nil is an order
// that was accepted before. A list may name the parties toBe, registered or not:
// see [domain.Env].
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
