package main

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/spf13/cobra"

	"reliefledger.org/ledger/cmd/internal/bank"
	"reliefledger.org/ledger/cmd/internal/office"
	"reliefledger.org/ledger/domain"
)

// batchCommand groups what is done with whole batches.
func batchCommand(p *program) *cobra.Command {
	return group("batch", p.say("发放批次", "batches of payments"), prepareCommand(p), exportCommand(p),
		answerCommand(p, "import-result [BATCH] FILE", p.say("导入银行回盘：全部相符才登记", "take the bank's answer: recorded only if all of it matches"),
			p.say(`参考号、账号、金额、笔数、合计都须与批次相符，否则逐行列出，什么也不登记。退票代码须在模板中有说明：既不是已付又不认识的
结果不猜测。同一文件重复导入只有一次效力。`,
				`References, accounts, amounts, count and total must match the batch; else each row that does not is named and nothing is
recorded. A code for a reject must be one of the template's: what is neither paid nor known is not guessed. The same
file again has no second effect.`), takeResult),
		answerCommand(p, "import-returns [BATCH] FILE", p.say("导入事后退票：已付的款退回", "take late returns: what had been paid comes back"),
			p.say(`回盘之后才退回的款，每笔登记一次 return-disbursement（会计）。同一文件重复导入只有一次效力；已退回的行会说明。`,
				`For money that came back after the answer: one return-disbursement each (an accountant's). The same file again has no
second effect; rows that came back already are said to.`), takeReturns), againCommand(p))
}

// shownLeft is how many lines that are left out are shown one by one.
const shownLeft = 30

// prepareCommand is `batch prepare`: all that is still to be paid, so that nobody writes
// 2,731 rows by hand.
func prepareCommand(p *program) *cobra.Command {
	var form, as string
	var given givenFlags
	c := &cobra.Command{
		Use:   "prepare ALLOCATION",
		Short: p.say("制单：某分配中所有应发未发的行", "prepare all that is still to be paid from an allocation"),
		Long: p.say(`ALLOCATION 为分配的编号、其事件的序号，或 @名称/allocation。已停发、超名额、曾退回（须用 batch again）、银行发放而无账号的行
列出并略过。超过 4,000 行时分成几个批次。`,
			`ALLOCATION is the id of an allocation, the number of one of its events, or @NAME/allocation. Lines that are stopped,
over quota, came back (see batch again), or without an account where the bank pays are listed and left out. More than
4,000 rows make several batches.`),
		Example: "  reliefledger batch prepare 27 --form bank --date 2026-01-30 --key acct.key",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			on, err := office.OrToday(given.date)
			if err != nil {
				return err
			}
			return p.asking(cmd.Context(), "batch prepare", func(s *office.Session, _ *office.Asker) error {
				s.Dry = given.dry
				due, err := s.Due(args[0], domain.Form(form))
				if err != nil {
					return err
				}
				p.due(due)
				return s.Prepare(cmd.Context(), due, on, as, p.result)
			})
		},
	}
	f := c.Flags()
	f.StringVar(&form, "form", string(domain.Bank), "bank, cash, goods, voucher 发放形式")
	f.StringVar(&as, "as", "", "name of the command, for sending it again 命令名")
	given.add(c, "say what would be prepared, write nothing 试运行")
	return c
}

// due says what is to be prepared, and what is left out.
func (p *program) due(d *office.Due) {
	if !p.json {
		for i, x := range d.LeftOut {
			if i == shownLeft {
				p.note("  … %d\n", "  … %d\n", len(d.LeftOut)-i)
				break
			}
			p.note("略过：%s（%s 元）\n", "left out: %s (%s yuan)\n", x.Why.Sentence(p.lang()), x.Fen)
		}
	}
	switch {
	case len(d.Rows) == 0:
	case d.Form == domain.Goods:
		p.people("%d 行\n", "%d rows\n", len(d.Rows))
	default:
		p.people("%d 行，%s 元，批次自 %d 起\n", "%d rows, %s yuan, batches from %d on\n", len(d.Rows), d.Fen, d.Batches+1)
	}
}

