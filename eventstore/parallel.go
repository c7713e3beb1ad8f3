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

// InParallel calls work with each event of a store after a position, on as many
// goroutines as there are cores, and yields the results in the order of the
// events. number is the number of the first event. It is for work that takes
// longer than reading: decoding, hashing, verifying.
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
		jobs := make(chan *job, workers)    // for the workers
		order := make(chan *job, 4*workers) // for the loop that yields; bounds what waits in memory
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
			enqueue := func(j *job) bool {
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
					if enqueue(next) {
						enqueue(&job{err: err})
					}
					return
				}
				if next.raw = append(next.raw, r); len(next.raw) == chunk {
					if !enqueue(next) {
						return
					}
					next = &job{first: next.first + chunk, done: make(chan []T, 1)}
				}
			}
			enqueue(next)
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
