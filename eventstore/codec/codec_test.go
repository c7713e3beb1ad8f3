package codec

import (
	"encoding/hex"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/eventstore"
)

// The worked example of the format: one receipt of 1,300.00 yuan.
func worked(t testing.TB) eventstore.Recorded {
	e := &domain.FundsReceived{
		Common: domain.Common{Date: domain.Date(2023, 1, 3)},
		Source: domain.Source{Kind: domain.Union, Level: "county", Name: "县总工会"}, Number: "内工〔2023〕1号", Fen: 130000,
	}
	m := domain.Metadata{Recorded: time.Date(2023, 1, 3, 1, 0, 0, 123456789, time.UTC), Schema: 1, Salt: make([]byte, 16),
		Actor: uuid.MustParse("00000000-0000-0000-0000-00000000000a"), Role: domain.Accountant,
		Command: &domain.Proof{ID: uuid.MustParse("00000000-0000-0000-0000-00000000000c"), Digest: []byte{1, 2, 3}}, Saw: 7}
	enc, err := Encode(uuid.MustParse("00000000-0000-0000-0000-00000000000e"), e, m, `relief ledger command 1`)
	if err != nil {
		t.Fatal(err)
	}
	return eventstore.Recorded{Event: enc, Stream: "fund-00000000-0000-0000-0000-00000000000f", Revision: 1}
}

func TestWorkedExample(t *testing.T) {
	r := worked(t)
	wantData := `{"open":{"date":"2023-01-03","source":{"kind":"union","level":"county","name":"县总工会"},"number":"内工〔2023〕1号","fen":130000},"private":{"signed":"relief ledger command 1"}}`
	if string(r.Data) != wantData {
		t.Errorf("data\n%s\nwant\n%s", r.Data, wantData)
	}
	wantMeta := `{"recorded":"2023-01-03T01:00:00.123456Z","schema":1,"salt":"AAAAAAAAAAAAAAAAAAAAAA==","actor":"00000000-0000-0000-0000-00000000000a","role":"accountant","command":{"id":"00000000-0000-0000-0000-00000000000c","digest":"AQID"},"saw":7}`
	if string(r.Metadata) != wantMeta {
		t.Errorf("metadata\n%s\nwant\n%s", r.Metadata, wantMeta)
	}
	entry, err := eventstore.Entry(r)
	if err != nil {
		t.Fatal(err)
	}
	leaf := eventstore.LeafHash(entry)
	const want = "194df0f740b28c0b788a29d7c7f2ae8c666b7fd0dd384f8f03e5bd186a1884b9" // computed by another program too
	if got := hex.EncodeToString(leaf[:]); got != want {
		t.Errorf("leaf hash %s, want %s", got, want)
	}
	d, err := Decode(r, 9)
	if err != nil {
		t.Fatal(err)
	}
	again, err := Encode(r.ID, d.Event, d.Meta, "relief ledger command 1")
	if err != nil || string(again.Data) != wantData || string(again.Metadata) != wantMeta {
		t.Errorf("not the same when written again: %s %v", again.Data, err)
	}
}

func TestDecodeRefuses(t *testing.T) {
	for name, change := range map[string]func(*eventstore.Recorded){
		"duplicate key": func(r *eventstore.Recorded) {
			r.Data = []byte(`{"open":{"date":"2023-01-03","date":"2023-01-04"},"private":{}}`)
		},
		"a third part":    func(r *eventstore.Recorded) { r.Data = []byte(`{"open":{},"private":{},"more":{}}`) },
		"no private part": func(r *eventstore.Recorded) { r.Data = []byte(`{"open":{}}`) },
		"torn":            func(r *eventstore.Recorded) { r.Data = r.Data[:40] },
		"no JSON":         func(r *eventstore.Recorded) { r.Data = []byte{0xff, 0} },
		"unknown type":    func(r *eventstore.Recorded) { r.Type = "FundsInvented" },
		"metadata":        func(r *eventstore.Recorded) { r.Metadata = []byte(`{`) },
		"a bad date":      func(r *eventstore.Recorded) { r.Data = []byte(`{"open":{"date":"2023-02-30"},"private":{}}`) },
	} {
		r := worked(t)
		change(&r)
		d, err := Decode(r, 3)
		if err == nil || d == nil || d.Event != nil || d.Number != 3 {
			t.Errorf("%s: %+v, %v", name, d, err)
		}
	}
}

func TestUnknownFieldsAreReadOver(t *testing.T) {
	r := worked(t)
	r.Data = []byte(strings.Replace(string(r.Data), `"fen"`, `"colour":"red","fen"`, 1))
	if d, err := Decode(r, 0); err != nil || d.Event.(*domain.FundsReceived).Fen != 130000 {
		t.Errorf("%v", err)
	}
}

func TestNewerSchema(t *testing.T) {
	r := worked(t)
	r.Metadata = []byte(strings.Replace(string(r.Metadata), `"schema":1`, `"schema":2`, 1))
	var newer *NewerSchema
	if _, err := Decode(r, 0); !errors.As(err, &newer) {
		t.Errorf("%v", err)
	}
}

// A synthetic older shape: schema 0 of FundsReceived called its amount "cents".
func TestUpcasting(t *testing.T) {
	upcasts["FundsReceived"] = map[int]func(eventstore.Parts) (eventstore.Parts, error){0: func(p eventstore.Parts) (eventstore.Parts, error) {
		p.Open = []byte(strings.Replace(string(p.Open), `"cents"`, `"fen"`, 1))
		return p, nil
	}}
	defer delete(upcasts, "FundsReceived")
	r := worked(t)
	r.Data = []byte(strings.Replace(string(r.Data), `"fen"`, `"cents"`, 1))
	r.Metadata = []byte(strings.Replace(string(r.Metadata), `"schema":1`, `"schema":0`, 1))
	before, _ := eventstore.Entry(r)
	d, err := Decode(r, 0)
	if err != nil || d.Event.(*domain.FundsReceived).Fen != 130000 {
		t.Fatalf("%+v %v", d, err)
	}
	if after, _ := eventstore.Entry(r); string(after) != string(before) {
		t.Error("the log entry is over the stored bytes, whatever is read from them")
	}
}

func FuzzDecode(f *testing.F) {
	r := worked(f)
	f.Add(r.Type, r.Data, r.Metadata)
	f.Fuzz(func(t *testing.T, name string, data, meta []byte) {
		r := eventstore.Recorded{Event: eventstore.Event{Type: name, Data: data, Metadata: meta}, Stream: "fund-x"}
		if d, err := Decode(r, 1); err == nil && d.Event == nil {
			t.Fatal("neither an event nor an error")
		}
		_, _ = eventstore.Entry(r)
	})
}
