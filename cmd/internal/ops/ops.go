// Package ops is what a long process tells those who run it, on an address of its own:
// /metrics for Prometheus, /livez (the process answers), /readyz (it serves). Nothing
// of a person or an amount stands in it.
package ops

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"reliefledger.org/ledger/cmd/internal/office"
	"reliefledger.org/ledger/cmd/internal/words"
	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/eventstore/embedded"
	"reliefledger.org/ledger/projections"
)

// Ops is what one process tells.
type Ops struct {
	Registry *prometheus.Registry // for what else there is to measure
	commands *prometheus.CounterVec
	appends  prometheus.Counter
	events   prometheus.Counter
	syncs    prometheus.Histogram

	mu       sync.Mutex // guards what follows
	notReady error      // what /readyz says, nil: ready
}

// errOpening is what /readyz says until the process serves.
var errOpening = errors.New("it is opening")

// New begins with a process that is opening.
func New() *Ops {
	o := &Ops{
		Registry: prometheus.NewRegistry(),
		commands: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "reliefledger_commands_total",
			Help: "Commands by name and outcome: accepted, repeated, or the code of the refusal or error.",
		}, []string{"command", "outcome"}),
		appends: prometheus.NewCounter(prometheus.CounterOpts{Name: "reliefledger_appends_total", Help: "Appends that wrote events."}),
		events:  prometheus.NewCounter(prometheus.CounterOpts{Name: "reliefledger_appended_events_total", Help: "Events written."}),
		syncs: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "reliefledger_sync_seconds", Help: "Time to write one group of appends and sync it to disk.",
			Buckets: prometheus.ExponentialBuckets(0.0001, 2, 16), // 0.1 ms to 3 s
		}),
		notReady: errOpening,
	}
	o.Registry.MustRegister(o.commands, o.appends, o.events, o.syncs, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return o
}

// SetReady is the answer of /readyz from now on; nil: ready.
func (o *Ops) SetReady(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.notReady = err
}

// Committed is for embedded.Options.
func (o *Ops) Committed(g embedded.Group) {
	o.appends.Add(float64(g.Appends))
	o.events.Add(float64(g.Events))
	o.syncs.Observe(g.Took.Seconds())
}

// Commanded counts a command.
func (o *Ops) Commanded(name string, repeated bool, err error) {
	outcome := "accepted"
	var refusal *domain.Refusal
	switch {
	case errors.As(err, &refusal):
		outcome = refusal.Code.Name
	case err != nil:
		outcome = outcomes[office.KindOf(err)]
	case repeated:
		outcome = "repeated"
	}
	o.commands.WithLabelValues(name, outcome).Inc()
}

// outcomes names the errors that are no refusals of a rule.
var outcomes = map[office.Kind]string{office.Failed: "error", office.Misused: "error", office.Refused: "refused", office.Unreadable: "input", office.NoLedger: "ledger",
	office.Unproven: "error", office.NoKey: "key", office.Away: "away", office.Unknown: "unknown"}

// FollowStore shows where a store stands.
func (o *Ops) FollowStore(s *embedded.Store) {
	o.Registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "reliefledger_events", Help: "Events in the store."},
		func() float64 { n, _ := s.Head(); return float64(n) }))
}

// FollowAway shows for how long a store elsewhere has not answered.
func (o *Ops) FollowAway(away func() (since time.Time, cause error)) {
	o.Registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "reliefledger_store_away_seconds", Help: "Seconds since the store elsewhere went away; 0 while it answers."},
		func() float64 {
			since, _ := away()
			if since.IsZero() {
				return 0
			}
			return time.Since(since).Seconds()
		}))
}

// FollowBooks shows where a projection stands, and how far it is behind.
func (o *Ops) FollowBooks(name string, l *projections.Live, s *embedded.Store) {
	labels := prometheus.Labels{"projection": name}
	o.Registry.MustRegister(
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "reliefledger_projection_position", Help: "Events that a projection has applied.", ConstLabels: labels},
			func() float64 { return float64(l.Progress().Events) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "reliefledger_projection_lag_events", Help: "Events in the store that a projection has not applied.", ConstLabels: labels},
			func() float64 {
				n, _ := s.Head()
				return float64(n) - float64(min(n, l.Progress().Events))
			}))
}

const (
	// opsTimeout bounds one request: a scrape is answered from memory.
	opsTimeout = 5 * time.Second
	opsHeaders = 8 << 10 // bytes; a scraper sends some hundred
)

// Serve listens until ctx ends; wait returns once it has stopped.
func (o *Ops) Serve(ctx context.Context, address string) (at net.Addr, wait func() error, err error) {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(o.Registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4}))
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		o.mu.Lock()
		err := o.notReady
		o.mu.Unlock()
		if err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "ok")
	})
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, nil, office.InputErr(words.Metrics.String(), err)
	}
	server := &http.Server{Handler: mux, ReadTimeout: opsTimeout, WriteTimeout: opsTimeout, IdleTimeout: time.Minute, MaxHeaderBytes: opsHeaders}
	served := make(chan error, 1) // room for its one answer
	go func() { served <- server.Serve(l) }()
	return l.Addr(), func() error {
		<-ctx.Done()
		stopping, done := context.WithTimeout(context.Background(), opsTimeout)
		defer done()
		err := server.Shutdown(stopping)
		if e := <-served; !errors.Is(e, http.ErrServerClosed) {
			err = errors.Join(err, e)
		}
		return err
	}, nil
}
