package projections_test

import (
	"fmt"

	"github.com/google/uuid"

	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/projections"
)

// Books are applied event by event; projections.Read does it from a store.
func Example() {
	unit, fund := uuid.New(), uuid.New()
	events := []domain.Event{
		&domain.LedgerOpened{Name: "示例账簿", Root: domain.NewUnit{ID: unit, Name: "内黄县民政局"}},
		&domain.UnitRegistered{Unit: unit, Name: "内黄县民政局"},
		&domain.FundEstablished{Fund: fund, Unit: unit, Name: "送温暖资金", Earmark: []string{"songwennuan"}},
		&domain.FundsReceived{Common: domain.Common{Date: domain.Date(2023, 1, 3)}, Source: domain.Source{Kind: domain.Union, Level: "county", Name: "县总工会"}, Fen: 1300_00},
		&domain.FundsPassedOn{Common: domain.Common{Date: domain.Date(2023, 1, 9)}, To: "慈善协会", Draws: []domain.Draw{{Lot: 1, Quantity: 300_00}}},
	}
	streams := []string{"ledger", domain.Stream(domain.UnitKind, unit), domain.Stream(domain.FundKind, fund), domain.Stream(domain.FundKind, fund), domain.Stream(domain.FundKind, fund)}

	show := func(until projections.Until) {
		books := projections.New(until)
		for i, e := range events {
			books.Apply(projections.Decoded{Recorded: &domain.Recorded{ID: domain.Made(fund, fmt.Sprint(i)), Stream: streams[i], Number: uint64(i), Event: e}})
		}
		for _, row := range books.Balances(projections.ByFund) {
			fmt.Println(row.Name, domain.Fen(row.Received), domain.Fen(row.PassedOn), domain.Fen(row.Left), row.Balanced())
		}
	}
	show(projections.Until{})
	show(projections.Until{Date: domain.Date(2023, 1, 5)}) // what counts in the books by then
	// Output:
	// 送温暖资金 1,300.00 300.00 1,000.00 true
	// 送温暖资金 1,300.00 0.00 1,300.00 true
}
