package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/eventstore"
	"reliefledger.org/ledger/eventstore/ledger"
	"reliefledger.org/ledger/projections"
	"reliefledger.org/ledger/testdata/campaigns"
)

// demoLedger is the id of every demonstration, so that its commands have the
// same ids everywhere.
var demoLedger = uuid.MustParse("5fd0c1d2-9f0e-4c0b-8a53-2f1c7e0f2023")

// demoKey is an officer's key in the demonstration: made from his id, so that
// everybody can sign as everybody. It is worth nothing in a real ledger.
func demoKey(officer uuid.UUID) ed25519.PrivateKey {
	seed := sha256.Sum256(append([]byte("relief ledger demonstration key\n"), officer[:]...))
	return ed25519.NewKeyFromSeed(seed[:])
}

func (p *program) demoCommand() *cobra.Command {
	var tour bool
	c := &cobra.Command{
		Use:   "demo",
		Short: p.say("以九份真实总结为蓝本填充一本演示账簿（时钟为模拟）", "fill a ledger with nine campaigns, with a simulated clock"),
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if p.data == "" {
				p.data = "demo-ledger"
			}
			if err := p.fill(cmd.Context()); err != nil {
				return err
			}
			if tour {
				return p.tour(cmd.Context())
			}
			return nil
		},
	}
	c.Flags().BoolVar(&tour, "tour", false, p.say("填充后带领浏览", "then show around"))
	return c
}

// demoScript reads the instructions of all campaigns, in the order of time.
func demoScript() ([]*instruction, []string, error) {
	var all []*instruction
	dirs := map[*instruction]string{}
	names, err := fs.Glob(campaigns.Files, "*/commands.jsonl")
	if err != nil {
		return nil, nil, err
	}
	for _, name := range names {
		text, err := campaigns.Files.ReadFile(name)
		if err != nil {
			return nil, nil, err
		}
		if err := readScript(bytes.NewReader(text), name, demoLedger, func(in *instruction, where string) error {
			if in.At.IsZero() || in.As == "" {
				return &inputError{what: where, why: "no time or no name"}
			}
			all = append(all, in)
			dirs[in] = filepath.Dir(name)
			return nil
		}); err != nil {
			return nil, nil, err
		}
	}
	slices.SortStableFunc(all, func(a, b *instruction) int { return a.At.Compare(b.At) })
	where := make([]string, len(all))
	for i, in := range all {
		where[i] = dirs[in]
	}
	return all, where, nil
}

