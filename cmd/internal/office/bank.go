package office

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/google/uuid"

	"reliefledger.org/ledger/cmd/internal/bank"
	"reliefledger.org/ledger/cmd/internal/sheets"
	"reliefledger.org/ledger/cmd/internal/words"
	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/eventstore"
	"reliefledger.org/ledger/eventstore/codec"
)

// ReadTemplate reads how a bank wants its files: the template of a name, or of an
// office's own in a file.
func ReadTemplate(name, file string) (*bank.Template, error) {
	if file == "" {
		t, err := bank.Named(name)
		if err != nil {
			return nil, InputErr(words.Bank.String(), err)
		}
		return t, nil
	}
	text, err := ReadUpTo(file, maxTemplate)
	if err != nil {
		return nil, InputErr(file, err)
	}
	t, err := bank.Parse(text)
	if err != nil {
		return nil, InputErr(file, err)
	}
	return t, nil
}

const (
	maxTemplate = 1 << 20 // bytes of a template
	// MaxBankFile bounds what a bank sends, in bytes; one more is read, to be refused.
	MaxBankFile = sheets.MaxFile
)

// BankDesk is where the files of one batch are made and read.
type BankDesk struct {
	s *Session
	a *Asker
	t *bank.Template
	b *batchAt
}

// AtBank finds the batch of which files are made or read.
func (s *Session) AtBank(ctx context.Context, a *Asker, t *bank.Template, w BatchNamed) (*BankDesk, error) {
	b, err := s.findBatch(ctx, w)
	if err != nil {
		return nil, err
	}
	if err := b.mustBeTheBanks(); err != nil {
		return nil, err
	}
	return &BankDesk{s, a, t, b}, nil
}

// BankFile is the list that the bank pays from.
type BankFile struct {
	Text     []byte
	SHA256   [32]byte
	Payments int
	Fen      domain.Fen
	Sent     bool // it was sent before: the same bytes again
}

// Template says how the bank wants its files.
func (d *BankDesk) Template() *bank.Template { return d.t }

// Size is what the file of the batch would have; nothing is opened.
func (d *BankDesk) Size() (payments int, fen domain.Fen) {
	return len(d.b.batch.Rows), d.b.batch.Total()
}

// MayExport refuses whoever may not have the file, and a batch of which something was
// paid or rejected.
func (d *BankDesk) MayExport() error {
	if !d.b.batch.Untouched() {
		return Input(d.b.no(), "批次已有发放结果", "something of the batch was paid or rejected already")
	}
	return d.a.Holds(d.b.unit, domain.Cashier)
}

// File opens names and accounts and makes the file: the same bytes each time.
func (d *BankDesk) File(ctx context.Context) (*BankFile, error) {
	if err := d.MayExport(); err != nil {
		return nil, err
	}
	list, err := d.transfers(ctx)
	if err != nil {
		return nil, err
	}
	text, err := d.t.Write(list)
	if err != nil {
		return nil, InputErr(d.t.Name, err)
	}
	f := &BankFile{Text: text, SHA256: sha256.Sum256(text), Payments: len(list), Fen: d.b.batch.Total(), Sent: d.b.batch.WasSent()}
	if f.Sent && !bytes.Equal(d.b.sent, f.SHA256[:]) {
		return nil, Input(d.b.no(), "该批次已送银行，当时的文件不同（另一模板，或户名其后有改动）", "the batch was sent with another file (another template, or a name was corrected since)")
	}
	return f, nil
}

