// Package codec turns events of the domain into bytes and back. It is the one
// package that knows both an event's type and its stored form: stores keep the
// bytes without looking into them.
//
//	e, err := codec.Encode(id, &domain.FundsReceived{...}, metadata, signed)
//	done, err := store.Append(ctx, stream, expected, []eventstore.Event{e})
//	...
//	for raw, err := range store.ReadAll(ctx, from, eventstore.Forwards) {
//		r, err := codec.Decode(raw, number) // r.Event is nil where err is not
//		...
//	}
//
// An event is stored as two JSON texts. The data have an open part, which may be
// shown to anyone, and a private one, which the log covers only by a salted hash:
//
//	{"open":{"date":"2023-01-03","source":{...},"fen":130000},"private":{"signed":"..."}}
//
// and the metadata say when it was recorded, in which schema, and by whom or
// because of what:
//
//	{"recorded":"2023-01-03T01:00:00.123456Z","schema":1,"salt":"...","actor":"...","role":"accountant","command":{...},"saw":7}
//
// Fields stand in declared order, without blanks. The bytes are hashed as they
// are stored and never written anew: a field that a newer program added is not
// read, and stays where it is. An event that cannot be read keeps its place in
// the ledger and changes nothing; one of a newer [Schema] is a [NewerSchema]. An
// event of an older schema is brought up to this one when it is read.
//
// The events of which a ledger has millions are read and written without a JSON
// library, byte for byte as with one (plain.go, plainread.go, plainwrite.go).
package codec

import (
	"bytes"
	stdjson "encoding/json"
	"fmt"
	"reflect"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/eventstore"
)

// Schema is the version of the shapes of events that this program writes. It
// reads that and every older one.
const Schema = 1

// timeFormat writes moments in UTC with six decimals, always as many bytes.
const timeFormat = "2006-01-02T15:04:05.000000Z"

// NewerSchema says that an event was written by a newer program: this program may
// read the other events, but must not write.
type NewerSchema struct{ Have, Know int }

func (e *NewerSchema) Error() string {
	return fmt.Sprintf("schema %d is newer than the %d that this program knows", e.Have, e.Know)
}

// Signed is the text of a command that its officers signed; it stands in
// `private` of the command's first event.
type Signed string

// Encode writes a domain event as the bytes of format section 3: data are
// exactly {"open":O,"private":P}, fields in declared order, no blanks. signed
// is empty for all but the first event of a command.
func Encode(id uuid.UUID, e domain.Event, m domain.Metadata, signed Signed) (eventstore.Event, error) {
	name := domain.TypeOf(e)
	open, err := encodeOpen(e)
	if err != nil {
		return eventstore.Event{}, fmt.Errorf("encode %s: %w", name, err)
	}
	private, err := encodePrivate(e, signed)
	if err != nil {
		return eventstore.Event{}, fmt.Errorf("encode %s: private: %w", name, err)
	}
	w := wireOf(m)
	meta, ok := appendPlainMetadata(make([]byte, 0, 512), &w)
	if !ok {
		if meta, err = marshal(w); err != nil {
			return eventstore.Event{}, fmt.Errorf("encode %s: metadata: %w", name, err)
		}
	}
	data := make([]byte, 0, len(open)+len(private)+24)
	data = append(data, `{"open":`...)
	data = append(data, open...)
	data = append(data, `,"private":`...)
	data = append(data, private...)
	data = append(data, '}')
	return eventstore.Event{ID: id, Type: name, Data: data, Metadata: meta}, nil
}

func encodeOpen(e domain.Event) ([]byte, error) {
	if p, ok := e.(*domain.DisbursementMade); ok {
		if open, ok := appendPlainPayment(make([]byte, 0, 128), p); ok {
			return open, nil
		}
	}
	return marshal(e)
}

// marshal writes compact JSON without escapes for HTML.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := stdjson.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// common is the part of `private` that any event can have.
type common struct {
	Signed  Signed          `json:"signed,omitempty"`
	Reasons []domain.Reason `json:"reasons,omitempty"`
}

func encodePrivate(e domain.Event, signed Signed) ([]byte, error) {
	field, ok := privateOf(e)
	if !ok && signed == "" && domain.CommonOf(e).Reasons == nil {
		return []byte("{}"), nil
	}
	head, err := marshal(common{signed, domain.CommonOf(e).Reasons})
	if err != nil {
		return nil, err
	}
	if !ok {
		return head, nil
	}
	body, err := marshal(field)
	if err != nil {
		return nil, err
	}
	switch {
	case string(head) == "{}":
		return body, nil
	case string(body) == "{}":
		return head, nil
	}
	return append(append(head[:len(head)-1:len(head)-1], ','), body[1:]...), nil
}

// upcasts turn the parts of an event of an older schema into those of the next
// one, by type.
var upcasts = map[string]map[int]func(eventstore.Parts) (eventstore.Parts, error){}

// Decode reads a stored event. An event of a type that this program does not
// know, or that cannot be read, is returned with a nil Event and an error: it
// keeps its place in the ledger and changes nothing. A *NewerSchema is such an
// error.
func Decode(r eventstore.Recorded, number uint64) (*domain.Recorded, error) {
	d, _, err := decode(r, number)
	return d, err
}

