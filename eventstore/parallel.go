package eventstore

import (
	"context"
	"iter"
	"runtime"
	"sync"
)

// chunk is how many events one goroutine reads at a time: enough that handing
// them over costs little.
const chunk = 128

// InParallel yields what work makes of each event of a store behind a position,
// in order; number is that of the first. work runs on as many goroutines as
// may run at a time, which is what reading all events costs most.
func InParallel[T any](ctx context.Context, store Store, from Position, number uint64, work func(r Recorded, number uint64) T) iter.Seq2[T, error] {
	type job struct {
		raw   []Recorded
		first uint64
		err   error
		done  chan []T // room for one
	}
	return func(yield func(T, error) bool) {
		ctx, stop := context.WithCancel(ctx)
		workers := runtime.GOMAXPROCS(0)
		jobs := make(chan *job, workers)    // to be worked on
		order := make(chan *job, 4*workers) // to be yielded; bounds what waits in memory
		var running sync.WaitGroup
		defer running.Wait()
		defer stop()
		for range workers {
			running.Go(func() {
				for j := range jobs {
					done := make([]T, len(j.raw))
					for i, r := range j.raw {
						done[i] = work(r, j.first+uint64(i))
					}
					j.done <- done
				}
			})
		}
		running.Go(func() {
			defer close(order)
			defer close(jobs)
			give := func(j *job) bool {
				select {
				case order <- j:
				case <-ctx.Done():
					return false
				}
				if j.err == nil {
					jobs <- j
				}
				return true
			}
			next := &job{first: number, done: make(chan []T, 1)}
			for r, err := range store.ReadAll(ctx, from, Forwards) {
				if err != nil {
					if give(next) {
						give(&job{err: err})
					}
					return
				}
				if next.raw = append(next.raw, r); len(next.raw) == chunk {
					if !give(next) {
						return
					}
					next = &job{first: next.first + chunk, done: make(chan []T, 1)}
				}
			}
			give(next)
		})
		for j := range order {
			if j.err != nil {
				var none T
				yield(none, j.err)
				return
			}
			for _, t := range <-j.done {
				if !yield(t, nil) {
					return
				}
			}
		}
		if err := ctx.Err(); err != nil {
			var none T
			yield(none, err) // the store's reader saw it too late to say so
		}
	}
}
