package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"reliefledger.org/ledger/cmd/internal/backup"
	"reliefledger.org/ledger/cmd/internal/office"
	"reliefledger.org/ledger/eventstore"
	"reliefledger.org/ledger/eventstore/embedded"
)

// run runs a command that must end well.
func (o *officeEnv) run(args ...string) string {
	o.t.Helper()
	cmd := o.command(args...)
	var errs strings.Builder
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		o.t.Fatalf("%v: %v\n%s%s", args, err, out, errs.String())
	}
	return string(out)
}

// chains are the chains of a ledger at every count.
func (o *officeEnv) chains(data string) (at []string) {
	o.t.Helper()
	s, err := embedded.Open(filepath.Join(o.dir, data, office.EventsFolder), embedded.Options{})
	if err != nil {
		o.t.Fatal(err)
	}
	defer s.Close()
	var c eventstore.Chain
	at = append(at, hex.EncodeToString(c.Sum[:]))
	for e, err := range s.ReadAll(context.Background(), eventstore.Position{}, eventstore.Forwards) {
		if err != nil {
			o.t.Fatal(err)
		}
		c.Add(e)
		at = append(at, hex.EncodeToString(c.Sum[:]))
	}
	return at
}

// Backups are made in the middle of a load, by a process that does not hold the
// folder. Each has what was answered before, and at its number the restored
// ledger has the same count and hash as the source.
func TestBackupInTheMiddleOfALoad(t *testing.T) {
	o := newOffice(t)
	load := o.pipe()
	answered, stop := make(chan int, 1), make(chan struct{}) // room for the last number
	go func() {
		defer close(answered)
		for i := 0; ; i++ {
			if _, ended := load.ask(townOrder(fmt.Sprint("乡", i))); ended {
				t.Error("the load ended")
				return
			}
			select {
			case <-answered: // the number before it
			default:
			}
			answered <- i + 1
			select {
			case <-stop:
				return
			default:
			}
		}
	}()
	type backup struct {
		Backup  string
		Entries uint64
		Sum     string `json:"sha256"`
	}
	var made []backup
	for range 4 {
		before := <-answered
		var b backup
		if err := json.Unmarshal([]byte(o.run("backup", "backups", "--json")), &b); err != nil {
			t.Fatal(err)
		}
		if b.Entries < uint64(before) {
			t.Errorf("%d entries, %d orders were answered before", b.Entries, before)
		}
		made = append(made, b)
	}
	close(stop)
	for range answered {
	}
	_ = load.in.Close()
	if err := load.cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	source := o.chains("ledger")
	for i, b := range made {
		if i > 0 && b.Entries <= made[i-1].Entries {
			t.Errorf("nothing was recorded between two backups: %d entries", b.Entries)
		}
		restored := fmt.Sprint("restored", i)
		o.run("restore", b.Backup, "--data", restored)
		have := o.chains(restored)
		if n := uint64(len(have) - 1); n != b.Entries || have[n] != b.Sum || source[n] != b.Sum {
			t.Errorf("%s: %d entries with %s, the backup says %d with %s, the source %s", b.Backup, n, have[n], b.Entries, b.Sum, source[n])
		}
		o.run("rebuild", "--data", restored)
	}
	t.Logf("backups at %d, %d, %d, %d of %d entries", made[0].Entries, made[1].Entries, made[2].Entries, made[3].Entries, len(source)-1)
}

