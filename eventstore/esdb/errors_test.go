package esdb

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"google.golang.org/grpc/codes"

	"reliefledger.org/ledger/eventstore"
)

// Nobody is shown the client's apologies.
func TestWordsOfErrors(t *testing.T) {
	for code := codes.Canceled; code <= codes.Unauthenticated; code++ {
		f := (&fake{append: (&script{answers: []func(streams.Streams_AppendServer) error{failing(code)}}).append, read: func(o *streams.ReadReq_Options, s streams.Streams_ReadServer) error {
			return trailed(s.Context(), code)
		}}).start(t)
		ctx, stop := context.WithTimeout(context.Background(), 10*time.Second) // to connect; the calls have less
		s, err := Dial(ctx, f.connection(), Options{Patience: 50 * time.Millisecond})
		stop()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		_, appended := s.Append(context.Background(), "s", eventstore.At(7), someEvents(1, 10))
		_, read := collect(s.ReadStream(context.Background(), "s", 0, eventstore.Backwards))
		for what, err := range map[string]error{"append": appended, "read": read} {
			if err == nil || strings.Contains(err.Error(), "ErrorCode") || strings.Contains(err.Error(), "sorry") || strings.Contains(err.Error(), "rpc error") {
				t.Errorf("%s, %s: %v", what, code, err)
			}
		}
	}
}
