package vault

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/google/uuid"
)

// An Entry of the vault's journal says that sealed values were opened, or what
// was done to the vault: who, what, why and when. It has nothing of the values
// themselves, and is written before they are opened.
//
// Entries are chained by a code under a key of the vault, so that an entry is found
// that was changed, or that is missing in the middle.
type Entry struct {
	No   int64     `json:"no"` // 1, 2, ... without a gap
	At   time.Time `json:"at"` // UTC, microseconds
	Kind EntryKind `json:"kind"`
	// Officer is the one who proved a key; zero where nobody did (a board, a
	// demonstration).
	Officer uuid.UUID `json:"officer,omitzero"`
	As      string    `json:"as,omitempty"`  // in which capacity: the audience
	Did     string    `json:"did,omitempty"` // the program's command
	Why     string    `json:"why,omitempty"` // in the officer's words
	Opened  []Opening `json:"opened,omitempty"`
}

// MaxWhy bounds a reason, in bytes.
const MaxWhy = 2_000

// EntryKind is what an entry is about.
type EntryKind string

// The kinds of entries.
const (
	Opened   EntryKind = "opened"    // sealed values were opened, to be shown or printed
	LookedUp EntryKind = "looked-up" // an identity number or an account was looked up; Opened says whose it was
	Erased   EntryKind = "erased"    // keys were deleted
	Rewrap   EntryKind = "rewrap"    // a new wrapping key took the old one's place
	Removed  EntryKind = "removed"   // documents of an erased case were removed
	Lost     EntryKind = "lost"      // an officer went on although the log had lost its tail
)

// Opening says which fields were opened, of which persons and cases, by the ids of
// their keys.
type Opening struct {
	Fields []string    `json:"fields"`
	Of     []uuid.UUID `json:"of"`
}

// Broken says that the journal is not what was written.
type Broken struct{ No int64 }

func (e *Broken) Error() string {
	return fmt.Sprintf("the vault's journal is broken at entry %d: it was changed, or an entry before it is missing", e.No)
}

// Note writes an entry, with its number and time. It is durable when Note returns;
// only then may anything be opened.
func (v *Vault) Note(ctx context.Context, e Entry) error {
	return v.write(ctx, func(tx *sql.Tx, _ wrapper) error { return v.note(tx, e) })
}

// note writes an entry in a transaction.
func (v *Vault) note(tx *sql.Tx, e Entry) error {
	if len(e.Why) > MaxWhy {
		return fmt.Errorf("vault: a reason of %d bytes, %d are allowed", len(e.Why), MaxWhy)
	}
	if v.dialect.lockJournal != "" {
		if _, err := tx.Exec(v.dialect.lockJournal); err != nil {
			return fmt.Errorf("vault: write the journal: %w", err)
		}
	}
	no, mac, err := v.lastEntry(tx)
	if err != nil {
		return err
	}
	e.No, e.At = no+1, time.Now().UTC().Truncate(time.Microsecond)
	text, err := json.Marshal(e)
	if err != nil {
		return err
	}
	_, err = tx.Exec(v.dialect.bind(`INSERT INTO journal VALUES (?, ?, ?)`), e.No, text, v.chain(mac, e.No, text))
	if err != nil {
		return fmt.Errorf("vault: write the journal: %w", err)
	}
	return nil
}

func (v *Vault) lastEntry(tx *sql.Tx) (no int64, mac []byte, err error) {
	err = tx.QueryRow(`SELECT no, mac FROM journal ORDER BY no DESC LIMIT 1`).Scan(&no, &mac)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil, nil
	}
	if err != nil {
		return 0, nil, fmt.Errorf("vault: read the journal: %w", err)
	}
	return no, mac, nil
}

func (v *Vault) chain(before []byte, no int64, text []byte) []byte {
	m := hmac.New(sha256.New, v.mac("journal", ""))
	m.Write(before)
	m.Write(binary.BigEndian.AppendUint64(nil, uint64(no)))
	m.Write(text)
	return m.Sum(nil)
}

// Journal returns all entries, the first one first. An error ends it: *Broken,
// or that of the database. It cannot find that the last entries are missing.
func (v *Vault) Journal(ctx context.Context) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		const page = 20 // an entry may name some thousand people, and a writer may be waiting for the file's one connection
		var before []byte
		for last := int64(0); ; {
			entries, err := v.page(ctx, last, page)
			if err != nil {
				yield(Entry{}, err)
				return
			}
			for _, r := range entries {
				var e Entry
				if r.no != last+1 || !hmac.Equal(r.mac, v.chain(before, r.no, r.text)) || json.Unmarshal(r.text, &e) != nil {
					yield(Entry{}, &Broken{last + 1})
					return
				}
				last, before = r.no, r.mac
				if !yield(e, nil) {
					return
				}
			}
			if len(entries) < page {
				return
			}
		}
	}
}

type entryRow struct {
	no        int64
	text, mac []byte
}

func (v *Vault) page(ctx context.Context, after int64, size int) (list []entryRow, err error) {
	rows, err := v.db.QueryContext(ctx, v.dialect.bind(`SELECT no, entry, mac FROM journal WHERE no > ? ORDER BY no LIMIT ?`), after, size)
	if err != nil {
		named, _ := v.dialect.failed(err)
		return nil, fmt.Errorf("vault: read the journal: %w", named)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var r entryRow
		if err := rows.Scan(&r.no, &r.text, &r.mac); err != nil {
			return nil, err
		}
		list = append(list, r)
	}
	return list, rows.Err()
}
