package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"reliefledger.org/ledger/cmd/internal/sheets"
	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/eventstore/ledger"
	"reliefledger.org/ledger/eventstore/vault/documents"
)

func asError[T error](err error, to *T) bool { return errors.As(err, to) }

func (p *program) recordCommand() *cobra.Command {
	var file, content, date, as, by, campaign string
	var dry, list, describe bool
	var metrics string
	c := &cobra.Command{
		Use:   "record [COMMAND]",
		Short: p.say("记录命令：来自参数，或 JSON 行（--file，- 为标准输入）", "record orders: one from flags, or JSON lines from a file"),
		Long: p.say(`文件先整份读完并检查，再逐条记录；标准输入（--file -）则来一行、记一行、答一行，直到结束。
同名（as）命令重发只有一次效力，因此任何中断之后都可以原样重发。`,
			`A file is read and checked as a whole before anything is recorded. Standard input (--file -) is
recorded line by line as it comes, each with its answer, until it ends. A command sent again under
the same name ("as") has one effect, so after any break the same may be sent again.`),
		Example: `  reliefledger record --key me.key --file january.jsonl
  reliefledger record receipt --key me.key --date 2023-01-20 --file 签领表.pdf --content '{"allocation":"…","kind":"签领表","batch":1}'
  reliefledger record receive-funds --key me.key --date 2023-01-03 --content '{"fund":"…","source":{"kind":"union","level":"county","name":"县总工会"},"amount":"1300.00"}'`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if list {
				return p.listCommands()
			}
			if describe && len(args) == 1 {
				return p.describe(os.Stdout, args[0])
			}
			if metrics != "" && file != "-" {
				return &inputError{what: "--metrics", why: p.say("只用于 --file -", "is for --file - only")}
			}
			var in io.Reader
			var open func(string) ([]byte, error) // nil: beside the script
			name, dir := "flags", "."
			if len(args) == 1 && args[0] == "receipt" {
				args[0] = "record-receipt"
			}
			switch {
			case len(args) == 1:
				if file != "" {
					var err error
					if content, err = withFile(args[0], content, file); err != nil {
						return err
					}
					open = func(name string) ([]byte, error) { return readUpTo(name, documents.MaxSize+1) }
				}
				line := map[string]any{"do": args[0], "date": date, "content": json.RawMessage(content)}
				for k, v := range map[string]string{"as": as, "by": by, "campaign": campaign} {
					if v != "" {
						line[k] = v
					}
				}
				text, err := json.Marshal(line)
				if err != nil {
					return &inputError{what: "--content", err: err}
				}
				in = bytes.NewReader(text)
			case len(args) == 0 && file == "-":
				return p.recordStream(cmd.Context(), os.Stdin, "stdin", dry, metrics)
			case len(args) == 0 && file != "":
				text, err := os.ReadFile(file)
				if err != nil {
					return &inputError{what: file, err: err}
				}
				in, name, dir = bytes.NewReader(text), file, filepath.Dir(file)
			default:
				return errors.New("unknown usage: record COMMAND --content … , or record --file FILE")
			}
			return p.record(cmd.Context(), in, name, dir, open, dry)
		},
	}
	f := c.Flags()
	f.StringVarP(&file, "file", "f", "", "JSON lines; with a COMMAND: its document 命令文件；给出命令时为所附文件")
	f.StringVar(&content, "content", "{}", "content of the command 命令内容")
	f.StringVar(&date, "date", "", "business date 记账日期")
	f.StringVar(&as, "as", "", "name of the command, for sending it again 命令名")
	f.StringVar(&by, "by", "", "officer who acts; default: the owner of the first --key 经办人")
	f.StringVar(&campaign, "campaign", "", "campaign 活动")
	f.StringVar(&metrics, "metrics", "", "with --file -: address of /metrics, /livez, /readyz 监控地址")
	f.BoolVar(&list, "commands", false, "list the commands and their roles 列出命令与职责")
	f.BoolVar(&describe, "describe", false, "say which fields a command has 列出命令的内容字段")
	f.BoolVar(&dry, "dry-run", false, "say what would happen, write nothing 试运行")
	return c
}

// recorded is what `record` answers for one order.
type recorded struct {
	Command  uuid.UUID `json:"command"`
	Name     string    `json:"name"`
	Stream   string    `json:"stream"`
	Numbers  []uint64  `json:"numbers,omitempty"`
	Repeated bool      `json:"repeated,omitempty"`
	Would    []string  `json:"would,omitempty"` // of a dry run: the events
}

