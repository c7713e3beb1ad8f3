package replay_test

import (
	"fmt"
	"syscall"
	"testing"

	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/eventstore"
)

const (
	benchPayments = 40_000
	benchList     = 20_000
	benchBatch    = 4_000
	benchParties  = 4_000
)

// BenchmarkReplay replays payments, with the lists and batches that they come
// from, which processes post and a few signatures cover; and registrations of
// parties, each a command with a signature of its own.
func BenchmarkReplay(b *testing.B) {
	b.Run("payments", func(b *testing.B) {
		o := newOffice(b, memory(b))
		o.pay(benchPayments)
		bench(b, o.store)
	})
	b.Run("parties", func(b *testing.B) {
		o := newOffice(b, memory(b))
		o.begin()
		for i := range benchParties {
			o.person(fmt.Sprint("p", i))
		}
		bench(b, o.store)
	})
}

func bench(b *testing.B, store eventstore.Store) {
	honest(b, store)
	events := uint64(0)
	before := cpu()
	b.ReportAllocs()
	b.ResetTimer()
	for b.Loop() {
		events += run(b, store).Events
	}
	b.ReportMetric(float64(events)/b.Elapsed().Seconds(), "events/s")
	b.ReportMetric((cpu()-before)/float64(events)*1e6, "cpu-µs/event")
}

// cpu is the time that this process has spent on all cores, in seconds: it says
// more than the clock where others use the same cores.
func cpu() float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}

// pay lists and pays n lines of one yuan.
func (o *office) pay(n int) {
	o.begin()
	terms := domain.Terms{Purposes: []string{"relief"}, Forms: []domain.Form{domain.Cash}, Notice: []domain.Phase{{Timing: domain.NoNotice}}}
	o.do("quick", "registrar 1", "2023-01-02", &domain.DefineProgramme{Unit: root, Name: "小额快救", Terms: terms})
	o.do("money", "accountant", "2023-01-03", &domain.ReceiveFunds{Fund: fund, Source: county, Amount: domain.Yuan(100 * n)})
	o.person("p")
	for from := 0; from < n; from += benchList {
		o.payList(from, min(benchList, n-from))
	}
}

func (o *office) payList(first, n int) {
	name := fmt.Sprint("list ", first)
	alloc := made(name+" money", "allocation")
	o.do(name+" money", "accountant", "2023-01-06", &domain.Allocate{From: domain.From{Fund: fund}, Unit: root, Programme: made("quick", "programme"), Purpose: "relief", Amount: domain.Yuan(100 * n)})
	lines := make([]domain.LineRow, n)
	for i := range lines {
		lines[i] = domain.LineRow{Beneficiary: made("p", "party"), Group: fmt.Sprint("村", i%50), Give: give(100)}
	}
	o.noticeOf(alloc, name, lines)
	o.do(name+" confirm", "reviewer", "2023-01-06", &domain.ConfirmNotice{Notice: made(name, "notice")})
	for from := 0; from < n; from += benchBatch {
		rows := make([]domain.RowToPay, min(benchBatch, n-from))
		for i := range rows {
			rows[i].Line = from + i + 1
		}
		no, name := from/benchBatch+1, fmt.Sprint(name, " batch ", from)
		o.do(name, "accountant", "2023-01-07", &domain.PrepareBatch{Allocation: alloc, Form: domain.Cash, Rows: rows})
		o.do(name+" approve", "approver", "2023-01-07", &domain.ApproveBatch{Allocation: alloc, Batch: no})
		o.do(name+" pay", "cashier", "2023-01-07", &domain.PayBatch{Allocation: alloc, Batch: no})
		o.do(name+" receipt", "cashier", "2023-01-07", &domain.RecordReceipt{Allocation: alloc, Kind: "签领表", HeldBy: "档案室", Batch: no})
	}
}