// atBank finds the batch and the template of a command.
func atBank(p *program, cmd *cobra.Command, of *whichBatch, at *whichBank, args []string, do func(*office.BankDesk) error, dry bool) error {
	t, err := office.ReadTemplate(at.name, at.file)
	if err != nil {
		return err
	}
	return p.asking(cmd.Context(), "batch "+cmd.Name(), func(s *office.Session, a *office.Asker) error {
		s.Dry = dry
		d, err := s.AtBank(cmd.Context(), a, t, of.named(args))
		if err != nil {
			return err
		}
		return do(d)
	})
}

func exportCommand(p *program) *cobra.Command {
	of, at := &whichBatch{}, &whichBank{}
	var given givenFlags
	var out string
	var force bool
	c := &cobra.Command{
		Use:   "export [BATCH]",
		Short: p.say("导出代发盘，并登记已送银行", "write the list that the bank pays from, and record that it was sent"),
		Long: p.say(`BATCH 为批次某一事件的序号（或 --allocation 与 --batch）。批次须已复核。须出示出纳密钥；账号在此打开，记入保险库日志。
每行有一个银行回盘时带回的参考号。先登记 send-batch-to-bank（记文件的 SHA-256），再给文件命名；中途断开，同样的命令写出
同样的文件。已登记的批次可再次导出，须与当时的文件相同。`,
			`BATCH is the number of one of its events (or --allocation and --batch). It must be approved. A cashier's key is needed:
accounts are opened here, and that stands in the vault's journal. Each row has a reference that the bank returns.
send-batch-to-bank is recorded with the file's SHA-256 before the file gets its name; cut off in between, the same command
writes the same file. A batch that was sent can be written again, and must come to the same file.`),
		Example: "  reliefledger batch export 628 --bank gbk --out 代发.csv --key cashier.key",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			on, err := office.OrToday(given.date)
			if err != nil {
				return err
			}
			return atBank(p, cmd, of, at, args, func(d *office.BankDesk) error {
				if out == "" && !given.dry {
					return office.Input("--out", "须给出输出文件", "say which file to write")
				}
				f, sent, err := d.Export(cmd.Context(), out, on, force)
				if err != nil {
					return err
				}
				if given.dry {
					p.people("将导出 %d 笔，%s 元（模板 %s：%s）\n", "would write %d payments, %s yuan (template %s: %s)\n", f.Payments, f.Fen, d.Template().Name, d.Template().Title)
					return nil
				}
				if sent != nil {
					p.result(sent)
				}
				p.people("已写入 %s：%d 笔，%s 元，SHA-256 %x\n", "wrote %s: %d payments, %s yuan, SHA-256 %x\n", out, f.Payments, f.Fen, f.SHA256)
				if p.json {
					return writeJSONLine(map[string]any{"file": out, "payments": f.Payments, "fen": f.Fen, "sha256": fmt.Sprintf("%x", f.SHA256)})
				}
				return nil
			}, given.dry)
		},
	}
	of.flags(c)
	at.flags(c)
	c.Flags().StringVar(&out, "out", "", "the file to write 输出文件")
	c.Flags().BoolVar(&force, "force", false, "overwrite it 覆盖")
	given.add(c, "say count and sum, open and write nothing 试运行")
	return c
}

// answerCommand reads a file of the bank about a batch.
func answerCommand(p *program, use, short, long string, take func(p *program, ctx context.Context, d *office.BankDesk, on domain.Day, file string, text []byte) error) *cobra.Command {
	of, at := &whichBatch{}, &whichBank{}
	var given givenFlags
	c := &cobra.Command{Use: use, Short: short, Long: long, Args: cobra.RangeArgs(1, 2), RunE: func(cmd *cobra.Command, args []string) error {
		on, err := office.OrToday(given.date)
		if err != nil {
			return err
		}
		file := args[len(args)-1]
		return atBank(p, cmd, of, at, args[:len(args)-1], func(d *office.BankDesk) error {
			text, err := office.ReadUpTo(file, office.MaxBankFile+1)
			if err != nil {
				return office.InputErr(file, err)
			}
			return take(p, cmd.Context(), d, on, file, text)
		}, given.dry)
	}}
	of.flags(c)
	at.flags(c)
	given.add(c, "check it, record nothing 试运行")
	return c
}

