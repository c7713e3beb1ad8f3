package image

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"
)

type leaf struct {
	id    [16]byte
	n     int32
	set   bool
	ratio [2]uint16
}

type node struct {
	name   string
	leaves []leaf
	next   *node
	twin   *node
	by     map[string]*node
	more   map[[2]int32][]string
	any    fmt.Stringer
	at     time.Time
	call   func()
	grid   [2][]string
	Empty  struct{}
	list   []*node
	none   []leaf
}

type word struct{ text string }

func (w *word) String() string { return w.text }

// tree has all that an image can hold: a ring, twins, what is nil, what is empty.
func tree() *node {
	a := &node{name: "甲", leaves: []leaf{{id: [16]byte{1, 2}, n: -5, set: true, ratio: [2]uint16{7, 8}}, {n: 1 << 30}}, at: time.Date(2023, 2, 1, 8, 30, 0, 123000, time.UTC)}
	b := &node{name: "乙", next: a, by: map[string]*node{"甲": a, "": nil}, more: map[[2]int32][]string{{1, 2}: {"x", "", "x"}, {3, 4}: nil, {5, 6}: {}},
		any: &word{"词"}, at: time.Date(2023, 2, 1, 8, 30, 0, 0, time.FixedZone("", 8*3600)), grid: [2][]string{{"g"}, nil}}
	a.next, a.twin, b.twin = b, b, b
	a.list = []*node{a, b, nil, {name: "丙", leaves: []leaf{}}}
	a.any = b.any
	return a
}

func bytesOf(t testing.TB, root any) []byte {
	var w bytes.Buffer
	if err := Write(&w, root, &word{}); err != nil {
		t.Fatal(err)
	}
	return w.Bytes()
}

func TestRoundTrip(t *testing.T) {
	want, have := tree(), new(node)
	if err := Read(bytesOf(t, want), have, &word{}); err != nil {
		t.Fatal(err)
	}
	// The root itself is met again as what a pointer leads to, and is then
	// another one.
	if b := have.next; b != have.twin || b != b.twin || b != have.list[1] || b.any != have.any || b.next != have.list[0] {
		t.Error("pointers that were equal are not")
	}
	if cap(have.leaves) != len(have.leaves) {
		t.Error("an append would write into a neighbour")
	}
	if !have.at.Equal(want.at) || have.next.at.Format(time.RFC3339Nano) != want.next.at.Format(time.RFC3339Nano) {
		t.Error(have.at, have.next.at)
	}
	have.next.at, want.next.at = time.Time{}, time.Time{}
	for _, x := range []struct{ have, want any }{
		{have.name, want.name}, {have.leaves, want.leaves}, {have.next.more, want.next.more}, {have.next.grid, want.next.grid},
		{have.list[3].leaves, want.list[3].leaves}, {have.none, want.none}, {have.next.by["甲"].leaves, want.leaves}, {have.any.String(), "词"},
	} {
		if !reflect.DeepEqual(x.have, x.want) {
			t.Errorf("%#v, want %#v", x.have, x.want)
		}
	}
}

func TestUnfit(t *testing.T) {
	for name, n := range map[string]*node{"a func": {call: func() {}}, "an unannounced type": {any: time.Second}} {
		if err := Write(&bytes.Buffer{}, n, &word{}); err == nil {
			t.Errorf("%s has an image", name)
		}
	}
	if err := Write(&bytes.Buffer{}, node{}); err == nil {
		t.Error("a root that is no pointer")
	}
}

// TestTorn cuts an image at every byte, and flips every bit: it is an error, or
// something that a checksum would have told; never a panic.
func TestTorn(t *testing.T) {
	image := bytesOf(t, tree())
	for n := range image {
		var broken *Broken
		if err := Read(image[:n], new(node), &word{}); !errors.As(err, &broken) {
			t.Errorf("cut at %d of %d: %v", n, len(image), err)
		}
	}
	for bit := range 8 * len(image) {
		image[bit/8] ^= 1 << (bit % 8)
		_ = Read(image, new(node), &word{})
		image[bit/8] ^= 1 << (bit % 8)
	}
}

func TestShape(t *testing.T) {
	type other struct {
		Name string
		N    int64
	}
	type changed struct {
		Name string
		N    uint64
	}
	if again := Shape(&other{}); again != Shape(&other{Name: "x"}) || Shape(&other{}) == Shape(&changed{}) || Shape(&other{}) == Shape(&other{}, &word{}) {
		t.Error("a shape does not tell types apart")
	}
}

func FuzzRead(f *testing.F) {
	f.Add(bytesOf(f, tree()))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) { _ = Read(b, new(node), &word{}) })
}
