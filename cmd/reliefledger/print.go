package main

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"reliefledger.org/ledger/cmd/internal/office"
	"reliefledger.org/ledger/cmd/internal/paper"
	"reliefledger.org/ledger/cmd/internal/papers"
	"reliefledger.org/ledger/projections"
)

// printCommand has the papers (package papers) of what the books say. Names stand in
// them only where they are asked for, and no more openly than `show` shows them.
func printCommand(p *program) *cobra.Command {
	sheetOf, voucherOf := &whichBatch{}, &whichBatch{}
	sheet := paperCommand(p, "sheet [BATCH]", p.say("签领表：某批次逐行签名", "the sign-off sheet of a batch"), cobra.MaximumNArgs(1),
		func(x *filling) (papers.Paper, error) { return x.papers.Sheet(x.cmd.Context(), sheetOf.named(x.args)) })
	sheetOf.flags(sheet)
	var place, on, size string
	notice := paperCommand(p, "notice NUMBER|ID", p.say("公示：某地点张贴的名单", "a notice as one place shows it"), cobra.ExactArgs(1),
		func(x *filling) (papers.Paper, error) {
			day, err := p.day(x.reader, x.books, "--on", on)
			if err != nil {
				return nil, err
			}
			return x.papers.Notice(x.cmd.Context(), x.args[0], place, day, paper.Size(strings.ToUpper(size)))
		})
	notice.Flags().StringVar(&place, "place", "", "where it is to hang 公示地点 (required)")
	notice.Flags().StringVar(&on, "on", "", "as it stands on a day 某日状态")
	notice.Flags().StringVar(&size, "size", string(paper.A4), "A4, A3")
	_ = notice.MarkFlagRequired("place")
	receipt := paperCommand(p, "receipt PAYMENT", p.say("签收凭证：一笔发放，一式两联", "the receipt of one payment, in two copies"), cobra.ExactArgs(1),
		func(x *filling) (papers.Paper, error) { return x.papers.Receipt(x.cmd.Context(), x.args[0]) })
	voucher := paperCommand(p, "voucher [PAYMENT|BATCH]", p.say("付款凭证：一笔发放或一个批次", "the voucher of a payment or a batch"), cobra.MaximumNArgs(1),
		func(x *filling) (papers.Paper, error) {
			return x.papers.Voucher(x.cmd.Context(), voucherOf.named(x.args))
		})
	voucherOf.flags(voucher)
	return group("print", p.say("打印：签领表、公示、签收凭证、付款凭证（PDF）", "papers as PDF: sign-off sheet, notice, receipt, voucher"), sheet, notice, receipt, voucher)
}

// filling is a paper that is being filled.
type filling struct {
	cmd    *cobra.Command
	args   []string
	reader *office.Reader
	books  *projections.Books
	papers *papers.Papers
}

// paperCommand is a command that fills a paper and writes it to a file.
func paperCommand(p *program, use, short string, args cobra.PositionalArgs, fill func(*filling) (papers.Paper, error)) *cobra.Command {
	var out string
	var names, force bool
	c := &cobra.Command{Use: use, Short: short, Args: args}
	write := func(x *filling) error {
		filled, err := fill(x)
		if err != nil {
			return err
		}
		if n, ok := filled.(*paper.Notice); ok && n.Down != "" && !p.json {
			defer p.note("注意：未印名单"+n.Down+"；某日的名单用 --on\n", "note: the list is not printed, it does not hang on that day; see --on\n")
		}
		return writePaper(p, x.cmd, filled, out, names, force)
	}
	c.RunE = func(cmd *cobra.Command, args []string) error {
		if err := office.Vacant(out, force); err != nil {
			return err
		}
		return p.naming(cmd, "print "+cmd.Name(), names, func(r *office.Reader, a *office.Asker, b *projections.Books) error {
			return write(&filling{cmd, args, r, b, papers.Of(b).WithNames(a)})
		})
	}
	c.Flags().StringVar(&out, "out", "", "the PDF to write 输出文件 (required)")
	c.Flags().BoolVar(&force, "force", false, "overwrite it 覆盖")
	c.Flags().BoolVar(&names, "names", false, "open the names that may stand there (needs the wrapping key) 打印可公开的姓名")
	_ = c.MarkFlagRequired("out")
	return c
}

func writePaper(p *program, cmd *cobra.Command, filled papers.Paper, out string, names, force bool) error {
	var text bytes.Buffer
	pages, err := filled.Write(&text)
	if err != nil { // not of the file: of what stands in the paper
		return office.InputErr(cmd.CommandPath(), err)
	}
	if err := p.home.WriteOut(out, text.Bytes(), force); err != nil {
		return err
	}
	if p.json {
		return writeJSON(os.Stdout, map[string]any{"file": out, "pages": pages, "bytes": text.Len(), "sha256": fmt.Sprintf("%x", sha256.Sum256(text.Bytes()))})
	}
	if !names {
		p.note("（未打印姓名，留空手写：--names 可打印）\n", "(no names, they are left to be written by hand: see --names)\n")
	}
	fmt.Printf(p.say("已写入 %s：%d 页\n", "wrote %s: %d pages\n"), out, pages)
	return nil
}