// fill runs the demonstration's commands. What was done before is not done
// again, so one that was cut off goes on where it stopped.
func (p *program) fill(ctx context.Context) (err error) {
	script, dirs, err := demoScript()
	if err != nil {
		return err
	}
	l, found, err := p.openDemo(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	last := script[len(script)-1]
	complete := false
	l.View(func(s *domain.Ledger) { complete = s.Effect(commandNamed(demoLedger, last.As)) != nil })
	if complete {
		fmt.Fprintf(os.Stderr, p.say("演示账簿已在 %s，未重复填充。\n", "the demonstration is in %s already, nothing is filled twice.\n"), p.data)
		return nil
	}
	start := time.Now()
	r := &runner{l: l.Ledger, id: demoLedger, signer: func(id uuid.UUID) (ledger.Signer, bool) {
		has := false
		l.View(func(s *domain.Ledger) { has = s.Officers[id] != nil && s.Officers[id].Key() != nil })
		return ledger.Signer{Officer: id, Key: demoKey(id)}, has
	}}
	bar := progress(len(script), p.say("记录命令", "recording"))
	if !found {
		if err := p.openDemoLedger(ctx, l.Ledger); err != nil {
			return err
		}
	}
	for i, in := range script {
		r.open = func(name string) ([]byte, error) { return campaigns.Files.ReadFile(dirs[i] + "/" + name) }
		if err := r.demo(ctx, in); err != nil {
			return fmt.Errorf("%s %s: %w", dirs[i], in.As, err)
		}
		_ = bar.Add(1) // a bar that cannot be drawn is no reason to stop
	}
	_ = bar.Finish()
	var count uint64
	l.View(func(s *domain.Ledger) { count = s.Count })
	fmt.Fprintf(os.Stderr, p.say("已填充 %s：%d 条命令，%d 个事件，用时 %.1f 秒。\n", "%s is filled: %d commands, %d events, %.1f s.\n"), p.data, len(script), count, time.Since(start).Seconds())
	return nil
}

// demo runs one instruction; an appointment with roles gets the
// demonstration's key.
func (r *runner) demo(ctx context.Context, in *instruction) error {
	if in.Do == importLines {
		_, err := r.importLines(ctx, in)
		return err
	}
	o, err := in.order(r.id)
	if err != nil {
		return err
	}
	if a, ok := o.Body.(*domain.AppointOfficer); ok && len(a.Roles) > 0 {
		a.Key = demoKey(domain.Made(o.ID, "officer")).Public().(ed25519.PublicKey)
	}
	_, err = r.do(ctx, o, in)
	return err
}

// openDemo opens the demonstration's folder, or makes it.
func (p *program) openDemo(ctx context.Context) (l *opened, found bool, err error) {
	path, err := filepath.Abs(p.data + ".wrapping-key")
	if err != nil {
		return nil, false, err
	}
	a, err := p.about()
	if err != nil {
		if err := p.makeDemo(ctx, path); err != nil {
			return nil, false, err
		}
	} else if a.Ledger != demoLedger {
		return nil, false, &noLedgerError{p.data, p.say("其中是另一本账簿，不是演示账簿", "another ledger stands there, no demonstration")}
	}
	p.wrapping = path
	if l, err = p.open(ctx); err == nil {
		l.View(func(s *domain.Ledger) { found = s.Opened != nil })
	}
	return l, found, err
}

// makeDemo makes the demonstration's folder and key under other names, which are
// nobody else's, and then gives them their own, the folder last. Where it is
// killed on the way, the next run goes on with what is whole, and throws away
// what is not.
func (p *program) makeDemo(ctx context.Context, key string) error {
	if entries, err := os.ReadDir(p.data); err == nil && len(entries) > 0 {
		return &eventstore.NotEmpty{Path: p.data, Found: entries[0].Name()}
	}
	aside := *p
	aside.data = filepath.Clean(p.data) + ".making"
	asideKey := aside.data + ".wrapping-key"
	if whole, err := aside.about(); err != nil || whole.WrappingKey != key {
		for _, made := range []string{aside.data, asideKey} {
			if err := os.RemoveAll(made); err != nil {
				return err
			}
		}
		a := about{Ledger: demoLedger, WrappingKey: asideKey}
		l, err := aside.create(ctx, &a)
		if err != nil {
			return err
		}
		a.WrappingKey = key
		if err := errors.Join(l.Close(), aside.finish(a)); err != nil {
			return err
		}
	}
	// A key that has its name already may be that of a folder elsewhere.
	switch err := os.Link(asideKey, key); {
	case err == nil:
		if err := os.Remove(asideKey); err != nil {
			return err
		}
	case !errors.Is(err, fs.ErrNotExist):
		return &keyError{key, err}
	}
	return os.Rename(aside.data, p.data)
}

func (p *program) openDemoLedger(ctx context.Context, l *ledger.Ledger) error {
	o := &domain.Order{ID: commandNamed(demoLedger, "open"), Date: domain.Date(2020, 12, 1)}
	open := &domain.OpenLedger{Ledger: demoLedger, Name: "九县救助资金账簿（演示）", Simulated: true,
		Root: domain.NewUnit{Name: "演示总账单位", Kind: "demo", Division: "410000"}}
	var signers []ledger.Signer
	for i := range 2 {
		id := domain.Made(o.ID, fmt.Sprintf("officer/%d", i+1))
		signers = append(signers, ledger.Signer{Officer: id, Key: demoKey(id)})
		open.Registrars = append(open.Registrars, domain.Registree{Officer: id, Key: demoKey(id).Public().(ed25519.PublicKey), Post: "登记员"})
	}
	o.Actor, o.Body = signers[0].Officer, open
	_, err := l.DoAt(ctx, o, time.Date(2020, 12, 1, 9, 0, 0, 0, domain.Shanghai), signers...)
	return err
}

// progress is a bar on a terminal, and nothing elsewhere.
func progress(n int, what string) *progressbar.ProgressBar {
	return progressbar.NewOptions(n, progressbar.OptionSetDescription(what), progressbar.OptionSetWriter(os.Stderr),
		progressbar.OptionSetVisibility(term.IsTerminal(int(os.Stderr.Fd()))), progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish())
}

// tour shows what a new user wants to see first.
func (p *program) tour(ctx context.Context) error {
	b, err := p.books(ctx)
	if err != nil {
		return err
	}
	head := func(zh, en string) { fmt.Printf("\n== %s ==\n", p.say(zh, en)) }
	head("各资金余额", "balances by fund")
	if err := p.showBalances(b, projections.ByFund); err != nil {
		return err
	}
	head("公示名单", "public notices")
	if err := p.showNotices(b, 0); err != nil {
		return err
	}
	head("一笔发放的资金使用报告", "the fund-use entry of one payment")
	for e := range b.FundUse() {
		if len(e.Receipts) > 0 && len(e.Phases) > 0 {
			p.showEntry(b, e)
			break
		}
	}
	head("总结中的数字", "the reports' figures")
	figures, err := p.figures(b, "")
	if err != nil {
		return err
	}
	ok := 0
	for _, f := range figures {
		if f.OK {
			ok++
		}
	}
	fmt.Printf(p.say("75 个数字中由事件证明 %d 个（共 %d 行）。\n", "of the 75 figures %d are proven by events (%d rows).\n"), ok, len(figures))
	exe := os.Args[0]
	fmt.Printf(p.say("\n接下来可以试：\n", "\nTry next:\n")+`  export RELIEFLEDGER_DATA=%s
  %[2]s show balances --by campaign
  %[2]s show fund-use | head
  %[2]s show notice %d
  %[2]s report summary 2
  %[2]s report figures
  %[2]s show balances --by unit --as-of 2022-01-19
`, p.data, exe, firstNotice(b))
	if ok != len(figures) {
		return errUnproven
	}
	return nil
}

func firstNotice(b *projections.Books) uint64 {
	for _, n := range b.Notices(0) {
		if len(n.Phases) > 0 {
			return n.Number
		}
	}
	return 0
}
