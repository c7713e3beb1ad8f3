package node

import (
	"context"
	"errors"
	"io"
	"math"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"

	"google.golang.org/protobuf/proto"
	"reliefledger.org/ledger/eventstore"
)

// proposal is one append, as a client asks for it.
type proposal struct {
	stream   string
	expected eventstore.Expected
	events   []eventstore.Event
	bytes    int // of the events, as eventstore.AppendSize counts them
}

// add takes an event, unless the append becomes larger than any store takes:
// nothing above that is ever held in memory.
func (p *proposal) add(e eventstore.Event) error {
	p.bytes += eventstore.AppendSize([]eventstore.Event{e})
	switch {
	case p.bytes > eventstore.MaxAppend:
		return &eventstore.TooLarge{Stream: p.stream, Of: "bytes", Have: p.bytes, Max: eventstore.MaxAppend}
	case len(p.events) == eventstore.MaxEvents:
		return &eventstore.TooLarge{Stream: p.stream, Of: "events", Have: len(p.events) + 1, Max: eventstore.MaxEvents}
	}
	p.events = append(p.events, e)
	return nil
}

// checkStream refuses the streams that nobody writes.
func checkStream(stream string) error {
	if len(stream) > 0 && stream[0] == '$' {
		return reserved
	}
	return eventstore.CheckAppend(stream, nil)
}

// Append is one append: options first, then an event a message.
func (s *service) Append(stream streams.Streams_AppendServer) error {
	ctx := stream.Context()
	p, err := takeAppend(stream, callOf(ctx))
	if err != nil {
		return err
	}
	done, err := s.store.Append(ctx, p.stream, p.expected, p.events)
	var wrong *eventstore.WrongRevision
	switch {
	case errors.As(err, &wrong):
		callOf(ctx).outcome = wrongRevision
		return stream.SendAndClose(&streams.AppendResp{Result: &streams.AppendResp_WrongExpectedVersion_{
			WrongExpectedVersion: wrongVersion(wrong),
		}})
	case err != nil:
		return err
	}
	s.metrics.appended(p.events)
	success := &streams.AppendResp_Success{}
	if len(p.events) > 0 {
		commit, prepare := done.Position.Pair()
		success.CurrentRevisionOption = &streams.AppendResp_Success_CurrentRevision{CurrentRevision: done.Revision}
		success.PositionOption = &streams.AppendResp_Success_Position{
			Position: &streams.AppendResp_Position{CommitPosition: commit, PreparePosition: prepare},
		}
	} else {
		success.PositionOption = &streams.AppendResp_Success_NoPosition{NoPosition: &shared.Empty{}}
		last, exists, err := s.lastRevision(ctx, p.stream)
		switch {
		case err != nil:
			return err
		case exists:
			success.CurrentRevisionOption = &streams.AppendResp_Success_CurrentRevision{CurrentRevision: last}
		default:
			success.CurrentRevisionOption = &streams.AppendResp_Success_NoStream{NoStream: &shared.Empty{}}
		}
	}
	return stream.SendAndClose(&streams.AppendResp{Result: &streams.AppendResp_Success_{Success: success}})
}

// wrongRevision is the outcome in metrics of what is no error to gRPC.
const wrongRevision = "WrongRevision"

// takeAppend reads a request to its end, also when it is refused: a client that
// is still sending takes an early answer for a broken connection and never sees
// what it says.
func takeAppend(stream streams.Streams_AppendServer, c *call) (*proposal, error) {
	var p *proposal
	refused := c.need(Write)
	for discarded := 0; ; {
		req, err := stream.Recv()
		switch {
		case err == io.EOF && refused != nil:
			return nil, refused
		case err == io.EOF && p == nil:
			return nil, invalid("an append has no options")
		case err == io.EOF:
			return p, nil
		case err != nil:
			return nil, err
		}
		if refused == nil {
			p, refused = p.take(req)
		}
		if refused != nil {
			p = nil
			if discarded += proto.Size(req) + 1; discarded > maxDiscarded { // nothing costs something too
				return nil, refused
			}
		}
	}
}

