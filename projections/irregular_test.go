package projections

import (
	"encoding/json"
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

// Scripts read irregular records by the names of their fields, in their order.
func TestIrregularAsJSON(t *testing.T) {
	one := domain.ID{15: 1}
	x := Irregular{Finding: domain.Irregularity{Code: "not-reviewed", Rows: []int{2}}.Finding(7), Type: "LinesAdmitted", Stream: "x", Reason: true, Evidence: 3,
		Actor: one, DoneBy: one, Second: one, Happened: domain.Date(2023, 1, 3), Booked: domain.Date(2023, 1, 4), FollowedBy: 5}
	const id = `"00000000-0000-0000-0000-000000000001"`
	for _, c := range []struct {
		x    Irregular
		want string
	}{
		{x, `{"number":7,"type":"LinesAdmitted","stream":"x","rule":8,"code":"not-reviewed","rows":[2],"reason":true,"evidence":3,"actor":` + id + `,"done_by":` + id + `,"second":` + id + `,"happened":"2023-01-03","booked":"2023-01-04","followed_by":5}`},
		{Irregular{Happened: domain.Date(2023, 1, 3), Booked: domain.Date(2023, 1, 4)}, `{"number":0,"type":"","stream":"","rule":0,"code":"","reason":false,"evidence":0,"actor":"00000000-0000-0000-0000-000000000000","second":"00000000-0000-0000-0000-000000000000","happened":"2023-01-03","booked":"2023-01-04"}`},
	} {
		if text, err := json.Marshal(c.x); err != nil || string(text) != c.want {
			t.Errorf("have %s (%v)\nwant %s", text, err, c.want)
		}
	}
}
