package office

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"

	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/eventstore"
	"reliefledger.org/ledger/eventstore/codec"
	"reliefledger.org/ledger/eventstore/embedded"
	"reliefledger.org/ledger/eventstore/folder"
	"reliefledger.org/ledger/eventstore/ledger"
	"reliefledger.org/ledger/eventstore/ledger/replay"
	"reliefledger.org/ledger/eventstore/snapshot"
	"reliefledger.org/ledger/projections"
)

// Replay puts everything through the rules once more: each event that they would not
// have let in is named.
func (r *Reader) Replay(ctx context.Context) (*replay.Result, error) {
	calendar := r.opts.Calendar
	if calendar == nil {
		calendar = domain.DefaultCalendar()
	}
	result, err := replay.Run(ctx, r.store, calendar)
	if err != nil {
		return nil, err
	}
	_ = r.untold() // the result has them
	if result.State.Opened == nil {
		return nil, r.neverOpened()
	}
	return result, r.OtherLedger(r.about.Ledger, result.State.ID)
}

// Balanced says which row of books, read from all events, does not balance.
func Balanced(b *projections.Books) error {
	for _, by := range projections.Dimensions {
		if by == projections.ByForm || by == projections.ByCampaign || by == projections.BySource {
			continue // rows of these see one side of a movement, or a rounded share
		}
		for _, r := range b.Balances(by) {
			if !r.Balanced() {
				return fmt.Errorf("%s %s does not balance: %+v", by, r.Name, r)
			}
		}
	}
	return nil
}

// CheckSnapshots holds what the snapshots lead to against books of now that were read
// from all events. If one says something else, all are removed, and their folder is
// returned.
func (r *Reader) CheckSnapshots(ctx context.Context, b *projections.Books) (removed string, err error) {
	differs := false
	if path := r.Snapshot("books", r.about); exists(path) {
		from, err := projections.ReadFrom(ctx, r.store, path, projections.Until{})
		if err != nil {
			return "", err
		}
		r.noSnapshot(from.Keep(path))
		differs = from.Len() == b.Len() && from.Digest() != b.Digest() // unless somebody has written meanwhile
	}
	if path := r.Snapshot("state", r.about); exists(path) {
		state, err := ledger.FromSnapshot(ctx, r.store, path)
		if err != nil && !errors.As(err, new(*snapshot.None)) {
			return "", err
		}
		differs = differs || err == nil && state.Count == b.State.Count && !reflect.DeepEqual(state, b.State)
	}
	if !differs {
		return "", nil
	}
	removed = filepath.Dir(r.Snapshot("books", r.about))
	return removed, os.RemoveAll(removed)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// Damage is something of a store that is not what was written.
type Damage struct {
	Where string `json:"where"`
	Why   string `json:"why"`
}

// StoreAudit is what the audit of a store says.
type StoreAudit struct {
	Events  uint64 `json:"events"`
	Streams int    `json:"streams"`
	SHA256  string `json:"sha256"` // running, over the log entries, as copy says it
	Tables  int    `json:"tables,omitempty"`
	Bytes   int64  `json:"bytes,omitempty"`
	// Asked says that the store is elsewhere: what it answers was compared, its
	// files were not seen.
	Asked   bool     `json:"asked,omitempty"`
	Damaged []Damage `json:"damaged"`
}

func (s *StoreAudit) found(c *eventstore.Corrupt) {
	d := Damage{c.Where, c.Cause.Error()}
	if !slices.Contains(s.Damaged, d) {
		s.Damaged = append(s.Damaged, d)
	}
}

// read takes the end of a read: what damage ended it is one more of the findings.
func (s *StoreAudit) read(err error) error {
	var c *eventstore.Corrupt
	if errors.As(err, &c) {
		s.found(c)
		return nil
	}
	return err
}

// AuditStore reads every byte of the store; what is damaged is named, and so is a tail
// that the vault remembers and the store has not.
func (r *Reader) AuditStore(ctx context.Context) (*StoreAudit, error) {
	s := &StoreAudit{Damaged: []Damage{}}
	if err := s.audit(ctx, r.store); err != nil {
		return s, err
	}
	if s.Events < r.seen.Count {
		lost := &ledger.Lost{Count: r.seen.Count, Event: r.seen.Last}
		s.Damaged = append(s.Damaged, Damage{fmt.Sprintf("event %d", s.Events), lost.Error()})
	}
	return s, nil
}

// audit reads a folder's bytes, whoever holds it, and of a store elsewhere what
// it answers.
func (s *StoreAudit) audit(ctx context.Context, store eventstore.Store) (err error) {
	in, isFolder := store.(*folder.Store)
	if !isFolder {
		s.Asked = true
		return s.check(ctx, store)
	}
	events := in.Embedded()
	if events == nil {
		// Another process holds the folder: a checkpoint has the same tables.
		dir, release, err := in.Checkpoint(ctx)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, release()) }()
		if events, err = embedded.Open(dir, embedded.Options{}); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, events.Close()) }()
	}
	v, err := events.Verify(ctx, s.found)
	s.Tables, s.Bytes = v.Tables, v.Bytes
	if err := s.read(err); err != nil {
		return err
	}
	return s.check(ctx, events)
}

func (s *StoreAudit) check(ctx context.Context, store eventstore.Store) error {
	c, err := eventstore.Check(ctx, store, codec.Readable, s.Asked, s.found)
	s.Events, s.Streams, s.SHA256 = c.Count, c.Streams, fmt.Sprintf("%x", c.Sum)
	return s.read(err)
}
