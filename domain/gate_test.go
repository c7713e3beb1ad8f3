package domain

import (
	"fmt"
	"testing"

	"github.com/google/uuid"
)

// gateLedger is a county with a township. The township's list hangs on a board with
// full names and on the web with masked ones, and it has people whose names are hidden.
func gateLedger() (l *Ledger, ids map[string]ID) {
	l, ids = NewLedger(), map[string]ID{}
	id := func(name string) ID {
		ids[name] = uuid.NewSHA1(uuid.NameSpaceOID, []byte(name))
		return ids[name]
	}
	l.Opened = &LedgerOpened{}
	l.Units[id("county")] = &Unit{ID: ids["county"]}
	l.Units[id("township")] = &Unit{ID: ids["township"], Parent: ids["county"]}
	for name, r := range map[string]Role{"accountant": Accountant, "cashier": Cashier, "auditor": Auditor, "privacy": PrivacyOfficer} {
		l.Officers[id(name)] = &Officer{ID: ids[name], Unit: ids["township"], Grants: []Grant{{r, ids["township"]}}}
	}
	l.Officers[id("leaver")] = &Officer{ID: ids["leaver"], Left: true, Grants: []Grant{{PrivacyOfficer, ids["county"]}}}
	l.Officers[id("above")] = &Officer{ID: ids["above"], Grants: []Grant{{Accountant, ids["county"]}}}
	l.Units[id("elsewhere")] = &Unit{ID: ids["elsewhere"], Parent: ids["county"]}
	l.Officers[id("neighbour")] = &Officer{ID: ids["neighbour"], Grants: []Grant{{Accountant, ids["elsewhere"]}}}
	n := &Notice{ID: id("list"), Publications: []Publication{{On: Date(2026, 1, 8), Period: Period{Date(2026, 1, 9), Date(2026, 1, 15)},
		Places: []Posted{{Place: "village-board", On: Date(2026, 1, 8), Disclosure: FullNames}, {Place: "web", On: Date(2026, 1, 8), Disclosure: MaskedNames}}}}}
	for i, name := range []string{"villager", "child", "restricted", "erased", "shy"} {
		l.Parties[id(name)] = &Party{ID: ids[name], Unit: ids["township"], Type: Person, Minor: name == "child", Restricted: name == "restricted", Erased: name == "erased"}
		added := LineAdded{No: i + 1}
		if name == "shy" {
			added.Disclosure = MaskedNames
		}
		line := &Line{}
		l.setLine(line, &added, &LinePrivate{Beneficiary: ids[name]})
		n.Lines = append(n.Lines, line)
	}
	l.erased = map[ID]bool{ids["erased"]: true}
	l.Notices[n.ID] = n
	return l, ids
}

