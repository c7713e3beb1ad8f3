package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"time"

	"reliefledger.org/ledger/eventstore"
	"reliefledger.org/ledger/eventstore/codec"
	"reliefledger.org/ledger/eventstore/embedded"
	"reliefledger.org/ledger/eventstore/vault"
)

// A backup is a folder of its own, DIR/000001-20260105T013000Z, with
//
//	events/        the store of events, closed and at rest
//	vault.db       the vault, unless that is in PostgreSQL
//	documents/     the documents, encrypted
//	manifest.json  what all that is; written last: a folder without is no backup
//
// What two backups in DIR have in common, by its bytes, is one file on disk with
// a name in each, so that any of them can be removed. None shares a file with
// the ledger.
const (
	manifestFile    = "manifest.json"
	manifestFormat  = "relief ledger backup"
	manifestVersion = 1
)

// backupName is that of a backup's folder. The number gives the order, whatever
// the clock said; the time is for people.
var backupName = regexp.MustCompile(`^([0-9]{6,9})-[0-9]{8}T[0-9]{6}Z$`)

// manifest says what a backup is. No secret stands in it.
type manifest struct {
	Format  string    `json:"format"`
	Version int       `json:"version"`
	Made    time.Time `json:"made"`
	Entries uint64    `json:"entries"` // log entries: how many
	Chain   string    `json:"sha256"`  // and their running SHA-256 (eventstore.Chain)
	Ledger  about     `json:"about"`   // ledger.json as it was
	Formats formats   `json:"formats"`
	// VaultDump is the command that makes the backup of a vault that is not in
	// this one.
	VaultDump string       `json:"vault_dump,omitempty"`
	Files     []backupFile `json:"files"`
	Sum       string       `json:"manifest_sha256"` // of this text with nothing here
}

// formats are the versions of what a backup holds.
type formats struct {
	Events int `json:"events"`
	Schema int `json:"schema"`
	Vault  int `json:"vault"`
}

var formatsNow = formats{embedded.Format, codec.Schema, vault.Format}

// backupFile is a file of a backup, named from its folder with slashes.
type backupFile struct {
	Name string `json:"name"`
	Size int64  `json:"bytes"`
	Sum  string `json:"sha256"`
}

// noBackupError says that a folder is no backup, or not one of this ledger.
type noBackupError struct{ dir, why string }

func (e *noBackupError) Error() string {
	return fmt.Sprintf("%s 不是备份 / is no backup: %s", e.dir, e.why)
}

// damagedError says which file of a backup is not what was backed up.
type damagedError struct{ dir, file, why string }

func (e *damagedError) Error() string {
	return fmt.Sprintf("备份文件已损坏 / damaged file of a backup: %s: %s", filepath.Join(e.dir, e.file), e.why)
}

// text is the one way to write a manifest; it sets Sum.
func (m *manifest) text() []byte {
	encode := func() []byte {
		var b bytes.Buffer
		if err := writeJSON(&b, m); err != nil {
			panic(err) // plain fields only
		}
		return b.Bytes()
	}
	m.Sum = ""
	sum := sha256.Sum256(encode())
	m.Sum = hex.EncodeToString(sum[:])
	return encode()
}

