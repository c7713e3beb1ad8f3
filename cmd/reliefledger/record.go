package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"reliefledger.org/ledger/cmd/internal/office"
	"reliefledger.org/ledger/cmd/internal/ops"
	"reliefledger.org/ledger/cmd/internal/words"
	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/eventstore/vault/documents"
)

// maxScript bounds a file of commands, in bytes: it is read whole before anything is done.
const maxScript = 1 << 30

// recordFlags are the flags of `record`.
type recordFlags struct {
	file, content, date, as, by, campaign, metrics string
	dry, list, describe                            bool
	patience                                       time.Duration
}

func recordCommand(p *program) *cobra.Command {
	var r recordFlags
	c := &cobra.Command{
		Use:   "record [COMMAND]",
		Short: p.say("记录命令：来自参数，或 JSON 行（--file，- 为标准输入）", "record orders: one from flags, or JSON lines from a file"),
		Long: p.say(`文件先整份读完并检查，再逐条记录；标准输入（--file -）则来一行、记一行、答一行，直到结束。
同名（as）命令重发只有一次效力，因此任何中断之后都可以原样重发。结果未知的（事件库换主、断线）在 --patience 内自动重发，
仍未知才以退出码 9 结束。`,
			`A file is read and checked as a whole before anything is recorded. Standard input (--file -) is
recorded line by line as it comes, each with its answer, until it ends. A command sent again under
the same name ("as") has one effect, so after any break the same may be sent again. What has an unknown
outcome (a store elsewhere changed its leader, a line broke) is sent again by itself while --patience
lasts; only then it ends with exit code 9.`),
		Example: `  reliefledger record --key me.key --file january.jsonl
  reliefledger record receipt --key me.key --date 2023-01-20 --file 签领表.pdf --content '{"allocation":"…","kind":"签领表","batch":1}'
  reliefledger record receive-funds --key me.key --date 2023-01-03 --content '{"fund":"…","source":{"kind":"union","level":"county","name":"县总工会"},"amount":"1300.00"}'`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 && args[0] == "receipt" {
				args[0] = "record-receipt"
			}
			switch {
			case r.list:
				return listCommands(p)
			case r.describe && len(args) == 1:
				return office.Describe(os.Stdout, args[0], p.lang())
			case r.metrics != "" && r.file != "-":
				return office.Input("--metrics", "只用于 --file -", "is for --file - only")
			case len(args) == 1:
				return r.one(p, cmd.Context(), args[0])
			case r.file == "-":
				return r.stream(p, cmd.Context(), os.Stdin, "stdin")
			case r.file != "":
				return r.script(p, cmd.Context())
			}
			return &office.UsageError{Err: errors.New("record COMMAND --content … , or record --file FILE")}
		},
	}
	f := c.Flags()
	f.StringVarP(&r.file, "file", "f", "", "JSON lines; with a COMMAND: its document 命令文件；给出命令时为所附文件")
	f.StringVar(&r.content, "content", "{}", "content of the command 命令内容")
	f.StringVar(&r.date, "date", "", "business date 记账日期")
	f.StringVar(&r.as, "as", "", "name of the command, for sending it again 命令名")
	f.StringVar(&r.by, "by", "", "officer who acts; default: the owner of the first --key 经办人")
	f.StringVar(&r.campaign, "campaign", "", "campaign 活动")
	f.StringVar(&r.metrics, "metrics", "", "with --file -: address of /metrics, /livez, /readyz 监控地址")
	f.BoolVar(&r.list, "commands", false, "list the commands and their roles 列出命令与职责")
	f.BoolVar(&r.describe, "describe", false, "say which fields a command has 列出命令的内容字段")
	f.DurationVar(&r.patience, "patience", time.Minute, "for how long what has an unknown outcome is sent again 结果未知时自动重发的时长")
	f.BoolVar(&r.dry, "dry-run", false, "say what would happen, write nothing 试运行")
	return c
}

// working opens the ledger for a session that sends again what has an unknown outcome.
func (r *recordFlags) working(p *program, ctx context.Context, do func(*office.Session) error) error {
	return p.working(ctx, func(s *office.Session) error {
		s.Patience = r.patience
		s.Waiting = func(err error, left time.Duration) {
			p.note("结果未知，自动重发（还将尝试 %.0f 秒）：%v\n", "the outcome is unknown, sending it again (for %.0f s more): %v\n", left.Seconds(), err)
		}
		return do(s)
	})
}

// one records one command from flags.
func (r *recordFlags) one(p *program, ctx context.Context, command string) error {
	return r.working(p, ctx, func(s *office.Session) error {
		in, err := r.instruction(s, command)
		if err != nil {
			return fmt.Errorf("flags:1: %w", err)
		}
		return recordAll(p, ctx, s, []*office.Instruction{in}, []string{"flags:1"}, r.dry)
	})
}

