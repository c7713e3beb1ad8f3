package office

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"reliefledger.org/ledger/cmd/internal/words"
	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/eventstore"
	"reliefledger.org/ledger/eventstore/codec"
)

// OrToday reads a business date; none is today.
func OrToday(date string) (domain.Day, error) {
	if date == "" {
		return domain.DayOf(time.Now()), nil
	}
	d, err := domain.ParseDay(date)
	if err != nil {
		return 0, InputErr(words.Date.String(), err)
	}
	return d, nil
}

// Due is all that is still to be paid from an allocation in one form.
type Due struct {
	Allocation domain.ID
	Form       domain.Form
	Rows       []domain.RowToPay
	Fen        domain.Fen       // of Rows; zero for goods
	LeftOut    []domain.LeftOut // and why
	Batches    int              // that the allocation has already
}

// Due finds what is still to be paid from an allocation.
func (o *Office) Due(which string, form domain.Form) (*Due, error) {
	id, err := o.Find(domain.AllocationKind, which)
	if err != nil {
		return nil, err
	}
	out := &Due{Allocation: id, Form: form}
	o.State(func(s *domain.Ledger) {
		out.Rows, out.LeftOut = s.Payable(id, form)
		a := s.Allocations[id]
		out.Batches = len(a.Batches)
		for _, r := range out.Rows {
			out.Fen += a.StillDue(r)
		}
	})
	return out, nil
}

// Prepare prepares all that is due, in as many batches as it needs, and calls each
// with the result of one. as names the first command, which may be empty.
func (s *Session) Prepare(ctx context.Context, due *Due, on domain.Day, as string, each func(*Result)) error {
	if len(due.Rows) == 0 {
		return Input(due.Allocation.String(), "没有可制单的行", "nothing is left to be prepared")
	}
	rows := due.Rows
	for n := 1; len(rows) > 0; n++ {
		part := rows[:min(len(rows), domain.MaxRows)]
		rows = rows[len(part):]
		name := as
		if name != "" && n > 1 {
			name = fmt.Sprintf("%s %d", as, n)
		}
		done, err := s.Give(ctx, on, name, &domain.PrepareBatch{Allocation: due.Allocation, Form: due.Form, Rows: part})
		if err != nil {
			return err
		}
		each(done)
	}
	return nil
}

// batchAt is a batch as it stands at one moment, copied out of the state, with what
// the state does not keep.
type batchAt struct {
	allocation, unit domain.ID
	stream           string
	batch            domain.Batch
	rows             []batchRow
	accounts         []domain.Account // by row, as the batch fixed them; none where no bank pays
	sent             []byte           // SHA-256 of the file that was sent
	taken            []byte           // and of the answer that was taken
}

// batchRow is what a row of a batch leads to.
type batchRow struct {
	payee   domain.ID  // the party that goes on, where the payee was merged
	payment *paymentAt // nil: nothing was paid
}

// paymentAt is a payment as it stands.
type paymentAt struct {
	fen, net domain.Fen
	reversed bool
	ref      domain.Ref // by which a command names it
	named    bool
}

// findBatch copies a batch and reads what the state does not keep.
func (o *Office) findBatch(ctx context.Context, w BatchNamed) (*batchAt, error) {
	var b *batchAt
	var err error
	o.State(func(s *domain.Ledger) {
		var a *domain.Allocation
		var batch *domain.Batch
		if a, batch, err = FindBatch(s, w); err == nil {
			b = copyBatch(s, a, batch)
		}
	})
	if err != nil {
		return nil, err
	}
	want := map[uuid.UUID]bool{b.batch.Prepared: true, b.batch.Sent: true, b.batch.Result: true}
	for raw, err := range o.store.ReadStream(ctx, b.stream, 0, eventstore.Forwards) {
		if err != nil {
			return nil, err
		}
		if !want[raw.ID] {
			continue
		}
		r, err := codec.Decode(raw, 0)
		if err != nil {
			return nil, err
		}
		switch e := r.Event.(type) {
		case *domain.BatchPrepared:
			b.accounts = e.Private.Accounts
		case *domain.BatchSentToBank:
			b.sent = e.File
		case *domain.BankResultTaken:
			b.taken = e.File
		}
	}
	return b, nil
}

