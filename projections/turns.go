package projections

import (
	"context"
	"sync"
	"time"
)

// turns lets many read something at once, or one write it.
//
// It is no sync.RWMutex, for two things which that cannot do: a wait ends with the
// context, and a reader who stays long keeps out the writer alone. Under an
// RWMutex, a writer who waits for that reader keeps all others out for as long.
//
// # How
//
// Readers belong to generations. The writer claims the next turn by beginning a
// new one: who comes from then on waits to be let in, and the turn begins once the
// generation before is gone. If that takes longer than the claim is good for, the
// claim lapses: the new generation is let in, no reader waits any more, and the
// writer waits for the old one alone before the next claim.
//
// # Why nobody waits for ever
//
// No deadlock: a reader waits for two things only, that the writer's turn ends,
// in which the writer waits for nothing, or that a claim lapses, which time does.
// So somebody may even read within a reading. The writer waits for readers who
// are in, and once they are in they wait for nothing here.
//
// No starvation of readers: they are let in by whole generations, each after one
// claim and at most one turn. A writer who wants the next turn at once claims it
// behind a generation that is in already; no reader is overtaken twice.
//
// No starvation of the writer: after a claim that lapsed it waits for readers who
// were there before, not for those who came since; that ends if each reading
// ends. The next claim is good for twice as long. As soon as that is longer than
// the readings of those who are in, the turn begins. The price is bounded by
// those who cause it: where readings last d, a claim keeps others waiting for less
// than 2d, or for firstClaim; a reader who never leaves lets one claim lapse, and
// after that nobody waits but the writer.
type turns struct {
	mu     sync.Mutex
	coming *generation // to which a reader belongs who comes now
}

// generation is readers who come between two claims.
type generation struct {
	n    int           // of them; guarded by turns.mu
	in   chan struct{} // closed when they may read
	gone chan struct{} // closed when all have left and none can come
}

// firstClaim is for how long a writer keeps readers waiting at first: as long as
// a turn may last, and longer than what a page copies.
const firstClaim = groupTime

func newGeneration() *generation {
	return &generation{in: make(chan struct{}), gone: make(chan struct{})}
}

func newTurns() *turns {
	t := &turns{coming: newGeneration()}
	close(t.coming.in)
	return t
}

// read waits until a reader may read; leave must be called at the end. The error
// is the context's.
func (t *turns) read(ctx context.Context) (leave func(), err error) {
	t.mu.Lock()
	g := t.coming
	g.n++
	t.mu.Unlock()
	select {
	case <-g.in: // also where the context has ended: nothing is waited for
	default:
		select {
		case <-g.in:
		case <-ctx.Done():
			t.leave(g)
			return nil, ctx.Err()
		}
	}
	return func() { t.leave(g) }, nil
}

func (t *turns) leave(g *generation) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if g.n--; g.n == 0 && g != t.coming {
		close(g.gone) // once: nobody comes to it any more
	}
}

// claim begins a new generation of readers, and returns the one before.
func (t *turns) claim() (before *generation) {
	t.mu.Lock()
	defer t.mu.Unlock()
	before, t.coming = t.coming, newGeneration()
	if before.n == 0 {
		close(before.gone)
	}
	return before
}

// write waits for the writer's turn, which lasts until written is called; there
// is one writer. It is false when the context has ended: then there is no turn.
func (t *turns) write(ctx context.Context) bool {
	for good := firstClaim; ; good *= 2 {
		before := t.claim()
		lapse := time.NewTimer(good)
		select {
		case <-before.gone:
			lapse.Stop()
			return true
		case <-lapse.C:
		case <-ctx.Done():
			lapse.Stop()
		}
		t.written() // who waits is let in
		select {
		case <-before.gone: // and so only t.coming is left
		case <-ctx.Done():
			return false
		}
	}
}

// written ends the writer's turn: who waits for it reads.
func (t *turns) written() { close(t.coming.in) }
