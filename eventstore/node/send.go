package node

import (
	"time"

	"google.golang.org/grpc/codes"
)

// pace watches over sends. A send waits while the reader takes nothing: the
// connection's windows are full, and grpc holds some 64 KiB for each stream.
// That holds up nobody else, since the store's reads are done in steps that
// leave nothing open; but it must not last for ever.
type pace struct {
	limit time.Duration
	timer *time.Timer // runs while a send does
}

func (p *pace) send(f func() error) error {
	p.timer.Reset(p.limit)
	defer p.timer.Stop()
	return f()
}

// paced runs body, which sends through its pace, and gives up on it when one of
// its sends has waited for too long. A send can't be called off; so body runs
// in a goroutine of its own, and when the handler returns without it, grpc ends
// the stream's context, which ends the send. The client, should it ever read
// on, finds what was sent and then the error.
func (s *Server) paced(body func(*pace) error) error {
	p := &pace{s.limits.slowReader, time.NewTimer(time.Hour)}
	p.timer.Stop()
	done := make(chan error, 1) // nobody may be there to take it
	s.running.Go(func() { done <- guard(func() error { return body(p) }) })
	select {
	case err := <-done:
		return err
	case <-p.timer.C:
		s.metrics.slowReaders.Inc()
		s.log.Warn("dropped a reader that took nothing", "for", p.limit)
		return refuse(codes.Aborted, "Consumer too slow: nothing was taken for %s", p.limit)
	}
}
