package office

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"

	"reliefledger.org/ledger/cmd/internal/words"
	"reliefledger.org/ledger/domain"
)

// A script is instructions as text, one JSON object a line:
//
//	{"as":"fund","do":"establish-fund","by":"@accountant/officer","at":"2023-01-03T09:00:00+08:00",
//	 "date":"2023-01-03","content":{"unit":"@open/unit","name":"送温暖资金","earmark":["relief"]}}
//
// "as" names the command: its id is v5 of the ledger's id and the name, so that the
// same script sent twice has one effect. Where an id is wanted "@NAME" stands for
// that of a command, "@NAME/thing" for that of a thing that it made; "@@" begins a
// text that begins with "@". An earlier entry may be named by its number,
// {"number":123}, and a document by its file, {"file":"扫描.pdf"}. "at" is when a
// simulated ledger records it.
type line struct {
	As        string         `json:"as"`
	Do        string         `json:"do"`
	By        uuid.UUID      `json:"by"`
	At        time.Time      `json:"at"`
	Date      domain.Day     `json:"date"`
	Happened  *domain.Span   `json:"happened"`
	DoneBy    uuid.UUID      `json:"done_by"`
	Campaign  uuid.UUID      `json:"campaign"`
	Replaces  *domain.Ref    `json:"replaces"`
	Irregular []domain.Claim `json:"irregular"`
	Second    uuid.UUID      `json:"second"`
	Content   jsontext.Value `json:"content"`
	Comment   string         `json:"#"`
}

// MaxLine is how many bytes a line of a script has at most; a longer one is
// refused.
const MaxLine = 16 << 20

// Lines reads a script line by line. Its names are those of one ledger.
type Lines struct {
	Ledger uuid.UUID
	// Entry finds the entry with a number, as a command may name it; nil: none is
	// found.
	Entry func(number uint64) (domain.Ref, bool)
}

// Lines reads scripts for this ledger.
func (o *Office) Lines() Lines {
	return Lines{Ledger: o.ID(), Entry: func(n uint64) (ref domain.Ref, ok bool) {
		o.State(func(s *domain.Ledger) {
			var event uuid.UUID
			if event, ok = s.EventAt(n); ok {
				ref, ok = s.RefTo(event)
			}
		})
		return ref, ok
	}}
}

// ReadAll reads all instructions of a script. Blank lines are skipped. An error
// names the line.
func (x Lines) ReadAll(r io.Reader, name string, each func(in *Instruction, where string) error) error {
	scan := bufio.NewScanner(r)
	scan.Buffer(make([]byte, 64<<10), MaxLine)
	for n := 1; scan.Scan(); n++ {
		text := bytes.TrimSpace(scan.Bytes())
		if len(text) == 0 {
			continue
		}
		where := fmt.Sprintf("%s:%d", name, n)
		in, err := x.Read(text)
		if err != nil {
			return InputErr(where, err)
		}
		if err := each(in, where); err != nil {
			return fmt.Errorf("%s: %w", where, err)
		}
	}
	if err := scan.Err(); err != nil {
		return InputErr(name, err)
	}
	return nil
}

// Read reads one line: each part of it once, into what it is.
func (x Lines) Read(text []byte) (*Instruction, error) {
	if err := checkText(text); err != nil {
		return nil, err
	}
	in := &Instruction{}
	var l line
	if err := json.Unmarshal(text, &l, json.RejectUnknownMembers(true), x.values(nil)); err != nil {
		return nil, plainly(err)
	}
	if l.Do == "" {
		return nil, words.Errorf("缺少“do”：做什么", "no \"do\": what is to be done")
	}
	in.As, in.At = l.As, l.At
	in.Order = &domain.Order{Actor: l.By, Date: l.Date, Happened: l.Happened, DoneBy: l.DoneBy, Campaign: l.Campaign, Replaces: l.Replaces, Irregular: l.Irregular, Second: l.Second}
	if err := x.content(in, l.Do, l.Content); err != nil {
		return nil, err
	}
	in.withName(x.Ledger)
	return in, nil
}

// Content reads the content of a command into an instruction, where no script has the rest of it.
func (x Lines) Content(in *Instruction, do string, content []byte) error {
	if err := checkText(content); err != nil {
		return InputErr("content", err)
	}
	return x.content(in, do, content)
}

func (x Lines) content(in *Instruction, do string, content []byte) error {
	if do == ImportLines {
		in.Roster = &RosterImport{}
		if err := json.Unmarshal(content, in.Roster, json.RejectUnknownMembers(true), x.values(nil)); err != nil {
			return InputErr("content", plainly(err))
		}
		return nil
	}
	body, ok := domain.NewCommand(do)
	if !ok {
		return NoCommand("do", do)
	}
	into := in
	if !takesDocuments[do] {
		into = nil
	}
	if len(content) > 0 {
		if err := json.Unmarshal(content, body, json.RejectUnknownMembers(true), x.values(into)); err != nil {
			return InputErr("content", plainly(err))
		}
	}
	in.Order.Body = body
	return nil
}

