package image

import (
	"encoding/binary"
	"fmt"
	"reflect"
	"time"
	"unsafe"
)

// kind is what is known of a type.
type kind struct {
	t     reflect.Type
	index int // in kinds.all
	size  uintptr
	flat  bool // has no pointers: its memory is its image
	write func(e *writer, at unsafe.Pointer)
	read  func(r *reader, at unsafe.Pointer)
}

// kinds are the types that a root leads to.
type kinds struct {
	byType   map[reflect.Type]*kind
	all      []*kind
	concrete []reflect.Type
}

// newKinds finds all types that the root leads to. The root's own comes first; the
// order of the others is always the same.
func newKinds(root reflect.Type, concrete []any) *kinds {
	k := &kinds{byType: map[reflect.Type]*kind{}}
	k.of(root)
	for _, c := range concrete {
		t := reflect.TypeOf(c)
		if t.Kind() != reflect.Pointer {
			panic(unwritable{fmt.Errorf("image: %v is no pointer", t)})
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
				panic(unwritable{fmt.Errorf("image: a %v has no image", t)})
			}
		}
		k.read = func(*reader, unsafe.Pointer) {}
	default:
		panic(unwritable{fmt.Errorf("image: a %v has no image", t)})
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

// header is how a slice is laid out in memory.
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
		// An element takes at least a byte, unless its type has no size.
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
		panic(unwritable{fmt.Errorf("image: a %v in a %v was not announced", v.Elem().Type(), k.t)})
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
