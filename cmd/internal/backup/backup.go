// Package backup makes and restores backups of a ledger, and copies its events to
// another store, each time showing that both sides hold the same.
//
//	made, err := backup.Make(ctx, home, "/mnt/usb/ledger", backup.Watch{})
//	dir, m, err := backup.Open("/mnt/usb/ledger") // the last one in it; m.Verify(dir) reads it
//	restored, err := backup.Restore(ctx, dir, m, office.Home{Data: "restored"}, "")
//	copied, err := backup.Copy(ctx, "ledger", "esdb://...", home, false, backup.Watch{})
//
// A backup is a folder of its own, with a manifest that is written last (manifest.go).
// The wrapping key is in none.
package backup

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
	"reliefledger.org/ledger/cmd/internal/office"
	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/eventstore"
	"reliefledger.org/ledger/eventstore/codec"
	"reliefledger.org/ledger/eventstore/embedded"
	"reliefledger.org/ledger/eventstore/folder"
	"reliefledger.org/ledger/eventstore/vault"
)

// Watch is told what should be known while a backup is made, copied or restored;
// what is nil is told nobody.
type Watch struct {
	Tell func(office.Note)
	// Begin begins something that takes long; count is told how far it is, and done
	// when it has ended.
	Begin func(what office.Note) (count func(uint64), done func())
}

func (w Watch) tell(n office.Note) {
	if w.Tell != nil {
		w.Tell(n)
	}
}

func (w Watch) warn(err error) {
	w.tell(office.Warning(err))
}

func (w Watch) begin(zh, en string) (count func(uint64), done func()) {
	if w.Begin == nil {
		return func(uint64) {}, func() {}
	}
	return w.Begin(office.Note{Zh: zh, En: en})
}

// Made is a backup that was made.
type Made struct {
	Dir string
	*Manifest
	New         int64  // bytes that the backup before it does not have
	WrappingKey string // the file that is not in it
}

// Changed says that the ledger's history is not that of its last backup.
type Changed struct {
	Last string // the backup
	Err  error
}

func (e *Changed) Error() string { return e.Say(domain.En) }
func (e *Changed) Unwrap() error { return e.Err }

// Say is the sentence in a language.
func (e *Changed) Say(l domain.Lang) string {
	if l == domain.Zh {
		return fmt.Sprintf("账簿的历史与上次备份 %s 不同，未备份；若账簿是从更早的备份恢复的，请换一个目录：%s", e.Last, office.Sentence(e.Err, l))
	}
	return fmt.Sprintf("the ledger's history is not that of its last backup %s, nothing was backed up; of a ledger that was restored from an older backup, use another folder: %s", e.Last, office.Sentence(e.Err, l))
}

const (
	// lockBackups is locked in DIR while a backup is made.
	lockBackups = "LOCK"
	// mostCited is how many events a warning names.
	mostCited = 20
)

// Make makes one backup of a ledger in dir. The order of its steps:
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
func Make(ctx context.Context, home office.Home, dir string, w Watch) (made *Made, err error) {
	a, err := home.About()
	if err != nil {
		return nil, err
	}
	if dir, err = folderFor(dir, home, a); err != nil {
		return nil, err
	}
	lock, err := folder.LockFile(filepath.Join(dir, lockBackups))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	all, err := List(dir)
	if err != nil {
		return nil, err
	}
	number := 1
	for _, k := range all {
		var cutOff *NoBackup
		if errors.As(k.Err, &cutOff) {
			if err := os.RemoveAll(k.Dir); err != nil {
				return nil, err
			}
		} else if k.Err == nil && k.About.Ledger != a.Ledger {
			return nil, &NoBackup{k.Dir, fmt.Sprintf("另一本账簿的备份：%s", k.About.Ledger), fmt.Sprintf("it is of another ledger: %s", k.About.Ledger)}
		} else if k.Err != nil {
			w.warn(k.Err)
		}
		number = k.number + 1
	}
	now := time.Now().UTC().Truncate(time.Second)
	b := &maker{home: home, watch: w, about: a, last: newest(all), dir: filepath.Join(dir, fmt.Sprintf("%06d-%s", number, now.Format("20060102T150405Z")))}
	if b.last != nil {
		b.lastBySum = map[string][]File{}
		for _, f := range b.last.Files {
			b.lastBySum[f.Sum] = append(b.lastBySum[f.Sum], f)
		}
	}
	b.made = Manifest{Format: manifestFormat, Version: manifestVersion, Made: now, About: a, Formats: formatsNow, Files: []File{}}
	if err := os.Mkdir(b.dir, 0o700); err != nil {
		return nil, err
	}
	if err := b.make(ctx); err != nil {
		return nil, errors.Join(err, os.RemoveAll(b.dir))
	}
	made = &Made{Dir: b.dir, Manifest: &b.made, New: b.made.newBytes(nil), WrappingKey: home.KeyPath(a)}
	if b.last != nil {
		made.New = b.made.newBytes(b.last.Manifest)
	}
	return made, nil
}

// folderFor makes the folder of the backups, which must not be part of the ledger,
// nor hold its wrapping key.
func folderFor(dir string, home office.Home, a office.About) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	data, err := filepath.Abs(home.Data)
	if err != nil {
		return "", err
	}
	if office.Within(data, dir) {
		return "", office.Input(dir, "备份不得放在账簿目录内", "a backup must not stand in the ledger's folder")
	}
	if key := home.KeyPath(a); office.Within(dir, key) {
		return "", &office.KeyError{Path: key, Zh: "封装密钥不得与备份放在一起", En: "the wrapping key must not stand with the backups"}
	}
	return dir, os.MkdirAll(dir, 0o700)
}

