package main

import (
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/term"

	"reliefledger.org/ledger/cmd/internal/office"
	"reliefledger.org/ledger/cmd/internal/table"
)

// table writes a table where it is asked for.
func (p *program) table(t *table.Table) error {
	if p.export == "" {
		return t.Write(os.Stdout)
	}
	var text []byte
	var err error
	neutral := t.Neutral()
	switch strings.ToLower(filepath.Ext(p.export)) {
	case ".csv":
		text, err = t.CSV()
	case ".xlsx":
		text, err = t.XLSX()
	default:
		return office.Input("--export", "文件名须以 .csv 或 .xlsx 结尾", "the file's name ends in .csv or .xlsx")
	}
	if err != nil {
		return err
	}
	if office.Vacant(p.export, false) != nil { // and nothing here overwrites it
		return office.Input(p.export, "文件已存在", "is there already")
	}
	if err := p.home.WriteOut(p.export, text, false); err != nil {
		return err
	}
	p.note("已写入 %s：%d 行\n", "wrote %s: %d rows\n", p.export, t.Len())
	if neutral > 0 {
		p.note("%d 个单元格以 = + - @ 或制表符开头，前面加了 '，以免被当作公式\n", "%d cells begin with = + - @ or a tab: a ' stands before them now, so that none is taken for a formula\n", neutral)
	}
	return nil
}

// The colours of a terminal, used for what must not be overlooked.
const (
	green  = "32"
	yellow = "33"
	red    = "31"
)

// colour marks a text where people look at a terminal, and nowhere else: not in
// files, pipes or scripts, nor where NO_COLOR is set.
func colour(code, text string) string {
	if _, off := os.LookupEnv("NO_COLOR"); off || text == "" || code == "" || !term.IsTerminal(int(os.Stdout.Fd())) {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}
