package node

import (
	"bytes"
	"encoding/binary"
	stdjson "encoding/json"
	"strconv"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

	"reliefledger.org/ledger/eventstore"
)

// recorded is an event as a reader gets it, with ids in the form asked for.
func recorded(e eventstore.Recorded, id func(uuid.UUID) *shared.UUID) *streams.ReadResp {
	commit, prepare := e.Position.Pair()
	return &streams.ReadResp{Content: &streams.ReadResp_Event{Event: &streams.ReadResp_ReadEvent{
		Event: &streams.ReadResp_ReadEvent_RecordedEvent{
			Id:               id(e.ID),
			StreamIdentifier: named(e.Stream),
			StreamRevision:   e.Revision,
			CommitPosition:   commit,
			PreparePosition:  prepare,
			Metadata: map[string]string{
				"type":         e.Type,
				"content-type": contentType(e.Data),
				"created":      strconv.FormatInt(created(e.Metadata), 10),
			},
			CustomMetadata: e.Metadata,
			Data:           e.Data,
		},
		Position: &streams.ReadResp_ReadEvent_CommitPosition{CommitPosition: commit},
	}}}
}

// contentType is seen from the data, since the store doesn't keep what the
// writer said. Their first byte tells most of what is not JSON.
func contentType(data []byte) string {
	if len(data) > 0 && bytes.IndexByte([]byte("{[\"-0123456789tfn \t\r\n"), data[0]) >= 0 && stdjson.Valid(data) {
		return "application/json"
	}
	return "application/octet-stream"
}

// created is the time that an event's metadata have under "recorded", in
// ticks; 0 where there is none. Some clients end their process where it can't
// be parsed.
func created(metadata []byte) int64 {
	var m struct {
		Recorded string `json:"recorded"`
	}
	// A ledger's own metadata begin with it, which saves looking at the rest.
	if rest, ok := bytes.CutPrefix(metadata, []byte(`{"recorded":"`)); ok {
		if text, _, ok := bytes.Cut(rest, []byte(`"`)); ok {
			m.Recorded = string(text)
		}
	} else if len(metadata) == 0 || metadata[0] != '{' || json.Unmarshal(metadata, &m) != nil {
		return 0
	}
	t, err := time.Parse(time.RFC3339Nano, m.Recorded)
	if err != nil {
		return 0
	}
	return ticks(t)
}

// ticks are .NET's: 100 nanoseconds, here since 1970.
func ticks(t time.Time) int64 { return t.Unix()*1e7 + int64(t.Nanosecond()/100) }

func named(stream string) *shared.StreamIdentifier {
	return &shared.StreamIdentifier{StreamName: []byte(stream)}
}

// An id goes over the wire as two halves, big-endian, or as text.

func structured(id uuid.UUID) *shared.UUID {
	return &shared.UUID{Value: &shared.UUID_Structured_{Structured: &shared.UUID_Structured{
		MostSignificantBits:  int64(binary.BigEndian.Uint64(id[:8])),
		LeastSignificantBits: int64(binary.BigEndian.Uint64(id[8:])),
	}}}
}

func textual(id uuid.UUID) *shared.UUID {
	return &shared.UUID{Value: &shared.UUID_String_{String_: id.String()}}
}

func parseID(of string, id *shared.UUID) (uuid.UUID, error) {
	switch v := id.GetValue().(type) {
	case *shared.UUID_Structured_:
		var parsed uuid.UUID
		binary.BigEndian.PutUint64(parsed[:8], uint64(v.Structured.GetMostSignificantBits()))
		binary.BigEndian.PutUint64(parsed[8:], uint64(v.Structured.GetLeastSignificantBits()))
		return parsed, nil
	case *shared.UUID_String_:
		parsed, err := uuid.Parse(v.String_)
		if err != nil {
			return uuid.UUID{}, invalid("the id of %s is not a UUID: %.80q", of, v.String_)
		}
		return parsed, nil
	}
	return uuid.UUID{}, invalid("%s has no id", of)
}

// proposed reads an event that is to be appended; both ways of appending have
// the same fields.
func proposed(m interface {
	GetId() *shared.UUID
	GetMetadata() map[string]string
	GetCustomMetadata() []byte
	GetData() []byte
}) (eventstore.Event, error) {
	id, err := parseID("an event", m.GetId())
	if err != nil {
		return eventstore.Event{}, err
	}
	for _, key := range []string{"type", "content-type"} {
		if _, ok := m.GetMetadata()[key]; !ok {
			return eventstore.Event{}, invalid("event %s lacks %q in its metadata", id, key).because(
				"missing-required-metadata-property", "required-metadata-properties", "type,content-type")
		}
	}
	return eventstore.Event{ID: id, Type: m.GetMetadata()["type"], Data: m.GetData(), Metadata: m.GetCustomMetadata()}, nil
}
