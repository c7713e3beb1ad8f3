package domain

import "encoding/binary"

// history is what the state remembers of every event. There are millions of events,
// so it keeps only what commands and reports need. An event's index in log is its
// number.
type history struct {
	log     []loggedEvent
	numbers idTable  // of events, by id; of several with one id it has the first
	names   []string // of streams, by a stream's index
}

// loggedEvent is one event of the history.
type loggedEvent struct {
	id      ID
	command uint32 // of its command, the index in Ledger.effects; 0 for an event of a process
	row     uint32 // of an event of a process, the row of the command that it carries out; 0 for none
	cause   uint32 // of an event of a process, 1 + the number of the event it follows from; else 0
	stream  uint32
	date    Day
	kind    uint16 // index in kinds
}

// kinds are the names of the types of events, and kindIndex their indexes; 0 is no
// type.
var kinds, kindIndex = func() (names []string, index map[string]uint16) {
	names, index = []string{""}, map[string]uint16{}
	for _, e := range allEvents {
		name := TypeOf(e)
		index[name] = uint16(len(names))
		names = append(names, name)
	}
	return names, index
}()

// logged returns the history's entry of an event, nil if there is none.
func (h *history) logged(event ID) *loggedEvent {
	n, ok := h.Number(event)
	if !ok {
		return nil
	}
	return &h.log[n]
}

// Number returns the number of an event.
func (h *history) Number(event ID) (uint64, bool) {
	n := h.numbers.find(h.log, event)
	return uint64(n), n >= 0
}

// idTable finds the number of an event by its id. It is a hash table with linear
// probing, whose slots hold 1 + a number, or 0 while they are free. A map would
// store every id a second time.
type idTable struct {
	slots []uint32 // a power of two, at most three quarters full
	used  int
}

// slotOf is where the search for an id begins. An id is random, or a hash of its
// command. A forger may make ids that collide, but slows down only the forged ledger.
func (t *idTable) slotOf(id ID) int {
	h := binary.LittleEndian.Uint64(id[8:]) ^ binary.LittleEndian.Uint64(id[:8])
	return int(h*0x9e3779b97f4a7c15>>32) & (len(t.slots) - 1)
}

// find returns the number of an event, -1 for none.
func (t *idTable) find(log []loggedEvent, id ID) int {
	if t.used == 0 {
		return -1
	}
	for i := t.slotOf(id); t.slots[i] != 0; i = (i + 1) & (len(t.slots) - 1) {
		if n := t.slots[i] - 1; log[n].id == id {
			return int(n)
		}
	}
	return -1
}

// add enters the last event of the log.
func (t *idTable) add(log []loggedEvent) {
	if 4*(t.used+1) > 3*len(t.slots) {
		old := t.slots
		t.slots = make([]uint32, max(64, 2*len(old)))
		for _, n := range old {
			if n != 0 {
				t.put(log, n)
			}
		}
	}
	t.put(log, uint32(len(log)))
	t.used++
}

func (t *idTable) put(log []loggedEvent, n uint32) {
	i := t.slotOf(log[n-1].id)
	for t.slots[i] != 0 {
		i = (i + 1) & (len(t.slots) - 1)
	}
	t.slots[i] = n
}

// nextNumber is the number of the event that is being folded.
func (h *history) nextNumber() uint64 { return uint64(len(h.log)) }

func (h *history) idAt(number uint64) ID { return h.log[number].id }

// EventAt returns the event with a number.
func (h *history) EventAt(number uint64) (ID, bool) {
	if number >= uint64(len(h.log)) {
		return ID{}, false
	}
	return h.log[number].id, true
}

// TypeAt returns the type of the event with a number; it is empty for one that
// could not be read.
func (h *history) TypeAt(number uint64) string { return kinds[h.log[number].kind] }

// StreamAt returns the stream of the event with a number.
func (h *history) StreamAt(number uint64) string { return h.names[h.log[number].stream] }

// DateAt returns the business date of the event with a number.
func (h *history) DateAt(number uint64) Day { return h.log[number].date }

// CauseAt returns the number of the event from which a process made the event with
// this number; ok is false for an event of a command.
func (h *history) CauseAt(number uint64) (cause uint64, ok bool) {
	c := h.log[number].cause
	return uint64(c) - 1, c > 0
}
