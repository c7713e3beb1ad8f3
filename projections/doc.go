// Package projections rebuilds everything that people read from the events:
// balances, the public notice list, the fund-use report, the irregular records,
// the campaign summaries and the log of entries.
//
//	books, err := projections.Read(ctx, store, projections.Until{})
//	if err != nil {
//		return err
//	}
//	for _, row := range books.Balances(projections.ByFund) {
//		fmt.Println(row.Name, row.Received, row.Paid, row.Left)
//	}
//	for entry := range books.FundUse() {
//		fmt.Println(entry.Number, entry.Amount, entry.Missing)
//	}
//
// [Books] is one fold of `$all`. It never reads the vault: people stand in it as
// ids. It can be thrown away and read again, and then it is the same, byte for
// byte ([Books.Digest]). [Live] are books that follow a store.
//
// # Parts
//
// Books are made of a basis and of parts. The basis (basis.go, events.go) has the
// state of the domain, and of every event what the state does not need for
// deciding: number, time, actor, hash. On it stand the parts, one file each, which
// keep what one kind of question needs, and answer it:
//
//	balances.go   money and goods, by day and account: Balances
//	board.go      notices, as they hang on a day: Notices, PublicLines
//	funduse.go    payments, from source to hand (entry.go), and what evidence
//	              they lack (missing.go): FundUse, Payment
//	campaigns.go  the story of each campaign in rows (rows.go), and figures out
//	              of them (figures.go, fields.go): Campaigns, Payments, Figures
//	irregular.go  what was done although a rule forbids it: Irregular
//
// Each event goes through them in this order: the state decides whether it takes the
// event in and what it posts, the basis notes it, then each part gets it. The
// questions of the parts are methods of Books.
//
// A part reads like this, from top to bottom: what it keeps, how an event changes
// that, what can be asked.
//
//	// rejects is the part of the books that counts payments that did not arrive.
//	type rejects struct {
//		*basis
//		on map[domain.Day]int // by business date
//	}
//
//	func (r *rejects) Apply(a applied) {
//		if e, ok := a.Event.(*domain.DisbursementRejected); ok && a.folded {
//			r.on[e.Date]++
//		}
//	}
//
//	// Rejects counts them on a day.
//	func (r *rejects) Rejects(on domain.Day) int { return r.on[on] }
//
// It becomes one of the books by a line in each of three lists that stand together
// in parts.go, which also says what a part may do. Nothing else has to know of it:
// books read it, follow with it and keep it in snapshots. If what it says is for
// the public or for auditors, [Books.Digest] should have it too.
//
// What a page shows is asked in pages: FundUseFrom, EventsFrom, NoticesFrom and those
// that end in Before begin at a number, and cost what is taken of them. The next page
// begins behind the last number of this one, or before its first.
//
// # As of
//
// Books can be read as of three things, which differ:
//   - a number: the events before it and it, a prefix of the log; what somebody
//     saw who looked then.
//   - a recorded time: the longest prefix whose greatest recorded time is not
//     later; what was known at that moment.
//   - a business date: what counts in the books up to and with a day, whenever
//     it was written. It is not a prefix of the log: an entry made late counts
//     on its business date. Amounts and payments follow it; names and other
//     facts without value are as they are known now.
package projections
