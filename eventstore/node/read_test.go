package node

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/uuid"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"reliefledger.org/ledger/eventstore"
)

func TestRead(t *testing.T) {
	s := serve(t, Options{})
	s.fill(t, "a", 0, 3) // positions 1 to 3
	s.fill(t, "b", 0, 2)
	s.fill(t, "a", 3, 1) // position 6
	lots := make([]string, 40)
	for i := range lots {
		lots[i] = fmt.Sprint("m", i)
	}
	s.fill(t, "m", 0, len(lots)) // more than a step of the store
	u := func(n uint64) *uint64 { return &n }
	for _, c := range []struct {
		name string
		ask  []option
		want string
		code codes.Code
	}{
		{"positions told to who can take them", []option{one("a", nil), compatible}, "a0 a1 a2 a3 last 3", 0},
		{"also where the read ends sooner", []option{one("a", nil), compatible, count(1)}, "a0 last 3", 0},
		{"and backwards", []option{one("a", u(1)), compatible, backwards}, "a1 a0 last 3", 0},
		{"and behind the end", []option{one("a", u(9)), compatible}, "last 3", 0},
		{"backwards from behind the end", []option{one("a", u(9)), backwards, count(1)}, "a3", 0},
		{"no stream", []option{one("c", nil), compatible}, "no stream c", 0},
		{"no stream, backwards from its end", []option{oneEnd("c"), backwards}, "no stream c", 0},
		{"no stream, none of it", []option{one("c", nil), count(0)}, "no stream c", 0},
		{"the metadata of a stream", []option{oneEnd("$$a"), backwards, count(1)}, "no stream $$a", 0},
		{"a stream of the server", []option{one("$ce-a", nil)}, "no stream $ce-a", 0},
		{"a name too long for a stream", []option{one(strings.Repeat("x", 2000), nil)}, "no stream " + strings.Repeat("x", 2000), 0},
		{"a name that is not UTF-8", []option{one("\xff", nil)}, "no stream \xff", 0},
		{"a long stream", []option{one("m", nil)}, strings.Join(lots, " "), 0},

		{"all, by prefix", []option{all(nil), filtered(false, "", []string{"b", "c"}, 0, 0)}, "b0 b1", 0},
		{"all, by prefix of the type", []option{all(nil), filtered(true, "", []string{"Sa"}, 0, 0), count(2)}, "a0 a1", 0},
		{"all, by no such type", []option{all(nil), filtered(true, "", []string{"said"}, 0, 0)}, "", 0},
		{"all, by pattern", []option{all(nil), filtered(false, "^[^$m]$", nil, 1, 1)}, "a0 a1 a2 b0 b1 a3", 0},
		{"a pattern is found anywhere", []option{all(nil), filtered(true, "ai", nil, 1, 1), count(1)}, "a0", 0},
		{"count is of what matches", []option{all(u(2)), filtered(false, "b", nil, 1, 1), count(1)}, "b0", 0},
		{"backwards, by pattern", []option{all(u(6)), backwards, filtered(false, "a", nil, 1, 1)}, "a2 a1 a0", 0},

		{"a position of the future", []option{all(u(47))}, "", codes.InvalidArgument},
		{"backwards too", []option{all(u(47)), backwards}, "", codes.InvalidArgument},
		{"an invented position", []option{func(o *streams.ReadReq_Options) {
			o.StreamOption = &streams.ReadReq_Options_All{All: &streams.ReadReq_Options_AllOptions{AllOption: &streams.ReadReq_Options_AllOptions_Position{
				Position: &streams.ReadReq_Options_Position{CommitPosition: 2, PreparePosition: 1}}}}
		}}, "", codes.InvalidArgument},
		{"a pattern only .NET has", []option{all(nil), filtered(false, `a(?=b)`, nil, 1, 1)}, "", codes.InvalidArgument},
		{"a pattern that would grow", []option{all(nil), filtered(false, `((a{100}){100}){100}`, nil, 1, 1)}, "", codes.InvalidArgument},
		{"a pattern too long", []option{all(nil), filtered(false, strings.Repeat("a", maxPattern+1), nil, 1, 1)}, "", codes.InvalidArgument},
		{"a filter of nothing", []option{all(nil), filtered(false, "", nil, 1, 1)}, "", codes.InvalidArgument},
		{"a filter of both", []option{all(nil), filtered(false, "a", []string{"a"}, 1, 1)}, "", codes.InvalidArgument},
		{"too many prefixes", []option{all(nil), filtered(false, "", make([]string, maxPrefixes+1), 1, 1)}, "", codes.InvalidArgument},
		{"a filter of neither", []option{all(nil), func(o *streams.ReadReq_Options) {
			o.FilterOption = &streams.ReadReq_Options_Filter{Filter: &streams.ReadReq_Options_FilterOptions{}}
		}}, "", codes.InvalidArgument},
		{"a filter of one stream", []option{one("a", nil), filtered(false, "a", nil, 1, 1)}, "", codes.InvalidArgument},
		{"no options", []option{func(o *streams.ReadReq_Options) { *o = streams.ReadReq_Options{} }}, "", codes.InvalidArgument},
		{"no stream name", []option{one("", nil)}, "", codes.InvalidArgument},
		{"nothing of what", nil, "", codes.InvalidArgument},
		{"no start in a stream", []option{func(o *streams.ReadReq_Options) {
			o.StreamOption = &streams.ReadReq_Options_Stream{Stream: &streams.ReadReq_Options_StreamOptions{StreamIdentifier: named("a")}}
		}}, "", codes.InvalidArgument},
		{"no start in all", []option{func(o *streams.ReadReq_Options) {
			o.StreamOption = &streams.ReadReq_Options_All{}
		}}, "", codes.InvalidArgument},
		{"sideways", []option{all(nil), func(o *streams.ReadReq_Options) { o.ReadDirection = 2 }}, "", codes.InvalidArgument},
		{"a subscription backwards", []option{all(nil), subscribing, backwards}, "", codes.InvalidArgument},
		{"a subscription from the future", []option{all(u(47)), subscribing}, "", codes.InvalidArgument},
		{"a subscription without a window", []option{all(nil), subscribing, filtered(false, "a", nil, 5, 0)}, "", codes.InvalidArgument},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := s.raw.Read(deadline(t), ask(c.ask...))
			got, err := ended(t, r, err)
			if strings.Join(got, " ") != c.want || status.Code(err) != c.code {
				t.Errorf("got %v, %v; want %s, %s", got, err, c.want, c.code)
			}
			if err != nil && !strings.Contains(status.Convert(err).Message(), " ") {
				t.Errorf("no sentence: %v", err)
			}
		})
	}
}

