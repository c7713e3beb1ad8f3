package main

import (
	"bytes"
	"context"
	"encoding/base64"
	stdjson "encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/eventstore"
	"reliefledger.org/ledger/eventstore/codec"
	"reliefledger.org/ledger/eventstore/vault"
	"reliefledger.org/ledger/eventstore/vault/documents"
)

const documentsFolder = "documents"

// documents are the files of a ledger, encrypted in its folder.
func (o *opened) documents() *documents.Store {
	var id uuid.UUID
	o.View(func(s *domain.Ledger) { id = s.ID })
	return documents.Open(filepath.Join(o.program.data, documentsFolder), id, o.vault)
}

// takesFiles are the commands in which a document may stand, and where the one
// goes that is given with --file.
var takesFiles = map[string][]string{
	"record-receipt": {"document"}, "review-notice": {"file"}, "issue-document": {"document", "file"},
	"publish-notice": nil, "draft-notice": nil, "define-programme": nil, "revise-programme": nil,
}

// fileGiven is a document in the content of an instruction: {"file":"扫描.pdf"} in
// the place of its tag.
type fileGiven struct {
	name string
	set  func(tag string)
}

// noTag stands in the place of a document until that is kept.
var noTag = base64.StdEncoding.EncodeToString(make([]byte, 32))

// findFiles takes the documents out of an instruction's content.
func (in *instruction) findFiles() error {
	if _, ok := takesFiles[in.Do]; !ok || !bytes.Contains(in.Content, []byte(`"file"`)) {
		return nil
	}
	dec := stdjson.NewDecoder(bytes.NewReader(in.Content))
	dec.UseNumber()
	if err := dec.Decode(&in.tree); err != nil {
		return err
	}
	var walk func(v any)
	walk = func(v any) {
		switch x := v.(type) {
		case map[string]any:
			for _, key := range sortedKeys(x) {
				of, ok := x[key].(map[string]any)
				name, given := of["file"].(string)
				if !ok || !given || len(of) != 1 || !slices.Contains([]string{"document", "file", "picture"}, key) {
					walk(x[key])
					continue
				}
				x[key] = noTag
				in.files = append(in.files, fileGiven{name, func(tag string) { x[key] = tag }})
			}
		case []any:
			for _, each := range x {
				walk(each)
			}
		}
	}
	walk(in.tree)
	return in.putFiles()
}

// putFiles writes the content again, with what stands in the documents' places.
func (in *instruction) putFiles() (err error) {
	if len(in.files) > 0 {
		in.Content, err = stdjson.Marshal(in.tree)
	}
	return err
}

// readFile reads a document and refuses one that is not taken.
func (r *runner) readFile(name string) ([]byte, error) {
	text, err := r.file(name)
	if err == nil {
		_, err = documents.Check(text)
	}
	if err != nil {
		return nil, &inputError{what: name, err: err}
	}
	return text, nil
}

// checkFiles refuses documents that would be refused, before anything is done.
func (r *runner) checkFiles(in *instruction) error {
	for _, f := range in.files {
		if _, err := r.readFile(f.name); err != nil {
			return err
		}
	}
	return nil
}

// keepFiles keeps the documents of an instruction and puts their tags in their
// places: before the order is signed, so that they are signed too, and before it
// is decided. What a refused order leaves behind no event names; see `audit
// documents`.
func (r *runner) keepFiles(ctx context.Context, in *instruction) error {
	if len(in.files) == 0 || r.dry {
		return r.checkFiles(in)
	}
	o, err := in.order(r.id)
	if err != nil {
		return err
	}
	_, of, ok := domain.SplitStream(o.Stream())
	if !ok || r.docs == nil {
		return &inputError{what: in.Do, why: "no case for its documents"}
	}
	var gone error
	r.l.View(func(s *domain.Ledger) { gone = s.Refused(of) })
	if gone != nil {
		return gone
	}
	for _, f := range in.files {
		text, err := r.readFile(f.name)
		if err != nil {
			return err
		}
		tag, err := r.docs.Put(ctx, of, text)
		if err != nil {
			return fmt.Errorf("keep %s: %w", f.name, err)
		}
		f.set(base64.StdEncoding.EncodeToString(tag))
	}
	return in.putFiles()
}

