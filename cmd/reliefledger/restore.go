package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"reliefledger.org/ledger/eventstore"
	"reliefledger.org/ledger/eventstore/embedded"
	"reliefledger.org/ledger/eventstore/vault"
)

func (p *program) restoreCommand() *cobra.Command {
	var only bool
	var with string
	c := &cobra.Command{
		Use:   "restore BACKUP",
		Short: p.say("从备份恢复账簿到空目录 --data，并证明与备份相同", "restore a ledger from a backup into an empty --data, and show that it is the same"),
		Long: p.say(`BACKUP 是一次备份的目录，或其上一级目录（取最近一次）。先逐个核对全部文件，再复制到 --data（须为空或不存在），
重读全部事件，核对数目与累计 SHA-256，最后才写 ledger.json：没有它的目录不是账簿。
封装密钥不在备份中：请放回原处，或用 --wrapping-key 指明；没有它也能恢复，但个人信息打不开。
删除过个人信息（erase）之后，此前备份中的保险库用新的封装密钥打不开：用 --with-vault 配上最新的保险库（现用的或最近备份中的
vault.db）；它记得备份之后的事件，首次打开时须 --accept-lost。
--verify-only 只核对备份的文件，什么也不写。`,
			`BACKUP is the folder of one backup, or the one above it (the last backup in it). Every file is checked,
then copied into --data, which must be empty or missing; all events are read, their count and running
SHA-256 compared, and only then ledger.json is written: a folder without it is no ledger.
The wrapping key is in no backup: put it back to its place, or name it with --wrapping-key. Without it the
ledger is restored all the same, but nothing private opens. After an erasure the vault of an earlier
backup does not open with the new wrapping key: give the latest vault (the one in use, or that of the last backup)
with --with-vault; it remembers events behind the backup, so that the first opening needs --accept-lost.
With --verify-only the files of the backup are checked and nothing is written.`),
		Example: "  reliefledger restore /mnt/usb/ledger --data restored --wrapping-key /mnt/safe/wrapping-key\n  reliefledger restore /mnt/usb/ledger/000001-20260105T013000Z --verify-only",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			dir, m, err := openBackup(args[0])
			if err != nil {
				return err
			}
			if err := m.verify(dir); err != nil {
				return err
			}
			if !only {
				return p.restore(cmd.Context(), dir, m, with)
			}
			if p.json {
				return writeJSON(os.Stdout, map[string]any{"backup": dir, "files": len(m.Files), "entries": m.Entries, "sha256": m.Chain})
			}
			fmt.Printf(p.say("备份完好：%s\n  %d 个文件，%d 个日志条目，累计 SHA-256 %s\n", "the backup is whole: %s\n  %d files, %d log entries, running SHA-256 %s\n"), dir, len(m.Files), m.Entries, m.Chain)
			return nil
		},
	}
	c.Flags().StringVar(&with, "with-vault", "", "another vault's file in the place of the backup's 改用另一份保险库文件")
	c.Flags().BoolVar(&only, "verify-only", false, "check the files of the backup, write nothing 只核对")
	return c
}

// openBackup reads the manifest of a backup, or of the last one in a folder of
// backups.
func openBackup(dir string) (string, *manifest, error) {
	m, err := readManifest(dir)
	var none *noBackupError
	if !errors.As(err, &none) {
		return dir, m, err
	}
	all, failed := keptIn(dir)
	if failed != nil {
		return dir, nil, failed
	}
	last := newest(all)
	if last == nil {
		return dir, nil, err
	}
	if end := all[len(all)-1]; end.number != last.number && !errors.As(end.err, &none) {
		return dir, nil, end.err // it is damaged: to take an older one is for people to decide
	}
	return last.dir, last.manifest, nil
}

