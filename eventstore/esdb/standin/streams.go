package standin

import (
	"context"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/uuid"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Read answers reads of a stream, of $all, and subscriptions to $all.
func (s *Server) Read(request *streams.ReadReq, to streams.Streams_ReadServer) error {
	who, err := s.caller(to.Context())
	if err != nil {
		return err
	}
	o := request.Options
	if of := o.GetStream(); of != nil {
		return s.readStream(who, string(of.StreamIdentifier.StreamName), o, to)
	}
	s.mu.Lock()
	may := s.may(who, "$r", "$all")
	s.mu.Unlock()
	switch {
	case !may:
		return denied(to.Context())
	case o.GetSubscription() != nil:
		return s.subscribe(o, to)
	}
	return s.readAll(o, to)
}

func (s *Server) readStream(who []string, stream string, o *streams.ReadReq_Options, to streams.Streams_ReadServer) error {
	s.mu.Lock()
	may, buried, d, found := s.may(who, "$r", stream), s.buried(stream), s.described(stream), slices.Clone(s.streams[stream])
	s.mu.Unlock()
	first := max(d.Before, 0)
	if d.MaxCount > 0 {
		first = max(first, int64(len(found)-d.MaxCount))
	}
	switch {
	case !may:
		return denied(to.Context())
	case buried:
		return deleted(to.Context(), stream)
	case first >= int64(len(found)):
		return to.Send(&streams.ReadResp{Content: &streams.ReadResp_StreamNotFound_{StreamNotFound: &streams.ReadResp_StreamNotFound{
			StreamIdentifier: &shared.StreamIdentifier{StreamName: []byte(stream)}}}})
	}
	found = found[first:]
	from, ok := o.GetStream().RevisionOption.(*streams.ReadReq_Options_StreamOptions_Revision)
	backwards := o.ReadDirection == streams.ReadReq_Options_Backwards
	if ok {
		found = slices.DeleteFunc(found, func(e *event) bool {
			return backwards && e.revision > from.Revision || !backwards && e.revision < from.Revision
		})
	}
	return send(found, backwards, o.GetCount(), to)
}

func (s *Server) readAll(o *streams.ReadReq_Options, to streams.Streams_ReadServer) error {
	s.mu.Lock()
	found := slices.Clone(s.log)
	s.mu.Unlock()
	backwards := o.ReadDirection == streams.ReadReq_Options_Backwards
	if from := o.GetAll().GetPosition(); from != nil {
		if backwards && (from.CommitPosition%100 != 0 || from.CommitPosition > uint64(len(found))*100) {
			return status.Error(codes.Unknown, "Unexpected ReadAllResult: Error")
		}
		found = slices.DeleteFunc(found, func(e *event) bool {
			return backwards && e.position >= from.CommitPosition || !backwards && e.position < from.CommitPosition
		})
	}
	return send(found, backwards, o.GetCount(), to)
}

func send(found []*event, backwards bool, count uint64, to streams.Streams_ReadServer) error {
	if backwards {
		slices.Reverse(found)
	}
	for _, e := range found[:min(uint64(len(found)), count)] {
		if err := to.Send(e.response()); err != nil {
			return err
		}
	}
	return nil
}

func (s *Server) subscribe(o *streams.ReadReq_Options, to streams.Streams_ReadServer) error {
	wanted := filter(o.GetFilter())
	if err := to.Send(&streams.ReadResp{Content: &streams.ReadResp_Confirmation{Confirmation: &streams.ReadResp_SubscriptionConfirmation{SubscriptionId: uuid.NewString()}}}); err != nil {
		return err
	}
	for after := o.GetAll().GetPosition().GetCommitPosition(); ; {
		s.mu.Lock()
		found, grown := s.log, s.grown
		s.mu.Unlock()
		for _, e := range found[min(after/100, uint64(len(found))):] {
			after = e.position
			if !wanted(e.stream) {
				continue
			}
			if err := to.Send(e.response()); err != nil {
				return err
			}
		}
		select {
		case <-grown:
		case <-to.Context().Done():
			return to.Context().Err()
		}
	}
}

// filter says of streams whether they pass; patterns are close enough to .NET's.
func filter(o *streams.ReadReq_Options_FilterOptions) func(stream string) bool {
	of := o.GetStreamIdentifier()
	if of.GetRegex() != "" {
		return regexp.MustCompile(of.GetRegex()).MatchString
	}
	return func(stream string) bool {
		return of == nil || slices.ContainsFunc(of.GetPrefix(), func(p string) bool { return strings.HasPrefix(stream, p) })
	}
}

func (e *event) response() *streams.ReadResp {
	return &streams.ReadResp{Content: &streams.ReadResp_Event{Event: &streams.ReadResp_ReadEvent{
		Event: &streams.ReadResp_ReadEvent_RecordedEvent{
			Id:               &shared.UUID{Value: &shared.UUID_String_{String_: e.id.String()}},
			StreamIdentifier: &shared.StreamIdentifier{StreamName: []byte(e.stream)},
			StreamRevision:   e.revision, CommitPosition: e.position, PreparePosition: e.position,
			Metadata: map[string]string{"type": e.kind, "content-type": "application/json", "created": "0"},
			Data:     e.data, CustomMetadata: e.meta,
		},
		Position: &streams.ReadResp_ReadEvent_CommitPosition{CommitPosition: e.position},
	}}}
}

// Append judges the expected revision and the ids, as the server does.
func (s *Server) Append(from streams.Streams_AppendServer) error {
	who, err := s.caller(from.Context())
	if err != nil {
		return err
	}
	var options *streams.AppendReq_Options
	var proposed []*event
	for {
		message, err := from.Recv()
		if err != nil {
			break
		}
		if o := message.GetOptions(); o != nil {
			options = o
		} else if m := message.GetProposedMessage(); m != nil {
			proposed = append(proposed, &event{id: identity(m.Id), kind: m.Metadata["type"], data: m.Data, meta: m.CustomMetadata})
		}
	}
	if options == nil {
		return status.Error(codes.InvalidArgument, "no options")
	}
	stream := string(options.StreamIdentifier.StreamName)
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case !s.may(who, "$w", stream):
		return denied(from.Context())
	case s.buried(stream):
		return deleted(from.Context(), stream)
	}
	next := uint64(len(s.streams[stream]))
	begin := next
	switch expected := options.ExpectedStreamRevision.(type) {
	case *streams.AppendReq_Options_Revision:
		begin = expected.Revision + 1
	case *streams.AppendReq_Options_NoStream:
		begin = 0
	}
	if begin != next && !s.there(stream, begin, proposed) {
		return from.SendAndClose(wrong(next))
	}
	if begin == next {
		for _, e := range proposed {
			s.add(stream, e)
		}
	}
	last := begin + uint64(len(proposed)) - 1
	return from.SendAndClose(&streams.AppendResp{Result: &streams.AppendResp_Success_{Success: &streams.AppendResp_Success{
		CurrentRevisionOption: &streams.AppendResp_Success_CurrentRevision{CurrentRevision: last},
		PositionOption:        &streams.AppendResp_Success_Position{Position: &streams.AppendResp_Position{CommitPosition: uint64(len(s.log)) * 100, PreparePosition: uint64(len(s.log)) * 100}},
	}}})
}

