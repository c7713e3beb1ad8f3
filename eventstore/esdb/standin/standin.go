// Package standin is a server in memory that stands in for an EventStoreDB in
// tests of what a real one does and our own node does not: users, access lists,
// streams of the server's own, retention, deletes. It behaves as was seen on
// EventStoreDB 23.10.8, and keeps nothing.
//
//	server := standin.Start(t, standin.Users{"admin": {"$admins"}, "ledger": nil})
//	store, err := esdb.Dial(ctx, server.Connection("ledger"), esdb.Options{})
//
// Everybody's password is "changeit".
package standin

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/serverfeatures"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/uuid"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// Version is what the server says it is.
const Version = "23.10.8"

const password = "changeit"

// Users are the server's users and the groups of each.
type Users map[string][]string

// Server is a server in memory.
type Server struct {
	streams.UnimplementedStreamsServer
	serverfeatures.UnimplementedServerFeaturesServer

	users   Users
	address string
	ca      string // file of the certificate to trust

	mu      sync.Mutex // guards what follows
	log     []*event
	streams map[string][]*event
	grown   chan struct{} // closed and replaced when log grows
}

type event struct {
	id         uuid.UUID
	stream     string
	revision   uint64
	position   uint64
	kind       string
	data, meta []byte
}

// Start serves on a port of this machine until the test ends.
func Start(t testing.TB, users Users) *Server {
	t.Helper()
	s := &Server{users: users, streams: map[string][]*event{}, grown: make(chan struct{})}
	certificate := s.certificate(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.address = listener.Addr().String()
	server := grpc.NewServer(grpc.Creds(credentials.NewServerTLSFromCert(&certificate)),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: time.Second, PermitWithoutStream: true}))
	streams.RegisterStreamsServer(server, s)
	serverfeatures.RegisterServerFeaturesServer(server, s)
	var serving sync.WaitGroup
	serving.Go(func() { _ = server.Serve(listener) })
	t.Cleanup(func() {
		server.Stop()
		serving.Wait()
	})
	return s
}

// Connection is the connection string of a user; empty is nobody. options are
// further ones: "prefix=county-".
func (s *Server) Connection(user string, options ...string) string {
	if user != "" {
		user += ":" + password + "@"
	}
	return "esdb://" + user + s.address + "?" + strings.Join(append([]string{"tls=true", "tlsCAFile=" + url.QueryEscape(s.ca)}, options...), "&")
}

func (s *Server) certificate(t testing.TB) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	s.ca = filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(s.ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// GetSupportedMethods answers everybody.
func (s *Server) GetSupportedMethods(context.Context, *shared.Empty) (*serverfeatures.SupportedMethods, error) {
	return &serverfeatures.SupportedMethods{EventStoreServerVersion: Version}, nil
}

// caller is who asks: a name and groups. Nobody has none.
func (s *Server) caller(ctx context.Context) ([]string, error) {
	header := metadata.ValueFromIncomingContext(ctx, "authorization")
	if len(header) == 0 {
		return nil, nil
	}
	decoded, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(header[0], "Basic "))
	user, given, _ := strings.Cut(string(decoded), ":")
	groups, known := s.users[user]
	if err != nil || !known || given != password {
		return nil, status.Error(codes.Unauthenticated, "Unauthenticated")
	}
	return append([]string{user}, groups...), nil
}

func denied(ctx context.Context) error {
	_ = grpc.SetTrailer(ctx, metadata.Pairs("exception", "access-denied"))
	return status.Error(codes.PermissionDenied, "Access Denied")
}

func deleted(ctx context.Context, stream string) error {
	_ = grpc.SetTrailer(ctx, metadata.Pairs("exception", "stream-deleted", "stream-name", stream))
	return status.Errorf(codes.FailedPrecondition, "Event stream '%s' is deleted.", stream)
}

// Put writes an event as the server itself would, whoever may do that.
func (s *Server) Put(stream, kind, data string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.add(stream, &event{id: uuid.New(), kind: kind, data: []byte(data)})
}

// Bury writes a stream's tombstone.
func (s *Server) Bury(stream string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bury(stream)
}

func (s *Server) bury(stream string) {
	s.add(stream, &event{id: uuid.New(), kind: "$streamDeleted"})
	s.last(stream).revision = tombstone
}

// Written are the contents of a stream's events, the newest last.
func (s *Server) Written(stream string) (written []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.streams[stream] {
		written = append(written, string(e.data))
	}
	return written
}

// Streams are those whose names begin so.
func (s *Server) Streams(prefix string) (names []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name := range s.streams {
		if strings.HasPrefix(name, prefix) {
			names = append(names, name)
		}
	}
	return names
}

// add appends an event. Under mu.
func (s *Server) add(stream string, e *event) {
	e.stream, e.revision, e.position = stream, uint64(len(s.streams[stream])), uint64(len(s.log)+1)*100
	s.log = append(s.log, e)
	s.streams[stream] = append(s.streams[stream], e)
	close(s.grown)
	s.grown = make(chan struct{})
}

func (s *Server) last(stream string) *event {
	if all := s.streams[stream]; len(all) > 0 {
		return all[len(all)-1]
	}
	return nil
}

// tombstone is the revision of the event that ends a stream.
const tombstone = 1<<63 - 1

func (s *Server) buried(stream string) bool {
	last := s.last(stream)
	return last != nil && last.revision == tombstone
}
