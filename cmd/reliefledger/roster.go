package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"reliefledger.org/ledger/cmd/internal/sheets"
	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/eventstore/vault"
)

// badCells refuses a roster as a whole.
type badCells struct {
	file  string
	cells []sheets.Problem
	more  int // that there was no room to remember
	lang  domain.Lang
}

// shownCells is how many a person is shown; --json and a dry run have more.
const shownCells = 20

func (e *badCells) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %d 个单元格有误，整份名册未导入 / cells are wrong, nothing was imported", e.file, len(e.cells)+e.more)
	for i, c := range e.cells {
		if i == shownCells {
			fmt.Fprintf(&b, "\n  … %d", len(e.cells)-i+e.more)
			break
		}
		b.WriteString("\n  " + sayProblem(c, e.lang))
	}
	return b.String()
}

func sayProblem(p sheets.Problem, l domain.Lang) string {
	if where := p.Where(); where != "" {
		return where + "：" + p.Say(l)
	}
	return p.Say(l)
}

// maxRoster bounds a roster: the largest list we know has 6,000 rows.
const maxRoster = 20_000

// readRoster reads a roster of any kind and understands it. It returns what was
// understood with its errors, for a preview.
func readRoster(c rosterImport, file []byte) (*sheets.Roster, error) {
	grid, err := sheets.Read(file)
	if err != nil {
		return nil, &inputError{what: c.File, err: err}
	}
	roster := sheets.Understand(grid, sheets.Options{File: c.File, Form: c.Form, Sheet: c.Sheet, Columns: c.Columns})
	if len(roster.Rows) > maxRoster {
		return nil, &inputError{what: c.File, why: fmt.Sprintf("%d 行，一份名册至多 %d 行 / %d rows, %d are allowed", len(roster.Rows), maxRoster, len(roster.Rows), maxRoster)}
	}
	return roster, nil
}

// columnsOf reads --column LETTER=MEANING.
func columnsOf(flags []string) (map[string]sheets.Column, error) {
	columns := map[string]sheets.Column{}
	for _, f := range flags {
		which, means, _ := strings.Cut(f, "=")
		c, ok := sheets.ColumnNamed(means)
		if !ok || which == "" {
			return nil, &inputError{what: "--column", why: f + "：写成 字母=列名，如 C=身份证号；- 为不导入 / write LETTER=MEANING; - leaves a column out"}
		}
		columns[which] = c
	}
	return columns, nil
}

// known finds who of a roster is registered already: by number. What the ledger
// knows otherwise than the roster becomes one of its errors, as a question.
func (r *runner) known(ctx context.Context, by uuid.UUID, c rosterImport, list uuid.UUID, roster *sheets.Roster) ([]uuid.UUID, error) {
	parties, names := make([]uuid.UUID, len(roster.Rows)), make([]string, len(roster.Rows))
	each := func(do func(ctx context.Context, i int) error) error {
		work, ctx := errgroup.WithContext(ctx)
		work.SetLimit(importers)
		for i := range roster.Rows {
			work.Go(func() error { return do(ctx, i) })
		}
		return work.Wait()
	}
	if err := each(func(ctx context.Context, i int) error {
		if roster.Rows[i].Number == "" {
			return nil
		}
		party, ok, err := r.l.PartyOf(ctx, roster.Rows[i].Number)
		if ok {
			parties[i] = party
		}
		return err
	}); err != nil {
		return nil, err
	}
	// Whose name he may not see is asked about: it cannot be compared.
	opens := make([]bool, len(parties))
	r.l.View(func(s *domain.Ledger) {
		for i, id := range parties {
			if p := s.Parties[id]; p != nil {
				opens[i] = s.Opened.Simulated || slices.ContainsFunc(s.Audiences(by, p.Unit), func(a domain.Audience) bool {
					return domain.SeenBy("PartyRegistered", "name", a) == domain.Whole
				})
			}
		}
	})
	if err := r.noteNames(ctx, by, parties, opens, c); err != nil {
		return nil, err
	}
	if err := each(func(ctx context.Context, i int) (err error) {
		if opens[i] {
			names[i], err = r.nameOf(ctx, parties[i])
		}
		return err
	}); err != nil {
		return nil, err
	}
	listed := r.listed(c.Notice, list)
	for i, row := range roster.Rows {
		if parties[i] == (uuid.UUID{}) {
			continue
		}
		at := sheets.Problem{Sheet: roster.Sheet, Row: row.Row, Column: string(sheets.Number), Value: domain.MaskNumber(row.Number)}
		if !opens[i] && !slices.Contains(c.SamePerson, row.Row) {
			at.Zh = fmt.Sprintf("该号码已由别的单位登记，姓名无法核对：确是此人，加 --same-person %d", row.Row)
			at.En = fmt.Sprintf("this number was registered by another unit, and the name cannot be compared: if it is this person add --same-person %d", row.Row)
			roster.Errors = append(roster.Errors, at)
		}
		if names[i] != "" && names[i] != row.Name && !slices.Contains(c.SamePerson, row.Row) {
			at.Zh = fmt.Sprintf("该号码已登记为“%s”，此处是“%s”：是同一人吗？若是，加 --same-person %d；若不是，请核对号码", domain.MaskName(names[i]), row.Name, row.Row)
			at.En = fmt.Sprintf("this number is registered for %s, here it is %s: the same person? If so add --same-person %d; if not, check the number", domain.MaskName(names[i]), row.Name, row.Row)
			roster.Errors = append(roster.Errors, at)
		}
		for _, line := range listed[parties[i]] {
			if overlap(line, row) {
				at.Zh, at.En = fmt.Sprintf("此人已在这份名单第 %d 号", line.No), fmt.Sprintf("the notice has this person already, in line %d", line.No)
				roster.Errors = append(roster.Errors, at)
				break
			}
		}
	}
	return parties, nil
}

