package esdb

import (
	"context"
	"errors"
	"log"
	"net/url"
	"strings"
	"testing"
	"time"

	"reliefledger.org/ledger/eventstore"
)

func TestRedact(t *testing.T) {
	for given, want := range map[string]string{
		"esdb://admin:changeit@a:2113,b:2113?tls=true": "esdb://a:2113,b:2113?tls=true",
		"kurrentdb+discover://u:p@cluster":             "kurrentdb+discover://cluster",
		"esdb://localhost:2113?tls=false":              "esdb://localhost:2113?tls=false",
		"esdb://u:p@ss@a":                              "esdb://a",
		"esdb://u:p/s?s@a?tls=true":                    "esdb://a?tls=true",
		"u:p@a":                                        "a",
		"postgres://u:p@a/vault":                       "postgres://a/vault",
		"/srv/a@b":                                     "/srv/a@b",
		"./a@b":                                        "./a@b",
		"":                                             "",
	} {
		if got := Redact(given); got != want {
			t.Errorf("%s became %s, want %s", given, got, want)
		}
	}
}

// What is wrong with an address is said in a sentence, and never with the
// password or a part of it.
func TestBadAddress(t *testing.T) {
	for connection, want := range map[string]string{
		"":                                  "must begin with esdb://",
		"/srv/ledger":                       "must begin with esdb://",
		"http://a:2113":                     "must begin with esdb://",
		"esdb://":                           "server 1 is not of the form name:port",
		"esdb://a:2113,,b":                  "server 2 is not of the form name:port",
		"esdb://a:b":                        "server 1 is not of the form name:port",
		"esdb://a/path":                     "server 1 is not of the form name:port",
		"esdb://a:70000":                    "server 1 has a port that none can have",
		"esdb://a:0":                        "server 1 has a port that none can have",
		"esdb://[::1]:2113?tls=false":       "IPv6",
		"esdb+discover://a,b":               "takes one name, not 2",
		"esdb://u:sécret@a?tls=false":       "over TLS only",
		"esdb://u@a":                        "both user and password",
		"esdb://:sécret@a":                  "both user and password",
		"esdb://u:sécret%@a":                "write %25",
		"esdb://u:sécret#1@a":               "write %23",
		"esdb://u:sécret?x@a":               `must not have an "@" behind a "?"`,
		"esdb://u:sécret/x@a/y":             "server 1 is not of the form",
		"esdb://a?tls=maybe":                "option tls must be true or false",
		"esdb://a?connectionName=x":         "option connectionName is not known",
		"esdb://a?tls=true&TLS=false":       "more than once",
		"esdb://a?tls=true&tls=true":        "more than once",
		"esdb://a?%zz":                      "name=value",
		"esdb://a?defaultDeadline=soon":     "option defaultDeadline must be a number above 0",
		"esdb://a?gossipTimeout=0":          "option gossipTimeout must be a number above 0",
		"esdb://a?keepAliveInterval=-1":     "nobody would notice",
		"esdb://a?nodePreference=follower":  "must be leader",
		"esdb://a?prefix=x@y":               `must not have an "@" behind a "?"`,
		"esdb://a?prefix=":                  "must not be empty",
		"esdb://a?prefix=$x":                `must not begin with "$"`,
		"esdb://a?prefix=%ff":               "must be UTF-8",
		"esdb://a?tlsCAFile=/missing":       "no such file",
		"esdb://a?userCertFile=x":           "userKeyFile",
		"esdb://a?userCertFile=x&tls=false": "over TLS only",
		"esdb://a?prefix=" + strings.Repeat("x", maxPrefix+1): "has 257 bytes",
	} {
		_, err := Dial(context.Background(), connection, Options{})
		var bad *BadAddress
		if !errors.As(err, &bad) || !strings.Contains(bad.Why, want) {
			t.Errorf("%s: %v, want %q", connection, err, want)
		} else if strings.Contains(err.Error(), "cret") {
			t.Errorf("%s: the password is in %v", connection, err)
		}
	}
	if _, err := DialSocket(context.Background(), "/"+strings.Repeat("x", 107), Options{}); !errors.As(err, new(*BadAddress)) {
		t.Errorf("%v", err)
	}
}

func TestAddress(t *testing.T) {
	printed := &recorder{}
	log.SetOutput(printed)
	defer log.SetOutput(log.Default().Writer())
	a, err := parseAddress("KurrentDB://" + url.UserPassword("u,1", "p@:/?#,%").String() +
		"@a.example:2114,b?TLS=true&tlsVerifyCert=false&keepAliveInterval=500&maxDiscoverAttempts=3&defaultDeadline=1500&gossipTimeout=2&prefix=x,%40-")
	if err != nil {
		t.Fatal(err)
	}
	c := a.config
	if a.name != "kurrentdb://a.example:2114,b" || a.prefix != "x,@-" || c.Username != "u,1" || c.Password != "p@:/?#,%" ||
		len(c.GossipSeeds) != 2 || c.GossipSeeds[0].String() != "a.example:2114" || c.GossipSeeds[1].String() != "b:2113" ||
		c.DisableTLS || !c.SkipCertificateVerification || c.KeepAliveInterval != minKeepAlive || *c.DefaultDeadline != 1500*time.Millisecond {
		t.Errorf("%+v", a)
	}
	if got := a.timeToAnswer(); got != 4*time.Second {
		t.Errorf("time to answer %v", got)
	}
	if a, err = parseAddress("kdb+discover://cluster.example/?tls=false"); err != nil || a.config.Address != "cluster.example:2113" || !a.config.DnsDiscover || !a.config.DisableTLS {
		t.Errorf("%+v, %v", a, err)
	}
	if printed.String() != "" {
		t.Errorf("printed %s", printed)
	}
}

// No server there: the error names it, without the password, and the cause.
func TestDialNobody(t *testing.T) {
	var away *eventstore.Unavailable
	within(t, "dial", 200*time.Millisecond, func() {
		_, err := Dial(context.Background(), "esdb://u:sécret@127.0.0.1:1", Options{Patience: 200 * time.Millisecond})
		if !errors.As(err, &away) || away.Store != "esdb://127.0.0.1:1" || strings.Contains(err.Error(), "cret") || !strings.Contains(err.Error(), "refused") {
			t.Errorf("%v", err)
		}
	})
	ctx, cancel := context.WithCancel(context.Background())
	time.AfterFunc(50*time.Millisecond, cancel)
	within(t, "dial", 50*time.Millisecond, func() {
		if _, err := DialSocket(ctx, "/nobody/here", Options{}); !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
	})
}
