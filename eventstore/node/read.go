package node

import (
	"context"
	"math"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/uuid"
	"google.golang.org/grpc/codes"

	"reliefledger.org/ledger/eventstore"
)

// reading is what a Read asks for. Where it begins stands in revision for a
// stream and in position for $all, MaxUint64 and eventstore.End for the end.
type reading struct {
	all       bool
	stream    string
	revision  uint64
	position  eventstore.Position
	fromStart bool // not after the first event, but with it
	direction eventstore.Direction
	count     uint64 // as asked for, which may be any number: memory never depends on it
	filter    *filter

	subscription bool
	interval     uint64 // considered events from checkpoint to checkpoint; 0: no checkpoints

	id        func(uuid.UUID) *shared.UUID
	positions bool // first and last position of the stream are told
}

// Read is a read or a subscription, of a stream or of $all.
func (s *service) Read(req *streams.ReadReq, stream streams.Streams_ReadServer) error {
	ctx := stream.Context()
	c := callOf(ctx)
	r, err := parseRead(req.GetOptions())
	if r != nil && r.subscription {
		c.method, c.lasting = "Subscribe", true
	}
	if err := c.need(Read); err != nil {
		return err
	}
	if err != nil {
		return err
	}
	run := s.read
	if r.subscription {
		run = s.subscribe
		s.metrics.subscriptions.Inc()
		defer s.metrics.subscriptions.Dec()
	}
	return s.paced(func(p *pace) error {
		return run(ctx, r, func(m *streams.ReadResp) error {
			return p.send(func() error { return stream.Send(m) })
		})
	})
}

// parseRead returns as much as it understood along with an error.
func parseRead(o *streams.ReadReq_Options) (*reading, error) {
	r := &reading{id: structured, positions: o.GetControlOption().GetCompatibility() >= 1}
	if _, ok := o.GetUuidOption().GetContent().(*streams.ReadReq_Options_UUIDOption_String_); ok {
		r.id = textual
	}
	switch o.GetReadDirection() {
	case streams.ReadReq_Options_Forwards:
	case streams.ReadReq_Options_Backwards:
		r.direction = eventstore.Backwards
	default:
		return r, invalid("a read goes neither forwards nor backwards")
	}
	switch c := o.GetCountOption().(type) {
	case *streams.ReadReq_Options_Count:
		r.count = c.Count
	case *streams.ReadReq_Options_Subscription:
		r.subscription = true
		if r.direction == eventstore.Backwards {
			return r, invalid("a subscription goes forwards only")
		}
	default:
		return r, invalid("a read has neither a count nor is it a subscription")
	}
	switch from := o.GetStreamOption().(type) {
	case *streams.ReadReq_Options_Stream:
		if _, ok := o.GetFilterOption().(*streams.ReadReq_Options_Filter); ok {
			return r, invalid("only $all is read with a filter")
		}
		return r, r.parseStream(from.Stream)
	case *streams.ReadReq_Options_All:
		r.all = true
		if err := r.parseAll(from.All); err != nil {
			return r, err
		}
	default:
		return r, invalid("a read is neither of a stream nor of $all")
	}
	return r, r.parseFilter(o)
}

func (r *reading) parseStream(o *streams.ReadReq_Options_StreamOptions) error {
	r.stream = string(o.GetStreamIdentifier().GetStreamName())
	if r.stream == "" {
		return invalid("a read of a stream has no stream name")
	}
	switch from := o.GetRevisionOption().(type) {
	case *streams.ReadReq_Options_StreamOptions_Revision:
		r.revision = from.Revision
	case *streams.ReadReq_Options_StreamOptions_Start:
		r.fromStart = true
	case *streams.ReadReq_Options_StreamOptions_End:
		r.revision = math.MaxUint64
	default:
		return invalid("a read of stream %.80q does not say where it begins", r.stream)
	}
	return nil
}

