package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"reliefledger.org/ledger/cmd/internal/bank"
	"reliefledger.org/ledger/cmd/internal/sheets"
	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/eventstore"
	"reliefledger.org/ledger/eventstore/codec"
)

// whichBank says by which template a file is written or read.
type whichBank struct{ name, file string }

func (w *whichBank) flags(c *cobra.Command) {
	c.Flags().StringVar(&w.name, "bank", "generic", "template of the bank 银行模板: "+strings.Join(bank.Templates(), ", "))
	c.Flags().StringVar(&w.file, "template", "", "file of a template of your own 自备模板文件")
}

func (w *whichBank) template() (*bank.Template, error) {
	if w.file == "" {
		t, err := bank.Named(w.name)
		if err != nil {
			return nil, &inputError{what: "--bank", err: err}
		}
		return t, nil
	}
	text, err := readUpTo(w.file, 1<<20)
	if err == nil {
		var t *bank.Template
		if t, err = bank.Parse(text); err == nil {
			return t, nil
		}
	}
	return nil, &inputError{what: w.file, err: err}
}

// bankCommands are `batch export`, `import-result`, `import-returns`, `again`.
func (p *program) bankCommands() []*cobra.Command {
	var exportOf, exportBank = &whichBatch{}, &whichBank{}
	var out, date string
	var force, dry bool
	export := &cobra.Command{
		Use:   "export [BATCH]",
		Short: p.say("导出代发盘，并登记已送银行", "write the list that the bank pays from, and record that it was sent"),
		Long: p.say(`BATCH 为批次某一事件的序号（或 --allocation 与 --batch）。批次须已复核。须出示出纳密钥；账号在此打开，记入保险库日志。
每行有一个银行回盘时带回的参考号。先写文件，再登记 send-batch-to-bank（记文件的 SHA-256）；已登记的批次可再次导出，
须与当时的文件相同。`,
			`BATCH is the number of one of its events (or --allocation and --batch). It must be approved. A cashier's key is needed:
accounts are opened here, and that stands in the vault's journal. Each row has a reference that the bank returns. The
file comes first, then send-batch-to-bank with its SHA-256 is recorded; a batch that was sent can be written again, and
must come to the same file.`),
		Example: "  reliefledger batch export 628 --bank gbk --out 代发.csv --key cashier.key",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.atBank(cmd, exportOf, exportBank, args, func(d *bankDesk) error { return d.export(cmd.Context(), out, date, force, dry) })
		},
	}
	exportOf.flags(export)
	exportBank.flags(export)
	export.Flags().StringVar(&out, "out", "", "the file to write 输出文件")
	export.Flags().StringVar(&date, "date", "", "business date; default: today 记账日期")
	export.Flags().BoolVar(&force, "force", false, "overwrite it 覆盖")
	export.Flags().BoolVar(&dry, "dry-run", false, "say count and sum, open and write nothing 试运行")

	reads := func(use, short, long string, do func(d *bankDesk, ctx context.Context, file, date string, dry bool) error) *cobra.Command {
		of, at := &whichBatch{}, &whichBank{}
		var date string
		var dry bool
		c := &cobra.Command{Use: use, Short: short, Long: long, Args: cobra.RangeArgs(1, 2), RunE: func(cmd *cobra.Command, args []string) error {
			return p.atBank(cmd, of, at, args[:len(args)-1], func(d *bankDesk) error { return do(d, cmd.Context(), args[len(args)-1], date, dry) })
		}}
		of.flags(c)
		at.flags(c)
		c.Flags().StringVar(&date, "date", "", "business date; default: today 记账日期")
		c.Flags().BoolVar(&dry, "dry-run", false, "check it, record nothing 试运行")
		return c
	}
	result := reads("import-result [BATCH] FILE", p.say("导入银行回盘：全部相符才登记", "take the bank's answer: recorded only if all of it matches"),
		p.say(`参考号、账号、金额、笔数、合计都须与批次相符，否则逐行列出，什么也不登记。退票代码须在模板中有说明：既不是已付又不认识的
结果不猜测。同一文件重复导入只有一次效力。`,
			`References, accounts, amounts, count and total must match the batch; else each row that does not is named and nothing is
recorded. A code for a reject must be one of the template's: what is neither paid nor known is not guessed. The same
file again has no second effect.`), (*bankDesk).result)
	returns := reads("import-returns [BATCH] FILE", p.say("导入事后退票：已付的款退回", "take late returns: what had been paid comes back"),
		p.say(`回盘之后才退回的款，每笔登记一次 return-disbursement（会计）。同一文件重复导入只有一次效力；已退回的行会说明。`,
			`For money that came back after the answer: one return-disbursement each (an accountant's). The same file again has no
second effect; rows that came back already are said to.`), (*bankDesk).returns)
	againOf := &whichBatch{}
	var againDate, as string
	var all, againDry bool
	again := &cobra.Command{
		Use:   "again [BATCH]",
		Short: p.say("更正发放：退票的行，账号改正后另制一批", "pay again: rows that came back, once their accounts are mended, in a batch of their own"),
		Long: p.say(`取该批次中退票、退回而未重发的行，其收款人账号已改正的（correct-party），另制一个批次，每行注明其退回记录。账号未改的列出
并略过；--all 一并重发（如睡眠户已激活）。`,
			`Takes the rows of the batch that were rejected or came back, were not paid again, and whose payee has another account
since (correct-party), and prepares a batch of them; each names what came back. Rows whose account was not mended are
listed and left out; --all takes them too (a dormant account that was woken).`),
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.atBank(cmd, againOf, &whichBank{name: "generic"}, args, func(d *bankDesk) error { return d.again(cmd.Context(), againDate, as, all, againDry) })
		},
	}
	againOf.flags(again)
	again.Flags().StringVar(&againDate, "date", "", "business date; default: today 记账日期")
	again.Flags().StringVar(&as, "as", "", "name of the command, for sending it again 命令名")
	again.Flags().BoolVar(&all, "all", false, "also rows whose account is the same 账号未改的也重发")
	again.Flags().BoolVar(&againDry, "dry-run", false, "say what would be prepared, write nothing 试运行")
	return []*cobra.Command{export, result, returns, again}
}

