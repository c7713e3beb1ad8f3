package main

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"reliefledger.org/ledger/cmd/internal/backup"
	"reliefledger.org/ledger/cmd/internal/table"
	"reliefledger.org/ledger/domain"
)

func backupCommand(p *program) *cobra.Command {
	var list bool
	c := &cobra.Command{
		Use:   "backup DIR",
		Short: p.say("备份账簿到 DIR（使用中也可；只存新的部分）", "back the ledger up into DIR, also while it is in use; only what is new takes room"),
		Long: p.say(`每次备份是 DIR 下的一个子目录，可单独恢复、单独删除；与前一次相同的文件只占一份空间。
备份时重读全部事件，与前一次备份的数目和累计 SHA-256 比对：历史少了或变了，即不备份并报告（退出码 5）。
封装密钥从不在备份中：请另存别处，没有它，个人信息无法再打开。
事件在服务器上时，逐条复制到 DIR；保险库在 PostgreSQL 时，请用 pg_dump 另行备份（命令会给出）。
一个 DIR 只放一本账簿的备份；DIR 应在另一块磁盘上。`,
			`Each backup is a folder in DIR that can be restored, and removed, by itself; a file that the one before
has too takes room once. All events are read again, and compared with count and running SHA-256 of the
last backup: if history became shorter or another, nothing is backed up (exit code 5).
The wrapping key is never in a backup: keep it at another place; without it nothing private opens again.
Where the events are on a server they are copied one by one; a vault in PostgreSQL is for pg_dump, with
the command that is shown. One DIR is for one ledger, and should be on another disk.`),
		Example: "  reliefledger backup /mnt/usb/ledger\n  reliefledger backup --list /mnt/usb/ledger\n  reliefledger restore /mnt/usb/ledger --data restored",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if list {
				return listBackups(p, args[0])
			}
			made, err := backup.Make(cmd.Context(), p.home, args[0], p.watch())
			if err != nil {
				return err
			}
			return p.backedUp(made)
		},
	}
	c.Flags().BoolVar(&list, "list", false, "list the backups in DIR 列出 DIR 中的备份")
	return c
}

func listBackups(p *program, dir string) error {
	all, err := backup.List(dir)
	if err != nil {
		return err
	}
	type line struct {
		Name    string    `json:"name"`
		Made    time.Time `json:"made,omitzero"`
		Entries uint64    `json:"entries"`
		Chain   string    `json:"sha256,omitempty"`
		Bytes   int64     `json:"bytes"`
		New     int64     `json:"new_bytes"`
		Error   string    `json:"error,omitempty"`
	}
	lines, t := []line{}, table.New(p.say("备份", "backup"), p.say("时间", "time"), p.say("条目", "entries"), p.say("大小", "size"), p.say("新增", "new"), p.say("状态", "state")).Figures(2, 3, 4)
	sizes := backup.NewBytes(all)
	for i, k := range all {
		l := line{Name: filepath.Base(k.Dir)}
		if k.Err != nil {
			l.Error = p.sentence(k.Err)
			t.Row(l.Name, "", "", "", "", l.Error)
		} else {
			l.Made, l.Entries, l.Chain, l.Bytes, l.New = k.Made, k.Entries, k.Chain, k.Bytes(), sizes[i]
			t.Row(l.Name, k.Made.In(domain.Shanghai).Format("2006-01-02 15:04:05"), fmt.Sprint(k.Entries), inMegabytes(l.Bytes), inMegabytes(l.New), "")
		}
		lines = append(lines, l)
	}
	if p.json {
		return writeJSON(os.Stdout, lines)
	}
	return t.Write(os.Stdout)
}
