package domain

import "testing"

// The rows of TestRefusals about a batch's result.
var batchResultRows = []refusalRow{
	{"9", "the bank's result matches its batch, and a reject is mended and paid again (report 2)", func(t *testing.T) {
		c := newCounty(t, noNotice(), 100000)
		a := c.allocate("2023-01-05", 100000)
		n := Made(c.by(c.drafter).mustDo("2023-01-05", &DraftNotice{Allocation: a, Heading: Heading{Title: "名单"}}), "notice")
		party := func(account ID) ID {
			d := PersonalDetails{Name: sealed("乙")}
			if account != (ID{}) {
				d.Account, d.AccountID = sealed("6222"), account
			}
			return Made(c.mustDo("2023-01-05", &RegisterParty{Unit: c.unit, Type: Person, PersonalDetails: d}), "party")
		}
		var rows []LineRow
		for _, acc := range []ID{id(71), id(72), {}} {
			rows = append(rows, LineRow{Beneficiary: party(acc), Give: []Give{{Form: Bank, Amount: 1000}}})
		}
		c.mustDo("2023-01-05", &AddLines{Notice: n, Rows: rows})
		c.by(c.reviewer).mustDo("2023-01-05", &ReviewNotice{Notice: n})
		c.confirm("2023-01-05", n)
		c.by(c.accountant).refused("2023-01-05", &PrepareBatch{Allocation: a, Form: Bank, Rows: rowsOf(1, 2, 3)}, AccountMissing)
		c.mustDo("2023-01-05", &PrepareBatch{Allocation: a, Form: Bank, Rows: rowsOf(1, 2)})
		c.by(c.approver).mustDo("2023-01-05", &ApproveBatch{Allocation: a, Batch: 1})
		c.by(c.cashier).refused("2023-01-05", &PayBatch{Allocation: a, Batch: 1}, NotTheForm)
		c.mustDo("2023-01-05", &SendBatchToBank{Allocation: a, Batch: 1, Bank: "农商行"})
		c.by(c.approver).refused("2023-01-05", &RejectBatch{Allocation: a, Batch: 1}, BatchIs)
		c.by(c.cashier).refused("2023-01-06", &TakeBankResult{Allocation: a, Batch: 1, Count: 2, Amount: 1999}, ResultMismatch)
		result := c.mustDo("2023-01-06", &TakeBankResult{Allocation: a, Batch: 1, Count: 1, Amount: 1000, Rejected: []NotPaid{{2, "户名不符"}}})
		c.by(c.accountant).refused("2023-01-07", &PrepareBatch{Allocation: a, Form: Bank, Rows: rowsOf(2)}, MustNameReturn)
		c.mustDo("2023-01-07", &PrepareBatch{Allocation: a, Form: Bank, Rows: []RowToPay{{Line: 2, Again: &Ref{result, 2}}}})
	}},
}
