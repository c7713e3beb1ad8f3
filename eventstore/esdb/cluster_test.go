package esdb

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/gossip"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"

	"reliefledger.org/ledger/eventstore"
)

// member is a node as gossip has it.
type member struct {
	address string
	state   gossip.MemberInfo_VNodeState
	alive   bool
}

func leads(address string) member   { return member{address, gossip.MemberInfo_Leader, true} }
func follows(address string) member { return member{address, gossip.MemberInfo_Follower, true} }
func dead(address string) member    { return member{address, gossip.MemberInfo_Follower, false} }

// says is what a fake says of its cluster; it may change its mind.
type says struct {
	members atomic.Pointer[[]member]
	asked   atomic.Int64
}

func saying(members ...member) *says {
	s := &says{}
	s.now(members...)
	return s
}

func (s *says) now(members ...member) { s.members.Store(&members) }

func (s *says) gossip() (infos []*gossip.MemberInfo) {
	s.asked.Add(1)
	for _, m := range *s.members.Load() {
		infos = append(infos, &gossip.MemberInfo{State: m.state, IsAlive: m.alive, HttpEndPoint: endPoint(m.address)})
	}
	return infos
}

// nodeOf starts a node of a cluster that takes appends and counts them.
func nodeOf(t *testing.T, about *says) (f *fake, appends *atomic.Int64) {
	appends = new(atomic.Int64)
	f = &fake{members: about.gossip, append: func(s streams.Streams_AppendServer) error {
		readAppend(s)
		appends.Add(1)
		return s.SendAndClose(success(8))
	}, read: func(o *streams.ReadReq_Options, s streams.Streams_ReadServer) error {
		from, to := uint64(0), uint64(longRead)
		if p := o.GetAll().GetPosition(); p != nil {
			from = p.CommitPosition // of event n it is n+1
		}
		if o.GetStream() != nil {
			from = o.GetStream().GetRevision()
		}
		if o.GetReadDirection() == streams.ReadReq_Options_Backwards {
			from = longRead - 1
		}
		if o.GetSubscription() == nil {
			to = min(to, from+o.GetCount())
		}
		for n := from; n < to; n++ {
			e := fakeEvent("s", n, n+1)
			e.GetEvent().GetEvent().Data = make([]byte, 10_000) // so that not all is on its way
			if err := s.Send(e); err != nil {
				return err
			}
		}
		return nil
	}}
	return f.start(t), appends
}

func cluster(addresses ...string) string {
	return "esdb://" + strings.Join(addresses, ",") + "?tls=false"
}

// most is how long a cluster may take to be found, whichever of its nodes can't
// be reached.
const most = time.Second

// Nodes that cannot be reached cost nothing, wherever they stand: neither one
// that takes connections and says nothing, nor one whose packets are dropped.
func TestNodesThatCannotBeReached(t *testing.T) {
	about := saying()
	leader, _ := nodeOf(t, about)
	first, second := silent(t), swallowing(t)
	about.now(follows(first), leads(leader.address), follows(second))
	for range 4 {
		for _, addresses := range [][]string{
			{first, second, leader.address}, {leader.address, first, second}, {second, leader.address, first},
		} {
			within(t, "dial", most-slack, func() {
				s := mustDial(t, cluster(addresses...), Options{})
				mustAppend(t, s, "s", eventstore.At(7), someEvents(1, 10))
				s.Close()
			})
		}
	}
}

// Nobody answers: that is said in time, and of each node why.
func TestNoNodeCanBeReached(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for seconds; make test has it")
	}
	refused := listen(t, "127.0.0.1:0")
	refused.Close()
	const patience = 1500 * time.Millisecond
	within(t, "dial", patience, func() {
		_, err := Dial(context.Background(), cluster(silent(t), refused.Addr().String())+"&gossipTimeout=1", Options{Patience: patience})
		var away *eventstore.Unavailable
		if !errors.As(err, &away) || !strings.Contains(err.Error(), "refused") || !strings.Contains(err.Error(), "no answer") {
			t.Errorf("%v", err)
		}
	})
}

