package domain

import "bytes"

// signedText says whether an event has a text that can be read as an order. It charges
// a text that is not of this ledger or does not have the digest.
func (j *Judge) signedText(v *Verdict, r *Recorded, read Reading) bool {
	t := read.Text
	if t == nil {
		v.add(refuse(TextMissing))
		return false
	}
	if t.Wrong != "" {
		v.add(refuse(TextWrong, t.Wrong))
		return false
	}
	if !bytes.Equal(t.Digest[:], r.Meta.Command.Digest) {
		v.add(refuse(DigestWrong))
	}
	ledger := j.ledger.ID
	if open, first := t.Order.Body.(*OpenLedger); first {
		ledger = open.Ledger
	}
	if t.Ledger != ledger {
		v.add(refuse(SaysOtherwise, "ledger", ledger, t.Ledger))
	}
	return true
}

// signatures judges whether the actor has signed, and the second officer if one is
// needed, each with the officer's own key at that time. In a simulated ledger a
// signature may be missing, but one that is there must be valid.
func (j *Judge) signatures(v *Verdict, r *Recorded, o *Order, read Reading) {
	proof, second := r.Meta.Command, r.Meta.Second
	if open, first := o.Body.(*OpenLedger); first {
		if len(open.Registrars) != 2 {
			return // refused when it is decided
		}
		j.checkSignature(v, open.Registrars[0].Officer, open.Registrars[0].Key, proof.Key, proof.Signature, read.Signed, open.Simulated)
		switch {
		case second != nil && second.Officer != open.Registrars[1].Officer:
			v.add(refuse(SaysOtherwise, "second", second.Officer, open.Registrars[1].Officer))
		case second != nil:
			j.checkSignature(v, open.Registrars[1].Officer, open.Registrars[1].Key, second.Key, second.Signature, read.SecondSigned, open.Simulated)
		case !open.Simulated:
			v.add(refuse(NotSigned, open.Registrars[1].Officer))
		}
		return
	}
	simulated := j.ledger.Simulated()
	if actor := j.ledger.Officers[o.Actor]; actor != nil {
		j.checkSignature(v, o.Actor, actor.Key(), proof.Key, proof.Signature, read.Signed, simulated)
	}
	switch officer := j.ledger.Officers[o.Second]; {
	case o.Second == ID{} && second != nil:
		v.add(refuse(SaysOtherwise, "second", second.Officer, "-"))
	case officer == nil: // refused when it is decided, if there must be one
	case second == nil || second.Officer != o.Second:
		v.add(refuse(NotSigned, o.Second))
	default:
		j.checkSignature(v, o.Second, officer.Key(), second.Key, second.Signature, read.SecondSigned, simulated)
	}
}

// checkSignature judges one signature. own is the officer's key, key the one that was
// used, and holds says whether the signature is valid for it.
func (j *Judge) checkSignature(v *Verdict, officer ID, own, key, signature []byte, holds, simulated bool) {
	switch {
	case len(signature) == 0 && simulated:
	case len(signature) == 0:
		v.add(refuse(NotSigned, officer))
	case !bytes.Equal(own, key):
		v.add(refuse(NotOfficersKey, officer))
	case !holds:
		v.add(refuse(SignatureBad, officer))
	}
}
