package vault

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

// A change is made in a transaction, in which by is what the vault is wrapped by.
type change func(tx *sql.Tx, by wrapper) error

// A job is a write that waits for the next transaction.
type job struct {
	do    change
	after func()     // done once it is committed, before anybody is answered; may be nil
	err   chan error // room for one, so that the writer never waits
}

func (v *Vault) wakeWriter() {
	select {
	case v.wake <- struct{}{}:
	default:
	}
}

// runWriter is the one goroutine that writes: all jobs that wait go into one
// transaction, and are answered when it is synced.
func (v *Vault) runWriter() {
	defer close(v.done)
	for range v.wake {
		v.mu.Lock()
		jobs, closed := v.waiting, v.closed
		v.waiting = nil
		v.mu.Unlock()
		if len(jobs) > 0 {
			err := v.goOn(context.Background(), func() error { return v.commit(jobs) })
			for _, j := range jobs {
				if err == nil && j.after != nil {
					j.after()
				}
				j.err <- err
			}
		}
		if closed {
			return
		}
	}
}

const (
	// transactions bounds how often a transaction is tried again that another one
	// got in the way of.
	transactions = 10
	// transactionWait bounds one transaction: a server that does not answer must not
	// hold up all jobs that wait, nor Close.
	transactionWait = 20 * time.Second
)

func (v *Vault) commit(jobs []*job) error {
	for try := 0; ; try++ {
		err := v.transact(jobs)
		if errors.Is(err, context.DeadlineExceeded) {
			return &Unavailable{err}
		}
		named, again := v.dialect.failed(err)
		if !again || try == transactions {
			return named
		}
	}
}

func (v *Vault) transact(jobs []*job) error {
	v.rewrapping.RLock()
	defer v.rewrapping.RUnlock()
	ctx, cancel := context.WithTimeout(context.Background(), transactionWait)
	defer cancel()
	tx, err := v.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	// Nothing is written under a wrapping key that another process has replaced: by is
	// compared with the database in the transaction that it is used in, and no rotation
	// comes between. In SQLite a transaction has the write lock from its beginning. In
	// PostgreSQL who has read from meta keeps a lock on it to the end, and a rotation
	// takes all tables for itself, meta first, before it reads a key. So either the
	// rotation is over, and is seen here, also by who waited for it (each statement sees
	// what was committed before it got its locks: see dial); or it begins after the
	// commit, and wraps what was written here too.
	by := v.currentWrapper()
	if err := v.checkNotRotated(ctx, tx, by); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	for _, j := range jobs {
		if err := j.do(tx, by); err != nil {
			return errors.Join(err, tx.Rollback())
		}
	}
	return tx.Commit()
}

// write hands a change to the writer and waits until it is synced.
func (v *Vault) write(ctx context.Context, f change) error {
	return v.writeThen(ctx, f, nil)
}

// writeThen is write, with something to do once the change is committed and before
// its caller is answered.
func (v *Vault) writeThen(ctx context.Context, f change, after func()) error {
	j := &job{f, after, make(chan error, 1)}
	v.mu.Lock()
	if v.closed {
		v.mu.Unlock()
		return ErrClosed
	}
	v.waiting = append(v.waiting, j)
	v.mu.Unlock()
	v.wakeWriter()
	select {
	case err := <-j.err:
		return err
	case <-ctx.Done():
		return ctx.Err() // the write may still happen: it is harmless
	}
}