// checkTags refuses a document that is named by a tag and is not there, or is
// another case's: it would count as evidence.
func (r *runner) checkTags(ctx context.Context, in *instruction, o *domain.Order) error {
	if _, ok := takesFiles[in.Do]; !ok || r.docs == nil || r.dry {
		return nil
	}
	d, err := r.l.TryAt(ctx, o, in.At, r.keys(o)...)
	if err != nil || d == nil {
		return nil // it is refused, or was done before
	}
	_, of, _ := domain.SplitStream(d.Stream)
	for _, part := range d.Parts {
		for _, e := range part {
			for _, tag := range domain.Documents(e) {
				if _, err := r.docs.Unseal(ctx, of, tag); err != nil {
					return &inputError{what: in.Do, why: fmt.Sprintf("没有这份文件，请用 {\"file\":…} 给出文件 / there is no such document, give the file with {\"file\":...} (%v)", err)}
				}
			}
		}
	}
	return nil
}

// withFile puts the document of --file into the content of a command.
func withFile(command, content, file string) (string, error) {
	at := takesFiles[command]
	if at == nil {
		var names []string
		for _, name := range sortedKeys(takesFiles) {
			if takesFiles[name] != nil {
				names = append(names, name)
			}
		}
		return "", &inputError{what: "--file", why: command + "：只用于 / is for " + strings.Join(names, ", ")}
	}
	var tree map[string]any
	dec := stdjson.NewDecoder(strings.NewReader(content))
	dec.UseNumber()
	if err := dec.Decode(&tree); err != nil || tree == nil {
		return "", &inputError{what: "--content", err: fmt.Errorf("not a JSON object: %w", err)}
	}
	into := tree
	for _, key := range at[:len(at)-1] {
		next, ok := into[key].(map[string]any)
		if !ok {
			return "", &inputError{what: "--content", why: key + " is missing"}
		}
		into = next
	}
	into[at[len(at)-1]] = map[string]any{"file": file}
	text, err := stdjson.Marshal(tree)
	return string(text), err
}