func copyBatch(s *domain.Ledger, a *domain.Allocation, batch *domain.Batch) *batchAt {
	b := &batchAt{allocation: a.ID, unit: a.Unit, stream: a.Stream, batch: *batch}
	b.batch.Rows = slices.Clone(batch.Rows)
	for i, line := range a.LinesOf(batch) {
		row := batchRow{payee: s.Same(line.Payee())}
		if p := a.PaymentOf(&batch.Rows[i]); p != nil {
			row.payment = copyPayment(s, p)
		}
		b.rows = append(b.rows, row)
	}
	return b
}

func copyPayment(s *domain.Ledger, p *domain.Payment) *paymentAt {
	out := &paymentAt{fen: p.Fen, net: p.Net(), reversed: p.Reversed() != domain.ID{}}
	if id, ok := s.EventAt(p.Number); ok {
		out.ref, out.named = s.RefTo(id)
	}
	return out
}

func (b *batchAt) no() string { return fmt.Sprint(b.batch.No) }

// mustBeApproved refuses a batch from which nothing may be paid.
func (b *batchAt) mustBeApproved() error {
	switch b.batch.State().Stage {
	case domain.StageRejected:
		return Input(b.no(), "该批次已退回", "the batch was rejected")
	case domain.StagePrepared:
		return Input(b.no(), "批次未复核", "the batch is not approved")
	}
	return nil
}

// mustBeTheBanks refuses a batch that is not approved, or not for a bank.
func (b *batchAt) mustBeTheBanks() error {
	if b.batch.Form != domain.Bank || len(b.accounts) != len(b.batch.Rows) {
		return Input(b.no(), "不是银行发放的批次", "the batch is not for a bank")
	}
	return b.mustBeApproved()
}

// Again is what of a batch came back and may be paid again.
type Again struct {
	Command *domain.PrepareBatch
	LeftOut []Note // rows that came back and are left out, and why
}

// Again finds the rows of a batch that were rejected or came back, were not paid
// again, and, where the bank pays, whose payee has another account since; all takes
// those whose account is the same too.
func (o *Office) Again(ctx context.Context, w BatchNamed, all bool) (*Again, error) {
	b, err := o.findBatch(ctx, w)
	if err != nil {
		return nil, err
	}
	if b.batch.Form == domain.Bank {
		if err := b.mustBeTheBanks(); err != nil {
			return nil, err
		}
	}
	fixed := b.accounts
	if all {
		fixed = nil
	}
	out := &Again{Command: &domain.PrepareBatch{Allocation: b.allocation, Form: b.batch.Form}}
	var left []domain.NotAgain
	o.State(func(s *domain.Ledger) {
		a := s.Allocations[b.allocation]
		out.Command.Rows, left = s.PayAgain(a, a.Batches[b.batch.No-1], fixed)
	})
	for _, x := range left {
		if x.Why == domain.CannotBeNamed {
			return out, fmt.Errorf("row %d: what came back cannot be named", x.Row)
		}
		out.LeftOut = append(out.LeftOut, sayNotAgain(x))
	}
	if len(out.Command.Rows) == 0 {
		return out, Input(b.no(), "没有可重发的行", "nothing is to be paid again")
	}
	return out, nil
}

// sayNotAgain says why a row is left out where the rest of its batch is paid again.
func sayNotAgain(x domain.NotAgain) Note {
	switch x.Why {
	case domain.SeveralCameBack:
		return Note{Zh: fmt.Sprintf("第 %d 行退回过 %d 次，请用 prepare-batch 逐次注明", x.Row, x.Times),
			En: fmt.Sprintf("row %d came back %d times, name each with prepare-batch", x.Row, x.Times)}
	case domain.OfAnotherBatch:
		return Note{Zh: fmt.Sprintf("第 %d 行的退回不是本批次的退票或退回（其后的批次，或冲销）：在那个批次用 batch again，或用 prepare-batch 注明", x.Row),
			En: fmt.Sprintf("what came back of row %d is no reject or return of this batch, but of a later one, or a reversal: see batch again there, or name it with prepare-batch", x.Row)}
	case domain.SameAccount:
		return Note{Zh: fmt.Sprintf("第 %d 行的账号未改正", x.Row), En: fmt.Sprintf("the account of row %d was not mended", x.Row)}
	}
	return Note{Zh: fmt.Sprintf("第 %d 行：%s", x.Row, x.Why), En: fmt.Sprintf("row %d: %s", x.Row, x.Why)}
}