// bankDesk is where a batch's files are made and read.
type bankDesk struct {
	*desk
	a        *asker
	template *bank.Template
	alloc    *domain.Allocation
	batch    *domain.Batch
	accounts []domain.Account // by row, as the batch fixed them
	sent     []byte           // SHA-256 of the file that was sent
	taken    []byte           // and of the answer that was taken
}

// atBank finds the batch and who asks.
func (p *program) atBank(cmd *cobra.Command, of *whichBatch, at *whichBank, args []string, do func(*bankDesk) error) error {
	t, err := at.template()
	if err != nil {
		return err
	}
	return p.withAsker(cmd.Context(), "batch "+cmd.Name(), func(a *asker) error {
		d := &bankDesk{desk: &desk{program: p, ctx: cmd.Context()}, a: a, template: t}
		if d.books, err = p.books(d.ctx); err != nil {
			return err
		}
		if d.alloc, d.batch, err = d.desk.batch(args, of); err != nil {
			return err
		}
		if err := d.read(cmd.Context()); err != nil {
			return err
		}
		return do(d)
	})
}

// read reads what the state does not keep: the accounts that the batch fixed,
// and the hashes of files.
func (d *bankDesk) read(ctx context.Context) error {
	want := map[uuid.UUID]bool{d.batch.Prepared: true, d.batch.Sent: true, d.batch.Result: true}
	for raw, err := range d.a.l.store.ReadStream(ctx, d.alloc.Stream, 0, eventstore.Forwards) {
		if err != nil {
			return err
		}
		if !want[raw.ID] {
			continue
		}
		r, err := codec.Decode(raw, 0)
		if err != nil {
			return err
		}
		switch e := r.Event.(type) {
		case *domain.BatchPrepared:
			d.accounts = e.Private.Accounts
		case *domain.BatchSentToBank:
			d.sent = e.File
		case *domain.BankResultTaken:
			d.taken = e.File
		}
	}
	return nil
}

// mustBe refuses a batch that is not the bank's.
func (d *bankDesk) mustBe() error {
	switch {
	case d.batch.Form != domain.Bank || len(d.accounts) != len(d.batch.Rows):
		return &inputError{what: fmt.Sprint(d.batch.No), why: d.say("不是银行发放的批次", "the batch is not for a bank")}
	case d.batch.Rejected != uuid.UUID{}:
		return d.rejected(d.batch)
	case d.batch.Approved == uuid.UUID{}:
		return &inputError{what: fmt.Sprint(d.batch.No), why: d.say("批次未复核", "the batch is not approved")}
	}
	return nil
}

