// Package replay judges a history: every event of a store goes once more
// through the domain, and each that the rules would not have let in is named.
//
//	result, err := replay.Run(ctx, store, domain.DefaultCalendar())
//	if err != nil {
//		return err
//	}
//	for _, f := range result.Findings {
//		fmt.Println(f.Number, f.Type, f.Say(domain.Zh))
//	}
//
// What is judged, and how, is said at [domain.Judge]. This package reads the
// bytes for it, on as many cores as there are: it decodes events, encodes them
// again to see whether the bytes are the same, reads the texts that officers
// signed, verifies signatures and hashes lists. The judge folds the events in
// order, on one core.
package replay

import (
	"bytes"
	"cmp"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"runtime"
	"slices"
	"sync"

	"github.com/google/uuid"

	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/eventstore"
	"reliefledger.org/ledger/eventstore/codec"
	"reliefledger.org/ledger/eventstore/ledger"
)

// Finding names an event that the rules would not have let in.
type Finding struct {
	domain.Finding
	ID       uuid.UUID
	Stream   string
	Revision uint64
	Type     string
	Refusal  *domain.Refusal // with the numbers that explain it
	// Unseen is how many events before this one were not known when it was decided,
	// because others were writing at the same time; the event says so itself. What
	// only those events forbid was let in without anybody's fault.
	Unseen uint64
}

// MarshalJSON writes the stable shape for scripts.
func (f Finding) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Number   uint64          `json:"number"`
		ID       uuid.UUID       `json:"id"`
		Stream   string          `json:"stream"`
		Revision uint64          `json:"revision"`
		Type     string          `json:"type"`
		Refusal  *domain.Refusal `json:"refusal"`
		Unseen   uint64          `json:"unseen,omitempty"`
	}{f.Number, f.ID, f.Stream, f.Revision, f.Type, f.Refusal, f.Unseen})
}

// Result is what a replay found.
type Result struct {
	Events uint64 `json:"events"`
	// Commands counts events that commands led to, Steps those of steps, Signatures
	// those that were verified.
	Commands   uint64 `json:"commands"`
	Steps      uint64 `json:"steps"`
	Signatures uint64 `json:"signatures"`
	// Owed are the steps that are still owed at the end. They are written when the
	// ledger is opened next.
	Owed     int       `json:"owed"`
	Findings []Finding `json:"findings"`
	// Dangers are what a store elsewhere was told to do with the ledger's streams:
	// their events may go.
	Dangers []eventstore.Danger `json:"dangers,omitempty"`

	State *domain.Ledger `json:"-"`
}

// Run replays a store from its first event. Its errors are those of reading.
func Run(ctx context.Context, store eventstore.Store, calendar *domain.Calendar) (*Result, error) {
	judge := domain.NewJudge(calendar)
	out := &Result{Findings: []Finding{}, State: judge.State()}
	lists := newLists()
	defer lists.wait()
	for e, err := range eventstore.InParallel(ctx, store, eventstore.Position{}, 0, readEvent) {
		if err != nil {
			return nil, fmt.Errorf("replay: after %d events: %w", out.Events, err)
		}
		out.Events++
		switch m := e.Meta; {
		case m.Command != nil:
			out.Commands++
		default:
			out.Steps++
		}
		out.Signatures += e.signatures
		verdict := judge.Event(e.Recorded, e.reading)
		for _, r := range verdict.Refusals {
			out.Findings = append(out.Findings, e.finding(r))
		}
		if verdict.List != nil {
			lists.check(e, verdict.List)
		}
	}
	out.Findings = append(out.Findings, lists.wait()...)
	for number, refusal := range judge.Unfinished() {
		out.Findings = append(out.Findings, Finding{Finding: refusal.Finding(number), Refusal: refusal})
	}
	slices.SortStableFunc(out.Findings, func(a, b Finding) int { return cmp.Compare(a.Number, b.Number) })
	out.Owed = out.State.Owed()
	out.Dangers = eventstore.DangersOf(store)
	return out, nil
}

// event is one event with what was read in its bytes.
type event struct {
	*domain.Recorded
	kind       string
	reading    domain.Reading
	signatures uint64
}

func (e *event) finding(r *domain.Refusal) Finding {
	f := Finding{Finding: r.Finding(e.Number), ID: e.ID, Stream: e.Stream, Revision: e.Revision, Type: e.kind, Refusal: r}
	if e.Meta.Command != nil && e.reading.Text != nil && e.Meta.Saw < e.Number {
		f.Unseen = e.Number - e.Meta.Saw
	}
	return f
}

// readEvent reads an event's bytes. It runs on many goroutines.
func readEvent(raw eventstore.Recorded, number uint64) event {
	e := event{kind: raw.Type}
	r, err := codec.Decode(raw, number)
	e.Recorded = r
	if err != nil {
		e.reading.Wrong = err.Error()
		return e
	}
	var signed codec.Signed
	if r.Meta.Command != nil && bytes.Contains(raw.Data, signedField) {
		if signed, err = codec.SignedOf(raw.Data); err != nil {
			e.reading.Wrong = err.Error()
			return e
		}
	}
	e.reading.Wrong = notAsWritten(raw, r, signed)
	if signed == "" {
		return e
	}
	e.reading.Text = ledger.ReadSigned(signed)
	proof, second := r.Meta.Command, r.Meta.Second
	e.reading.Signed = e.verify(proof.Key, e.reading.Text.Digest[:], proof.Signature)
	if second != nil {
		e.reading.SecondSigned = e.verify(second.Key, e.reading.Text.Digest[:], second.Signature)
	}
	return e
}

// signedField is how the private part of data begins that has a signed text.
var signedField = []byte(`"private":{"signed":`)

func (e *event) verify(key, digest, signature []byte) bool {
	if len(key) != ed25519.PublicKeySize || len(signature) == 0 {
		return false
	}
	e.signatures++
	return ed25519.Verify(key, digest, signature)
}

// notAsWritten says which of an event's bytes differ from those that this program
// would write: by another order of fields, unknown fields, or blanks. It is empty
// where none do, and for an older schema.
func notAsWritten(raw eventstore.Recorded, r *domain.Recorded, signed codec.Signed) string {
	if r.Meta.Schema != codec.Schema {
		return ""
	}
	again, err := codec.Encode(raw.ID, r.Event, r.Meta, signed)
	switch {
	case err != nil:
		return err.Error()
	case !bytes.Equal(again.Data, raw.Data):
		return "data"
	case !bytes.Equal(again.Metadata, raw.Metadata):
		return "metadata"
	}
	return ""
}

// lists hashes lists on other cores while the judge goes on.
type lists struct {
	room    chan struct{} // one place for each core, since each list that waits is in memory
	working sync.WaitGroup

	mu    sync.Mutex // guards found
	found []Finding
}

func newLists() *lists { return &lists{room: make(chan struct{}, runtime.GOMAXPROCS(0))} }

func (l *lists) check(e event, list *domain.ListToSum) {
	l.room <- struct{}{}
	l.working.Go(func() {
		defer func() { <-l.room }()
		if have, err := ledger.SumRows(list.Rows); err != nil || have != list.Signed {
			l.mu.Lock()
			defer l.mu.Unlock()
			l.found = append(l.found, e.finding(list.Differs()))
		}
	})
}

func (l *lists) wait() []Finding {
	l.working.Wait()
	return l.found
}
