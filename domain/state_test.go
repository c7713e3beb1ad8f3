package domain

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"reflect"
	"slices"
	"sync"
)

// fingerprint is a hash of the whole state, except for the buffer of postings: equal
// states have equal ones.
func (l *Ledger) fingerprint() string {
	h := &canon{}
	v := reflect.ValueOf(l).Elem()
	for i := range v.NumField() {
		switch v.Type().Field(i).Name {
		case "postings", "owed", "numbers":
		default:
			h.all = true
			h.value(v.Field(i))
		}
	}
	for _, o := range l.owed {
		h.bytes(o.cause.ID[:])
		h.number(int64(o.done))
	}
	sum := sha256.Sum256(h.out)
	return string(sum[:])
}

// stateOf is a hash of those parts of a state that later commands and reports depend on.
func (x *explorer) stateOf(l *Ledger, today Day) [16]byte {
	h := &canon{out: make([]byte, 0, stateBytes)}
	h.number(int64(today))
	for _, part := range []any{l.Units, l.Funds, l.Allocations, l.Notices, l.origins, l.total} {
		h.value(reflect.ValueOf(part))
	}
	// Of the history only the events count, not the order in which different streams
	// were written. So their numbers are left out.
	type event struct {
		stream, kind   string
		date           Day
		row            uint32
		command, cause ID
	}
	first := uint64(len(x.base))
	events := map[ID]event{}
	for n := first; n < uint64(len(l.log)); n++ {
		at := l.log[n]
		e := event{stream: l.StreamAt(n), kind: l.TypeAt(n), date: at.date, row: at.row, command: l.CommandOf(at.id)}
		if cause, ok := l.CauseAt(n); ok {
			e.cause = l.idAt(cause)
		}
		events[at.id] = e
	}
	h.value(reflect.ValueOf(events))
	commands := map[ID]*Effect{}
	for _, e := range l.effects[1:] {
		if n, _ := l.Number(e.Events[0]); n >= first {
			commands[e.Command] = e
		}
	}
	h.value(reflect.ValueOf(commands))
	for _, o := range l.owed {
		h.bytes(o.cause.ID[:])
		h.bytes([]byte(o.stream))
		h.number(int64(o.done))
		for _, e := range o.make(o.done, o.total) {
			h.value(reflect.ValueOf(e))
		}
	}
	sum := sha256.Sum256(h.out)
	return [16]byte(sum[:16])
}

// stateBytes is room for most states.
const stateBytes = 32 << 10

// canon writes values, equal ones always as the same bytes.
type canon struct {
	out []byte
	all bool // also fields that say in which order streams were written
}

func (h *canon) number(n int64) { h.out = binary.AppendVarint(h.out, n) }

func (h *canon) bytes(b []byte) {
	h.number(int64(len(b)))
	h.out = append(h.out, b...)
}

// ignored are fields that only say in which order different streams were written, or
// that follow from other fields. Common is set only when an owed event is asked for.
var ignored = map[string]bool{"began": true, "Number": true, "receipt": true, "receipts": true, "rows": true, "postings": true, "Common": true}

// fieldsByType caches fieldsOf.
var fieldsByType sync.Map

// fieldsOf returns the indexes of a struct's fields that are not ignored.
func fieldsOf(t reflect.Type) []int {
	if known, ok := fieldsByType.Load(t); ok {
		return known.([]int)
	}
	var fields []int
	for i := range t.NumField() {
		if !ignored[t.Field(i).Name] {
			fields = append(fields, i)
		}
	}
	fieldsByType.Store(t, fields)
	return fields
}

func (h *canon) value(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			h.number(0)
			return
		}
		h.number(1)
		h.value(v.Elem())
	case reflect.Struct:
		if h.all {
			for i := range v.NumField() {
				h.value(v.Field(i))
			}
			return
		}
		for _, i := range fieldsOf(v.Type()) {
			h.value(v.Field(i))
		}
	case reflect.Map:
		h.number(int64(v.Len()))
		first := len(h.out)
		ends := make([]int, 0, v.Len())
		for it := v.MapRange(); it.Next(); {
			h.value(it.Key())
			h.value(it.Value())
			ends = append(ends, len(h.out))
		}
		if len(ends) < 2 {
			return
		}
		text := slices.Clone(h.out[first:])
		entries := make([][]byte, len(ends))
		at := 0
		for i, end := range ends {
			entries[i] = text[at : end-first]
			at = end - first
		}
		slices.SortFunc(entries, bytes.Compare)
		h.out = h.out[:first]
		for _, e := range entries {
			h.out = append(h.out, e...)
		}
	case reflect.Slice, reflect.Array:
		h.number(int64(v.Len()))
		if v.Type().Elem().Kind() == reflect.Uint8 && (v.Kind() == reflect.Slice || v.CanAddr()) {
			h.out = append(h.out, v.Bytes()...)
			return
		}
		for i := range v.Len() {
			h.value(v.Index(i))
		}
	case reflect.String:
		h.bytes([]byte(v.String()))
	case reflect.Bool:
		if v.Bool() {
			h.number(1)
		} else {
			h.number(0)
		}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		h.number(v.Int())
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		h.number(int64(v.Uint()))
	default:
		panic(fmt.Sprintf("a %s in the state", v.Type()))
	}
}
