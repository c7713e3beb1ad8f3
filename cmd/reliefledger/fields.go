package main

import (
	"reliefledger.org/ledger/cmd/internal/office"
	"reliefledger.org/ledger/cmd/internal/words"
)

// flagOf are the flags in which the fields are given that sentences of the office
// name, and the subcommands that they name.
var flagOf = map[words.Field]string{
	words.Advertise: "--advertise", words.Certificate: "--tls-certificate", words.Listen: "--listen", words.Scratch: "--scratch", words.Users: "--users", words.Writable: "--writable",
	words.AcceptLost: "--accept-lost", words.Allocation: "--allocation", words.AsOf: "--as-of", words.Bank: "--bank", words.Batch: "--batch", words.By: "--by",
	words.Campaign: "--campaign", words.Column: "--column", words.Data: "--data (RELIEFLEDGER_DATA)", words.Date: "--date",
	words.Document: "--file", words.Force: "--force", words.Form: "--form", words.From: "--from", words.IDNumber: "--id-number", words.Key: "--key",
	words.Metrics: "--metrics", words.Notice: "--notice", words.Out: "--out", words.Role: "--role", words.SamePerson: "--same-person",
	words.Sheet: "--sheet", words.Store: "--store", words.To: "--to", words.Unit: "--unit", words.Use: "--use", words.Which: "--which",
	words.Why: "--why", words.WithVault: "--with-vault", words.WrappingKey: "--wrapping-key",
	words.ConfirmErase: "erase --confirm", words.LateReturns: "batch import-returns",
	words.PrepareStore: "store prepare",
}

// flagged puts flags in the place of fields.
func flagged(sentence string) string { return words.Name(sentence, flagOf) }

// sentence is what people read of an error here.
func (p *program) sentence(err error) string { return flagged(office.Sentence(err, p.lang())) }
