package esdb

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
	"math"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/gossip"
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
	"google.golang.org/protobuf/proto"
)

// fake is a server that answers what a test wants. What is not set is answered
// as by an empty store.
type fake struct {
	streams.UnimplementedStreamsServer
	serverfeatures.UnimplementedServerFeaturesServer

	address  string
	version  string
	leader   *gossip.EndPoint
	members  func() []*gossip.MemberInfo // of its gossip, in place of leader
	append   func(streams.Streams_AppendServer) error
	read     func(*streams.ReadReq_Options, streams.Streams_ReadServer) error
	end      func() uint64 // position of the last event
	connects atomic.Int32  // how often a client asked for the features
}

func (f *fake) GetSupportedMethods(context.Context, *shared.Empty) (*serverfeatures.SupportedMethods, error) {
	f.connects.Add(1)
	return &serverfeatures.SupportedMethods{EventStoreServerVersion: f.version}, nil
}

func (f *fake) Read(o *streams.ReadReq, s streams.Streams_ReadServer) error {
	if o.Options.GetSubscription() != nil {
		s.Send(&streams.ReadResp{Content: &streams.ReadResp_Confirmation{Confirmation: &streams.ReadResp_SubscriptionConfirmation{SubscriptionId: "1"}}})
	}
	switch {
	case isLook(o.Options) && f.end != nil:
		return s.Send(fakeEvent("s", 3, f.end()))
	case f.read != nil && !isLook(o.Options):
		return f.read(o.Options, s)
	}
	if o.Options.GetSubscription() != nil {
		<-s.Context().Done()
	}
	return nil
}

// isLook recognizes the read with which a store looks whether a server is
// there.
func isLook(o *streams.ReadReq_Options) bool {
	return o.GetAll() != nil && o.GetAll().GetEnd() != nil && o.GetCount() == 1
}

func (f *fake) Append(s streams.Streams_AppendServer) error { return f.append(s) }

// gossiper has a Read of its own.
type gossiper struct {
	gossip.UnimplementedGossipServer
	f *fake
}

func (g gossiper) Read(context.Context, *shared.Empty) (*gossip.ClusterInfo, error) {
	if g.f.members != nil {
		return &gossip.ClusterInfo{Members: g.f.members()}, nil
	}
	return &gossip.ClusterInfo{Members: []*gossip.MemberInfo{{State: gossip.MemberInfo_Leader, IsAlive: true, HttpEndPoint: g.f.leader}}}, nil
}

func (f *fake) start(t testing.TB, options ...grpc.ServerOption) *fake {
	t.Helper()
	if f.version == "" {
		f.version = "23.10.6"
	}
	l := listen(t, "127.0.0.1:0")
	f.address = l.Addr().String()
	server := grpc.NewServer(append(options, grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: time.Second, PermitWithoutStream: true}))...)
	streams.RegisterStreamsServer(server, f)
	serverfeatures.RegisterServerFeaturesServer(server, f)
	gossip.RegisterGossipServer(server, gossiper{f: f})
	var serving sync.WaitGroup
	serving.Go(func() { server.Serve(l) })
	t.Cleanup(func() {
		server.Stop()
		serving.Wait()
	})
	return f
}

func (f *fake) connection() string { return "esdb://" + f.address + "?tls=false" }

// endPoint is where gossip says that a node is.
func (f *fake) endPoint() *gossip.EndPoint { return endPoint(f.address) }

func endPoint(address string) *gossip.EndPoint {
	host, port, _ := net.SplitHostPort(address)
	n, _ := strconv.Atoi(port)
	return &gossip.EndPoint{Address: host, Port: uint32(n)}
}

// readAppend takes an append in to its end.
func readAppend(s streams.Streams_AppendServer) {
	for {
		if _, err := s.Recv(); err != nil {
			return
		}
	}
}

// script answers appends one after the other, and keeps what each asked. The
// last answer is that of all that follow.
type script struct {
	answers []func(streams.Streams_AppendServer) error

	mu    sync.Mutex
	asked [][]byte // guarded by mu
}

