package eventstore

import (
	"encoding/hex"
	"strings"
	"testing"

	"github.com/google/uuid"
)

// The worked example of the format, byte by byte: one receipt of 1,300.00 yuan.
// Whoever writes a verifier finds here what it must compute. The codec's worked
// example has the same event from the domain's side.
var workedExample = Recorded{
	Event: Event{
		ID:   uuid.MustParse("00000000-0000-0000-0000-00000000000e"),
		Type: "FundsReceived",
		Data: []byte(`{"open":{"date":"2023-01-03","source":{"kind":"union","level":"county","name":"县总工会"},"number":"内工〔2023〕1号","fen":130000},` +
			`"private":{"signed":"relief ledger command 1"}}`),
		Metadata: []byte(`{"recorded":"2023-01-03T01:00:00.123456Z","schema":1,"salt":"AAAAAAAAAAAAAAAAAAAAAA==",` +
			`"actor":"00000000-0000-0000-0000-00000000000a","role":"accountant",` +
			`"command":{"id":"00000000-0000-0000-0000-00000000000c","digest":"AQID"},"saw":7}`),
	},
	Stream:   "fund-00000000-0000-0000-0000-00000000000f",
	Revision: 1,
}

// TestEntry pins the bytes of an entry and its hash as a leaf. They must never
// change: proofs that are in other people's hands must still hold.
func TestEntry(t *testing.T) {
	want := strings.Join([]string{
		"01",   // version
		"0029", // 41 bytes of stream
		// "fund-00000000-0000-0000-0000-00000000000f"
		"66756e642d30303030303030302d303030302d303030302d303030302d303030303030303030303066",
		"0000000000000001",                 // revision
		"0000000000000000000000000000000e", // id
		"000d",                             // 13 bytes of type
		// "FundsReceived"
		"46756e64735265636569766564",
		"fb17d92697c10d88e7d5d8278e6373db87a03646b9ca8bff23e5a197d4a1bcd5", // SHA-256 of {"date":...,"fen":130000}
		"ef10a6014285b8e04e6af971c757e7422504ce5586f83387d9e47b6c4d98e6af", // SHA-256 of two lengths, {"signed":...} and the metadata
	}, "")
	const wantLeaf = "194df0f740b28c0b788a29d7c7f2ae8c666b7fd0dd384f8f03e5bd186a1884b9" // computed by another program too

	entry, err := Entry(workedExample)
	if err != nil {
		t.Fatal(err)
	}
	if got := hex.EncodeToString(entry); got != want {
		t.Errorf("entry\n%s\nwant\n%s", got, want)
	}
	if leaf := LeafHash(entry); hex.EncodeToString(leaf[:]) != wantLeaf {
		t.Errorf("leaf hash %x, want %s", leaf, wantLeaf)
	}
	parts, err := Split(workedExample.Data)
	if err != nil {
		t.Fatal(err)
	}
	if got := hex.EncodeToString(EntryOfParts(workedExample, parts)); got != want {
		t.Errorf("entry of parts\n%s\nwant\n%s", got, want)
	}
}

// TestEntryHasAllOfAnEvent: whatever is changed of an event changes its leaf, but
// for the position, which a store adds.
func TestEntryHasAllOfAnEvent(t *testing.T) {
	leaf := func(change func(*Recorded)) [32]byte {
		r := workedExample
		change(&r)
		entry, err := Entry(r)
		if err != nil {
			t.Fatal(err)
		}
		return LeafHash(entry)
	}
	same := leaf(func(*Recorded) {})
	replace := func(b []byte, old, new string) []byte { return []byte(strings.Replace(string(b), old, new, 1)) }
	for name, change := range map[string]func(*Recorded){
		"stream":   func(r *Recorded) { r.Stream += "0" },
		"revision": func(r *Recorded) { r.Revision++ },
		"id":       func(r *Recorded) { r.ID[0]++ },
		"type":     func(r *Recorded) { r.Type += "0" },
		"open":     func(r *Recorded) { r.Data = replace(r.Data, "130000", "130001") },
		"private":  func(r *Recorded) { r.Data = replace(r.Data, "command 1", "command 2") },
		"metadata": func(r *Recorded) { r.Metadata = replace(r.Metadata, `"saw":7`, `"saw":8`) },
		"the border between stream and type": func(r *Recorded) {
			r.Stream, r.Type = r.Stream+r.Type[:1], r.Type[1:]
		},
	} {
		if leaf(change) == same {
			t.Errorf("with another %s the leaf is the same", name)
		}
	}
	if leaf(func(r *Recorded) { r.Position = NewPosition(3, 4) }) != same {
		t.Error("with another position the leaf is another")
	}
}