// values reads what a script may write otherwise than the domain does: names for
// ids, numbers for entries, files for documents, which are attached to in; nil: no
// document may stand here.
func (x Lines) values(in *Instruction) json.Options {
	var options json.Options
	readers := []*json.Unmarshalers{
		json.UnmarshalFromFunc(func(d *jsontext.Decoder, id *uuid.UUID) error {
			if d.PeekKind() != '"' {
				return errors.ErrUnsupported
			}
			token, err := d.ReadToken()
			if err != nil {
				return err
			}
			*id, err = x.id(token.String())
			return err
		}),
		json.UnmarshalFromFunc(func(d *jsontext.Decoder, s *string) error {
			if d.PeekKind() != '"' {
				return errors.ErrUnsupported
			}
			token, err := d.ReadToken()
			*s = unescape(token)
			return err
		}),
		json.UnmarshalFromFunc(func(d *jsontext.Decoder, p *domain.Personal) error {
			if d.PeekKind() != '"' {
				return errors.ErrUnsupported
			}
			token, err := d.ReadToken()
			*p = domain.Plainly(unescape(token))
			return err
		}),
		json.UnmarshalFromFunc(func(d *jsontext.Decoder, ref *domain.Ref) error {
			if d.PeekKind() != '{' {
				return errors.ErrUnsupported
			}
			var named struct {
				Number  *uint64   `json:"number"`
				Command uuid.UUID `json:"command"`
				Row     int       `json:"row"`
			}
			if err := json.UnmarshalDecode(d, &named, options); err != nil {
				return err
			}
			if named.Number == nil {
				*ref = domain.Ref{Command: named.Command, Row: named.Row}
				return nil
			}
			found := false
			if x.Entry != nil && named.Command == (uuid.UUID{}) && named.Row == 0 {
				*ref, found = x.Entry(*named.Number)
			}
			if !found {
				return words.Errorf("〔%d〕不是命令可以引用的事件", "no entry with number %d that a command could name", *named.Number)
			}
			return nil
		}),
	}
	if in != nil {
		readers = append(readers, json.UnmarshalFromFunc(func(d *jsontext.Decoder, tag *[]byte) error {
			if d.PeekKind() != '{' {
				return errors.ErrUnsupported
			}
			var file struct {
				File string `json:"file"`
			}
			if err := json.UnmarshalDecode(d, &file, options); err != nil {
				return err
			}
			*tag = in.Attach(file.File, nil)
			return nil
		}))
	}
	options = json.JoinOptions(json.RejectUnknownMembers(true), json.WithUnmarshalers(json.JoinUnmarshalers(readers...)))
	return options
}

// id reads an id, or a name that stands for one.
func (x Lines) id(text string) (uuid.UUID, error) {
	name, named := strings.CutPrefix(text, "@")
	if !named {
		id, err := uuid.Parse(text)
		if err != nil {
			return id, words.Errorf("%q 不是编号，也不是 @名称/事物", "%q is no id and no @NAME/thing", text)
		}
		return id, nil
	}
	name, thing, has := strings.Cut(name, "/")
	id := CommandNamed(x.Ledger, name)
	if has {
		id = domain.Made(id, thing)
	}
	return id, nil
}

// unescape reads a text: "@@" begins one that begins with "@".
func unescape(token jsontext.Token) string {
	s := token.String()
	if strings.HasPrefix(s, "@@") {
		return s[1:]
	}
	return s
}

// checkText refuses what a name or a title could smuggle in that a terminal obeys.
func checkText(text []byte) error {
	d := jsontext.NewDecoder(bytes.NewReader(text))
	for {
		token, err := d.ReadToken()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return plainly(err)
		}
		if token.Kind() != '"' {
			continue
		}
		if i := strings.IndexFunc(token.String(), isControl); i >= 0 {
			return words.Errorf("%s：含控制字符（%U）", "%s: a control character (%U)", d.StackPointer(), []rune(token.String()[i:])[0])
		}
	}
}

func isControl(r rune) bool {
	return unicode.IsControl(r) && r != '\n' || r == '\u2028' || r == '\u202e'
}

// NoCommand says that there is no command of a name, and which it may have meant.
func NoCommand(where, name string) error {
	like := near(name)
	return Input(where, "%q：没有这个命令；有：%s", "%q: no such command; there are %s", name, strings.Join(like, ", "))
}

// near lists the commands that a wrong name may have meant, or all.
func near(name string) []string {
	var like []string
	for _, n := range domain.CommandNames() {
		for _, part := range strings.Split(name, "-") {
			if part != "" && slices.Contains(strings.Split(n, "-"), part) {
				like = append(like, n)
				break
			}
		}
	}
	if len(like) == 0 {
		like = domain.CommandNames()
	}
	return like
}

// plainly takes the Go types out of what the decoder says.
func plainly(err error) error {
	if torn, ok := err.(*jsontext.SyntacticError); ok {
		return words.Errorf("不是完整正确的 JSON（%v）", "%v", torn)
	}
	semantic, ok := err.(*json.SemanticError)
	if !ok {
		return err
	}
	where := string(semantic.JSONPointer)
	if where == "" {
		where = "/"
	}
	switch {
	case errors.Is(semantic.Err, json.ErrUnknownName):
		return words.Errorf("%s：没有这个字段", "%s: there is no such field", where)
	case semantic.Err != nil:
		return fmt.Errorf("%s: %w", where, semantic.Err)
	}
	return words.Errorf("%s：此处不应是 JSON %s", "%s: a JSON %s does not belong there", where, semantic.JSONKind)
}
