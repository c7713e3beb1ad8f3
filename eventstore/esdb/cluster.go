package esdb

import (
	"context"
	"crypto/tls"
	"fmt"
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/gossip"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
)

// Which node of a cluster to talk to is found here and not by the client, which
// asks one node after the other and gives each that says nothing five seconds.
// Here all are asked at once who leads, and whoever they name is asked too: what
// is found has answered itself. Then a client gets this one address.

const (
	// headStart is what the node has that was good before, until the others are
	// asked: enough for one that is there, too little for anybody to notice.
	headStart = 100 * time.Millisecond
	// hearing is how long others may take to answer once one has answered that
	// does not lead, but longer where answers take long: see hearingFactor.
	hearing = 500 * time.Millisecond
	// hearingFactor is how much longer than the first answer others may take, so
	// that a leader is waited for over a slow line too.
	hearingFactor = 3
	// mostNodes bounds who is asked, whatever gossip names. A cluster has up to
	// seven servers and some replicas; each may have a second address.
	mostNodes = 32
)

// server is a node that answered.
type server struct {
	address string
	leads   bool
}

// clustered says whether there are several nodes of which one leads.
func (a *address) clustered() bool { return a.config.DnsDiscover || len(a.config.GossipSeeds) > 0 }

// find finds the node that leads; where none that leads answers, one that follows.
// That may be so for as long as an election takes, or where the leader can be
// reached by the other nodes only. It asks first before the others, if it is not
// empty, and tells on the way why those that fail do. It takes no longer than the
// option gossipTimeout, and ends with ctx.
func (a *address) find(ctx context.Context, first string, tell func(error)) (server, error) {
	if !a.clustered() {
		return server{a.config.Address, true}, nil
	}
	s := &search{address: a, tell: tell, begun: time.Now(), asked: map[string]bool{}, answers: make(chan answer)}
	defer s.asking.Wait()
	ctx, cancel := context.WithTimeout(ctx, a.gossipTimeout())
	defer cancel()
	return s.run(ctx, first)
}

func (a *address) gossipTimeout() time.Duration {
	return time.Duration(a.config.GossipTimeout) * time.Second
}

// search is one look for the node to talk to. All but answers belongs to the
// goroutine of run.
type search struct {
	address *address
	tell    func(error)
	begun   time.Time
	asked   map[string]bool // and whether it has answered, or failed
	open    int             // that have not
	asking  sync.WaitGroup
	answers chan answer

	best   server // of those that answered
	rank   int    // of best; useless: none answered
	failed []string
}

// answer is what came of asking one address: members of the cluster, or, where a
// name was looked up, addresses to ask.
type answer struct {
	from    string
	members []*gossip.MemberInfo
	seeds   []string
	err     error
}

func (s *search) run(ctx context.Context, first string) (server, error) {
	others, late := time.NewTimer(headStart), time.NewTimer(time.Hour)
	defer others.Stop()
	defer late.Stop()
	if first == "" {
		others.Reset(0)
	} else {
		s.ask(ctx, first, "")
	}
	for all, waning := false, false; s.open > 0 || !all; {
		select {
		case a := <-s.answers:
			s.open--
			if s.hear(ctx, a) {
				return s.best, nil
			}
			if s.rank > useless && !waning {
				late.Reset(max(hearing, hearingFactor*time.Since(s.begun)))
				waning = true
			}
		case <-others.C:
		case <-late.C:
			return s.result()
		case <-ctx.Done():
			return s.result()
		}
		if !all { // the head start is over, or was of no use
			s.askSeeds(ctx)
			all = true
		}
	}
	return s.result()
}

// askSeeds asks the nodes that the connection string names.
func (s *search) askSeeds(ctx context.Context) {
	if s.address.config.DnsDiscover {
		s.goAsk(ctx, func() answer { return s.address.lookUp(ctx) })
		return
	}
	for _, seed := range s.address.config.GossipSeeds {
		s.ask(ctx, seed.String(), "")
	}
}

// ask asks a node who leads, unless that was done. Its certificate is to have the
// name, or its address where that is empty.
func (s *search) ask(ctx context.Context, at, name string) {
	if _, asked := s.asked[at]; asked || len(s.asked) == mostNodes {
		return
	}
	s.asked[at] = false
	s.goAsk(ctx, func() answer { return s.address.gossip(ctx, at, name) })
}

func (s *search) goAsk(ctx context.Context, f func() answer) {
	s.open++
	s.asking.Go(func() {
		select {
		case s.answers <- f():
		case <-ctx.Done():
		}
	})
}

