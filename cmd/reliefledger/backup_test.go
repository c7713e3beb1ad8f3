package main

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
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
