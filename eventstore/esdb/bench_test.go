package esdb

import (
	"context"
	"fmt"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"reliefledger.org/ledger/eventstore"
	"reliefledger.org/ledger/eventstore/embedded"
)

// each runs a benchmark in process and through the client on our own node, both
// over a store in memory.
func each(b *testing.B, run func(b *testing.B, s eventstore.Store)) {
	b.Run("in process", func(b *testing.B) {
		s, err := embedded.Create("/x", embedded.Options{FS: vfs.NewMem()})
		if err != nil {
			b.Fatal(err)
		}
		defer s.Close()
		run(b, s)
	})
	b.Run("client", func(b *testing.B) { run(b, mustDial(b, serve(b).connection(), Options{})) })
}

func BenchmarkAppend(b *testing.B) {
	for _, callers := range []int{1, 64} {
		b.Run(fmt.Sprint("callers=", callers), func(b *testing.B) {
			each(b, func(b *testing.B, s eventstore.Store) {
				next := make(chan int)
				done := make(chan error, callers)
				for c := range callers {
					go func() {
						var err error
						for range next {
							if _, e := s.Append(context.Background(), fmt.Sprint("s", c), eventstore.Any, someEvents(1, 500)); e != nil {
								err = e
							}
						}
						done <- err
					}()
				}
				b.ResetTimer()
				for i := range b.N {
					next <- i
				}
				close(next)
				for range callers {
					if err := <-done; err != nil {
						b.Error(err)
					}
				}
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "appends/s")
			})
		})
	}
}

func BenchmarkReadAll(b *testing.B) {
	const events = 100_000
	each(b, func(b *testing.B, s eventstore.Store) {
		for range events / 500 {
			if _, err := s.Append(context.Background(), "s", eventstore.Any, someEvents(500, 500)); err != nil {
				b.Fatal(err)
			}
		}
		for dir, name := range map[eventstore.Direction]string{eventstore.Forwards: "forwards", eventstore.Backwards: "backwards"} {
			from := eventstore.Position{}
			if dir == eventstore.Backwards {
				from = eventstore.End
			}
			b.Run(name, func(b *testing.B) {
				for range b.N {
					n := 0
					for _, err := range s.ReadAll(context.Background(), from, dir) {
						if err != nil {
							b.Fatal(err)
						}
						n++
					}
					if n != events {
						b.Fatalf("%d events", n)
					}
				}
				b.ReportMetric(float64(b.N*events)/b.Elapsed().Seconds(), "events/s")
			})
		}
	})
}
