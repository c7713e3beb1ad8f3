package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"reliefledger.org/ledger/cmd/internal/paper"
	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/projections"
)

// printCommand has the papers (package paper) of what the books say. Names
// stand in them only where they are asked for, and no more openly than `show`
// shows them: a notice obeys its place, and a minor is never named.
func (p *program) printCommand() *cobra.Command {
	c := &cobra.Command{Use: "print", Short: p.say("打印：签领表、公示、签收凭证、付款凭证（PDF）", "papers as PDF: sign-off sheet, notice, receipt, voucher"), Args: cobra.NoArgs, RunE: func(c *cobra.Command, _ []string) error { return c.Help() }}
	sheetOf, voucherOf := &whichBatch{}, &whichBatch{}
	sheet := p.paperCommand("sheet [BATCH]", p.say("签领表：某批次逐行签名", "the sign-off sheet of a batch"), cobra.MaximumNArgs(1),
		func(d *desk, args []string) (drawn, error) { return d.sheet(args, sheetOf) })
	sheetOf.flags(sheet)
	var place, on, size string
	notice := p.paperCommand("notice NUMBER|ID", p.say("公示：某地点张贴的名单", "a notice as one place shows it"), cobra.ExactArgs(1),
		func(d *desk, args []string) (drawn, error) {
			day, err := optionalDay(on)
			if err != nil {
				return nil, err
			}
			return d.notice(args[0], place, day, paper.Size(strings.ToUpper(size)))
		})
	notice.Flags().StringVar(&place, "place", "", "where it is to hang 公示地点 (required)")
	notice.Flags().StringVar(&on, "on", "", "as it stands on a day 某日状态")
	notice.Flags().StringVar(&size, "size", string(paper.A4), "A4, A3")
	_ = notice.MarkFlagRequired("place")
	receipt := p.paperCommand("receipt PAYMENT", p.say("签收凭证：一笔发放，一式两联", "the receipt of one payment, in two copies"), cobra.ExactArgs(1),
		func(d *desk, args []string) (drawn, error) { return d.receipt(args[0]) })
	voucher := p.paperCommand("voucher [PAYMENT|BATCH]", p.say("付款凭证：一笔发放或一个批次", "the voucher of a payment or a batch"), cobra.MaximumNArgs(1),
		func(d *desk, args []string) (drawn, error) { return d.voucher(args, voucherOf) })
	voucherOf.flags(voucher)
	c.AddCommand(sheet, notice, receipt, voucher)
	return c
}

// drawn is a filled paper.
type drawn interface {
	Write(io.Writer) (pages int, err error)
}

// desk is where papers are filled: the books, and names as they are opened.
type desk struct {
	*program
	ctx   context.Context
	books *projections.Books
	open  *asker // nil where no names are asked for
}

// paperCommand is a command that fills a paper and writes it to a file.
func (p *program) paperCommand(use, short string, args cobra.PositionalArgs, fill func(*desk, []string) (drawn, error)) *cobra.Command {
	var out string
	var names, force bool
	c := &cobra.Command{Use: use, Short: short, Args: args, RunE: func(cmd *cobra.Command, args []string) (err error) {
		if err := p.vacant(out, force); err != nil {
			return err
		}
		d := &desk{program: p, ctx: cmd.Context()}
		if d.books, err = p.books(d.ctx); err != nil {
			return err
		}
		if names {
			l, err := p.open(d.ctx)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, l.Close()) }()
			if d.open, err = p.asker(l, "print "+cmd.Name()); err != nil {
				return err
			}
		}
		filled, err := fill(d, args)
		if err != nil {
			return err
		}
		var text bytes.Buffer
		pages, err := filled.Write(&text)
		if err != nil { // not of the file: of what stands in the paper
			return &inputError{what: cmd.CommandPath(), err: err}
		}
		if err := p.writeOut(out, text.Bytes(), force); err != nil {
			return err
		}
		if p.json {
			return writeJSON(os.Stdout, map[string]any{"file": out, "pages": pages, "bytes": text.Len(), "sha256": fmt.Sprintf("%x", sha256.Sum256(text.Bytes()))})
		}
		p.warn(d.books)
		if !names {
			fmt.Fprintln(os.Stderr, p.say("（未打印姓名，留空手写：--names 可打印）", "(no names, they are left to be written by hand: see --names)"))
		}
		if n, ok := filled.(*paper.Notice); ok && n.Down != "" {
			fmt.Fprintln(os.Stderr, p.say("注意：未印名单"+n.Down+"；某日的名单用 --on", "note: the list is not printed, it does not hang on that day; see --on"))
		}
		fmt.Printf(p.say("已写入 %s：%d 页\n", "wrote %s: %d pages\n"), out, pages)
		return nil
	}}
	c.Flags().StringVar(&out, "out", "", "the PDF to write 输出文件 (required)")
	c.Flags().BoolVar(&force, "force", false, "overwrite it 覆盖")
	c.Flags().BoolVar(&names, "names", false, "open the names that may stand there (needs the wrapping key) 打印可公开的姓名")
	_ = c.MarkFlagRequired("out")
	return c
}

