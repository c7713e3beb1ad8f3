package demo

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"unsafe"

	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/eventstore"
	"reliefledger.org/ledger/eventstore/codec"
	"reliefledger.org/ledger/eventstore/snapshot/image"
)

// TestImagesOfTheDemo folds the demonstration, which has most types of events,
// and at many places goes on from an image: the states are the same, field by
// field. And no state has what an image would copy: a pointer into a list, or
// two lists that share memory.
func TestImagesOfTheDemo(t *testing.T) {
	home := theDemo(t).home
	a, err := home.About()
	if err != nil {
		t.Fatal(err)
	}
	store, err := home.OpenEvents(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	var events []*domain.Recorded
	for r, err := range store.ReadAll(t.Context(), eventstore.Position{}, eventstore.Forwards) {
		if err != nil {
			t.Fatal(err)
		}
		d, err := codec.Decode(r, uint64(len(events)))
		if err != nil {
			t.Fatal(err)
		}
		events = append(events, d)
	}
	straight, taken := domain.NewLedger(), domain.NewLedger()
	images := 0
	for i, e := range events {
		straight.Apply(e)
		taken.Apply(e)
		if i%397 != 0 || straight.Owed() > 0 {
			continue
		}
		var w bytes.Buffer
		if err := image.Write(&w, taken); err != nil {
			t.Fatal(i, err)
		}
		taken = new(domain.Ledger)
		if err := image.Read(w.Bytes(), taken); err != nil {
			t.Fatal(i, err)
		}
		images++
		if !reflect.DeepEqual(taken, straight) {
			t.Fatalf("after event %d the state is another", i)
		}
	}
	if !reflect.DeepEqual(taken, straight) || images < 10 {
		t.Errorf("%d images, and the states differ", images)
	}
	for _, l := range []*domain.Ledger{straight, taken} {
		for _, s := range sharedMemory(l) {
			t.Error(s)
		}
	}
}

// stretch is memory that a list or a pointer holds.
type stretch struct {
	from, to uintptr
	list     bool
	what     string
}

// sharedMemory walks everything that a value leads to, and names what an image
// would copy.
func sharedMemory(root any) (found []string) {
	var all []stretch
	seen := map[unsafe.Pointer]map[reflect.Type]bool{}
	var walk func(v reflect.Value)
	walk = func(v reflect.Value) {
		switch v.Kind() {
		case reflect.Pointer:
			if v.IsNil() || seen[v.UnsafePointer()][v.Type()] {
				return
			}
			if seen[v.UnsafePointer()] == nil {
				seen[v.UnsafePointer()] = map[reflect.Type]bool{}
			}
			seen[v.UnsafePointer()][v.Type()] = true
			if size := v.Type().Elem().Size(); size > 0 {
				at := uintptr(v.UnsafePointer())
				all = append(all, stretch{at, at + size, false, v.Type().String()})
			}
			walk(v.Elem())
		case reflect.Slice:
			if n := uintptr(v.Len()) * v.Type().Elem().Size(); n > 0 {
				at := uintptr(v.UnsafePointer())
				all = append(all, stretch{at, at + n, true, v.Type().String()})
			}
			for i := range v.Len() {
				walk(v.Index(i))
			}
		case reflect.Array:
			for i := range v.Len() {
				walk(v.Index(i))
			}
		case reflect.Struct:
			for i := range v.NumField() {
				if name := v.Type().Field(i).Name; name != "postings" && name != "loc" { // a buffer; a zone
					walk(v.Field(i))
				}
			}
		case reflect.Map:
			for it := v.MapRange(); it.Next(); {
				walk(it.Key())
				walk(it.Value())
			}
		}
	}
	walk(reflect.ValueOf(root))
	slices.SortFunc(all, func(a, b stretch) int {
		if a.from != b.from {
			return int(int64(a.from) - int64(b.from))
		}
		return int(int64(b.to) - int64(a.to))
	})
	for i := 1; i < len(all); i++ {
		if a, b := all[i-1], all[i]; b.from < a.to && (a.list || b.list) {
			found = append(found, fmt.Sprintf("%s and %s share memory", a.what, b.what))
		}
	}
	return found
}
