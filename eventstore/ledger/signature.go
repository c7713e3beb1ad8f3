package ledger

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"fmt"
	"time"

	"github.com/google/uuid"

	"reliefledger.org/ledger/domain"
)

// Signer is an officer's private key. It signs the digest of an order.
type Signer struct {
	Officer uuid.UUID
	Key     ed25519.PrivateKey
}

// Unsigned says that an order lacks a signature that it needs, or has a wrong
// one. Nothing was written.
type Unsigned struct {
	Officer uuid.UUID
	Why     string
}

func (e *Unsigned) Error() string { return fmt.Sprintf("officer %s: %s", e.Officer, e.Why) }

// SignedOrder is a prepared order with the signatures that it needs.
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
// vault. It must not be submitted, because nobody could open what is sealed in it.
func (l *Ledger) SignToTry(ctx context.Context, o *domain.Order, at time.Time, signers ...Signer) (*SignedOrder, error) {
	p, err := l.prepare(ctx, o, l.vault.Trial())
	if err != nil {
		return nil, err
	}
	return p.sign(at, signers), nil
}

// sign signs a prepared order with the keys of the officers who must sign it; other
// keys are left out.
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

// checkSigned is the rule that officers act only by their keys. In a simulated
// ledger a name alone is accepted, but a signature that is there must be right.
// checked has the officers whose signature was found right already, with the key.
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
	want, known := l.state.KeyOf(id)
	if !known {
		return nil // the domain refuses, with its own code
	}
	if right, ok := checked[id]; ok && right == string(want) && bytes.Equal(want, key) {
		return nil
	}
	return verify(id, want, key, signature, digest, simulated)
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

// checkAhead verifies signatures before the state is locked, because verifying
// takes longest. The decision then only looks up whether the keys are still those
// of the officers.
func (l *Ledger) checkAhead(o *domain.Order, proof *domain.Proof, second *domain.SecondProof) map[uuid.UUID]string {
	keys := map[uuid.UUID][]byte{}
	l.View(func(s *domain.Ledger) {
		for _, id := range []uuid.UUID{o.Actor, o.Second} {
			keys[id], _ = s.KeyOf(id)
		}
	})
	checked := map[uuid.UUID]string{}
	check := func(id uuid.UUID, signature []byte) {
		if key := keys[id]; len(key) == ed25519.PublicKeySize && ed25519.Verify(key, proof.Digest, signature) {
			checked[id] = string(key)
		}
	}
	check(o.Actor, proof.Signature)
	if second != nil {
		check(second.Officer, second.Signature)
	}
	return checked
}
