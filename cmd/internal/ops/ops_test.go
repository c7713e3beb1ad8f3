package ops

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/uuid"

	"reliefledger.org/ledger/cmd/internal/office"
	"reliefledger.org/ledger/cmd/internal/words"
	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/eventstore"
	"reliefledger.org/ledger/eventstore/embedded"
	"reliefledger.org/ledger/projections"
)

// A process is alive as soon as it listens, and ready once it says so.
func Example() {
	ctx, stop := context.WithCancel(context.Background())
	o := New()
	at, wait, err := o.Serve(ctx, "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	ask := func(path string) {
		status, text := get(at, path)
		fmt.Println(path, status, strings.TrimSpace(text))
	}
	ask("/livez")
	ask("/readyz")
	o.SetReady(nil)
	ask("/readyz")
	o.SetReady(errors.New("it is stopping"))
	ask("/readyz")
	stop()
	fmt.Println(wait())
	// Output:
	// /livez 200 ok
	// /readyz 503 it is opening
	// /readyz 200 ok
	// /readyz 503 it is stopping
	// <nil>
}

func get(at net.Addr, path string) (status int, text string) {
	r, err := http.Get("http://" + at.String() + path)
	if err != nil {
		return 0, err.Error()
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return 0, err.Error()
	}
	return r.StatusCode, string(body)
}

// serving is what a process tells until its test ends.
func serving(t *testing.T, o *Ops) net.Addr {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	at, wait, err := o.Serve(ctx, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stop()
		if err := wait(); err != nil {
			t.Error(err)
		}
	})
	return at
}

// metrics has lines of /metrics.
func metrics(t *testing.T, at net.Addr, want ...string) {
	t.Helper()
	status, text := get(at, "/metrics")
	if status != http.StatusOK {
		t.Fatalf("%d %s", status, text)
	}
	for _, line := range want {
		if !strings.Contains("\n"+text, "\n"+line+"\n") {
			t.Errorf("/metrics has no %s", line)
		}
	}
}

// Each command is counted by what became of it.
func TestOutcomes(t *testing.T) {
	o := New()
	at := serving(t, o)
	for _, x := range []struct {
		outcome  string
		repeated bool
		err      error
	}{
		{"accepted", false, nil},
		{"repeated", true, nil},
		{"not-reviewed", false, fmt.Errorf("publish-notice: %w", &domain.Refusal{Code: domain.NotReviewed})},
		{"input", false, office.Input(words.Date.String(), "日期", "a day")},
		{"key", false, &office.KeyError{Path: words.Key.String()}},
		{"ledger", false, &office.NoLedgerError{Dir: "nowhere"}},
		{"away", false, &eventstore.Unavailable{Store: "esdb://x", Cause: io.EOF}},
		{"unknown", false, &eventstore.OutcomeUnknown{Cause: io.EOF}},
		{"error", false, io.ErrUnexpectedEOF},
	} {
		o.Commanded("publish-notice", x.repeated, x.err)
		metrics(t, at, fmt.Sprintf(`reliefledger_commands_total{command="publish-notice",outcome=%q} 1`, x.outcome))
	}
	for _, k := range office.Kinds() {
		if _, named := outcomes[k]; !named && k != office.Done {
			t.Errorf("what ends as %s has no outcome", k.Say(domain.En))
		}
	}
}

// A store, the books that follow it, and a store that is away are shown as they are
// when somebody asks.
func TestWhatIsFollowed(t *testing.T) {
	o := New()
	at := serving(t, o)
	store, err := embedded.Create("/scratch", embedded.Options{FS: vfs.NewMem(), Committed: o.Committed})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	books, err := projections.Follow(t.Context(), store)
	if err != nil {
		t.Fatal(err)
	}
	defer books.Close()
	var since time.Time
	o.FollowStore(store)
	o.FollowBooks("books", books, store)
	o.FollowAway(func() (time.Time, error) { return since, nil })
	metrics(t, at, "reliefledger_events 0", `reliefledger_projection_lag_events{projection="books"} 0`, "reliefledger_store_away_seconds 0",
		"reliefledger_appends_total 0", "reliefledger_sync_seconds_count 0")
	id := uuid.New()
	last, err := store.Append(t.Context(), "unit-"+id.String(), eventstore.NoStream, []eventstore.Event{
		{ID: uuid.New(), Type: "UnitClosed", Data: []byte(`{"open":{},"private":{}}`), Metadata: []byte(`{}`)},
		{ID: uuid.New(), Type: "UnitClosed", Data: []byte(`{"open":{},"private":{}}`), Metadata: []byte(`{}`)},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := books.View(t.Context(), last.Position, func(*projections.Books) {}); err != nil {
		t.Fatal(err)
	}
	metrics(t, at, "reliefledger_events 2", `reliefledger_projection_position{projection="books"} 2`, `reliefledger_projection_lag_events{projection="books"} 0`,
		"reliefledger_appends_total 1", "reliefledger_appended_events_total 2", "reliefledger_sync_seconds_count 1")
	since = time.Now().Add(-time.Hour)
	if _, text := get(at, "/metrics"); strings.Contains(text, "reliefledger_store_away_seconds 0\n") || !strings.Contains(text, "\nreliefledger_store_away_seconds 36") {
		t.Error("a store that has been away for an hour is not shown so")
	}
}

// Nothing else is served, nothing can be written, and an address that cannot be
// listened on is wrong input.
func TestNothingElse(t *testing.T) {
	at := serving(t, New())
	for path, want := range map[string]int{"/": 404, "/debug/pprof/": 404, "/metrics": 200} {
		if status, _ := get(at, path); status != want {
			t.Errorf("%s: %d", path, status)
		}
	}
	r, err := http.Post("http://"+at.String()+"/readyz", "text/plain", strings.NewReader("x"))
	if err != nil {
		t.Fatal(err)
	}
	if r.Body.Close(); r.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("POST /readyz: %d", r.StatusCode)
	}
	for _, address := range []string{"nonsense", "127.0.0.1:-1", at.String()} { // the last is in use
		if _, _, err := New().Serve(t.Context(), address); office.KindOf(err) != office.Unreadable || !strings.Contains(err.Error(), words.Metrics.String()) {
			t.Errorf("%s: %v", address, err)
		}
	}
}
