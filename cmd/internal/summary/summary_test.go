package summary

import (
	"strings"
	"testing"

	"github.com/google/uuid"

	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/projections"
)

// A summary says what the campaign has, each figure with its events, and leaves
// out the sections about which there is nothing. (The nine of the demonstration
// are golden files: TestSummaries in cmd/reliefledger.)
func TestWrite(t *testing.T) {
	b := projections.New(projections.Until{})
	campaign, unit, fund := uuid.New(), uuid.New(), uuid.New()
	tell := func(stream string, events ...domain.Event) {
		for _, e := range events {
			c := domain.CommonOf(e)
			c.Date, c.Campaign = domain.Date(2023, 1, 5), campaign
			r := &domain.Recorded{ID: uuid.New(), Stream: stream, Number: uint64(b.Len()), Event: e}
			r.Meta.Recorded = c.Date.Start()
			b.Apply(projections.Decoded{Recorded: r})
		}
	}
	tell(domain.LedgerStream, &domain.LedgerOpened{Name: "账簿", Root: domain.NewUnit{ID: unit, Name: "县总工会"}})
	tell(domain.Stream(domain.UnitKind, unit), &domain.UnitRegistered{Unit: unit, Name: "县总工会"})
	tell(domain.Stream(domain.CampaignKind, campaign),
		&domain.CampaignOpened{ID: campaign, Unit: unit, Name: "送温暖", Period: domain.Span{First: domain.Date(2023, 1, 1), Last: domain.Date(2023, 1, 31)}},
		&domain.ActivityRecorded{Kind: "meeting", Name: "座谈会", Times: 2, People: domain.Headcount{Relation: domain.About, People: 20}},
		&domain.VisitRecorded{Of: "workers", Visits: 3, Heard: 2},
		&domain.VisitRecorded{Of: "workers", Visits: 4},
		&domain.NeedFound{Of: "workers", Kind: "住房"})
	tell(domain.Stream(domain.FundKind, fund), &domain.FundEstablished{Fund: fund, Unit: unit, Name: "资金"},
		&domain.FundsReceived{Source: domain.Source{Kind: domain.Donation, Name: "职工"}, Fen: 1300_00, Donors: domain.Headcount{Relation: domain.Exactly, People: 71}},
		&domain.FundsPassedOn{To: "协会", Draws: []domain.Draw{{Lot: 1, Quantity: 300_00}}})

	var have strings.Builder
	if err := Write(&have, b, campaign); err != nil {
		t.Fatal(err)
	}
	const want = `送温暖总结
单位：县总工会　期间：2023年1月1日至2023年1月31日　截至：2023年1月5日

一、部署与活动
　　2023年1月5日座谈会，约20人，2次〔3〕

二、资金来源
　　2023年1月5日收到捐赠·职工：1,300.00元，71人捐赠〔8〕
　　合计：1,300.00元〔8〕

三、走访与困难
　　走访职工 7（次、户、人），征集意见建议2条〔4–5〕
　　发现职工困难1个，解决0个，未解决1个〔6〕

四、退回、结余与缺失
　　转交其他机构1笔、300.00元〔9〕
`
	if have.String() != want {
		t.Errorf("have\n%s\nwant\n%s", have.String(), want)
	}
	if err := Write(&have, b, uuid.New()); err == nil {
		t.Error("a summary of a campaign that is not there")
	}
}
