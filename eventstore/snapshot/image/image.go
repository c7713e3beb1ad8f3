// Package image writes a graph of Go values as bytes and reads it back, for
// snapshots: caches that a program makes for itself and can do without.
//
//	err := image.Write(w, state)
//	...
//	state := new(domain.Ledger)
//	err := image.Read(file, state) // any error: make it again from the events
//
// An image is read by the very types that wrote it, on the same kind of machine:
// [Shape] names them, and whoever keeps an image keeps the shape with it. It is
// no format for data that matter. Reading is some hundred megabytes a second
// a core, since whatever has no pointers is copied as it lies in memory, and
// since all values of a type lie in one array.
//
// All fields are written, also unexported ones; that is what a package of its
// own has no other way to do, and why this one uses unsafe. Pointers that are
// equal stay equal, but for one to the root, which gets a copy. So does a pointer
// into the middle of an array or struct, and a slice that shares its array with
// another. A func or a chan is an error unless it is nil. Write remembers every
// pointer that it has met, some 50 bytes each.
package image

import (
	"bufio"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"reflect"
	"time"
	"unsafe"
)

// Broken says that bytes are no image of the types that are to be read. Nothing
// that was read is to be used.
type Broken struct{ Why string }

func (e *Broken) Error() string { return "image: " + e.Why }

// Shape hashes the layout of a type with all that it leads to, and the machine's
// way to lay out numbers. concrete are samples of what stands in interfaces,
// always in the same order.
func Shape(root any, concrete ...any) [32]byte {
	h := sha256.New()
	seen := map[reflect.Type]bool{}
	var describe func(t reflect.Type)
	describe = func(t reflect.Type) {
		fmt.Fprintf(h, "%v %v %d %d\n", t, t.Kind(), t.Size(), t.Align())
		if seen[t] {
			return
		}
		seen[t] = true
		switch t.Kind() {
		case reflect.Struct:
			for i := range t.NumField() {
				f := t.Field(i)
				fmt.Fprintf(h, "%s %d\n", f.Name, f.Offset)
				describe(f.Type)
			}
		case reflect.Map:
			describe(t.Key())
			describe(t.Elem())
		case reflect.Array, reflect.Slice, reflect.Pointer:
			describe(t.Elem())
		}
	}
	one := uint16(1)
	fmt.Fprintf(h, "image 1 %v\n", *(*byte)(unsafe.Pointer(&one)) == 1)
	for _, v := range append([]any{root}, concrete...) {
		describe(reflect.TypeOf(v))
	}
	return [32]byte(h.Sum(nil))
}

// Write writes the value that root points to.
func Write(w io.Writer, root any, concrete ...any) (err error) {
	defer caught(&err)
	v := pointed(root)
	e := &writer{kinds: newKinds(v.Type().Elem(), concrete), w: bufio.NewWriterSize(w, 1<<20), strings: map[string]uint64{"": 0}, table: []string{""}}
	e.met = make([]map[unsafe.Pointer]uint64, len(e.all))
	e.elements = make([]uint64, len(e.all))
	e.all[0].write(e, v.UnsafePointer())
	for i := 0; i < len(e.queue); i++ {
		e.queue[i].kind.write(e, e.queue[i].at)
	}
	return e.finish()
}

// unfit is the panic that a value without an image leads to. Such a value, like
// what breaks an image, is met deep inside.
type unfit struct{ error }

// caught turns the panics that are meant for the caller into an error.
func caught(err *error) {
	switch fault := recover().(type) {
	case nil:
	case *Broken:
		*err = fault
	case unfit:
		*err = fault
	default:
		panic(fault)
	}
}

// pointed is the value of a root.
func pointed(root any) reflect.Value {
	v := reflect.ValueOf(root)
	if v.Kind() != reflect.Pointer || v.IsNil() {
		panic(unfit{errors.New("image: the root is no pointer")})
	}
	return v
}

// Read reads an image into what root points to, which must be zero. It keeps
// nothing of b.
func Read(b []byte, root any, concrete ...any) (err error) {
	defer caught(&err)
	v := pointed(root)
	r := &reader{kinds: newKinds(v.Type().Elem(), concrete)}
	r.begin(b)
	r.all[0].read(r, v.UnsafePointer())
	for i := 0; i < len(r.queue); i++ {
		r.queue[i].kind.read(r, r.queue[i].at)
	}
	if len(r.rest) > 0 {
		return &Broken{fmt.Sprintf("%d bytes are left", len(r.rest))}
	}
	return nil
}

// kind is what is known of a type.
type kind struct {
	t     reflect.Type
	index int // among kinds, in the order in which they were met
	size  uintptr
	flat  bool // has no pointers: its memory is its image
	write func(e *writer, at unsafe.Pointer)
	read  func(r *reader, at unsafe.Pointer)
}

type kinds struct {
	byType   map[reflect.Type]*kind
	all      []*kind
	concrete []reflect.Type
}

