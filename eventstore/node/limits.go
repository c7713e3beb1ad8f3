package node

import "time"

// What one connection may ask for. All of it is far above what the official
// clients do by themselves, and keeps one that is broken from harming others.
const (
	// maxMessage is what is received as one message. Above the largest append,
	// so that one which is too large gets an answer that says so, and above the
	// parts of 3 MiB that Node clients send. What is larger still grpc refuses
	// by itself, with ResourceExhausted.
	maxMessage = 16 << 20
	// maxStreams are requests at the same time on one connection. A client has
	// but one connection, and a busy server hundreds of subscriptions on it.
	maxStreams = 512
	// maxHeader bounds the headers of a request: credentials and a few names.
	maxHeader = 32 << 10
	// handshake is the time in which a connection must be set up.
	handshake = 20 * time.Second

	// minPing is how often a client may ping, also without a request: Go and
	// Node clients do so every 10 s, and less steady ones a little sooner.
	minPing = 5 * time.Second
	// ping asks a client that is silent for so long whether it is still there,
	// and pingTimeout is how long it may take to answer: one whose machine is
	// gone is noticed, and its subscriptions end.
	ping        = 30 * time.Second
	pingTimeout = 20 * time.Second
	// idle closes a connection on which nothing was asked for so long; a client
	// opens another when it needs one.
	idle = 30 * time.Minute

	// maxDiscarded is what of a refused append is still read before it is
	// answered, since a client that is still sending doesn't see the answer.
	maxDiscarded = 64 << 20

	// maxPattern and maxPrefixes bound what a filter costs for each event.
	maxPattern  = 1024   // bytes
	maxCompiled = 10_000 // parts, with what is repeated counted as often
	maxPrefixes = 1024
)

// limits are those that tests lower.
type limits struct {
	// slowReader is how long a send may wait for a reader that takes nothing.
	// Whoever is slower than 64 KiB in that time is not reading.
	slowReader time.Duration
	// Of one call of BatchAppend: batches that are not finished, the bytes of
	// their events, batches being written, and batches that were answered
	// before their end, of which parts may still come. Together some 100 MiB,
	// and only for those who may write.
	openBatches    int
	openBytes      int
	runningBatches int
	endedBatches   int
	// batchTime is how long a batch may take, if its deadline isn't sooner.
	batchTime time.Duration
	// behind is how many events a live subscription may be behind until its
	// reader is told anew when it has caught up: what EventStoreDB buffers.
	behind uint64
}

var defaults = limits{
	slowReader:     time.Minute,
	openBatches:    256,
	openBytes:      32 << 20,
	runningBatches: 64,
	endedBatches:   4096,
	batchTime:      30 * time.Second,
	behind:         32,
}