// The leader stops; of the others one cannot be reached and one leads from now
// on. A process that runs changes over as fast as one that begins.
func TestLeaderStops(t *testing.T) {
	about := saying()
	old, atOld := serveGossip(t, about)
	leader, atLeader := nodeOf(t, about)
	gone := swallowing(t)
	about.now(leads(old.address), follows(leader.address), follows(gone))
	s := mustDial(t, cluster(old.address, gone, leader.address), Options{})
	mustAppend(t, s, "s", eventstore.At(7), someEvents(1, 10))
	old.stop()
	about.now(dead(old.address), leads(leader.address), follows(gone))
	within(t, "append", most, func() { mustAppend(t, s, "s", eventstore.At(7), someEvents(1, 10)) })
	if atOld.Load() != 1 || atLeader.Load() != 1 {
		t.Errorf("%d appends at the old leader, %d at the new one", atOld.Load(), atLeader.Load())
	}
}

// stoppable is a fake that a test can stop.
type stoppable struct {
	*proxy
	address string
}

func (s *stoppable) stop() {
	s.refuseNew()
	s.cut()
}

func serveGossip(t *testing.T, about *says) (*stoppable, *atomic.Int64) {
	f, appends := nodeOf(t, about)
	p := newProxy(t, f.address)
	return &stoppable{p, p.listener.Addr().String()}, appends
}