// Of several backups in a row each after the first takes next to no room.
func TestBackupsShareWhatIsTheSame(t *testing.T) {
	p := *theDemo(t).p
	p.json = true
	dir := filepath.Join(t.TempDir(), "backups")
	for range 3 {
		if err := p.execute("backup", dir, "--json"); err != nil {
			t.Fatal(err)
		}
	}
	all, err := backup.List(dir)
	if err != nil || len(all) != 3 {
		t.Fatalf("%d backups, %v", len(all), err)
	}
	var own, whole int64 // bytes with one name, and all, of the last backup
	for _, f := range all[2].Files {
		info, err := os.Stat(filepath.Join(all[2].Dir, f.Name))
		if err != nil {
			t.Fatal(err)
		}
		if whole += info.Size(); info.Sys().(*syscall.Stat_t).Nlink == 1 {
			own += info.Size()
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %o", f.Name, info.Mode().Perm())
		}
	}
	if whole < 5e6 || own > 20e3 {
		t.Errorf("%d bytes of %d are the last backup's own", own, whole)
	}
	// Nothing is shared with the ledger: what a disk does to one is not done to
	// the other.
	ours := map[uint64]bool{}
	if err := filepath.WalkDir(p.home.Data, func(path string, _ fs.DirEntry, err error) error {
		if info, err := os.Stat(path); err == nil {
			ours[info.Sys().(*syscall.Stat_t).Ino] = true
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	for _, f := range all[2].Files {
		if info, _ := os.Stat(filepath.Join(all[2].Dir, f.Name)); ours[info.Sys().(*syscall.Stat_t).Ino] {
			t.Errorf("%s is the ledger's own file", f.Name)
		}
	}
	// Any of them goes, and the others stay.
	if err := os.RemoveAll(all[0].Dir); err != nil {
		t.Fatal(err)
	}
	if err := all[2].Verify(all[2].Dir); err != nil {
		t.Error(err)
	}
}

// Whatever is done to any file of a backup, restore names it and makes nothing.
func TestEachFileOfABackupAltered(t *testing.T) {
	o := newOffice(t)
	o.run("backup", "backups")
	all, err := backup.List(filepath.Join(o.dir, "backups"))
	if err != nil || len(all) != 1 || all[0].Err != nil {
		t.Fatalf("%+v %v", all, err)
	}
	made := all[0]
	p := &program{home: office.Home{Data: filepath.Join(o.dir, "new")}, langFlag: "en", json: true}
	restore := func() error {
		cmd := restoreCommand(p)
		cmd.SetArgs([]string{made.Dir})
		cmd.SilenceErrors, cmd.SilenceUsage = true, true
		return cmd.ExecuteContext(t.Context())
	}
	names := []string{"manifest.json"}
	for _, f := range made.Files {
		names = append(names, f.Name)
	}
	tried := 0
	for _, name := range names {
		path := filepath.Join(made.Dir, name)
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		changes := map[string][]byte{"longer": append(bytes.Clone(text), 0)}
		if n := len(text); n > 0 {
			flipped := bytes.Clone(text)
			flipped[n/2] ^= 1
			changes["flipped"], changes["cut"], changes["empty"] = flipped, text[:n-1], nil
		}
		if name != "manifest.json" { // without one it is no backup
			changes["missing"] = nil
		}
		for what, changed := range changes {
			tried++
			_ = os.Remove(path) // one that the change before removed is gone
			if what != "missing" {
				if err := os.WriteFile(path, changed, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			var damaged *backup.Damaged
			if err := restore(); !errors.As(err, &damaged) || damaged.File != name || office.KindOf(err) != office.NoLedger {
				t.Errorf("%s %s: %v", name, what, err)
			}
			if _, err := os.Stat(p.home.Data); !errors.Is(err, fs.ErrNotExist) {
				t.Fatalf("%s %s: something was restored", name, what)
			}
		}
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	// Of the manifest, any byte.
	path := filepath.Join(made.Dir, "manifest.json")
	text, _ := os.ReadFile(path)
	for i := range text {
		changed := bytes.Clone(text)
		changed[i] ^= 1 << (i % 8)
		if err := os.WriteFile(path, changed, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, m, err := backup.Open(made.Dir); err == nil {
			t.Errorf("byte %d of the manifest changed: %+v", i, m)
		}
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := restore(); err != nil {
		t.Errorf("put back as it was: %v", err)
	}
	t.Logf("%d changes to %d files, and %d to bytes of the manifest", tried, len(names), len(text))
}

// A backup that is killed at any moment is none; the next one is made, and
// nothing is left of it.
func TestBackupIsKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("processes that are killed take some seconds")
	}
	o := newOffice(t)
	begun := time.Now()
	o.run("backup", "backups")
	takes := time.Since(begun)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d; one takes %v", seed, takes)
	random := rand.New(rand.NewPCG(seed, 0))
	dir := filepath.Join(o.dir, "backups")
	cutOff, left := 0, 0
	for range 25 {
		cmd := o.command("backup", "backups")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(takes/5 + time.Duration(random.Int64N(int64(takes)))) // the moment is left to chance
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if _, err := os.Stat(embedded.CheckpointFolder(filepath.Join(o.dir, "ledger", office.EventsFolder))); err == nil {
			left++
		}
		all, err := backup.List(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range all {
			var none *backup.NoBackup
			if k.Err == nil {
				k.Err = k.Verify(k.Dir)
			} else if errors.As(k.Err, &none) {
				cutOff++
				if out, err := o.command("restore", k.Dir, "--data", "new").CombinedOutput(); err == nil {
					t.Errorf("what was cut off was restored\n%s", out)
				}
				continue
			}
			if k.Err != nil {
				t.Error(k.Err)
			}
		}
	}
	o.run("backup", "backups")
	all, err := backup.List(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range all {
		if k.Err != nil {
			t.Error(k.Err)
		}
	}
	if _, err := os.Stat(embedded.CheckpointFolder(filepath.Join(o.dir, "ledger", office.EventsFolder))); err == nil {
		t.Error("a checkpoint is left in the ledger's folder")
	}
	o.run("restore", "backups", "--data", "new")
	if cutOff == 0 {
		t.Error("none was cut off")
	}
	t.Logf("%d were cut off in the backup's folder, %d left a checkpoint", cutOff, left)
}

// isFull says whether an error is a full disk's, or SQLite's word for it.
func isFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || err != nil && strings.Contains(err.Error(), "disk is full")
}

// A disk that is full leaves nothing half done: no backup, no ledger.
func TestBackupOnAFullDisk(t *testing.T) {
	p := *theDemo(t).p
	p.json = true
	mount := func(name, size string) string {
		dir := filepath.Join(t.TempDir(), name)
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+size); err != nil {
			t.Skipf("no small disk here: %v", err)
		}
		t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
		return dir
	}
	empty := func(dir string, but ...string) {
		t.Helper()
		entries, err := os.ReadDir(dir)
		if err != nil || len(entries) > len(but) || len(but) > 0 && entries[0].Name() != but[0] {
			t.Errorf("left in %s: %v %v", dir, entries, err)
		}
	}
	for _, size := range []string{"100k", "3m", "6m"} {
		small := mount("backups"+size, size)
		if _, err := backup.Make(t.Context(), p.home, small, backup.Watch{}); !isFull(err) {
			t.Errorf("a backup on %s: %v", size, err)
		}
		empty(small, "LOCK")
	}
	enough := filepath.Join(t.TempDir(), "backups")
	if _, err := backup.Make(t.Context(), p.home, enough, backup.Watch{}); err != nil {
		t.Fatalf("after it, elsewhere: %v", err)
	}
	dir, m, err := backup.Open(enough)
	if err != nil {
		t.Fatal(err)
	}
	// Just above what the files need there is a disk that has room for them, and
	// none for opening the store.
	need := int(m.Bytes() >> 10)
	for _, kilobytes := range []int{100, need / 2, need - 40, need - 8, need, need + 8, need + 16, need + 24, need + 32, need + 40, need + 4000} {
		to := p.home
		to.Data = mount(fmt.Sprint("ledger", kilobytes), fmt.Sprint(kilobytes, "k"))
		_, err := backup.Restore(t.Context(), dir, m, to, "")
		switch {
		case err == nil && kilobytes > need:
			continue
		case !isFull(err) || kilobytes == need+4000:
			t.Errorf("a ledger on %d KB: %v", kilobytes, err)
		}
		empty(to.Data)
	}
}
