package projections

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// A writer gets a turn although there is always somebody who reads, and readers
// wait for it no longer than twice a reading.
func TestTurnsWithoutAPause(t *testing.T) {
	const readers = 8
	for _, reading := range []time.Duration{time.Millisecond, firstClaim, 10 * firstClaim, 1000 * firstClaim} {
		synctest.Test(t, func(t *testing.T) {
			ctx, stop := context.WithCancel(t.Context())
			turns := newTurns()
			value := 0 // read and written in turn, which the race detector watches
			var wg sync.WaitGroup
			for i := range readers {
				wg.Go(func() {
					time.Sleep(reading * time.Duration(i) / readers) // so that they overlap
					for {
						came := time.Now()
						leave, err := turns.read(ctx)
						if err != nil {
							return
						}
						if waited := time.Since(came); waited > max(firstClaim, 2*reading) {
							t.Errorf("readings of %v: waited %v", reading, waited)
						}
						was := value
						time.Sleep(reading)
						if value != was {
							t.Error("written while it is read")
						}
						leave()
						if ctx.Err() != nil {
							return
						}
					}
				})
			}
			synctest.Wait()
			for range 5 {
				time.Sleep(reading)
				came := time.Now()
				if !turns.write(ctx) {
					t.Fatal("no turn")
				}
				value++
				turns.written()
				if waited := time.Since(came); waited > 20*max(reading, firstClaim) {
					t.Errorf("readings of %v: the writer waited %v", reading, waited)
				}
			}
			stop()
			wg.Wait()
		})
	}
}

// Who waits leaves when the context ends, and leaves nothing behind that the
// writer would wait for.
func TestTurnsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		turns := newTurns()
		if !turns.write(ctx) {
			t.Fatal("no turn")
		}
		short, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		if _, err := turns.read(short); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v", err)
		}
		turns.written()
		if !turns.write(ctx) {
			t.Fatal("no turn")
		}
		turns.written()
		leave, err := turns.read(short) // there is nothing to wait for
		if err != nil {
			t.Fatal(err)
		}
		later, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		if turns.write(later) {
			t.Error("a turn while somebody reads")
		}
		other, err := turns.read(ctx)
		if err != nil {
			t.Fatal(err)
		}
		other()
		leave()
	})
}
