package main

import (
	"testing"
)

// BenchmarkBooks is the whole demonstration read from disk into books, about
// 12,000 events, from the events and from a snapshot; BenchmarkFundUse is an
// entry for each of its payments.
func BenchmarkBooks(b *testing.B) {
	d, err := demonstration()
	if err != nil {
		b.Fatal(err)
	}
	for name, snapshot := range map[string]bool{"events": false, "snapshot": true} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := readBooks(d.p, snapshot); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(d.b.Len()), "events")
		})
	}
}

func BenchmarkFundUse(b *testing.B) {
	d, err := demonstration()
	if err != nil {
		b.Fatal(err)
	}
	n := 0
	for b.Loop() {
		n = 0
		for range d.b.FundUse() {
			n++
		}
	}
	b.ReportMetric(float64(n), "payments")
}