// The table of the gate: who sees how much, for each purpose.
func TestGate(t *testing.T) {
	day := Date(2026, 1, 10)
	for _, x := range []struct {
		purpose   Purpose
		who       string // "nobody" has proved no key
		of, field string
		place     string
		on        Day
		past      bool
		want      Seen
	}{
		{OnPage, "nobody", "villager", "name", "", 0, false, Withheld},
		{OnPage, "accountant", "villager", "name", "", 0, false, Whole},
		{OnPage, "accountant", "villager", "number", "", 0, false, Masked},
		{OnPage, "accountant", "villager", "account", "", 0, false, Withheld},
		{OnPage, "accountant", "villager", "note", "", 0, false, Withheld},
		{OnPage, "auditor", "villager", "note", "", 0, false, Whole},
		{OnPage, "auditor", "villager", "account", "", 0, false, Withheld},
		{OnPage, "privacy", "villager", "account", "", 0, false, Whole},
		{OnPage, "accountant", "child", "name", "", 0, false, Whole}, // the office knows whom it pays
		{OnPage, "accountant", "restricted", "name", "", 0, false, Whole},
		{OnPage, "privacy", "erased", "name", "", 0, false, Withheld},
		{OnPage, "leaver", "villager", "name", "", 0, false, Withheld},
		{OnPage, "above", "villager", "name", "", 0, false, Whole},
		{OnPage, "neighbour", "villager", "name", "", 0, false, Withheld},
		{OnPage, "accountant", "villager", "nonsense", "", 0, false, Withheld},

		{OnList, "nobody", "villager", "name", "village-board", day, false, Whole},
		{OnList, "nobody", "villager", "name", "web", day, false, Masked},
		{OnList, "nobody", "villager", "name", "", day, false, Masked}, // the strictest
		{OnList, "nobody", "villager", "name", "nowhere", day, false, Withheld},
		{OnList, "nobody", "villager", "number", "village-board", day, false, Withheld},
		{OnList, "privacy", "villager", "account", "village-board", day, false, Withheld},
		{OnList, "nobody", "shy", "name", "village-board", day, false, Masked},
		{OnList, "accountant", "child", "name", "village-board", day, false, Withheld},
		{OnList, "accountant", "restricted", "name", "village-board", day, false, Withheld},
		{OnList, "nobody", "erased", "name", "village-board", day, false, Withheld},
		{OnList, "nobody", "villager", "name", "village-board", Date(2026, 1, 7), false, Withheld},
		{OnList, "nobody", "villager", "name", "village-board", Date(2026, 1, 16), false, Withheld},
		{OnList, "nobody", "villager", "name", "village-board", day, true, Withheld}, // the public sees no earlier day
		{OnList, "accountant", "villager", "name", "village-board", day, true, Whole},
		{OnList, "accountant", "villager", "name", "web", day, true, Masked},
		{OnList, "neighbour", "villager", "name", "village-board", day, true, Withheld},

		{OnPaper, "nobody", "villager", "name", "", 0, false, Withheld},
		{OnPaper, "accountant", "villager", "name", "", 0, false, Whole},
		{OnPaper, "accountant", "villager", "number", "", 0, false, Masked},
		{OnPaper, "privacy", "villager", "number", "", 0, false, Masked}, // a paper is copied
		{OnPaper, "privacy", "villager", "account", "", 0, false, Withheld},
		{OnPaper, "privacy", "child", "name", "", 0, false, Withheld},
		{OnPaper, "privacy", "restricted", "name", "", 0, false, Withheld},
		{OnPaper, "privacy", "restricted", "number", "", 0, false, Withheld},
		{OnPaper, "privacy", "erased", "name", "", 0, false, Withheld},

		{ForBank, "cashier", "villager", "account", "", 0, false, Whole},
		{ForBank, "cashier", "restricted", "name", "", 0, false, Whole}, // the bank pays restricted people too
		{ForBank, "cashier", "child", "name", "", 0, false, Whole},
		{ForBank, "cashier", "villager", "number", "", 0, false, Withheld},
		{ForBank, "cashier", "erased", "account", "", 0, false, Withheld},
		{ForBank, "accountant", "villager", "account", "", 0, false, Withheld},
		{ForBank, "privacy", "villager", "account", "", 0, false, Withheld},

		{ForMatching, "accountant", "villager", "name", "", 0, false, Whole},
		{ForMatching, "neighbour", "villager", "name", "", 0, false, Withheld},
		{ForMatching, "accountant", "villager", "phone", "", 0, false, Whole},
		{ForMatching, "neighbour", "villager", "phone", "", 0, false, Withheld},
		{ForMatching, "accountant", "villager", "number", "", 0, false, Withheld},
		{ForMatching, "accountant", "villager", "account", "", 0, false, Withheld},

		{ForErasing, "accountant", "villager", "name", "", 0, false, Masked},
		{ForErasing, "accountant", "restricted", "name", "", 0, false, Masked}, // they are erased too
		{ForErasing, "privacy", "villager", "number", "", 0, false, Withheld},
		{ForErasing, "neighbour", "villager", "name", "", 0, false, Withheld},
	} {
		t.Run(fmt.Sprint(x.purpose, " ", x.who, " ", x.of, " ", x.field, " ", x.place, " ", x.on, x.past), func(t *testing.T) {
			l, ids := gateLedger()
			line := 0
			for _, each := range l.Notices[ids["list"]].Lines {
				if each.Beneficiary == ids[x.of] {
					line = each.No
				}
			}
			k := Look{Purpose: x.purpose, Officer: ids[x.who], Unit: ids["township"], Event: "PartyRegistered", Field: x.field, Of: ids[x.of],
				Notice: ids["list"], Line: line, Place: x.place, On: x.on, Today: x.on}
			if x.past {
				k.Today = x.on + 1
			}
			if got := l.Sees(k, nil); got != x.want {
				t.Errorf("sees %s, want %s", got.Say(En), x.want.Say(En))
			}
			// A page as of an earlier day asks the state of that day too.
			if hides := l.Sees(k, NewLedger()); x.purpose == OnList && hides != Withheld {
				t.Error("a list that was not there then is shown")
			}
			// In a simulated ledger everybody may see what a purpose needs, but a list only as
			// openly as it hangs.
			l.Opened.Simulated = true
			switch got := l.Sees(k, nil); {
			case got < x.want:
				t.Error("a demonstration hides it")
			case x.purpose == OnList && !x.past && got != x.want:
				t.Error("a demonstration shows a list more openly than it hangs")
			}
		})
	}
}