// newKinds knows all types that the root leads to; its own comes first.
func newKinds(root reflect.Type, concrete []any) *kinds {
	k := &kinds{byType: map[reflect.Type]*kind{}}
	k.of(root)
	for _, c := range concrete {
		t := reflect.TypeOf(c)
		if t.Kind() != reflect.Pointer {
			panic(unfit{fmt.Errorf("image: %v is no pointer", t)})
		}
		k.concrete = append(k.concrete, t)
		k.of(t.Elem())
	}
	return k
}

func (ks *kinds) of(t reflect.Type) *kind {
	if k := ks.byType[t]; k != nil {
		return k
	}
	k := &kind{t: t, index: len(ks.all), size: t.Size(), flat: isFlat(t)}
	ks.byType[t] = k
	ks.all = append(ks.all, k)
	if k.flat {
		k.write = func(e *writer, at unsafe.Pointer) { e.raw(at, k.size) }
		k.read = func(r *reader, at unsafe.Pointer) { copy(unsafe.Slice((*byte)(at), k.size), r.take(k.size)) }
		return k
	}
	switch {
	case t == reflect.TypeFor[time.Time]():
		k.write, k.read = writeTime, readTime
	case t.Kind() == reflect.String:
		k.write = func(e *writer, at unsafe.Pointer) { e.uvarint(e.text(*(*string)(at))) }
		k.read = func(r *reader, at unsafe.Pointer) { *(*string)(at) = r.text() }
	case t.Kind() == reflect.Struct:
		ks.structs(k)
	case t.Kind() == reflect.Array:
		elem := ks.of(t.Elem())
		k.write = func(e *writer, at unsafe.Pointer) {
			for i := range t.Len() {
				elem.write(e, unsafe.Add(at, uintptr(i)*elem.size))
			}
		}
		k.read = func(r *reader, at unsafe.Pointer) {
			for i := range t.Len() {
				elem.read(r, unsafe.Add(at, uintptr(i)*elem.size))
			}
		}
	case t.Kind() == reflect.Pointer:
		elem := ks.of(t.Elem())
		k.write = func(e *writer, at unsafe.Pointer) { e.pointer(elem, *(*unsafe.Pointer)(at)) }
		k.read = func(r *reader, at unsafe.Pointer) { *(*unsafe.Pointer)(at) = r.pointer(elem) }
	case t.Kind() == reflect.Slice:
		ks.slices(k)
	case t.Kind() == reflect.Map:
		ks.maps(k)
	case t.Kind() == reflect.Interface:
		ks.interfaces(k)
	case t.Kind() == reflect.Func, t.Kind() == reflect.Chan:
		k.write = func(e *writer, at unsafe.Pointer) {
			if !reflect.NewAt(t, at).Elem().IsNil() {
				panic(unfit{fmt.Errorf("image: a %v has no image", t)})
			}
		}
		k.read = func(*reader, unsafe.Pointer) {}
	default:
		panic(unfit{fmt.Errorf("image: a %v has no image", t)})
	}
	return k
}

func isFlat(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Bool, reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64,
		reflect.Float32, reflect.Float64, reflect.Complex64, reflect.Complex128:
		return true
	case reflect.Array:
		return isFlat(t.Elem())
	case reflect.Struct:
		for i := range t.NumField() {
			if !isFlat(t.Field(i).Type) {
				return false
			}
		}
		return true
	}
	return false
}

func (ks *kinds) structs(k *kind) {
	type field struct {
		*kind
		offset uintptr
	}
	var fields []field
	for i := range k.t.NumField() {
		f := k.t.Field(i)
		fields = append(fields, field{ks.of(f.Type), f.Offset})
	}
	k.write = func(e *writer, at unsafe.Pointer) {
		for i := range fields {
			fields[i].write(e, unsafe.Add(at, fields[i].offset))
		}
	}
	k.read = func(r *reader, at unsafe.Pointer) {
		for i := range fields {
			fields[i].read(r, unsafe.Add(at, fields[i].offset))
		}
	}
}

// header is a slice in memory.
type header struct {
	data     unsafe.Pointer
	len, cap int
}

func (ks *kinds) slices(k *kind) {
	elem := ks.of(k.t.Elem())
	k.write = func(e *writer, at unsafe.Pointer) {
		h := (*header)(at)
		if h.data == nil {
			e.uvarint(0)
			return
		}
		e.uvarint(uint64(h.len) + 1)
		e.elements[elem.index] += uint64(h.len)
		if elem.flat {
			e.raw(h.data, uintptr(h.len)*elem.size)
			return
		}
		for i := range h.len {
			elem.write(e, unsafe.Add(h.data, uintptr(i)*elem.size))
		}
	}
	k.read = func(r *reader, at unsafe.Pointer) {
		n := r.uvarint()
		if n == 0 {
			return
		}
		n--
		// An element takes a byte at least, but for those of no size.
		if n > uint64(len(r.rest)) && elem.size > 0 || n > 1<<40 {
			panic(&Broken{"a list is longer than the image"})
		}
		h := (*header)(at)
		*h = r.array(elem, int(n))
		if elem.flat {
			copy(unsafe.Slice((*byte)(h.data), n*uint64(elem.size)), r.take(uintptr(n)*elem.size))
			return
		}
		for i := range h.len {
			elem.read(r, unsafe.Add(h.data, uintptr(i)*elem.size))
		}
	}
}

