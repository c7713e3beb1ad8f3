package ledger

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/eventstore/embedded"
)

// BenchmarkPay is the command "pay one approved entitlement": one payment of a
// batch that a cashier has signed: verified, decided by all rules, hashed, encoded, synced,
// folded and acknowledged; by one cashier, by 64 at one allocation, and by 64
// at 64 allocations. Beside it, a bare loop that writes as many bytes and syncs.
func BenchmarkPay(b *testing.B) {
	b.Run("bare", bareLoop)
	for _, c := range []struct{ callers, allocations int }{{1, 1}, {64, 1}, {64, 64}} {
		b.Run(fmt.Sprintf("callers=%d/allocations=%d", c.callers, c.allocations), func(b *testing.B) {
			var groups, synced atomic.Int64 // of the timed part
			store, err := embedded.Create(b.TempDir()+"/ledger", embedded.Options{FS: vfs.Default, Committed: func(g embedded.Group) {
				groups.Add(1)
				synced.Add(int64(g.Took))
			}})
			if err != nil {
				b.Fatal(err)
			}
			defer store.Close()
			x := open(b, store, newVault(b))
			x.prepareToPay(c.allocations, b.N)
			// What an officer's program does is done before: it seals, and signs.
			orders := make([]*SignedOrder, b.N)
			for i := range orders {
				o, signers := x.order(payment(c.allocations, i))
				var err error
				if orders[i], err = x.l.Sign(ctx, o, time.Time{}, signers...); err != nil {
					b.Fatal(err)
				}
			}
			var n atomic.Int64
			var wg sync.WaitGroup
			groups.Store(0)
			synced.Store(0)
			b.ResetTimer()
			for range c.callers {
				wg.Go(func() {
					for i := n.Add(1) - 1; i < int64(b.N); i = n.Add(1) - 1 {
						if _, err := x.l.Submit(ctx, orders[i].Prepared, orders[i].Proof, nil); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			wg.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "payments/s")
			b.ReportMetric(float64(b.N)/float64(groups.Load()), "payments/sync")
			b.ReportMetric(float64(synced.Load())/float64(groups.Load())/1e3, "us/sync")
		})
	}
}

// BenchmarkPayBatch is the command that pays a batch of 1,000 at once: it is
// decided as a whole, and a process posts each payment.
func BenchmarkPayBatch(b *testing.B) {
	store, err := embedded.Create(b.TempDir()+"/ledger", embedded.Options{FS: vfs.Default})
	if err != nil {
		b.Fatal(err)
	}
	defer store.Close()
	x := open(b, store, newVault(b))
	const rows = 1000
	x.prepareToPay(b.N, b.N*rows)
	i := 0
	for b.ResetTimer(); i < b.N; i++ {
		a := act{fmt.Sprint("pay all ", i), "cashier", "2023-01-12", &domain.PayBatch{Allocation: made(fmt.Sprint("a", i), "allocation"), Batch: 1}}
		if err := x.do(a); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*rows)/b.Elapsed().Seconds(), "payments/s")
}

func bareLoop(b *testing.B) {
	f, err := os.Create(filepath.Join(b.TempDir(), "bare"))
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	record := make([]byte, 600)
	for b.Loop() {
		if _, err := f.Write(record); err != nil {
			b.Fatal(err)
		}
		if err := f.Sync(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "syncs/s")
}

const rowsOfBatch = 4000

// payment is the i-th of a run: they go around the allocations.
func payment(allocations, i int) act {
	k, row := i%allocations, i/allocations
	return act{fmt.Sprint("pay ", i), "cashier", "2023-01-12",
		&domain.Disburse{Allocation: made(fmt.Sprint("a", k), "allocation"), Batch: 1 + row/rowsOfBatch, Row: 1 + row%rowsOfBatch}}
}

// prepareToPay fills a ledger up to approved batches for n payments.
func (b *bench) prepareToPay(allocations, n int) {
	must := func(a act) {
		if err := b.do(a); err != nil {
			b.t.Fatal(a.name, err)
		}
	}
	for _, a := range story()[:7] {
		must(a)
	}
	terms := domain.Terms{Purposes: []string{"relief"}, Forms: []domain.Form{domain.Cash}, Notice: []domain.Phase{{Timing: domain.NoNotice}}}
	must(act{"programme", registrars[0], "2023-01-01", &domain.DefineProgramme{Unit: root, Name: "冬春救助", Terms: terms}})
	must(act{"fund", "accountant", "2023-01-02", &domain.EstablishFund{Unit: root, Name: "资金", Earmark: []string{"relief"}}})
	each := (n + allocations - 1) / allocations
	must(act{"money", "accountant", "2023-01-03", &domain.ReceiveFunds{Fund: made("fund", "fund"), Source: domain.Source{Kind: domain.Treasury, Level: "central", Name: "中央"}, Amount: domain.Yuan(each * allocations * 100)}})
	must(act{"person", "drafter", "2023-01-03", &domain.RegisterParty{Unit: root, Type: domain.Person, PersonalDetails: domain.PersonalDetails{Name: domain.Plainly("王某")}}})
	for k := range allocations {
		name := fmt.Sprint("a", k)
		a, notice := made(name, "allocation"), made("n"+name, "notice")
		must(act{name, "accountant", "2023-01-04", &domain.Allocate{From: domain.From{Fund: made("fund", "fund")}, Unit: root, Programme: made("programme", "programme"), Purpose: "relief", Amount: domain.Yuan(each * 100)}})
		must(act{"n" + name, "drafter", "2023-01-06", &domain.DraftNotice{Allocation: a, Heading: domain.Heading{Title: "名单", Issuer: "乡", Phone: "1", HowTo: "书面"}}})
		rows := make([]domain.LineRow, each)
		for i := range rows {
			rows[i] = domain.LineRow{Beneficiary: made("person", "party"), Give: []domain.Give{{Form: domain.Cash, Amount: 100}}}
		}
		must(act{"l" + name, "drafter", "2023-01-06", &domain.AddLines{Notice: notice, Rows: rows}})
		must(act{"r" + name, "reviewer", "2023-01-06", &domain.ReviewNotice{Notice: notice, Meeting: "党委会"}})
		must(act{"c" + name, "reviewer", "2023-01-10", &domain.ConfirmNotice{Notice: notice}})
		for batch := 0; batch*rowsOfBatch < each; batch++ {
			var lines []domain.RowToPay
			for line := batch * rowsOfBatch; line < min(each, (batch+1)*rowsOfBatch); line++ {
				lines = append(lines, domain.RowToPay{Line: line + 1})
			}
			must(act{fmt.Sprint("p", name, batch), "accountant", "2023-01-12", &domain.PrepareBatch{Allocation: a, Form: domain.Cash, Rows: lines}})
			must(act{fmt.Sprint("o", name, batch), "approver", "2023-01-12", &domain.ApproveBatch{Allocation: a, Batch: 1 + batch}})
		}
	}
}