// payees are the parties that the rows pay; who was merged is the one that goes on.
func (d *bankDesk) payees() []*domain.Party {
	list := make([]*domain.Party, len(d.batch.Rows))
	for i, line := range admittedOf(d.alloc, d.batch) {
		list[i] = d.books.State.Parties[d.books.State.Same(line.Payee())]
	}
	return list
}

// holder is whose account a row has: the party in whose event it stands.
func (d *bankDesk) holder(row int) *domain.Party {
	_, id, _ := domain.SplitStream(d.streamOf(d.accounts[row].In))
	return d.books.State.Parties[id]
}

// open opens names and accounts of the rows. Who opens them stands in the journal
// first.
func (d *bankDesk) open(ctx context.Context) (list []bank.Transfer, err error) {
	references, err := d.a.l.BankReferences(ctx, d.alloc.ID, d.batch)
	if err != nil {
		return nil, err
	}
	// Name and account are of one party: the one that the batch fixed.
	what := openedFor{}
	for i := range d.batch.Rows {
		p := d.holder(i)
		if p == nil {
			return nil, fmt.Errorf("row %d: nobody has its account", i+1)
		}
		what.add(p.ID, "name", "account")
	}
	if err := d.a.note(ctx, d.alloc.Unit, what); err != nil {
		return nil, err
	}
	for i := range d.batch.Rows {
		x := bank.Transfer{Reference: references[i], Fen: d.batch.Rows[i].Fen}
		if x.Account, err = d.account(ctx, d.accounts[i].In); err != nil {
			return nil, fmt.Errorf("row %d: %w", i+1, err)
		}
		if x.Name, err = openName(ctx, d.a.l, d.books, d.holder(i)); err != nil {
			return nil, fmt.Errorf("row %d: %w", i+1, err)
		}
		list = append(list, x)
	}
	return list, nil
}

func (d *bankDesk) streamOf(event domain.ID) string {
	n, ok := d.books.State.Number(event)
	if !ok {
		return ""
	}
	return d.books.State.StreamAt(n)
}

// account opens the account that an event holds.
func (d *bankDesk) account(ctx context.Context, in domain.ID) (string, error) {
	for raw, err := range d.a.l.store.ReadStream(ctx, d.streamOf(in), 0, eventstore.Forwards) {
		if err != nil {
			return "", err
		}
		if raw.ID != in {
			continue
		}
		r, err := codec.Decode(raw, 0)
		if err != nil {
			return "", err
		}
		return d.a.l.Unseal(ctx, detailsIn(r.Event).Account, r.Stream, r.Meta.Command.ID, "account")
	}
	return "", fmt.Errorf("no event holds the account")
}

func (d *bankDesk) export(ctx context.Context, out, date string, force, dry bool) error {
	if err := d.mustBe(); err != nil {
		return err
	}
	if d.batch.Result != (uuid.UUID{}) || slices.ContainsFunc(d.batch.Rows, func(r domain.Row) bool { return r.State != domain.Waiting }) {
		return &inputError{what: fmt.Sprint(d.batch.No), why: d.say("批次已有发放结果", "something of the batch was paid or rejected already")}
	}
	if err := d.a.holds(d.alloc.Unit, domain.Cashier); err != nil {
		return err
	}
	if dry {
		d.people("将导出 %d 笔，%s 元（模板 %s：%s）\n", "would write %d payments, %s yuan (template %s: %s)\n", len(d.batch.Rows), d.batch.Total(), d.template.Name, d.template.Title)
		return nil
	}
	if out == "" {
		return &inputError{what: "--out", why: d.say("须给出输出文件", "say which file to write")}
	}
	if err := d.vacant(out, force); err != nil {
		return err
	}
	if d.batch.Sent == (uuid.UUID{}) {
		// What the rules refuse is refused before anything is opened.
		if err := d.would(ctx, date, &domain.SendBatchToBank{Allocation: d.alloc.ID, Batch: d.batch.No, Bank: d.template.Name}); err != nil {
			return err
		}
	}
	list, err := d.open(ctx)
	if err != nil {
		return err
	}
	text, err := d.template.Write(list)
	if err != nil {
		return &inputError{what: d.template.Name, err: err}
	}
	sum := sha256.Sum256(text)
	if d.batch.Sent != (uuid.UUID{}) && !bytes.Equal(d.sent, sum[:]) {
		return &inputError{what: fmt.Sprint(d.batch.No), why: d.say("该批次已送银行，当时的文件不同（另一模板，或户名其后有改动）", "the batch was sent with another file (another template, or a name was corrected since)")}
	}
	if d.batch.Sent == (uuid.UUID{}) {
		// The file gets its name once the ledger says that it was sent: one that lies
		// about and may be paid from is always known. Cut off in between, the same
		// command writes the same file again.
		part := out + ".part"
		if err := d.writeOut(part, text, true); err != nil {
			return err
		}
		c := &domain.SendBatchToBank{Allocation: d.alloc.ID, Batch: d.batch.No, Bank: d.template.Name, File: sum[:]}
		if err := d.give(ctx, d.a, date, fmt.Sprintf("sent %s %x", d.batch.Prepared, sum), c, false); err != nil {
			return errors.Join(err, os.Remove(part))
		}
		if err := os.Rename(part, out); err != nil {
			return err
		}
		if err := syncPath(filepath.Dir(out)); err != nil {
			return err
		}
	} else if err := d.writeOut(out, text, force); err != nil {
		return err
	}
	d.people("已写入 %s：%d 笔，%s 元，SHA-256 %x\n", "wrote %s: %d payments, %s yuan, SHA-256 %x\n", out, len(list), d.batch.Total(), sum)
	if d.json {
		if err := writeJSONLine(map[string]any{"file": out, "payments": len(list), "fen": d.batch.Total(), "sha256": fmt.Sprintf("%x", sum)}); err != nil {
			return err
		}
	}
	return nil
}

