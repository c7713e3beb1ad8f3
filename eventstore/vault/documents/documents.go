// Package documents keeps the files that prove a payment: sign-off sheets, bank
// slips, minutes, pictures of boards. Each is encrypted under the key of its case
// (a stream) and stands in a folder under the name of its tag, by which an event
// names it.
//
//	s := documents.Open("ledger/documents", ledgerID, keys)
//	tag, err := s.Put(ctx, caseID, text)     // durable, before the event that names it
//	text, err = s.Unseal(ctx, caseID, tag)   // *Missing, *Altered, vault.ErrKeyGone
//
// The tag is a code under the case's key over the SHA-256 of the file: it is the
// same whenever the same file is put into the same case, says nothing to those who
// lack the key, and does not tie two cases that have the same paper. When the
// case's key goes, with its retention, its files are noise.
//
// A file is written under a name of its own, synced, and renamed, and the folder
// synced, before the event is decided. Cut off before the rename nothing is
// there; cut off before the event a file is there that no event names, and the
// same command given again finds it. Nothing is ever written over: another file
// has another tag.
package documents

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"image"
	_ "image/jpeg" // heads of pictures are read
	_ "image/png"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"

	"github.com/gabriel-vasile/mimetype"
	"github.com/google/uuid"

	"reliefledger.org/ledger/eventstore/vault"
)

const (
	// MaxSize bounds a file: 20 MiB are a sign-off sheet of 119 pages scanned in
	// grey. A file is encrypted as a whole, in memory.
	MaxSize = 20 << 20 // bytes

	// padTo is the length class of stored files, so that a length tells little.
	padTo = 4 << 10

	magic = "reliefledger document 1\n"
	use   = "document" // of the key that is derived from the case's
)

// Kinds are the kinds of files that are taken, known by their bytes: what
// scanners, telephones and offices make. Web pages, programs and macros are not
// taken; a PDF may have scripts, which viewers ask about or leave alone.
// OFD is the format of Chinese official papers (GB/T 33190).
var Kinds = map[string]string{
	"application/pdf": ".pdf", "application/ofd": ".ofd",
	"image/jpeg": ".jpg", "image/png": ".png", "image/tiff": ".tiff", "image/webp": ".webp", "image/heic": ".heic", "image/heif": ".heif", "image/bmp": ".bmp",
	"application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
	"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet":       ".xlsx",
}

// Refused says why a file is not taken.
type Refused struct{ Zh, En string }

func (e *Refused) Error() string { return e.Zh + " / " + e.En }

// Missing says that a document is named and not there.
type Missing struct{ Tag []byte }

func (e *Missing) Error() string {
	return fmt.Sprintf("文件缺失 / the document is missing: %x", e.Tag)
}

// Altered says that the file in a document's place is not what was put there.
type Altered struct {
	Tag []byte
	Why string
}

func (e *Altered) Error() string {
	return fmt.Sprintf("文件被改动 / the document was altered (%s): %x", e.Why, e.Tag)
}

// Store is a folder of documents. Its methods may be called from many
// goroutines and processes.
type Store struct {
	dir    string
	ledger uuid.UUID
	keys   *vault.Vault
}

// Open returns the documents in a folder, which need not be there yet.
func Open(dir string, ledger uuid.UUID, keys *vault.Vault) *Store {
	return &Store{dir, ledger, keys}
}

// Check says what kind of file it is, by the end of a name that it would have;
// *Refused says that it is none that is taken.
func Check(text []byte) (ext string, err error) {
	switch {
	case len(text) == 0:
		return "", &Refused{"文件是空的", "the file is empty"}
	case len(text) > MaxSize:
		return "", &Refused{fmt.Sprintf("文件 %d 字节，上限 %d", len(text), MaxSize), fmt.Sprintf("the file has %d bytes, %d are allowed", len(text), MaxSize)}
	}
	kind := mimetype.Detect(text)
	for m := kind; m != nil; m = m.Parent() {
		if ext, ok := Kinds[m.String()]; ok {
			if why := disguised(m.String(), text); why != nil {
				return "", why
			}
			return ext, nil
		}
	}
	if kind.Is("application/zip") && isOFD(text) {
		return ".ofd", nil
	}
	return "", &Refused{fmt.Sprintf("不收这种文件（%s）：只收 PDF、OFD、图片（JPEG、PNG、TIFF、WebP、HEIC、BMP）、.docx、.xlsx", kind),
		fmt.Sprintf("a file of this kind (%s) is not taken: PDF, OFD, pictures (JPEG, PNG, TIFF, WebP, HEIC, BMP), .docx and .xlsx are", kind)}
}

// disguised refuses what a viewer would take for something else than its first
// bytes say, and office files with programs in them.
func disguised(kind string, text []byte) error {
	switch {
	case kind == "application/pdf" && !bytes.HasPrefix(text, []byte("%PDF-")),
		kind == "image/jpeg" && !decodes(text), kind == "image/png" && !decodes(text):
		return &Refused{"文件开头与其种类不符", "the file does not begin as its kind does"}
	case bytes.Contains(text, []byte("vbaProject.bin")):
		return &Refused{"不收带宏的文件", "a file with macros is not taken"}
	}
	return nil
}

// decodes says whether a picture's head reads.
func decodes(text []byte) bool {
	_, _, err := image.DecodeConfig(bytes.NewReader(text))
	return err == nil
}

// isOFD says whether a ZIP file is an OFD: that has OFD.xml at its top, which
// the library does not look for.
func isOFD(text []byte) bool {
	return regexp.MustCompile(`PK\x01\x02(?s:.{42})OFD\.xml`).Match(text)
}

