package esdb

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"reliefledger.org/ledger/eventstore"
)

func TestTLSAndUser(t *testing.T) {
	const user, password = "分账", "p@ss:w/o?rd%#"
	f := &fake{}
	ca := f.startTLS(t, user, password)
	at := f.address + "?tlsCAFile=" + url.QueryEscape(ca)
	s := mustDial(t, "esdb://"+url.UserPassword(user, password).String()+"@"+at, Options{})
	if _, err := s.Head(context.Background()); err != nil {
		t.Error(err)
	}
	var denied *eventstore.Denied
	if _, err := Dial(context.Background(), "esdb://"+user+":other@"+at, Options{}); !errors.As(err, &denied) {
		t.Errorf("with a wrong password: %v", err)
	}
	// A certificate that is not trusted is no store.
	var away *eventstore.Unavailable
	if _, err := Dial(context.Background(), "esdb://"+f.address, Options{Patience: 2 * time.Second}); !errors.As(err, &away) || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("without trust: %v", err)
	}
}

// Several servers: gossip says who leads.
func TestGossip(t *testing.T) {
	leader := (&fake{}).start(t)
	leader.leader = leader.endPoint()
	other := (&fake{leader: leader.leader}).start(t)
	s := mustDial(t, "kurrentdb://"+other.address+","+leader.address+"?tls=false", Options{})
	if _, err := s.Head(context.Background()); err != nil || other.connects.Load() != 0 {
		t.Errorf("%v; %d clients stayed with a server that does not lead", err, other.connects.Load())
	}
}

// The client cannot read such a version and never connects.
func TestVersionThatIsNoNumber(t *testing.T) {
	f := (&fake{version: "25.1.0-rc.1"}).start(t)
	var away *eventstore.Unavailable
	if _, err := Dial(context.Background(), f.connection(), Options{Patience: time.Second}); !errors.As(err, &away) || !strings.Contains(err.Error(), "version") {
		t.Errorf("%v", err)
	}
}