// DecodeWithEntry is Decode and [eventstore.Entry] at once, for a caller that
// needs both. entry is nil where the data do not have the two parts of an event.
func DecodeWithEntry(r eventstore.Recorded, number uint64) (d *domain.Recorded, entry []byte, err error) {
	d, parts, err := decode(r, number)
	if err == nil {
		return d, eventstore.EntryOfParts(r, parts), nil
	}
	entry, bad := eventstore.Entry(r)
	if bad != nil {
		return d, nil, err
	}
	return d, entry, err
}

// Readable says why an event cannot be read, nil where it can: what
// [eventstore.Check] asks of each.
func Readable(r eventstore.Recorded, number uint64) error {
	_, _, err := decode(r, number)
	return err
}

func decode(r eventstore.Recorded, number uint64) (*domain.Recorded, eventstore.Parts, error) {
	d := &domain.Recorded{ID: r.ID, Stream: r.Stream, Revision: r.Revision, Number: number}
	var w wire
	if !plainMetadata(r.Metadata, &w) {
		w = wire{}
		if err := json.Unmarshal(r.Metadata, &w); err != nil {
			return d, eventstore.Parts{}, fmt.Errorf("event %d: metadata: %w", number, err)
		}
	}
	d.Meta = w.metadata()
	if w.Schema < 0 {
		return d, eventstore.Parts{}, fmt.Errorf("event %d: there is no schema %d", number, w.Schema)
	}
	if w.Schema > Schema {
		return d, eventstore.Parts{}, fmt.Errorf("event %d: %w", number, &NewerSchema{w.Schema, Schema})
	}
	stored, ok := plainSplit(r.Data) // the parts themselves are decoded below
	if !ok {
		var err error
		if stored, err = eventstore.Split(r.Data); err != nil {
			return d, eventstore.Parts{}, fmt.Errorf("event %d: %w", number, err)
		}
	}
	parts := stored
	for s := w.Schema; s < Schema; s++ {
		if up := upcasts[r.Type][s]; up != nil {
			var err error
			if parts, err = up(parts); err != nil {
				return d, eventstore.Parts{}, fmt.Errorf("event %d: upcast from schema %d: %w", number, s, err)
			}
		}
	}
	e, ok := domain.NewEvent(r.Type)
	if !ok {
		return d, eventstore.Parts{}, fmt.Errorf("event %d: unknown type %q", number, r.Type)
	}
	if err := decodeInto(e, parts); err != nil {
		return d, eventstore.Parts{}, fmt.Errorf("event %d: %s: %w", number, r.Type, err)
	}
	d.Event = e
	return d, stored, nil
}

func decodeInto(e domain.Event, p eventstore.Parts) error {
	if !plainOpen(p.Open, e) {
		reflect.ValueOf(e).Elem().SetZero()
		if err := json.Unmarshal(p.Open, e); err != nil {
			return err
		}
	}
	if string(p.Private) == "{}" || plainPrivate(p.Private, e) {
		return nil
	}
	field, ok := privateOf(e)
	if ok {
		reflect.ValueOf(field).Elem().SetZero() // of what plainPrivate read before it gave up
	}
	var c common
	if err := json.Unmarshal(p.Private, &c); err != nil {
		return err
	}
	domain.CommonOf(e).Reasons = c.Reasons
	if ok {
		return json.Unmarshal(p.Private, field)
	}
	return nil
}

// privateFields has the index of the field Private of each type of event, -1 for
// a type that has none. Looking a field up by its name costs more than reading it.
var privateFields sync.Map

// privateOf points to the field Private of an event, where its type has one.
func privateOf(e domain.Event) (field any, ok bool) {
	v := reflect.ValueOf(e).Elem()
	at, known := privateFields.Load(v.Type())
	if !known {
		at = -1
		if f, has := v.Type().FieldByName("Private"); has {
			at = f.Index[0]
		}
		privateFields.Store(v.Type(), at)
	}
	if at.(int) < 0 {
		return nil, false
	}
	return v.Field(at.(int)).Addr().Interface(), true
}

// SignedOf returns the signed text from an event's private part, empty where there
// is none.
func SignedOf(data []byte) (Signed, error) {
	p, err := eventstore.Split(data)
	if err != nil {
		return "", err
	}
	var c common
	err = json.Unmarshal(p.Private, &c)
	return c.Signed, err
}

// wire is metadata as stored.
type wire struct {
	Recorded moment              `json:"recorded"`
	Schema   int                 `json:"schema"`
	Salt     []byte              `json:"salt"`
	Cause    uuid.UUID           `json:"cause,omitzero"`
	Actor    uuid.UUID           `json:"actor,omitzero"`
	Role     domain.Role         `json:"role,omitempty"`
	Command  *domain.Proof       `json:"command,omitempty"`
	Second   *domain.SecondProof `json:"second,omitempty"`
	Saw      uint64              `json:"saw,omitempty"`
}

func wireOf(m domain.Metadata) wire {
	return wire{moment(m.Recorded), m.Schema, m.Salt, m.Cause, m.Actor, m.Role, m.Command, m.Second, m.Saw}
}

func (w wire) metadata() domain.Metadata {
	return domain.Metadata{Recorded: time.Time(w.Recorded), Schema: w.Schema, Salt: w.Salt, Cause: w.Cause,
		Actor: w.Actor, Role: w.Role, Command: w.Command, Second: w.Second, Saw: w.Saw}
}

// moment is a recorded time.
type moment time.Time

func (m moment) MarshalText() ([]byte, error) {
	return []byte(time.Time(m).UTC().Format(timeFormat)), nil
}

func (m *moment) UnmarshalText(text []byte) error {
	t, err := time.Parse(timeFormat, string(text))
	*m = moment(t)
	return err
}
