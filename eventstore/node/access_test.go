package node

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"errors"
	"io"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/gossip"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/serverfeatures"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"reliefledger.org/ledger/eventstore"
)

// users are those of the tests.
func users(user, password string) (Access, bool) {
	switch user + ":" + password {
	case "writer:w:1":
		return Write, true
	case "reader:r":
		return Read, true
	case "guest:g":
		return NoAccess, true
	}
	return NoAccess, false
}

func TestAccess(t *testing.T) {
	basic := func(s string) string { return "Basic " + base64.StdEncoding.EncodeToString([]byte(s)) }
	const (
		ok  = codes.OK
		not = codes.PermissionDenied
		who = codes.Unauthenticated
	)
	for _, c := range []struct {
		name          string
		anonymous     Access
		users         func(string, string) (Access, bool)
		header        string
		reads, writes codes.Code
	}{
		{"anybody reads", Read, nil, "", ok, not},
		{"anybody writes", Write, nil, "", ok, ok},
		{"nobody does anything", NoAccess, nil, "", not, not},
		{"without users credentials are ignored", Read, nil, basic("writer:w:1"), ok, not},
		{"no credentials", Read, users, "", ok, who},
		{"no credentials, nothing for anybody", NoAccess, users, "", who, who},
		{"a writer", NoAccess, users, basic("writer:w:1"), ok, ok},
		{"in lower case", NoAccess, users, strings.Replace(basic("writer:w:1"), "Basic", "basic", 1), ok, ok},
		{"a reader", NoAccess, users, basic("reader:r"), ok, not},
		{"a guest, who may less than nobody", Read, users, basic("guest:g"), not, not},
		{"a wrong password", Read, users, basic("reader:x"), who, who},
		{"no password", Read, users, basic("reader"), who, who},
		{"not base64", Read, users, "Basic ***", who, who},
		{"another scheme", Read, users, "Bearer abc", who, who},
		{"an empty header", Read, users, "Basic", who, who},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := serve(t, Options{Anonymous: c.anonymous, Authorize: c.users})
			s.options.Anonymous = c.anonymous // serve lets everybody write
			s.fill(t, "a", 0, 1)
			ctx := deadline(t)
			if c.header != "" {
				ctx = metadata.AppendToOutgoingContext(ctx, "authorization", c.header)
			}
			check := func(what string, want codes.Code, trailers metadata.MD, err error) {
				t.Helper()
				if status.Code(err) != want {
					t.Errorf("%s: got %v, want %s", what, err, want)
				}
				// Who is nobody is turned away before there are trailers.
				if got := strings.Join(trailers.Get("exception"), ","); (got == "access-denied") != (want != ok && (c.reads == ok || c.users == nil)) {
					t.Errorf("%s: exception %q", what, got)
				}
				if err != nil && strings.Contains(err.Error(), "w:1") {
					t.Errorf("%s tells a password: %v", what, err)
				}
			}
			for what, o := range map[string][]option{"read": {all(nil)}, "read of nonsense": {all(nil), backwards, filtered(false, "", nil, 0, 0)}, "subscription": {all(nil), subscribing}} {
				r, err := s.raw.Read(ctx, ask(o...))
				if err != nil {
					t.Fatal(err)
				}
				_, err = r.Recv()
				want := c.reads
				if what == "read of nonsense" && want == ok {
					continue
				}
				check(what, want, r.Trailer(), err)
			}

			a, err := s.raw.Append(ctx)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range []*streams.AppendReq{appending("a", eventstore.Any), proposing(event("x"))} {
				if err := a.Send(m); err != nil && err != io.EOF { // which is who was turned away
					t.Fatal(err)
				}
			}
			_, err = a.CloseAndRecv()
			check("append", c.writes, a.Trailer(), err)

			b, err := s.raw.BatchAppend(ctx)
			if err != nil {
				t.Fatal(err)
			}
			_ = b.Send(part("A", "y", to("a", eventstore.Any), final)) // io.EOF where the call was refused
			m, err := b.Recv()
			switch {
			case c.writes == not && (c.reads == ok || c.users == nil): // an answer to the batch, by which Node clients know it
				if err != nil || answered(t, m) != "A a: PermissionDenied AccessDenied" {
					t.Errorf("batch: got %v, %v", m, err)
				}
			default:
				check("batch", c.writes, b.Trailer(), err)
			}

			if _, err := gossip.NewGossipClient(s.conn).Read(ctx, &shared.Empty{}); err != nil {
				t.Errorf("gossip: %v", err)
			}
			if _, err := serverfeatures.NewServerFeaturesClient(s.conn).GetSupportedMethods(ctx, &shared.Empty{}); err != nil {
				t.Errorf("features: %v", err)
			}
		})
	}
}

// certificate makes one for 127.0.0.1 and localhost, signed by itself.
func certificate(t *testing.T) (*tls.Config, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "node"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{"localhost"},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}, MinVersion: tls.VersionTLS12}, pool
}

func TestClientWithUsersOverTLS(t *testing.T) {
	config, roots := certificate(t)
	s := serve(t, Options{TLS: config, Anonymous: NoAccess, Authorize: users})
	trust := func(c *esdb.Configuration) { c.RootCAs = roots }
	ctx := deadline(t)
	code := func(err error) esdb.ErrorCode {
		var e *esdb.Error
		if err == nil || errors.Is(err, io.EOF) {
			return -1
		}
		if !errors.As(err, &e) {
			t.Errorf("got %v", err)
		}
		return e.Code()
	}
	const ok = esdb.ErrorCode(-1)
	for _, c := range []struct {
		user          string
		reads, writes esdb.ErrorCode
	}{
		{"writer:w%3A1@", ok, ok},
		{"reader:r@", ok, esdb.ErrorCodeAccessDenied},
		{"reader:wrong@", esdb.ErrorCodeUnauthenticated, esdb.ErrorCodeUnauthenticated},
		{"", esdb.ErrorCodeUnauthenticated, esdb.ErrorCodeUnauthenticated},
	} {
		client := s.official(t, c.user, "tls=true", trust)
		_, err := client.AppendToStream(ctx, "a", esdb.AppendToStreamOptions{}, theirs(event("a0"))...)
		for errors.Is(err, io.EOF) && ctx.Err() == nil {
			// Refused before it had sent all, the client forgets to read why.
			_, err = client.AppendToStream(ctx, "a", esdb.AppendToStreamOptions{}, theirs(event("a0"))...)
		}
		if code(err) != c.writes {
			t.Errorf("%q writes: %v", c.user, err)
		}
		r, err := client.ReadAll(ctx, esdb.ReadAllOptions{}, 1)
		if err != nil {
			t.Fatal(err)
		}
		_, err = r.Recv()
		if code(err) != c.reads {
			t.Errorf("%q reads: %v", c.user, err)
		}
		r.Close()
	}

	// By gossip, to the address that it tells, which the certificate has.
	config2, err := esdb.ParseConnectionString("esdb+discover://reader:r@" + s.address + "?tls=true")
	if err != nil {
		t.Fatal(err)
	}
	config2.RootCAs, config2.Logger = roots, esdb.NoopLogging()
	client, err := esdb.NewClient(config2)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	r, err := client.ReadAll(ctx, esdb.ReadAllOptions{}, 1)
	equal(t, "by gossip", said(t, r, err), []string{"a0"})

	// Who doesn't speak TLS gets nowhere.
	plain := s.official(t, "", "tls=false&maxDiscoverAttempts=1")
	short, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if _, err := plain.ReadAll(short, esdb.ReadAllOptions{}, 1); err == nil {
		t.Error("plain text was answered")
	}
}
