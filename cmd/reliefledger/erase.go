package main

import (
	"context"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"reliefledger.org/ledger/cmd/internal/backup"
	"reliefledger.org/ledger/cmd/internal/office"
	"reliefledger.org/ledger/cmd/internal/table"
	"reliefledger.org/ledger/domain"
)

// eraseFlags are the flags of `erase`.
type eraseFlags struct {
	who           whichParty
	basis, backup string
	given         givenFlags
	list, confirm bool
}

// eraseCommand is `erase`: the event, the vault without the key, a new wrapping key (at
// the end of the command, when the office is closed), and what is left to do by hand.
func eraseCommand(p *program) *cobra.Command {
	var x eraseFlags
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
			if x.list {
				return p.asking(ctx, "erase --list", func(s *office.Session, _ *office.Asker) error { return sayErasures(p, s.Erasures()) })
			}
			err := p.asking(ctx, "erase", func(s *office.Session, a *office.Asker) error { return x.erase(p, cmd, s, a, args) })
			if err != nil || x.given.dry || x.backup == "" {
				return err
			}
			made, err := backup.Make(ctx, p.home, x.backup, p.watch())
			if err != nil {
				return err
			}
			return p.backedUp(made)
		},
	}
	x.who.flags(c)
	x.given.add(c, "say whether it would be refused, write nothing 试运行")
	f := c.Flags()
	f.StringVar(&x.basis, "basis", "", "the law or request 法律依据或申请")
	f.StringVar(&x.backup, "backup", "", "make a fresh backup there afterwards 随后备份到该目录")
	f.BoolVar(&x.list, "list", false, "list erasures, and what is left to do 列出删除及未完成事项")
	f.BoolVar(&x.confirm, "confirm", false, "confirm that the old copies of the wrapping key are destroyed 确认旧副本已销毁")
	return c
}

func (x *eraseFlags) erase(p *program, cmd *cobra.Command, s *office.Session, a *office.Asker, args []string) error {
	on, err := office.OrToday(x.given.date)
	if err != nil {
		return err
	}
	s.Dry = x.given.dry
	stream, err := x.stream(cmd, s, a, args)
	if err != nil {
		return err
	}
	if kind, id, _ := domain.SplitStream(stream); kind == domain.PartyKind && !x.confirm && !p.json {
		if err := sayWhom(p, cmd.Context(), a, id); err != nil {
			return err
		}
	}
	done, err := s.Erase(cmd.Context(), on, stream, x.basis, x.confirm)
	if err != nil {
		return err
	}
	p.result(done)
	return nil
}

// stream is whose data are to be erased.
func (x *eraseFlags) stream(cmd *cobra.Command, s *office.Session, a *office.Asker, args []string) (string, error) {
	if len(args) == 1 && x.who.numberFile == "" {
		return a.Erasable(args[0])
	}
	id, err := x.who.find(cmd, s, a, args)
	return domain.Stream(domain.PartyKind, id), err
}

// sayWhom says who is to be erased, so that nobody takes one for another.
func sayWhom(p *program, ctx context.Context, a *office.Asker, id domain.ID) error {
	whom, err := a.Whom(ctx, id)
	if err != nil || whom == nil {
		return err
	}
	name := whom.Name
	if whom.Erased {
		name = office.ErasedName
	}
	fmt.Printf(p.say("%s：%d 笔发放\n", "%s: %d payments\n"), name, whom.Payments)
	if len(whom.Documents) > 0 {
		fmt.Printf(p.say("所附文件可能仍有其姓名，随案卷删除（erase allocation-…）：%s\n", "documents that may still have the name go with their case (erase allocation-...): %s\n"), office.Cite(whom.Documents...))
	}
	return nil
}

// sayErasures says of each erasure whether anything is left to be done.
func sayErasures(p *program, lines []office.Erasure) error {
	if p.json {
		return writeJSON(os.Stdout, lines)
	}
	t := table.New(p.say("序号", "number"), p.say("流", "stream"), p.say("日期", "date"), p.say("依据", "basis"), p.say("状态", "state")).Figures(0)
	for _, l := range lines {
		state := p.say("未完成：替换另存的封装密钥、销毁旧副本、新备份，然后 erase --confirm", "unfinished: replace the key kept elsewhere, destroy old copies, back up, then erase --confirm")
		if l.Confirmed != nil {
			state = fmt.Sprintf(p.say("已确认〔%d〕", "confirmed [%d]"), *l.Confirmed)
		}
		t.Row(fmt.Sprint(l.Number), l.Stream, l.On.String(), printable(l.Basis), state)
	}
	return p.table(t)
}
