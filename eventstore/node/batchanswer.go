package node

import (
	"context"
	"errors"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	rpc "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/emptypb"

	"reliefledger.org/ledger/eventstore"
)

// succeeded is the answer to a batch that was written; last is the revision of
// its stream's last event, if there is one.
func (w *batch) succeeded(last uint64, exists bool) *streams.BatchAppendResp {
	success := &streams.BatchAppendResp_Success{
		CurrentRevisionOption: &streams.BatchAppendResp_Success_NoStream{NoStream: &emptypb.Empty{}},
		PositionOption:        &streams.BatchAppendResp_Success_NoPosition{NoPosition: &emptypb.Empty{}},
	}
	if exists {
		success.CurrentRevisionOption = &streams.BatchAppendResp_Success_CurrentRevision{CurrentRevision: last}
	}
	if len(w.events) > 0 {
		commit, prepare := w.answer.Position.Pair()
		success.PositionOption = &streams.BatchAppendResp_Success_Position{
			Position: &shared.AllStreamPosition{CommitPosition: commit, PreparePosition: prepare},
		}
	}
	return w.respond(&streams.BatchAppendResp{Result: &streams.BatchAppendResp_Success_{Success: success}})
}

func (w *batch) respond(r *streams.BatchAppendResp) *streams.BatchAppendResp {
	r.CorrelationId, r.StreamIdentifier = w.id, named(w.stream)
	return r
}

// refused is the answer to a batch that was not written, with the details by
// which clients know why; nil where there is none for that.
func (w *batch) refused(why error, outcome *string) *streams.BatchAppendResp {
	code, details := codes.OK, proto.Message(nil)
	var wrong *eventstore.WrongRevision
	var large *eventstore.TooLarge
	switch r := refusalOf(why); {
	case errors.As(why, &wrong):
		code, details = codes.AlreadyExists, wrongDetail(wrong)
	case errors.As(why, &large):
		code, details = r.code, &shared.MaximumAppendSizeExceeded{MaxAppendSize: eventstore.MaxAppend}
	case isTimeout(why):
		code, details = codes.DeadlineExceeded, &shared.Timeout{}
	case errors.Is(why, context.Canceled):
		return nil
	case r.code == codes.PermissionDenied:
		code, details = r.code, &shared.AccessDenied{}
	case r.code == codes.InvalidArgument:
		code, details = r.code, &shared.BadRequest{Message: r.sentence}
	default:
		return nil
	}
	*outcome = code.String()
	if wrong != nil {
		*outcome = wrongRevision
	}
	packed, err := anypb.New(details)
	if err != nil {
		panic(err) // these have no field that could fail
	}
	return w.respond(&streams.BatchAppendResp{Result: &streams.BatchAppendResp_Error{
		Error: &rpc.Status{Code: int32(code), Message: why.Error(), Details: []*anypb.Any{packed}},
	}})
}

func wrongDetail(e *eventstore.WrongRevision) *shared.WrongExpectedVersion {
	w, empty := &shared.WrongExpectedVersion{}, &emptypb.Empty{}
	if last, ok := e.Actual.Revision(); ok {
		w.CurrentStreamRevisionOption = &shared.WrongExpectedVersion_CurrentStreamRevision{CurrentStreamRevision: last}
	} else {
		w.CurrentStreamRevisionOption = &shared.WrongExpectedVersion_CurrentNoStream{CurrentNoStream: empty}
	}
	switch e.Expected {
	case eventstore.Any:
		w.ExpectedStreamPositionOption = &shared.WrongExpectedVersion_ExpectedAny{ExpectedAny: empty}
	case eventstore.StreamExists:
		w.ExpectedStreamPositionOption = &shared.WrongExpectedVersion_ExpectedStreamExists{ExpectedStreamExists: empty}
	case eventstore.NoStream:
		w.ExpectedStreamPositionOption = &shared.WrongExpectedVersion_ExpectedNoStream{ExpectedNoStream: empty}
	default:
		revision, _ := e.Expected.Revision()
		w.ExpectedStreamPositionOption = &shared.WrongExpectedVersion_ExpectedStreamPosition{ExpectedStreamPosition: revision}
	}
	return w
}
