package image

import (
	"bufio"
	"encoding/binary"
	"unsafe"
)

// writer writes the values in the order in which they are met: the root, then
// what pointers lead to. Behind them stands what a reader must know first: how
// many values of each kind there are, and the strings, each once.
type writer struct {
	*kinds
	w        *bufio.Writer
	err      error
	written  uint64
	room     [binary.MaxVarintLen64]byte
	queue    []queued
	met      []map[unsafe.Pointer]uint64 // by kind: 1 + the index of what a pointer leads to
	elements []uint64                    // by kind: how many stand in slices
	strings  map[string]uint64
	table    []string
}

type queued struct {
	kind *kind
	at   unsafe.Pointer
}

func (e *writer) raw(at unsafe.Pointer, size uintptr) {
	if size > 0 {
		e.bytes(unsafe.Slice((*byte)(at), size))
	}
}

func (e *writer) bytes(b []byte) {
	if e.err == nil {
		_, e.err = e.w.Write(b)
		e.written += uint64(len(b))
	}
}

func (e *writer) uvarint(n uint64) { e.bytes(binary.AppendUvarint(e.room[:0], n)) }

func (e *writer) text(s string) uint64 {
	n, ok := e.strings[s]
	if !ok {
		n = uint64(len(e.table))
		e.strings[s] = n
		e.table = append(e.table, s)
	}
	return n
}

// pointer writes 0 for nil, else 1 + the place of the value among those of its
// kind. Places are given in the order in which values are met, which is also
// that in which they are written: so a reader knows when he meets one first.
func (e *writer) pointer(k *kind, p unsafe.Pointer) {
	if p == nil {
		e.uvarint(0)
		return
	}
	met := e.met[k.index]
	if met == nil {
		met = map[unsafe.Pointer]uint64{}
		e.met[k.index] = met
	}
	n, known := met[p]
	if !known {
		n = uint64(len(met)) + 1
		met[p] = n
		e.queue = append(e.queue, queued{k, p})
	}
	e.uvarint(n)
}

func (e *writer) finish() error {
	values := e.written
	e.uvarint(uint64(len(e.all)))
	for _, k := range e.all {
		e.uvarint(uint64(len(e.met[k.index])))
		e.uvarint(e.elements[k.index])
	}
	e.uvarint(uint64(len(e.table)))
	for _, s := range e.table {
		e.uvarint(uint64(len(s)))
	}
	for _, s := range e.table {
		e.bytes([]byte(s))
	}
	e.bytes(binary.LittleEndian.AppendUint64(nil, values))
	if e.err == nil {
		e.err = e.w.Flush()
	}
	return e.err
}