// there says whether events stand at a revision already. Under mu.
func (s *Server) there(stream string, begin uint64, proposed []*event) bool {
	for i, e := range proposed {
		at := begin + uint64(i)
		if at >= uint64(len(s.streams[stream])) || s.streams[stream][at].id != e.id {
			return false
		}
	}
	return len(proposed) > 0
}

func wrong(next uint64) *streams.AppendResp {
	w := &streams.AppendResp_WrongExpectedVersion{CurrentRevisionOption: &streams.AppendResp_WrongExpectedVersion_CurrentNoStream{CurrentNoStream: &shared.Empty{}}}
	if next > 0 {
		w.CurrentRevisionOption = &streams.AppendResp_WrongExpectedVersion_CurrentRevision{CurrentRevision: next - 1}
	}
	return &streams.AppendResp{Result: &streams.AppendResp_WrongExpectedVersion_{WrongExpectedVersion: w}}
}

func identity(id *shared.UUID) uuid.UUID {
	if text, ok := id.Value.(*shared.UUID_String_); ok {
		return uuid.MustParse(text.String_)
	}
	var made uuid.UUID
	high, low := uint64(id.GetStructured().GetMostSignificantBits()), uint64(id.GetStructured().GetLeastSignificantBits())
	for i := range 8 {
		made[i], made[8+i] = byte(high>>(56-8*i)), byte(low>>(56-8*i))
	}
	return made
}

// Delete is a soft delete: what the stream has is to be dropped.
func (s *Server) Delete(ctx context.Context, request *streams.DeleteReq) (*streams.DeleteResp, error) {
	stream := string(request.Options.StreamIdentifier.StreamName)
	err := s.remove(ctx, stream, func() {
		s.add("$$"+stream, &event{id: uuid.New(), kind: "$metadata", data: fmt.Appendf(nil, `{"$tb":%d}`, math.MaxInt64)})
	})
	return &streams.DeleteResp{PositionOption: &streams.DeleteResp_Position_{Position: &streams.DeleteResp_Position{}}}, err
}

// Tombstone ends a stream for ever.
func (s *Server) Tombstone(ctx context.Context, request *streams.TombstoneReq) (*streams.TombstoneResp, error) {
	stream := string(request.Options.StreamIdentifier.StreamName)
	err := s.remove(ctx, stream, func() { s.bury(stream) })
	return &streams.TombstoneResp{PositionOption: &streams.TombstoneResp_Position_{Position: &streams.TombstoneResp_Position{}}}, err
}

func (s *Server) remove(ctx context.Context, stream string, write func()) error {
	who, err := s.caller(ctx)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case !s.may(who, "$d", stream):
		return denied(ctx)
	case s.buried(stream):
		return deleted(ctx, stream)
	}
	write()
	return nil
}