// Export makes the file, records that it was sent, and writes it to out. sent is nil
// where it had been sent before. A dry session says what would be sent: nothing is
// opened or written.
func (d *BankDesk) Export(ctx context.Context, out string, on domain.Day, force bool) (f *BankFile, sent *Result, err error) {
	if err := d.MayExport(); err != nil {
		return nil, nil, err
	}
	if d.s.Dry || !d.b.batch.WasSent() {
		// What the rules refuse is refused before anything is opened.
		try := *d.s
		try.Dry = true
		if sent, err = try.Give(ctx, on, "", &domain.SendBatchToBank{Allocation: d.b.allocation, Batch: d.b.batch.No, Bank: d.t.Name}); err != nil && !d.b.batch.WasSent() {
			return nil, nil, err
		}
	}
	if d.s.Dry {
		payments, fen := d.Size()
		return &BankFile{Payments: payments, Fen: fen, Sent: d.b.batch.WasSent()}, sent, nil
	}
	place, err := d.s.Reserve(out, force)
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, place.Discard()) }()
	if f, err = d.File(ctx); err != nil {
		return nil, nil, err
	}
	if err := place.Write(f.Text); err != nil {
		return nil, nil, err
	}
	if f.Sent {
		return f, nil, place.Commit()
	}
	// The file gets its name once the ledger says that it was sent: one that lies about
	// and may be paid from is always known. Cut off in between, the same command writes
	// the same file again.
	c := &domain.SendBatchToBank{Allocation: d.b.allocation, Batch: d.b.batch.No, Bank: d.t.Name, File: f.SHA256[:]}
	sent, err = d.s.Give(ctx, on, fmt.Sprintf("sent %s %x", d.b.batch.Prepared, f.SHA256), c)
	if err != nil {
		return nil, nil, err
	}
	return f, sent, place.Commit()
}

// transfers opens names and accounts of the rows: both of one party, the one whose
// account the batch fixed.
func (d *BankDesk) transfers(ctx context.Context) ([]bank.Transfer, error) {
	references, err := d.s.ledger.BankReferences(ctx, d.b.allocation, &d.b.batch)
	if err != nil {
		return nil, err
	}
	streams := make([]string, len(d.b.accounts))
	names := make([]value, len(d.b.accounts))
	d.s.State(func(s *domain.Ledger) {
		for i, account := range d.b.accounts {
			if p := s.HolderOf(account); p != nil {
				streams[i] = domain.Stream(domain.PartyKind, p.ID)
				names[i], _ = partyValue(s, p, "name", domain.Look{Purpose: domain.ForBank, Unit: d.b.unit})
			}
		}
	})
	var values []value
	for i, account := range d.b.accounts {
		v, err := d.s.accountValue(ctx, streams[i], account.In)
		if err != nil {
			return nil, fmt.Errorf("row %d: %w", i+1, err)
		}
		v.look = domain.Look{Purpose: domain.ForBank, Unit: d.b.unit, Event: "PartyRegistered", Field: "account"}
		values = append(values, names[i], v)
	}
	shown, err := d.a.open(ctx, nil, values...)
	if err != nil {
		return nil, err
	}
	var list []bank.Transfer
	for i, r := range d.b.batch.Rows {
		list = append(list, bank.Transfer{Reference: references[i], Fen: r.Fen, Name: shown[2*i].text, Account: shown[2*i+1].text})
	}
	return list, nil
}

// accountValue is the account that an event of a party holds.
func (o *Office) accountValue(ctx context.Context, stream string, in domain.ID) (value, error) {
	for raw, err := range o.store.ReadStream(ctx, stream, 0, eventstore.Forwards) {
		if err != nil {
			return value{}, err
		}
		if raw.ID != in {
			continue
		}
		r, err := codec.Decode(raw, 0)
		if err != nil || r.Meta.Command == nil {
			return value{}, errors.Join(err, errors.New("its account cannot be read"))
		}
		details, _ := domain.DetailsIn(r.Event)
		return value{box: details.Account, stream: r.Stream, command: r.Meta.Command.ID, path: "account"}, nil
	}
	return value{}, errors.New("nobody has its account")
}

