package node

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"reliefledger.org/ledger/eventstore"
)

// Metrics counts what servers do.
//
//	reliefledger_node_requests_total{method,outcome}   requests that ended
//	reliefledger_node_request_seconds{method}          how long they took
//	reliefledger_node_subscriptions                    those that are open
//	reliefledger_node_slow_readers_dropped_total       readers that took nothing
//	reliefledger_node_appended_events_total            events accepted
//	reliefledger_node_appended_bytes_total             their bytes
//
// The method is that of the protocol, "Subscribe" for a subscription, which is
// a kind of Read there, and "Batch" for one batch of a call of BatchAppend. The
// outcome is the name of a gRPC status, or WrongRevision. Subscriptions and
// calls of BatchAppend go on until somebody ends them, so they have no seconds.
// Events that were there already, sent again, count as accepted again.
type Metrics struct {
	requests                      *prometheus.CounterVec
	seconds                       *prometheus.HistogramVec
	subscriptions                 prometheus.Gauge
	slowReaders                   prometheus.Counter
	appendedEvents, appendedBytes prometheus.Counter
}

// NewMetrics makes the metrics and registers them, which panics where they are
// registered already.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	const namespace, subsystem = "reliefledger", "node"
	counter := func(name, help string) prometheus.CounterOpts {
		return prometheus.CounterOpts{Namespace: namespace, Subsystem: subsystem, Name: name, Help: help}
	}
	m := &Metrics{
		requests: prometheus.NewCounterVec(counter("requests_total", "Requests that ended, by method and outcome."), []string{"method", "outcome"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: namespace, Subsystem: subsystem, Name: "request_seconds", Help: "How long requests took, by method.",
			// From a read of what is in memory to an append that waits for a
			// slow disk.
			Buckets: prometheus.ExponentialBuckets(0.0001, 4, 9),
		}, []string{"method"}),
		subscriptions: prometheus.NewGauge(prometheus.GaugeOpts{
			Namespace: namespace, Subsystem: subsystem, Name: "subscriptions", Help: "Subscriptions that are open.",
		}),
		slowReaders:    prometheus.NewCounter(counter("slow_readers_dropped_total", "Readers that took nothing for too long.")),
		appendedEvents: prometheus.NewCounter(counter("appended_events_total", "Events accepted by appends.")),
		appendedBytes:  prometheus.NewCounter(counter("appended_bytes_total", "Bytes of events accepted by appends.")),
	}
	reg.MustRegister(m.requests, m.seconds, m.subscriptions, m.slowReaders, m.appendedEvents, m.appendedBytes)
	return m
}

func (m *Metrics) finished(method, outcome string, took time.Duration, lasting bool) {
	m.requests.WithLabelValues(method, outcome).Inc()
	if !lasting {
		m.seconds.WithLabelValues(method).Observe(took.Seconds())
	}
}

func (m *Metrics) appended(events []eventstore.Event) {
	m.appendedEvents.Add(float64(len(events)))
	m.appendedBytes.Add(float64(eventstore.AppendSize(events)))
}
