package main

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/google/uuid"

	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/eventstore/vault"
)

// asker is who asks to see what is sealed: the officer who proves a key with
// --key, else anybody. What he sees is in the domain's table (domain.SeenBy); a
// demonstration, whose people are made up, shows everything to everybody.
type asker struct {
	l       *opened
	officer uuid.UUID // zero: nobody proved a key
	demo    bool
	did     string // the program's command, for the journal
	why     string // in his words
}

// asker finds who asks. did is the program's command.
func (p *program) asker(l *opened, did string) (*asker, error) {
	a := &asker{l: l, did: did, why: p.why}
	signers, err := p.signers(l.Ledger)
	if err != nil {
		return nil, err
	}
	if len(signers) > 0 {
		a.officer = signers[0].Officer
	}
	l.View(func(s *domain.Ledger) { a.demo = s.Opened != nil && s.Opened.Simulated })
	return a, nil
}

// notSeenError says that who asks may not see what he asked for.
type notSeenError struct {
	officer uuid.UUID
	what    string // in both languages
}

func (e *notSeenError) Error() string {
	who := "未出示经办人密钥（--key）/ no officer's key was given (--key)"
	if e.officer != (uuid.UUID{}) {
		who = "经办人 officer " + e.officer.String()
	}
	return who + "：无权查看 / may not see " + e.what
}

// audiences are those to which who asks belongs, for a unit.
func (a *asker) audiences(unit domain.ID) (list []domain.Audience) {
	if a.demo {
		return []domain.Audience{domain.Public, domain.Finance, domain.Auditing, domain.Privacy}
	}
	a.l.View(func(s *domain.Ledger) { list = s.Audiences(a.officer, unit) })
	return list
}

// anywhere says whether he is an officer in office with any role at all.
func (a *asker) anywhere() (ok bool) {
	a.l.View(func(s *domain.Ledger) {
		o := s.Officers[a.officer]
		ok = o != nil && !o.Left && len(o.Grants) > 0
	})
	return ok || a.demo
}

// sees says how much of a private field of an event of a unit he sees.
func (a *asker) sees(unit domain.ID, event, field string) domain.Seen {
	most := domain.Withheld
	for _, x := range a.audiences(unit) {
		most = max(most, domain.SeenBy(event, field, x))
	}
	return most
}

// need refuses who may not see a field of an event of a unit at all.
func (a *asker) need(unit domain.ID, event, field string) error {
	if a.sees(unit, event, field) < domain.Masked {
		return &notSeenError{a.officer, event + "." + field}
	}
	return nil
}

// office refuses who has no role for a unit at all.
func (a *asker) office(unit domain.ID, what string) error {
	for _, x := range a.audiences(unit) {
		if x > domain.Public {
			return nil
		}
	}
	return &notSeenError{a.officer, what}
}

// holds refuses who has none of the roles for a unit.
func (a *asker) holds(unit domain.ID, roles ...domain.Role) error {
	if a.demo {
		return nil
	}
	ok := false
	a.l.View(func(s *domain.Ledger) {
		for _, r := range roles {
			ok = ok || s.Holds(a.officer, r, unit)
		}
	})
	if ok {
		return nil
	}
	var names []string
	for _, r := range roles {
		names = append(names, r.Say(domain.Zh)+" "+string(r))
	}
	return &notSeenError{a.officer, "（" + strings.Join(names, "、") + "）"}
}

// openedFor collects what is to be opened, for one entry of the journal.
type openedFor map[string][]uuid.UUID // by fields, joined by commas

// add notes that fields of a person or case are to be opened.
func (o openedFor) add(of uuid.UUID, fields ...string) {
	key := strings.Join(fields, ",")
	o[key] = append(o[key], of)
}

// note writes into the vault's journal what is about to be opened. Nothing is
// opened before it returns.
func (a *asker) note(ctx context.Context, unit domain.ID, what openedFor) error {
	if len(what) == 0 {
		return nil
	}
	most := domain.Public
	for _, x := range a.audiences(unit) {
		most = max(most, x)
	}
	e := vault.Entry{Kind: vault.Opened, Officer: a.officer, As: most.Say(domain.En), Did: a.did, Why: a.why}
	for _, fields := range sortedKeys(what) {
		e.Opened = append(e.Opened, vault.Opening{Fields: strings.Split(fields, ","), Of: what[fields]})
	}
	if err := a.l.Note(ctx, e); err != nil {
		return errors.Join(errors.New("nothing was opened, the vault's journal could not be written"), err)
	}
	return nil
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
