package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/eventstore/vault"
)

func (p *program) showJournal(ctx context.Context, a *asker, about domain.ID) error {
	var root domain.ID
	posts := map[uuid.UUID]string{}
	a.l.View(func(s *domain.Ledger) {
		root = s.Opened.Root.ID
		for id, o := range s.Officers {
			posts[id] = o.Post
		}
	})
	if err := a.holds(root, domain.Auditor, domain.PrivacyOfficer); err != nil {
		return err
	}
	t := newTable(p.say("序号", "no"), p.say("时间", "time"), p.say("事由", "kind"), p.say("经办人", "officer"), p.say("身份", "as"), p.say("命令", "command"), p.say("字段", "fields"), p.say("人数", "of"), p.say("理由", "why")).figures(0, 7)
	for e, err := range a.l.Journal(ctx) {
		if err != nil {
			return err
		}
		if about != (domain.ID{}) && !slices.ContainsFunc(e.Opened, func(o vault.Opening) bool { return slices.Contains(o.Of, about) }) {
			continue
		}
		if p.json {
			if err := writeJSONLine(e); err != nil {
				return err
			}
			continue
		}
		var fields []string
		people := map[uuid.UUID]bool{}
		for _, o := range e.Opened {
			for _, f := range o.Fields {
				if name := fieldNames[f]; name != "" {
					f = p.say(name, f)
				}
				fields = append(fields, f)
			}
			for _, id := range o.Of {
				people[id] = true
			}
		}
		who := posts[e.Officer]
		if who == "" {
			who = "—"
		}
		t.row(fmt.Sprint(e.No), e.At.In(domain.Shanghai).Format("2006-01-02 15:04:05"), p.sayKind(e.Kind), who, p.sayAs(e.As), e.Did, strings.Join(fields, ","), fmt.Sprint(len(people)), printable(e.Why))
	}
	if p.json {
		return nil
	}
	return p.tell(t)
}

// sayAs says an audience as the journal has it.
func (p *program) sayAs(as string) string {
	for _, a := range []domain.Audience{domain.Public, domain.Finance, domain.Auditing, domain.Privacy} {
		if as == a.Say(domain.En) {
			return a.Say(p.lang())
		}
	}
	return as
}

func (p *program) sayKind(k vault.EntryKind) string {
	if p.lang() == domain.En {
		return string(k)
	}
	return map[vault.EntryKind]string{vault.Opened: "打开", vault.LookedUp: "查号", vault.Erased: "删除", vault.Rewrap: "换封装密钥", vault.Removed: "移除文件", vault.Lost: "缺失仍继续"}[k]
}
