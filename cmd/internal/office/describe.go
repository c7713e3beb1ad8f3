package office

import (
	"fmt"
	"io"
	"reflect"
	"strings"
	"time"

	"github.com/google/uuid"
	"reliefledger.org/ledger/domain"
)

// Describe writes the fields of a command's content, with the form of each value, from
// its type: so that what is said here cannot differ from what is read. Errors: that of
// [NoCommand].
func Describe(w io.Writer, name string, l domain.Lang) error {
	if name == "receipt" {
		name = "record-receipt"
	}
	c, ok := domain.NewCommand(name)
	if !ok {
		return NoCommand("describe", name)
	}
	fmt.Fprintf(w, "%s\n", name)
	describeFields(w, l, reflect.TypeOf(c).Elem(), "  ")
	return nil
}

// meanings say in which form a value is written.
var meanings = map[reflect.Type][2]string{
	reflect.TypeFor[uuid.UUID]():           {"编号或 @名称/事物", "an id or @NAME/thing"},
	reflect.TypeFor[domain.Yuan]():         {`金额文本，如 "1,300.00" 或 "11.71万元"`, `an amount as text, "1,300.00" or "11.71万元"`},
	reflect.TypeFor[domain.Count]():        {`数量文本，如 "2,731" 或 "0.5"`, `a quantity as text, "2,731" or "0.5"`},
	reflect.TypeFor[domain.Day]():          {`日期 "2006-01-02"`, `a day "2006-01-02"`},
	reflect.TypeFor[time.Time]():           {`时刻 "2006-01-02T15:04:05+08:00"`, `a moment "2006-01-02T15:04:05+08:00"`},
	reflect.TypeFor[domain.Personal]():     {"个人信息文本（将密封）", "personal text (will be sealed)"},
	reflect.TypeFor[domain.Ref]():          {`{"command":"@名称","row":1} 或 {"number":123}`, `{"command":"@NAME","row":1} or {"number":123}`},
	reflect.TypeFor[[]byte]():              {"base64", "base64"},
	reflect.TypeFor[domain.Form]():         {"bank, cash, goods, voucher", "bank, cash, goods, voucher"},
	reflect.TypeFor[domain.Timing]():       {"before, after, none", "before, after, none"},
	reflect.TypeFor[domain.Disclosure]():   {"full, masked, counts", "full, masked, counts"},
	reflect.TypeFor[domain.Outcome]():      {"dismissed, struck, changed, withdrawn", "dismissed, struck, changed, withdrawn"},
	reflect.TypeFor[domain.SourceKind]():   {"treasury, union, own-budget, donation", "treasury, union, own-budget, donation"},
	reflect.TypeFor[domain.Relation]():     {"=, ~, >=, <=, ?", "=, ~, >=, <=, ?"},
	reflect.TypeFor[domain.PartyType]():    {"person, household, institution, group, unidentified", "person, household, institution, group, unidentified"},
	reflect.TypeFor[domain.CalendarMode](): {"calendar, working", "calendar, working"},
	reflect.TypeFor[domain.Role](): {"registrar, drafter, reviewer, accountant, approver, cashier, storekeeper, privacy-officer, auditor",
		"registrar, drafter, reviewer, accountant, approver, cashier, storekeeper, privacy-officer, auditor"},
}

func describeFields(w io.Writer, l domain.Lang, t reflect.Type, indent string) {
	for i := range t.NumField() {
		f := t.Field(i)
		name, rest, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous {
			describeFields(w, l, f.Type, indent)
			continue
		}
		if !f.IsExported() || name == "-" || name == "account_id" || name == "minor" || name == "numbered" {
			continue // what the program itself fills in
		}
		optional := ""
		if rest != "" {
			optional = choose(l, "（可省）", " (optional)")
		}
		describeField(w, l, f.Type, fmt.Sprintf("%s%s%s: ", indent, name, optional), indent+"  ")
	}
}

// describeField writes what a value of a type looks like, behind its name.
func describeField(w io.Writer, l domain.Lang, t reflect.Type, name, indent string) {
	if said, ok := meanings[t]; ok {
		fmt.Fprintln(w, name+choose(l, said[0], said[1]))
		return
	}
	switch t.Kind() {
	case reflect.Pointer:
		describeField(w, l, t.Elem(), name, indent)
	case reflect.Slice:
		describeField(w, l, t.Elem(), name+choose(l, "列表，每项 ", "a list, each "), indent)
	case reflect.Struct:
		fmt.Fprintln(w, name+"{")
		describeFields(w, l, t, indent)
		fmt.Fprintln(w, indent[2:]+"}")
	case reflect.Int:
		fmt.Fprintln(w, name+choose(l, "整数", "a whole number"))
	case reflect.Bool:
		fmt.Fprintln(w, name+"true, false")
	default:
		fmt.Fprintln(w, name+choose(l, "文本", "text"))
	}
}
