// Package snapshot keeps what was folded from a store's events in a file, so
// that a start need not fold them all again.
//
//	at, err := snapshot.Load(ctx, path, key, store, &state)
//	var none *snapshot.None
//	switch {
//	case errors.As(err, &none):
//		state, at = State{}, snapshot.Point{} // fold from the start
//	case err != nil:
//		return err // *Lost: the store has another history than it had
//	}
//
// A snapshot is a cache, and never evidence: whoever audits folds the events.
// One that is damaged counts as none, and so does one that another build of the
// program made. It also says how many events there were, and which was the last,
// so that a store is found out that has lost its tail, or was put back to an
// earlier day.
package snapshot

import (
	"bytes"
	"cmp"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"debug/elf"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/google/uuid"

	"reliefledger.org/ledger/eventstore"
	"reliefledger.org/ledger/eventstore/snapshot/image"
)

// Point is the place in a store's history up to which something was folded.
type Point struct {
	Count    uint64              // events that were folded
	Position eventstore.Position // of the last of them, from which to go on
	before   eventstore.Position // of the one before it
	last     eventstore.Recorded
}

// Next moves the point past an event.
func (p *Point) Next(r eventstore.Recorded) {
	p.Count++
	p.before, p.Position, p.last = p.Position, r.Position, r
}

// Lost says that a store does not have the last event of a snapshot: events are
// missing that were there, or it holds another history.
type Lost struct {
	Path  string // of the snapshot
	Count uint64 // events that there were
	Event uuid.UUID
	Found string // what the store has in the last one's place; empty: nothing
}

func (e *Lost) Error() string {
	return fmt.Sprintf("the event store has lost events or holds another history: %s was made at event %d, %s; there stands now: %s. "+
		"Compare with a backup; remove the file to go on with what is there", e.Path, e.Count-1, e.Event, cmp.Or(e.Found, "nothing"))
}

// None says that there is no snapshot that could be used, and why.
type None struct{ Why error }

func (e *None) Error() string { return fmt.Sprintf("no snapshot: %v", e.Why) }
func (e *None) Unwrap() error { return e.Why }

// head is the first line of the file, as JSON; the image follows.
type head struct {
	Format string    `json:"format"`
	Shape  []byte    `json:"shape"` // of the types and the program
	Count  uint64    `json:"count"`
	After  [2]uint64 `json:"after"`  // position of the last event
	Before [2]uint64 `json:"before"` // of the one before it
	Event  uuid.UUID `json:"event"`  // the last one
	Leaf   []byte    `json:"leaf"`   // chain over it alone
	Bytes  int64     `json:"bytes"`  // of the image
	Nonce  []byte    `json:"nonce,omitempty"`
	MAC    []byte    `json:"mac,omitempty"` // GMAC of the image, where there is a key
	Sum    uint32    `json:"sum"`           // CRC-32C of the image and of this line with a sum of 0
}

const format = "reliefledger snapshot 1"

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func pair(p eventstore.Position) [2]uint64 {
	commit, prepare := p.Pair()
	return [2]uint64{commit, prepare}
}

func leafOf(r eventstore.Recorded) []byte {
	var c eventstore.Chain
	c.Add(r)
	return c.Sum[:]
}

// Worth says whether a new snapshot, of count events, would save much time compared
// with the one there is, of so many events before: writing one takes as long as
// folding some thousand events.
func Worth(count, before uint64) bool {
	const least = 5_000
	return count >= before+least && (count-before)*10 >= count
}

// Save writes a snapshot of what root points to, as folded up to at. key has 32
// bytes, or is nil: with a key only those who have it can write a snapshot that Load
// takes. concrete is as for [image.Shape]. The file appears whole or not at all; as
// it is a cache, it is not synced.
func Save(path string, key []byte, at Point, root any, concrete ...any) (err error) {
	if at.Count == 0 {
		return errors.New("a snapshot of nothing")
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	removeLeft(path)
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*.tmp") // mode 0600
	if err != nil {
		return err
	}
	defer func() {
		if err = errors.Join(err, f.Close()); err == nil {
			err = os.Rename(f.Name(), path)
		}
		if err != nil {
			os.Remove(f.Name())
		}
	}()
	// The head has one length, so that it can be written again with the sum.
	h := head{Format: format, Shape: shape(root, concrete), Count: at.Count, After: pair(at.Position), Before: pair(at.before), Event: at.last.ID, Leaf: leafOf(at.last)}
	line, ok := h.line()
	if !ok {
		return errors.New("the head of a snapshot is too long")
	}
	if _, err := f.Write(line); err != nil {
		return err
	}
	sum := crc32.New(castagnoli)
	counted := &counter{}
	if err := image.Write(io.MultiWriter(f, sum, counted), root, concrete...); err != nil {
		return err
	}
	h.Bytes = counted.n
	if key != nil {
		body, err := os.ReadFile(f.Name())
		if err != nil {
			return err
		}
		h.Nonce = make([]byte, 12)
		rand.Read(h.Nonce)
		h.MAC = mac(key, h.Nonce, body[headSize:])
	}
	line, _ = h.line()
	h.Sum = crc32.Update(sum.Sum32(), castagnoli, line)
	if line, ok = h.line(); !ok {
		return errors.New("the head of a snapshot is too long")
	}
	_, err = f.WriteAt(line, 0)
	return err
}

// mac is GMAC, some gigabytes a second: AES-256-GCM of no text, with the image as the
// additional data that it authenticates.
func mac(key, nonce, body []byte) []byte {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err) // the key's length is ours
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		panic(err)
	}
	return gcm.Seal(nil, nonce, nil, body)
}

