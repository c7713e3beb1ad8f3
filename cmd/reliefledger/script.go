package main

import (
	"bufio"
	"bytes"
	stdjson "encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"

	"reliefledger.org/ledger/domain"
)

// instruction is one line of a script of commands:
//
//	{"as":"fund","do":"establish-fund","by":"@accountant/officer","at":"2023-01-03T09:00:00+08:00",
//	 "date":"2023-01-03","content":{"unit":"@open/unit","name":"送温暖资金","earmark":["relief"]}}
//
// "as" names the command: its id is v5 of the ledger's id and the name, so that
// the same script sent twice has one effect. "@NAME" anywhere stands for that
// id, "@NAME/thing" for the id of a thing it made; "@@" begins a text that
// begins with "@". "at" is when a simulated ledger records it.
type instruction struct {
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

	id    uuid.UUID // of the command, where it has no name
	tree  any       // Content, where documents stand in it
	files []fileGiven
}

// lines is more than any line of a script has; a longer one is refused.
const maxScriptLine = 16 << 20

// readScript reads instructions, one JSON object a line. Blank lines are
// skipped. An error names the line.
func readScript(r io.Reader, name string, ledger uuid.UUID, each func(in *instruction, where string) error) error {
	scan := bufio.NewScanner(r)
	scan.Buffer(make([]byte, 64<<10), maxScriptLine)
	for n := 1; scan.Scan(); n++ {
		line := bytes.TrimSpace(scan.Bytes())
		if len(line) == 0 {
			continue
		}
		where := fmt.Sprintf("%s:%d", name, n)
		in, err := parseInstruction(line, ledger)
		if err != nil {
			return &inputError{what: where, err: err}
		}
		if err := each(in, where); err != nil {
			return fmt.Errorf("%s: %w", where, err)
		}
	}
	if err := scan.Err(); err != nil {
		return &inputError{what: name, err: err}
	}
	return nil
}

func parseInstruction(line []byte, ledger uuid.UUID) (*instruction, error) {
	resolved, err := resolveNames(line, ledger)
	if err != nil {
		return nil, err
	}
	var in instruction
	if err := json.Unmarshal(resolved, &in, json.RejectUnknownMembers(true)); err != nil {
		return nil, plainly(err)
	}
	if in.Do == "" {
		return nil, fmt.Errorf("no \"do\"")
	}
	in.id = uuid.New()
	if err := in.findFiles(); err != nil {
		return nil, plainly(err)
	}
	return &in, nil
}

// resolveNames puts ids in the place of names.
func resolveNames(line []byte, ledger uuid.UUID) ([]byte, error) {
	dec := jsontext.NewDecoder(bytes.NewReader(line))
	var out bytes.Buffer
	enc := jsontext.NewEncoder(&out)
	for {
		tok, err := dec.ReadToken()
		if err == io.EOF {
			return out.Bytes(), nil
		}
		if err != nil {
			return nil, err
		}
		if tok.Kind() == '"' {
			// A terminal would obey what a name or title smuggles in.
			if i := strings.IndexFunc(tok.String(), isControl); i >= 0 {
				return nil, fmt.Errorf("%s: a control character 控制字符 (%U)", dec.StackPointer(), []rune(tok.String()[i:])[0])
			}
			if s := tok.String(); strings.HasPrefix(s, "@@") {
				tok = jsontext.String(s[1:])
			} else if strings.HasPrefix(s, "@") {
				name, thing, has := strings.Cut(s[1:], "/")
				id := commandNamed(ledger, name)
				if has {
					id = domain.Made(id, thing)
				}
				tok = jsontext.String(id.String())
			}
		}
		if err := enc.WriteToken(tok); err != nil {
			return nil, err
		}
	}
}

func isControl(r rune) bool {
	return unicode.IsControl(r) && r != '\n' || r == '\u2028' || r == '\u202e'
}

// commandNamed is the id of the command that a script calls by a name.
func commandNamed(ledger uuid.UUID, name string) uuid.UUID { return domain.Made(ledger, name) }

// order makes the order of an instruction.
func (in *instruction) order(ledger uuid.UUID) (*domain.Order, error) {
	body, ok := domain.NewCommand(in.Do)
	if !ok {
		return nil, &inputError{what: "do", why: fmt.Sprintf("%q: %s", in.Do, near(in.Do))}
	}
	if len(in.Content) > 0 {
		if err := json.Unmarshal(in.Content, body, json.RejectUnknownMembers(true)); err != nil {
			return nil, &inputError{what: "content", err: plainly(err)}
		}
	}
	o := &domain.Order{ID: in.id, Actor: in.By, Date: in.Date, Happened: in.Happened, DoneBy: in.DoneBy, Campaign: in.Campaign,
		Replaces: in.Replaces, Irregular: in.Irregular, Second: in.Second, Body: body}
	if in.As != "" {
		o.ID = commandNamed(ledger, in.As)
	}
	return o, nil
}

// near lists the commands that a wrong name may have meant, or all.
func near(name string) string {
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
	return "no such command; there are " + strings.Join(like, ", ")
}

// plainly takes the Go types out of what the decoder says.
func plainly(err error) error {
	var semantic *json.SemanticError
	if asError(err, &semantic) {
		where := string(semantic.JSONPointer)
		if where == "" {
			where = "/"
		}
		if semantic.Err != nil {
			return fmt.Errorf("%s: %w", where, semantic.Err)
		}
		return fmt.Errorf("%s: a JSON %s does not belong there", where, semantic.JSONKind)
	}
	return err
}

// rewriteNumbers puts {"command","row"} in the place of {"number":n}, so that
// an officer may name an entry by the number that he reads.
func rewriteNumbers(line []byte, ref func(number uint64) (domain.Ref, bool)) ([]byte, error) {
	var v any
	dec := stdjson.NewDecoder(bytes.NewReader(line))
	dec.UseNumber()
	if err := dec.Decode(&v); err != nil {
		return nil, err
	}
	var walk func(v any) (any, error)
	walk = func(v any) (any, error) {
		switch x := v.(type) {
		case map[string]any:
			if n, ok := x["number"].(stdjson.Number); ok && len(x) == 1 {
				i, err := n.Int64()
				if err != nil || i < 0 {
					return nil, fmt.Errorf("number %s", n)
				}
				r, ok := ref(uint64(i))
				if !ok {
					return nil, fmt.Errorf("no entry with number %d that a command could name", i)
				}
				return r, nil
			}
			for k, e := range x {
				y, err := walk(e)
				if err != nil {
					return nil, err
				}
				x[k] = y
			}
		case []any:
			for i, e := range x {
				y, err := walk(e)
				if err != nil {
					return nil, err
				}
				x[i] = y
			}
		}
		return v, nil
	}
	v, err := walk(v)
	if err != nil {
		return nil, err
	}
	return stdjson.Marshal(v)
}
