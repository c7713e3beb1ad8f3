package node

import (
	"context"
	"encoding/base64"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/tap"
)

// Access is what a caller may do. Its zero value is Read.
type Access int

// Each includes those before it. Which methods are supported, and gossip, are
// told to everybody.
const (
	NoAccess Access = iota - 1
	Read            // reads and subscriptions
	Write           // appends too
)

func (a Access) String() string {
	switch a {
	case NoAccess:
		return "no access"
	case Read:
		return "read"
	case Write:
		return "write"
	}
	return "unknown access"
}

// caller is who asks, as far as the credentials show.
type caller struct {
	access      Access
	wrong       bool // credentials were given, and are wrong
	mayIdentify bool // none were given, and there are users
}

// tap turns away who is nobody here before the request is read, which may be
// large and come slowly. What every client asks first is answered to all.
func (s *Server) tap(ctx context.Context, info *tap.Info) (context.Context, error) {
	switch {
	case s.options.Authorize == nil,
		info.FullMethodName == "/event_store.client.server_features.ServerFeatures/GetSupportedMethods",
		info.FullMethodName == "/event_store.client.gossip.Gossip/Read":
		return ctx, nil
	}
	c := s.identify(metadata.NewIncomingContext(ctx, info.Header))
	if c.access > NoAccess {
		return ctx, nil
	}
	return nil, refusalOf(c.need(Read)).GRPCStatus().Err()
}

// identify reads the basic credentials of a request.
func (s *Server) identify(ctx context.Context) caller {
	if s.options.Authorize == nil {
		return caller{access: s.options.Anonymous}
	}
	headers := metadata.ValueFromIncomingContext(ctx, "authorization")
	if len(headers) == 0 {
		return caller{access: s.options.Anonymous, mayIdentify: true}
	}
	user, password, ok := basic(headers[0])
	if !ok || len(headers) > 1 {
		return caller{access: NoAccess, wrong: true}
	}
	access, ok := s.options.Authorize(user, password)
	if !ok {
		return caller{access: NoAccess, wrong: true}
	}
	return caller{access: access}
}

// basic reads user and password from a header as of RFC 7617.
func basic(header string) (user, password string, ok bool) {
	scheme, encoded, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "basic") {
		return "", "", false
	}
	decoded, err := base64.StdEncoding.DecodeString(strings.TrimSpace(encoded))
	if err != nil {
		return "", "", false
	}
	return strings.Cut(string(decoded), ":")
}

// need refuses a caller who may not do that.
func (c caller) need(a Access) error {
	switch {
	case c.access >= a:
		return nil
	case c.wrong:
		return denied(codes.Unauthenticated, "user or password is wrong")
	case c.mayIdentify:
		return denied(codes.Unauthenticated, "to %s here takes a user and a password", a)
	}
	return denied(codes.PermissionDenied, "you may not %s here", a)
}
