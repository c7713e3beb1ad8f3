package office

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"reliefledger.org/ledger/cmd/internal/sheets"
	"reliefledger.org/ledger/cmd/internal/words"
	"reliefledger.org/ledger/domain"
)

// ImportLines is the instruction that reads a roster into a draft notice. It becomes
// one register-party for each new person and one add-lines for the list.
const ImportLines = "import-lines"

// RosterImport says which roster goes into which notice, and answers what the roster
// leaves open.
type RosterImport struct {
	Notice uuid.UUID   `json:"notice"`
	Unit   uuid.UUID   `json:"unit"` // that registers the people; zero: the allocation's
	File   string      `json:"file"`
	Form   domain.Form `json:"form,omitempty"` // of amounts; default cash

	Sheet      string                   `json:"sheet,omitempty"`       // that has the list: its name, or its number from 1
	Columns    map[string]sheets.Column `json:"columns,omitempty"`     // what columns mean, by letter or heading
	SamePerson []int                    `json:"same_person,omitempty"` // rows whose number is known under another name
}

const (
	// importers is how many people are registered at a time: enough that the store
	// writes many with one sync.
	importers = 64
	// maxRoster bounds a roster: the largest list we know has 6,000 rows.
	maxRoster = 20_000
)

// BadCells refuses a roster as a whole.
type BadCells struct {
	File  string
	Cells []sheets.Problem
	More  int // that there was no room to remember
}

// ShownCells is how many a person is shown; JSON and a dry run have more.
const ShownCells = 20

func (e *BadCells) Error() string { return e.Say(domain.En) }

// Say names the cells, one a line.
func (e *BadCells) Say(l domain.Lang) string {
	var b strings.Builder
	fmt.Fprintf(&b, choose(l, "%s：%d 个单元格有误，整份名册未导入", "%s: %d cells are wrong, nothing was imported"), e.File, len(e.Cells)+e.More)
	for i, c := range e.Cells {
		if i == ShownCells {
			fmt.Fprintf(&b, "\n  … %d", len(e.Cells)-i+e.More)
			break
		}
		b.WriteString("\n  " + SayProblem(c, l))
	}
	return b.String()
}

// SayProblem says what is wrong or odd in a roster, behind where.
func SayProblem(p sheets.Problem, l domain.Lang) string {
	if where := p.Where(l); where != "" {
		return where + choose(l, "：", ": ") + p.Say(l)
	}
	return p.Say(l)
}

// readRoster reads a roster of any kind and understands it. It returns what was
// understood with its errors, for a preview.
func readRoster(c *RosterImport, file []byte) (*sheets.Roster, error) {
	grid, err := sheets.Read(file)
	if err != nil {
		return nil, InputErr(c.File, err)
	}
	roster := sheets.Understand(grid, sheets.Options{File: c.File, Form: c.Form, Sheet: c.Sheet, Columns: c.Columns})
	if len(roster.Rows) > maxRoster {
		return nil, Input(c.File, "%d 行，一份名册至多 %d 行", "%d rows, %d are allowed", len(roster.Rows), maxRoster)
	}
	return roster, nil
}

