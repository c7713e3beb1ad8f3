package demo

import (
	"bytes"
	"os"
	"path/filepath"

	"reliefledger.org/ledger/cmd/internal/office"
	"reliefledger.org/ledger/projections"
	"reliefledger.org/ledger/testdata/campaigns"
)

// Figures goes through the figures of a file, each with the query that rebuilds it from
// events; an empty name is that of the nine reports.
func Figures(b *projections.Books, file string) ([]projections.Figure, error) {
	text, err := campaigns.Files.ReadFile("figures.jsonl")
	if file != "" {
		text, err = os.ReadFile(filepath.Clean(file))
	}
	if err != nil {
		return nil, office.InputErr(file, err)
	}
	sources, err := projections.ReadFigures(bytes.NewReader(text))
	if err != nil {
		return nil, office.InputErr(file, err)
	}
	return b.Figures(sources), nil
}

// Proven is how many of the figures are proven.
func Proven(list []projections.Figure) (n int) {
	for _, f := range list {
		if f.OK {
			n++
		}
	}
	return n
}
