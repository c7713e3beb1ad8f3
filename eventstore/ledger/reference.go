package ledger

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"fmt"

	"github.com/google/uuid"

	"reliefledger.org/ledger/domain"
)

// referenceAlphabet leaves out the letters that look like digits (Crockford).
var referenceAlphabet = base32.NewEncoding("0123456789ABCDEFGHJKMNPQRSTVWXYZ").WithPadding(base32.NoPadding)

const (
	// referenceLength is how many characters of a code a reference has: 80 bits,
	// which nobody guesses, in the 20 that banks return.
	referenceLength = 16
	// referenceHead begins each: without it a spreadsheet would take
	// 1234567890123E45 for a number.
	referenceHead = "R"
)

// BankReferences are the references by which a bank's answer names the rows of a
// batch, in the order of the rows. They are made from the batch and the row under a
// key of the allocation: the same each time, stored nowhere, and not to be guessed
// without the vault.
func (l *Ledger) BankReferences(ctx context.Context, allocation domain.ID, batch *domain.Batch) ([]string, error) {
	var gone error
	l.View(func(s *domain.Ledger) { gone = s.SealingRefused(allocation) })
	if gone != nil {
		return nil, gone
	}
	if err := l.vault.EnsureKeys(ctx, allocation); err != nil {
		return nil, err
	}
	key, err := l.vault.Derive(ctx, allocation, "bank reference")
	if err != nil {
		return nil, err
	}
	list := make([]string, len(batch.Rows))
	seen := map[string]bool{}
	for i := range list {
		list[i] = reference(key, batch.Prepared, i+1)
		if seen[list[i]] { // once in 2^40 batches
			return nil, fmt.Errorf("two rows of the batch have the reference %s: prepare it again", list[i])
		}
		seen[list[i]] = true
	}
	return list, nil
}

func reference(key []byte, prepared uuid.UUID, row int) string {
	m := hmac.New(sha256.New, key)
	m.Write(prepared[:])
	m.Write(binary.BigEndian.AppendUint32(nil, uint32(row)))
	return referenceHead + referenceAlphabet.EncodeToString(m.Sum(nil))[:referenceLength]
}