func TestEventAsItIsRead(t *testing.T) {
	s := serve(t, Options{})
	const when = "2024-02-03T04:05:06.789012Z"
	id := uuid.MustParse("00010203-0405-0607-8809-0a0b0c0d0e0f")
	for i, c := range []struct {
		data, metadata, content, created string
	}{
		{`{"a":1}`, `{"recorded":"` + when + `","schema":1}`, "application/json", "17069331067890120"},
		{` [1, 2]`, `{"x":{"recorded":"no"},"recorded":"` + when + `"}`, "application/json", "17069331067890120"},
		{`"ü"`, `{"recorded":"2024-02-03T12:05:06.789012+08:00"}`, "application/json", "17069331067890120"},
		{`{"a":1`, `{"recorded":"yesterday"}`, "application/octet-stream", "0"},
		{``, ``, "application/octet-stream", "0"},
		{"\x00\xff", "\x00", "application/octet-stream", "0"},
		{`nothing`, `{"recorded":17}`, "application/octet-stream", "0"},
		{`null`, `{"recorded":"`, "application/json", "0"},
		{`-12.5e3`, `{"Recorded":"` + when + `"}`, "application/json", "0"},
	} {
		stream := fmt.Sprint("s", i)
		e := eventstore.Event{ID: id, Type: "Über", Data: []byte(c.data), Metadata: []byte(c.metadata)}
		if _, err := s.store.Append(t.Context(), stream, eventstore.NoStream, []eventstore.Event{e}); err != nil {
			t.Fatal(err)
		}
		for _, form := range []struct {
			option
			textual bool
		}{
			{func(*streams.ReadReq_Options) {}, false},
			{func(o *streams.ReadReq_Options) { o.UuidOption = nil }, false},
			{func(o *streams.ReadReq_Options) {
				o.UuidOption.Content = &streams.ReadReq_Options_UUIDOption_String_{}
			}, true},
		} {
			r, err := s.raw.Read(deadline(t), ask(one(stream, nil), form.option))
			if err != nil {
				t.Fatal(err)
			}
			m, err := r.Recv()
			if err != nil {
				t.Fatal(err)
			}
			got := m.GetEvent().GetEvent()
			halves := got.GetId().GetStructured()
			if form.textual && got.GetId().GetString_() != id.String() ||
				!form.textual && (halves.GetMostSignificantBits() != 0x0001020304050607 || uint64(halves.GetLeastSignificantBits()) != 0x88090a0b0c0d0e0f) {
				t.Errorf("id %v", got.GetId())
			}
			if got.Metadata["content-type"] != c.content || got.Metadata["created"] != c.created || got.Metadata["type"] != "Über" {
				t.Errorf("%s %s: got %v", c.data, c.metadata, got.Metadata)
			}
			if !bytes.Equal(got.Data, []byte(c.data)) || !bytes.Equal(got.CustomMetadata, []byte(c.metadata)) {
				t.Errorf("got %q %q", got.Data, got.CustomMetadata)
			}
			if p := uint64(i + 1); got.CommitPosition != p || got.PreparePosition != p || m.GetEvent().GetCommitPosition() != p || got.StreamRevision != 0 {
				t.Errorf("positions of %v", got)
			}
		}
	}
}

func TestClientOnMissingStream(t *testing.T) {
	s := serve(t, Options{})
	client := s.plain(t)
	r, err := client.ReadStream(deadline(t), "none", esdb.ReadStreamOptions{}, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	_, err = r.Recv()
	if e, _ := esdb.FromError(err); e == nil || e.Code() != esdb.ErrorCodeResourceNotFound {
		t.Errorf("got %v", err)
	}
}
