package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"reliefledger.org/ledger/domain"
)

// eraseCommand is `erase`: the event, the vault without the key, a new wrapping
// key (at the end of the command, by [opened.Close]), and what is left to do by
// hand.
func (p *program) eraseCommand() *cobra.Command {
	var who whichParty
	var basis, date, backup string
	var dry, list, confirm bool
	c := &cobra.Command{
		Use:   "erase [PARTY|STREAM]",
		Short: p.say("删除一人（或一案）的个人信息：须无未了款项、保存期已满", "erase what is known of a person, or of a case: nothing open, retention over"),
		Long: p.say(`账上的事件一字不改；删除的是打开它们的密钥。步骤：写入事件、从保险库删去密钥与索引、换一把新的封装密钥、重写保险库，
任何一步中断后，下一个用到保险库的命令（record、show party、print --names、erase 等）会接着做完。之后：
  1. 用新的封装密钥替换另存于别处的副本，销毁旧副本（旧备份从此打不开任何人的信息，事件仍可恢复）；
  2. 做一次新备份（--backup DIR，或 backup DIR）；
  3. 确认：erase --confirm PARTY。确认之前删除未完成（erase --list）。
分配（allocation-…）或名单（notice-…）的案卷在其关闭、保存期满后可以同样删除：所附文件与文字说明即不可再打开。
保存年限是项目条款 retention_years；未规定即不能删除。`,
			`The events stay as they are, byte for byte; what goes is the key that opens them. The steps: the event, the vault
without key and index rows, a new wrapping key, the vault written anew. Cut off at any of them, the next command that
uses the vault (record, show party, print --names, erase, ...) goes on. Then:
  1. replace the copy of the wrapping key that is kept elsewhere, and destroy the old one (older backups open nobody
     any more; their events can still be restored);
  2. make a fresh backup (--backup DIR, or backup DIR);
  3. confirm: erase --confirm PARTY. Until then the erasure is unfinished (erase --list).
The case of an allocation (allocation-…) or notice (notice-…) that is closed and past its retention goes likewise,
with its documents and free texts. For how many years records are kept is the programme's term retention_years;
where it states none nobody is erased.`),
		Example: "  reliefledger erase 17 --basis 本人申请，个人信息保护法第四十七条 --key privacy.key\n  reliefledger erase --list\n  reliefledger erase --confirm 17 --key privacy.key",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			if list {
				return p.withAsker(ctx, "erase --list", p.listErasures)
			}
			err := p.withAsker(ctx, "erase", func(a *asker) error { return p.erase(ctx, a, args, &who, basis, date, dry, confirm) })
			if err != nil || dry || backup == "" {
				return err
			}
			return p.backup(ctx, backup)
		},
	}
	who.flags(c)
	f := c.Flags()
	f.StringVar(&basis, "basis", "", "the law or request 法律依据或申请")
	f.StringVar(&date, "date", "", "business date; default: today 记账日期")
	f.StringVar(&backup, "backup", "", "make a fresh backup there afterwards 随后备份到该目录")
	f.BoolVar(&dry, "dry-run", false, "say whether it would be refused, write nothing 试运行")
	f.BoolVar(&list, "list", false, "list erasures, and what is left to do 列出删除及未完成事项")
	f.BoolVar(&confirm, "confirm", false, "confirm that the old copies of the wrapping key are destroyed 确认旧副本已销毁")
	return c
}

// restrictCommand is `restrict`: a person is named on no page any more.
func (p *program) restrictCommand() *cobra.Command {
	var who whichParty
	var date string
	var lift bool
	c := &cobra.Command{
		Use:   "restrict [PARTY]",
		Short: p.say("限制公开一人：任何页面都不再显示其姓名", "hide a person from every page"),
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.withAsker(cmd.Context(), "restrict", func(a *asker) error {
				id, err := who.find(cmd.Context(), p, a, args)
				if err != nil {
					return err
				}
				return p.give(cmd.Context(), a, date, "", &domain.RestrictParty{Party: id, Lifted: lift}, false)
			})
		},
	}
	who.flags(c)
	c.Flags().StringVar(&date, "date", "", "business date; default: today 记账日期")
	c.Flags().BoolVar(&lift, "lift", false, "lift it 解除")
	return c
}

// give gives a command of whoever asks.
func (p *program) give(ctx context.Context, a *asker, date, as string, body domain.Command, dry bool) error {
	on, err := orToday(date)
	if err != nil {
		return err
	}
	signers, err := p.signers(a.l.Ledger)
	if err != nil {
		return err
	}
	if a.officer == (uuid.UUID{}) {
		return &keyError{"--key", errors.New(p.say("缺少经办人密钥", "an officer's key is missing"))}
	}
	r := &runner{l: a.l.Ledger, signers: signers, dry: dry}
	a.l.View(func(s *domain.Ledger) { r.id = s.ID })
	o := &domain.Order{ID: uuid.New(), Actor: a.officer, Date: on, Body: body}
	if as != "" {
		o.ID = commandNamed(r.id, as)
	}
	d, err := r.do(ctx, o, &instruction{})
	if err != nil {
		return err
	}
	p.sayRecorded(*d)
	return nil
}

