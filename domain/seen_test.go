package domain

import (
	"slices"
	"testing"
)

// The table of who sees what has every private field of every event, and no others.
func TestVisibilityHasEveryPrivateField(t *testing.T) {
	has := map[[2]string]bool{}
	for _, e := range AllEvents() {
		for _, f := range PrivateFields(e) {
			has[[2]string{TypeOf(e), f}] = true
			by, ok := visibilityOf[[2]string{TypeOf(e), f}]
			if !ok {
				t.Errorf("%s %s stands in no row", TypeOf(e), f)
			}
			if by[Privacy] != Whole {
				t.Errorf("%s %s is hidden from privacy officers", TypeOf(e), f)
			}
			if by[Public] > AsListed || by[Public] == AsListed && f != "name" {
				t.Errorf("%s %s is shown to anybody", TypeOf(e), f)
			}
			if f == "account" && slices.Max([]Seen{by[Finance], by[Auditing]}) > Withheld {
				t.Errorf("%s: accounts are opened for privacy officers and the bank only", TypeOf(e))
			}
		}
	}
	for f := range visibilityOf {
		if !has[f] {
			t.Errorf("no event has a field %s %s", f[0], f[1])
		}
	}
}