// removeLeft removes files that were left by processes that were killed while they
// wrote: those older than an hour, which no process writes for.
func removeLeft(path string) {
	left, _ := filepath.Glob(path + ".*.tmp")
	for _, name := range left {
		if i, err := os.Stat(name); err == nil && time.Since(i.ModTime()) > time.Hour {
			os.Remove(name)
		}
	}
}

type counter struct{ n int64 }

func (c *counter) Write(b []byte) (int, error) {
	c.n += int64(len(b))
	return len(b), nil
}

// headSize is the length of every head, filled up with blanks and a line's end.
const headSize = 1024

// line is the head as it is written. ok is false for one that is too long, which only
// a damaged head is.
func (h *head) line() (line []byte, ok bool) {
	text, err := json.Marshal(h)
	if err != nil || len(text) >= headSize {
		return nil, false
	}
	line = bytes.Repeat([]byte{' '}, headSize)
	copy(line, text)
	line[headSize-1] = '\n'
	return line, true
}

// Load reads a snapshot into what root points to, which must be zero, and looks in
// the store for the last event of the snapshot. *None says that there is no snapshot
// to use: then what root points to must be dropped and the events folded. Other
// errors are *Lost and those of the store.
func Load(ctx context.Context, path string, key []byte, store eventstore.Store, root any, concrete ...any) (Point, error) {
	if i, err := os.Stat(path); err != nil {
		return Point{}, &None{err}
	} else if !i.Mode().IsRegular() { // reading a pipe could wait for ever
		return Point{}, &None{errors.New("it is no file")}
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return Point{}, &None{err}
	}
	if len(text) < headSize {
		return Point{}, &None{errors.New("it is cut off")}
	}
	var h head
	if err := json.Unmarshal(text[:headSize], &h); err != nil || h.Format != format || h.Count == 0 {
		return Point{}, &None{errors.New("it is none, or of another format")}
	}
	// The sum comes first: a damaged head must not make a store look as if it had
	// lost events.
	body, sum := text[headSize:], h.Sum
	h.Sum = 0
	line, ok := h.line()
	if !ok || int64(len(body)) != h.Bytes || crc32.Update(crc32.Checksum(body, castagnoli), castagnoli, line) != sum {
		return Point{}, &None{errors.New("it is damaged")}
	}
	if key != nil && (len(h.Nonce) != 12 || !hmac.Equal(h.MAC, mac(key, h.Nonce, body))) {
		return Point{}, &None{errors.New("somebody else made it")}
	}
	at := Point{Count: h.Count, Position: eventstore.NewPosition(h.After[0], h.After[1]), before: eventstore.NewPosition(h.Before[0], h.Before[1])}
	if at.last, err = lastOf(ctx, path, store, &h, at.before); err != nil {
		return Point{}, err
	}
	if !bytes.Equal(h.Shape, shape(root, concrete)) {
		return Point{}, &None{errors.New("another build of the program made it")}
	}
	if err := image.Read(body, root, concrete...); err != nil {
		return Point{}, &None{err}
	}
	return at, nil
}

// lastOf reads the last event of the snapshot from the store.
func lastOf(ctx context.Context, path string, store eventstore.Store, h *head, before eventstore.Position) (eventstore.Recorded, error) {
	lost := &Lost{path, h.Count, h.Event, ""}
	for r, err := range store.ReadAll(ctx, before, eventstore.Forwards) {
		var unknown *eventstore.UnknownPosition
		switch {
		case errors.As(err, &unknown):
			return r, lost
		case err != nil:
			return r, err
		case !bytes.Equal(leafOf(r), h.Leaf):
			lost.Found = fmt.Sprintf("%s@%d %s %s", r.Stream, r.Revision, r.Type, r.ID)
			return r, lost
		}
		return r, nil
	}
	return eventstore.Recorded{}, lost
}

// shape is of the types and of the program.
func shape(root any, concrete []any) []byte {
	layout := image.Shape(root, concrete...)
	s := sha256.Sum256(append(layout[:], build()...))
	return s[:]
}

// build tells one build of the program from another, because other rules fold the
// same events to another state of the same types. It is Go's build id, a hash of all
// that was compiled, where the program's file has it, else a hash of that file. If
// the file cannot be read, every start counts as another build.
var build = sync.OnceValue(func() []byte {
	path, err := os.Executable()
	if err == nil {
		if f, err := elf.Open(path); err == nil {
			defer f.Close()
			if note := f.Section(".note.go.buildid"); note != nil {
				if id, err := note.Data(); err == nil && len(id) > 16 { // more than its head
					return id
				}
			}
		}
		h := sha256.New()
		if f, err := os.Open(path); err == nil {
			defer f.Close()
			if _, err := io.Copy(h, f); err == nil {
				return h.Sum(nil)
			}
		}
	}
	id := uuid.New()
	return id[:]
})