func (r *recordFlags) instruction(s *office.Session, command string) (*office.Instruction, error) {
	in := &office.Instruction{As: r.as, Order: &domain.Order{}}
	s.Files = office.FilesIn(".")
	if strings.TrimSpace(r.content) == "" {
		return nil, office.Input("--content", "为空（无内容写 {}）", "is empty (write {} for nothing)")
	}
	if err := s.Lines().Content(in, command, []byte(r.content)); err != nil {
		return nil, err
	}
	if r.file != "" {
		s.Files = func(name string) ([]byte, error) { return office.ReadUpTo(name, documents.MaxSize+1) }
		if err := in.AttachGiven(r.file); err != nil {
			return nil, err
		}
	}
	var err error
	if r.date != "" { // else the domain says that it is missing
		if in.Order.Date, err = domain.ParseDay(r.date); err != nil {
			return nil, office.InputErr("--date", err)
		}
	}
	if r.by != "" {
		if in.Order.Actor, err = s.FindFor(words.By, domain.OfficerKind, r.by); err != nil {
			return nil, err
		}
	}
	if r.campaign != "" {
		if in.Order.Campaign, err = s.FindFor(words.Campaign, domain.CampaignKind, r.campaign); err != nil {
			return nil, err
		}
	}
	return in, nil
}

// script records a file of commands. Everything is read before anything is written:
// a torn file changes nothing.
func (r *recordFlags) script(p *program, ctx context.Context) error {
	text, err := office.ReadUpTo(r.file, maxScript+1)
	if err != nil {
		return office.InputErr(r.file, err)
	}
	if len(text) > maxScript {
		return office.Input(r.file, "文件过大", "the file is too large")
	}
	return r.working(p, ctx, func(s *office.Session) error {
		s.Files = office.FilesIn(filepath.Dir(r.file))
		var all []*office.Instruction
		var where []string
		if err := s.Lines().ReadAll(bytes.NewReader(text), r.file, func(in *office.Instruction, at string) error {
			all, where = append(all, in), append(where, at)
			return s.CheckDocuments(in)
		}); err != nil {
			return err
		}
		if len(all) == 0 {
			return office.Input(r.file, "没有命令", "no commands")
		}
		return recordAll(p, ctx, s, all, where, r.dry)
	})
}

// recordAll carries out instructions one after the other. Several that are tried are
// carried out in a copy of the ledger, so that a later one finds what it builds on.
func recordAll(p *program, ctx context.Context, s *office.Session, all []*office.Instruction, where []string, dry bool) (err error) {
	s.Dry = dry
	if dry && len(all) > 1 {
		copied, failed := s.Rehearse(ctx)
		if failed != nil {
			return failed
		}
		if copied != nil {
			defer func() { err = errors.Join(err, copied.Close()) }()
			s.Office, s.Dry = copied, false
		}
	}
	for i, in := range all {
		if err := recordOne(p, ctx, s, in); err != nil {
			if i > 0 && !p.json && !dry {
				p.note("前 %d 条已记录，其后的未记录；改正后整份重发，不会重复\n", "the first %d are recorded, what follows is not; mend it and send the whole file again, nothing is done twice\n", i)
			}
			return fmt.Errorf("%s: %w", where[i], err)
		}
	}
	return nil
}

// recordOne carries out one instruction and says what became of it.
func recordOne(p *program, ctx context.Context, s *office.Session, in *office.Instruction) error {
	done, err := s.Do(ctx, in)
	if err != nil {
		return err
	}
	p.result(done)
	if gaps := s.HeadingGaps(in); len(gaps) > 0 {
		p.note("注意：公示前须有 %s；标题栏不能改，现在撤回重拟最省事\n", "note: to be published it must have %s; a heading is not changed, so draft it again now\n", strings.Join(gaps, ", "))
	}
	return nil
}

// stream records the lines of a pipe as they come. The first that fails ends it: what
// follows may build on it.
func (r *recordFlags) stream(p *program, ctx context.Context, in io.Reader, name string) (err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // and with it what reads the lines
	o := ops.New()
	if r.metrics != "" {
		serving, stop := context.WithCancel(ctx)
		_, wait, failed := o.Serve(serving, r.metrics)
		if failed != nil {
			stop()
			return failed
		}
		defer func() { stop(); err = errors.Join(err, wait()) }()
	}
	return r.working(p, ctx, func(s *office.Session) error {
		if elsewhere, ok := s.Store().(interface {
			Away() (since time.Time, cause error)
		}); ok {
			o.FollowAway(elsewhere.Away)
		}
		o.SetReady(nil)
		s.Files, s.Dry, s.Commanded = office.FilesIn("."), r.dry, o.Commanded
		return recordLines(p, ctx, s, in, name)
	})
}

func recordLines(p *program, ctx context.Context, s *office.Session, in io.Reader, name string) error {
	lines := make(chan string)
	scanned := make(chan error, 1) // room for its one answer
	go func() {
		scan := bufio.NewScanner(in)
		scan.Buffer(make([]byte, 64<<10), office.MaxLine)
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
					return office.InputErr(name, err)
				}
				return nil
			}
			if strings.TrimSpace(line) == "" {
				continue
			}
			where := fmt.Sprintf("%s:%d", name, n)
			in, err := s.Lines().Read(bytes.TrimSpace([]byte(line)))
			if err != nil {
				return office.InputErr(where, err)
			}
			if err := recordOne(p, ctx, s, in); err != nil {
				return fmt.Errorf("%s: %w", where, err)
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
