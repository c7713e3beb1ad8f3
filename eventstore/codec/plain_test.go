package codec

import (
	"bytes"
	"reflect"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/eventstore"
)

// plainEvents are events in the shapes that are read without a decoder, and
// some that must not be.
func plainEvents() []domain.Event {
	id := uuid.MustParse("0190a2b3-c4d5-7e6f-8a9b-0c1d2e3f4a5b")
	day := domain.Date(2024, 2, 29)
	common := domain.Common{Date: day}
	events := []domain.Event{
		&domain.DisbursementMade{Common: common, Batch: 1, Row: 4000, Fen: 117_100_00, Draws: []domain.Draw{{Lot: 1, Quantity: 117_100_00}}},
		&domain.DisbursementMade{Common: domain.Common{Date: day, Campaign: id}, Batch: 1, Row: 1, Fen: 1, Draws: []domain.Draw{{Lot: 1, Quantity: 1}, {Lot: 2, Quantity: 3, Cost: 5}}},
		&domain.DisbursementMade{Common: domain.Common{Date: day, Happened: &domain.Span{First: day, Last: day}}, Batch: 1, Row: 1, Fen: 1, Draws: []domain.Draw{{Lot: 1, Quantity: 1}}},
		&domain.DisbursementMade{Common: common, Line: 3, Entitlement: 1, Form: domain.Cash, Fen: 1<<53 - 1, Draws: []domain.Draw{{Lot: 1, Quantity: 1<<53 - 1}}},
		&domain.DisbursementMade{Common: common, Batch: 1, Row: 1, Items: []domain.GoodsOf{{Item: "棉被", Quantity: 1000}}, Voucher: "A\"1", Draws: []domain.Draw{{Lot: 1, Quantity: 1000}}},
		&domain.DisbursementMade{Common: common, Batch: 1, Row: 1},
		&domain.DisbursementMade{Common: common, Batch: -1, Row: 1, Fen: -5, Draws: []domain.Draw{}},
		&domain.LinesAdmitted{Common: common, Notice: id, Part: 1, Of: 2, Lines: []domain.Admitted{
			{Line: 1, Give: []domain.Entitlement{{Form: domain.Cash, Fen: 100}}}, {Line: 2, Give: []domain.Entitlement{{Form: domain.Bank, Fen: 1}, {Form: "新形式", Fen: 2}}}}},
		&domain.LinesAdmitted{Common: common, Notice: id, Part: 1, Of: 1, Lines: []domain.Admitted{{Line: 1, Give: []domain.Entitlement{{Form: domain.Goods, Items: []domain.GoodsOf{{Item: "米", Quantity: 1}}}}, Over: true}}},
		&domain.BatchPrepared{Common: common, Batch: 1, Form: domain.Cash, Rows: []domain.BatchRow{{Line: 1, Entitlement: 1, Fen: 5}, {Line: 2, Entitlement: 1, Fen: 6}}, Draws: []domain.Draw{{Lot: 1, Quantity: 11}}},
		&domain.BatchPrepared{Common: common, Batch: 1, Form: domain.Cash, Rows: []domain.BatchRow{{Line: 1, Entitlement: 1, Fen: 5, Again: id}}, Draws: []domain.Draw{{Lot: 1, Quantity: 11}}},
	}
	added := &domain.NoticeLinesAdded{Common: common, Part: 1, Of: 1, Lines: []domain.LineAdded{
		{No: 1, Give: []domain.Entitlement{{Form: domain.Cash, Fen: 100}}}, {No: 2, Give: []domain.Entitlement{{Form: domain.Cash, Fen: 200}}}}}
	added.Private.Lines = []domain.LinePrivate{{Beneficiary: id, Category: "低保", Group: "第1村", Period: "2024-01"}, {Beneficiary: id, Category: "低保"}}
	rare := &domain.NoticeLinesAdded{Common: common, Part: 1, Of: 1, Lines: []domain.LineAdded{{No: 1, Give: []domain.Entitlement{{Form: domain.Cash, Fen: 100}}, Nomination: 2, Disclosure: domain.MaskedNames}}}
	rare.Private.Lines = []domain.LinePrivate{{Beneficiary: id, Payee: id, Why: domain.Sealed{Key: id, Box: []byte{1}}, WhyTag: []byte{2}}}
	return append(events, added, rare)
}

func plainMetas() []domain.Metadata {
	id := uuid.MustParse("0190a2b3-c4d5-7e6f-8a9b-0c1d2e3f4a5b")
	at := time.Date(2024, 2, 29, 23, 59, 59, 999_999_000, time.UTC)
	salt := []byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 255}
	proof := &domain.Proof{ID: id, Digest: bytes.Repeat([]byte{7}, 32), Key: bytes.Repeat([]byte{8}, 32), Signature: bytes.Repeat([]byte{9}, 64)}
	return []domain.Metadata{
		{Recorded: at, Schema: 1, Salt: salt, Cause: id},
		{Recorded: at, Schema: 1, Salt: salt, Actor: id, Role: domain.Cashier, Command: proof, Saw: 17},
		{Recorded: at, Schema: 1, Salt: salt, Actor: id, Role: domain.PrivacyOfficer, Command: &domain.Proof{ID: id, Digest: []byte{1}}},
		{Recorded: at, Schema: 1, Salt: salt, Actor: id, Role: domain.Cashier, Command: proof, Second: &domain.SecondProof{Officer: id}, Saw: 17},
		{Recorded: at.AddDate(-1900, 0, 0), Schema: 1, Salt: salt},
		{Recorded: at, Schema: 1},
	}
}

