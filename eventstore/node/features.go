package node

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/gossip"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/serverfeatures"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/peer"
)

// version is what the node claims to be. Clients parse three integers and
// choose by them what they dare to ask. It is a version in which subscriptions
// say when they have caught up, with a checkpoint before that, and go back to
// catching up where they once were dropped (24.2 and later), and in which an
// append has at most 1 MiB (up to 25.0).
const version = "24.10.0"

// supported is what is really done. Delete and Tombstone are answered, with a
// refusal, and so not in it.
var supported = &serverfeatures.SupportedMethods{
	EventStoreServerVersion: version,
	Methods: []*serverfeatures.SupportedMethod{
		{ServiceName: "event_store.client.streams.streams", MethodName: "read", Features: []string{"position", "events"}},
		{ServiceName: "event_store.client.streams.streams", MethodName: "append"},
		{ServiceName: "event_store.client.streams.streams", MethodName: "batchappend", Features: []string{"deadline_duration"}},
		{ServiceName: "event_store.client.gossip.gossip", MethodName: "read"},
		{ServiceName: "event_store.client.server_features.serverfeatures", MethodName: "getsupportedmethods"},
	},
}

type features struct {
	serverfeatures.UnimplementedServerFeaturesServer
}

func (features) GetSupportedMethods(context.Context, *shared.Empty) (*serverfeatures.SupportedMethods, error) {
	return supported, nil
}

// member is this node in gossip, alone and therefore the leader.
type member struct {
	gossip.UnimplementedGossipServer
	*Server
}

func (m *member) Read(ctx context.Context, _ *shared.Empty) (*gossip.ClusterInfo, error) {
	at, err := m.advertised(ctx)
	if err != nil {
		return nil, err
	}
	return &gossip.ClusterInfo{Members: []*gossip.MemberInfo{{
		InstanceId:   structured(m.id),
		TimeStamp:    ticks(time.Now()),
		State:        gossip.MemberInfo_Leader,
		IsAlive:      m.store.Err() == nil,
		HttpEndPoint: at,
	}}}, nil
}

// advertised is where clients find this node: by default the address that the
// asking connection came to, which is one that works for who asks.
func (s *Server) advertised(ctx context.Context) (*gossip.EndPoint, error) {
	if s.options.Advertise != "" {
		return endpoint(s.options.Advertise)
	}
	if from, ok := peer.FromContext(ctx); ok && from.LocalAddr != nil {
		if tcp, ok := from.LocalAddr.(*net.TCPAddr); ok {
			return &gossip.EndPoint{Address: tcp.IP.String(), Port: uint32(tcp.Port)}, nil
		}
	}
	return nil, refuse(codes.FailedPrecondition, "this node has no address to tell: connect to it directly")
}

func endpoint(hostPort string) (*gossip.EndPoint, error) {
	host, port, err := net.SplitHostPort(hostPort)
	if err != nil {
		return nil, fmt.Errorf("address to advertise %q: %w", hostPort, err)
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n == 0 || host == "" {
		return nil, fmt.Errorf("address to advertise %q is not of the form host:port", hostPort)
	}
	return &gossip.EndPoint{Address: host, Port: uint32(n)}, nil
}
