package office

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"strings"

	"reliefledger.org/ledger/cmd/internal/words"
	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/eventstore/ledger"
)

const keyHeader = "relief ledger officer key 1"

// WriteKey writes an officer's key to a new file that only its owner reads.
func WriteKey(path string, key ed25519.PrivateKey) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return &KeyError{Path: path, Err: err}
	}
	_, err = fmt.Fprintf(f, "%s\n%s\n", keyHeader, base64.StdEncoding.EncodeToString(key.Seed()))
	return errors.Join(err, f.Sync(), f.Close())
}

// ReadKey reads it. A file that others may read is refused.
func ReadKey(path string) (ed25519.PrivateKey, error) {
	text, err := ReadPrivate(path)
	if err != nil {
		return nil, err
	}
	header, body, _ := strings.Cut(string(text), "\n")
	seed, err := base64.StdEncoding.DecodeString(strings.TrimSpace(body))
	if header != keyHeader || err != nil || len(seed) != ed25519.SeedSize {
		return nil, &KeyError{Path: path, Zh: "不是经办人密钥文件", En: "not an officer's key file"}
	}
	return ed25519.NewKeyFromSeed(seed), nil
}

// Signers finds the officers whose keys stand in files.
func (o *Office) Signers(paths ...string) ([]ledger.Signer, error) {
	var list []ledger.Signer
	for _, path := range paths {
		key, err := ReadKey(path)
		if err != nil {
			return nil, err
		}
		found := false
		o.State(func(s *domain.Ledger) {
			for _, officer := range s.OfficersWith(key.Public().(ed25519.PublicKey)) {
				list, found = append(list, ledger.Signer{Officer: officer.ID, Key: key}), true
			}
		})
		if !found {
			return nil, &KeyError{Path: path, Zh: "不是本账簿经办人的密钥", En: "no officer of this ledger has this key"}
		}
	}
	return list, nil
}

// errNoKey says that an order is not signed at all.
var errNoKey = &KeyError{Path: words.Key.String(), Zh: "命令未签名：缺少经办人密钥", En: "the order is not signed: an officer's key is missing"}