func takeResult(p *program, ctx context.Context, d *office.BankDesk, on domain.Day, file string, text []byte) error {
	a, err := d.Answer(ctx, file, text)
	if err != nil {
		return err
	}
	if a.Taken {
		p.people("该回盘已登记过，未重复写入\n", "that answer was taken before, nothing was written again\n")
		return nil
	}
	p.people("回盘：已付 %d 笔 %s 元，退票 %d 笔\n", "the answer: %d paid with %s yuan, %d rejected\n", a.Paid, a.Fen, len(a.Rejected))
	counts, codes := map[string]int{}, map[string]bank.Code{}
	for _, x := range a.Rejected {
		counts[x.Code]++
		codes[x.Code] = x.Why
	}
	for _, code := range slices.Sorted(maps.Keys(counts)) {
		p.people("  %s × %d：%s\n", "  %s × %d: %s\n", code, counts[code], office.SayCode(codes[code], p.lang()))
	}
	for _, x := range a.Rejected {
		if p.json {
			if err := writeJSONLine(map[string]any{"row": x.Row, "code": x.Code, "party": x.Party}); err != nil {
				return err
			}
		}
		p.people("  第 %d 行　%s　对象%s\n", "  row %d: %s, party%s\n", x.Row, x.Code, office.Cite(x.PartyNumber))
	}
	done, err := d.Take(ctx, on, a)
	if err != nil {
		return err
	}
	p.result(done)
	return nil
}

func takeReturns(p *program, ctx context.Context, d *office.BankDesk, on domain.Day, file string, text []byte) error {
	r, err := d.Returns(ctx, file, text)
	if err != nil {
		return err
	}
	if r.Before > 0 {
		p.people("%d 笔已登记过，未重复写入\n", "%d were recorded before, nothing was written again\n", r.Before)
	}
	return d.TakeReturns(ctx, on, r, p.result)
}

func againCommand(p *program) *cobra.Command {
	of := &whichBatch{}
	var given givenFlags
	var as string
	var all bool
	c := &cobra.Command{
		Use:   "again [BATCH]",
		Short: p.say("更正发放：退票的行，账号改正后另制一批", "pay again: rows that came back, once their accounts are mended, in a batch of their own"),
		Long: p.say(`取该批次中退票、退回而未重发的行，其收款人账号已改正的（correct-party），另制一个批次，每行注明其退回记录。账号未改的列出
并略过；--all 一并重发（如睡眠户已激活）。`,
			`Takes the rows of the batch that were rejected or came back, were not paid again, and whose payee has another account
since (correct-party), and prepares a batch of them; each names what came back. Rows whose account was not mended are
listed and left out; --all takes them too (a dormant account that was woken).`),
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			on, err := office.OrToday(given.date)
			if err != nil {
				return err
			}
			return p.asking(cmd.Context(), "batch again", func(s *office.Session, _ *office.Asker) error {
				s.Dry = given.dry
				again, err := s.Again(cmd.Context(), of.named(args), all)
				if again != nil {
					for _, n := range again.LeftOut {
						p.note("略过：%s\n", "left out: %s\n", n.Say(p.lang()))
					}
				}
				if err != nil {
					return err
				}
				p.people("更正发放 %d 行\n", "to be paid again: %d rows\n", len(again.Command.Rows))
				done, err := s.Give(cmd.Context(), on, as, again.Command)
				if err != nil {
					return err
				}
				p.result(done)
				return nil
			})
		},
	}
	of.flags(c)
	c.Flags().StringVar(&as, "as", "", "name of the command, for sending it again 命令名")
	c.Flags().BoolVar(&all, "all", false, "also rows whose account is the same 账号未改的也重发")
	given.add(c, "say what would be prepared, write nothing 试运行")
	return c
}
