// Package eventstore says what the ledger asks of a place that keeps events:
// append some to a stream if the stream is as the writer believes it to be,
// read a stream, read everything in the one order in which it was written,
// and follow what is written from then on.
//
//	done, err := store.Append(ctx, "fund-7", eventstore.NoStream, events)
//	var wrong *eventstore.WrongRevision
//	if errors.As(err, &wrong) {
//		// somebody else was first: load the stream, decide again
//	}
//	for event, err := range store.ReadAll(ctx, eventstore.Position{}, eventstore.Forwards) {
//		if err != nil {
//			return err
//		}
//		seen = event.Position // resume from here
//	}
//
// [Store] is the whole of it, and its comment is the contract.
//
// The package knows bytes only; what an event means is known to package domain,
// and to those below that bring the two together. Beside the contract stands
// what holds for the bytes in every store: how much one append may hold
// ([CheckAppend]), the two parts of an event's data ([Split]), the entry that
// stands for an event in the log, with its hash as a leaf ([Entry], [LeafHash]),
// whether two stores hold the same history ([Chain], [Check], [Copy]), and what a
// store elsewhere may have been told to do with it ([Danger]).
//
// # The packages below
//
// An arrow leads from a package to one that it uses.
//
//	  the meaning of events: these know the domain
//
//	     ledger/replay ----> ledger ----> codec
//	                           |
//	         +-----------------+------------------+
//	         |                 |                  |
//	- - - - -|- - - - - - - - -|- - - - - - - - - |- - - - - - - - - - - -
//	         v                 v                  v
//	       vault            snapshot       eventstore.Store
//	         ^                 |
//	         |                 v           which embedded, esdb and
//	  vault/documents    snapshot/image    folder are; storetest
//	                                       holds each against it
//
//	  bytes only: a test keeps the domain out of these
//
// Those that know the domain:
//
//   - codec turns an event of the domain into stored bytes, and back.
//   - ledger runs the domain on a store: it takes an officer's order, writes the
//     events that it leads to, and does what has to follow from them. Where the
//     process holds the folder it uses embedded directly, to share syncs.
//   - ledger/replay judges a history by the rules, event by event.
//
// What is kept beside the events, and why it is not kept among them:
//
//   - vault has the keys of private values, because they must be forgotten some
//     day, and events never are. vault/documents has the files that prove a
//     payment, under those keys. vault/vaulttest starts a database for tests.
//   - snapshot has the state that events add up to, because folding them all
//     takes long; snapshot/image is how Go values become bytes for it.
//
// Where events are kept:
//
//   - embedded is the store in a folder of this machine, which one process holds.
//   - node serves an embedded store in the protocol of EventStoreDB.
//   - esdb is the store on a server that speaks this protocol: a node, or a
//     cluster of EventStoreDB. esdb/standin stands in for such a cluster in tests
//     of what our node has not: users with access lists, deletes, retention.
//   - folder is the store in a folder, whichever process holds it. It is made of
//     the other three, as the second picture shows.
//   - storetest is the suite that every store passes. Its own tests give it stores
//     that are wrong in one way each.
//
// A folder of this machine, opened twice:
//
//	the process that holds it              any other process
//
//	folder --> embedded <-- node ==socket== esdb <-- folder
//
// # Where to start
//
// Read the example, then [Store] (store.go) and what its errors leave behind
// (errors.go). Then, by what you are after:
//
//   - What happens to an order: package ledger, whose comment lists its files in
//     the order in which an order passes through them.
//   - What the bytes of an event are: package codec. What of them the log proves:
//     entry.go.
//   - Another kind of store: [Store], storetest, and as a model embedded.
//   - What is private, and how it is forgotten: package vault.
//
// The rest of this package is read when it is needed: check.go and copy.go read
// whole stores, and parallel.go reads one on all cores.
package eventstore
