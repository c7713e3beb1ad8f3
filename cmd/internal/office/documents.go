package office

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"reliefledger.org/ledger/cmd/internal/words"
	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/eventstore"
	"reliefledger.org/ledger/eventstore/codec"
	"reliefledger.org/ledger/eventstore/vault"
	"reliefledger.org/ledger/eventstore/vault/documents"
)

// namedDocument is a document that an event names.
type namedDocument struct {
	number uint64
	event  *domain.Recorded
	of     uuid.UUID // the case
	tag    []byte
	heldBy string // where it is, if it is not here
}

// namedDocuments goes through all events that name documents, or say where one is
// held.
func (o *Office) namedDocuments(ctx context.Context) ([]namedDocument, error) {
	var list []namedDocument
	number := uint64(0)
	for raw, err := range o.store.ReadAll(ctx, eventstore.Position{}, eventstore.Forwards) {
		if err != nil {
			return nil, err
		}
		n := number
		number++
		if !domain.NamesDocuments(raw.Type) {
			continue
		}
		r, err := codec.Decode(raw, n)
		if err != nil || r.Event == nil {
			continue // named by every report
		}
		_, of, _ := domain.SplitStream(r.Stream)
		for _, tag := range domain.Documents(r.Event) {
			list = append(list, namedDocument{number: n, event: r, of: of, tag: tag})
		}
		if e, ok := r.Event.(*domain.ReceiptRecorded); ok && len(e.Document) == 0 && e.HeldBy != "" {
			list = append(list, namedDocument{number: n, event: r, of: of, heldBy: e.HeldBy})
		}
	}
	return list, nil
}

// FindDocument says which events name this very file: one byte changed makes
// another.
func (o *Office) FindDocument(ctx context.Context, text []byte) (numbers []uint64, err error) {
	list, err := o.namedDocuments(ctx)
	if err != nil {
		return nil, err
	}
	docs, tags := o.documents(), map[uuid.UUID][]byte{}
	for _, d := range list {
		if d.tag == nil {
			continue
		}
		if _, known := tags[d.of]; !known {
			tag, err := docs.Tag(ctx, d.of, text)
			if err != nil && !errors.Is(err, vault.ErrKeyGone) {
				return nil, err
			}
			tags[d.of] = tag
		}
		if tags[d.of] != nil && bytes.Equal(tags[d.of], d.tag) {
			numbers = append(numbers, d.number)
		}
	}
	return numbers, nil
}

// DocumentOf opens a document that the event with a number names: the only one, or
// the one with a number from 1.
func (a *Asker) DocumentOf(ctx context.Context, number uint64, which int) ([]byte, error) {
	if err := a.MustSayWhy(); err != nil {
		return nil, err
	}
	raw, unit, err := a.o.eventAt(ctx, number)
	if err != nil {
		return nil, err
	}
	r, err := codec.Decode(raw, number)
	if err != nil {
		return nil, err
	}
	tags := domain.Documents(r.Event)
	switch {
	case len(tags) == 0:
		return nil, Input(fmt.Sprint(number), "该事件没有附文件", "that event names no document")
	case which == 0 && len(tags) > 1 || which < 0 || which > len(tags):
		return nil, Input(words.Which.String(), "该事件附有 %d 份文件", "that event names %d documents", len(tags))
	}
	_, of, _ := domain.SplitStream(r.Stream)
	return a.OpenDocument(ctx, unit, of, number, tags[max(which, 1)-1])
}

// DocumentState is how a document is.
type DocumentState string

// The states of documents.
const (
	DocumentWhole     DocumentState = "whole"
	DocumentMissing   DocumentState = "missing"
	DocumentAltered   DocumentState = "altered"
	DocumentKeyGone   DocumentState = "key-gone" // and nobody erased its case
	DocumentErased    DocumentState = "erased"
	DocumentElsewhere DocumentState = "held-elsewhere" // missing evidence
)

// Bad says whether a state is one that an audit names.
func (s DocumentState) Bad() bool {
	return s == DocumentMissing || s == DocumentAltered || s == DocumentKeyGone
}

