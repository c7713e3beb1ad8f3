package node_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"maps"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"

	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/eventstore"
	"reliefledger.org/ledger/eventstore/embedded"
	"reliefledger.org/ledger/eventstore/ledger"
	"reliefledger.org/ledger/eventstore/node"
	"reliefledger.org/ledger/eventstore/vault"
)

const (
	// clientsFolder has the official Node clients, each version pinned, and the
	// tests in JavaScript that use them.
	clientsFolder = "testdata/clients"
	// oldestNode is the oldest major version of Node.js in which they run.
	oldestNode = 20
	// clientsPatience bounds one file of those tests, and their installation.
	clientsPatience = 2 * time.Minute
)

var nodeClients = []string{"@eventstore/db-client", "@kurrent/kurrentdb-client"}

// TestNodeClients lets the official clients for Node.js work on a node that
// anybody may write, on a read-only ledger, and on a ledger with TLS and users.
func TestNodeClients(t *testing.T) {
	if testing.Short() {
		t.Skip("installs clients from the npm registry and starts Node.js")
	}
	installClients(t)

	scratchStore, ledgerStore := newStore(t), newLedger(t)
	counted := prometheus.NewRegistry()
	scratch := serveNode(t, scratchStore, node.Options{Anonymous: node.Write, Metrics: node.NewMetrics(counted)})
	readOnly := serveNode(t, ledgerStore, node.Options{Anonymous: node.Read})
	users := map[string]string{"reader": "read-1", "writer": "write-2", "signs": "r/@:?&=%+ 口令"}
	may := map[string]node.Access{"reader": node.Read, "writer": node.Write, "signs": node.Write}
	certificate, ca := newCertificate(t)
	secure := serveNode(t, newLedger(t), node.Options{
		Anonymous: node.NoAccess,
		Authorize: func(user, password string) (node.Access, bool) {
			known, ok := users[user]
			if !ok || known != password {
				return node.NoAccess, false
			}
			return may[user], true
		},
		TLS: &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12},
	})
	count, _ := ledgerStore.Head()
	nodes := map[string]any{
		"scratch": scratch, "ledger": readOnly, "secure": secure, "closed": closedAddress(t),
		"ca": ca, "users": users, "dump": dump(t, ledgerStore),
	}
	files, err := filepath.Glob(clientsFolder + "/*.test.js")
	if err != nil || len(files) == 0 {
		t.Fatal("no tests in ", clientsFolder, err)
	}
	var passed atomic.Int32
	t.Cleanup(func() { // after the parallel tests below
		if now, _ := ledgerStore.Head(); now != count {
			t.Errorf("the read-only ledger had %d events and has %d", count, now)
		}
		if int(passed.Load()) == len(nodeClients)*len(files) { // none failed or was left out
			checkMethods(t, counted, "GetSupportedMethods", "Append", "BatchAppend", "Batch", "Delete", "Tombstone", "Read", "Subscribe")
		}
	})
	for _, client := range nodeClients {
		for _, file := range files {
			about := strings.TrimSuffix(filepath.Base(file), ".test.js")
			t.Run(path.Base(client)+"/"+about, func(t *testing.T) {
				t.Parallel() // they wait for each other's answers more than they work
				mine := maps.Clone(nodes)
				mine["client"], mine["out"] = client, t.TempDir()
				env, err := json.Marshal(mine)
				if err != nil {
					t.Fatal(err)
				}
				text, err := command(t, "RELIEFLEDGER_NODES="+string(env), "node", "--test", "--test-reporter=spec", filepath.Base(file))
				t.Log(text)
				if err != nil {
					t.Fatal(err)
				}
				if about == "volume" {
					checkDigests(t, scratchStore, mine["out"].(string))
				}
				passed.Add(1)
			})
		}
	}
}