// would says whether a command would be refused.
func (d *bankDesk) would(ctx context.Context, date string, body domain.Command) error {
	on, err := orToday(date)
	if err != nil {
		return err
	}
	signers, err := d.signers(d.a.l.Ledger)
	if err != nil {
		return err
	}
	_, err = d.a.l.TryAt(ctx, &domain.Order{ID: uuid.New(), Actor: d.a.officer, Date: on, Body: body}, time.Time{}, signers...)
	return err
}

// answers reads an answer and finds each row that it names. What does not match
// the batch is named, and then nothing of it is used. Accounts are compared by
// their ids: none is opened.
func (d *bankDesk) answers(ctx context.Context, file string) (byRow map[int]bank.Answer, sum [32]byte, err error) {
	text, err := readUpTo(file, sheets.MaxFile+1)
	if err != nil {
		return nil, sum, &inputError{what: file, err: err}
	}
	sum = sha256.Sum256(text)
	list, err := d.template.ReadResult(text)
	if err != nil {
		return nil, sum, &inputError{what: file, err: err}
	}
	references, err := d.a.l.BankReferences(ctx, d.alloc.ID, d.batch)
	if err != nil {
		return nil, sum, err
	}
	at := map[string]int{}
	for i, r := range references {
		at[r] = i
	}
	byRow = map[int]bank.Answer{}
	bad := &bank.Problems{}
	for _, a := range list {
		i, known := at[a.Reference]
		account, _, err := d.a.l.vault.AccountOf(ctx, a.Account)
		if err != nil {
			return nil, sum, err
		}
		switch {
		case !known:
			bad.Add(a.Row, "reference", "参考号不在本批次", "the batch has no such reference")
			continue
		case byRow[i+1].Row != 0:
			bad.Add(a.Row, "reference", fmt.Sprintf("参考号与第 %d 行重复", byRow[i+1].Row), fmt.Sprintf("the reference stands in row %d already", byRow[i+1].Row))
			continue
		case account != d.accounts[i].ID:
			bad.Add(a.Row, "account", fmt.Sprintf("账号不是批次第 %d 行的账号", i+1), fmt.Sprintf("the account is not that of row %d of the batch", i+1))
		case a.Fen != d.batch.Rows[i].Fen:
			bad.Add(a.Row, "amount", fmt.Sprintf("金额 %s，批次第 %d 行为 %s", a.Fen, i+1, d.batch.Rows[i].Fen), fmt.Sprintf("%s yuan, row %d of the batch has %s", a.Fen, i+1, d.batch.Rows[i].Fen))
		}
		byRow[i+1] = a
	}
	if err := bad.Err(); err != nil {
		return nil, sum, &inputError{what: file, err: err}
	}
	return byRow, sum, nil
}

