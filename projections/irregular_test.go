package projections

import (
	"fmt"
	"reflect"
	"testing"

	"github.com/google/uuid"

	"reliefledger.org/ledger/domain"
)

// An irregular record stands there for ever, with its reasons and with what followed
// from it; also one in an event that the state could not fold, of which no reasons
// are told.
func TestIrregular(t *testing.T) {
	fund, unit, second := uuid.New(), uuid.New(), uuid.New()
	stream := domain.Stream(domain.FundKind, fund)
	const day, earlier = domain.Day(19000), domain.Day(18000)
	common := func(on domain.Day, codes ...string) (c domain.Common) {
		c.Date = on
		for i, code := range codes {
			c.Irregular = append(c.Irregular, domain.Irregularity{Code: code, Rows: []int{i + 1}, Second: second})
			c.Reasons = append(c.Reasons, domain.Reason{Text: domain.Sealed{Key: second, Box: []byte("x")}, Evidence: make([]domain.Sealed, i)})
		}
		return c
	}
	ids := map[string]domain.ID{}
	id := func(name string) domain.ID {
		if ids[name] == (domain.ID{}) && name != "" {
			ids[name] = uuid.New()
		}
		return ids[name]
	}
	b := New(Until{Date: day})
	for _, e := range []struct {
		name, cause string
		event       domain.Event
	}{
		{"fund", "", &domain.FundEstablished{Fund: fund, Unit: unit, Name: "资金"}},
		{"early follower", "two", &domain.FundsReceived{Fen: 1}}, // of what is not there yet
		{"two", "", &domain.FundsReceived{Common: common(earlier, domain.NotReviewed.Name, "some code of later"), Fen: 1}},
		{"step", "two", &domain.FundsReceived{Common: common(day, domain.SamePerson.Name), Fen: 1}},
		{"late", "", &domain.FundsReceived{Common: common(day+1, domain.NotReviewed.Name), Fen: 1}},
		{"step of step", "step", &domain.FundsReceived{Common: common(day), Fen: 1}},
		{"forged", "", &domain.FundsPassedOn{Common: common(day, domain.NotReviewed.Name), Draws: []domain.Draw{{Lot: 4711, Quantity: 1}}}},
		{"two", "", &domain.FundsReceived{Common: common(day, domain.NotReviewed.Name), Fen: 1}}, // again
		{"another step", "two", nil},
	} {
		n := uint64(b.Len())
		b.Apply(Decoded{Recorded: &domain.Recorded{ID: id(e.name), Stream: stream, Number: n, Event: e.event, Meta: domain.Metadata{Cause: id(e.cause)}}})
	}
	var have []string
	for _, x := range b.Irregular() {
		have = append(have, fmt.Sprint(x.Number, " ", x.Code, " rule ", x.Rule, " rows ", x.Rows, " reason ", x.Reason, " evidence ", x.Evidence, " followed by ", x.FollowedBy, " on ", int(x.Booked)))
	}
	want := []string{
		"2 not-reviewed rule 8 rows [1] reason true evidence 0 followed by 2 on 18000",
		"2 some code of later rule 0 rows [2] reason true evidence 1 followed by 2 on 18000",
		"3 same-person rule 10 rows [1] reason true evidence 0 followed by 0 on 19000",
		"6 not-reviewed rule 8 rows [1] reason false evidence 0 followed by 0 on 19000",
		"7 not-reviewed rule 8 rows [1] reason false evidence 0 followed by 1 on 19000",
	}
	if !reflect.DeepEqual(have, want) {
		t.Errorf("have %q\nwant %q", have, want)
	}
}
