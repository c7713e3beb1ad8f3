package node

import (
	"regexp"
	"regexp/syntax"
	"strings"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"

	"reliefledger.org/ledger/eventstore"
)

// filter chooses events of $all by the name of their stream or by their type,
// which begins with one of the prefixes or which the pattern matches. No filter,
// nil, chooses all.
type filter struct {
	byType   bool
	prefixes []string
	pattern  *regexp.Regexp // nil where there are prefixes
}

func (f *filter) matches(e eventstore.Recorded) bool {
	if f == nil {
		return true
	}
	of := e.Stream
	if f.byType {
		of = e.Type
	}
	if f.pattern != nil {
		return f.pattern.MatchString(of)
	}
	for _, prefix := range f.prefixes {
		if strings.HasPrefix(of, prefix) {
			return true
		}
	}
	return false
}

// parseFilter reads a filter. Servers take patterns of .NET, found anywhere in
// the text; Go's are RE2, in which most of them mean the same and what could
// take exponential time doesn't exist.
func parseFilter(o *streams.ReadReq_Options_FilterOptions) (*filter, error) {
	f, of := &filter{}, (*streams.ReadReq_Options_FilterOptions_Expression)(nil)
	switch by := o.GetFilter().(type) {
	case *streams.ReadReq_Options_FilterOptions_StreamIdentifier:
		of = by.StreamIdentifier
	case *streams.ReadReq_Options_FilterOptions_EventType:
		f.byType, of = true, by.EventType
	default:
		return nil, invalid("a filter is neither by stream name nor by event type")
	}
	f.prefixes = of.GetPrefix()
	switch pattern := of.GetRegex(); {
	case pattern == "" && len(f.prefixes) == 0:
		return nil, invalid("a filter has neither a regular expression nor a prefix")
	case pattern != "" && len(f.prefixes) > 0:
		return nil, invalid("a filter has both a regular expression and prefixes")
	case len(f.prefixes) > maxPrefixes:
		return nil, invalid("a filter has %d prefixes, %d are allowed", len(f.prefixes), maxPrefixes)
	case len(pattern) > maxPattern:
		return nil, invalid("the regular expression of a filter has %d bytes, %d are allowed", len(pattern), maxPattern)
	case tooComplex(pattern):
		return nil, invalid("the regular expression of a filter is too complex: what it repeats, too often")
	case pattern != "":
		compiled, err := regexp.Compile(pattern)
		if err != nil {
			return nil, invalid("this node takes regular expressions of RE2, as https://github.com/google/re2/wiki/Syntax has them: %v", err)
		}
		f.pattern = compiled
	}
	return f, nil
}

// defaultWindow is how many events are considered at once where a subscription
// doesn't say: that of EventStoreDB.
const defaultWindow = 32

// parseInterval reads after how many considered events a filtered subscription
// gets a checkpoint.
func parseInterval(o *streams.ReadReq_Options_FilterOptions) (uint64, error) {
	window := uint64(defaultWindow)
	if m, ok := o.GetWindow().(*streams.ReadReq_Options_FilterOptions_Max); ok {
		window = uint64(m.Max)
	}
	interval := window * uint64(o.GetCheckpointIntervalMultiplier())
	if interval == 0 {
		return 0, invalid("the window and the checkpoint interval multiplier of a filtered subscription are at least 1")
	}
	return interval, nil
}

// tooComplex says whether a pattern would take much memory once compiled: a
// short one may repeat what it repeats. One that does not read is not.
func tooComplex(pattern string) bool {
	parsed, err := syntax.Parse(pattern, syntax.Perl)
	return err == nil && parts(parsed) > maxCompiled
}

func parts(re *syntax.Regexp) int {
	n := 1 + len(re.Rune)
	for _, sub := range re.Sub {
		n += parts(sub)
	}
	if re.Op == syntax.OpRepeat {
		n *= max(re.Min, re.Max, 1)
	}
	return min(n, maxCompiled+1) // no overflow
}
