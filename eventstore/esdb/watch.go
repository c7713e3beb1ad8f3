package esdb

import (
	"fmt"
	"sync/atomic"
	"time"
)

// A connection to a node whose packets are dropped stands, and gRPC needs twenty
// seconds to notice. In a cluster others go on meanwhile. So where calls wait in
// vain the nodes are asked again who leads, the silent one too. If it answers, the
// calls take long and that is all; if it does not and another does, the session is
// given up with the calls on it, which are made again elsewhere.
//
// A session with a node that follows serves while nothing better can be reached:
// what it is asked may lag behind what the leader has. As soon as one that leads
// answers, it takes over, and what runs on the old session ends there.

const (
	// lullSuspected is how long calls wait in vain until the nodes are asked. It
	// is shorter than silenceSuspected, because the node is asked too.
	lullSuspected = 500 * time.Millisecond
	// watchPause is how often a session is looked at.
	watchPause = 250 * time.Millisecond
	// leaderPause is how often a session with a node that follows asks for one
	// that leads.
	leaderPause = time.Second
)

// lull is how long calls have waited for a node without hearing of it. That of a
// subscription which has begun is no wait, nor is a reader that takes its time.
type lull struct {
	calls atomic.Int64 // that wait
	since atomic.Int64 // the first of them began, or one was answered; Unix nanoseconds
}

func (l *lull) wait() {
	if l.calls.Add(1) == 1 {
		l.heard()
	}
}

func (l *lull) done()  { l.calls.Add(-1) }
func (l *lull) heard() { l.since.Store(time.Now().UnixNano()) }

func (l *lull) lasts() time.Duration {
	if l.calls.Load() == 0 {
		return 0
	}
	return time.Since(time.Unix(0, l.since.Load()))
}

// watch looks after a session of a cluster until it is lost. It is one goroutine
// a session, and ends with it.
func (g *gate) watch(s *session) {
	ticker := time.NewTicker(watchPause)
	defer ticker.Stop()
	leads, asked := s.server.leads, time.Now()
	for lost := false; !lost; {
		select {
		case <-s.gone:
			lost = true
		case <-ticker.C:
		}
		silence := s.lull.lasts()
		if lost {
			silence = s.silence() // because of which a call that left gave it up
		}
		silent := silence >= lullSuspected
		switch since := time.Since(asked); {
		case silent && (lost || since >= lullSuspected):
		case !lost && !leads && since >= leaderPause:
		default:
			continue
		}
		n, err := g.address.find(g.reads, "", g.hear)
		asked = time.Now()
		switch {
		case err != nil: // nothing to change over to
		case n.address == s.server.address:
			leads = n.leads
		case silent && (lost || s.lull.lasts() >= lullSuspected):
			g.prefer(n)
			s.retire(fmt.Errorf("%s: %w; %s answers", s.server.address, noAnswer(silence), n.address))
			s.abort()
		case n.leads:
			g.prefer(n)
			s.retire(fmt.Errorf("%s leads now, and %s follows", n.address, s.server.address))
			return // what runs on it goes on
		}
	}
}

// prefer makes a node the first that is asked.
func (g *gate) prefer(n server) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.good = n.address
}

func (g *gate) goodNode() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.good
}
