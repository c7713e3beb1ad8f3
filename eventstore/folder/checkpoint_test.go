package folder

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"reliefledger.org/ledger/eventstore"
	"reliefledger.org/ledger/eventstore/embedded"
)

// Whoever holds the folder makes the checkpoint; one caller has it at a time,
// and what is left of one who was killed is in nobody's way.
func TestCheckpoint(t *testing.T) {
	ctx := context.Background()
	dir := filepath.Join(t.TempDir(), "账簿 %20?#")
	holder := mustCreate(t, dir)
	through := mustOpen(t, dir)
	defer through.Close()
	if err := os.Mkdir(embedded.CheckpointFolder(dir), 0o700); err != nil { // left behind
		t.Fatal(err)
	}
	expected := eventstore.NoStream
	for i, s := range []*Store{holder, through} {
		if _, err := s.Append(ctx, "s", expected, oneEvent(fmt.Sprint(i))); err != nil {
			t.Fatal(err)
		}
		expected = eventstore.At(uint64(i))
		checkpoint(t, s, uint64(i+1))
	}
	// The holder goes while it is asked: the next one makes it.
	left := make(chan error, 1)
	go func() { left <- holder.Close() }()
	checkpoint(t, through, 2)
	if err := <-left; err != nil {
		t.Fatal(err)
	}
	again(t, through, through, func(s *Store) { checkpoint(t, s, 2) })
}

func checkpoint(t *testing.T, s *Store, count uint64) {
	t.Helper()
	dir, release, err := s.Checkpoint(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var held *eventstore.Held
	if _, _, err := s.Checkpoint(t.Context()); !errors.As(err, &held) {
		t.Errorf("a second one at the same time: %v", err)
	}
	c, err := embedded.Open(dir, embedded.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if n, _ := c.Head(); n != count {
		t.Errorf("%d events, want %d", n, count)
	}
	if err := errors.Join(c.Close(), release()); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("it is still there: %v", err)
	}
}
