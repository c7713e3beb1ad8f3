package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/eventstore"
	"reliefledger.org/ledger/eventstore/codec"
	"reliefledger.org/ledger/eventstore/embedded"
	"reliefledger.org/ledger/eventstore/folder"
	"reliefledger.org/ledger/eventstore/vault"
)

func (p *program) backupCommand() *cobra.Command {
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
				return p.listBackups(args[0])
			}
			return p.backup(cmd.Context(), args[0])
		},
	}
	c.Flags().BoolVar(&list, "list", false, "list the backups in DIR 列出 DIR 中的备份")
	return c
}

// lockBackups is locked in DIR while a backup is made.
const lockBackups = "LOCK"

// backup makes one backup in dir. The order of its steps:
//
//  1. Under the lock of dir, what a backup that was cut off left is removed: it
//     has no manifest.
//  2. The events: of a folder a checkpoint, made by whoever holds it, so that
//     nobody waits; of a server a copy. They are read from there, and must
//     begin with those of the last backup.
//  3. The vault, after the events: it has the keys of all of them.
//  4. The documents, after the events too: each is there before the event that
//     names it.
//  5. All is synced, and only then the manifest is written.
//
// An error removes the folder again.
func (p *program) backup(ctx context.Context, dir string) (err error) {
	a, err := p.about()
	if err != nil {
		return err
	}
	if dir, err = p.backupDir(dir, a); err != nil {
		return err
	}
	lock, err := folder.LockFile(filepath.Join(dir, lockBackups))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	all, err := keptIn(dir)
	if err != nil {
		return err
	}
	number := 1
	for _, k := range all {
		var cutOff *noBackupError
		if errors.As(k.err, &cutOff) {
			if err := os.RemoveAll(k.dir); err != nil {
				return err
			}
		} else if k.err == nil && k.Ledger.Ledger != a.Ledger {
			return &noBackupError{k.dir, fmt.Sprintf("另一本账簿的备份 / it is of another ledger: %s", k.Ledger.Ledger)}
		} else if k.err != nil {
			p.caution(k.err)
		}
		number = k.number + 1
	}
	now := time.Now().UTC().Truncate(time.Second)
	b := &backupMaker{p: p, about: a, last: newest(all), dir: filepath.Join(dir, fmt.Sprintf("%06d-%s", number, now.Format("20060102T150405Z")))}
	if b.last != nil {
		b.lastBySum = map[string][]backupFile{}
		for _, f := range b.last.Files {
			b.lastBySum[f.Sum] = append(b.lastBySum[f.Sum], f)
		}
	}
	b.made = manifest{Format: manifestFormat, Version: manifestVersion, Made: now, Ledger: a, Formats: formatsNow, Files: []backupFile{}}
	if err := os.Mkdir(b.dir, 0o700); err != nil {
		return err
	}
	if err := b.make(ctx); err != nil {
		return errors.Join(err, os.RemoveAll(b.dir))
	}
	return p.sayBackup(b)
}

// backupDir makes the folder of the backups, which must not be part of the
// ledger, nor hold its wrapping key.
func (p *program) backupDir(dir string, a about) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	data, err := filepath.Abs(p.data)
	if err != nil {
		return "", err
	}
	if within(data, dir) {
		return "", &inputError{what: dir, why: p.say("备份不得放在账簿目录内", "a backup must not stand in the ledger's folder")}
	}
	if key := p.keyPath(a); within(dir, key) {
		return "", &keyError{key, errors.New(p.say("封装密钥不得与备份放在一起", "the wrapping key must not stand with the backups"))}
	}
	return dir, os.MkdirAll(dir, 0o700)
}

// keyPath is where the wrapping key of a ledger is.
func (p *program) keyPath(a about) string {
	path := a.WrappingKey
	if p.wrapping != "" {
		path = p.wrapping
	}
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}

// within says whether a path is a folder or in it.
func within(dir, path string) bool {
	rel, err := filepath.Rel(dir, path)
	return err == nil && filepath.IsLocal(rel)
}

func (p *program) caution(err error) {
	fmt.Fprintln(os.Stderr, p.say("警告：", "warning: ")+p.sentence(err))
}

// backupMaker makes one backup.
type backupMaker struct {
	p     *program
	about about
	dir   string
	last  *kept // the backup before it; nil: none
	made  manifest

	lastBySum map[string][]backupFile // its files
	named     map[string]uint64       // documents that events name, by tag: the event
	ofCase    map[string][]string     // by stream
}

