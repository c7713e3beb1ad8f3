package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"reliefledger.org/ledger/cmd/internal/backup"
	"reliefledger.org/ledger/cmd/internal/office"
)

func restoreCommand(p *program) *cobra.Command {
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
			dir, m, err := backup.Open(args[0])
			if err != nil {
				return err
			}
			if err := m.Verify(dir); err != nil {
				return err
			}
			if !only {
				r, err := backup.Restore(cmd.Context(), dir, m, p.home, with)
				if err != nil {
					return err
				}
				return sayRestored(p, m, r)
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

func sayRestored(p *program, m *backup.Manifest, r *backup.Restored) error {
	a := r.About
	if !r.WithKey {
		key := &office.KeyError{Path: a.WrappingKey, Zh: "封装密钥不在那里：在它放回之前，个人信息打不开，也不能记录", En: "the wrapping key is not there: until it is put back nothing private opens, and nothing can be recorded"}
		p.tell(office.Warning(key))
	}
	if p.json {
		return writeJSON(os.Stdout, map[string]any{"ledger": a.Ledger, "data": p.home.Data, "made": m.Made, "entries": m.Entries, "sha256": m.Chain, "wrapping_key": a.WrappingKey, "wrapping_key_there": r.WithKey, "vault": a.Vault})
	}
	fmt.Printf(p.say("已恢复到 %s，与备份相同：\n  %d 个日志条目，累计 SHA-256 %s\n", "restored into %s, the same as the backup:\n  %d log entries, running SHA-256 %s\n"), p.home.Data, m.Entries, m.Chain)
	if a.Vault != "" {
		fmt.Printf(p.say("保险库在 PostgreSQL（%s），不在此备份中：请用 pg_restore 恢复。\n", "The vault is in PostgreSQL (%s) and not in this backup: pg_restore brings it back.\n"), a.Vault)
	}
	if m.About.Store != "" {
		fmt.Printf(p.say("事件原在 %s，现在在目录中；可用 copy --use 搬回。\n", "The events were on %s and are in the folder now; copy --use moves them back.\n"), m.About.Store)
	}
	return nil
}