func (r *reading) parseAll(o *streams.ReadReq_Options_AllOptions) error {
	switch from := o.GetAllOption().(type) {
	case *streams.ReadReq_Options_AllOptions_Position:
		r.position = eventstore.NewPosition(from.Position.GetCommitPosition(), from.Position.GetPreparePosition())
	case *streams.ReadReq_Options_AllOptions_Start:
		r.fromStart = true
	case *streams.ReadReq_Options_AllOptions_End:
		r.position = eventstore.End
	default:
		return invalid("a read of $all does not say where it begins")
	}
	return nil
}

func (r *reading) parseFilter(o *streams.ReadReq_Options) (err error) {
	f, ok := o.GetFilterOption().(*streams.ReadReq_Options_Filter)
	if !ok {
		return nil
	}
	if r.filter, err = parseFilter(f.Filter); err != nil {
		return err
	}
	if r.subscription {
		r.interval, err = parseInterval(f.Filter)
	}
	return err
}

// read answers a read that ends.
func (s *service) read(ctx context.Context, r *reading, send func(*streams.ReadResp) error) error {
	if r.all {
		return s.readAll(ctx, r, send)
	}
	return s.readStream(ctx, r, send)
}

func (s *service) readAll(ctx context.Context, r *reading, send func(*streams.ReadResp) error) error {
	from, err := s.resumeRead(r)
	if err != nil || r.count == 0 {
		return err
	}
	sent := uint64(0)
	for e, err := range s.store.ReadAll(ctx, from, r.direction) {
		if err != nil {
			return err
		}
		if !r.filter.matches(e) {
			continue
		}
		if err := send(recorded(e, r.id)); err != nil {
			return err
		}
		if sent++; sent == r.count {
			return nil
		}
	}
	return nil
}

// resumeRead is the position for the store's ReadAll, which begins after it,
// while a read forwards on the wire begins with it: that of event n is n+1.
// Backwards both are without it.
func (s *service) resumeRead(r *reading) (eventstore.Position, error) {
	err := s.known(r.position)
	switch {
	case err != nil && s.options.Habits != nil && r.direction == eventstore.Forwards:
		return eventstore.End, nil
	case err != nil && s.options.Habits != nil:
		return eventstore.Position{}, refuse(codes.Unknown, "an invalid read of $all: %v", err)
	case err != nil:
		return eventstore.Position{}, err
	}
	commit, prepare := r.position.Pair()
	if r.direction == eventstore.Forwards && r.position != eventstore.End && commit > 0 {
		return eventstore.NewPosition(commit-1, prepare-1), nil
	}
	return r.position, nil
}

// known refuses positions that this store has not given. The store does so by
// itself, but says it only on the way, when the answer has begun.
func (s *service) known(p eventstore.Position) error {
	_, head := s.store.Head()
	commit, prepare := p.Pair()
	if p != eventstore.End && (commit != prepare || p.Compare(head) > 0) {
		return &eventstore.UnknownPosition{Position: p, Head: head}
	}
	return nil
}

func (s *service) readStream(ctx context.Context, r *reading, send func(*streams.ReadResp) error) error {
	last, exists, err := s.lastRevision(ctx, r.stream)
	if err != nil {
		return err
	}
	if !exists {
		return send(&streams.ReadResp{Content: &streams.ReadResp_StreamNotFound_{
			StreamNotFound: &streams.ReadResp_StreamNotFound{StreamIdentifier: named(r.stream)},
		}})
	}
	sent := uint64(0)
	if r.count > 0 {
		for e, err := range s.store.ReadStream(ctx, r.stream, r.revision, r.direction) {
			if err != nil {
				return err
			}
			if err := send(recorded(e, r.id)); err != nil {
				return err
			}
			last = max(last, e.Revision)
			if sent++; sent == r.count {
				break
			}
		}
	}
	if !r.positions {
		return nil
	}
	return send(&streams.ReadResp{Content: &streams.ReadResp_LastStreamPosition{LastStreamPosition: last}})
}
