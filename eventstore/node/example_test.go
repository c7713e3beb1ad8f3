package node_test

import (
	"context"
	"fmt"
	"log"
	"math"
	"net"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/uuid"

	"reliefledger.org/ledger/eventstore/embedded"
	"reliefledger.org/ledger/eventstore/node"
)

// A scratch node, in memory, which anybody on this machine may write, and the
// official client on it.
func Example() {
	store, err := embedded.Create("/scratch", embedded.Options{FS: vfs.NewMem()})
	if err != nil {
		log.Fatal(err)
	}
	defer store.Close()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	server := node.New(store, node.Options{Anonymous: node.Write})
	served := make(chan error)
	go func() { served <- server.Serve(listener) }()

	config, err := esdb.ParseConnectionString("esdb://" + listener.Addr().String() + "?tls=false")
	if err != nil {
		log.Fatal(err)
	}
	config.Logger = esdb.NoopLogging()
	client, err := esdb.NewClient(config)
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	written, err := client.AppendToStream(ctx, "fund-7",
		esdb.AppendToStreamOptions{ExpectedRevision: esdb.NoStream{}},
		esdb.EventData{EventID: uuid.New(), EventType: "FundRegistered", ContentType: esdb.ContentTypeJson, Data: []byte(`{"yuan":50000}`)})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("written at", written.CommitPosition)

	events, err := client.ReadAll(ctx, esdb.ReadAllOptions{}, math.MaxUint64)
	if err != nil {
		log.Fatal(err)
	}
	for {
		e, err := events.Recv()
		if err != nil {
			break // io.EOF
		}
		o := e.OriginalEvent()
		fmt.Println(o.StreamID, o.EventType, o.ContentType, string(o.Data))
	}
	events.Close()

	_, err = client.DeleteStream(ctx, "fund-7", esdb.DeleteStreamOptions{})
	fmt.Println(err != nil)

	client.Close()
	server.Stop(ctx)
	fmt.Println(<-served)
	// Output:
	// written at 1
	// fund-7 FundRegistered application/json {"yuan":50000}
	// true
	// <nil>
}
