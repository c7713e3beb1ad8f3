package office

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"reliefledger.org/ledger/cmd/internal/words"
	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/eventstore/ledger"
	"reliefledger.org/ledger/eventstore/vault"
)

// This file is the one door to private values: Asker.open and [Asker.OpenDocument] are
// the only callers of unsealing, and the only ones that ask for it are the questions of
// this package that have a name: who is on a list, on a paper, in the bank's file, on a
// page. The order of their steps: domain's gate decides for each value; who opens what of
// whom, and why, stands in the vault's journal; and only then is anything opened.

// Asker is who asks to see what is private: an officer who has the key, else anybody.
// One is made for a request, and used by one goroutine.
type Asker struct {
	officer uuid.UUID // zero: nobody proved a key
	key     ed25519.PublicKey
	o       *Office
	did     string
	why     string
}

// Asker is the officer of the first of the keys, if it is that officer's now; else
// anybody. did names what is done, for the journal, and why is the asker's reason.
func (o *Office) Asker(did, why string, keys ...ledger.Signer) *Asker {
	a := &Asker{o: o, did: did, why: strings.TrimSpace(why)}
	if len(keys) > 0 {
		a.officer, a.key = keys[0].Officer, keys[0].Key.Public().(ed25519.PublicKey)
		o.State(func(s *domain.Ledger) { a.who(s) })
	}
	return a
}

// who is the officer who asks: nobody where the key is not the officer's, or is not any
// more. In a simulated ledger a name is enough, as it is for orders.
func (a *Asker) who(s *domain.Ledger) uuid.UUID {
	if key, _ := s.KeyOf(a.officer); !s.Simulated() && !bytes.Equal(key, a.key) {
		a.officer = uuid.UUID{}
	}
	return a.officer
}

// value is a sealed value that somebody wants to see.
type value struct {
	look domain.Look // the question to the gate; its Officer is the asker
	box  domain.Sealed
	// For which it was sealed: the stream, the command, and its path there.
	stream  string
	command uuid.UUID
	path    string
}

// shown is what became of a value.
type shown struct {
	seen   domain.Seen // domain.Withheld: nothing of it
	erased bool        // the key is gone: nobody opens it any more
	text   string      // as it may be seen: whole or masked
}

// open opens values, as far as the gate lets the asker see them, in one entry of the
// journal. as is the state as of which they are shown, nil for now. What is withheld is no
// error; its text is empty. Errors: an [InputError] where a reason is missing; the
// journal's or the vault's, and then nothing was shown.
func (a *Asker) open(ctx context.Context, as *domain.Ledger, values ...value) ([]shown, error) {
	list := make([]shown, len(values))
	names := make([]listed, len(values))
	simulated := false
	audience := domain.Public
	today := a.o.today()
	a.o.State(func(s *domain.Ledger) {
		simulated = s.Simulated()
		officer := a.who(s)
		for i := range values {
			v := &values[i]
			v.look.Officer, v.look.Of = officer, v.box.Key
			if simulated {
				v.look.Today = v.look.On // its clock is made up
			} else {
				v.look.Today = today
			}
			names[i] = listedNow(s, v, as)
			list[i] = shown{seen: s.Sees(v.look, as), erased: s.Erased(v.box.Key)}
			for _, x := range s.Audiences(officer, v.look.Unit) {
				audience = max(audience, x)
			}
		}
	})
	a.askReal(values, as, list)
	// Who asks for a list that is being opened waits for the names, and opens none.
	unlock, err := a.o.shown.begin(ctx, names)
	if err != nil {
		return nil, err
	}
	defer unlock()
	what, sealed := opening{}, make([]bool, len(values))
	for i, v := range values {
		if list[i].seen == domain.Withheld || v.box.IsZero() {
			a.o.shown.forget(names[i])
			continue
		}
		if text, known := a.o.shown.get(today, names[i]); known {
			list[i].text = text
		} else {
			if v.look.Purpose == domain.OnPage && a.why == "" && !simulated {
				return nil, errNoReason
			}
			sealed[i] = true
			what.add(v.box.Key, v.look.Field)
		}
	}
	if err := a.journal(ctx, vault.Opened, audience, what); err != nil {
		return nil, err
	}
	for i, v := range values {
		if sealed[i] {
			text, err := a.o.ledger.Unseal(ctx, v.box, v.stream, v.command, v.path)
			if errors.Is(err, vault.ErrKeyGone) { // erased behind the end of this log, which is a backup's
				list[i] = shown{erased: true}
				continue
			}
			if err != nil {
				return nil, fmt.Errorf("open %s: %w", v.path, err)
			}
			a.o.shown.put(today, names[i], text)
			list[i].text = text
		}
		if list[i].seen == domain.Masked {
			list[i].text = domain.Mask(v.look.Field, list[i].text)
		}
	}
	return list, nil
}