func (c *script) append(s streams.Streams_AppendServer) error {
	var asked []byte
	for {
		message, err := s.Recv()
		if err != nil {
			break
		}
		asked, _ = proto.MarshalOptions{Deterministic: true}.MarshalAppend(asked, message)
	}
	c.mu.Lock()
	answer := c.answers[min(len(c.asked), len(c.answers)-1)]
	c.asked = append(c.asked, asked)
	c.mu.Unlock()
	return answer(s)
}

func (c *script) sent() [][]byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.asked
}

func failing(code codes.Code, trailers ...string) func(streams.Streams_AppendServer) error {
	return func(s streams.Streams_AppendServer) error { return trailed(s.Context(), code, trailers...) }
}

func answering(r *streams.AppendResp) func(streams.Streams_AppendServer) error {
	return func(s streams.Streams_AppendServer) error { return s.SendAndClose(r) }
}

// fakeEvent is an event as a server sends it in $all.
func fakeEvent(stream string, revision, position uint64) *streams.ReadResp {
	return &streams.ReadResp{Content: &streams.ReadResp_Event{Event: &streams.ReadResp_ReadEvent{
		Event: &streams.ReadResp_ReadEvent_RecordedEvent{
			Id:               &shared.UUID{Value: &shared.UUID_String_{String_: uuid.NewString()}},
			StreamIdentifier: &shared.StreamIdentifier{StreamName: []byte(stream)},
			StreamRevision:   revision, CommitPosition: position, PreparePosition: position,
			Metadata: map[string]string{"type": "T", "content-type": "application/octet-stream", "created": "0"},
		},
	}}}
}

func wrong(current *uint64) *streams.AppendResp {
	w := &streams.AppendResp_WrongExpectedVersion{
		ExpectedRevisionOption: &streams.AppendResp_WrongExpectedVersion_ExpectedRevision{ExpectedRevision: 7},
		CurrentRevisionOption:  &streams.AppendResp_WrongExpectedVersion_CurrentNoStream{CurrentNoStream: &shared.Empty{}},
	}
	if current != nil {
		w.CurrentRevisionOption = &streams.AppendResp_WrongExpectedVersion_CurrentRevision{CurrentRevision: *current}
	}
	return &streams.AppendResp{Result: &streams.AppendResp_WrongExpectedVersion_{WrongExpectedVersion: w}}
}

func success(revision uint64) *streams.AppendResp {
	return &streams.AppendResp{Result: &streams.AppendResp_Success_{Success: &streams.AppendResp_Success{
		CurrentRevisionOption: &streams.AppendResp_Success_CurrentRevision{CurrentRevision: revision},
		PositionOption:        &streams.AppendResp_Success_Position{Position: &streams.AppendResp_Position{CommitPosition: 9, PreparePosition: 8}},
	}}}
}

// trailed is an error with the trailers that tell the client more.
func trailed(ctx context.Context, code codes.Code, pairs ...string) error {
	grpc.SetTrailer(ctx, metadata.Pairs(pairs...))
	return status.Error(code, "as the test wants")
}

// certificate makes a certificate for 127.0.0.1 and localhost and a file that
// makes a client trust it.
func certificate(t *testing.T) (tls.Certificate, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{"localhost"},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, file
}

// startTLS serves with a certificate to one user only.
func (f *fake) startTLS(t *testing.T, user, password string) (caFile string) {
	cert, file := certificate(t)
	want := "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
	f.start(t, grpc.Creds(credentials.NewServerTLSFromCert(&cert)),
		grpc.StreamInterceptor(func(srv any, s grpc.ServerStream, _ *grpc.StreamServerInfo, handle grpc.StreamHandler) error {
			md, _ := metadata.FromIncomingContext(s.Context())
			if got := md.Get("authorization"); len(got) != 1 || got[0] != want {
				return trailed(s.Context(), codes.PermissionDenied, "exception", "access-denied")
			}
			return handle(srv, s)
		}))
	return file
}

const noPosition = math.MaxUint64
