package vault

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

// A job is a write that waits for the next transaction.
type job struct {
	do    func(tx *sql.Tx) error
	after func()     // done once it is committed, before anybody is answered; may be nil
	err   chan error // room for one, so that the writer never waits
}

func (v *Vault) poke() {
	select {
	case v.wake <- struct{}{}:
	default:
	}
}

// write is the writer: all that waits goes into one transaction with one sync,
// and nobody is answered before it.
func (v *Vault) write() {
	defer close(v.done)
	for range v.wake {
		v.mu.Lock()
		jobs, closed := v.waiting, v.closed
		v.waiting = nil
		v.mu.Unlock()
		if len(jobs) > 0 {
			err := v.commit(jobs)
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
	// transactions bounds how often one is tried again that met another's.
	transactions = 10
	// transactionWait bounds one: a server that went silent must not hold up
	// everybody who waits, nor Close.
	transactionWait = 20 * time.Second
)

func (v *Vault) commit(jobs []*job) error {
	for try := 0; ; try++ {
		err := v.transact(jobs)
		if errors.Is(err, context.DeadlineExceeded) {
			return &Unavailable{err}
		}
		named, again := v.kind.failed(err)
		if !again || try == transactions {
			return named
		}
	}
}

func (v *Vault) transact(jobs []*job) error {
	v.turn.RLock()
	defer v.turn.RUnlock()
	ctx, cancel := context.WithTimeout(context.Background(), transactionWait)
	defer cancel()
	tx, err := v.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := v.stillWrapped(ctx, tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	for _, j := range jobs {
		if err := j.do(tx); err != nil {
			return errors.Join(err, tx.Rollback())
		}
	}
	return tx.Commit()
}

// do gives a write to the writer and waits for its sync.
func (v *Vault) do(ctx context.Context, f func(tx *sql.Tx) error) error {
	return v.doThen(ctx, f, nil)
}

func (v *Vault) doThen(ctx context.Context, f func(tx *sql.Tx) error, after func()) error {
	j := &job{f, after, make(chan error, 1)}
	v.mu.Lock()
	if v.closed {
		v.mu.Unlock()
		return ErrClosed
	}
	v.waiting = append(v.waiting, j)
	v.mu.Unlock()
	v.poke()
	select {
	case err := <-j.err:
		return err
	case <-ctx.Done():
		return ctx.Err() // the write may still happen: it is harmless
	}
}
