package node

import (
	"context"
	"math"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/uuid"

	"reliefledger.org/ledger/eventstore"
)

// subscription is one that is open. The store's Subscribe reads from disk at
// the reader's pace, catching up and being live alike, so that nothing is
// buffered here and nothing is lost; what remains to be done is to tell the
// reader where it stands.
type subscription struct {
	*reading
	store interface {
		Head() (uint64, eventstore.Position)
	}
	send   func(*streams.ReadResp) error
	behind uint64 // limits.behind

	// live: the reader was told that it has caught up and has not fallen behind
	// since. Otherwise target is the head when that was last looked at: it has
	// caught up when it is there and what came meanwhile is little. Were it to
	// be nothing, a busy store would never let it.
	live   bool
	target eventstore.Position

	considered uint64 // events since the beginning, whether sent or not
	checkpoint eventstore.Position
}

// subscribe answers a subscription, until somebody ends it.
func (s *service) subscribe(ctx context.Context, r *reading, send func(*streams.ReadResp) error) error {
	if err := s.known(r.position); err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(s.stopping, func() { cancel(errStopping) })()

	if err := send(&streams.ReadResp{Content: &streams.ReadResp_Confirmation{
		Confirmation: &streams.ReadResp_SubscriptionConfirmation{SubscriptionId: uuid.NewString()},
	}}); err != nil {
		return err
	}
	sub := &subscription{reading: r, store: s.store, send: send, behind: s.limits.behind}
	follow := s.followAll
	if !r.all {
		follow = s.followStream
	}
	err := follow(ctx, sub)
	if context.Cause(ctx) == errStopping {
		return errStopping
	}
	return err
}

// followAll gives what comes after a position.
func (s *service) followAll(ctx context.Context, sub *subscription) error {
	_, head := s.store.Head()
	after := sub.position
	if after == eventstore.End {
		after = head
	}
	sub.target, sub.checkpoint = head, after
	if after == head {
		if err := sub.caughtUp(after); err != nil {
			return err
		}
	}
	for e, err := range s.store.Subscribe(ctx, after) {
		if err == nil {
			err = sub.consider(e, sub.filter.matches(e))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// followStream gives what comes after a revision: first what the stream has,
// and then from what is written, wherever, the events of this stream. Written
// is read from a position that was taken before the stream was read, and what
// the stream had is left out by its revision: so there is neither gap nor
// double at the switch.
func (s *service) followStream(ctx context.Context, sub *subscription) error {
	_, after := s.store.Head()
	next := sub.revision + 1
	switch {
	case sub.fromStart:
		next = 0
	case sub.revision == math.MaxUint64:
		last, exists, err := s.lastRevision(ctx, sub.stream)
		if err != nil {
			return err
		}
		next = 0
		if exists {
			next = last + 1
		}
	}
	for e, err := range s.store.ReadStream(ctx, sub.stream, next, eventstore.Forwards) {
		if err == nil {
			err = sub.send(recorded(e, sub.id))
		}
		if err != nil {
			return err
		}
		next = e.Revision + 1
	}
	if err := sub.caughtUp(after); err != nil {
		return err
	}
	for e, err := range s.store.Subscribe(ctx, after) {
		if err == nil {
			err = sub.consider(e, e.Stream == sub.stream && e.Revision >= next)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// consider sends an event if it is wanted, and tells the reader where it stands.
func (sub *subscription) consider(e eventstore.Recorded, wanted bool) error {
	if wanted {
		if err := sub.send(recorded(e, sub.id)); err != nil {
			return err
		}
	}
	sub.considered++
	if sub.interval > 0 && sub.considered%sub.interval == 0 {
		if err := sub.reached(e.Position); err != nil {
			return err
		}
	}
	if !sub.live && e.Position.Compare(sub.target) < 0 {
		return nil
	}
	count, head := sub.store.Head()
	if at, _ := e.Position.Pair(); count-at > sub.behind {
		sub.live, sub.target = false, head
		return nil
	}
	return sub.caughtUp(e.Position)
}

// reached tells a reader whose filter may leave out much that it can resume
// from here.
func (sub *subscription) reached(p eventstore.Position) error {
	sub.checkpoint = p
	commit, prepare := p.Pair()
	return sub.send(&streams.ReadResp{Content: &streams.ReadResp_Checkpoint_{
		Checkpoint: &streams.ReadResp_Checkpoint{CommitPosition: commit, PreparePosition: prepare},
	}})
}

// caughtUp tells the reader, once each time, that it has seen what there is; a
// filtered one gets a checkpoint before that.
func (sub *subscription) caughtUp(at eventstore.Position) error {
	if sub.live {
		return nil
	}
	if sub.interval > 0 && at != sub.checkpoint {
		if err := sub.reached(at); err != nil {
			return err
		}
	}
	sub.live = true
	return sub.send(&streams.ReadResp{Content: &streams.ReadResp_CaughtUp_{CaughtUp: &streams.ReadResp_CaughtUp{}}})
}