func (b *backupMaker) make(ctx context.Context) error {
	store, err := b.p.events(ctx, b.about)
	if err != nil {
		return err
	}
	if err := errors.Join(b.events(ctx, store), store.Close()); err != nil {
		return err
	}
	if at := b.p.vaultAt(b.about); isAddress(at) {
		b.made.VaultDump = vault.Dump(at, b.about.Ledger)
	} else if err := b.vault(ctx, at); err != nil {
		return err
	}
	folders, err := b.documents(ctx)
	if err != nil {
		return err
	}
	for _, dir := range append(folders, filepath.Join(b.dir, eventsFolder, "pebble"), filepath.Join(b.dir, eventsFolder), b.dir, filepath.Dir(b.dir)) {
		if err := syncPath(dir); err != nil {
			return err
		}
	}
	return replaceSynced(filepath.Join(b.dir, manifestFile), b.made.text())
}

// events puts the events into the backup.
func (b *backupMaker) events(ctx context.Context, store eventstore.Store) error {
	own, ok := store.(*folder.Store)
	if !ok {
		return b.copyEvents(ctx, store)
	}
	dir, release, err := own.Checkpoint(ctx)
	if err != nil {
		return err
	}
	return errors.Join(b.takeEvents(ctx, dir), release())
}

// copyEvents copies the events of a server: to those of the last backup, under
// new names, what is new is added.
func (b *backupMaker) copyEvents(ctx context.Context, from eventstore.Store) error {
	dir := filepath.Join(b.dir, ".copy") // it goes when the backup is made
	if b.last != nil {
		if err := b.cloneEvents(dir); err != nil {
			return err
		}
	}
	open := embedded.Open
	if b.last == nil {
		open = embedded.Create
	}
	to, err := open(dir, embedded.Options{})
	if err != nil {
		return err
	}
	bar := progress(-1, b.p.say("复制事件", "copying events"))
	_, err = eventstore.Copy(ctx, from, to, func(count uint64) { _ = bar.Set64(int64(count)) })
	_ = bar.Finish()
	if err = errors.Join(err, to.Close()); err != nil {
		return b.changed(err)
	}
	return errors.Join(b.takeEvents(ctx, dir), os.RemoveAll(dir))
}

// cloneEvents makes a store that begins as that of the last backup: its tables
// by links, since no table is ever changed, the rest by copies.
func (b *backupMaker) cloneEvents(dir string) error {
	for _, f := range b.last.Files {
		name, ok := strings.CutPrefix(f.Name, eventsFolder+"/")
		if !ok {
			continue
		}
		if err := f.verify(b.last.dir); err != nil {
			return err
		}
		from, to := filepath.Join(b.last.dir, filepath.FromSlash(f.Name)), filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
			return err
		}
		if strings.HasSuffix(name, ".sst") && os.Link(from, to) == nil {
			continue
		}
		if _, err := copyFile(from, to); err != nil {
			return err
		}
	}
	return nil
}

// changed says what it means that the ledger does not begin as its last backup.
func (b *backupMaker) changed(err error) error {
	var differs *eventstore.Differs
	if errors.As(err, &differs) && b.last != nil {
		return fmt.Errorf("%s: %w", fmt.Sprintf(b.p.say("账簿的历史与上次备份 %s 不同，未备份；若账簿是从更早的备份恢复的，请换一个目录", "the ledger's history is not that of its last backup %s, nothing was backed up; of a ledger that was restored from an older backup, use another folder"), b.last.dir), err)
	}
	return err
}

// takeEvents reads a store that nobody else uses, compares it with the last
// backup, and takes its files once it is at rest.
func (b *backupMaker) takeEvents(ctx context.Context, dir string) error {
	s, err := embedded.Open(dir, embedded.Options{})
	if err != nil {
		return err
	}
	bar := progress(-1, b.p.say("核对事件", "checking events"))
	chain, err := b.check(ctx, s, func(count uint64) { _ = bar.Set64(int64(count)) })
	_ = bar.Finish()
	if err = errors.Join(err, s.Close()); err != nil {
		return err
	}
	b.made.Entries, b.made.Chain = chain.Count, hex.EncodeToString(chain.Sum[:])
	return filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err = errors.Join(err, ctx.Err()); err != nil {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		to := filepath.Join(eventsFolder, name)
		switch {
		case e.IsDir():
			return os.MkdirAll(filepath.Join(b.dir, to), 0o700)
		case name == "LOCK":
			return nil // it says nothing
		}
		return b.take(path, filepath.ToSlash(to))
	})
}