// take adds a message to an append, which its first one makes.
func (p *proposal) take(req *streams.AppendReq) (*proposal, error) {
	switch content := req.GetContent().(type) {
	case *streams.AppendReq_Options_:
		if p != nil {
			return nil, invalid("an append has its options twice")
		}
		return proposalOf(content.Options)
	case *streams.AppendReq_ProposedMessage_:
		if p == nil {
			return nil, invalid("the first message of an append is not its options")
		}
		e, err := proposed(content.ProposedMessage)
		if err == nil {
			err = p.add(e)
		}
		return p, err
	}
	return nil, invalid("a message of an append is neither options nor an event")
}

func proposalOf(o *streams.AppendReq_Options) (*proposal, error) {
	p := &proposal{stream: string(o.GetStreamIdentifier().GetStreamName())}
	switch e := o.GetExpectedStreamRevision().(type) {
	case *streams.AppendReq_Options_Revision:
		p.expected = eventstore.At(e.Revision)
	case *streams.AppendReq_Options_NoStream:
		p.expected = eventstore.NoStream
	case *streams.AppendReq_Options_Any:
		p.expected = eventstore.Any
	case *streams.AppendReq_Options_StreamExists:
		p.expected = eventstore.StreamExists
	default:
		return nil, invalid("an append to stream %.80q does not say what revision it expects", p.stream)
	}
	return p, checkStream(p.stream)
}

// wrongVersion has everything twice, for clients older and younger than 20.6.
func wrongVersion(e *eventstore.WrongRevision) *streams.AppendResp_WrongExpectedVersion {
	w, empty := &streams.AppendResp_WrongExpectedVersion{}, &shared.Empty{}
	if last, ok := e.Actual.Revision(); ok {
		w.CurrentRevisionOption = &streams.AppendResp_WrongExpectedVersion_CurrentRevision{CurrentRevision: last}
		w.CurrentRevisionOption_20_6_0 = &streams.AppendResp_WrongExpectedVersion_CurrentRevision_20_6_0{CurrentRevision_20_6_0: last}
	} else {
		w.CurrentRevisionOption = &streams.AppendResp_WrongExpectedVersion_CurrentNoStream{CurrentNoStream: empty}
		w.CurrentRevisionOption_20_6_0 = &streams.AppendResp_WrongExpectedVersion_NoStream_20_6_0{NoStream_20_6_0: empty}
	}
	switch e.Expected {
	case eventstore.Any:
		w.ExpectedRevisionOption = &streams.AppendResp_WrongExpectedVersion_ExpectedAny{ExpectedAny: empty}
		w.ExpectedRevisionOption_20_6_0 = &streams.AppendResp_WrongExpectedVersion_Any_20_6_0{Any_20_6_0: empty}
	case eventstore.StreamExists:
		w.ExpectedRevisionOption = &streams.AppendResp_WrongExpectedVersion_ExpectedStreamExists{ExpectedStreamExists: empty}
		w.ExpectedRevisionOption_20_6_0 = &streams.AppendResp_WrongExpectedVersion_StreamExists_20_6_0{StreamExists_20_6_0: empty}
	case eventstore.NoStream:
		w.ExpectedRevisionOption = &streams.AppendResp_WrongExpectedVersion_ExpectedNoStream{ExpectedNoStream: empty}
		w.ExpectedRevisionOption_20_6_0 = &streams.AppendResp_WrongExpectedVersion_ExpectedRevision_20_6_0{ExpectedRevision_20_6_0: math.MaxUint64}
	default:
		revision, _ := e.Expected.Revision()
		w.ExpectedRevisionOption = &streams.AppendResp_WrongExpectedVersion_ExpectedRevision{ExpectedRevision: revision}
		w.ExpectedRevisionOption_20_6_0 = &streams.AppendResp_WrongExpectedVersion_ExpectedRevision_20_6_0{ExpectedRevision_20_6_0: revision}
	}
	return w
}

// lastRevision is that of a stream's last event, if it has any.
func (s *Server) lastRevision(ctx context.Context, stream string) (last uint64, exists bool, err error) {
	for e, err := range s.store.ReadStream(ctx, stream, math.MaxUint64, eventstore.Backwards) {
		return e.Revision, err == nil, err
	}
	return 0, false, nil
}

// Delete is refused.
func (s *service) Delete(context.Context, *streams.DeleteReq) (*streams.DeleteResp, error) {
	return nil, neverForgets
}

// Tombstone is refused.
func (s *service) Tombstone(context.Context, *streams.TombstoneReq) (*streams.TombstoneResp, error) {
	return nil, neverForgets
}