// TestPlainWrites holds what is written without an encoder against what the
// encoder writes.
func TestPlainWrites(t *testing.T) {
	quick := 0
	for _, e := range plainEvents() {
		want, err := marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		have, err := encodeOpen(e)
		if err != nil || string(have) != string(want) {
			t.Errorf("%s, want %s (%v)", have, want, err)
		}
		if p, ok := e.(*domain.DisbursementMade); ok {
			if _, ok := appendPlainPayment(nil, p); ok {
				quick++
			}
		}
		private, err := encodePrivate(e, `{"a":"\\"}`)
		if err != nil {
			t.Fatal(err)
		}
		same(t, e, want, private)
	}
	for _, m := range plainMetas() {
		w := wireOf(m)
		want, err := marshal(w)
		if err != nil {
			t.Fatal(err)
		}
		if have, ok := appendPlainMetadata(nil, &w); ok {
			quick++
			if string(have) != string(want) {
				t.Errorf("%s, want %s", have, want)
			}
		}
		sameMetadata(t, want)
	}
	if quick < 5 {
		t.Errorf("only %d were written without an encoder", quick)
	}
}

// same holds what is read without a decoder against what it reads.
func same(t *testing.T, e domain.Event, open, private []byte) (plainly int) {
	t.Helper()
	fresh := func() domain.Event {
		x, _ := domain.NewEvent(domain.TypeOf(e))
		return x
	}
	if have, want := fresh(), fresh(); plainOpen(open, have) {
		plainly++
		if err := json.Unmarshal(open, want); err != nil || !reflect.DeepEqual(have, want) {
			t.Errorf("%s: read as %+v, not %+v (%v)", open, have, want, err)
		}
	}
	if have, want := fresh(), fresh(); plainPrivate(private, have) {
		plainly++
		var c common
		err := json.Unmarshal(private, &c)
		if field, ok := privateOf(want); ok && err == nil {
			err = json.Unmarshal(private, field)
		}
		if err != nil || len(c.Reasons) > 0 || !reflect.DeepEqual(have, want) {
			t.Errorf("%s: read as %+v, not %+v (%v)", private, have, want, err)
		}
	}
	return plainly
}

func sameMetadata(t *testing.T, text []byte) {
	t.Helper()
	var have, want wire
	if plainMetadata(text, &have) {
		err := json.Unmarshal(text, &want)
		if !time.Time(have.Recorded).Equal(time.Time(want.Recorded)) {
			t.Errorf("%s: recorded %v", text, time.Time(have.Recorded))
		}
		have.Recorded, want.Recorded = moment{}, moment{}
		if err != nil || !reflect.DeepEqual(have, want) {
			t.Errorf("%s: read as %+v, not %+v (%v)", text, have, want, err)
		}
	}
}

// FuzzPlain: whatever is read without a decoder, the decoder reads as the same.
func FuzzPlain(f *testing.F) {
	for i, e := range plainEvents() {
		open, _ := marshal(e)
		private, _ := encodePrivate(e, `{"a":"\\"}`)
		f.Add(uint8(i), open, private)
	}
	for _, m := range plainMetas() {
		text, _ := marshal(wireOf(m))
		f.Add(uint8(0), text, []byte(`{}`))
	}
	events := plainEvents()
	f.Fuzz(func(t *testing.T, kind uint8, open, private []byte) {
		same(t, events[int(kind)%len(events)], open, private)
		sameMetadata(t, open)
		data := append(append(append(append([]byte(`{"open":`), open...), `,"private":`...), private...), '}')
		if have, ok := plainSplit(data); ok {
			want, err := eventstore.Split(data)
			if err == nil && (string(have.Open) != string(want.Open) || string(have.Private) != string(want.Private)) {
				t.Errorf("%s: split into %s and %s", data, have.Open, have.Private)
			}
			// What the decoder does not take apart is no event: one of its parts
			// is no JSON, which decoding it shows.
			if err != nil && have.Open.IsValid() && have.Private.IsValid() {
				t.Errorf("%s: split, though %v", data, err)
			}
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	e, m := plainEvents()[0], plainMetas()[0]
	raw, err := Encode(uuid.New(), e, m, "")
	if err != nil {
		b.Fatal(err)
	}
	r := eventstore.Recorded{Event: raw, Stream: "allocation-0190a2b3-c4d5-7e6f-8a9b-0c1d2e3f4a5b"}
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := DecodeWithEntry(r, 1); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEncode(b *testing.B) {
	e, m := plainEvents()[0], plainMetas()[0]
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Encode(uuid.UUID{1}, e, m, ""); err != nil {
			b.Fatal(err)
		}
	}
}