// check reads all events: the ledger must be the one that it is taken for, and
// begin with those of the last backup.
func (b *backupMaker) check(ctx context.Context, s eventstore.Store, progress func(count uint64)) (eventstore.Chain, error) {
	var c eventstore.Chain
	compare := func() error {
		if b.last == nil || c.Count != b.last.Entries || hex.EncodeToString(c.Sum[:]) == b.last.Chain {
			return nil
		}
		return &eventstore.Differs{Number: c.Count - 1, From: fmt.Sprintf("%d entries with SHA-256 %x", c.Count, c.Sum), To: "SHA-256 " + b.last.Chain}
	}
	for e, err := range s.ReadAll(ctx, eventstore.Position{}, eventstore.Forwards) {
		if err != nil {
			return c, fmt.Errorf("after %d events: %w", c.Count, err)
		}
		if opened := openedLedger(e); opened != (uuid.UUID{}) && opened != b.about.Ledger {
			return c, &noLedgerError{b.p.data, fmt.Sprintf("its store holds another ledger 事件库中是另一本账簿: %s", opened)}
		}
		b.note(e, c.Count)
		c.Add(e)
		if c.Count%1024 == 0 {
			progress(c.Count)
		}
		if err := compare(); err != nil {
			return c, b.changed(err)
		}
	}
	if b.last != nil && c.Count < b.last.Entries {
		return c, b.changed(&eventstore.Differs{Number: c.Count, To: fmt.Sprintf("%d entries", b.last.Entries)})
	}
	return c, nil
}

// note remembers the documents that an event names, but for those of erased cases.
func (b *backupMaker) note(e eventstore.Recorded, number uint64) {
	if e.Type != "CaseErased" && !domain.NamesDocuments(e.Type) {
		return
	}
	d, err := codec.Decode(e, number)
	if err != nil {
		return
	}
	if b.named == nil {
		b.named, b.ofCase = map[string]uint64{}, map[string][]string{}
	}
	if _, erased := d.Event.(*domain.CaseErased); erased {
		for _, tag := range b.ofCase[e.Stream] {
			delete(b.named, tag)
		}
		return
	}
	for _, tag := range domain.Documents(d.Event) {
		name := hex.EncodeToString(tag)
		b.named[name] = number
		b.ofCase[e.Stream] = append(b.ofCase[e.Stream], name)
	}
}

// openedLedger is the id of the ledger that an event opens, else zero.
func openedLedger(e eventstore.Recorded) uuid.UUID {
	if e.Stream == "ledger" && e.Revision == 0 {
		if d, err := codec.Decode(e, 0); err == nil {
			if opened, ok := d.Event.(*domain.LedgerOpened); ok {
				return opened.Ledger
			}
		}
	}
	return uuid.UUID{}
}

// vault puts a copy of the vault's file into the backup.
func (b *backupMaker) vault(ctx context.Context, path string) error {
	copied := filepath.Join(b.dir, vaultFile+".copy")
	if err := vault.Copy(ctx, path, b.about.Ledger, copied); err != nil {
		return err
	}
	return errors.Join(b.take(copied, vaultFile), os.Remove(copied))
}

// documents puts the documents into the backup, as they stand there: encrypted.
// It returns the folders that it made.
func (b *backupMaker) documents(ctx context.Context) (folders []string, err error) {
	from, err := filepath.EvalSymlinks(filepath.Join(b.p.data, documentsFolder)) // it may be on another disk
	if errors.Is(err, fs.ErrNotExist) {
		return nil, b.missing(nil)
	}
	if err != nil {
		return nil, err
	}
	taken := map[string]bool{}
	err = filepath.WalkDir(from, func(path string, e fs.DirEntry, err error) error {
		if err = errors.Join(err, ctx.Err()); err != nil {
			return err
		}
		inside, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		name := filepath.Join(documentsFolder, inside)
		switch {
		case e.IsDir():
			folders = append(folders, filepath.Join(b.dir, name))
			return os.MkdirAll(filepath.Join(b.dir, name), 0o700)
		case strings.HasSuffix(name, ".part"):
			return nil // cut off while it was written
		}
		if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
			return nil // of a case that was erased just now; or no document, and then named below
		}
		taken[filepath.Base(path)] = true
		return b.take(path, filepath.ToSlash(name))
	})
	slices.Reverse(folders) // the innermost first
	return folders, errors.Join(err, b.missing(taken))
}

