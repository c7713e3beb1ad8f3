package projections

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/google/uuid"

	"reliefledger.org/ledger/domain"
)

// story are books of one campaign, with an event of each kind that it can tell.
func story(t *testing.T) (*Books, domain.ID) {
	t.Helper()
	b := New(Until{})
	campaign, unit, fund := uuid.New(), uuid.New(), uuid.New()
	tell := func(stream string, events ...domain.Event) {
		for _, e := range events {
			c := domain.CommonOf(e)
			c.Date, c.Campaign = domain.Date(2023, 1, 5), campaign
			b.Apply(Decoded{Recorded: &domain.Recorded{ID: uuid.New(), Stream: stream, Number: uint64(b.Len()), Event: e}})
		}
	}
	tell(domain.LedgerStream, &domain.LedgerOpened{Name: "账簿", Root: domain.NewUnit{ID: unit, Name: "县"}})
	tell(domain.Stream(domain.CampaignKind, campaign), &domain.CampaignOpened{ID: campaign, Unit: unit, Name: "报告1：送温暖"},
		&domain.DocumentIssued{Document: domain.Document{Name: "方案", Number: "1号"}, Kind: "plan"},
		&domain.VisitRecorded{Team: "甲组", Of: "workers", Visits: 3, Heard: 2},
		&domain.NeedFound{Of: "workers", Kind: "住房"},
		&domain.ActivityRecorded{Kind: "meeting", Name: "会", Times: 1, People: domain.Headcount{Relation: domain.About, People: 20}},
		&domain.FactRecorded{Measure: "advice", Value: "20xx", Assumed: "2000", Basis: "assumed"})
	tell(domain.Stream(domain.FundKind, fund), &domain.FundEstablished{Fund: fund, Unit: unit, Name: "资金"},
		&domain.FundsReceived{Source: domain.Source{Kind: domain.Union, Name: "总工会"}, Fen: 1300_00},
		&domain.FundsPassedOn{To: "协会", Draws: []domain.Draw{{Lot: 1, Quantity: 300_00}}})
	if len(b.State.Unfolded) > 0 {
		t.Fatal(b.State.Unfolded)
	}
	return b, campaign
}

// A figure whose query asks for what there is not is never proven, whatever the
// source says, and says what is missing.
func TestFigureOfWhatThereIsNot(t *testing.T) {
	b, _ := story(t)
	for _, c := range []struct {
		query, figure, why string
	}{
		{`{"from":"receipts","value":"sum:fen","as":"yuan"}`, `"1300.00"`, ""},
		{`{"from":"receipts","where":{"kind":"donation"},"value":"sum:fen","as":"yuan"}`, `"0.00"`, ""}, // there is none, and that is known
		{`{"from":"receipts","where":{"kind":"union|donation"},"value":"count"}`, `1`, ""},
		{`{"from":"documents","where":{"kind":"plan"},"value":"first:date","as":"month-day"}`, `"01-05"`, ""},
		{`{"from":"visits","value":"each:visits"}`, `3`, ""},
		{`{"from":"visits","value":"least-per:team"}`, `1`, ""},
		{`{"from":"facts","where":{"measure":"advice"},"value":"first:assumed"}`, `"2000"`, ""},
		{`{"value":"count"}`, `0`, `there is no table ""`},
		{`{"from":"donations","value":"count"}`, `0`, `there is no table "donations"`},
		{`{"from":"donations","value":"sum:fen","as":"yuan"}`, `"0.00"`, `there is no table "donations"`},
		{`{"from":"receipts","value":"sum:amount","as":"yuan"}`, `"0.00"`, `table receipts has no field "amount"`},
		{`{"from":"receipts","value":"distinct:colour"}`, `1`, `table receipts has no field "colour"`},
		{`{"from":"receipts","value":"first:colour"}`, `"rule"`, `table receipts has no field "colour"`},
		{`{"from":"receipts","where":{"typ":""},"value":"count"}`, `1`, `table receipts has no field "typ"`},
		{`{"from":"receipts","where":{"minimum:x":""},"value":"count"}`, `1`, `table receipts has no field "minimum:x"`},
		{`{"from":"receipts","value":"sum:source"}`, `0`, `field source of table receipts is no number`},
		{`{"from":"receipts","value":"first:source","as":"yuan"}`, `"0.00"`, `field source of table receipts is no number`},
		{`{"from":"receipts","value":"first:fen","as":"month-day"}`, `"01-05"`, `"first:fen" is no day`},
		{`{"from":"receipts","value":"sum:fen","as":"dollars"}`, `130000`, `a figure is not written as "dollars"`},
		{`{"from":"receipts","value":"average:fen"}`, `130000`, `nothing is computed by "average:fen"`},
		{`{"from":"receipts","value":"count:fen"}`, `1`, `rows are counted, not a field: "count:fen"`},
		{`{"from":"receipts","value":"sum"}`, `0`, `table receipts has no field ""`},
	} {
		line := fmt.Sprintf(`{"report":1,"id":"advice","campaign":"报告1：","value":%s,"query":%s}`, c.figure, c.query)
		sources, err := ReadFigures(strings.NewReader(line))
		if err != nil {
			t.Fatal(err)
		}
		f := b.Figures(sources)[0]
		if f.OK != (c.why == "") || f.Why != c.why || f.Events == nil {
			t.Errorf("%s: %+v, want %q", c.query, f, c.why)
		}
	}
}

// Each row has in each field what its table says that there is.
func TestFields(t *testing.T) {
	b, _ := story(t)
	for name, table := range tables {
		for _, r := range table.rows(b.campaigns) {
			for field, kind := range table.kinds {
				if strings.HasSuffix(field, ":") {
					field += "x"
				}
				if v := r.value(field); table.kind(field) != kind || v.kind != kind && v.kind != nothing {
					t.Errorf("%s of %s is %+v, not of kind %d", field, name, v, kind)
				}
			}
		}
	}
}

// The rows of a campaign are typed; another campaign has none of them.
func TestRowsOfACampaign(t *testing.T) {
	b, campaign := story(t)
	at := func(number uint64) About {
		return About{campaign, domain.Date(2023, 1, 5), number, []uint64{number}}
	}
	have := map[string]any{"documents": b.Documents(campaign), "visits": b.Visits(campaign), "facts": b.Facts(campaign), "funds": b.Funds(campaign), "passed on": b.PassedOn(campaign)}
	want := map[string]any{
		"documents": []DocumentRow{{at(2), "方案", "1号", "plan"}},
		"visits":    []VisitRow{{at(3), "甲组", "", "", "workers", 3, 2, domain.Date(2023, 1, 5)}},
		"facts":     []FactRow{{About: at(6), Measure: "advice", Value: "20xx", Assumed: "2000", Basis: "assumed"}},
		"funds":     []FundsRow{{About: at(8), Fen: 1300_00, Source: domain.Source{Kind: domain.Union, Name: "总工会"}}},
		"passed on": []PassedOnRow{{at(9), 300_00, "协会"}},
	}
	if !reflect.DeepEqual(have, want) {
		t.Errorf("have %+v\nwant %+v", have, want)
	}
	other := uuid.New()
	if n := len(b.Documents(other)) + len(b.Visits(other)) + len(b.Funds(other)); n > 0 {
		t.Errorf("another campaign has %d rows", n)
	}
}