func (p *program) record(ctx context.Context, in io.Reader, name, dir string, open func(string) ([]byte, error), dry bool) (err error) {
	l, err := p.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	signers, err := p.signers(l.Ledger)
	if err != nil {
		return err
	}
	var id uuid.UUID
	l.View(func(s *domain.Ledger) { id = s.ID })
	text, err := io.ReadAll(io.LimitReader(in, 1<<30))
	if err != nil {
		return &inputError{what: name, err: err}
	}
	text = p.rewrite(l.Ledger, text)
	// Everything is read before anything is written: a torn file changes
	// nothing.
	type work struct {
		in    *instruction
		where string
	}
	var all []work
	r := &runner{l: l.Ledger, id: id, signers: signers, dir: dir, open: open, docs: l.documents(), dry: dry, understood: p.tellRoster}
	if err := readScript(bytes.NewReader(text), name, id, func(in *instruction, where string) error {
		if in.Do != importLines {
			if _, err := in.order(id); err != nil {
				return err
			}
			if err := r.checkFiles(in); err != nil {
				return err
			}
		}
		all = append(all, work{in, where})
		return nil
	}); err != nil {
		return err
	}
	if len(all) == 0 {
		return &inputError{what: name, why: p.say("没有命令", "no commands")}
	}
	if dry && len(all) > 1 {
		copied, remove, err := p.rehearse(ctx, l)
		if err != nil {
			return err
		}
		if copied != nil {
			defer func() { err = errors.Join(err, copied.Close(), remove()) }()
			r.journal, r.l, r.docs, r.dry, r.rehearses = r.l, copied.Ledger, copied.documents(), false, true
		}
	}
	for i, w := range all {
		if err := p.recordOne(ctx, r, w.in); err != nil {
			if i > 0 && !p.json && !dry {
				fmt.Fprintf(os.Stderr, p.say("前 %d 条已记录，其后的未记录；改正后整份重发，不会重复\n", "the first %d are recorded, what follows is not; mend it and send the whole file again, nothing is done twice\n"), i)
			}
			return fmt.Errorf("%s: %w", w.where, r.sayName(w.in, err))
		}
	}
	return nil
}

// recordOne carries out one instruction and says what became of it.
func (p *program) recordOne(ctx context.Context, r *runner, in *instruction) error {
	if in.By == (uuid.UUID{}) && len(r.signers) > 0 {
		in.By = r.signers[0].Officer
	}
	if in.By == (uuid.UUID{}) {
		return &keyError{"--key", errors.New(p.say("命令未签名：缺少经办人密钥", "the order is not signed: an officer's key is missing"))}
	}
	done, err := r.run(ctx, in)
	for _, d := range done {
		p.sayRecorded(d)
	}
	if err == nil && in.Do == "draft-notice" {
		p.sayHeading(r, in)
	}
	return err
}

// sayHeading says of a draft what it must have before it can be published, while
// drafting it again costs nothing yet.
func (p *program) sayHeading(r *runner, in *instruction) {
	o, err := in.order(r.id)
	if err != nil {
		return
	}
	c, ok := o.Body.(*domain.DraftNotice)
	if !ok {
		return
	}
	published := false
	r.l.View(func(s *domain.Ledger) {
		a := s.Allocations[c.Allocation]
		if a == nil || s.Programmes[a.Programme] == nil || a.Revision < 1 || a.Revision > len(s.Programmes[a.Programme].Revisions) {
			return
		}
		for _, phase := range s.Programmes[a.Programme].Revisions[a.Revision-1].Notice {
			published = published || phase.Timing != domain.NoNotice
		}
	})
	var missing []string
	for _, f := range []struct{ name, value string }{{"issuer", c.Heading.Issuer}, {"phone", c.Heading.Phone}, {"how_to", c.Heading.HowTo}} {
		if f.value == "" {
			missing = append(missing, f.name)
		}
	}
	if published && len(missing) > 0 {
		fmt.Fprintf(os.Stderr, p.say("注意：公示前须有 %s；标题栏不能改，现在撤回重拟最省事\n", "note: to be published it must have %s; a heading is not changed, so draft it again now\n"), strings.Join(missing, ", "))
	}
}