// orToday reads a business date; none is today.
func orToday(date string) (domain.Day, error) {
	if date == "" {
		return domain.DayOf(time.Now()), nil
	}
	d, err := domain.ParseDay(date)
	if err != nil {
		return 0, &inputError{what: "--date", err: err}
	}
	return d, nil
}

func (p *program) erase(ctx context.Context, a *asker, args []string, who *whichParty, basis, date string, dry, confirm bool) error {
	stream := ""
	if len(args) == 1 {
		if kind, _, ok := domain.SplitStream(args[0]); ok && kind != domain.PartyKind {
			stream = args[0]
		}
	}
	var body domain.Command = &domain.EraseCase{Stream: stream, Basis: basis}
	if stream == "" {
		for i := range args {
			args[i] = strings.TrimPrefix(args[i], domain.PartyKind+"-")
		}
		id, err := who.find(ctx, p, a, args)
		if err != nil {
			return err
		}
		stream, body = domain.Stream(domain.PartyKind, id), &domain.EraseParty{Party: id, Basis: basis}
	}
	a.l.erasing = !dry && !confirm
	if erase, ok := body.(*domain.EraseParty); ok && !confirm && !p.json {
		if err := p.sayWhom(ctx, a, erase.Party); err != nil {
			return err
		}
	}
	if confirm {
		body = &domain.ConfirmErasure{Stream: stream}
	}
	return p.give(ctx, a, date, "", body, dry)
}

// sayWhom says who is to be erased, so that nobody takes one for another: his name
// masked, what he was paid, and which documents may still name him.
func (p *program) sayWhom(ctx context.Context, a *asker, id domain.ID) error {
	b, err := p.books(ctx)
	if err != nil {
		return err
	}
	party := b.State.Parties[id]
	if party == nil || a.need(party.Unit, "PartyRegistered", "name") != nil {
		return nil // the ledger refuses
	}
	what := openedFor{}
	what.add(id, "name")
	if err := a.note(ctx, party.Unit, what); err != nil {
		return err
	}
	name, err := openName(ctx, a.l, b, party)
	if err != nil {
		return err
	}
	if name != erased {
		name = domain.MaskName(name)
	}
	payments, documents := 0, map[uint64]bool{}
	for _, alloc := range b.State.Allocations {
		for _, pay := range alloc.Payments {
			line := alloc.Lines[pay.Line-1]
			if b.State.Same(line.Payee()) != b.State.Same(id) && b.State.Same(line.Beneficiary()) != b.State.Same(id) {
				continue
			}
			payments++
			for _, n := range pay.Receipts() {
				documents[n] = true
			}
		}
	}
	fmt.Printf(p.say("%s：%d 笔发放\n", "%s: %d payments\n"), name, payments)
	if len(documents) > 0 {
		fmt.Printf(p.say("所附文件可能仍有其姓名，随案卷删除（erase allocation-…）：%s\n", "documents that may still name him go with their case (erase allocation-...): %s\n"), cites(slices.Sorted(maps.Keys(documents))))
	}
	return nil
}

// listErasures says of each erasure whether anything is left to be done.
func (p *program) listErasures(a *asker) error {
	type line struct {
		Number    uint64     `json:"number"`
		Stream    string     `json:"stream"`
		On        domain.Day `json:"on"`
		Basis     string     `json:"basis"`
		Confirmed *uint64    `json:"confirmed"` // number of the event, null: unfinished
	}
	lines := []line{}
	a.l.View(func(s *domain.Ledger) {
		for _, e := range s.Erasures {
			l := line{Number: e.Number, Stream: e.Stream, On: e.On, Basis: e.Basis}
			if n, ok := s.Number(e.Confirmed); ok {
				l.Confirmed = &n
			}
			lines = append(lines, l)
		}
	})
	if p.json {
		return writeJSON(os.Stdout, lines)
	}
	t := newTable(p.say("序号", "number"), p.say("流", "stream"), p.say("日期", "date"), p.say("依据", "basis"), p.say("状态", "state")).figures(0)
	for _, l := range lines {
		state := p.say("未完成：替换另存的封装密钥、销毁旧副本、新备份，然后 erase --confirm", "unfinished: replace the key kept elsewhere, destroy old copies, back up, then erase --confirm")
		if l.Confirmed != nil {
			state = fmt.Sprintf(p.say("已确认〔%d〕", "confirmed [%d]"), *l.Confirmed)
		}
		t.row(fmt.Sprint(l.Number), l.Stream, l.On.String(), printable(l.Basis), state)
	}
	return p.tell(t)
}
