package domain

import (
	"errors"
	"reflect"
	"testing"
)

// TestListOfPartiesToBe: a list may be tried before its parties are registered. The
// decision is the same as afterwards, and trying registers nobody.
func TestListOfPartiesToBe(t *testing.T) {
	terms := noNotice()
	terms.Forms = []Form{Cash}
	terms.Categories = []Category{{Code: "tekun"}}
	terms.Standards = []Standard{{Category: "tekun", Least: 200_00, Most: 600_00}}
	terms.CapPerPerson = 700_00
	c := newCounty(t, terms, 100_000_00)
	a := c.allocate("2023-01-05", 3_000_00)
	n := Made(c.by(c.drafter).mustDo("2023-01-05", &DraftNotice{Allocation: a, Heading: Heading{Title: "名单"}}), "notice")

	// The parties that will be registered, and the orders that will do it.
	var registrations []*Order
	toBe := map[ID]*Party{}
	register := func(kind PartyType, count Headcount) ID {
		o := c.order("2023-01-05", &RegisterParty{Unit: c.unit, Type: kind, Headcount: count, PersonalDetails: PersonalDetails{Name: sealed("某")}})
		registrations = append(registrations, o)
		p := Made(o.ID, "party")
		toBe[p] = &Party{ID: p, Unit: c.unit, Type: kind, Headcount: count}
		return p
	}
	person, other := register(Person, Headcount{}), register(Person, Headcount{})
	household, group := register(Household, Headcount{}), register(Group, Headcount{Exactly, 3})

	row := func(change func(*LineRow)) LineRow {
		r := LineRow{Beneficiary: person, Category: "tekun", Give: []Give{{Form: Cash, Amount: 600_00}}}
		change(&r)
		return r
	}
	lists := []struct {
		what    string
		refused *Code // nil: it is accepted
		rows    []LineRow
	}{
		{"one person", nil, []LineRow{row(func(*LineRow) {})}},
		{"everybody", nil, []LineRow{
			row(func(r *LineRow) { r.Household, r.Payee, r.Why = household, other, sealed("代领") }),
			row(func(r *LineRow) { r.Beneficiary = other }),
			row(func(r *LineRow) { r.Beneficiary, r.People = group, Headcount{Exactly, 3} }),
		}},
		{"a beneficiary who is nobody", NoSuch, []LineRow{row(func(r *LineRow) { r.Beneficiary = id(-50) })}},
		{"a payee who is nobody", NoSuch, []LineRow{row(func(r *LineRow) { r.Payee, r.Why = id(-50), sealed("代领") })}},
		{"a household that is none", NoSuch, []LineRow{row(func(r *LineRow) { r.Household = id(-50) })}},
		{"another payee without why", WhyOtherPayee, []LineRow{row(func(r *LineRow) { r.Payee = other })}},
		{"a group without people", FieldWrong, []LineRow{row(func(r *LineRow) { r.Beneficiary = group })}},
		{"people for a person", FieldWrong, []LineRow{row(func(r *LineRow) { r.People = Headcount{Exactly, 3} })}},
		{"an unknown category", CategoryUnknown, []LineRow{row(func(r *LineRow) { r.Category = "vip" })}},
		{"off the standard", OffStandard, []LineRow{row(func(r *LineRow) { r.Give[0].Amount = 600_01 })}},
		{"a form that is not given", FormNotAllowed, []LineRow{row(func(r *LineRow) { r.Give[0].Form = Bank })}},
		{"one person twice, above the cap", AboveCap, []LineRow{row(func(*LineRow) {}), row(func(r *LineRow) { r.Give[0].Amount = 200_00 })}},
	}
	orders := make([]*Order, len(lists))
	for i, list := range lists {
		orders[i] = c.order("2023-01-05", &AddLines{Notice: n, Rows: list.rows})
	}
	// judge decides all lists, and checks that the state did not change.
	judge := func(env Env) (verdicts []any) {
		before := c.l.fingerprint()
		env.Now, env.Calendar = c.now, DefaultCalendar()
		for i, o := range orders {
			d, err := c.l.Decide(o, env)
			var r *Refusal
			switch {
			case err == nil && lists[i].refused == nil:
				verdicts = append(verdicts, d)
			case errors.As(err, &r) && r.Code == lists[i].refused:
				verdicts = append(verdicts, r.Error())
			default:
				t.Errorf("%s: want %v, got %v", lists[i].what, lists[i].refused, err)
			}
		}
		if c.l.fingerprint() != before {
			t.Error("to judge the lists changed the state")
		}
		return verdicts
	}

	for i, o := range orders {
		if _, err := c.l.Decide(o, Env{Now: c.now, Calendar: DefaultCalendar()}); !errors.Is(err, NoSuch) {
			t.Errorf("%s: nobody is registered, and none is to be: %v", lists[i].what, err)
		}
	}
	tried := judge(Env{ToBe: toBe})
	for _, o := range registrations {
		if err := c.run(o); err != nil {
			t.Fatal(err)
		}
	}
	if registered := judge(Env{}); !reflect.DeepEqual(tried, registered) {
		t.Errorf("with parties to be:\n%v\nwith the same registered:\n%v", tried, registered)
	}

	// Of a party that is registered the ledger's own state counts, not the one in ToBe.
	c.by(c.drafter).mustDo("2023-01-05", &RecordDeath{Party: person})
	if _, err := c.l.Decide(orders[0], Env{Now: c.now, Calendar: DefaultCalendar(), ToBe: toBe}); !errors.Is(err, PayeeIsDead) {
		t.Errorf("the registered person is dead: %v", err)
	}
	// A party that is to be registered may be known to be dead.
	late := c.order("2023-01-05", &AddLines{Notice: n, Rows: []LineRow{row(func(r *LineRow) { r.Beneficiary = id(-51) })}})
	dead := map[ID]*Party{id(-51): {ID: id(-51), Type: Person, Dead: day("2023-01-01")}}
	if _, err := c.l.Decide(late, Env{Now: c.now, Calendar: DefaultCalendar(), ToBe: dead}); !errors.Is(err, PayeeIsDead) {
		t.Errorf("the person to be is dead: %v", err)
	}
}
