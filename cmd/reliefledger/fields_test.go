package main

import (
	"errors"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"reliefledger.org/ledger/cmd/internal/office"
	"reliefledger.org/ledger/cmd/internal/words"
)

// Every field that a sentence may name has a flag that there is.
func TestFieldsHaveFlags(t *testing.T) {
	flags, commands := map[string]bool{}, map[string]bool{}
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		commands[strings.TrimPrefix(c.CommandPath(), "reliefledger ")] = true
		for _, set := range []*pflag.FlagSet{c.Flags(), c.PersistentFlags()} {
			set.VisitAll(func(f *pflag.Flag) { flags["--"+f.Name] = true })
		}
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(rootCommand(&program{}))
	flag := regexp.MustCompile(`--[a-z-]+`)
	for _, f := range words.Fields() {
		said := flagOf[f]
		named := flag.FindString(said)
		if command := strings.TrimSpace(flag.ReplaceAllString(said, "")); said == "" || named != "" && !flags[named] || named == "" && !commands[command] {
			t.Errorf("%s is said as %q", f, said)
		}
	}
	if len(flagOf) != len(words.Fields()) {
		t.Error("a flag of no field")
	}
}

func TestFlagged(t *testing.T) {
	err := errors.Join(office.Input(words.Why.String(), "须说明理由", "a reason is needed"), office.Input("a.pdf", "文件已存在（%s 覆盖）", "is there already (%s overwrites it)", words.Force))
	for lang, want := range map[string]string{"zh": "--why: 须说明理由\na.pdf: 文件已存在（--force 覆盖）", "en": "--why: a reason is needed\na.pdf: is there already (--force overwrites it)"} {
		p := &program{langFlag: lang}
		if got := p.sentence(err); got != want {
			t.Errorf("%s", got)
		}
	}
}