// missing warns of documents that events name and the backup does not have.
func (b *backupMaker) missing(taken map[string]bool) error {
	var numbers []uint64
	for tag, number := range b.named {
		if !taken[tag] {
			numbers = append(numbers, number)
		}
	}
	if len(numbers) > 0 {
		slices.Sort(numbers)
		b.p.caution(fmt.Errorf(b.p.say("%d 份所附文件不在账簿中，备份里也没有：%s（见 audit documents）", "%d documents are not in the ledger, nor in the backup: %s (see audit documents)"), len(numbers), cites(numbers[:min(len(numbers), 20)])))
	}
	return nil
}

// take puts a file into the backup under a name: as a link to one with the same
// bytes in the last backup, or by a copy.
func (b *backupMaker) take(from, name string) error {
	to := filepath.Join(b.dir, filepath.FromSlash(name))
	linked, err := b.link(from, to)
	if err != nil {
		return err
	}
	if linked.Sum == "" {
		if linked, err = copyFile(from, to); err != nil {
			return err
		}
	}
	linked.Name = name
	b.made.Files = append(b.made.Files, linked)
	return nil
}

// link links what the last backup has, if that is still what it was; without a
// sum: it has nothing of the kind.
func (b *backupMaker) link(from, to string) (backupFile, error) {
	if b.last == nil {
		return backupFile{}, nil
	}
	want, err := hashFile(from, io.Discard)
	if err != nil {
		return backupFile{}, err
	}
	for _, f := range b.lastBySum[want.Sum] {
		if f.Size != want.Size {
			continue
		}
		if err := f.verify(b.last.dir); err != nil {
			b.p.caution(err) // the ledger is whole: this backup gets a copy
			continue
		}
		if os.Link(filepath.Join(b.last.dir, filepath.FromSlash(f.Name)), to) != nil {
			break // a file system without links, or with too many of this file
		}
		return want, nil
	}
	return backupFile{}, nil
}

func (p *program) sayBackup(b *backupMaker) error {
	var last *manifest
	if b.last != nil {
		last = b.last.manifest
	}
	m, key := &b.made, p.keyPath(b.about)
	if p.json {
		return writeJSON(os.Stdout, map[string]any{"backup": b.dir, "entries": m.Entries, "sha256": m.Chain, "bytes": m.bytes(), "new_bytes": m.since(last), "wrapping_key": key, "vault_dump": m.VaultDump})
	}
	fmt.Printf(p.say("已备份：%s\n  %d 个日志条目，累计 SHA-256 %s\n  %s，其中新增 %s\n封装密钥不在备份中：%s\n请把它另存别处，勿与备份放在一起；没有它，个人信息无法再打开。\n",
		"backed up: %s\n  %d log entries, running SHA-256 %s\n  %s, of which %s are new\nThe wrapping key is not in it: %s\nKeep a copy of it at another place, and not with the backups: without it nothing private opens again.\n"),
		b.dir, m.Entries, m.Chain, inMegabytes(m.bytes()), inMegabytes(m.since(last)), key)
	if m.VaultDump != "" {
		fmt.Printf(p.say("保险库在 PostgreSQL，不在此备份中，请现在另行备份：\n  %s\n", "The vault is in PostgreSQL and not in this backup. Back it up now:\n  %s\n"), m.VaultDump)
	}
	return nil
}

func inMegabytes(n int64) string { return fmt.Sprintf("%.1f MB", float64(n)/1e6) }

func (p *program) listBackups(dir string) error {
	all, err := keptIn(dir)
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
	lines, t := []line{}, newTable(p.say("备份", "backup"), p.say("时间", "time"), p.say("条目", "entries"), p.say("大小", "size"), p.say("新增", "new"), p.say("状态", "state")).figures(2, 3, 4)
	var last *manifest
	for _, k := range all {
		l := line{Name: filepath.Base(k.dir)}
		if k.err != nil {
			l.Error = p.sentence(k.err)
			t.row(l.Name, "", "", "", "", l.Error)
		} else {
			l.Made, l.Entries, l.Chain, l.Bytes, l.New = k.Made, k.Entries, k.Chain, k.bytes(), k.since(last)
			t.row(l.Name, k.Made.In(domain.Shanghai).Format("2006-01-02 15:04:05"), fmt.Sprint(k.Entries), inMegabytes(l.Bytes), inMegabytes(l.New), "")
			last = k.manifest
		}
		lines = append(lines, l)
	}
	if p.json {
		return writeJSON(os.Stdout, lines)
	}
	return t.write(os.Stdout)
}
