package vault

import (
	"crypto/cipher"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// WrappingKey wraps all keys of a vault. It is kept outside the data folder, with a
// copy at another place: without it nothing private can ever be opened again.
type WrappingKey [32]byte

const wrappingHeader = "relief ledger wrapping key 1"

// errNoKey says that a file has no wrapping key in it.
var errNoKey = errors.New("it is not a wrapping key file")

// NewWrappingKey draws a key.
func NewWrappingKey() (k WrappingKey) {
	rand.Read(k[:])
	return k
}

// String hides the key from logs.
func (k WrappingKey) String() string { return "wrapping key (hidden)" }

// GoString hides it from %#v.
func (k WrappingKey) GoString() string { return k.String() }

// Format hides it from every other verb.
func (k WrappingKey) Format(f fmt.State, _ rune) { fmt.Fprint(f, k.String()) }

func (k WrappingKey) aead() cipher.AEAD { return aead(k[:]) }

// WriteFile writes the key to a new file that only its owner reads, synced with
// its folder.
func (k WrappingKey) WriteFile(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("write wrapping key: %w", err)
	}
	_, err = fmt.Fprintf(f, "%s\n%s\n", wrappingHeader, hex.EncodeToString(k[:]))
	if err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return fmt.Errorf("write wrapping key: %w", err)
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return fmt.Errorf("write wrapping key: %w", err)
	}
	defer dir.Close()
	return dir.Sync()
}

// ReadWrappingKey reads a key file. One that others may read is refused.
func ReadWrappingKey(path string) (k WrappingKey, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return k, fmt.Errorf("read wrapping key: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return k, fmt.Errorf("read wrapping key: %s may be read by others (mode %o): chmod 600 it", path, info.Mode().Perm())
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return k, fmt.Errorf("read wrapping key: %w", err)
	}
	header, body, _ := strings.Cut(string(text), "\n")
	raw, err := hex.DecodeString(strings.TrimSpace(body))
	if header != wrappingHeader || err != nil || len(raw) != len(k) {
		return k, fmt.Errorf("read wrapping key: %s: %w", path, errNoKey)
	}
	copy(k[:], raw)
	return k, nil
}