// askReal asks the gate of the real ledger too where this office is a rehearsal: a role
// that a script grants itself opens nothing. People whom only the script registers are
// its own.
func (a *Asker) askReal(values []value, as *domain.Ledger, list []shown) {
	if !a.o.rehearses() {
		return
	}
	a.o.real.State(func(s *domain.Ledger) {
		for i, v := range values {
			if _, real := s.Revision(domain.Stream(domain.PartyKind, v.look.Of)); real {
				list[i].seen = min(list[i].seen, s.Sees(v.look, as))
			}
		}
	})
}

var errNoReason = Input(words.Why.String(), "打开个人信息须说明理由", "a reason is needed to open what is private")

// MustSayWhy refuses to open anything on a page without a reason, in a real ledger.
func (a *Asker) MustSayWhy() error {
	if a.why == "" && !a.o.Simulated() {
		return errNoReason
	}
	return nil
}

// Simulated says whether the ledger is a demonstration, whose people are made up.
func (o *Office) Simulated() (simulated bool) {
	o.State(func(s *domain.Ledger) { simulated = s.Simulated() })
	return simulated
}

// OpenDocument opens a document of a case; event is the number of the event that
// names it. Errors: [NotSeen], an [InputError] where a reason is missing or the case
// was erased, those of documents.
func (a *Asker) OpenDocument(ctx context.Context, unit, of domain.ID, event uint64, tag []byte) ([]byte, error) {
	if err := a.MustSayWhy(); err != nil {
		return nil, err
	}
	may := false
	audience := domain.Public
	a.o.State(func(s *domain.Ledger) {
		may = s.SeesDocument(a.who(s), unit)
		audience = slices.Max(s.Audiences(a.who(s), unit))
	})
	if !may {
		return nil, &NotSeen{a.officer, "文件", "a document"}
	}
	what := opening{}
	what.add(of, fmt.Sprintf("document of event %d", event))
	if err := a.journal(ctx, vault.Opened, audience, what); err != nil {
		return nil, err
	}
	text, err := a.o.documents().Unseal(ctx, of, tag)
	if errors.Is(err, vault.ErrKeyGone) {
		return nil, Input(fmt.Sprint(event), "该案卷已删除，文件不能再打开", "the case was erased: its documents open no more")
	}
	return text, err
}

// PartyByNumber looks an identity number up, which stands in the journal. Of a party
// whose number the asker may not see it says what it says of nobody's.
func (a *Asker) PartyByNumber(ctx context.Context, text string) (domain.ID, error) {
	may := false
	a.o.State(func(s *domain.Ledger) { may = s.IsOfOffice(a.who(s)) })
	if !may {
		return domain.ID{}, &NotSeen{a.officer, "身份证号", "identity numbers"}
	}
	number, _, err := domain.ResidentNumber(strings.TrimSpace(text))
	if err != nil {
		return domain.ID{}, err
	}
	id, found, err := a.o.ledger.PartyOf(ctx, number)
	if err != nil {
		return id, err
	}
	a.o.State(func(s *domain.Ledger) {
		p := s.Parties[id]
		found = found && p != nil && s.Sees(domain.Look{Officer: a.who(s), Unit: p.Unit, Event: "PartyRegistered", Field: "number", Of: id}, nil) >= domain.Masked
	})
	what := opening{}
	if found {
		what.add(id, "number")
	}
	if err := a.note(ctx, vault.LookedUp, "", what); err != nil {
		return id, err
	}
	if !found {
		return domain.ID{}, Input(words.IDNumber.String(), "您经办的单位没有登记此人", "no unit of yours has registered that person")
	}
	return id, nil
}

// accountHeld is an account that is held against the registered one of a payee.
type accountHeld struct {
	payee   domain.ID
	account string // as somebody wrote it, in its normal form
	found   accountFound
}

// accountFound is how an account compares with the registered one.
type accountFound uint8

const (
	notCompared accountFound = iota // the asker may not compare accounts of the payee's unit
	sameAccount
	otherAccount
	noAccount // the payee has none
)

