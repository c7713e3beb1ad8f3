package image

import (
	"bufio"
	"encoding/binary"
	"unsafe"
)

// writer writes the values: first the root, then what pointers lead to, in the order
// in which the pointers are written. After the values it writes what a reader must
// know first: how many values of each kind there are, and the strings, each once.
type writer struct {
	*kinds
	w        *bufio.Writer
	err      error
	written  uint64
	room     [binary.MaxVarintLen64]byte
	queue    []queued
	places   []map[unsafe.Pointer]uint64 // by kind: the place of what a pointer leads to, from 1
	elements []uint64                    // by kind: how many elements all slices have
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

// pointer writes 0 for nil, else the place of the value among those of its kind. A
// value that was not pointed to before gets the next place. So a reader sees by the
// place that a value is new, and reads the values in the same order.
func (e *writer) pointer(k *kind, p unsafe.Pointer) {
	if p == nil {
		e.uvarint(0)
		return
	}
	places := e.places[k.index]
	if places == nil {
		places = map[unsafe.Pointer]uint64{}
		e.places[k.index] = places
	}
	n, known := places[p]
	if !known {
		n = uint64(len(places)) + 1
		places[p] = n
		e.queue = append(e.queue, queued{k, p})
	}
	e.uvarint(n)
}

func (e *writer) finish() error {
	values := e.written
	e.uvarint(uint64(len(e.all)))
	for _, k := range e.all {
		e.uvarint(uint64(len(e.places[k.index])))
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