// restore makes a ledger of a backup whose files are what they were. ledger.json
// comes last; after an error nothing is there that was not before.
func (p *program) restore(ctx context.Context, dir string, m *manifest, with string) (err error) {
	if p.data == "" {
		return &noLedgerError{"(none)", "--data DIR / RELIEFLEDGER_DATA"}
	}
	entries, err := os.ReadDir(p.data)
	missing := errors.Is(err, fs.ErrNotExist)
	switch {
	case err != nil && !missing:
		return err
	case len(entries) > 0:
		return &eventstore.NotEmpty{Path: p.data, Found: entries[0].Name()}
	}
	a := m.Ledger
	a.Store, a.WrappingKey = "", p.keyPath(a)
	if m.VaultDump == "" {
		a.Vault = ""
	}
	key, keyErr := vault.ReadWrappingKey(a.WrappingKey)
	if lost := errors.Is(keyErr, fs.ErrNotExist) && p.wrapping == ""; keyErr != nil && !lost {
		return &keyError{a.WrappingKey, keyErr}
	}
	if err := os.MkdirAll(p.data, 0o700); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, clearFolder(p.data, missing))
		}
	}()
	if err := m.copyTo(ctx, dir, p.data); err != nil {
		return err
	}
	if err := p.checkRestored(ctx, m); err != nil {
		return err
	}
	if with != "" {
		if err := os.Remove(filepath.Join(p.data, vaultFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if err := vault.Copy(ctx, with, a.Ledger, filepath.Join(p.data, vaultFile)); err != nil {
			return err
		}
	}
	if keyErr == nil && m.VaultDump == "" {
		v, err := vault.Open(filepath.Join(p.data, vaultFile), a.Ledger, key)
		if err == nil {
			err = v.Close()
		}
		if errors.Is(err, vault.ErrWrongKey) && with == "" {
			return &keyError{a.WrappingKey, errors.New(p.say("不是该备份的封装密钥；若其后删除过个人信息，用 --with-vault 配上最新的保险库", "not the wrapping key of this backup; if somebody was erased since, give the latest vault with --with-vault"))}
		}
		if err != nil {
			return &keyError{a.WrappingKey, err}
		}
	}
	if err := p.finish(a); err != nil {
		return err
	}
	return p.sayRestored(m, a, keyErr == nil)
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
func (m *manifest) copyTo(ctx context.Context, dir, to string) error {
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
			return &damagedError{dir, f.Name, "it changed while it was copied"}
		}
	}
	for folder := range folders {
		if err := syncPath(folder); err != nil {
			return err
		}
	}
	return nil
}

// checkRestored opens the store and reads all events: count and chain must be
// those of the manifest.
func (p *program) checkRestored(ctx context.Context, m *manifest) error {
	s, err := embedded.Open(filepath.Join(p.data, eventsFolder), embedded.Options{})
	if err != nil {
		return err
	}
	chain, err := eventstore.ChainOf(ctx, s)
	if err = errors.Join(err, s.Close()); err != nil {
		return err
	}
	if sum := hex.EncodeToString(chain.Sum[:]); chain.Count != m.Entries || sum != m.Chain {
		return &eventstore.Corrupt{Where: filepath.Join(p.data, eventsFolder), Cause: fmt.Errorf("%d entries with SHA-256 %s, the backup had %d with %s", chain.Count, sum, m.Entries, m.Chain)}
	}
	return nil
}

func (p *program) sayRestored(m *manifest, a about, withKey bool) error {
	if !withKey {
		p.caution(&keyError{a.WrappingKey, errors.New(p.say("封装密钥不在那里：在它放回之前，个人信息打不开，也不能记录", "the wrapping key is not there: until it is put back nothing private opens, and nothing can be recorded"))})
	}
	if p.json {
		return writeJSON(os.Stdout, map[string]any{"ledger": a.Ledger, "data": p.data, "made": m.Made, "entries": m.Entries, "sha256": m.Chain, "wrapping_key": a.WrappingKey, "wrapping_key_there": withKey, "vault": a.Vault})
	}
	fmt.Printf(p.say("已恢复到 %s，与备份相同：\n  %d 个日志条目，累计 SHA-256 %s\n", "restored into %s, the same as the backup:\n  %d log entries, running SHA-256 %s\n"), p.data, m.Entries, m.Chain)
	if a.Vault != "" {
		fmt.Printf(p.say("保险库在 PostgreSQL（%s），不在此备份中：请用 pg_restore 恢复。\n", "The vault is in PostgreSQL (%s) and not in this backup: pg_restore brings it back.\n"), a.Vault)
	}
	if m.Ledger.Store != "" {
		fmt.Printf(p.say("事件原在 %s，现在在目录中；可用 copy --use 搬回。\n", "The events were on %s and are in the folder now; copy --use moves them back.\n"), m.Ledger.Store)
	}
	return nil
}