// holdAccounts compares accounts with the registered ones by the ids that stand for them:
// none is opened, and of a registered one nothing is said but whether it is the same. Who
// may compare them is who sees those ids. Whose accounts were compared stands in the
// journal.
func (a *Asker) holdAccounts(ctx context.Context, list []accountHeld) error {
	ids := make([]domain.ID, len(list))
	may := func(s *domain.Ledger, of domain.ID) bool {
		p := s.Parties[s.Same(of)]
		return p != nil && s.Sees(domain.Look{Officer: a.who(s), Unit: p.Unit, Event: "PartyRegistered", Field: "account_id", Of: p.ID}, nil) == domain.Whole
	}
	a.o.State(func(s *domain.Ledger) {
		for i := range list {
			account, ok := s.AccountOf(list[i].payee)
			switch ids[i] = account.ID; {
			case !may(s, list[i].payee):
			case !ok:
				list[i].found = noAccount
			default:
				list[i].found = otherAccount
			}
		}
	})
	if a.o.rehearses() { // as askReal
		a.o.real.State(func(s *domain.Ledger) {
			for i := range list {
				if s.Registered(list[i].payee) && !may(s, list[i].payee) {
					list[i].found = notCompared
				}
			}
		})
	}
	what := opening{}
	for _, h := range list {
		if h.found != notCompared {
			what.add(h.payee, "account")
		}
	}
	if len(what.order) == 0 {
		return nil
	}
	if err := a.note(ctx, vault.LookedUp, "", what); err != nil {
		return err
	}
	work, each := errgroup.WithContext(ctx)
	work.SetLimit(importers)
	for i := range list {
		if list[i].found != otherAccount {
			continue
		}
		work.Go(func() error {
			id, known, err := a.o.vault.AccountOf(each, list[i].account)
			if known && id == ids[i] {
				list[i].found = sameAccount
			}
			return err
		})
	}
	return work.Wait()
}

// Holds refuses whoever has none of the roles for a unit.
func (a *Asker) Holds(unit domain.ID, roles ...domain.Role) error {
	ok := false
	a.o.State(func(s *domain.Ledger) {
		ok = s.ActsAs(a.who(s), unit, roles...)
	})
	if ok {
		return nil
	}
	var zh, en []string
	for _, r := range roles {
		zh, en = append(zh, r.Say(domain.Zh)), append(en, string(r))
	}
	return &NotSeen{a.officer, "（须为 " + strings.Join(zh, "、") + "）", "(needs the role " + strings.Join(en, " or ") + ")"}
}

// Sees says how much of a private field of an event of a unit the asker sees on a
// page.
func (a *Asker) Sees(unit domain.ID, event, field string) (seen domain.Seen) {
	a.o.State(func(s *domain.Ledger) {
		seen = s.Sees(domain.Look{Officer: a.who(s), Unit: unit, Event: event, Field: field}, nil)
	})
	return seen
}

// MustSee refuses whoever does not see a private field of an event of a unit at
// all.
func (a *Asker) MustSee(unit domain.ID, event, field string) error {
	if a.Sees(unit, event, field) == domain.Withheld {
		return &NotSeen{a.officer, event + "." + field, event + "." + field}
	}
	return nil
}

// Journal goes through the vault's journal, for auditors and privacy officers of
// the root unit.
func (a *Asker) Journal(ctx context.Context, each func(vault.Entry) error) error {
	var root domain.ID
	a.o.State(func(s *domain.Ledger) { root = s.UnitOf(domain.LedgerStream) })
	if err := a.Holds(root, domain.Auditor, domain.PrivacyOfficer); err != nil {
		return err
	}
	for e, err := range a.o.ledger.Journal(ctx) {
		if err != nil {
			return err
		}
		if err := each(e); err != nil {
			return err
		}
	}
	return nil
}

// opening collects what is to be opened: the fields of each person or case.
type opening struct {
	order  []uuid.UUID
	fields map[uuid.UUID][]string
}

func (o *opening) add(of uuid.UUID, field string) {
	if o.fields == nil {
		o.fields = map[uuid.UUID][]string{}
	}
	if o.fields[of] == nil {
		o.order = append(o.order, of)
	}
	if !slices.Contains(o.fields[of], field) {
		o.fields[of] = append(o.fields[of], field)
	}
}

// entries groups those of whom the same fields are opened.
func (o *opening) entries() (list []vault.Opening) {
	by := map[string]*vault.Opening{}
	for _, of := range o.order {
		key := strings.Join(o.fields[of], ",")
		if by[key] == nil {
			by[key] = &vault.Opening{Fields: o.fields[of]}
		}
		by[key].Of = append(by[key].Of, of)
	}
	for _, key := range slices.Sorted(maps.Keys(by)) {
		list = append(list, *by[key])
	}
	return list
}

// journal writes what is about to be opened; nothing is no entry.
func (a *Asker) journal(ctx context.Context, kind vault.EntryKind, as domain.Audience, what opening) error {
	if len(what.order) == 0 {
		return nil
	}
	return a.note(ctx, kind, as.Say(domain.En), what)
}

func (a *Asker) note(ctx context.Context, kind vault.EntryKind, as string, what opening) error {
	e := vault.Entry{Kind: kind, Officer: a.officer, As: as, Did: a.did, Why: a.why, Opened: what.entries()}
	if err := a.o.journalOf().Note(ctx, e); err != nil {
		return fmt.Errorf("nothing was opened, the vault's journal could not be written: %w", err)
	}
	return nil
}