// answers finds each row that an answer names. What does not match the batch is
// named, and then nothing of it is used. Accounts are compared by their ids: none is
// opened.
func (d *BankDesk) answers(ctx context.Context, file string, text []byte) (byRow map[int]bank.Answer, err error) {
	list, err := d.t.ReadResult(text)
	if err != nil {
		return nil, InputErr(file, err)
	}
	references, err := d.s.ledger.BankReferences(ctx, d.b.allocation, &d.b.batch)
	if err != nil {
		return nil, err
	}
	at := map[string]int{}
	for i, r := range references {
		at[r] = i
	}
	byRow = map[int]bank.Answer{}
	bad := &bank.Problems{}
	for _, a := range list {
		i, known := at[a.Reference]
		account, _, err := d.s.vault.AccountOf(ctx, a.Account)
		if err != nil {
			return nil, err
		}
		switch {
		case !known:
			bad.Add(a.Row, "reference", "参考号不在本批次", "the batch has no such reference")
			continue
		case byRow[i+1].Row != 0:
			bad.Add(a.Row, "reference", fmt.Sprintf("参考号与第 %d 行重复", byRow[i+1].Row), fmt.Sprintf("the reference stands in row %d already", byRow[i+1].Row))
			continue
		case account != d.b.accounts[i].ID:
			bad.Add(a.Row, "account", fmt.Sprintf("账号不是批次第 %d 行的账号", i+1), fmt.Sprintf("the account is not that of row %d of the batch", i+1))
		case a.Fen != d.b.batch.Rows[i].Fen:
			bad.Add(a.Row, "amount", fmt.Sprintf("金额 %s，批次第 %d 行为 %s", a.Fen, i+1, d.b.batch.Rows[i].Fen), fmt.Sprintf("%s yuan, row %d of the batch has %s", a.Fen, i+1, d.b.batch.Rows[i].Fen))
		}
		byRow[i+1] = a
	}
	if err := bad.Err(); err != nil {
		return nil, InputErr(file, err)
	}
	return byRow, nil
}

// BankAnswer is an answer of the bank, of which all matches the batch.
type BankAnswer struct {
	Paid     int
	Fen      domain.Fen
	Rejected []RejectedRow
	Taken    bool // this very answer was taken before

	command *domain.TakeBankResult
	name    string
}

// RejectedRow is a row that the bank did not pay.
type RejectedRow struct {
	Row   int
	Code  string
	Why   bank.Code
	Party domain.ID // the payee
	// PartyNumber is the number of the payee's first event, by which people name it.
	PartyNumber uint64
}

// Answer reads the bank's answer, named file in errors. Nothing is recorded.
func (d *BankDesk) Answer(ctx context.Context, file string, text []byte) (*BankAnswer, error) {
	if err := d.a.Holds(d.b.unit, domain.Cashier); err != nil {
		return nil, err
	}
	byRow, err := d.answers(ctx, file, text)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(text)
	if d.b.batch.Result != (uuid.UUID{}) {
		if bytes.Equal(d.b.taken, sum[:]) {
			return &BankAnswer{Taken: true}, nil
		}
		return nil, Input(file, "该批次已有另一份回盘；事后退票用 %s", "the batch has another answer already; for what came back later see %s", words.LateReturns)
	}
	out := &BankAnswer{command: &domain.TakeBankResult{Allocation: d.b.allocation, Batch: d.b.batch.No, File: sum[:]}, name: fmt.Sprintf("answer %s %x", d.b.batch.Prepared, sum)}
	bad := &bank.Problems{}
	for i, r := range d.b.batch.Rows {
		a, answered := byRow[i+1]
		switch {
		case r.State != domain.Waiting:
		case answered && !a.Paid:
			out.command.Rejected = append(out.command.Rejected, domain.NotPaid{Row: i + 1, Code: a.Code})
			out.Rejected = append(out.Rejected, RejectedRow{Row: i + 1, Code: a.Code, Why: d.t.Codes[a.Code], Party: d.b.rows[i].payee})
		case answered || d.t.Result.RejectsOnly:
			out.Paid++
			out.Fen += r.Fen
		default:
			bad.Add(0, "", fmt.Sprintf("回盘缺批次第 %d 行", i+1), fmt.Sprintf("row %d of the batch is not in the answer", i+1))
		}
	}
	if err := bad.Err(); err != nil {
		return nil, InputErr(file, err)
	}
	d.s.State(func(s *domain.Ledger) {
		for i := range out.Rejected {
			out.Rejected[i].PartyNumber, _ = s.Began(domain.Stream(domain.PartyKind, out.Rejected[i].Party))
		}
	})
	out.command.Count, out.command.Amount = out.Paid, domain.Yuan(out.Fen)
	return out, nil
}