// importRoster reads a roster, registers who is new, and adds the list: as one
// command, so that all of it stands in the notice or none.
func (s *Session) importRoster(ctx context.Context, in *Instruction) (*Result, error) {
	c := in.Roster
	text, err := s.file(c.File)
	if err != nil {
		return nil, InputErr(c.File, err)
	}
	if c.Form == "" {
		c.Form = domain.Cash
	}
	for which, means := range c.Columns {
		if _, ok := sheets.ColumnNamed(string(means)); !ok {
			return nil, Input(words.Column.String(), which+"："+string(means), which+": "+string(means))
		}
	}
	roster, err := readRoster(c, text)
	if err != nil {
		return nil, err
	}
	if err := s.mayImport(in); err != nil {
		return nil, err
	}
	people := &registered{}
	list := &domain.AddLines{Notice: c.Notice}
	if len(roster.Errors) == 0 {
		known, err := s.known(ctx, in, roster)
		if err != nil {
			return nil, err
		}
		people = s.toRegister(in, roster, known)
		list.Rows = linesOf(roster, people.ids)
		if !s.Recorded(in.Order.ID) { // of a list that is only sent again nothing is asked
			if err := s.holdAccounts(ctx, in, roster, people, list.Rows); err != nil {
				return nil, err
			}
			if err := s.holdPhones(ctx, in, roster, people); err != nil {
				return nil, err
			}
		}
	}
	if s.Understood != nil {
		if err := s.Understood(roster, s.Dry); err != nil {
			return nil, err
		}
	}
	if len(roster.Errors) > 0 {
		return nil, &BadCells{File: c.File, Cells: roster.Errors, More: roster.More.Errors}
	}
	in.Order.Body = list
	signed, err := s.sign(ctx, in)
	if err != nil {
		return nil, rowsOfFile(err, roster.Rows)
	}
	// The list is judged before anybody of it is registered.
	if _, err := s.ledger.Try(signed, people.toBe(c.Unit, roster.Rows)...); err != nil {
		return nil, rowsOfFile(s.nameTaken(in, err), roster.Rows)
	}
	if s.Dry {
		return &Result{Command: in.Order.ID, Name: ImportLines, Stream: in.Order.Stream(),
			Would: []string{fmt.Sprintf("PartyRegistered × %d", len(people.fresh)), fmt.Sprintf("NoticeLinesAdded: %d", len(roster.Rows))}}, nil
	}
	if err := s.register(ctx, in, roster.Rows, people); err != nil {
		return nil, err
	}
	done, err := s.submit(ctx, in, signed)
	if err != nil {
		return nil, rowsOfFile(err, roster.Rows)
	}
	done.Name, done.Roster = ImportLines+" "+c.File, &Imported{len(roster.Rows), len(people.fresh)}
	return done, nil
}

// mayImport refuses whoever may not add to the notice, before anything is looked up;
// and finds the unit that registers the people.
func (s *Session) mayImport(in *Instruction) error {
	c, known, unit := in.Roster, false, domain.ID{}
	s.State(func(l *domain.Ledger) {
		known, unit = l.Notices[c.Notice] != nil, l.UnitOf(domain.Stream(domain.NoticeKind, c.Notice))
	})
	if !known {
		return Input(words.Notice.String(), "没有这份名单草稿", "no such notice")
	}
	if c.Unit == (uuid.UUID{}) {
		c.Unit = unit
	}
	return s.importer(in).Holds(unit, domain.Drafter)
}

// rowsOfFile turns the row of a list into the row of the file in a refusal.
func rowsOfFile(err error, rows []sheets.Row) error {
	var refusal *domain.Refusal
	if errors.As(err, &refusal) && refusal.Row > 0 && refusal.Row <= len(rows) {
		refusal.Row = rows[refusal.Row-1].Row
		return fmt.Errorf("%s: %w", ImportLines, refusal)
	}
	return err
}

// registered is who the rows are, and which of them are new: the first row of each.
type registered struct {
	ids   []uuid.UUID
	fresh []int
}

// toRegister gives everybody who is not known an id. A person in two rows is one
// party.
func (s *Session) toRegister(in *Instruction, roster *sheets.Roster, known []uuid.UUID) *registered {
	out := &registered{ids: known}
	first := map[string]uuid.UUID{}
	for i, row := range roster.Rows {
		if known[i] != (uuid.UUID{}) {
			continue
		}
		if id, again := first[row.Number]; again && row.Number != "" {
			out.ids[i] = id
			continue
		}
		out.ids[i] = domain.Made(CommandNamed(s.ID(), registerName(in, i)), "party")
		first[row.Number] = out.ids[i]
		out.fresh = append(out.fresh, i)
	}
	return out
}

// registerName names the registration of a row. Where the import has no name it has that
// of the import's own id, which is nobody else's.
func registerName(in *Instruction, row int) string {
	name := in.As
	if name == "" {
		name = in.Order.ID.String()
	}
	return fmt.Sprintf("%s#%d", name, row+1)
}

