package office

import (
	"context"
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/eventstore"
	"reliefledger.org/ledger/projections"
)

// OpenEvent is an event without its private part.
type OpenEvent struct {
	Number   uint64
	ID       uuid.UUID
	Stream   string
	Revision uint64
	Type     string
	Recorded time.Time
	Open     json.RawMessage // as stored; nil where the bytes are no event's
	Leaf     [32]byte        // the hash of its log entry
	Err      error           // why it cannot be read
}

// Events goes through all events in order, as of a moment, without holding them. An
// error of each ends it.
func (r *Reader) Events(ctx context.Context, until projections.Until, each func(OpenEvent) error) error {
	number := uint64(0)
	for raw, err := range r.store.ReadAll(ctx, eventstore.Position{}, eventstore.Forwards) {
		if err != nil {
			return err
		}
		n := number
		number++
		d := projections.Decode(raw, n)
		if first, ok := d.Event.(*domain.LedgerOpened); ok && n == 0 {
			if err := r.OtherLedger(r.about.Ledger, first.Ledger); err != nil {
				return err
			}
		}
		if until.Number != nil && n > *until.Number || !until.Recorded.IsZero() && d.Meta.Recorded.After(until.Recorded) {
			return nil
		}
		if until.Date != 0 && d.Event != nil && domain.CommonOf(d.Event).Date > until.Date {
			continue
		}
		e := OpenEvent{Number: n, ID: raw.ID, Stream: raw.Stream, Revision: raw.Revision, Type: raw.Type, Recorded: d.Meta.Recorded, Leaf: d.Leaf, Err: d.Err}
		if parts, err := eventstore.Split(raw.Data); err == nil {
			e.Open = json.RawMessage(parts.Open)
		}
		if err := each(e); err != nil {
			return err
		}
	}
	return nil
}
