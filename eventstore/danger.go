package eventstore

import (
	"fmt"
	"math"
)

// Danger is what a store elsewhere was told to do with a stream although a ledger
// tells it nothing of the kind: to drop events, or to take no more of them. What is
// to be dropped can be read, in the order of all events, until somebody tidies the
// store up ("scavenges"), and then it is gone: so it is named while it is there.
type Danger struct {
	Stream string `json:"stream"`
	// Tombstone says that the stream was deleted for good: it takes no events any
	// more.
	Tombstone bool `json:"tombstone,omitempty"`
	// What is older than so many seconds, or not among the last so many, is to go.
	MaxAge   int64 `json:"max_age_seconds,omitempty"`
	MaxCount int64 `json:"max_count,omitempty"`
	// TruncateBefore is the first revision that is to stay; math.MaxInt64 is what a
	// soft delete writes: none is.
	TruncateBefore int64 `json:"truncate_before,omitempty"`
}

// Deleted says whether all that the stream has is to be dropped.
func (d Danger) Deleted() bool { return d.Tombstone || d.TruncateBefore == math.MaxInt64 }

func (d Danger) String() string {
	switch {
	case d.Tombstone:
		return fmt.Sprintf("stream %s was deleted for good (a tombstone)", d.Stream)
	case d.Deleted():
		return fmt.Sprintf("stream %s was deleted", d.Stream)
	}
	why := ""
	for _, limit := range []struct {
		name string
		is   int64
	}{{"$maxAge", d.MaxAge}, {"$maxCount", d.MaxCount}, {"$tb", d.TruncateBefore}} {
		if limit.is > 0 {
			why += fmt.Sprintf(" %s %d", limit.name, limit.is)
		}
	}
	return fmt.Sprintf("stream %s has retention set:%s", d.Stream, why)
}

// Endangered is a store elsewhere, of which others can make demands. It notices
// them as it reads all events, without a read of its own: what stands before the
// first event that was read it does not know.
type Endangered interface {
	// Dangers are those that were met and not taken back since, by stream.
	Dangers() []Danger
}

// DangersOf are the dangers that a store has met, none for a store that knows of
// none.
func DangersOf(s Store) []Danger {
	if e, ok := s.(Endangered); ok {
		return e.Dangers()
	}
	return nil
}

// Tombstoned says that a stream of a store elsewhere was deleted for good. Nothing
// was written, and nothing will be.
type Tombstoned struct{ Stream string }

func (e *Tombstoned) Error() string {
	return fmt.Sprintf("stream %q was deleted for good on the event store and takes no events any more", e.Stream)
}
