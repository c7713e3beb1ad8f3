package domain_test

import (
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"reliefledger.org/ledger/domain"
)

// A command leads to events or to a refusal, and events are folded into the ledger. Here
// that is done at once; package eventstore/ledger appends the events to a store first.
func Example() {
	l := domain.NewLedger()
	clock := time.Date(2023, 1, 3, 9, 0, 0, 0, domain.Shanghai)
	number := uint64(0)
	do := func(o *domain.Order) error {
		d, err := l.Decide(o, domain.Env{Now: clock, Calendar: domain.DefaultCalendar()})
		if err != nil {
			return err
		}
		fold := func(stream string, m domain.Metadata, events ...domain.Event) error {
			for _, e := range events {
				r := &domain.Recorded{ID: uuid.New(), Stream: stream, Number: number, Meta: m, Event: e}
				number++
				if _, err := l.Apply(r); err != nil {
					return err
				}
			}
			return nil
		}
		for _, part := range d.Parts {
			if err := fold(d.Stream, domain.Metadata{Recorded: clock, Actor: o.Actor, Command: &domain.Proof{ID: o.ID}}, part...); err != nil {
				return err
			}
		}
		for { // the steps that follow in other streams
			step, ok := l.Next()
			if !ok {
				return nil
			}
			if err := fold(step.Stream, domain.Metadata{Recorded: clock, Cause: step.Cause}, step.Events...); err != nil {
				return err
			}
		}
	}
	on := domain.DayOf(clock)
	open, registrar := uuid.New(), uuid.New()
	err := do(&domain.Order{ID: open, Actor: registrar, Date: on, Body: &domain.OpenLedger{
		Ledger: uuid.New(), Name: "示例账簿", Root: domain.NewUnit{Name: "内黄县民政局", Division: "410527"},
		Registrars: []domain.Registree{{Officer: registrar, Key: make([]byte, 32)}, {Officer: uuid.New(), Key: []byte("another key of thirty-two bytes.")}},
	}})
	fmt.Println("opened:", err == nil)

	appoint := uuid.New()
	unit := domain.Made(open, "unit")
	err = do(&domain.Order{ID: appoint, Actor: registrar, Date: on, Body: &domain.AppointOfficer{Unit: unit, Post: "会计", Roles: []domain.Role{domain.Accountant}}})
	fmt.Println("appointed:", err == nil)

	fund, accountant := uuid.New(), domain.Made(appoint, "officer")
	err = errors.Join(
		do(&domain.Order{ID: fund, Actor: accountant, Date: on, Body: &domain.EstablishFund{Unit: unit, Name: "送温暖资金", Earmark: []string{"songwennuan"}}}),
		do(&domain.Order{ID: uuid.New(), Actor: accountant, Date: on, Body: &domain.ReceiveFunds{
			Fund: domain.Made(fund, "fund"), Source: domain.Source{Kind: domain.Union, Level: "county", Name: "县总工会"}, Amount: 1300_00}}),
	)
	fmt.Println("received:", err == nil, l.Funds[domain.Made(fund, "fund")].Left(domain.Money), "fen")

	err = do(&domain.Order{ID: uuid.New(), Actor: accountant, Date: on, Body: &domain.PassOnFunds{Fund: domain.Made(fund, "fund"), To: "慈善协会", Amount: 2000_00}})
	var no *domain.Refusal
	if errors.As(err, &no) {
		fmt.Println(no.Code.Name, no.Sentence(domain.Zh))
	}
	// Output:
	// opened: true
	// appointed: true
	// received: true 130000 fen
	// not-enough-money 需 2,000.00 元，可用余额 1,300.00 元
}

func ExampleParseFen() {
	for _, text := range []string{"11.71万元", "６００元", "人民币壹仟叁佰元整", "1e9"} {
		fen, err := domain.ParseFen(text)
		if err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Println(fen, fen.Words())
	}
	// Output:
	// 117,100.00 人民币壹拾壹万柒仟壹佰元整
	// 600.00 人民币陆佰元整
	// 1,300.00 人民币壹仟叁佰元整
	// amount-unreadable: not an amount of money: 1e9
}

// Posted on the last day of the Spring Festival of 2023; seven days are over on
// 3 February in either mode.
func ExampleCalendar_NoticePeriod() {
	posted, _ := domain.ParseDay("2023-01-27")
	for _, mode := range []domain.CalendarMode{domain.InCalendarDays, domain.InWorkingDays} {
		p, err := domain.DefaultCalendar().NoticePeriod(posted, 7, mode)
		fmt.Println(mode, p.First, p.Last, err)
	}
	// Output:
	// calendar 2023-01-28 2023-02-03 <nil>
	// working 2023-01-28 2023-02-03 <nil>
}
