package eventstore_test

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/uuid"

	"reliefledger.org/ledger/eventstore"
	"reliefledger.org/ledger/eventstore/embedded"
)

// Append to a stream as it is believed to be, read it, and send the same append
// again after an answer that never came.
func Example() {
	ctx := context.Background()
	store, err := embedded.Create("/ledger", embedded.Options{FS: vfs.NewMem()}) // a folder, in earnest
	if err != nil {
		fmt.Println(err)
		return
	}
	defer store.Close()
	received := []eventstore.Event{{ID: uuid.New(), Type: "FundsReceived", Data: []byte(`{"open":{"fen":130000},"private":{}}`)}}

	first, err := store.Append(ctx, "fund-7", eventstore.NoStream, received)
	fmt.Println("revision", first.Revision, err)
	again, err := store.Append(ctx, "fund-7", eventstore.NoStream, received)
	fmt.Println("sent again: revision", again.Revision, err)

	other := []eventstore.Event{{ID: uuid.New(), Type: "FundsReceived", Data: []byte(`{"open":{"fen":1},"private":{}}`)}}
	_, err = store.Append(ctx, "fund-7", eventstore.NoStream, other)
	var wrong *eventstore.WrongRevision
	fmt.Println("somebody was first:", errors.As(err, &wrong))

	for e, err := range store.ReadStream(ctx, "fund-7", math.MaxUint64, eventstore.Backwards) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(e.Type, e.Stream, e.Revision)
	}
	// Output:
	// revision 0 <nil>
	// sent again: revision 0 <nil>
	// somebody was first: true
	// FundsReceived fund-7 0
}
