// Package image writes a graph of Go values as bytes and reads it back, for
// snapshots: caches that a program makes for itself and can do without.
//
//	err := image.Write(w, state)
//	...
//	state := new(domain.Ledger)
//	err := image.Read(file, state) // any error: make it again from the events
//
// An image is read by the very types that wrote it, on the same kind of machine.
// [Shape] names both, and whoever keeps an image keeps the shape with it. It is
// no format for data that matter. Reading is some hundred megabytes a second on
// one core, because what has no pointers is copied as it lies in memory, and
// because all values of a type lie in one array.
//
// All fields are written, also unexported ones. From outside the package of a
// type they can be set only with unsafe, so this package uses it. Pointers that
// are equal stay equal, with three exceptions, each of which leads to a copy: a
// pointer to the root, a pointer into the middle of an array or struct, and a
// slice that shares its array with another. A func or a chan is an error unless
// it is nil. Write remembers every pointer that it has seen, some 50 bytes each.
package image

import (
	"bufio"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"reflect"
	"unsafe"
)

// Broken says that bytes are no image of the types that are to be read. What was
// read by then must not be used.
type Broken struct{ Why string }

func (e *Broken) Error() string { return "image: " + e.Why }

// Shape hashes the layout of the root's type and of all types that it leads to, and
// the machine's order of bytes. concrete has a value of each type that interfaces
// may hold, always in the same order.
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

// Write writes the value that root points to. concrete is as for [Shape].
func Write(w io.Writer, root any, concrete ...any) (err error) {
	defer recoverError(&err)
	v := rootValue(root)
	e := &writer{kinds: newKinds(v.Type().Elem(), concrete), w: bufio.NewWriterSize(w, 1<<20), strings: map[string]uint64{"": 0}, table: []string{""}}
	e.places = make([]map[unsafe.Pointer]uint64, len(e.all))
	e.elements = make([]uint64, len(e.all))
	e.all[0].write(e, v.UnsafePointer())
	for i := 0; i < len(e.queue); i++ {
		e.queue[i].kind.write(e, e.queue[i].at)
	}
	return e.finish()
}

// unwritable is the panic for a value that has no image. It is a panic, as *Broken is
// inside this package, because it happens many calls deep.
type unwritable struct{ error }

// recoverError turns these two panics into an error.
func recoverError(err *error) {
	switch fault := recover().(type) {
	case nil:
	case *Broken:
		*err = fault
	case unwritable:
		*err = fault
	default:
		panic(fault)
	}
}

// rootValue is the pointer that a root is.
func rootValue(root any) reflect.Value {
	v := reflect.ValueOf(root)
	if v.Kind() != reflect.Pointer || v.IsNil() {
		panic(unwritable{errors.New("image: the root is no pointer")})
	}
	return v
}

// Read reads an image into what root points to, which must be zero. concrete is as
// for [Shape]. Nothing in the value refers to b.
func Read(b []byte, root any, concrete ...any) (err error) {
	defer recoverError(&err)
	v := rootValue(root)
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