// noteNames writes into the vault's journal that the names of some parties are
// opened, to be held against a roster, and whom the officer said to be the same
// person under another name.
func (r *runner) noteNames(ctx context.Context, by uuid.UUID, parties []uuid.UUID, opens []bool, c rosterImport) error {
	var known []uuid.UUID
	for i, id := range parties {
		if opens[i] {
			known = append(known, id)
		}
	}
	if len(known) == 0 {
		return nil
	}
	e := vault.Entry{Kind: vault.Opened, Officer: by, As: domain.Finance.Say(domain.En), Did: "import lines", Opened: []vault.Opening{{Fields: []string{"name"}, Of: known}}}
	if len(c.SamePerson) > 0 {
		e.Why = fmt.Sprintf("%s：第 %v 行与已登记者为同一人 rows of the same person", c.File, c.SamePerson)
	}
	if r.journal != nil {
		return r.journal.Note(ctx, e)
	}
	return r.l.Note(ctx, e)
}

// nameOf opens the name of a party; one whose key is gone has none.
func (r *runner) nameOf(ctx context.Context, party uuid.UUID) (string, error) {
	var name domain.Sealed
	var command uuid.UUID
	r.l.View(func(s *domain.Ledger) {
		if p := s.Parties[party]; p != nil && !p.Details.Name.IsZero() {
			name, command = p.Details.Name, s.CommandOf(p.NameIn)
		}
	})
	if name.IsZero() {
		return "", nil
	}
	plain, err := r.l.Unseal(ctx, name, domain.Stream(domain.PartyKind, party), command, "name")
	if errors.Is(err, vault.ErrKeyGone) {
		return "", nil
	}
	return strings.Join(strings.Fields(plain), ""), err
}

// listed are the lines of a draft by beneficiary. There are none for a list that
// is only sent again: it has its one effect.
func (r *runner) listed(notice, list uuid.UUID) map[uuid.UUID][]domain.Line {
	lines := map[uuid.UUID][]domain.Line{}
	r.l.View(func(s *domain.Ledger) {
		n := s.Notices[notice]
		if n == nil || s.Effect(list) != nil {
			return
		}
		for _, l := range n.Lines {
			lines[l.Beneficiary] = append(lines[l.Beneficiary], *l)
		}
	})
	return lines
}

// overlap says whether a line gives for the same period what a row gives.
func overlap(line domain.Line, row sheets.Row) bool {
	if line.Period() != row.Period || line.Struck() != (uuid.UUID{}) {
		return false
	}
	for _, has := range line.Give {
		for _, gives := range row.Give {
			if has.Fen > 0 && gives.Amount > 0 {
				return true
			}
			for _, item := range has.Items {
				if slices.ContainsFunc(gives.Items, func(i domain.ItemCount) bool { return i.Item == item.Item }) {
					return true
				}
			}
		}
	}
	return false
}

// linesOf makes the rows of the list. A payee must stand in it, and be the only
// one of that name.
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
	return domain.PersonalDetails{Name: domain.Plainly(row.Name), Number: domain.Plainly(row.Number), Account: domain.Plainly(row.Account),
		Phone: domain.Plainly(row.Phone), Address: domain.Plainly(row.Address), Note: domain.Plainly(row.Note)}
}

// tellRoster says how a roster was understood: all of it before a dry run, what
// is odd before an import.
func (p *program) tellRoster(roster *sheets.Roster, dry bool) error {
	if p.json && dry {
		text, err := json.Marshal(map[string]any{"roster": roster})
		if err != nil {
			return err
		}
		_, err = fmt.Println(string(text))
		return err
	}
	if dry {
		return roster.Preview(os.Stdout, p.lang())
	}
	return p.sayWarnings(os.Stderr, roster)
}

func (p *program) sayWarnings(w io.Writer, roster *sheets.Roster) error {
	for i, problem := range roster.Warnings {
		if i == shownCells {
			_, err := fmt.Fprintf(w, p.say("提醒：… 另 %d 处，见 --dry-run\n", "warning: … %d more, see --dry-run\n"), len(roster.Warnings)-i+roster.More.Warnings)
			return err
		}
		if _, err := fmt.Fprintln(w, p.say("提醒：", "warning: ")+sayProblem(problem, p.lang())); err != nil {
			return err
		}
	}
	return nil
}
