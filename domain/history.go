package domain

// history is what the state remembers of every event: as little as commands
// and reports need, for there are as many as payments and more. An event's
// index in log is its number.
type history struct {
	log     []entry
	numbers map[ID]uint32 // of events; the first of those that share an id
	streams []string      // by stream's index
}

// entry is one event of the history.
type entry struct {
	id      ID
	command uint32 // index in Ledger.effects, of the command that led to it; 0 for a process
	row     uint32 // of the command that a process carried out with this event; 0 for none
	cause   uint32 // 1 + number of the event that a process continued; 0 for none
	stream  uint32
	date    Day
	kind    uint16 // index in kinds
}

// kinds are the types of events, with an index for each; 0 is none.
var kinds, kindIndex = func() (names []string, index map[string]uint16) {
	names, index = []string{""}, map[string]uint16{}
	for _, name := range eventNames {
		index[name] = uint16(len(names))
		names = append(names, name)
	}
	return names, index
}()

func newHistory() history { return history{numbers: map[ID]uint32{}} }

// at returns the entry of an event, nil for none.
func (h *history) at(event ID) *entry {
	n, ok := h.numbers[event]
	if !ok {
		return nil
	}
	return &h.log[n]
}

// Number returns the number of an event.
func (h *history) Number(event ID) (uint64, bool) {
	n, ok := h.numbers[event]
	return uint64(n), ok
}

// next is the number of the event that is being folded.
func (h *history) next() uint64 { return uint64(len(h.log)) }

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
func (h *history) StreamAt(number uint64) string { return h.streams[h.log[number].stream] }

// DateAt returns the business date of the event with a number.
func (h *history) DateAt(number uint64) Day { return h.log[number].date }

// CauseAt returns the event that a process continued with the event with a
// number; ok is false where it followed from a command.
func (h *history) CauseAt(number uint64) (cause uint64, ok bool) {
	c := h.log[number].cause
	return uint64(c) - 1, c > 0
}