// maker makes one backup.
type maker struct {
	home  office.Home
	watch Watch
	about office.About
	dir   string
	last  *Kept // the backup before it; nil: none
	made  Manifest

	lastBySum map[string][]File   // its files
	named     map[string]uint64   // documents that events name, by tag: the event
	ofCase    map[string][]string // by stream
}

func (b *maker) make(ctx context.Context) error {
	store, err := b.home.OpenEvents(ctx, b.about)
	if err != nil {
		return err
	}
	if err := errors.Join(b.events(ctx, store), store.Close()); err != nil {
		return err
	}
	if at := b.home.VaultAt(b.about); office.IsAddress(at) {
		b.made.VaultDump = vault.Dump(at, b.about.Ledger)
	} else if err := b.vault(ctx, at); err != nil {
		return err
	}
	folders, err := b.documents(ctx)
	if err != nil {
		return err
	}
	for _, dir := range append(folders, filepath.Join(b.dir, office.EventsFolder, "pebble"), filepath.Join(b.dir, office.EventsFolder), b.dir, filepath.Dir(b.dir)) {
		if err := office.SyncPath(dir); err != nil {
			return err
		}
	}
	return office.ReplaceSynced(filepath.Join(b.dir, manifestFile), b.made.text())
}

// events puts the events into the backup.
func (b *maker) events(ctx context.Context, store eventstore.Store) error {
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
func (b *maker) copyEvents(ctx context.Context, from eventstore.Store) error {
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
	count, done := b.watch.begin("复制事件", "copying events")
	_, err = eventstore.Copy(ctx, from, to, count)
	done()
	if err = errors.Join(err, to.Close()); err != nil {
		return b.changed(err)
	}
	return errors.Join(b.takeEvents(ctx, dir), os.RemoveAll(dir))
}

// cloneEvents makes a store that begins as that of the last backup: its tables
// by links, since no table is ever changed, the rest by copies.
func (b *maker) cloneEvents(dir string) error {
	for _, f := range b.last.Files {
		name, ok := strings.CutPrefix(f.Name, office.EventsFolder+"/")
		if !ok {
			continue
		}
		if err := f.verify(b.last.Dir); err != nil {
			return err
		}
		from, to := filepath.Join(b.last.Dir, filepath.FromSlash(f.Name)), filepath.Join(dir, filepath.FromSlash(name))
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
func (b *maker) changed(err error) error {
	var differs *eventstore.Differs
	if errors.As(err, &differs) && b.last != nil {
		return &Changed{b.last.Dir, err}
	}
	return err
}

// takeEvents reads a store that nobody else uses, compares it with the last
// backup, and takes its files once it is at rest.
func (b *maker) takeEvents(ctx context.Context, dir string) error {
	s, err := embedded.Open(dir, embedded.Options{})
	if err != nil {
		return err
	}
	count, done := b.watch.begin("核对事件", "checking events")
	chain, err := b.check(ctx, s, count)
	done()
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
		to := filepath.Join(office.EventsFolder, name)
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
func (b *maker) check(ctx context.Context, s eventstore.Store, progress func(count uint64)) (eventstore.Chain, error) {
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
			return c, b.home.OtherLedger(b.about.Ledger, opened)
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
func (b *maker) note(e eventstore.Recorded, number uint64) {
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
func (b *maker) vault(ctx context.Context, path string) error {
	copied := filepath.Join(b.dir, office.VaultFile+".copy")
	if err := vault.Copy(ctx, path, b.about.Ledger, copied); err != nil {
		return err
	}
	return errors.Join(b.take(copied, office.VaultFile), os.Remove(copied))
}

// documents puts the documents into the backup, as they stand there: encrypted.
// It returns the folders that it made.
func (b *maker) documents(ctx context.Context) (folders []string, err error) {
	from, err := filepath.EvalSymlinks(filepath.Join(b.home.Data, office.DocumentsFolder)) // it may be on another disk
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
		name := filepath.Join(office.DocumentsFolder, inside)
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
func (b *maker) missing(taken map[string]bool) error {
	var numbers []uint64
	for tag, number := range b.named {
		if !taken[tag] {
			numbers = append(numbers, number)
		}
	}
	if len(numbers) > 0 {
		slices.Sort(numbers)
		cited := office.Cite(numbers[:min(len(numbers), mostCited)]...)
		b.watch.tell(office.Note{Warning: true, Zh: fmt.Sprintf("%d 份所附文件不在账簿中，备份里也没有：%s（见 audit documents）", len(numbers), cited),
			En: fmt.Sprintf("%d documents are not in the ledger, nor in the backup: %s (see audit documents)", len(numbers), cited)})
	}
	return nil
}

// take puts a file into the backup under a name: as a link to one with the same
// bytes in the last backup, or by a copy.
func (b *maker) take(from, name string) error {
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
func (b *maker) link(from, to string) (File, error) {
	if b.last == nil {
		return File{}, nil
	}
	want, err := hashFile(from, io.Discard)
	if err != nil {
		return File{}, err
	}
	for _, f := range b.lastBySum[want.Sum] {
		if f.Size != want.Size {
			continue
		}
		if err := f.verify(b.last.Dir); err != nil {
			b.watch.warn(err) // the ledger is whole: this backup gets a copy
			continue
		}
		if os.Link(filepath.Join(b.last.Dir, filepath.FromSlash(f.Name)), to) != nil {
			break // a file system without links, or with too many of this file
		}
		return want, nil
	}
	return File{}, nil
}
