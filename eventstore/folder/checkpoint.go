package folder

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"

	"reliefledger.org/ledger/eventstore"
	"reliefledger.org/ledger/eventstore/embedded"
	"reliefledger.org/ledger/eventstore/node"
)

// checkpointLock is locked while a checkpoint is used: there is one at a time.
const checkpointLock = "CHECKPOINT.lock"

// Checkpoint makes a store with all events that are written now, in the folder
// dir (embedded.Store.Checkpoint), whoever holds this one: another holder is
// asked through its socket. The caller alone uses it, and gives it back with release,
// which removes it; what a killed caller left is removed by the next.
//
// Errors: *eventstore.Held where another caller has one, *Unavailable where
// nobody who holds the folder answered.
func (s *Store) Checkpoint(ctx context.Context) (dir string, release func() error, err error) {
	lock, err := LockFile(filepath.Join(s.dir, checkpointLock))
	if err != nil {
		return "", nil, err
	}
	dir = embedded.CheckpointFolder(s.dir)
	release = func() error { return errors.Join(os.RemoveAll(dir), lock.Close()) }
	if err := s.checkpoint(ctx, dir); err != nil {
		return "", nil, errors.Join(err, release())
	}
	return dir, release, nil
}

// LockFile locks a file, or says *eventstore.Held of its folder.
func LockFile(name string) (io.Closer, error) {
	if _, err := os.Stat(filepath.Dir(name)); err != nil {
		return nil, err
	}
	lock, err := vfs.Default.Lock(name)
	var path *os.PathError
	if err != nil && !errors.As(err, &path) { // see embedded's isHeld
		return nil, &eventstore.Held{Path: filepath.Dir(name)}
	}
	return lock, err
}

// checkpoint asks whoever holds the folder until one has answered: a holder may
// go, and the next, which may be this process, has to come first.
func (s *Store) checkpoint(ctx context.Context, dir string) error {
	for begun := time.Now(); ; {
		if err := os.RemoveAll(dir); err != nil {
			return err
		}
		var err error
		if held := s.Embedded(); held != nil {
			err = held.Checkpoint()
		} else {
			err = s.askCheckpoint(ctx)
		}
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case status.Code(err) != codes.Unavailable:
			return err
		case time.Since(begun) > openPatience:
			return &eventstore.Unavailable{Store: s.dir, Since: begun, Cause: err}
		}
		// Our own client has to notice too, for somebody to take the hold.
		for range s.ReadAll(ctx, eventstore.Position{}, eventstore.Forwards) {
			break
		}
		time.Sleep(takeEvery)
	}
}

// askCheckpoint asks the holder through its socket.
func (s *Store) askCheckpoint(ctx context.Context) (err error) {
	path, name, err := dialName(s.dir)
	if err != nil {
		return err
	}
	defer name.Close()
	holder, err := grpc.NewClient("unix:"+path, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer holder.Close()
	if err := holder.Invoke(ctx, node.CheckpointMethod, new(emptypb.Empty), new(emptypb.Empty)); err != nil {
		return fmt.Errorf("ask the holder of %s for a checkpoint: %w", s.dir, err)
	}
	return nil
}
