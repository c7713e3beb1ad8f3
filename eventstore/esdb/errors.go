package esdb

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"

	client "github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"reliefledger.org/ledger/eventstore"
)

// Errors of the client come in three kinds: its own type Error, often wrapped
// once more, whose Unwrap leads to what gRPC said; that of gRPC, bare; and texts
// without a type. Its function FromError sees neither of the first two inside
// another: here errors.As and status.Code, which look through wrapping, decide.

var (
	// errRetired is the error of a call that came too late to a session. Nothing
	// was sent.
	errRetired = errors.New("the connection was given up")
	// errEnough ends a read whose reader left.
	errEnough = errors.New("the reader left")
	// errStreamEnded is the error of a subscription that the server ended in good
	// order, as it does when it stops.
	errStreamEnded = errors.New("the server ended the subscription")
)

// worded is an error of the client or of gRPC as people are to read it: what the
// server or the network said, and its code. Of some codes the client says that
// it is sorry not to support them. Whoever decides by it looks through it.
type worded struct{ err error }

func (e *worded) Unwrap() error { return e.err }

func (e *worded) Error() string {
	var said interface{ GRPCStatus() *status.Status }
	var theirs *client.Error
	switch {
	case errors.As(e.err, &said):
		return fmt.Sprintf("%s (%s)", said.GRPCStatus().Message(), said.GRPCStatus().Code())
	case errors.Is(e.err, io.EOF):
		return "the server ended the call without an answer"
	case !errors.As(e.err, &theirs):
		return e.err.Error()
	case theirs.Code() == client.ErrorCodeNotLeader:
		return "the server that was asked does not lead"
	case theirs.Err() == nil:
		return "the client gave up"
	case errors.Unwrap(theirs.Err()) != nil: // how often it tried, and then why
		return errors.Unwrap(theirs.Err()).Error()
	}
	return theirs.Err().Error()
}

// word puts what came out of the client into words.
func word(err error) error {
	var panicked *clientPanicked
	_, theirs := codeOf(err)
	if _, said := status.FromError(err); err == nil || errors.As(err, &panicked) || !said && !theirs {
		return err
	}
	return &worded{err}
}

// clientPanicked is the error of a call in which the client panicked: on an
// answer that it does not know.
type clientPanicked struct {
	with  any
	stack []byte // for who debugs
}

func (e *clientPanicked) Error() string {
	return fmt.Sprintf("the client could not understand the server's answer: %v", e.with)
}

// codeOf returns the client's own code of an error, if it has one.
func codeOf(err error) (client.ErrorCode, bool) {
	var theirs *client.Error
	if !errors.As(err, &theirs) {
		return 0, false
	}
	return theirs.Code(), true
}

// madeNoDifference says whether an error means that a request had no effect on
// any server and may simply be made again.
func madeNoDifference(err error) bool {
	code, ok := codeOf(err)
	return errors.Is(err, errRetired) || ok && (code == client.ErrorCodeNotLeader || code == client.ErrorCodeConnectionClosed)
}

// transient says whether what failed may well succeed when it is tried again.
// Codes that can mean anything count as that: a proxy's, a server's whose
// leader is being elected ("Unknown: No leader info available").
func transient(err error) bool {
	if madeNoDifference(err) || errors.Is(err, io.EOF) || errors.Is(err, errStreamEnded) {
		return true
	}
	var panicked *clientPanicked
	code, theirs := codeOf(err)
	if errors.As(err, &panicked) || theirs && (code == client.ErrorCodeStreamDeleted || code == client.ErrorCodeParsing) {
		return false
	}
	switch status.Code(err) {
	case codes.Unavailable, codes.Aborted, codes.Canceled, codes.DeadlineExceeded,
		codes.Unknown, codes.Internal, codes.ResourceExhausted, codes.DataLoss:
		return true
	}
	return false
}

// named says whether an expectation names a revision. Then a server knows from
// the stream itself whether an append is there already. Without one it has only a
// memory of recent ids, which a restart ends.
func named(e eventstore.Expected) bool {
	_, ok := e.Revision()
	return ok || e == eventstore.NoStream
}

// failed says whether a server said no more than that something failed.
func failed(err error) bool {
	s, said := status.FromError(err)
	return said && s.Code() == codes.Unknown
}

// answered says whether an error, or none, shows that a server was heard.
func answered(err error) bool {
	switch status.Code(err) {
	case codes.Unavailable, codes.DeadlineExceeded, codes.Canceled:
		return false
	}
	return !madeNoDifference(err)
}

// brokeConnection says whether after an error the session is of no use.
func brokeConnection(err error) bool {
	code, ok := codeOf(err)
	return status.Code(err) == codes.Unavailable || ok && code == client.ErrorCodeConnectionClosed
}

// public gives errors that callers look for their type, and leaves others as
// they are.
func public(err error) error {
	switch status.Code(err) {
	case codes.PermissionDenied, codes.Unauthenticated:
		return &eventstore.Denied{Cause: err, All: errors.As(err, new(*deniedAll))}
	}
	return err
}

// notWritten says whether an append with this error certainly wrote nothing:
// the server judged the request and refused it. Everything else, end of stream
// among it (the server answered before it had read all, or is gone), leaves the
// outcome unknown.
func notWritten(err error) bool {
	if code, ok := codeOf(err); ok && code == client.ErrorCodeStreamDeleted {
		return true
	}
	switch status.Code(err) {
	case codes.InvalidArgument, codes.NotFound, codes.AlreadyExists, codes.PermissionDenied,
		codes.Unauthenticated, codes.FailedPrecondition, codes.OutOfRange, codes.Unimplemented:
		return true
	}
	return false
}

// actualRevision matches the only place where the client tells the revision
// that an append met instead of the one expected.
var actualRevision = regexp.MustCompile(`but got '(no_stream|-?[0-9]+)'$`)

// wrongRevision returns the revision that an append met, if err says that it was
// not the one expected. ok is true also where the text can't be read; then known
// is false.
func wrongRevision(err error) (actual eventstore.Expected, known, ok bool) {
	var theirs *client.Error
	if !errors.As(err, &theirs) || theirs.Code() != client.ErrorCodeWrongExpectedVersion {
		return 0, false, false
	}
	if theirs.Err() == nil {
		return 0, false, true
	}
	match := actualRevision.FindStringSubmatch(theirs.Err().Error())
	if match == nil {
		return 0, false, true
	}
	// The number was an uint64 on the wire and an int in the text, so that "no
	// stream" may also be -1.
	n, err := strconv.ParseInt(match[1], 10, 64)
	if err != nil || n < 0 {
		return eventstore.NoStream, match[1] == "no_stream" || err == nil, true
	}
	return eventstore.At(uint64(n)), true, true
}