// recordStream records the lines of a pipe as they come. The first that fails
// ends it: what follows may build on it.
func (p *program) recordStream(ctx context.Context, in io.Reader, name string, dry bool, metrics string) (err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // and with it what reads the lines
	o := newOps()
	if metrics != "" {
		serving, stop := context.WithCancel(ctx)
		_, wait, err := o.serve(serving, metrics)
		if err != nil {
			stop()
			return err
		}
		defer func() { stop(); err = errors.Join(err, wait()) }()
	}
	l, err := p.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	if elsewhere, ok := l.store.(interface {
		Away() (since time.Time, cause error)
	}); ok {
		o.followAway(elsewhere.Away)
	}
	o.setReady(nil)
	signers, err := p.signers(l.Ledger)
	if err != nil {
		return err
	}
	r := &runner{l: l.Ledger, signers: signers, dir: ".", docs: l.documents(), dry: dry, commanded: o.commanded, understood: p.tellRoster}
	l.View(func(s *domain.Ledger) { r.id = s.ID })
	lines := make(chan string)
	scanned := make(chan error, 1) // room for its one answer
	go func() {
		scan := bufio.NewScanner(in)
		scan.Buffer(make([]byte, 64<<10), maxScriptLine)
		for scan.Scan() {
			select {
			case lines <- scan.Text():
			case <-ctx.Done():
				return // and one that waits for a pipe ends with the process
			}
		}
		scanned <- scan.Err()
		close(lines)
	}()
	for n := 1; ; n++ {
		select {
		case line, more := <-lines:
			if !more {
				if err := <-scanned; err != nil {
					return &inputError{what: name, err: err}
				}
				return nil
			}
			if strings.TrimSpace(line) == "" {
				continue
			}
			where := fmt.Sprintf("%s:%d", name, n)
			in, err := parseInstruction(bytes.TrimSpace(p.rewrite(l.Ledger, []byte(line))), r.id)
			if err != nil {
				return &inputError{what: where, err: err}
			}
			if err := p.recordOne(ctx, r, in); err != nil {
				return fmt.Errorf("%s: %w", where, err)
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// rewrite puts commands in the place of numbers where a line has some; lines
// that are no JSON stay, for readScript to refuse.
func (p *program) rewrite(l *ledger.Ledger, text []byte) []byte {
	if !bytes.Contains(text, []byte(`"number"`)) {
		return text
	}
	lines := bytes.Split(text, []byte("\n"))
	for i, line := range lines {
		if !bytes.Contains(line, []byte(`"number"`)) {
			continue
		}
		if out, err := rewriteNumbers(line, func(n uint64) (ref domain.Ref, ok bool) {
			l.View(func(s *domain.Ledger) {
				var event uuid.UUID
				if event, ok = s.EventAt(n); ok {
					ref, ok = s.RefTo(event)
				}
			})
			return ref, ok
		}); err == nil {
			lines[i] = out
		}
	}
	return bytes.Join(lines, []byte("\n"))
}

func (p *program) sayRecorded(d recorded) {
	if p.json {
		text, _ := json.Marshal(d)
		fmt.Println(string(text))
		return
	}
	switch {
	case d.Would != nil:
		fmt.Printf(p.say("将会：%s → %s %v\n", "would: %s → %s %v\n"), d.Name, d.Stream, d.Would)
	case d.Repeated:
		fmt.Printf(p.say("已执行过：%s（序号 %v），未重复写入\n", "was done before: %s (numbers %v), nothing written again\n"), d.Name, d.Numbers)
	default:
		fmt.Printf(p.say("已记录：%s（序号 %v）→ %s\n", "recorded: %s (numbers %v) → %s\n"), d.Name, d.Numbers, d.Stream)
	}
}

// runner carries out instructions one after the other.
type runner struct {
	l       *ledger.Ledger
	id      uuid.UUID
	signers []ledger.Signer
	signer  func(officer uuid.UUID) (ledger.Signer, bool) // of a demonstration
	dir     string
	open    func(name string) ([]byte, error) // files beside the script
	dry     bool
	// rehearses says that l is a copy of the ledger, and journal the ledger itself:
	// what is opened stands in its vault's journal.
	rehearses bool
	journal   *ledger.Ledger
	docs      *documents.Store // where documents are kept
	// understood is shown each roster, with its errors, before anything is done
	// with it; nil: nobody.
	understood func(roster *sheets.Roster, dry bool) error
	// commanded is told of each command and its outcome; nil: nobody.
	commanded func(name string, repeated bool, err error)
}

func (r *runner) file(name string) ([]byte, error) {
	if r.open != nil {
		return r.open(name)
	}
	if !filepath.IsLocal(name) {
		return nil, &inputError{what: name, why: "not beside the script"}
	}
	root, err := os.OpenRoot(r.dir) // a link out of it leads nowhere
	if err != nil {
		return nil, err
	}
	defer root.Close()
	f, err := root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readRegular(f, max(documents.MaxSize, sheets.MaxFile)+1)
}

func (r *runner) run(ctx context.Context, in *instruction) ([]recorded, error) {
	if in.Do == importLines {
		return r.importLines(ctx, in)
	}
	if err := r.keepFiles(ctx, in); err != nil {
		return nil, err
	}
	o, err := in.order(r.id)
	if err != nil {
		return nil, err
	}
	if err := r.checkTags(ctx, in, o); err != nil {
		return nil, err
	}
	d, err := r.do(ctx, o, in)
	if err != nil {
		return nil, err
	}
	return []recorded{*d}, nil
}

func (r *runner) keys(o *domain.Order) []ledger.Signer {
	keys := r.signers
	if r.signer != nil {
		keys = nil
		for _, id := range []uuid.UUID{o.Actor, o.Second} {
			if s, ok := r.signer(id); ok {
				keys = append(keys, s)
			}
		}
	}
	return keys
}

func (r *runner) do(ctx context.Context, o *domain.Order, in *instruction) (*recorded, error) {
	name := domain.CommandName(o.Body)
	if r.dry {
		return r.try(ctx, o, in)
	}
	d, err := r.l.DoAt(ctx, o, in.At, r.keys(o)...)
	if r.commanded != nil {
		r.commanded(name, d != nil && d.Repeated, err)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	out := &recorded{Command: d.Command, Name: name, Stream: d.Stream, Numbers: d.Numbers, Repeated: d.Repeated}
	if r.rehearses && !d.Repeated {
		out.Would, out.Numbers = []string{}, nil
		r.l.View(func(s *domain.Ledger) {
			for _, n := range d.Numbers {
				out.Would = append(out.Would, s.TypeAt(n))
			}
		})
	}
	return out, nil
}

// try says what an order would lead to. It seals, so a key may be made that
// nobody needs, but no event is written.
func (r *runner) try(ctx context.Context, o *domain.Order, in *instruction) (*recorded, error) {
	d, err := r.l.TryAt(ctx, o, in.At, r.keys(o)...)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", domain.CommandName(o.Body), err)
	}
	out := &recorded{Command: o.ID, Name: domain.CommandName(o.Body), Stream: o.Stream(), Would: []string{}}
	if d == nil {
		out.Repeated, out.Would = true, nil
		return out, nil
	}
	for _, part := range d.Parts {
		for _, e := range part {
			out.Would = append(out.Would, domain.TypeOf(e))
		}
	}
	return out, nil
}

// sayName says of a name that another command has that it does.
func (r *runner) sayName(in *instruction, err error) error {
	if in.As == "" || !errors.Is(err, domain.OtherContent) {
		return err
	}
	numbers := ""
	r.l.View(func(s *domain.Ledger) {
		if e := s.Effect(commandNamed(r.id, in.As)); e != nil && len(e.Events) > 0 {
			if n, ok := s.Number(e.Events[0]); ok {
				numbers = cite(n)
			}
		}
	})
	return fmt.Errorf("名称 “%s” 已用于 / the name is in use for %s: %w", in.As, numbers, err)
}

// named reads an id, or a name as scripts have it: "@NAME/thing".
func (r *runner) named(flag, text string) (uuid.UUID, error) {
	if rest, ok := strings.CutPrefix(text, "@"); ok {
		name, thing, has := strings.Cut(rest, "/")
		id := commandNamed(r.id, name)
		if has {
			id = domain.Made(id, thing)
		}
		return id, nil
	}
	if n, err := parseNumber(text); err == nil {
		var id uuid.UUID
		r.l.View(func(s *domain.Ledger) {
			if _, ok := s.EventAt(n); ok {
				_, id, _ = domain.SplitStream(s.StreamAt(n))
			}
		})
		if id != (uuid.UUID{}) {
			return id, nil
		}
	}
	id, err := uuid.Parse(text)
	if err != nil {
		return id, &inputError{what: flag, why: fmt.Sprintf("%q 不是编号、事件序号或 @名称/事物 / is no id, number of an event, or @NAME/thing", text)}
	}
	return id, nil
}
