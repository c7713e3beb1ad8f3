package eventstore

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
)

// EntryVersion is the first byte of a log entry.
const EntryVersion = 1

// Entry is what the ledger's log says of one event: the leaf of the Merkle tree
// (format section 3). It has nothing that a store added, so the same history in
// the same order has the same entries everywhere. Its bytes are
//
//	version   1 byte
//	stream    2 bytes of length, UTF-8
//	revision  8 bytes
//	id        16 bytes
//	type      2 bytes of length, UTF-8
//	open      32 bytes, SHA-256 of O
//	private   32 bytes, SHA-256 of the length of P (8 bytes), P, the length of
//	          the metadata (8 bytes), the metadata
//
// with all numbers big-endian. Hashes are over the stored bytes.
func Entry(r Recorded) ([]byte, error) {
	p, err := Split(r.Data)
	if err != nil {
		return nil, fmt.Errorf("log entry of %s@%d: %w", r.Stream, r.Revision, err)
	}
	return EntryOfParts(r, p), nil
}

// EntryOfParts is [Entry] for a caller that has taken the event's data apart
// already: p are the parts of r.Data, as stored.
func EntryOfParts(r Recorded, p Parts) []byte {
	open := sha256.Sum256(p.Open)
	hidden := sha256.New()
	var length [8]byte
	for _, b := range [][]byte{p.Private, r.Metadata} {
		hidden.Write(binary.BigEndian.AppendUint64(length[:0], uint64(len(b))))
		hidden.Write(b)
	}
	e := make([]byte, 0, 128+len(r.Stream)+len(r.Type))
	e = append(e, EntryVersion)
	e = binary.BigEndian.AppendUint16(e, uint16(len(r.Stream)))
	e = append(e, r.Stream...)
	e = binary.BigEndian.AppendUint64(e, r.Revision)
	e = append(e, r.ID[:]...)
	e = binary.BigEndian.AppendUint16(e, uint16(len(r.Type)))
	e = append(e, r.Type...)
	e = append(e, open[:]...)
	return hidden.Sum(e)
}

// LeafHash is the hash of an entry as a leaf (RFC 6962): SHA-256 of a zero byte
// and the entry.
func LeafHash(entry []byte) [32]byte {
	var room [512]byte
	return sha256.Sum256(append(append(room[:0], 0), entry...))
}