// Take records the bank's answer.
func (d *BankDesk) Take(ctx context.Context, on domain.Day, a *BankAnswer) (*Result, error) {
	if a.Taken {
		return &Result{Name: domain.CommandName(&domain.TakeBankResult{}), Stream: d.b.stream, Repeated: true}, nil
	}
	return d.s.Give(ctx, on, a.name, a.command)
}

// LateReturns is what came back after the bank's answer.
type LateReturns struct {
	Before int // rows that were recorded before
	list   []lateReturn
}

type lateReturn struct {
	name    string
	command *domain.ReturnDisbursement
}

// Returns reads a list of late returns, named file in errors. Nothing is recorded.
func (d *BankDesk) Returns(ctx context.Context, file string, text []byte) (*LateReturns, error) {
	if err := d.a.Holds(d.b.unit, domain.Accountant); err != nil {
		return nil, err
	}
	byRow, err := d.answers(ctx, file, text)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(text)
	if bytes.Equal(d.b.taken, sum[:]) {
		return nil, Input(file, "这是该批次的回盘，不是事后退票", "that is the batch's answer, and no list of late returns")
	}
	out, bad := &LateReturns{}, &bank.Problems{}
	for _, row := range slices.Sorted(maps.Keys(byRow)) {
		a, p := byRow[row], d.b.rows[row-1].payment
		if a.Paid {
			continue
		}
		name := fmt.Sprintf("late return %s %x %d", d.b.batch.Prepared, sum, row)
		switch {
		case p == nil || p.reversed:
			bad.Add(a.Row, "reference", fmt.Sprintf("批次第 %d 行没有已付的款", row), fmt.Sprintf("row %d of the batch was not paid", row))
		case d.s.Recorded(CommandNamed(d.s.ID(), name)):
			out.Before++
		case p.net != p.fen:
			bad.Add(a.Row, "reference", fmt.Sprintf("批次第 %d 行已退回过", row), fmt.Sprintf("row %d of the batch came back already", row))
		case !p.named:
			return nil, fmt.Errorf("row %d: its payment cannot be named", row)
		default:
			reason := a.Code + " " + SayCode(d.t.Codes[a.Code], domain.Zh)
			out.list = append(out.list, lateReturn{name, &domain.ReturnDisbursement{Allocation: d.b.allocation, Payment: p.ref, Amount: domain.Yuan(a.Fen), Kind: "payee", Reason: domain.Plainly(reason)}})
		}
	}
	if err := bad.Err(); err != nil {
		return nil, InputErr(file, err)
	}
	if len(out.list)+out.Before == 0 {
		return nil, Input(file, "其中没有退票", "there is no return in it")
	}
	return out, nil
}

// TakeReturns records each late return, and calls each with its result.
func (d *BankDesk) TakeReturns(ctx context.Context, on domain.Day, r *LateReturns, each func(*Result)) error {
	for _, x := range r.list {
		done, err := d.s.Give(ctx, on, x.name, x.command)
		if err != nil {
			return err
		}
		each(done)
	}
	return nil
}

// SayCode says what a bank's code means, and what is to be done.
func SayCode(c bank.Code, l domain.Lang) string {
	said := choose(l, c.Zh, c.En)
	if c.Mend {
		said += choose(l, "（须改正账号）", " (the account must be mended)")
	}
	return said
}
