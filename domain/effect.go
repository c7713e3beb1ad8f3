package domain

import (
	"bytes"
	"fmt"
)

// Effect is what an accepted command led to: the events of its own, and those that
// processes posted for its rows.
type Effect struct {
	Command ID
	Stream  string
	Digest  []byte
	Events  []ID
	// rows has, for each row of the command, 1 + the number of the event that a
	// process posted for it, or 0.
	rows []uint32
	// Complete is false while parts of the command's list are missing.
	Complete bool
	parts    int // parts of the list that are there
}

// Ref names an earlier entry by the command that made it. If the command made one
// for each of its rows, Row says which, from 1; otherwise it is 0 (format section 2).
type Ref struct {
	Command ID  `json:"command"`
	Row     int `json:"row,omitempty"`
}

// String writes the command's id, and after a slash the row, if there is one.
func (r Ref) String() string {
	if r.Row > 0 {
		return fmt.Sprintf("%s/%d", r.Command, r.Row)
	}
	return r.Command.String()
}

// Refusals about a command that was given before.
var (
	OtherContent = newCode(5, "other-content", "命令 {command} 已执行过，内容不同", "the command {command} was accepted before with other content")
)

// noteEffect remembers what led to an event that was folded, so that later commands
// can name it. For an event of a command that is the command. For an event that a
// process posted for a row, it is the command whose row that was.
func (l *Ledger) noteEffect(r *Recorded) {
	at := &l.log[len(l.log)-1]
	p := r.Meta.Command
	if p == nil {
		if at.cause == 0 || at.row == 0 {
			return
		}
		if e := l.effects[l.log[at.cause-1].command]; e != nil {
			for len(e.rows) < int(at.row) {
				e.rows = append(e.rows, 0)
			}
			e.rows[at.row-1] = uint32(len(l.log))
		}
		return
	}
	i, known := l.commands[p.ID]
	if !known {
		i = uint32(len(l.effects))
		l.effects = append(l.effects, &Effect{Command: p.ID, Stream: l.names[at.stream], Digest: p.Digest, Complete: true})
		l.commands[p.ID] = i
	}
	at.command = i
	e := l.effects[i]
	e.Events = append(e.Events, r.ID)
	if list, ok := r.Event.(interface{ listPart() (part, of int) }); ok {
		part, of := list.listPart()
		l.notePart(i, part, of)
	}
}

// rowOf is the row of a batch that an event pays or rejects, 0 for none.
func rowOf(r *Recorded) int {
	switch e := r.Event.(type) {
	case *DisbursementMade:
		if e.Batch > 0 {
			return e.Row
		}
	case *DisbursementRejected:
		return e.Row
	}
	return 0
}

// Effect returns what a command led to, nil for one that was never accepted.
func (l *Ledger) Effect(command ID) *Effect { return l.effects[l.commands[command]] }

// Done returns what a command led to that was accepted before, nil if it was not. The
// same id with other content is refused (rule 5).
func (l *Ledger) Done(command ID, digest []byte) (*Effect, error) {
	e := l.Effect(command)
	if e == nil {
		return nil, nil
	}
	if !bytes.Equal(e.Digest, digest) {
		return nil, refuse(OtherContent, command)
	}
	return e, nil
}

// Find returns the event that a Ref names.
func (l *Ledger) Find(r Ref) (ID, bool) {
	e := l.Effect(r.Command)
	if e == nil {
		return ID{}, false
	}
	if r.Row >= 1 && r.Row <= len(e.rows) && e.rows[r.Row-1] > 0 {
		return l.log[e.rows[r.Row-1]-1].id, true
	}
	if r.Row == 0 && len(e.Events) > 0 {
		return e.Events[0], true
	}
	return ID{}, false
}

// RefTo returns the Ref by which a command names an event; ok is false for an event
// that cannot be named. [Ledger.Find] is its inverse.
func (l *Ledger) RefTo(event ID) (Ref, bool) {
	at := l.logged(event)
	if at == nil {
		return Ref{}, false
	}
	if e := l.effects[at.command]; e != nil {
		return Ref{Command: e.Command}, e.Events[0] == event
	}
	if at.cause == 0 || at.row == 0 {
		return Ref{}, false
	}
	e := l.effects[l.log[at.cause-1].command]
	if n, _ := l.Number(event); e == nil || int(at.row) > len(e.rows) || uint64(e.rows[at.row-1]) != n+1 {
		return Ref{}, false
	}
	return Ref{e.Command, int(at.row)}, true
}

// CommandOf returns the command that an event belongs to, zero for an event of a
// process.
func (l *Ledger) CommandOf(event ID) ID {
	if at := l.logged(event); at != nil {
		if e := l.effects[at.command]; e != nil {
			return e.Command
		}
	}
	return ID{}
}