func (d *bankDesk) result(ctx context.Context, file, date string, dry bool) error {
	if err := d.mustBe(); err != nil {
		return err
	}
	if err := d.a.holds(d.alloc.Unit, domain.Cashier); err != nil {
		return err
	}
	byRow, sum, err := d.answers(ctx, file)
	if err != nil {
		return err
	}
	if d.batch.Result != (uuid.UUID{}) {
		if bytes.Equal(d.taken, sum[:]) {
			d.people("该回盘已登记过，未重复写入\n", "that answer was taken before, nothing was written again\n")
			return nil
		}
		return &inputError{what: file, why: d.say("该批次已有另一份回盘；事后退票用 import-returns", "the batch has another answer already; for what came back later see import-returns")}
	}
	c := &domain.TakeBankResult{Allocation: d.alloc.ID, Batch: d.batch.No, File: sum[:]}
	bad := &bank.Problems{}
	var total domain.Fen
	for i, r := range d.batch.Rows {
		a, answered := byRow[i+1]
		switch {
		case r.State != domain.Waiting:
		case answered && !a.Paid:
			c.Rejected = append(c.Rejected, domain.NotPaid{Row: i + 1, Code: a.Code})
		case answered || d.template.Result.RejectsOnly:
			c.Count++
			total += r.Fen
		default:
			bad.Add(0, "", fmt.Sprintf("回盘缺批次第 %d 行", i+1), fmt.Sprintf("row %d of the batch is not in the answer", i+1))
		}
	}
	if err := bad.Err(); err != nil {
		return &inputError{what: file, err: err}
	}
	c.Amount = domain.Yuan(total)
	d.people("回盘：已付 %d 笔 %s 元，退票 %d 笔\n", "the answer: %d paid with %s yuan, %d rejected\n", c.Count, total, len(c.Rejected))
	counts := map[string]int{}
	for _, x := range c.Rejected {
		counts[x.Code]++
	}
	for _, code := range sortedKeys(counts) {
		d.people("  %s × %d：%s\n", "  %s × %d: %s\n", code, counts[code], d.sayCode(code))
	}
	payees := d.payees()
	for _, x := range c.Rejected {
		party := payees[x.Row-1]
		if d.json {
			if err := writeJSONLine(map[string]any{"row": x.Row, "code": x.Code, "party": party.ID}); err != nil {
				return err
			}
		}
		d.people("  第 %d 行　%s　对象%s\n", "  row %d: %s, party%s\n", x.Row, x.Code, d.partyNumber(party))
	}
	return d.give(ctx, d.a, date, fmt.Sprintf("answer %s %x", d.batch.Prepared, sum), c, dry)
}

// partyNumber cites a party by its first event, as show party takes it.
func (d *bankDesk) partyNumber(p *domain.Party) string {
	if p == nil {
		return ""
	}
	n, ok := d.books.Began(domain.Stream(domain.PartyKind, p.ID))
	if !ok {
		return ""
	}
	return cite(n)
}

func (d *bankDesk) sayCode(code string) string {
	c := d.template.Codes[code]
	said := d.say(c.Zh, c.En)
	if c.Mend {
		said += d.say("（须改正账号）", " (the account must be mended)")
	}
	return said
}

// paymentOfRow is what a row of the batch paid, nil for nothing.
func (d *bankDesk) paymentOfRow(row int) *domain.Payment {
	if r := d.batch.Rows[row-1]; r.Payment > 0 {
		return d.alloc.Payments[r.Payment-1]
	}
	return nil
}

