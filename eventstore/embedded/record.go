package embedded

import (
	"encoding/binary"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/google/uuid"

	"reliefledger.org/ledger/eventstore"
)

// A record is
//
//	revision, id (16 bytes), stream, type, data, metadata
//
// where revision is a uvarint and each of the last four is a uvarint length
// and its bytes. There is one way only to write an event. Pebble checks sums
// over its blocks; what is checked here is that a record is one.

// appendBody appends what follows the revision, which only the writer knows.
func appendBody(b []byte, stream string, e eventstore.Event) []byte {
	b = append(b, e.ID[:]...)
	b = appendField(b, stream)
	b = appendField(b, e.Type)
	b = appendField(b, e.Data)
	return appendField(b, e.Metadata)
}

func appendField[T string | []byte](b []byte, field T) []byte {
	b = binary.AppendUvarint(b, uint64(len(field)))
	return append(b, field...)
}

// bodySize is room enough for appendBody.
func bodySize(stream string, e eventstore.Event) int {
	return len(e.ID) + 4*binary.MaxVarintLen32 + len(stream) + len(e.Type) + len(e.Data) + len(e.Metadata)
}

// decodeRecord reads a record; data and metadata lie within it. The position
// is left to the caller.
func decodeRecord(record []byte) (eventstore.Recorded, error) {
	r := recordReader{rest: record}
	var e eventstore.Recorded
	e.Revision = r.uvarint()
	e.ID = uuid.UUID(r.bytes(16))
	stream, kind := r.field(), r.field()
	e.Data, e.Metadata = r.field(), r.field()
	switch {
	case r.err != nil:
		return eventstore.Recorded{}, r.err
	case len(r.rest) > 0:
		return eventstore.Recorded{}, fmt.Errorf("%d bytes after the record", len(r.rest))
	case !utf8.Valid(stream) || !utf8.Valid(kind):
		return eventstore.Recorded{}, errors.New("stream or type is not UTF-8")
	}
	e.Stream, e.Type = string(stream), string(kind)
	return e, nil
}

// recordReader takes a record apart. After the first error it gives only
// zeros.
type recordReader struct {
	rest []byte
	err  error
}

func (r *recordReader) uvarint() uint64 {
	n, size := binary.Uvarint(r.rest)
	// A last byte of zero is a longer way to write the same number.
	if r.err == nil && (size <= 0 || size > 1 && r.rest[size-1] == 0) {
		r.err = errors.New("a number in the record is cut off or not in its shortest form")
	}
	if r.err != nil {
		return 0
	}
	r.rest = r.rest[size:]
	return n
}

// bytes gives the next n bytes, with no room to append into those behind them.
func (r *recordReader) bytes(n uint64) []byte {
	if r.err == nil && n > uint64(len(r.rest)) {
		r.err = fmt.Errorf("the record ends %d bytes early", n-uint64(len(r.rest)))
	}
	if r.err != nil {
		return make([]byte, min(n, 16)) // only for the id, which is copied whole
	}
	b := r.rest[:n:n]
	r.rest = r.rest[n:]
	return b
}

func (r *recordReader) field() []byte { return r.bytes(r.uvarint()) }