// installClients installs what the lock file says, unless that was done.
func installClients(t *testing.T) {
	t.Helper()
	for _, program := range []string{"node", "npm"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Fatalf("%v: this test needs Node.js %d or later with npm (apt-get install nodejs npm, or https://nodejs.org); go test -short leaves it out", err, oldestNode)
		}
	}
	version, err := command(t, "", "node", "--print", "process.versions.node.split('.')[0]")
	var major int
	if _, scan := fmt.Sscan(version, &major); err != nil || scan != nil || major < oldestNode {
		t.Fatalf("Node.js %s is too old or says no version (%v): this test needs %d or later (https://nodejs.org); go test -short leaves it out", strings.TrimSpace(version), err, oldestNode)
	}
	lock, err := os.ReadFile(clientsFolder + "/package-lock.json")
	if err != nil {
		t.Fatal(err)
	}
	// Written when all is there, so that an installation that was broken off
	// is done again.
	installed := clientsFolder + "/node_modules/.installed"
	if of, err := os.ReadFile(installed); err == nil && bytes.Equal(of, lock) {
		return
	}
	if text, err := command(t, "", "npm", "ci"); err != nil {
		t.Fatalf("the Node clients could not be installed from the npm registry (go test -short leaves this test out): %v\n%s", err, text)
	}
	if err := os.WriteFile(installed, lock, 0o644); err != nil {
		t.Fatal(err)
	}
}

// command runs a program among the clients and returns what it printed.
func command(t *testing.T, env string, name string, arg ...string) (string, error) {
	ctx, cancel := context.WithTimeout(t.Context(), clientsPatience)
	defer cancel()
	c := exec.CommandContext(ctx, name, arg...)
	c.Dir = clientsFolder
	c.Env = append(os.Environ(), env)
	c.WaitDelay = 5 * time.Second // for what it started itself
	text, err := c.CombinedOutput()
	if err != nil {
		err = fmt.Errorf("%s %s: %w", name, strings.Join(arg, " "), err)
	}
	return string(text), err
}

func newStore(t *testing.T) *embedded.Store {
	t.Helper()
	store, err := embedded.Create("/x", embedded.Options{FS: vfs.NewMem()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return store
}

// serveNode runs a node on loopback until the test ends, and returns where.
func serveNode(t *testing.T, store *embedded.Store, o node.Options) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := node.New(store, o)
	served := make(chan error, 1) // room for its one answer
	go func() { served <- s.Serve(l) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		s.Stop(ctx)
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return l.Addr().String()
}

// closedAddress is one at which nobody listens.
func closedAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// newLedger makes a store with the events of a small county: its units,
// officers and persons.
func newLedger(t *testing.T) *embedded.Store {
	t.Helper()
	ctx, store := t.Context(), newStore(t)
	id := uuid.New()
	keys, err := vault.Create(filepath.Join(t.TempDir(), "vault.db"), id, vault.NewWrappingKey())
	if err != nil {
		t.Fatal(err)
	}
	defer keys.Close()
	l, err := ledger.Open(ctx, store, keys, ledger.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	day, err := domain.ParseDay("2026-01-05")
	if err != nil {
		t.Fatal(err)
	}
	do := func(actor ledger.Signer, body domain.Command, others ...ledger.Signer) uuid.UUID {
		t.Helper()
		o := &domain.Order{ID: uuid.New(), Actor: actor.Officer, Date: day, Body: body}
		if _, err := l.Do(ctx, o, append([]ledger.Signer{actor}, others...)...); err != nil {
			t.Fatal(err)
		}
		return o.ID
	}
	signer := func(id uuid.UUID) ledger.Signer {
		_, private, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		return ledger.Signer{Officer: id, Key: private}
	}
	public := func(s ledger.Signer) ed25519.PublicKey { return s.Key.Public().(ed25519.PublicKey) }

	first, second := signer(uuid.New()), signer(uuid.New())
	root := domain.Made(do(first, &domain.OpenLedger{Ledger: id, Name: "测试账簿", Root: domain.NewUnit{Name: "内黄县民政局", Division: "410527"},
		Registrars: []domain.Registree{
			{Officer: first.Officer, Key: public(first), Post: "登记员"},
			{Officer: second.Officer, Key: public(second), Post: "登记员"},
		}}, second), "unit")
	drafter := signer(uuid.Nil)
	drafter.Officer = domain.Made(do(first, &domain.AppointOfficer{Unit: root, Post: "经办人", Name: domain.Plainly("李四"),
		Key: public(drafter), Roles: []domain.Role{domain.Drafter}}), "officer")
	for i := range 30 {
		do(first, &domain.RegisterUnit{Parent: root, Name: fmt.Sprintf("第%d乡", i+1), Kind: "township", Division: "410527"})
		do(drafter, &domain.RegisterParty{Unit: root, Type: domain.Person, PersonalDetails: domain.PersonalDetails{Name: domain.Plainly(fmt.Sprint("王", i))}})
	}
	return store
}

// dump writes what a store has, an event a line, for the clients to compare.
func dump(t *testing.T, store eventstore.Store) string {
	t.Helper()
	var lines bytes.Buffer
	for e, err := range store.ReadAll(t.Context(), eventstore.Position{}, eventstore.Forwards) {
		if err != nil {
			t.Fatal(err)
		}
		position, _ := e.Position.Pair()
		line, err := json.Marshal(map[string]any{
			"stream": e.Stream, "revision": e.Revision, "position": position,
			"id": e.ID, "type": e.Type, "data": e.Data, "metadata": e.Metadata,
		})
		if err != nil {
			t.Fatal(err)
		}
		lines.Write(append(line, '\n'))
	}
	path := filepath.Join(t.TempDir(), "events.jsonl")
	if err := os.WriteFile(path, lines.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// newCertificate makes an authority, and a certificate of it for this machine.
// It returns a file with the authority's for those who are to trust it. One that
// stands for itself would not do: the second client takes no authority for a
// server.
func newCertificate(t *testing.T) (tls.Certificate, string) {
	t.Helper()
	sign := func(template, by *x509.Certificate, byKey *ecdsa.PrivateKey) ([]byte, *ecdsa.PrivateKey) {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		if byKey == nil {
			byKey = key
		}
		template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(24*time.Hour)
		der, err := x509.CreateCertificate(rand.Reader, template, by, &key.PublicKey, byKey)
		if err != nil {
			t.Fatal(err)
		}
		return der, key
	}
	authority := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority under test"},
		KeyUsage: x509.KeyUsageCertSign, BasicConstraintsValid: true, IsCA: true,
	}
	authorityDER, authorityKey := sign(authority, authority, nil)
	der, key := sign(&x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "node under test"},
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}, authority, authorityKey)
	path := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: authorityDER}), 0o600); err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, path
}