func (d *bankDesk) returns(ctx context.Context, file, date string, dry bool) error {
	if err := d.mustBe(); err != nil {
		return err
	}
	if err := d.a.holds(d.alloc.Unit, domain.Accountant); err != nil {
		return err
	}
	byRow, sum, err := d.answers(ctx, file)
	if err != nil {
		return err
	}
	if bytes.Equal(d.taken, sum[:]) {
		return &inputError{what: file, why: d.say("这是该批次的回盘，不是事后退票", "that is the batch's answer, and no list of late returns")}
	}
	type back struct {
		row int
		a   bank.Answer
		ref domain.Ref
	}
	var list []back
	bad := &bank.Problems{}
	before := 0
	for _, row := range sortedRows(byRow) {
		a, p := byRow[row], d.paymentOfRow(row)
		if a.Paid {
			continue
		}
		name := fmt.Sprintf("late return %s %x %d", d.batch.Prepared, sum, row)
		switch {
		case p == nil || p.Reversed() != uuid.UUID{}:
			bad.Add(a.Row, "reference", fmt.Sprintf("批次第 %d 行没有已付的款", row), fmt.Sprintf("row %d of the batch was not paid", row))
		case d.books.State.Effect(commandNamed(d.books.State.ID, name)) != nil:
			before++
		case p.Net() != p.Fen:
			bad.Add(a.Row, "reference", fmt.Sprintf("批次第 %d 行已退回过", row), fmt.Sprintf("row %d of the batch came back already", row))
		default:
			id, _ := d.books.State.EventAt(p.Number)
			ref, ok := d.books.State.RefTo(id)
			if !ok {
				return fmt.Errorf("row %d: its payment cannot be named", row)
			}
			list = append(list, back{row, a, ref})
		}
	}
	if err := bad.Err(); err != nil {
		return &inputError{what: file, err: err}
	}
	if len(list)+before == 0 {
		return &inputError{what: file, why: d.say("其中没有退票", "there is no return in it")}
	}
	if before > 0 {
		d.people("%d 笔已登记过，未重复写入\n", "%d were recorded before, nothing was written again\n", before)
	}
	for _, x := range list {
		c := &domain.ReturnDisbursement{Allocation: d.alloc.ID, Payment: x.ref, Amount: domain.Yuan(x.a.Fen), Kind: "payee", Reason: domain.Plainly(x.a.Code + " " + d.sayCode(x.a.Code))}
		if err := d.give(ctx, d.a, date, fmt.Sprintf("late return %s %x %d", d.batch.Prepared, sum, x.row), c, dry); err != nil {
			return err
		}
	}
	return nil
}

// itsOwn says whether what came back is the reject of a row of this batch, or a
// return of what it paid. A reversal says nothing of the money being back.
func (d *bankDesk) itsOwn(row int, back domain.ID) bool {
	if p := d.paymentOfRow(row + 1); p != nil {
		return slices.ContainsFunc(p.Back(), func(b domain.Back) bool { return b.Event == back })
	}
	ref, ok := d.books.State.RefTo(back)
	return ok && ref.Row == row+1 && ref.Command == d.books.State.CommandOf(d.batch.Result)
}

func sortedRows(m map[int]bank.Answer) []int {
	rows := make([]int, 0, len(m))
	for row := range m {
		rows = append(rows, row)
	}
	slices.Sort(rows)
	return rows
}

func (d *bankDesk) again(ctx context.Context, date, as string, all, dry bool) error {
	if d.batch.Form == domain.Bank {
		if err := d.mustBe(); err != nil {
			return err
		}
	}
	c := &domain.PrepareBatch{Allocation: d.alloc.ID, Form: d.batch.Form}
	payees := d.payees()
	for i, r := range d.batch.Rows {
		due := &d.alloc.Lines[r.Line-1].Due[r.Entitlement-1]
		back := due.Back()
		if len(back) == 0 {
			continue
		}
		if len(back) > 1 {
			fmt.Fprintf(os.Stderr, d.say("略过：第 %d 行退回过 %d 次，请用 prepare-batch 逐次注明\n", "left out: row %d came back %d times, name each with prepare-batch\n"), i+1, len(back))
			continue
		}
		if !d.itsOwn(i, back[0]) {
			fmt.Fprintf(os.Stderr, d.say("略过：第 %d 行的退回不是本批次的退票或退回（其后的批次，或冲销）：在那个批次用 batch again，或用 prepare-batch 注明\n", "left out: what came back of row %d is no reject or return of this batch, but of a later one, or a reversal: see batch again there, or name it with prepare-batch\n"), i+1)
			continue
		}
		if d.batch.Form == domain.Bank && !all && payees[i] != nil && payees[i].Account == d.accounts[i].ID {
			fmt.Fprintf(os.Stderr, d.say("略过：第 %d 行的账号未改正\n", "left out: the account of row %d was not mended\n"), i+1)
			continue
		}
		ref, ok := d.books.State.RefTo(back[0])
		if !ok {
			return fmt.Errorf("row %d: what came back cannot be named", i+1)
		}
		c.Rows = append(c.Rows, domain.RowToPay{Line: int(r.Line), Entitlement: int(r.Entitlement), Again: &ref})
	}
	if len(c.Rows) == 0 {
		return &inputError{what: fmt.Sprint(d.batch.No), why: d.say("没有可重发的行", "nothing is to be paid again")}
	}
	d.people("更正发放 %d 行\n", "to be paid again: %d rows\n", len(c.Rows))
	return d.give(ctx, d.a, date, as, c, dry)
}
