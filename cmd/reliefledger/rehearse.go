package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"github.com/cockroachdb/pebble/v2/vfs"

	"reliefledger.org/ledger/eventstore"
	"reliefledger.org/ledger/eventstore/embedded"
	"reliefledger.org/ledger/eventstore/ledger"
	"reliefledger.org/ledger/eventstore/vault"
)

// rehearse makes a copy of a ledger, its events in memory and its vault in a
// temporary file, in which a file of orders can be carried out: what a later line
// builds on is there then, and nothing of it is in the ledger. A vault that is no
// file is not copied; nil is none.
func (p *program) rehearse(ctx context.Context, l *opened) (copied *opened, remove func() error, err error) {
	a, err := p.about()
	if err != nil || isAddress(p.vaultAt(a)) {
		return nil, nil, err
	}
	dir, err := os.MkdirTemp("", "reliefledger-rehearsal-")
	if err != nil {
		return nil, nil, err
	}
	remove = func() error { return os.RemoveAll(dir) }
	defer func() {
		if err != nil {
			err = errors.Join(err, remove())
		}
	}()
	file := filepath.Join(dir, vaultFile)
	if err := vault.Copy(ctx, p.vaultAt(a), a.Ledger, file); err != nil {
		return nil, nil, err
	}
	store, err := embedded.Create("/rehearsal", embedded.Options{FS: vfs.NewMem()})
	if err != nil {
		return nil, nil, err
	}
	if _, err := eventstore.Copy(ctx, l.store, store, func(uint64) {}); err != nil {
		return nil, nil, errors.Join(err, store.Close())
	}
	v, err := vault.OpenRotated(ctx, file, a.Ledger, p.keyPath(a))
	if err != nil {
		return nil, nil, errors.Join(err, store.Close())
	}
	opts := ledger.Options{}
	if opts.Calendar, err = p.calendar(); err != nil {
		return nil, nil, errors.Join(err, store.Close(), v.Close())
	}
	led, err := ledger.Open(ctx, store, v, opts)
	if err != nil {
		return nil, nil, errors.Join(err, store.Close(), v.Close())
	}
	inDir := *p
	inDir.data = dir
	return &opened{Ledger: led, store: store, vault: v, program: &inDir}, remove, nil
}
