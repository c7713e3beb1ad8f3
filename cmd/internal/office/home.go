package office

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/google/uuid"

	"reliefledger.org/ledger/cmd/internal/words"
	"reliefledger.org/ledger/eventstore"
	"reliefledger.org/ledger/eventstore/esdb"
	"reliefledger.org/ledger/eventstore/folder"
	"reliefledger.org/ledger/eventstore/vault"
)

// What stands in a ledger's folder.
const (
	EventsFolder    = "events"
	DocumentsFolder = "documents"
	VaultFile       = "vault.db"
	AboutFile       = "ledger.json" // written last: a folder without it is no ledger

	snapshotsFolder = "snapshots" // caches; may be removed at any time
)

// Home says where a ledger is: its folder, and what of it is elsewhere. What is
// empty is where ledger.json says, else in the folder.
type Home struct {
	Data        string // the folder
	Store       string // address of the events, esdb://...
	Vault       string // file or address of the vault, postgres://...
	WrappingKey string // file of the wrapping key
}

// About is ledger.json: which ledger the folder is, and where its wrapping key,
// its events and its vault are by default. No secret stands in it.
type About struct {
	Ledger      uuid.UUID `json:"ledger"`
	WrappingKey string    `json:"wrapping_key"`
	Store       string    `json:"store,omitempty"` // without user and password; empty: in the folder
	Vault       string    `json:"vault,omitempty"` // likewise
}

var noFolder = &NoLedgerError{Zh: "须指明账簿目录：" + words.Data.String(), En: "say which folder the ledger is in: " + words.Data.String()}

// About reads ledger.json. The error is a [NoLedgerError].
func (h Home) About() (About, error) {
	var a About
	if h.Data == "" {
		return a, noFolder
	}
	text, err := os.ReadFile(filepath.Join(h.Data, AboutFile))
	if err != nil {
		return a, &NoLedgerError{h.Data, "没有 " + AboutFile, "no " + AboutFile}
	}
	if err := json.Unmarshal(text, &a); err != nil || a.Ledger == (uuid.UUID{}) {
		return a, &NoLedgerError{h.Data, AboutFile + " 已损坏", AboutFile + " is torn"}
	}
	return a, nil
}

// Write writes ledger.json: a reader, also one after a crash, sees the old text or
// the new one.
func (h Home) Write(a About) error {
	text, err := json.MarshalIndent(a, "", "  ")
	if err != nil {
		return err
	}
	return ReplaceSynced(filepath.Join(h.Data, AboutFile), append(text, '\n'))
}

// StoreAddress is where the events are; empty is the folder.
func (h Home) StoreAddress(a About) string {
	if h.Store != "" {
		return h.Store
	}
	return a.Store
}

// OpenEvents opens the store of a ledger.
func (h Home) OpenEvents(ctx context.Context, a About) (eventstore.Store, error) {
	if address := h.StoreAddress(a); address != "" {
		return esdb.Dial(ctx, address, esdb.Options{})
	}
	return folder.Open(ctx, filepath.Join(h.Data, EventsFolder), folder.Options{})
}

// VaultAt is where the vault is: a file, or a PostgreSQL database.
func (h Home) VaultAt(a About) string {
	switch {
	case h.Vault != "":
		return h.Vault
	case a.Vault != "":
		return a.Vault
	}
	return filepath.Join(h.Data, VaultFile)
}

// KeyPath is the file of the wrapping key.
func (h Home) KeyPath(a About) string {
	path := a.WrappingKey
	if h.WrappingKey != "" {
		path = h.WrappingKey
	}
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}