// hear takes an answer and says whether the search is over.
func (s *search) hear(ctx context.Context, a answer) (found bool) {
	s.asked[a.from] = true
	if a.err != nil {
		s.failed = append(s.failed, fmt.Sprintf("%s: %v", a.from, word(a.err)))
		s.tell(s.noneUsable())
		return false
	}
	for _, seed := range a.seeds {
		s.ask(ctx, seed, a.from)
	}
	voters, alive := 0, 0
	for _, m := range a.members {
		if rankOf(m.GetState(), false) != replica && m.GetState() != gossip.MemberInfo_Manager {
			voters++
			if m.GetIsAlive() {
				alive++
			}
		}
	}
	for _, m := range a.members {
		at := endpoint(m)
		rank := rankOf(m.GetState(), 2*alive > voters)
		switch {
		case at == "" || rank == useless || !m.GetIsAlive():
		case at != a.from:
			s.ask(ctx, at, "")
		case rank > s.rank:
			s.best, s.rank = server{at, m.GetState() == gossip.MemberInfo_Leader}, rank
		}
	}
	return s.rank == leading
}

// The ranks of nodes that answer for themselves. One that takes itself for the
// leader and sees no majority is none, or not for long. Replicas take no writes.
const (
	useless = iota
	replica
	alone
	following
	leading
)

func rankOf(state gossip.MemberInfo_VNodeState, majority bool) int {
	switch state {
	case gossip.MemberInfo_Leader:
		if majority {
			return leading
		}
		return alone
	case gossip.MemberInfo_Follower:
		return following
	case gossip.MemberInfo_ReadOnlyLeaderless, gossip.MemberInfo_PreReadOnlyReplica, gossip.MemberInfo_ReadOnlyReplica:
		return replica
	}
	return useless
}

// result is what a search ends with that has not found the leader.
func (s *search) result() (server, error) {
	if s.rank > useless {
		return s.best, nil
	}
	return server{}, s.noneUsable()
}

// noneUsable says of each node that was asked why it is not used.
func (s *search) noneUsable() error {
	why := slices.Clone(s.failed)
	for _, at := range slices.Sorted(maps.Keys(s.asked)) {
		if !s.asked[at] {
			why = append(why, at+": no answer yet")
		}
	}
	if len(why) == 0 {
		why = append(why, "they answer, and know of none that leads or follows")
	}
	return fmt.Errorf("no node of the cluster can be used: %s", strings.Join(why, "; "))
}

// endpoint is where gossip says that a node is, "" if it says nothing.
func endpoint(m *gossip.MemberInfo) string {
	at := m.GetHttpEndPoint()
	if at.GetAddress() == "" || at.GetPort() == 0 {
		return ""
	}
	return net.JoinHostPort(at.GetAddress(), strconv.FormatUint(uint64(at.GetPort()), 10))
}

// lookUp gives the addresses that the name of a cluster stands for.
func (a *address) lookUp(ctx context.Context) answer {
	host, port, err := net.SplitHostPort(a.config.Address)
	if err != nil {
		return answer{from: a.config.Address, err: err}
	}
	found, err := net.DefaultResolver.LookupHost(ctx, host)
	r := answer{from: a.config.Address, err: err} // the certificates have this name
	for _, ip := range found {
		r.seeds = append(r.seeds, net.JoinHostPort(ip, port))
	}
	return r
}

// gossip asks a node who is in its cluster. Nobody has to say who asks for that.
func (a *address) gossip(ctx context.Context, at, name string) answer {
	r := answer{from: at}
	conn, err := a.open(at, name)
	if err != nil {
		r.err = err
		return r
	}
	defer conn.Close()
	info, err := gossip.NewGossipClient(conn).Read(ctx, &shared.Empty{})
	r.members, r.err = info.GetMembers(), err
	return r
}

// open makes a connection as the client does.
func (a *address) open(at, name string) (*grpc.ClientConn, error) {
	secure := insecure.NewCredentials()
	if c := a.config; !c.DisableTLS {
		t := &tls.Config{InsecureSkipVerify: c.SkipCertificateVerification, RootCAs: c.RootCAs}
		if c.UserCertFile != "" {
			certificate, err := tls.LoadX509KeyPair(c.UserCertFile, c.UserKeyFile)
			if err != nil {
				return nil, fmt.Errorf("certificate of the user: %w", err)
			}
			t.Certificates = []tls.Certificate{certificate}
		}
		secure = credentials.NewTLS(t)
	}
	options := []grpc.DialOption{grpc.WithTransportCredentials(secure)}
	if name != "" {
		options = append(options, grpc.WithAuthority(name))
	}
	return grpc.NewClient(at, options...)
}