// readManifest reads the manifest of the backup in dir. One that was changed in
// any byte is *damagedError.
func readManifest(dir string) (*manifest, error) {
	text, err := os.ReadFile(filepath.Join(dir, manifestFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &noBackupError{dir, "没有 " + manifestFile + "（未完成？） / it has no " + manifestFile + " (was it cut off?)"}
	}
	if err != nil {
		return nil, err
	}
	var m manifest
	if err := json.Unmarshal(text, &m); err != nil {
		return nil, &damagedError{dir, manifestFile, err.Error()}
	}
	if m.Format != manifestFormat {
		return nil, &noBackupError{dir, fmt.Sprintf("its %s says %q", manifestFile, m.Format)}
	}
	if m.Version > manifestVersion {
		return nil, &eventstore.NewerFormat{Path: dir, Have: m.Version, Know: manifestVersion}
	}
	if !bytes.Equal(m.text(), text) {
		return nil, &damagedError{dir, manifestFile, "it was changed"}
	}
	for _, f := range m.Files {
		if !filepath.IsLocal(filepath.FromSlash(f.Name)) {
			return nil, &damagedError{dir, manifestFile, fmt.Sprintf("it names %q", f.Name)}
		}
	}
	return &m, nil
}

// bytes is the size of all files.
func (m *manifest) bytes() (n int64) {
	for _, f := range m.Files {
		n += f.Size
	}
	return n
}

// since is the size of the files that an earlier backup, which may be nil, does
// not have.
func (m *manifest) since(earlier *manifest) (n int64) {
	have := map[string]bool{}
	if earlier != nil {
		for _, f := range earlier.Files {
			have[f.Sum] = true
		}
	}
	for _, f := range m.Files {
		if !have[f.Sum] {
			n += f.Size
		}
	}
	return n
}

// verify reads every file of the backup in dir, and names each that is not what
// the manifest says.
func (m *manifest) verify(dir string) error {
	var damaged []error
	for _, f := range m.Files {
		damaged = append(damaged, f.verify(dir))
	}
	return errors.Join(damaged...)
}

func (f backupFile) verify(dir string) error {
	have, err := hashFile(filepath.Join(dir, filepath.FromSlash(f.Name)), io.Discard)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &damagedError{dir, f.Name, "缺失 / it is missing"}
	case err != nil:
		return &damagedError{dir, f.Name, err.Error()}
	case have.Size != f.Size:
		return &damagedError{dir, f.Name, fmt.Sprintf("%d bytes, not %d", have.Size, f.Size)}
	case have.Sum != f.Sum:
		return &damagedError{dir, f.Name, "SHA-256 " + have.Sum + ", not " + f.Sum}
	}
	return nil
}

// hashFile reads a file, gives its bytes to w too, and says what they are.
func hashFile(path string, w io.Writer) (backupFile, error) {
	in, err := os.Open(path)
	if err != nil {
		return backupFile{}, err
	}
	defer in.Close()
	h := sha256.New()
	n, err := io.Copy(io.MultiWriter(h, w), in)
	return backupFile{Size: n, Sum: hex.EncodeToString(h.Sum(nil))}, err
}

// copyFile copies a file to a new one that only its owner reads, syncs it, and
// says what was copied.
func copyFile(from, to string) (backupFile, error) {
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return backupFile{}, err
	}
	f, err := hashFile(from, out)
	if err == nil {
		err = out.Sync()
	}
	return f, errors.Join(err, out.Close())
}

// syncPath syncs a file, or a folder's names.
func syncPath(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// replaceSynced puts text under a name: a reader, also one after a crash, sees
// the old text or the new one, whole.
func replaceSynced(name string, text []byte) error {
	if err := os.WriteFile(name+".new", text, 0o600); err != nil {
		return err
	}
	if err := syncPath(name + ".new"); err != nil {
		return err
	}
	if err := os.Rename(name+".new", name); err != nil {
		return err
	}
	return syncPath(filepath.Dir(name))
}

// kept is a folder among the backups of DIR.
type kept struct {
	dir    string
	number int
	*manifest
	err error // why there is no manifest
}

// keptIn lists the backups in a folder in the order in which they were made;
// also those that were cut off, and damaged ones.
func keptIn(dir string) ([]kept, error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var all []kept
	for _, e := range entries {
		if name := backupName.FindStringSubmatch(e.Name()); name != nil && e.IsDir() {
			number, err := strconv.Atoi(name[1])
			if err != nil {
				return nil, err
			}
			k := kept{dir: filepath.Join(dir, e.Name()), number: number}
			k.manifest, k.err = readManifest(k.dir)
			all = append(all, k)
		}
	}
	slices.SortFunc(all, func(a, b kept) int { return a.number - b.number })
	return all, nil
}

// newest is the last backup that is whole, nil where there is none.
func newest(all []kept) *kept {
	for _, k := range slices.Backward(all) {
		if k.err == nil {
			return &k
		}
	}
	return nil
}
