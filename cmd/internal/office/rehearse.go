package office

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"

	"reliefledger.org/ledger/eventstore"
	"reliefledger.org/ledger/eventstore/embedded"
	"reliefledger.org/ledger/eventstore/ledger"
	"reliefledger.org/ledger/eventstore/vault"
)

// Rehearse makes a copy of the office, its events in memory and its vault in a
// temporary file, in which several instructions can be carried out one after the
// other: what a later one builds on is there then, and nothing of it is in the
// ledger. What is opened on the way stands in the real vault's journal. The copy
// goes when it is closed. A vault that is no file is not copied; nil is none.
func (o *Office) Rehearse(ctx context.Context) (rehearsal *Office, err error) {
	at := o.VaultAt(o.about)
	if IsAddress(at) {
		return nil, nil
	}
	dir, err := os.MkdirTemp("", "reliefledger-rehearsal-")
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(dir))
		}
	}()
	file := filepath.Join(dir, VaultFile)
	if err := vault.Copy(ctx, at, o.about.Ledger, file); err != nil {
		return nil, err
	}
	store, err := embedded.Create("/rehearsal", embedded.Options{FS: vfs.NewMem()})
	if err != nil {
		return nil, err
	}
	if _, err := eventstore.Copy(ctx, o.store, store, func(uint64) {}); err != nil {
		return nil, errors.Join(err, store.Close())
	}
	v, err := vault.OpenRotated(ctx, file, o.about.Ledger, o.KeyPath(o.about))
	if err != nil {
		return nil, errors.Join(err, store.Close())
	}
	l, err := ledger.Open(ctx, store, v, ledger.Options{Calendar: o.opts.Calendar})
	if err != nil {
		return nil, errors.Join(err, store.Close(), v.Close())
	}
	home := o.Home
	home.Data = dir
	rehearsal = newOffice(newReader(home, o.about, o.opts, store), v, l)
	rehearsal.real = o
	return rehearsal, nil
}

// rehearses says whether this office is a copy, of which nothing stays.
func (o *Office) rehearses() bool { return o.real != nil }

// journalOf is the ledger in whose vault's journal stands what is opened.
func (o *Office) journalOf() *ledger.Ledger {
	if o.real != nil {
		return o.real.ledger
	}
	return o.ledger
}

// IsAddress says whether a store or a vault is elsewhere rather than a file or a
// folder. One that only looks like an address is none of a folder: it may have a
// password in it.
func IsAddress(place string) bool {
	scheme, _, ok := strings.Cut(strings.ToLower(place), ":")
	return strings.Contains(place, "://") || ok && (strings.HasPrefix(scheme, "esdb") || strings.HasPrefix(scheme, "kurrent") || scheme == "kdb")
}