// removeErased removes the documents of cases that were erased: without their
// keys they are noise.
func (o *opened) removeErased(ctx context.Context) error {
	var streams []string
	o.View(func(s *domain.Ledger) {
		for _, e := range s.Erasures {
			if kind, _, _ := domain.SplitStream(e.Stream); kind != domain.PartyKind {
				streams = append(streams, e.Stream)
			}
		}
	})
	if len(streams) == 0 {
		return nil
	}
	// A tag that somebody wrote into another case's event is that one's too.
	all, err := o.namedDocuments(ctx)
	if err != nil {
		return err
	}
	kept := map[string]bool{}
	o.View(func(s *domain.Ledger) {
		for _, d := range all {
			if !s.Erased(d.of) {
				kept[string(d.tag)] = true
			}
		}
	})
	for _, stream := range streams {
		for raw, err := range o.store.ReadStream(ctx, stream, 0, eventstore.Forwards) {
			if err != nil {
				return err
			}
			if r, err := codec.Decode(raw, 0); err == nil && r.Event != nil {
				tags := slices.DeleteFunc(domain.Documents(r.Event), func(tag []byte) bool { return kept[string(tag)] })
				if err := o.documents().Remove(tags...); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// namedDocument is a document that an event names.
type namedDocument struct {
	number uint64
	event  *domain.Recorded
	of     uuid.UUID // the case
	tag    []byte
	heldBy string // where it is, if it is not here
}

// namedDocuments goes through all events that name documents, or say where one
// is held.
func (o *opened) namedDocuments(ctx context.Context) ([]namedDocument, error) {
	var list []namedDocument
	number := uint64(0)
	for raw, err := range o.store.ReadAll(ctx, eventstore.Position{}, eventstore.Forwards) {
		if err != nil {
			return nil, err
		}
		n := number
		number++
		r, err := codec.Decode(raw, n)
		if err != nil || r.Event == nil {
			continue // named by every report
		}
		_, of, _ := domain.SplitStream(r.Stream)
		for _, tag := range domain.Documents(r.Event) {
			list = append(list, namedDocument{number: n, event: r, of: of, tag: tag})
		}
		if e, ok := r.Event.(*domain.ReceiptRecorded); ok && len(e.Document) == 0 && e.HeldBy != "" {
			list = append(list, namedDocument{number: n, event: r, of: of, heldBy: e.HeldBy})
		}
	}
	return list, nil
}

func (p *program) verifyCommand() *cobra.Command {
	c := &cobra.Command{Use: "verify", Short: p.say("核实", "verify"), Args: cobra.NoArgs, RunE: func(c *cobra.Command, _ []string) error { return c.Help() }}
	c.AddCommand(&cobra.Command{
		Use:     "receipt FILE",
		Short:   p.say("这份文件是不是账上所附的：是（列出事件）或否（退出码 6）", "whether this very file is a document of the ledger: yes, with the events that name it, or no (exit code 6)"),
		Aliases: []string{"document"},
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.withAsker(cmd.Context(), "verify receipt", func(a *asker) error { return p.verifyDocument(cmd.Context(), a.l, args[0]) })
		},
	})
	return c
}

func (p *program) verifyDocument(ctx context.Context, l *opened, file string) error {
	text, err := readUpTo(file, documents.MaxSize+1)
	if err != nil {
		return &inputError{what: file, err: err}
	}
	list, err := l.namedDocuments(ctx)
	if err != nil {
		return err
	}
	docs, tags := l.documents(), map[uuid.UUID][]byte{}
	numbers := []uint64{}
	for _, d := range list {
		if d.tag == nil {
			continue
		}
		if _, known := tags[d.of]; !known {
			tag, err := docs.Tag(ctx, d.of, text)
			if err != nil && !errors.Is(err, vault.ErrKeyGone) {
				return err
			}
			tags[d.of] = tag
		}
		if tags[d.of] != nil && bytes.Equal(tags[d.of], d.tag) {
			numbers = append(numbers, d.number)
		}
	}
	if p.json {
		if err := writeJSON(os.Stdout, map[string]any{"file": file, "found": len(numbers) > 0, "events": numbers}); err != nil {
			return err
		}
	} else if len(numbers) > 0 {
		fmt.Printf(p.say("是：账上所附的正是此文件 %s\n", "yes: this very file is named by %s\n"), cites(numbers))
	} else {
		fmt.Println(p.say("否：账上没有此文件（改动一个字节也算另一份）", "no: no event names this file (one byte changed makes another)"))
	}
	if len(numbers) == 0 {
		return saidError{errUnproven}
	}
	return nil
}

func cites(numbers []uint64) string {
	var b strings.Builder
	for _, n := range numbers {
		b.WriteString(cite(n))
	}
	return b.String()
}

// documentCommand is `show document`.
func (p *program) documentCommand() *cobra.Command {
	var out string
	var which int
	var force bool
	c := &cobra.Command{
		Use:   "document NUMBER",
		Short: p.say("取出某事件所附的文件", "take out the document that an event names"),
		Long: p.say(`须出示经办人密钥（财务、审计或隐私专员，按单位）和理由；记入保险库日志。一个事件附有几份时用 --which 指明。`,
			`Give the key of an officer of the unit (finance, auditor or privacy officer) and a reason; it stands in the vault's
journal. Of an event that names several say which with --which.`),
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.withAsker(cmd.Context(), "show document", func(a *asker) error {
				return p.showDocument(cmd.Context(), a, args[0], which, out, force)
			})
		},
	}
	c.Flags().StringVar(&out, "out", "", "the file to write 输出文件 (required)")
	c.Flags().IntVar(&which, "which", 0, "which one of several, from 1 第几份")
	c.Flags().BoolVar(&force, "force", false, "overwrite it 覆盖")
	_ = c.MarkFlagRequired("out")
	return c
}

func (p *program) showDocument(ctx context.Context, a *asker, which string, no int, out string, force bool) error {
	if err := p.vacant(out, force); err != nil {
		return err
	}
	if err := a.reason(p); err != nil {
		return err
	}
	n, err := p.eventNumber(which)
	if err != nil {
		return err
	}
	raw, unit, err := p.eventAt(ctx, a.l, n)
	if err != nil {
		return err
	}
	r, err := codec.Decode(raw, n)
	if err != nil {
		return err
	}
	tags := domain.Documents(r.Event)
	switch {
	case len(tags) == 0:
		return &inputError{what: which, why: p.say("该事件没有附文件", "that event names no document")}
	case no == 0 && len(tags) > 1 || no < 0 || no > len(tags):
		return &inputError{what: "--which", why: fmt.Sprintf(p.say("该事件附有 %d 份文件", "that event names %d documents"), len(tags))}
	}
	if err := a.office(unit, "document"); err != nil {
		return err
	}
	_, of, _ := domain.SplitStream(r.Stream)
	what := openedFor{}
	what.add(of, fmt.Sprintf("document of event %d", n))
	if err := a.note(ctx, unit, what); err != nil {
		return err
	}
	text, err := a.l.documents().Unseal(ctx, of, tags[max(no, 1)-1])
	if errors.Is(err, vault.ErrKeyGone) {
		return &inputError{what: which, why: p.say("该案卷已删除，文件不能再打开", "the case was erased: its documents open no more")}
	}
	if err != nil {
		return err
	}
	if err := p.writeOut(out, text, force); err != nil {
		return err
	}
	if p.json {
		return writeJSON(os.Stdout, map[string]any{"file": out, "bytes": len(text)})
	}
	p.people("已写入 %s：%d 字节\n", "wrote %s: %d bytes\n", out, len(text))
	return nil
}

// auditedDocument is what `audit documents` says of one.
type auditedDocument struct {
	Number uint64 `json:"number"`
	Type   string `json:"type"`
	Stream string `json:"stream"`
	State  string `json:"state"` // whole, missing, altered, erased, held-elsewhere
	Why    string `json:"why,omitempty"`
}

func (p *program) auditDocuments(ctx context.Context) (err error) {
	l, err := p.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	list, err := l.namedDocuments(ctx)
	if err != nil {
		return err
	}
	docs, counts := l.documents(), map[string]int{}
	known, said := map[string]bool{}, []auditedDocument{}
	for _, d := range list {
		a := auditedDocument{Number: d.number, Type: domain.TypeOf(d.event.Event), Stream: d.event.Stream, State: "whole", Why: d.heldBy}
		if d.tag == nil {
			a.State = "held-elsewhere"
		} else {
			known[string(d.tag)] = true
			_, err := docs.Unseal(ctx, d.of, d.tag)
			var missing *documents.Missing
			var altered *documents.Altered
			switch {
			case err == nil:
			case errors.Is(err, vault.ErrKeyGone):
				a.State = "key-gone"
				l.View(func(s *domain.Ledger) {
					if s.Erased(d.of) {
						a.State = "erased"
					}
				})
			case errors.As(err, &missing):
				a.State = "missing"
			case errors.As(err, &altered):
				a.State, a.Why = "altered", altered.Why
			default:
				return err
			}
		}
		if counts[a.State]++; a.State != "whole" {
			said = append(said, a)
		}
	}
	tags, other, err := docs.Tags()
	if err != nil {
		return err
	}
	unused := 0
	for _, tag := range tags {
		if !known[string(tag)] {
			unused++
		}
	}
	bad := counts["missing"] + counts["altered"] + counts["key-gone"]
	if p.json {
		if err := writeJSON(os.Stdout, map[string]any{"documents": len(known), "counts": counts, "unused": unused, "strange": len(other), "named": said}); err != nil {
			return err
		}
	} else {
		t := newTable(p.say("序号", "number"), p.say("事件", "event"), p.say("状态", "state"), p.say("说明", "why")).figures(0)
		for _, a := range said {
			mark := yellow
			if a.State == "missing" || a.State == "altered" || a.State == "key-gone" {
				mark = red
			}
			t.row(fmt.Sprint(a.Number), a.Type, colour(mark, p.sayState(a.State)), printable(a.Why))
		}
		if len(said) > 0 {
			if err := p.tell(t); err != nil {
				return err
			}
		}
		fmt.Printf(p.say("账上附有文件 %d 次：完好 %d，缺失 %d，改动 %d，密钥不在 %d，已删除 %d；存放他处（缺失凭证）%d；无事件引用的文件 %d，异物 %d\n",
			"documents named %d times: whole %d, missing %d, altered %d, without their key %d, erased %d; held elsewhere (missing evidence) %d; files that no event names %d, strange files %d\n"),
			len(list)-counts["held-elsewhere"], counts["whole"], counts["missing"], counts["altered"], counts["key-gone"], counts["erased"], counts["held-elsewhere"], unused, len(other))
	}
	if bad > 0 {
		return saidError{errUnproven}
	}
	return nil
}

func (p *program) sayState(state string) string {
	if p.lang() == domain.En {
		return state
	}
	return map[string]string{"missing": "缺失", "altered": "被改动", "erased": "已删除", "held-elsewhere": "存放他处", "key-gone": "密钥不在"}[state]
}
