package node

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"reliefledger.org/ledger/eventstore"
)

// refusal is an error as the protocol has it: a gRPC status, and trailers in
// which clients look for the exact reason.
type refusal struct {
	code     codes.Code
	sentence string
	trailers metadata.MD
}

func (r *refusal) Error() string { return r.sentence }

func refuse(code codes.Code, format string, args ...any) *refusal {
	return &refusal{code: code, sentence: fmt.Sprintf(format, args...)}
}

// because adds the trailers of an exception: its name, and what goes with it.
func (r *refusal) because(exception string, pairs ...string) *refusal {
	r.trailers = metadata.Join(metadata.Pairs("exception", exception), metadata.Pairs(pairs...))
	return r
}

func invalid(format string, args ...any) *refusal {
	return refuse(codes.InvalidArgument, format, args...)
}

func denied(code codes.Code, format string, args ...any) *refusal {
	return refuse(code, format, args...).because("access-denied")
}

func tooLarge(err *eventstore.TooLarge) *refusal {
	return invalid("%v", err).because("maximum-append-size-exceeded",
		"maximum-append-size", strconv.Itoa(eventstore.MaxAppend))
}

// neverForgets is the answer to whoever wants something to be gone.
var neverForgets = denied(codes.PermissionDenied,
	"a ledger forgets nothing: streams are neither deleted nor tombstoned")

// reserved is the answer to an append to a stream that begins with "$".
var reserved = denied(codes.PermissionDenied,
	`a ledger forgets nothing: streams whose name begins with "$", as the metadata of a stream do, are not written`)

// errStopping ends what would go on for ever when the server stops.
var errStopping = refuse(codes.Unavailable, "the node is stopping")

// refusalOf maps every error that a handler returns, in one place.
func refusalOf(err error) *refusal {
	var (
		is       *refusal
		poisoned *eventstore.Poisoned
		unknown  *eventstore.OutcomeUnknown
		corrupt  *eventstore.Corrupt
		large    *eventstore.TooLarge
		event    *eventstore.BadEvent
		stream   *eventstore.BadStream
		position *eventstore.UnknownPosition
	)
	switch {
	case errors.As(err, &is):
		return is
	case errors.Is(err, eventstore.ErrClosed):
		return refuse(codes.Unavailable, "the event store of this node is closed")
	case errors.As(err, &poisoned):
		return refuse(codes.Unavailable, "the event store of this node has stopped after a failed write and must be opened again")
	case errors.As(err, &unknown):
		// Clients take Aborted as the server's timeout: what became of the
		// append is unknown.
		return refuse(codes.Aborted, "%v", err)
	case errors.As(err, &corrupt):
		return refuse(codes.DataLoss, "%v", err)
	case errors.As(err, &large):
		return tooLarge(large)
	case errors.As(err, &event), errors.As(err, &stream), errors.As(err, &position):
		return invalid("%v", err)
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return refuse(status.FromContextError(err).Code(), "%v", err)
	}
	if s, ok := status.FromError(err); ok { // of grpc itself, in Send or Recv
		return refuse(s.Code(), "%s", s.Message())
	}
	return refuse(codes.Internal, "the node failed: its log says how")
}

// GRPCStatus is what goes over the wire.
func (r *refusal) GRPCStatus() *status.Status { return status.New(r.code, r.sentence) }