func (ks *kinds) maps(k *kind) {
	key, elem := ks.of(k.t.Key()), ks.of(k.t.Elem())
	k.write = func(e *writer, at unsafe.Pointer) {
		m := reflect.NewAt(k.t, at).Elem()
		if m.IsNil() {
			e.uvarint(0)
			return
		}
		e.uvarint(uint64(m.Len()) + 1)
		kv, ev := reflect.New(k.t.Key()), reflect.New(k.t.Elem())
		for it := m.MapRange(); it.Next(); {
			kv.Elem().SetIterKey(it)
			ev.Elem().SetIterValue(it)
			key.write(e, kv.UnsafePointer())
			elem.write(e, ev.UnsafePointer())
		}
	}
	k.read = func(r *reader, at unsafe.Pointer) {
		n := r.uvarint()
		if n == 0 {
			return
		}
		if n--; n > uint64(len(r.rest)) {
			panic(&Broken{"a map is larger than the image"})
		}
		m := reflect.MakeMapWithSize(k.t, int(n))
		kv, ev := reflect.New(k.t.Key()), reflect.New(k.t.Elem())
		for range n {
			kv.Elem().SetZero()
			ev.Elem().SetZero()
			key.read(r, kv.UnsafePointer())
			elem.read(r, ev.UnsafePointer())
			m.SetMapIndex(kv.Elem(), ev.Elem())
		}
		reflect.NewAt(k.t, at).Elem().Set(m)
	}
}

func (ks *kinds) interfaces(k *kind) {
	k.write = func(e *writer, at unsafe.Pointer) {
		v := reflect.NewAt(k.t, at).Elem()
		if v.IsNil() {
			e.uvarint(0)
			return
		}
		for i, t := range ks.concrete {
			if v.Elem().Type() == t {
				e.uvarint(uint64(i) + 1)
				e.pointer(ks.of(t.Elem()), v.Elem().UnsafePointer())
				return
			}
		}
		panic(unfit{fmt.Errorf("image: a %v in a %v was not announced", v.Elem().Type(), k.t)})
	}
	k.read = func(r *reader, at unsafe.Pointer) {
		i := r.uvarint()
		if i == 0 {
			return
		}
		if i > uint64(len(ks.concrete)) || !ks.concrete[i-1].Implements(k.t) {
			panic(&Broken{"an interface holds something else"})
		}
		t := ks.concrete[i-1]
		v := reflect.NewAt(t.Elem(), r.pointer(ks.of(t.Elem())))
		reflect.NewAt(k.t, at).Elem().Set(v)
	}
}

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

// reader reads values in the order in which they were written.
type reader struct {
	*kinds
	rest     []byte
	queue    []queued
	pointees []header // by kind: what pointers lead to; len is how many were met
	elements []header // by kind: what stands in slices; len is how many were given
	table    []string
}

// widest is how many bytes of memory a byte of an image can become: a nil slice
// is one, and its header 24.
const widest = 24

// begin reads what stands behind the values.
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

// array gives room for the elements of a slice, with none behind them.
func (r *reader) array(k *kind, n int) header {
	h := &r.elements[k.index]
	if n > h.cap-h.len {
		panic(&Broken{"a list is longer than all of its kind"})
	}
	if n == 0 || k.size == 0 {
		return header{unsafe.Pointer(&nowhere), n, n} // not what may lie behind the last
	}
	at := unsafe.Add(h.data, uintptr(h.len)*k.size)
	h.len += n
	return header{at, n, n}
}

// nowhere is where empty slices point to.
var nowhere struct{ _ uint64 }

// A time keeps its moment and its distance from UTC, not the name of its zone.
func writeTime(e *writer, at unsafe.Pointer) {
	t := *(*time.Time)(at)
	_, offset := t.Zone()
	for _, n := range []int64{t.Unix(), int64(t.Nanosecond()), int64(offset)} {
		e.bytes(binary.AppendVarint(e.room[:0], n))
	}
}

func readTime(r *reader, at unsafe.Pointer) {
	var n [3]int64
	for i := range n {
		v, size := binary.Varint(r.rest)
		if size <= 0 {
			panic(&Broken{"a time is cut off"})
		}
		n[i], r.rest = v, r.rest[size:]
	}
	t := time.Unix(n[0], n[1]).UTC()
	if n[2] != 0 {
		t = t.In(time.FixedZone("", int(n[2])))
	}
	*(*time.Time)(at) = t
}