// A page as of an earlier day hides a person who is hidden now, and one who was hidden
// on that day.
func TestGateAsOf(t *testing.T) {
	for _, purpose := range []Purpose{OnList, OnPaper} {
		for _, field := range []string{"name", "number"} {
			hidden, ids := gateLedger()
			then, _ := gateLedger()
			hidden.Parties[ids["villager"]].Restricted = true
			k := Look{Purpose: purpose, Officer: ids["accountant"], Unit: ids["township"], Event: "PartyRegistered", Field: field, Of: ids["villager"],
				Notice: ids["list"], Line: 1, Place: "village-board", On: Date(2026, 1, 10)}
			if got := hidden.Sees(k, then); got != Withheld {
				t.Errorf("%v %s: restricted since, and seen %s", purpose, field, got.Say(En))
			}
			if got := then.Sees(k, hidden); got != Withheld {
				t.Errorf("%v %s: restricted then, and seen %s", purpose, field, got.Say(En))
			}
		}
	}
	now, ids := gateLedger()
	then, _ := gateLedger()
	now.Notices[ids["list"]].Withdrawn = ids["list"]
	k := Look{Purpose: OnList, Officer: ids["privacy"], Unit: ids["township"], Event: "PartyRegistered", Field: "name", Of: ids["villager"],
		Notice: ids["list"], Line: 1, Place: "village-board", On: Date(2026, 1, 10)}
	if now.Sees(k, then) != Withheld {
		t.Error("a list that was withdrawn is shown by looking back")
	}
}

// Who works for the office, and who may do acts that are no command.
func TestOffice(t *testing.T) {
	for _, x := range []struct {
		who, unit string
		roles     []Role
		office    bool // of any unit
		ofUnit    bool
		may       bool
	}{
		{"cashier", "township", []Role{Cashier}, true, true, true},
		{"cashier", "county", []Role{Cashier}, true, false, false}, // a unit above the officer's own
		{"above", "township", []Role{Accountant}, true, true, true},
		{"neighbour", "township", []Role{Accountant}, true, false, false},
		{"auditor", "township", []Role{PrivacyOfficer, Auditor}, true, true, true},
		{"accountant", "township", nil, true, true, false},
		{"leaver", "county", []Role{PrivacyOfficer}, false, false, false},
		{"idle", "township", []Role{Cashier}, false, false, false}, // has no role any more
		{"nobody", "township", []Role{Cashier}, false, false, false},
	} {
		l, ids := gateLedger()
		ids["idle"] = id(4711)
		l.Officers[ids["idle"]] = &Officer{ID: ids["idle"], Unit: ids["township"]}
		if got := l.IsOfOffice(ids[x.who]); got != x.office {
			t.Errorf("%s is of the office: %t", x.who, got)
		}
		if got := l.IsOfOfficeOf(ids[x.who], ids[x.unit]); got != x.ofUnit {
			t.Errorf("%s is of the office of the %s: %t", x.who, x.unit, got)
		}
		if got := l.ActsAs(ids[x.who], ids[x.unit], x.roles...); got != x.may {
			t.Errorf("%s as %v of the %s: %t", x.who, x.roles, x.unit, got)
		}
		if l.Simulated() || NewLedger().Simulated() {
			t.Error("simulated, and nobody said so")
		}
		l.Opened.Simulated = true
		if !l.Simulated() || !l.IsOfOffice(ids[x.who]) || !l.ActsAs(ids[x.who], ids[x.unit], x.roles...) {
			t.Errorf("%s is shut out of a demonstration", x.who)
		}
	}
}

// A merge brings no name back: what hides one of the parties hides the person, before
// the merge and after it, whichever of them a line names.
func TestGateAfterAMerge(t *testing.T) {
	for _, hides := range []func(p *Party){func(p *Party) { p.Minor = true }, func(p *Party) { p.Restricted = true }} {
		for _, hidden := range []string{"shy", "villager"} {
			for _, order := range []string{"hidden first", "merged first"} {
				l, ids := gateLedger()
				merge := func() {
					r := &Recorded{ID: ids["list"], Stream: Stream(PartyKind, ids["shy"])}
					e := &PartiesMerged{}
					e.Private.Into = ids["villager"]
					if err := e.fold(l, r); err != nil {
						t.Fatal(err)
					}
				}
				if order == "merged first" {
					merge()
				}
				hides(l.Parties[ids[hidden]])
				if order == "hidden first" {
					merge()
				}
				for _, line := range l.Notices[ids["list"]].Lines {
					if line.Beneficiary != ids["shy"] && line.Beneficiary != ids["villager"] {
						continue
					}
					list := Look{Purpose: OnList, Event: "PartyRegistered", Field: "name", Of: line.Beneficiary, Notice: ids["list"], Line: line.No, Place: "village-board", On: Date(2026, 1, 10), Today: Date(2026, 1, 10)}
					paper := Look{Purpose: OnPaper, Officer: ids["privacy"], Unit: ids["township"], Event: "PartyRegistered", Field: "number", Of: line.Beneficiary}
					if l.Sees(list, nil) != Withheld || l.Sees(paper, nil) != Withheld {
						t.Errorf("%s is hidden, %s: line %d shows a name or a paper a number", hidden, order, line.No)
					}
				}
			}
		}
	}
}