// NewKeyPath is where the wrapping key of a new ledger goes: where Home says, or
// into the user's folder for configuration; never into the data folder.
func (h Home) NewKeyPath(id uuid.UUID) (string, error) {
	path := h.WrappingKey
	if path == "" {
		dir, err := os.UserConfigDir()
		if err != nil {
			return "", &KeyError{Path: words.WrappingKey.String(), Err: err}
		}
		path = filepath.Join(dir, "reliefledger", id.String()+".wrapping-key")
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	data, err := filepath.Abs(h.Data)
	if err != nil {
		return "", err
	}
	if Within(data, path) {
		return "", &KeyError{Path: path, Zh: "封装密钥不得放在数据目录内", En: "the wrapping key must not stand in the data folder"}
	}
	return path, nil
}

// Snapshot is the file in which something that was folded is kept between
// starts; of a store elsewhere one for its address, since positions are the
// store's. Without a folder there is none.
func (h Home) Snapshot(name string, a About) string {
	if h.Data == "" {
		return ""
	}
	if address := h.StoreAddress(a); address != "" {
		name += "-" + fmt.Sprintf("%x", sha256.Sum256([]byte(esdb.Redact(address))))[:12]
	}
	return filepath.Join(h.Data, snapshotsFolder, name)
}

// openVault opens the vault of a ledger with its wrapping key.
func (h Home) openVault(ctx context.Context, a About) (*vault.Vault, error) {
	v, err := vault.OpenRotated(ctx, h.VaultAt(a), a.Ledger, h.KeyPath(a))
	var file *vault.KeyFile
	if errors.As(err, &file) {
		return nil, &KeyError{Path: file.Path, Err: file.Err}
	}
	return v, err
}

// OtherLedger says that a store holds another ledger than the folder; nil where it
// does not, or none was opened in it.
func (h Home) OtherLedger(want, have uuid.UUID) error {
	if have == want || have == (uuid.UUID{}) {
		return nil
	}
	return &NoLedgerError{h.Data, fmt.Sprintf("事件库中是另一本账簿：%s，应为 %s", have, want), fmt.Sprintf("its store holds another ledger: %s, want %s", have, want)}
}

// create makes the folder of a new ledger, and its events there or at an address.
// ledger.json is written last: a folder without it is no ledger. The first event
// comes after it, so that where the answer to that is lost the same ledger is
// opened by trying again. What it made before it failed it takes away again.
func (h Home) create(ctx context.Context, a About) (err error) {
	if h.Data == "" {
		return noFolder
	}
	if entries, err := os.ReadDir(h.Data); err == nil && len(entries) > 0 {
		return &eventstore.NotEmpty{Path: h.Data, Found: entries[0].Name()}
	}
	// What is elsewhere comes first: where it cannot be reached nothing is made.
	if h.Store != "" {
		a.Store = esdb.Redact(h.Store)
		store, err := esdb.Dial(ctx, h.Store, esdb.Options{})
		if err == nil {
			err = errors.Join(emptyLedger(ctx, store, h.Store), store.Close())
		}
		if err != nil {
			return err
		}
	}
	if err := os.MkdirAll(h.Data, 0o700); err != nil {
		return err
	}
	made := []string{h.Data}
	defer func() {
		for i := len(made) - 1; err != nil && i >= 0; i-- {
			_ = os.Remove(made[i]) // a folder only if it is empty
		}
	}()
	if err := os.MkdirAll(filepath.Dir(a.WrappingKey), 0o700); err != nil {
		return err
	}
	key := vault.NewWrappingKey()
	if err := key.WriteFile(a.WrappingKey); err != nil {
		return &KeyError{Path: a.WrappingKey, Err: err}
	}
	made = append(made, a.WrappingKey)
	v, err := vault.CreateAt(ctx, h.VaultAt(a), a.Ledger, key)
	if h.Vault == "" {
		made = append(made, filepath.Join(h.Data, VaultFile))
	}
	if err != nil {
		return err
	}
	if err := v.Close(); err != nil {
		return err
	}
	if h.Vault != "" {
		a.Vault = vault.Redact(h.Vault)
	}
	if h.Store == "" {
		store, err := folder.Create(filepath.Join(h.Data, EventsFolder), folder.Options{})
		if err == nil {
			err = store.Close()
		}
		if err != nil {
			return err
		}
	}
	return h.Write(a)
}

// emptyLedger refuses a store elsewhere that has a ledger already.
func emptyLedger(ctx context.Context, store eventstore.Store, address string) error {
	for e, err := range store.ReadStream(ctx, "ledger", 0, eventstore.Forwards) {
		if err != nil {
			return err
		}
		return &eventstore.NotEmpty{Path: esdb.Redact(address), Found: e.Stream}
	}
	return nil
}

// Within says whether a path is a folder or in it.
func Within(dir, path string) bool {
	rel, err := filepath.Rel(dir, path)
	return err == nil && filepath.IsLocal(rel)
}