// vacant refuses a file that is there already, before any work is done for it.
func (p *program) vacant(out string, force bool) error {
	if _, err := os.Stat(out); err == nil && !force {
		return &inputError{what: out, why: p.say("文件已存在（--force 覆盖）", "is there already (--force overwrites it)")}
	}
	return nil
}

// writeOut writes a file that only its owner reads: names may stand in it.
func (p *program) writeOut(name string, text []byte, force bool) error {
	// Over a part of the ledger it would be its end.
	if abs, err := filepath.Abs(name); err == nil && p.data != "" {
		data, err := filepath.Abs(p.data)
		if a, bad := p.about(); err == nil && (within(data, abs) || bad == nil && (abs == p.keyPath(a) || abs == p.keyPath(a)+".next")) {
			return &inputError{what: name, why: p.say("不能写进账簿目录或封装密钥", "is in the ledger's folder, or its wrapping key")}
		}
	}
	if force {
		return noFolder(replaceSynced(name, text))
	}
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return noFolder(err)
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		_ = os.Remove(name) // half a paper
	}
	return err
}

// noFolder says of a name that cannot be written that it is what is wrong.
func noFolder(err error) error {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrExist) {
		return &inputError{what: "--out", err: err}
	}
	return err
}

// head is the head of a paper about a unit.
func (d *desk) head(title, unit string, on domain.Day, numbers ...uint64) paper.Head {
	h := paper.Head{Title: title, Unit: unit, On: on, Demo: d.books.State.Opened.Simulated, Ledger: d.books.State.Opened.Name}
	for _, n := range numbers {
		h.Number += cite(n)
	}
	return h
}

// cite names an event as people do.
func cite(n uint64) string { return fmt.Sprintf("〔%d〕", n) }

// whichBatch says which batch a paper is about, where no number does.
type whichBatch struct {
	allocation string
	batch      int
}

func (w *whichBatch) flags(c *cobra.Command) {
	c.Flags().StringVar(&w.allocation, "allocation", "", "id of an allocation, or number of one of its events 分配")
	c.Flags().IntVar(&w.batch, "batch", 0, "number of the batch in the allocation 批次")
}

// eventNumber reads the number of an event that the books hold.
func (d *desk) eventNumber(s string) (uint64, error) {
	n, err := parseNumber(s)
	if err != nil || n >= uint64(d.books.Len()) {
		return 0, &inputError{what: s, why: d.say("不是事件的序号", "is not the number of an event")}
	}
	return n, nil
}

// allocationAt is the allocation in whose stream an event stands.
func (d *desk) allocationAt(n uint64) *domain.Allocation {
	kind, id, _ := domain.SplitStream(d.books.State.StreamAt(n))
	if kind != domain.AllocationKind {
		return nil
	}
	return d.books.State.Allocations[id]
}

// batch finds a batch by the number of one of its events, or by its allocation
// and its number there, which may be left out where there is but one.
func (d *desk) batch(args []string, w *whichBatch) (*domain.Allocation, *domain.Batch, error) {
	if (len(args) == 1) == (w.allocation != "") || len(args) == 1 && w.batch != 0 {
		return nil, nil, &inputError{what: "print", why: d.say("须给出批次某一事件的序号，或 --allocation 与 --batch", "give the number of one of the batch's events, or --allocation and --batch")}
	}
	if len(args) == 1 {
		n, err := d.eventNumber(args[0])
		if err != nil {
			return nil, nil, err
		}
		if a := d.allocationAt(n); a != nil {
			for _, b := range a.Batches {
				for _, id := range []domain.ID{b.Prepared, b.Approved, b.Rejected, b.Sent, b.Result} {
					if id == d.books.At(n).ID {
						return a, b, nil
					}
				}
			}
		}
		return nil, nil, &inputError{what: args[0], why: d.say("该序号不是批次的事件", "that number is no event of a batch")}
	}
	var a *domain.Allocation
	for id, x := range d.books.State.Allocations {
		if id.String() == w.allocation {
			a = x
		}
	}
	if a == nil {
		n, err := d.eventNumber(w.allocation)
		if err != nil {
			return nil, nil, err
		}
		if a = d.allocationAt(n); a == nil {
			return nil, nil, &inputError{what: w.allocation, why: d.say("该序号不是分配的事件", "that number is no event of an allocation")}
		}
	}
	if w.batch == 0 && len(a.Batches) == 1 {
		return a, a.Batches[0], nil
	}
	if w.batch < 1 || w.batch > len(a.Batches) {
		return nil, nil, &inputError{what: "--batch", why: fmt.Sprintf(d.say("该分配有 %d 个批次", "the allocation has %d batches"), len(a.Batches))}
	}
	return a, a.Batches[w.batch-1], nil
}
