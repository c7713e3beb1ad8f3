package domain

import (
	"encoding/json"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// replay judges a story's history as it would be read from a store: metadata is
// complete, and orders have the hash of a list instead of its rows.
func (s *story) replay(judge func(r *Recorded, v Verdict)) *Judge {
	j := NewJudge(DefaultCalendar())
	texts := map[ID]bool{}
	for _, logged := range s.log {
		r := *logged
		r.Meta.Schema, r.Meta.Salt = 1, make([]byte, 16)
		read := Reading{Signed: true, SecondSigned: true}
		if c := r.Meta.Command; c != nil {
			o := *s.acceptedOrders[c.ID]
			r.Meta.Role = s.roles[c.ID]
			proof := *c
			proof.Signature = []byte("signed")
			if officer := j.ledger.Officers[o.Actor]; officer != nil {
				proof.Key = officer.Key()
			}
			if o.Second != (ID{}) {
				r.Meta.Second = &SecondProof{Officer: o.Second, Key: j.ledger.Officers[o.Second].Key(), Signature: proof.Signature}
			}
			ledger := j.ledger.ID
			if open, first := o.Body.(*OpenLedger); first {
				proof.Key, ledger = open.Registrars[0].Key, open.Ledger
				r.Meta.Second = &SecondProof{Officer: open.Registrars[1].Officer, Key: open.Registrars[1].Key, Signature: proof.Signature}
			}
			r.Meta.Command = &proof
			if !texts[c.ID] {
				texts[c.ID] = true
				read.Text = &Text{Ledger: ledger, Digest: [32]byte(c.Digest), Order: &o}
				o.Body, read.Text.List = unlisted(o.Body)
			}
		}
		judge(&r, j.Event(&r, read))
	}
	return j
}

// unlisted returns a command without the rows of its list, and what the text has
// instead.
func unlisted(c Command) (Command, *ListSigned) {
	switch c := c.(type) {
	case *AddLines:
		out := *c
		out.Rows = nil
		return &out, &ListSigned{Count: len(c.Rows)}
	case *PrepareBatch:
		out := *c
		out.Rows = nil
		return &out, &ListSigned{Count: len(c.Rows)}
	}
	return c, nil
}

// The judge lets in everything that random commands led to, also what is irregular, and
// makes lists again as they were signed.
func TestJudgeLetsInWhatWasDecided(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		for range rapid.IntRange(30, 70).Draw(t, "commands") {
			w.step()
		}
		j := w.replay(func(r *Recorded, v Verdict) {
			for _, x := range v.Refusals {
				// The story seals everything under one key.
				if x.Code != EventDiffers || x.Details[0].Value != "private" {
					t.Fatalf("event %d (%s): %v", r.Number, TypeOf(r.Event), x)
				}
			}
			if v.List == nil {
				return
			}
			var want any
			switch c := w.acceptedOrders[r.Meta.Command.ID].Body.(type) {
			case *AddLines:
				want = c.Rows
			case *PrepareBatch:
				want = c.Rows
			}
			if asJSON(v.List.Rows) != asJSON(want) {
				t.Fatalf("event %d: the list is\n%s, not\n%s", r.Number, asJSON(v.List.Rows), asJSON(want))
			}
		})
		if len(j.Unfinished()) > 0 || j.ledger.fingerprint() != w.l.fingerprint() {
			t.Fatal("the judge's state is not the one that decided")
		}
	})
}

func asJSON(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// The judge also charges what a store would not accept.
func TestJudgeOfEnvelopes(t *testing.T) {
	c := newCounty(t, noNotice(), 100)
	for _, x := range []struct {
		code   *Code
		change func(r *Recorded)
	}{
		{EventTwice, func(r *Recorded) { r.ID = c.log[0].ID }},
		{RevisionWrong, func(r *Recorded) { r.Revision += 3 }},
	} {
		last := c.log[len(c.log)-1]
		kept := *last
		x.change(last)
		found := false
		c.replay(func(r *Recorded, v Verdict) { found = found || r.Number == kept.Number && v.has(x.code) })
		if !found {
			t.Errorf("not named: %s", x.code.Name)
		}
		*last = kept
	}
	v := &Verdict{}
	NewJudge(nil).balanced(v, []Posting{{Item: Money, Quantity: 5}, {Item: Money, Quantity: -4}})
	if !v.has(Unbalanced) {
		t.Error("postings that do not balance are not named")
	}
}

// differ compares every field of every event: if one is changed, it says so.
func TestDifferSeesEveryField(t *testing.T) {
	for name := range eventTypes {
		e, _ := NewEvent(name)
		fill(reflect.ValueOf(e).Elem())
		clone := func() Event {
			c, _ := NewEvent(name)
			fill(reflect.ValueOf(c).Elem())
			return c
		}
		if d, same := differ(e, clone(), ID{1}); !same {
			t.Fatalf("%s differs from itself in %+v", name, d)
		}
		changed := 0
		var change func(v reflect.Value, whole Event)
		change = func(v reflect.Value, whole Event) {
			before := reflect.New(v.Type()).Elem()
			before.Set(v)
			switch {
			case v.Type() == timeType:
				v.SetZero()
			case v.Kind() == reflect.Struct && v.Type() != sealedType:
				for i := range v.NumField() {
					if v.Type().Field(i).IsExported() {
						change(v.Field(i), whole)
					}
				}
				return
			case v.Kind() == reflect.Slice && v.Type().Elem().Kind() != reflect.Uint8, v.Kind() == reflect.Array && v.Type().Elem().Kind() != reflect.Uint8:
				change(v.Index(0), whole)
				if v.Kind() == reflect.Array {
					return
				}
				v.Set(v.Slice(0, 0))
			case v.Kind() == reflect.Pointer:
				change(v.Elem(), whole)
				v.SetZero()
			default:
				v.SetZero()
			}
			if _, same := differ(whole, clone(), ID{1}); same {
				t.Errorf("%s: a changed %s is not seen", name, v.Type())
			}
			if d, ok := whole.(*DisbursementMade); ok && d.sameFast(clone().(*DisbursementMade)) {
				t.Errorf("%s: a changed %s is not seen without reflection", name, v.Type())
			}
			changed++
			v.Set(before)
		}
		whole := clone()
		change(reflect.ValueOf(whole).Elem(), whole)
		if changed < 4 {
			t.Errorf("%s: %d fields", name, changed)
		}
	}
}

// fill gives every field a value that is not zero.
func fill(v reflect.Value) {
	switch {
	case v.Type() == sealedType:
		v.Set(reflect.ValueOf(Sealed{Key: ID{1}, Box: []byte{1}}))
		return
	case v.Type() == timeType:
		v.Set(reflect.ValueOf(at("2023-01-01")))
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				fill(v.Field(i))
			}
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0))
	case reflect.Array:
		for i := range v.Len() {
			fill(v.Index(i))
		}
	case reflect.String:
		v.SetString("x")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Uint8:
		v.SetUint(1)
	default:
		v.SetInt(1)
	}
}

func TestChargesAreNoCodes(t *testing.T) {
	for _, c := range Charges() {
		if _, known := CodeNamed(c.Name); known || slices.Contains(Codes(), c) {
			t.Errorf("%s can be claimed", c.Name)
		}
	}
}
