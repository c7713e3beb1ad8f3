package node

import (
	"context"
	"fmt"
	"path"
	"runtime/debug"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
)

// call is one request on its way through the server. It belongs to the
// goroutine of its handler.
type call struct {
	caller
	method  string // as metrics name it
	outcome string // where it says more than the status, else empty
	lasting bool   // it goes on until somebody ends it: its seconds say nothing
	began   time.Time
}

type callKey struct{}

func callOf(ctx context.Context) *call { return ctx.Value(callKey{}).(*call) }

func (s *Server) begin(ctx context.Context, method string) (context.Context, *call) {
	c := &call{caller: s.identify(ctx), method: path.Base(method), began: time.Now()}
	return context.WithValue(ctx, callKey{}, c), c
}

// finish turns what a handler returned into what the client gets.
func (s *Server) finish(c *call, err error) *refusal {
	code, seconds := codes.OK, time.Since(c.began)
	var r *refusal
	if err != nil {
		r = refusalOf(err)
		code = r.code
		if code == codes.Internal || code == codes.DataLoss {
			s.log.Error("request failed", "method", c.method, "error", err)
		}
	}
	if c.outcome == "" {
		c.outcome = code.String()
	}
	s.metrics.finished(c.method, c.outcome, seconds, c.lasting)
	return r
}

func (s *Server) unary(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	ctx, c := s.begin(ctx, info.FullMethod)
	var resp any
	err := guard(func() (err error) {
		resp, err = handler(ctx, req)
		return err
	})
	if r := s.finish(c, err); r != nil {
		_ = grpc.SetTrailer(ctx, r.trailers) // fails only outside of a request
		return nil, r.GRPCStatus().Err()
	}
	return resp, nil
}

// calledStream is a stream whose context knows its call.
type calledStream struct {
	grpc.ServerStream
	ctx context.Context
}

func (s calledStream) Context() context.Context { return s.ctx }

func (s *Server) streaming(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
	ctx, c := s.begin(stream.Context(), info.FullMethod)
	err := guard(func() error { return handler(srv, calledStream{stream, ctx}) })
	if r := s.finish(c, err); r != nil {
		stream.SetTrailer(r.trailers)
		return r.GRPCStatus().Err()
	}
	return nil
}

// guard runs f and makes an error of its panic: one request's fault must not
// end the others.
func guard(f func() error) (err error) {
	defer func() {
		if fault := recover(); fault != nil {
			err = fmt.Errorf("panic: %v\n%s", fault, debug.Stack())
		}
	}()
	return f()
}

// unknown answers what this node has no method for.
func unknown(_ any, stream grpc.ServerStream) error {
	method, _ := grpc.MethodFromServerStream(stream)
	callOf(stream.Context()).method = "unknown" // metrics never take a name that a caller made up
	return refuse(codes.Unimplemented, "a ledger's node does not offer %.200s", method)
}