// checkDigests compares what the clients sent, as they say in files named after
// the streams, with what the store has.
func checkDigests(t *testing.T, store eventstore.Store, out string) {
	t.Helper()
	files, err := os.ReadDir(out)
	if err != nil || len(files) != 10 {
		t.Fatalf("%d streams, %v", len(files), err)
	}
	for _, file := range files {
		want, err := os.ReadFile(filepath.Join(out, file.Name()))
		if err != nil {
			t.Fatal(err)
		}
		hash := sha256.New()
		count := 0
		for e, err := range store.ReadStream(t.Context(), file.Name(), 0, eventstore.Forwards) {
			if err != nil {
				t.Fatal(err)
			}
			for _, field := range [][]byte{[]byte(e.ID.String()), []byte(e.Type), e.Data, e.Metadata} {
				hash.Write(binary.BigEndian.AppendUint32(nil, uint32(len(field))))
				hash.Write(field)
			}
			count++
		}
		if got := hex.EncodeToString(hash.Sum(nil)); got != string(want) || count != 1000 {
			t.Errorf("%s: %d events in the store hash to %s, the client's to %s", file.Name(), count, got, want)
		}
	}
}

// checkMethods makes sure that the clients used what this test is to try.
func checkMethods(t *testing.T, counted prometheus.Gatherer, methods ...string) {
	t.Helper()
	families, err := counted.Gather()
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]float64{}
	for _, family := range families {
		if family.GetName() != "reliefledger_node_requests_total" {
			continue
		}
		for _, m := range family.GetMetric() {
			for _, label := range m.GetLabel() {
				if label.GetName() == "method" {
					used[label.GetValue()] += m.GetCounter().GetValue()
				}
			}
		}
	}
	for _, method := range methods {
		if used[method] == 0 {
			t.Errorf("no client used %s; used were %v", method, used)
		}
	}
}
