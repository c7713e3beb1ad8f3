package eventstore

import (
	"errors"
	"fmt"
	"time"
)

// ErrClosed is the answer of a store that was closed. An append that gets it
// wrote nothing.
var ErrClosed = errors.New("the event store is closed")

// WrongRevision says that the stream was not as the append expected it, or
// that its ids are there in part. Nothing was written: load the stream and
// decide again.
type WrongRevision struct {
	Stream   string
	Expected Expected
	Actual   Expected // NoStream or At(the last revision)
}

func (e *WrongRevision) Error() string {
	if e.Expected == Any || e.Expected == StreamExists && e.Actual != NoStream {
		return fmt.Sprintf("stream %q at %s: some of these events are there already, others are not", e.Stream, e.Actual)
	}
	return fmt.Sprintf("stream %q: expected %s, found %s", e.Stream, e.Expected, e.Actual)
}

// TooLarge says that an append has more bytes or events than any store takes.
// Nothing was written, and nothing will be: split it.
type TooLarge struct {
	Stream    string
	Of        string // "bytes" or "events"
	Have, Max int
}

func (e *TooLarge) Error() string {
	return fmt.Sprintf("append to stream %q has %d %s, %d are allowed", e.Stream, e.Have, e.Of, e.Max)
}

// BadEvent says which event of an append no store takes, and why. Nothing was
// written.
type BadEvent struct {
	Stream string
	Index  int // in the append, from 0
	Why    string
}

func (e *BadEvent) Error() string {
	return fmt.Sprintf("append to stream %q: event %d %s", e.Stream, e.Index, e.Why)
}

// BadStream says why no stream can have this name. Nothing was written.
type BadStream struct{ Stream, Why string }

func (e *BadStream) Error() string {
	return fmt.Sprintf("stream name %.80q %s", e.Stream, e.Why)
}

// UnknownPosition says that a read or subscription was to resume from a
// position that this store never gave: it is of another store, or this one was
// put back from an older copy. What was built on that position must be built
// anew.
type UnknownPosition struct {
	Position Position
	Head     Position // of the last event
}

func (e *UnknownPosition) Error() string {
	return fmt.Sprintf("position %s is unknown to this store, whose last is %s", e.Position, e.Head)
}

// Poisoned says that a write or sync failed, so that nobody knows what the
// disk holds. An append that gets it may be there after a restart, whole, or
// not at all. The store answers nothing any more: close it, open it again, and
// send the same bytes again.
type Poisoned struct{ Cause error }

func (e *Poisoned) Error() string {
	return fmt.Sprintf("the event store stopped after a failed write and must be opened again: %v", e.Cause)
}

func (e *Poisoned) Unwrap() error { return e.Cause }

// Unavailable says that a store elsewhere could not be reached in time. Of an
// append that gets it nothing was sent: send it when the store is back.
type Unavailable struct {
	Store string // its address, without user or password
	Since time.Time
	Cause error
}

func (e *Unavailable) Error() string {
	return fmt.Sprintf("the event store %s has been away since %s: %v", e.Store, e.Since.UTC().Format(time.RFC3339), e.Cause)
}

func (e *Unavailable) Unwrap() error { return e.Cause }

// Denied says that the store does not let this user do that, or does not know
// the user. Nothing was written.
type Denied struct {
	Cause error
	// All says that it was the order of all events ($all) that this user may not
	// read: a server grants that to each by name.
	All bool
}

func (e *Denied) Error() string {
	if e.All {
		return fmt.Sprintf("the event store does not let this user read all events ($all): %v", e.Cause)
	}
	return fmt.Sprintf("the event store denies access: %v", e.Cause)
}

func (e *Denied) Unwrap() error { return e.Cause }

// OutcomeUnknown says that the wait for an append ended before its answer
// came. It is or will be written, whole, or not at all: send the same bytes
// again, with the same ids and expected revision.
type OutcomeUnknown struct{ Cause error }

func (e *OutcomeUnknown) Error() string {
	return fmt.Sprintf("whether the events were written is unknown, send the same again: %v", e.Cause)
}

func (e *OutcomeUnknown) Unwrap() error { return e.Cause }

// Held says that another process, or another store of this process, holds the
// folder. Where the holder has left no name, PID is 0 and Host and Since are empty.
// Nothing in the folder was changed.
type Held struct {
	Path  string
	PID   int
	Host  string
	Since time.Time
}

func (e *Held) Error() string {
	if e.PID == 0 {
		return fmt.Sprintf("folder %s is held by another process", e.Path)
	}
	return fmt.Sprintf("folder %s is held by process %d on %s since %s",
		e.Path, e.PID, e.Host, e.Since.Format(time.RFC3339))
}

// NotALedger says that a folder to be opened holds no event store. Nothing in
// it was changed.
type NotALedger struct{ Path, Why string }

func (e *NotALedger) Error() string {
	return fmt.Sprintf("folder %s is not a ledger: %s", e.Path, e.Why)
}

// NotEmpty says that a folder in which a store was to be created holds
// something already. Nothing in it was changed.
type NotEmpty struct{ Path, Found string }

func (e *NotEmpty) Error() string {
	return fmt.Sprintf("folder %s is not empty, it has %s: nothing is created in it", e.Path, e.Found)
}

// NewerFormat says that a newer program wrote the folder. Nothing in it was
// changed: use that program.
type NewerFormat struct {
	Path       string
	Have, Know int
}

func (e *NewerFormat) Error() string {
	return fmt.Sprintf("folder %s has format %d, this program knows formats up to %d", e.Path, e.Have, e.Know)
}

// Corrupt says that stored bytes are not what was written. The read that found
// them ends; the events before them were good, and nothing is changed or repaired.
type Corrupt struct {
	Where string // a key or a file, in words
	Cause error
}

func (e *Corrupt) Error() string { return fmt.Sprintf("damaged data at %s: %v", e.Where, e.Cause) }

func (e *Corrupt) Unwrap() error { return e.Cause }