// Say names a state.
func (s DocumentState) Say(l domain.Lang) string {
	zh := map[DocumentState]string{DocumentWhole: "完好", DocumentMissing: "缺失", DocumentAltered: "被改动", DocumentErased: "已删除", DocumentElsewhere: "存放他处", DocumentKeyGone: "密钥不在"}
	return choose(l, zh[s], string(s))
}

// AuditedDocument is what the audit of documents says of one.
type AuditedDocument struct {
	Number uint64        `json:"number"` // of the event
	Type   string        `json:"type"`
	Stream string        `json:"stream"`
	State  DocumentState `json:"state"`
	Why    string        `json:"why,omitempty"`
}

// DocumentsAudit is what the audit of documents says.
type DocumentsAudit struct {
	Documents int                   `json:"documents"` // different ones
	Counts    map[DocumentState]int `json:"counts"`    // how often events name one, by its state
	Unused    int                   `json:"unused"`    // files that no event names
	Strange   int                   `json:"strange"`   // files that are no documents
	Named     []AuditedDocument     `json:"named"`     // those that are not whole
}

// Bad is how many documents are missing, altered or without their key.
func (d *DocumentsAudit) Bad() (n int) {
	for state, count := range d.Counts {
		if state.Bad() {
			n += count
		}
	}
	return n
}

// Times is how often events name a document that should be here.
func (d *DocumentsAudit) Times() (n int) {
	for state, count := range d.Counts {
		if state != DocumentElsewhere {
			n += count
		}
	}
	return n
}

// AuditDocuments reads every document that an event names.
func (o *Office) AuditDocuments(ctx context.Context) (*DocumentsAudit, error) {
	list, err := o.namedDocuments(ctx)
	if err != nil {
		return nil, err
	}
	docs, known := o.documents(), map[string]bool{}
	out := &DocumentsAudit{Counts: map[DocumentState]int{}, Named: []AuditedDocument{}}
	for _, d := range list {
		a := AuditedDocument{Number: d.number, Type: domain.TypeOf(d.event.Event), Stream: d.event.Stream, State: DocumentElsewhere, Why: d.heldBy}
		if d.tag != nil {
			known[string(d.tag)] = true
			if a.State, a.Why, err = o.documentState(ctx, docs, d); err != nil {
				return nil, err
			}
		}
		if out.Counts[a.State]++; a.State != DocumentWhole {
			out.Named = append(out.Named, a)
		}
	}
	tags, other, err := docs.Tags()
	if err != nil {
		return nil, err
	}
	for _, tag := range tags {
		if !known[string(tag)] {
			out.Unused++
		}
	}
	out.Documents, out.Strange = len(known), len(other)
	return out, nil
}

func (o *Office) documentState(ctx context.Context, docs *documents.Store, d namedDocument) (state DocumentState, why string, err error) {
	err = docs.Verify(ctx, d.of, d.tag)
	var missing *documents.Missing
	var altered *documents.Altered
	switch {
	case err == nil:
		return DocumentWhole, "", nil
	case errors.Is(err, vault.ErrKeyGone):
		state = DocumentKeyGone
		o.State(func(s *domain.Ledger) {
			if s.Erased(d.of) {
				state = DocumentErased
			}
		})
		return state, "", nil
	case errors.As(err, &missing):
		return DocumentMissing, "", nil
	case errors.As(err, &altered):
		return DocumentAltered, altered.Why, nil
	}
	return "", "", err
}

// removeErased removes the documents of cases that were erased: without their keys
// they are noise.
func (o *Office) removeErased(ctx context.Context) error {
	some := false
	o.State(func(s *domain.Ledger) {
		some = slices.ContainsFunc(s.Erasures, func(e *domain.Erasure) bool {
			kind, _, _ := domain.SplitStream(e.Stream)
			return kind != domain.PartyKind
		})
	})
	if !some {
		return nil
	}
	// A tag that somebody wrote into another case's event is that one's too.
	all, err := o.namedDocuments(ctx)
	if err != nil {
		return err
	}
	kept := map[string]bool{}
	o.State(func(s *domain.Ledger) {
		for _, d := range all {
			if !s.Erased(d.of) {
				kept[string(d.tag)] = true
			}
		}
	})
	var gone [][]byte
	for _, d := range all {
		if !kept[string(d.tag)] {
			gone = append(gone, d.tag)
		}
	}
	return o.documents().Remove(gone...)
}