// toBe are the parties that an import will register.
func (r *registered) toBe(unit uuid.UUID, rows []sheets.Row) (list []*domain.Party) {
	for _, i := range r.fresh {
		list = append(list, &domain.Party{ID: r.ids[i], Unit: unit, Type: rows[i].Type, Headcount: rows[i].Headcount})
	}
	return list
}

// register registers who is new. Parties left over from an import that is refused
// later are harmless.
func (s *Session) register(ctx context.Context, in *Instruction, rows []sheets.Row, people *registered) error {
	work, ctx := errgroup.WithContext(ctx)
	work.SetLimit(importers)
	id := s.ID()
	for _, i := range people.fresh {
		work.Go(func() error {
			row := rows[i]
			o := &domain.Order{ID: CommandNamed(id, registerName(in, i)), Actor: in.Order.Actor, Date: in.Order.Date, Campaign: in.Order.Campaign,
				Body: &domain.RegisterParty{Unit: in.Roster.Unit, Type: row.Type, Headcount: row.Headcount, PersonalDetails: detailsOf(row)}}
			signed, err := s.ledger.Sign(ctx, o, in.At, s.keysFor(o)...)
			if err == nil {
				_, err = s.settle(ctx, signed)
			}
			var refusal *domain.Refusal
			if errors.As(err, &refusal) {
				refusal.Row = row.Row
				return fmt.Errorf("%s: %w", ImportLines, refusal)
			}
			return err
		})
	}
	return work.Wait()
}

// known finds who of a roster is registered already: by number. What the ledger
// knows otherwise than the roster becomes one of its errors, as a question.
func (s *Session) known(ctx context.Context, in *Instruction, roster *sheets.Roster) ([]uuid.UUID, error) {
	c := in.Roster
	parties := make([]uuid.UUID, len(roster.Rows))
	work, each := errgroup.WithContext(ctx)
	work.SetLimit(importers)
	for i, row := range roster.Rows {
		if row.Number == "" {
			continue
		}
		work.Go(func() error {
			party, ok, err := s.ledger.PartyOf(each, row.Number)
			if ok {
				parties[i] = party
			}
			return err
		})
	}
	if err := work.Wait(); err != nil {
		return nil, err
	}
	names, err := s.namesKnown(ctx, in, parties)
	if err != nil {
		return nil, err
	}
	repeated := s.repeated(c.Notice, in.Order.ID, roster.Rows, parties)
	for i, row := range roster.Rows {
		if parties[i] == (uuid.UUID{}) {
			continue
		}
		at := sheets.Problem{Sheet: roster.Sheet, Row: row.Row, Column: string(sheets.Number), Value: domain.MaskNumber(row.Number)}
		name, agreed := names[parties[i]], words.SamePerson.As(strconv.Itoa(row.Row))
		same := slices.Contains(c.SamePerson, row.Row)
		if !name.compared && !same { // it cannot be compared
			at.Zh = fmt.Sprintf("该号码已由别的单位登记，姓名无法核对：确是此人，请用 %s 确认", agreed)
			at.En = fmt.Sprintf("this number was registered by another unit, and the name cannot be compared: if it is this person, confirm it with %s", agreed)
			roster.Errors = append(roster.Errors, at)
		}
		if name.text != "" && name.text != row.Name && !same {
			at.Zh = fmt.Sprintf("该号码已登记为“%s”，此处是“%s”：是同一人吗？若是，请用 %s 确认；若不是，请核对号码", domain.MaskName(name.text), row.Name, agreed)
			at.En = fmt.Sprintf("this number is registered for %s, here it is %s: the same person? If so, confirm it with %s; if not, check the number", domain.MaskName(name.text), row.Name, agreed)
			roster.Errors = append(roster.Errors, at)
		}
		if no := repeated[i]; no > 0 {
			at.Zh, at.En = fmt.Sprintf("此人已在这份名单第 %d 号", no), fmt.Sprintf("the notice has this person already, in line %d", no)
			roster.Errors = append(roster.Errors, at)
		}
	}
	return parties, nil
}

// knownName is a registered name, without blanks, as far as who imports may hold it
// against a roster.
type knownName struct {
	compared bool
	text     string
}

