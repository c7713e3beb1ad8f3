// Package campaigns holds the nine campaigns of the demonstration: a folder for
// each with its commands as JSON lines and its rosters as CSV, and the figures
// of the nine reports with the query that rebuilds each.
//
// All names are made up (but for the five teachers whom report 3 names); id
// numbers are valid in form with a division code that was never assigned, and
// accounts have a bank number that was never issued, so that nobody is meant.
// `make campaigns` writes the folders again; see generate.py.
package campaigns

import "embed"

// Files are the campaigns: N/commands.jsonl, N/*.csv, and figures.jsonl.
//
//go:embed */*.jsonl */*.csv figures.jsonl
var Files embed.FS
