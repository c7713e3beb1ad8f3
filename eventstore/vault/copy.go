package vault

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/google/uuid"
)

// Format is the version of a vault that this program writes.
const Format = format

// Copy writes a vault's file, as it is at one moment, to a new file that only
// its owner reads. It takes no wrapping key, and the copy has none: like the
// vault's file it opens nothing. Other processes go on with the vault meanwhile;
// those that write wait, some milliseconds for each thousand keys.
//
// Not the file's bytes are copied, because another process may be changing them,
// and because they may have traces of what was deleted. A copy that is to belong to
// a copy of the events is made after that: keys are in the vault before the events
// that use them.
//
// Errors: *NotAVault, *Unavailable, or that of the file system.
func Copy(ctx context.Context, path string, ledger uuid.UUID, to string) error {
	db, err := openSound(path)
	if err != nil {
		return fmt.Errorf("copy vault: %w", err)
	}
	defer db.Close()
	if _, err := readMeta(ctx, db, sqlite, path, ledger); err != nil {
		return fmt.Errorf("copy vault: %w", err)
	}
	f, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) // SQLite writes into an empty file
	if err != nil {
		return fmt.Errorf("copy vault: %w", err)
	}
	defer f.Close()
	_, err = db.ExecContext(ctx, `VACUUM INTO ?`, to)
	if err, _ = sqlite.failed(err); err == nil {
		err = f.Sync()
	}
	if err != nil {
		return errors.Join(fmt.Errorf("copy vault %s: %w", path, err), os.Remove(to))
	}
	return nil
}

// Dump is the command that makes a backup of a vault in PostgreSQL, whose own
// tools do that best. Its address has no password.
func Dump(address string, ledger uuid.UUID) string {
	return fmt.Sprintf("pg_dump --format=custom --schema=%s --file=vault.dump '%s'", schemaOf(ledger), strings.ReplaceAll(Redact(address), "'", `'\''`))
}
