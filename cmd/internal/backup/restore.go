package backup

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"reliefledger.org/ledger/cmd/internal/office"
	"reliefledger.org/ledger/cmd/internal/words"
	"reliefledger.org/ledger/eventstore"
	"reliefledger.org/ledger/eventstore/embedded"
	"reliefledger.org/ledger/eventstore/vault"
)

// Open reads the manifest of a backup, or of the last one in a folder of backups, and
// says where that is.
func Open(dir string) (string, *Manifest, error) {
	m, err := readManifest(dir)
	var none *NoBackup
	if !errors.As(err, &none) {
		return dir, m, err
	}
	all, failed := List(dir)
	if failed != nil {
		return dir, nil, failed
	}
	last := newest(all)
	if last == nil {
		return dir, nil, err
	}
	if end := all[len(all)-1]; end.number != last.number && !errors.As(end.Err, &none) {
		return dir, nil, end.Err // it is damaged: to take an older one is for people to decide
	}
	return last.Dir, last.Manifest, nil
}

// Restored is a ledger that was made of a backup.
type Restored struct {
	About   office.About
	WithKey bool // its wrapping key is where it belongs
}

// Restore makes a ledger in home of the backup in dir, whose files are what they were
// ([Manifest.Verify]). with is the file of another vault in the place of the backup's;
// empty is none. ledger.json comes last; after an error nothing is there that was not
// before.
func Restore(ctx context.Context, dir string, m *Manifest, home office.Home, with string) (_ *Restored, err error) {
	if home.Data == "" {
		_, err := home.About()
		return nil, err
	}
	entries, err := os.ReadDir(home.Data)
	missing := errors.Is(err, fs.ErrNotExist)
	switch {
	case err != nil && !missing:
		return nil, err
	case len(entries) > 0:
		return nil, &eventstore.NotEmpty{Path: home.Data, Found: entries[0].Name()}
	}
	a := m.About
	a.Store, a.WrappingKey = "", home.KeyPath(a)
	if m.VaultDump == "" {
		a.Vault = ""
	}
	key, keyErr := vault.ReadWrappingKey(a.WrappingKey)
	if lost := errors.Is(keyErr, fs.ErrNotExist) && home.WrappingKey == ""; keyErr != nil && !lost {
		return nil, &office.KeyError{Path: a.WrappingKey, Err: keyErr}
	}
	if err := os.MkdirAll(home.Data, 0o700); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, clearFolder(home.Data, missing))
		}
	}()
	if err := m.copyTo(ctx, dir, home.Data); err != nil {
		return nil, err
	}
	if err := checkRestored(ctx, home.Data, m); err != nil {
		return nil, err
	}
	if with != "" {
		if err := os.Remove(filepath.Join(home.Data, office.VaultFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		if err := vault.Copy(ctx, with, a.Ledger, filepath.Join(home.Data, office.VaultFile)); err != nil {
			return nil, err
		}
	}
	if keyErr == nil && m.VaultDump == "" {
		v, err := vault.Open(filepath.Join(home.Data, office.VaultFile), a.Ledger, key)
		if err == nil {
			err = v.Close()
		}
		if errors.Is(err, vault.ErrWrongKey) && with == "" {
			return nil, &office.KeyError{Path: a.WrappingKey, Zh: "不是该备份的封装密钥；若其后删除过个人信息，用 " + words.WithVault.String() + " 配上最新的保险库", En: "not the wrapping key of this backup; if somebody was erased since, give the latest vault with " + words.WithVault.String()}
		}
		if err != nil {
			return nil, &office.KeyError{Path: a.WrappingKey, Err: err}
		}
	}
	if err := home.Write(a); err != nil {
		return nil, err
	}
	return &Restored{a, keyErr == nil}, nil
}

// clearFolder empties a folder, which was empty before, or removes it.
func clearFolder(dir string, remove bool) error {
	if remove {
		return os.RemoveAll(dir)
	}
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		err = errors.Join(err, os.RemoveAll(filepath.Join(dir, e.Name())))
	}
	return err
}

// copyTo copies all files of the backup in dir, synced with their folders. What
// was copied is compared once more: the disk could have answered otherwise.
func (m *Manifest) copyTo(ctx context.Context, dir, to string) error {
	folders := map[string]bool{to: true}
	for _, f := range m.Files {
		if err := ctx.Err(); err != nil {
			return err
		}
		name := filepath.FromSlash(f.Name)
		into := filepath.Join(to, name)
		for above := filepath.Dir(into); !folders[above]; above = filepath.Dir(above) {
			folders[above] = true
		}
		if err := os.MkdirAll(filepath.Dir(into), 0o700); err != nil {
			return err
		}
		have, err := copyFile(filepath.Join(dir, name), into)
		if err != nil {
			return err
		}
		if have.Sum != f.Sum {
			return &Damaged{dir, f.Name, "复制时发生变化", "it changed while it was copied"}
		}
	}
	for folder := range folders {
		if err := office.SyncPath(folder); err != nil {
			return err
		}
	}
	return nil
}

// checkRestored opens the store and reads all events: count and chain must be
// those of the manifest.
func checkRestored(ctx context.Context, data string, m *Manifest) error {
	s, err := embedded.Open(filepath.Join(data, office.EventsFolder), embedded.Options{})
	if err != nil {
		return err
	}
	chain, err := eventstore.ChainOf(ctx, s)
	if err = errors.Join(err, s.Close()); err != nil {
		return err
	}
	if sum := hex.EncodeToString(chain.Sum[:]); chain.Count != m.Entries || sum != m.Chain {
		return &eventstore.Corrupt{Where: filepath.Join(data, office.EventsFolder), Cause: fmt.Errorf("%d entries with SHA-256 %s, the backup had %d with %s", chain.Count, sum, m.Entries, m.Chain)}
	}
	return nil
}