// Tag is the 32 bytes by which an event names a file of a case. It makes no key: for
// a case that has none the error is vault.ErrKeyGone.
func (s *Store) Tag(ctx context.Context, of uuid.UUID, text []byte) ([]byte, error) {
	sum := sha256.Sum256(text)
	return s.keys.Tag(ctx, of, use, hex.EncodeToString(sum[:]))
}

func (s *Store) path(tag []byte) string {
	name := hex.EncodeToString(tag)
	return filepath.Join(s.dir, name[:2], name)
}

// Put keeps a file of a case and returns its tag. It is durable when Put
// returns. The same file again is kept once. Errors: *Refused, those of the
// vault and of the file system.
func (s *Store) Put(ctx context.Context, of uuid.UUID, text []byte) (tag []byte, err error) {
	if _, err := Check(text); err != nil {
		return nil, err
	}
	if err := s.keys.EnsureKeys(ctx, of); err != nil {
		return nil, err
	}
	if tag, err = s.Tag(ctx, of, text); err != nil {
		return nil, err
	}
	if err := s.Verify(ctx, of, tag); err == nil {
		return tag, syncFolder(filepath.Dir(s.path(tag))) // the Put that wrote it may have been cut off before this
	}
	a, err := s.aead(ctx, of)
	if err != nil {
		return nil, err
	}
	padded := binary.BigEndian.AppendUint32(nil, uint32(len(text)))
	padded = append(padded, text...)
	padded = append(padded, make([]byte, (padTo-len(padded)%padTo)%padTo)...)
	box := append([]byte(magic), make([]byte, vault.NonceSize)...)
	rand.Read(box[len(magic):])
	box = a.Seal(box, box[len(magic):], padded, s.bound(of, tag))
	return tag, s.write(s.path(tag), box)
}

// write puts a file under its name, whole or not at all.
func (s *Store) write(path string, box []byte) (err error) {
	for _, dir := range []string{s.dir, filepath.Dir(path)} {
		if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
		if err := syncFolder(filepath.Dir(dir)); err != nil {
			return err
		}
	}
	f, err := os.CreateTemp(filepath.Dir(path), "*.part") // mode 0600
	if err != nil {
		return err
	}
	_, err = f.Write(box)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), path) // over one that is damaged
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return syncFolder(filepath.Dir(path))
}

func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Verify reads a file of a case, and says whether it is there and is what was put
// there. Errors: *Missing, *Altered, vault.ErrKeyGone, those of the vault and of
// the file system.
func (s *Store) Verify(ctx context.Context, of uuid.UUID, tag []byte) error {
	_, err := s.Unseal(ctx, of, tag)
	return err
}

// Unseal opens a file of a case, to be shown. Errors as of [Store.Verify].
func (s *Store) Unseal(ctx context.Context, of uuid.UUID, tag []byte) ([]byte, error) {
	a, err := s.aead(ctx, of)
	if err != nil {
		return nil, err
	}
	if len(tag) != sha256.Size {
		return nil, &Missing{tag}
	}
	info, err := os.Stat(s.path(tag))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, &Missing{tag}
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular() || info.Size() > MaxSize+2*padTo:
		return nil, &Altered{tag, "it is no file that was put there"}
	}
	box, err := os.ReadFile(s.path(tag))
	if err != nil {
		return nil, err
	}
	text, why := open(a, box, s.bound(of, tag))
	if why != "" {
		return nil, &Altered{tag, why}
	}
	have, err := s.Tag(ctx, of, text)
	if err != nil {
		return nil, err
	}
	if string(have) != string(tag) {
		return nil, &Altered{tag, "another document"}
	}
	return text, nil
}

// open decrypts the content of a file; why says why it could not.
func open(a cipher.AEAD, box, bound []byte) (text []byte, why string) {
	if len(box) < len(magic)+vault.NonceSize || string(box[:len(magic)]) != magic {
		return nil, "its head is wrong"
	}
	nonce, body := box[len(magic):len(magic)+vault.NonceSize], box[len(magic)+vault.NonceSize:]
	padded, err := a.Open(nil, nonce, body, bound)
	if err != nil || len(padded) < 4 {
		return nil, "it does not open"
	}
	n := binary.BigEndian.Uint32(padded)
	if int64(n) > int64(len(padded)-4) {
		return nil, "its length is wrong"
	}
	return padded[4 : 4+n], ""
}

func (s *Store) aead(ctx context.Context, of uuid.UUID) (cipher.AEAD, error) {
	key, err := s.keys.Derive(ctx, of, use)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// bound is the place for which a file is encrypted; at another place it does not
// open.
func (s *Store) bound(of uuid.UUID, tag []byte) []byte {
	return append(append(append([]byte{}, s.ledger[:]...), of[:]...), tag...)
}

// Remove removes files whose key is gone. One that is not there is no error.
func (s *Store) Remove(tags ...[]byte) error {
	for _, tag := range tags {
		if len(tag) != sha256.Size {
			continue
		}
		if err := os.Remove(s.path(tag)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// tagName is the name of a document in the folder.
var tagName = regexp.MustCompile(`^[0-9a-f]{64}$`)

// Tags returns the tags of all documents in the folder. other are files that are no
// documents, such as those whose writing was cut off.
func (s *Store) Tags() (tags [][]byte, other []string, err error) {
	real, err := filepath.EvalSymlinks(s.dir) // servers may share one
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, nil // no document was ever kept
	}
	if err != nil {
		return nil, nil, err
	}
	here := &Store{dir: real}
	err = filepath.WalkDir(real, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		tag, bad := hex.DecodeString(e.Name())
		if bad != nil || !tagName.MatchString(e.Name()) || path != here.path(tag) {
			other = append(other, path)
			return nil
		}
		tags = append(tags, tag)
		return nil
	})
	return tags, other, err
}
