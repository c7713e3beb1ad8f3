package backup

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

	"reliefledger.org/ledger/cmd/internal/office"
	"reliefledger.org/ledger/domain"
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

// Manifest says what a backup is. No secret stands in it.
type Manifest struct {
	Format  string       `json:"format"`
	Version int          `json:"version"`
	Made    time.Time    `json:"made"`
	Entries uint64       `json:"entries"` // log entries: how many
	Chain   string       `json:"sha256"`  // and their running SHA-256 (eventstore.Chain)
	About   office.About `json:"about"`   // ledger.json as it was
	Formats formats      `json:"formats"`
	// VaultDump is the command that makes the backup of a vault that is not in
	// this one.
	VaultDump string `json:"vault_dump,omitempty"`
	Files     []File `json:"files"`
	Sum       string `json:"manifest_sha256"` // of this text with nothing here
}

// formats are the versions of what a backup holds.
type formats struct {
	Events int `json:"events"`
	Schema int `json:"schema"`
	Vault  int `json:"vault"`
}

var formatsNow = formats{embedded.Format, codec.Schema, vault.Format}

// File is a file of a backup, named from its folder with slashes.
type File struct {
	Name string `json:"name"`
	Size int64  `json:"bytes"`
	Sum  string `json:"sha256"`
}

// NoBackup says that a folder is no backup, or not one of this ledger.
type NoBackup struct{ Dir, Zh, En string }

func (e *NoBackup) Error() string { return e.Say(domain.En) }

// Kind is that of a ledger that is not there.
func (e *NoBackup) Kind() office.Kind { return office.NoLedger }

// Say is the sentence in a language.
func (e *NoBackup) Say(l domain.Lang) string {
	if l == domain.Zh {
		return e.Dir + " 不是备份：" + e.Zh
	}
	return e.Dir + " is no backup: " + e.En
}

// Damaged says which file of a backup is not what was backed up.
type Damaged struct{ Dir, File, Zh, En string }

func (e *Damaged) Error() string { return e.Say(domain.En) }

// Kind is that of a ledger that is damaged.
func (e *Damaged) Kind() office.Kind { return office.NoLedger }

// Say is the sentence in a language.
func (e *Damaged) Say(l domain.Lang) string {
	if l == domain.Zh {
		return "备份文件已损坏：" + filepath.Join(e.Dir, e.File) + "：" + e.Zh
	}
	return "damaged file of a backup: " + filepath.Join(e.Dir, e.File) + ": " + e.En
}

// text is the one way to write a manifest; it sets Sum.
func (m *Manifest) text() []byte {
	encode := func() []byte {
		var b bytes.Buffer
		enc := json.NewEncoder(&b)
		enc.SetIndent("", "  ")
		enc.SetEscapeHTML(false)
		if err := enc.Encode(m); err != nil {
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
// any byte is *Damaged.
func readManifest(dir string) (*Manifest, error) {
	text, err := os.ReadFile(filepath.Join(dir, manifestFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &NoBackup{dir, "没有 " + manifestFile + "（未完成？）", "it has no " + manifestFile + " (was it cut off?)"}
	}
	if err != nil {
		return nil, err
	}
	var m Manifest
	if err := json.Unmarshal(text, &m); err != nil {
		return nil, &Damaged{dir, manifestFile, err.Error(), err.Error()}
	}
	if m.Format != manifestFormat {
		return nil, &NoBackup{dir, fmt.Sprintf("其 %s 的格式是 %q", manifestFile, m.Format), fmt.Sprintf("its %s says %q", manifestFile, m.Format)}
	}
	if m.Version > manifestVersion {
		return nil, &eventstore.NewerFormat{Path: dir, Have: m.Version, Know: manifestVersion}
	}
	if !bytes.Equal(m.text(), text) {
		return nil, &Damaged{dir, manifestFile, "被改动过", "it was changed"}
	}
	for _, f := range m.Files {
		if !filepath.IsLocal(filepath.FromSlash(f.Name)) {
			return nil, &Damaged{dir, manifestFile, fmt.Sprintf("其中有文件名 %q", f.Name), fmt.Sprintf("it names %q", f.Name)}
		}
	}
	return &m, nil
}

// Bytes is the size of all files.
func (m *Manifest) Bytes() (n int64) {
	for _, f := range m.Files {
		n += f.Size
	}
	return n
}

// newBytes is the size of the files that an earlier backup, which may be nil, does
// not have.
func (m *Manifest) newBytes(earlier *Manifest) (n int64) {
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

// Verify reads every file of the backup in dir, and names each that is not what the
// manifest says.
func (m *Manifest) Verify(dir string) error {
	var damaged []error
	for _, f := range m.Files {
		damaged = append(damaged, f.verify(dir))
	}
	return errors.Join(damaged...)
}

func (f File) verify(dir string) error {
	have, err := hashFile(filepath.Join(dir, filepath.FromSlash(f.Name)), io.Discard)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &Damaged{dir, f.Name, "缺失", "it is missing"}
	case err != nil:
		return &Damaged{dir, f.Name, err.Error(), err.Error()}
	case have.Size != f.Size:
		return &Damaged{dir, f.Name, fmt.Sprintf("%d 字节，应为 %d", have.Size, f.Size), fmt.Sprintf("%d bytes, not %d", have.Size, f.Size)}
	case have.Sum != f.Sum:
		return &Damaged{dir, f.Name, "SHA-256 为 " + have.Sum + "，应为 " + f.Sum, "SHA-256 " + have.Sum + ", not " + f.Sum}
	}
	return nil
}

// hashFile reads a file, gives its bytes to w too, and says what they are.
func hashFile(path string, w io.Writer) (File, error) {
	in, err := os.Open(path)
	if err != nil {
		return File{}, err
	}
	defer in.Close()
	h := sha256.New()
	n, err := io.Copy(io.MultiWriter(h, w), in)
	return File{Size: n, Sum: hex.EncodeToString(h.Sum(nil))}, err
}

// copyFile copies a file to a new one that only its owner reads, syncs it, and
// says what was copied.
func copyFile(from, to string) (File, error) {
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return File{}, err
	}
	f, err := hashFile(from, out)
	if err == nil {
		err = out.Sync()
	}
	return f, errors.Join(err, out.Close())
}

// Kept is a folder among the backups of one place.
type Kept struct {
	Dir    string
	number int
	*Manifest
	Err error // why there is no manifest
}

// List lists the backups in a folder in the order in which they were made; also those
// that were cut off, and damaged ones.
func List(dir string) ([]Kept, error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var all []Kept
	for _, e := range entries {
		if name := backupName.FindStringSubmatch(e.Name()); name != nil && e.IsDir() {
			number, err := strconv.Atoi(name[1])
			if err != nil {
				return nil, err
			}
			k := Kept{Dir: filepath.Join(dir, e.Name()), number: number}
			k.Manifest, k.Err = readManifest(k.Dir)
			all = append(all, k)
		}
	}
	slices.SortFunc(all, func(a, b Kept) int { return a.number - b.number })
	return all, nil
}

// newest is the last backup that is whole, nil where there is none.
func newest(all []Kept) *Kept {
	for _, k := range slices.Backward(all) {
		if k.Err == nil {
			return &k
		}
	}
	return nil
}

// NewBytes are, for each of the backups of a place, the bytes that the whole one
// before it does not have.
func NewBytes(all []Kept) []int64 {
	list := make([]int64, len(all))
	var last *Manifest
	for i, k := range all {
		if k.Err == nil {
			list[i] = k.newBytes(last)
			last = k.Manifest
		}
	}
	return list
}
