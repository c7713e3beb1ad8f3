package image

import (
	"encoding/binary"
	"reflect"
	"unsafe"
)

// reader reads values in the order in which they were written.
type reader struct {
	*kinds
	rest     []byte
	queue    []queued
	pointees []header // by kind: room for what pointers lead to; len is how many are used
	elements []header // by kind: room for the elements of slices; len is how many are used
	table    []string
}

// widest is how many bytes of memory one byte of an image can become: a nil slice
// is one byte in an image, and its header has 24 in memory.
const widest = 24

// begin reads what the writer wrote after the values.
func (r *reader) begin(b []byte) {
	if len(b) < 8 {
		panic(&Broken{"it is cut off"})
	}
	values := binary.LittleEndian.Uint64(b[len(b)-8:])
	if values > uint64(len(b)-8) {
		panic(&Broken{"it is cut off"})
	}
	r.rest = b[values : len(b)-8]
	if n := r.uvarint(); n != uint64(len(r.all)) {
		panic(&Broken{"it has other types"})
	}
	slab := func(k *kind) header {
		n := r.uvarint()
		if n > uint64(len(b)) || n*uint64(max(k.size, 1)) > widest*uint64(len(b)) {
			panic(&Broken{"it has more values than bytes"})
		}
		s := reflect.MakeSlice(reflect.SliceOf(k.t), int(n), int(n))
		return header{s.UnsafePointer(), 0, int(n)}
	}
	for _, k := range r.all {
		r.pointees = append(r.pointees, slab(k))
		r.elements = append(r.elements, slab(k))
	}
	n := r.uvarint()
	if n > uint64(len(r.rest)) {
		panic(&Broken{"it has more strings than bytes"})
	}
	lengths := make([]int, n)
	sum := 0
	for i := range lengths {
		l := r.uvarint()
		if l > uint64(len(r.rest)) {
			panic(&Broken{"a string is longer than the image"})
		}
		lengths[i] = int(l)
		sum += int(l)
	}
	if sum != len(r.rest) {
		panic(&Broken{"its strings have another length"})
	}
	all := string(r.rest)
	r.table = make([]string, n)
	for i, l := range lengths {
		r.table[i], all = all[:l], all[l:]
	}
	r.rest = b[:values]
}

func (r *reader) uvarint() uint64 {
	n, size := binary.Uvarint(r.rest)
	if size <= 0 {
		panic(&Broken{"a number is cut off"})
	}
	r.rest = r.rest[size:]
	return n
}

func (r *reader) take(n uintptr) []byte {
	if n > uintptr(len(r.rest)) {
		panic(&Broken{"a value is cut off"})
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

func (r *reader) text() string {
	n := r.uvarint()
	if n >= uint64(len(r.table)) {
		panic(&Broken{"there is no such string"})
	}
	return r.table[n]
}

func (r *reader) pointer(k *kind) unsafe.Pointer {
	n := r.uvarint()
	if n == 0 {
		return nil
	}
	h := &r.pointees[k.index]
	if n > uint64(h.len)+1 || n > uint64(h.cap) {
		panic(&Broken{"a pointer leads nowhere"})
	}
	at := unsafe.Add(h.data, uintptr(n-1)*k.size) // within: n is at most cap
	if n == uint64(h.len)+1 {
		h.len++
		r.queue = append(r.queue, queued{k, at})
	}
	return at
}

// array returns room for the elements of a slice, with no capacity beyond them.
func (r *reader) array(k *kind, n int) header {
	h := &r.elements[k.index]
	if n > h.cap-h.len {
		panic(&Broken{"a list is longer than all of its kind"})
	}
	if n == 0 || k.size == 0 {
		return header{unsafe.Pointer(&nowhere), n, n} // a pointer past the last element would be invalid
	}
	at := unsafe.Add(h.data, uintptr(h.len)*k.size)
	h.len += n
	return header{at, n, n}
}

// nowhere is where empty slices point to.
var nowhere struct{ _ uint64 }
