package node

import (
	"strconv"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"google.golang.org/protobuf/proto"

	"reliefledger.org/ledger/eventstore"
)

// FuzzRequests gives any bytes to what reads requests: it refuses with a
// sentence or makes something that keeps the limits, and never panics.
func FuzzRequests(f *testing.F) {
	u := uint64(3)
	for _, m := range []proto.Message{
		ask(all(&u), backwards, filtered(true, "a+", nil, 3, 4)), ask(one("a", &u), subscribing, compatible),
		appending("a", eventstore.NoStream), proposing(event("x")),
		part("A", "x y", to("a", 7, span(time.Second)), final), part("A", "x", to("$a", 7, moment(time.Now()))),
	} {
		b, err := proto.Marshal(m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var read streams.ReadReq
		if proto.Unmarshal(b, &read) == nil {
			r, err := parseRead(read.GetOptions())
			if r == nil || err == nil && r.subscription && (r.filter != nil) != (r.interval > 0) {
				t.Errorf("%s: got %+v, %v", show(&read), r, err)
			}
		}
		var single streams.AppendReq
		if proto.Unmarshal(b, &single) == nil {
			p, err := (&proposal{}).take(&single)
			if err == nil && len(p.events) != 1 {
				t.Errorf("%s: got %+v", show(&single), p)
			}
			if p, err = (*proposal)(nil).take(&single); err == nil && eventstore.CheckAppend(p.stream, nil) != nil {
				t.Errorf("%s: got %+v", show(&single), p)
			}
		}
		var batched streams.BatchAppendReq
		if proto.Unmarshal(b, &batched) == nil {
			now := time.Now()
			if d := deadlineOf(batched.GetOptions(), now, time.Second); d.After(now.Add(time.Second)) {
				t.Errorf("%s: deadline %s", show(&batched), d)
			}
			_, _ = parseID("a batch", batched.GetCorrelationId())
		}
	})
}

// FuzzCreated: what clients parse is always a number, whatever the metadata.
func FuzzCreated(f *testing.F) {
	for _, s := range []string{`{"recorded":"2024-02-03T04:05:06.789012Z"}`, `{"a":1,"recorded":"0000-01-01T00:00:00Z"}`, `{"recorded":"`, `{`, ``} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, metadata []byte) {
		at := created(metadata)
		if _, err := strconv.ParseInt(strconv.FormatInt(at, 10), 10, 64); err != nil {
			t.Error(err)
		}
		// Within the years 0 to 9999, which .NET and JavaScript can show.
		if at < -62167219200*1e7 || at >= 253402300800*1e7 {
			t.Errorf("%q: %d", metadata, at)
		}
		_, _, _ = basic(string(metadata))
		_ = contentType(metadata)
	})
}