// The leader's packets are dropped from one moment to the other, on connections
// that there are too. Appends, reads and subscriptions under way change over to the
// leader that the others elect.
func TestLeaderFallsSilent(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for seconds; make test has it")
	}
	const changeOver = lullSuspected + watchPause
	for name, call := range map[string]func(*Store, func()) error{
		"an append": func(s *Store, fall func()) error {
			fall()
			_, err := s.Append(context.Background(), "s", eventstore.At(7), someEvents(1, 10))
			return err
		},
		"a read": func(s *Store, fall func()) error {
			return readOn(s.ReadStream(context.Background(), "s", 0, eventstore.Forwards), fall)
		},
		// The append is what notices: a subscription knows no silence.
		"a subscription": func(s *Store, fall func()) error {
			return readOn(s.Subscribe(context.Background(), eventstore.Position{}), func() {
				fall()
				go s.Append(context.Background(), "s", eventstore.At(7), someEvents(1, 10))
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			about := saying()
			old, _ := serveGossip(t, about)
			leader, _ := nodeOf(t, about)
			third, _ := nodeOf(t, about)
			about.now(leads(old.address), follows(leader.address), follows(third.address))
			s := mustDial(t, cluster(old.address, third.address, leader.address), Options{})
			if _, err := s.Head(context.Background()); err != nil {
				t.Fatal(err)
			}
			within(t, name, changeOver, func() {
				if err := call(s, func() {
					old.freeze()
					about.now(dead(old.address), leads(leader.address), follows(third.address))
				}); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// readOn reads the events of TestLeaderFallsSilent, and lets the leader fall after
// the first.
func readOn(read sequence, fall func()) error {
	n := uint64(0)
	for e, err := range read {
		if err != nil {
			return err
		}
		if e.Revision != n {
			return fmt.Errorf("revision %d came where %d was due", e.Revision, n)
		}
		if n++; n == 1 {
			fall()
		}
		if n == longRead {
			return nil
		}
	}
	return fmt.Errorf("%d events", n)
}

// longRead is more events than one step of a read has, and than are on their way
// when the reader has the first.
const longRead = 200

// The leader cannot be reached by this process, while the others follow it: one
// of them is better than none, and forwards. As soon as the leader answers it is
// the one again, and nothing breaks.
func TestLeaderThatOnlyOthersReach(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for seconds; make test has it")
	}
	about := saying()
	leader, atLeader := serveGossip(t, about)
	follower, atFollower := nodeOf(t, about)
	about.now(leads(leader.address), follows(follower.address))
	leader.freeze()
	var s *Store
	within(t, "dial", most-slack, func() { s = mustDial(t, cluster(leader.address, follower.address), Options{}) })
	mustAppend(t, s, "s", eventstore.At(7), someEvents(1, 10))
	if atFollower.Load() != 1 {
		t.Errorf("%d appends at the follower", atFollower.Load())
	}
	leader.thaw()
	for end := time.Now().Add(leaderPause + most); atLeader.Load() == 0 && time.Now().Before(end); {
		mustAppend(t, s, "s", eventstore.At(7), someEvents(1, 10))
		time.Sleep(10 * time.Millisecond)
	}
	if atLeader.Load() == 0 {
		t.Error("the leader was not taken again")
	}
}

// A cluster in which all is well is not asked over and over: not for a subscription
// to which nothing happens, nor for a reader who takes his time, nor after one who
// has left in the middle.
func TestClusterIsLeftAlone(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for seconds; make test has it")
	}
	about := saying()
	f, _ := nodeOf(t, about)
	f.read = func(o *streams.ReadReq_Options, s streams.Streams_ReadServer) error {
		for n := range uint64(20) {
			s.Send(fakeEvent("s", n, n+1))
		}
		if o.GetSubscription() != nil {
			<-s.Context().Done()
		}
		return nil
	}
	about.now(leads(f.address))
	s := mustDial(t, cluster(f.address, f.address), Options{})
	before := about.asked.Load()
	for range s.ReadAll(context.Background(), eventstore.End, eventstore.Backwards) {
		break
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*lullSuspected+2*watchPause)
	defer cancel()
	var reading sync.WaitGroup
	reading.Go(func() {
		for range s.ReadAll(ctx, eventstore.End, eventstore.Backwards) {
			<-ctx.Done()
		}
	})
	for _, err := range s.Subscribe(ctx, eventstore.Position{}) {
		if err != nil && !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
	}
	reading.Wait()
	if n := about.asked.Load() - before; n != 0 {
		t.Errorf("asked %d times who leads", n)
	}
}

// A leader that sees none of the others was one: whom a majority follows is the
// leader, however fast the other says that it is.
func TestLeaderThatIsAlone(t *testing.T) {
	alone, about := saying(), saying()
	old, atOld := nodeOf(t, alone)
	leader, atLeader := nodeOf(t, about)
	third, _ := nodeOf(t, about)
	alone.now(leads(old.address), dead(leader.address), dead(third.address))
	about.now(dead(old.address), leads(leader.address), follows(third.address))
	for range 5 {
		s := mustDial(t, cluster(old.address, leader.address, third.address), Options{})
		mustAppend(t, s, "s", eventstore.At(7), someEvents(1, 10))
		s.Close()
	}
	if atOld.Load() != 0 || atLeader.Load() != 5 {
		t.Errorf("%d appends at the old leader, %d at the new one", atOld.Load(), atLeader.Load())
	}
}

// A name that stands for several addresses.
func TestDiscoveredByName(t *testing.T) {
	about := saying()
	f, _ := nodeOf(t, about)
	about.now(leads(f.address))
	_, port, _ := net.SplitHostPort(f.address)
	s := mustDial(t, "esdb+discover://localhost:"+port+"?tls=false", Options{})
	mustAppend(t, s, "s", eventstore.At(7), someEvents(1, 10))
}

// With TLS and a user, and a node that cannot be reached.
func TestClusterWithTLSAndUser(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for seconds; make test has it")
	}
	const user, password = "ledger", "p@ss"
	about := saying()
	f := &fake{members: about.gossip}
	ca := f.startTLS(t, user, password)
	gone := silent(t)
	about.now(leads(f.address), follows(gone))
	at := gone + "," + f.address + "?tlsCAFile=" + url.QueryEscape(ca)
	within(t, "dial", most-slack, func() {
		s := mustDial(t, "esdb://"+url.UserPassword(user, password).String()+"@"+at, Options{})
		if _, err := s.Head(context.Background()); err != nil {
			t.Error(err)
		}
	})
	var denied *eventstore.Denied
	if _, err := Dial(context.Background(), "esdb://"+user+":other@"+at, Options{}); !errors.As(err, &denied) {
		t.Errorf("with a wrong password: %v", err)
	}
	_, err := Dial(context.Background(), "esdb://"+gone+","+f.address, Options{Patience: 2 * time.Second})
	if !errors.As(err, new(*eventstore.Unavailable)) || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("without trust: %v", err)
	}
}