// namesKnown opens the names of registered parties, to be held against a roster, and
// journals whom the officer said to be the same person under another name.
func (s *Session) namesKnown(ctx context.Context, in *Instruction, parties []uuid.UUID) (map[uuid.UUID]knownName, error) {
	names := map[uuid.UUID]knownName{}
	var values []value
	var of []uuid.UUID
	s.State(func(l *domain.Ledger) {
		for _, id := range parties {
			p := l.Parties[id]
			if p == nil || names[id] != (knownName{}) {
				continue
			}
			look := domain.Look{Purpose: domain.ForMatching, Officer: in.Order.Actor, Unit: p.Unit, Event: "PartyRegistered", Field: "name", Of: id}
			names[id] = knownName{compared: p.Erased || l.Sees(look, nil) == domain.Whole}
			if v, ok := partyValue(l, p, "name", look); ok && names[id].compared {
				values, of = append(values, v), append(of, id)
			}
		}
	})
	a := s.importer(in)
	if c := in.Roster; len(c.SamePerson) > 0 {
		a.why = fmt.Sprintf("%s：第 %v 行与已登记者为同一人 rows of the same person", c.File, c.SamePerson)
	}
	shown, err := a.open(ctx, nil, values...)
	if err != nil {
		return nil, err
	}
	for i, x := range shown {
		names[of[i]] = knownName{x.erased || x.seen == domain.Whole, strings.Join(strings.Fields(x.text), "")}
	}
	return names, nil
}

// repeated are, for each row, the number of a line of the draft that gives the same person
// the same already; 0 is none. There are none for a list that is only sent again: it has
// its one effect.
func (s *Session) repeated(notice, list uuid.UUID, rows []sheets.Row, parties []uuid.UUID) []int {
	numbers := make([]int, len(rows))
	s.State(func(l *domain.Ledger) {
		n := l.Notices[notice]
		if n == nil || l.Effect(list) != nil {
			return
		}
		lines := map[uuid.UUID][]*domain.Line{}
		for _, x := range n.Lines {
			lines[x.Beneficiary] = append(lines[x.Beneficiary], x)
		}
		for i, row := range rows {
			for _, x := range lines[parties[i]] {
				if x.Repeats(row.Period, row.Give) {
					numbers[i] = x.No
					break
				}
			}
		}
	})
	return numbers
}

// linesOf makes the rows of the list. A payee must stand in it, and be the only one
// of that name.
func linesOf(roster *sheets.Roster, parties []uuid.UUID) []domain.LineRow {
	byName := map[string][]uuid.UUID{}
	for i, row := range roster.Rows {
		if !slices.Contains(byName[row.Name], parties[i]) {
			byName[row.Name] = append(byName[row.Name], parties[i])
		}
	}
	var lines []domain.LineRow
	for i, row := range roster.Rows {
		line := domain.LineRow{Beneficiary: parties[i], Category: row.Category, Group: row.Group, Period: row.Period, People: row.Headcount,
			Give: row.Give, Disclosure: row.Disclosure, Nomination: row.Nomination}
		if row.Payee != "" {
			at := sheets.Problem{Sheet: roster.Sheet, Row: row.Row, Column: string(sheets.Payee), Value: row.Payee}
			switch who := byName[row.Payee]; len(who) {
			case 0:
				at.Zh, at.En = "名册中没有该收款人", "the payee is not in the roster"
				roster.Errors = append(roster.Errors, at)
			case 1:
				line.Payee, line.Why = who[0], domain.Plainly(row.Why)
			default:
				at.Zh, at.En = "名册中有几个人叫这个名字，不知是谁收款", "several in the roster have the payee's name"
				roster.Errors = append(roster.Errors, at)
			}
		}
		lines = append(lines, line)
	}
	return lines
}

// detailsOf are the details with which somebody new is registered.
func detailsOf(row sheets.Row) domain.PersonalDetails {
	return domain.PersonalDetails{Name: domain.Plainly(row.Name), Number: domain.Plainly(row.Number), Account: domain.Plainly(accountOf(row)),
		Phone: domain.Plainly(row.Phone), Address: domain.Plainly(row.Address), Note: domain.Plainly(row.Note)}
}
