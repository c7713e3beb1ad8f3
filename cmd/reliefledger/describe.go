package main

import (
	"os"
	"strings"

	"reliefledger.org/ledger/cmd/internal/office"
	"reliefledger.org/ledger/cmd/internal/table"
	"reliefledger.org/ledger/domain"
)

// listCommands writes the commands with the roles that they need.
func listCommands(p *program) error {
	t := table.New(p.say("命令", "command"), p.say("职责", "roles"))
	for _, name := range domain.CommandNames() {
		var roles []string
		for _, r := range domain.RolesFor(name) {
			roles = append(roles, r.Say(p.lang()))
		}
		t.Row(name, strings.Join(roles, p.say("、", ", ")))
	}
	t.Row(office.ImportLines, p.say("拟稿人（名册文件）", "drafter (a roster)"))
	return t.Write(os.Stdout)
}
