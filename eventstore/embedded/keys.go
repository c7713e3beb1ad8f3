package embedded

import (
	"encoding/binary"
	"fmt"
	"math"

	"reliefledger.org/ledger/eventstore"
)

// The database has two kinds of keys:
//
//	'e' number                        -> the event's record (record.go)
//	's' length of name, name, revision -> number
//
// Numbers and revisions are 8 bytes, the length is 2, all big-endian, so that
// keys sort as they count; the length keeps one stream's keys from running
// into those of another whose name begins like it.
const (
	eventKind  = 'e'
	streamKind = 's'
)

func eventKey(number uint64) []byte {
	return binary.BigEndian.AppendUint64([]byte{eventKind}, number)
}

// eventsEnd is above every event's key.
var eventsEnd = []byte{eventKind + 1}

// parseEventKey returns the number in the key of an event.
func parseEventKey(key []byte) (uint64, error) {
	if len(key) != 9 || key[0] != eventKind {
		return 0, corruptKey(key, "is not the key of an event")
	}
	return binary.BigEndian.Uint64(key[1:]), nil
}

// streamPrefix begins the keys of one stream. The name has been checked:
// its length fits.
func streamPrefix(stream string) []byte {
	key := make([]byte, 0, 3+len(stream)+8)
	key = append(key, streamKind)
	key = binary.BigEndian.AppendUint16(key, uint16(len(stream)))
	return append(key, stream...)
}

func streamKey(stream string, revision uint64) []byte {
	return binary.BigEndian.AppendUint64(streamPrefix(stream), revision)
}

// streamEnd is above every key of the stream; no revision is all ones.
func streamEnd(stream string) []byte { return streamKey(stream, math.MaxUint64) }

// parseStreamEntry returns what an entry of the stream's index says.
func parseStreamEntry(key, value []byte) (revision, number uint64, err error) {
	if len(key) < 11 || key[0] != streamKind || len(value) != 8 {
		return 0, 0, corruptKey(key, "is not an entry of a stream")
	}
	return binary.BigEndian.Uint64(key[len(key)-8:]), binary.BigEndian.Uint64(value), nil
}

// keyName names a key to people.
func keyName(key []byte) string {
	switch {
	case len(key) == 9 && key[0] == eventKind:
		return fmt.Sprintf("event %d", binary.BigEndian.Uint64(key[1:]))
	case len(key) >= 11 && key[0] == streamKind:
		return fmt.Sprintf("stream %q, revision %d", key[3:len(key)-8], binary.BigEndian.Uint64(key[len(key)-8:]))
	}
	return fmt.Sprintf("key %x", key)
}

func corruptKey(key []byte, format string, args ...any) error {
	return &eventstore.Corrupt{Where: keyName(key), Cause: fmt.Errorf(format, args...)}
}

// positionAfter is the position of the last of count events: that of event n
// is n+1, and 0 is before the first.
func positionAfter(count uint64) eventstore.Position { return eventstore.NewPosition(count, count) }
