//go:build mutants

package domain

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestMutants shows that the tests of the rules can fail. For each rule it switches the
// check off in a copy of the source, and the test must find the breach. Run it with
// `make mutants`.
func TestMutants(t *testing.T) {
	for _, m := range []struct {
		rule      int
		what      string
		file      string
		old, with string
		test      string
	}{
		{1, "more is drawn than lots have", "lot.go", "take := min(quantity, l.Left)", "take := quantity", "TestRules"},
		{1, "a lot is overdrawn when folded", "lot.go", "d.Quantity > l.Left || ", "", "TestLotsAreNeverOverdrawn"},
		{2, "paid again without naming the return", "payable.go", "if len(due.Back()) > 0 {", "if false {", "TestRules"},
		{2, "another line's return is named", "payable.go", "!ok || !slices.Contains(due.Back(), id)", "!ok", "TestRules"},
		{3, "more comes back than was paid", "returns.go", "if !ok {\n\t\t\treturn refuse(ReturnAbovePaid", "if !ok && false {\n\t\t\treturn refuse(ReturnAbovePaid", "TestRules"},
		{4, "reversed twice", "reversal.go", "if made.reversed != (ID{}) {", "if false {", "TestRules"},
		{5, "the same id with other content", "effect.go", "!bytes.Equal(e.Digest, digest)", "!bytes.Equal(e.Digest, e.Digest)", "TestRules"},
		{6, "an amount finer than a fen", "money.go", "if !d.IsInteger() {", "if false {", "TestParseFen"},
		{6, "an amount as a JSON number", "money.go", "if len(text) == 0 || text[0] != '\"' {", "if false {", "TestYuanIsText"},
		{7, "booked in the future", "order.go", "if o.Date > today {", "if false {", "TestRules"},
		{7, "booked in a closed period", "order.go", "o.Date <= through {", "false && o.Date <= through {", "TestRules"},
		{7, "happened after it was booked", "order.go", "if o.Happened.Last > o.Date {", "if false {", "TestRules"},
		{8, "prepared while the notice runs", "confirmation.go", "if on <= p.Period.Last {", "if false {", "TestRules"},
		{8, "an objection is open", "confirmation.go", "if open := n.Open(); open > 0 {", "if open := n.Open(); false {", "TestRules"},
		{9, "more than published", "payable.go", "if t.quantity > left {", "if false {", "TestRules"},
		{9, "a stopped line", "payable.go", "if line.Stopped != (ID{}) {", "if false {", "TestRules"},
		{9, "another form", "payable.go", "if due.Entitlement().Form != p.form {", "if false {", "TestRules"},
		{10, "approved by who prepared", "batch.go", "if b.PreparedBy == d.whoActed() {\n\t\tif err := d.refuseOrMark(-1, refuse(SamePerson, bilingual{\"制单\", \"preparer\"}, bilingual{\"复核\"", "if false {\n\t\tif err := d.refuseOrMark(-1, refuse(SamePerson, bilingual{\"制单\", \"preparer\"}, bilingual{\"复核\"", "TestRules"},
		{10, "reviewed by who drafted", "notice.go", "if n.DraftedBy == d.whoActed() {\n\t\tif err := d.refuseOrMark(-1, refuse(SamePerson, bilingual{\"拟稿\", \"drafter\"}, bilingual{\"审核\"", "if false {\n\t\tif err := d.refuseOrMark(-1, refuse(SamePerson, bilingual{\"拟稿\", \"drafter\"}, bilingual{\"审核\"", "TestRules"},
		{11, "outside the earmark", "allocation.go", "if !slices.Contains(f.Earmark, c.Purpose) {", "if false {", "TestRules"},
		{11, "a category of no programme", "listed.go", "if !ok {\n\t\t\tif err := k.decision.refuseOrMark(i, refuse(CategoryUnknown", "if !ok && false {\n\t\t\tif err := k.decision.refuseOrMark(i, refuse(CategoryUnknown", "TestRules"},
		{11, "off standard", "listed.go", "if g.Amount < s.Least || g.Amount > s.Most {", "if false {", "TestRules"},
		{12, "over quota", "payable.go", "if line.Over {", "if false {", "TestRules"},
	} {
		t.Run(fmt.Sprintf("rule %d: %s", m.rule, m.what), func(t *testing.T) {
			source, err := os.ReadFile(m.file)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Count(string(source), m.old) != 1 {
				t.Fatalf("%s has %d times %q", m.file, strings.Count(string(source), m.old), m.old)
			}
			dir := t.TempDir()
			mutant := filepath.Join(dir, m.file)
			if err := os.WriteFile(mutant, []byte(strings.Replace(string(source), m.old, m.with, 1)), 0o600); err != nil {
				t.Fatal(err)
			}
			at, err := filepath.Abs(m.file)
			if err != nil {
				t.Fatal(err)
			}
			overlay, err := json.Marshal(map[string]map[string]string{"Replace": {at: mutant}})
			if err != nil {
				t.Fatal(err)
			}
			list := filepath.Join(dir, "overlay.json")
			if err := os.WriteFile(list, overlay, 0o600); err != nil {
				t.Fatal(err)
			}
			out, err := exec.Command("go", "test", "-count=1", "-vet=off", "-overlay", list, "-run", "^"+m.test+"$", ".", "-rapid.checks=3000", "-rapid.nofailfile", "-rapid.shrinktime=1ns").CombinedOutput()
			text := string(out)
			if strings.Contains(text, "[build failed]") {
				t.Fatalf("the mutant does not build:\n%s", text)
			}
			if err == nil {
				t.Fatalf("%s does not notice", m.test)
			}
			for line := range strings.Lines(text) {
				if strings.Contains(line, "rule ") || strings.Contains(line, "_test.go") {
					t.Log(strings.TrimSpace(line))
					break
				}
			}
		})
	}
}
