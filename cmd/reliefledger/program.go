package main

import (
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"reliefledger.org/ledger/cmd/internal/office"
	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/projections"
)

// program is what all subcommands share: the global flags. How it says things is in
// printer.go, how a ledger is opened by it in opening.go.
type program struct {
	home       office.Home
	langFlag   string
	json       bool
	asOf       string
	keys       []string
	why        string
	export     string
	acceptLost bool
	holidays   string

	began bool // a command runs: what is wrong now is not how it was called
}

// lang is the language in which people are spoken to: the flag, else English
// where the locale says so, else Chinese.
func (p *program) lang() domain.Lang {
	switch p.langFlag {
	case "zh", "en":
		return domain.Lang(p.langFlag)
	}
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if v := os.Getenv(name); v != "" {
			if strings.HasPrefix(v, "en") {
				return domain.En
			}
			break
		}
	}
	return domain.Zh
}

// say picks the sentence of the language.
func (p *program) say(zh, en string) string {
	if p.lang() == domain.En {
		return en
	}
	return zh
}

// until reads --as-of.
func (p *program) until() (projections.Until, error) {
	var u projections.Until
	switch s := p.asOf; {
	case s == "":
	case strings.HasPrefix(s, "#"):
		var n uint64
		if _, err := fmt.Sscanf(s, "#%d", &n); err != nil || fmt.Sprintf("#%d", n) != s {
			return u, office.Input("--as-of", "%q：#123", "%q: #123", s)
		}
		u.Number = &n
	case strings.Contains(s, "T"):
		t, err := time.Parse(time.RFC3339, s)
		if err != nil {
			return u, office.InputErr("--as-of", err)
		}
		u.Recorded = t
	default:
		d, err := domain.ParseDay(s)
		if err != nil {
			return u, office.InputErr("--as-of", err)
		}
		u.Date = d
	}
	return u, nil
}

// group is a command that only groups others: it shows its help.
func group(use, short string, sub ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{Use: use, Short: short, Args: cobra.NoArgs, RunE: func(c *cobra.Command, _ []string) error { return c.Help() }}
	c.AddCommand(sub...)
	return c
}
