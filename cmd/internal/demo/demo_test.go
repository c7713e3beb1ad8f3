package demo

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"reliefledger.org/ledger/cmd/internal/office"
	"reliefledger.org/ledger/projections"
)

// demonstration is filled once and read by all tests.
var demonstration = sync.OnceValues(func() (*filled, error) {
	dir, err := os.MkdirTemp("", "reliefledger-demo-")
	if err != nil {
		return nil, err
	}
	demoDir = dir
	home := office.Home{Data: filepath.Join(dir, "ledger")}
	if _, err := Fill(context.Background(), home, office.Options{}, nil); err != nil {
		return nil, err
	}
	b, err := readBooks(home)
	return &filled{home, b}, err
})

var demoDir string // of demonstration, once it was asked for

type filled struct {
	home office.Home
	b    *projections.Books
}

func theDemo(t *testing.T) *filled {
	t.Helper()
	d, err := demonstration()
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func readBooks(home office.Home) (*projections.Books, error) {
	ctx := context.Background()
	r, err := office.Read(ctx, home, office.Options{})
	if err != nil {
		return nil, err
	}
	b, err := r.Books(ctx, projections.Until{})
	return b, errors.Join(err, r.Close())
}

func TestMain(m *testing.M) {
	code := m.Run()
	if demoDir != "" {
		_ = os.RemoveAll(demoDir)
	}
	os.Exit(code)
}

// Filling again writes nothing.
func TestFillTwice(t *testing.T) {
	d := theDemo(t)
	again, err := Fill(t.Context(), d.home, office.Options{}, func(int, int) { t.Error("a command was given again") })
	if err != nil || !again.Before {
		t.Fatalf("%+v %v", again, err)
	}
	b, err := readBooks(d.home)
	if err != nil || b.Len() != d.b.Len() {
		t.Errorf("%d events, before %d (%v)", b.Len(), d.b.Len(), err)
	}
}

// One that was cut off goes on where it stopped: what it has is the beginning of the
// whole, each command once.
func TestFillGoesOn(t *testing.T) {
	whole := said(t, theDemo(t).home)
	home := office.Home{Data: filepath.Join(t.TempDir(), "ledger")}
	events := 0
	for _, stop := range []int{1, 20, 21, 40} {
		ctx, cut := context.WithCancel(t.Context())
		_, err := Fill(ctx, home, office.Options{}, func(done, _ int) {
			if done == stop {
				cut()
			}
		})
		cut()
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("cut off after %d: %v", stop, err)
		}
		have := said(t, home)
		if len(have) <= events || len(have) >= len(whole) {
			t.Errorf("%d events after %d commands, %d before", len(have), stop, events)
		}
		events = len(have)
		for i, e := range have {
			if e != whole[i] {
				t.Fatalf("event %d is %s, in the whole %s", i, e, whole[i])
			}
		}
	}
}

// said are the events of a ledger, each by its stream and type.
func said(t *testing.T, home office.Home) (list []string) {
	t.Helper()
	r, err := office.Read(t.Context(), home, office.Options{})
	if err != nil {
		t.Fatal(err)
	}
	err = r.Events(t.Context(), projections.Until{}, func(e office.OpenEvent) error {
		list = append(list, e.Stream+" "+e.Type)
		return nil
	})
	if err := errors.Join(err, r.Close()); err != nil {
		t.Fatal(err)
	}
	return list
}

// A demonstration is made in a folder of its own only.
func TestNoPlaceForADemonstration(t *testing.T) {
	other := office.About{Ledger: uuid.New(), WrappingKey: "key"}
	for _, x := range []struct {
		what  string
		there func(home office.Home) error
		want  string
	}{
		{"another ledger stands there", func(home office.Home) error { return home.Write(other) }, "another ledger stands there, no demonstration"},
		{"something else stands there", func(home office.Home) error {
			return os.WriteFile(filepath.Join(home.Data, "notes.txt"), nil, 0o600)
		}, "is not empty, it has notes.txt"},
		{"its ledger.json is torn", func(home office.Home) error {
			return os.WriteFile(filepath.Join(home.Data, office.AboutFile), []byte("{"), 0o600)
		}, "is not empty, it has ledger.json"},
	} {
		home := office.Home{Data: t.TempDir()}
		if err := x.there(home); err != nil {
			t.Fatal(err)
		}
		_, err := Fill(t.Context(), home, office.Options{}, nil)
		if err == nil || !strings.Contains(err.Error(), x.want) || office.KindOf(err) != office.NoLedger {
			t.Errorf("%s: %v", x.what, err)
		}
		if entries, _ := os.ReadDir(home.Data); len(entries) != 1 {
			t.Errorf("%s: %d files stand there now", x.what, len(entries))
		}
	}
}

// Everybody can sign as everybody who has a key, and as nobody else.
func TestKeys(t *testing.T) {
	d := theDemo(t)
	home, err := Home(d.home)
	if err != nil {
		t.Fatal(err)
	}
	o, err := office.Open(t.Context(), home, office.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	s := Session(o)
	officers := 0
	for id := range d.b.State.Officers {
		key, known := d.b.State.KeyOf(id)
		signer, has := s.KeyOf(id)
		if !known || has != (key != nil) || has && !bytes.Equal(signer.Key.Public().(ed25519.PublicKey), key) {
			t.Errorf("officer %s: key %x, signs %v", id, key, has)
		}
		officers++
	}
	if _, has := s.KeyOf(uuid.New()); has || officers < 2 {
		t.Errorf("%d officers, and nobody signs: %v", officers, has)
	}
}
