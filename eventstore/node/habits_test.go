package node

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// slow habits, so that what is looked at between two steps is between them.
var slow = Habits{Indexing: 300 * time.Millisecond, CommitTimeout: 100 * time.Millisecond}

// An append sent again while the first is on its way is dropped and aborted;
// sent after that it is answered as the first was.
func TestHabitsDropWhatIsOnItsWay(t *testing.T) {
	s := serve(t, Options{Habits: &slow})
	ctx, client := deadline(t), s.plain(t)
	send := func() (*esdb.WriteResult, error) {
		return client.AppendToStream(ctx, "a", esdb.AppendToStreamOptions{ExpectedRevision: esdb.NoStream{}}, theirs(event("a0"))...)
	}
	var first error
	var sending sync.WaitGroup
	sending.Go(func() { _, first = send() })
	for count := uint64(0); count == 0; count, _ = s.embedded.Head() {
		time.Sleep(time.Millisecond)
	}
	if _, err := send(); status.Code(err) != codes.Aborted {
		t.Errorf("sent again on its way: %v", err)
	}
	sending.Wait()
	again, err := send()
	if first != nil || err != nil || again.NextExpectedVersion != 0 {
		t.Errorf("the first: %v; the last: %+v, %v", first, again, err)
	}
}

// A refusal names a revision before it can be read; a success does not.
func TestHabitsRefuseAheadOfReads(t *testing.T) {
	s := serve(t, Options{Habits: &slow})
	ctx, client := deadline(t), s.plain(t)
	write := func(name string) error {
		_, err := client.AppendToStream(ctx, "a", esdb.AppendToStreamOptions{ExpectedRevision: esdb.NoStream{}}, theirs(event(name))...)
		return err
	}
	read := func() string {
		r, err := client.ReadStream(ctx, "a", esdb.ReadStreamOptions{}, 10)
		if err == nil {
			defer r.Close()
			_, err = r.Recv()
		}
		return fmt.Sprint(err)
	}
	subscription, err := client.SubscribeToStream(ctx, "a", esdb.SubscribeToStreamOptions{From: esdb.Start{}})
	if err != nil {
		t.Fatal(err)
	}
	defer subscription.Close()
	var first error
	var sending sync.WaitGroup
	sending.Go(func() { first = write("a0") })
	for count := uint64(0); count == 0; count, _ = s.embedded.Head() {
		time.Sleep(time.Millisecond)
	}
	var wrong *esdb.Error
	if err := write("b0"); !errors.As(err, &wrong) || wrong.Code() != esdb.ErrorCodeWrongExpectedVersion {
		t.Errorf("another: %v", err)
	}
	if got := read(); got == "<nil>" {
		t.Error("read what is not indexed yet")
	}
	sending.Wait()
	if got := read(); first != nil || got != "<nil>" {
		t.Errorf("the first: %v; read after its answer: %s", first, got)
	}
	for e := subscription.Recv(); e.EventAppeared == nil; e = subscription.Recv() {
		if e.SubscriptionDropped != nil {
			t.Fatal(e.SubscriptionDropped.Error)
		}
	}
}

// Positions past the end: an unknown error backwards, nothing forwards.
func TestHabitsDoNotKnowPositions(t *testing.T) {
	s := serve(t, Options{Habits: &slow})
	s.fill(t, "a", 0, 3)
	ctx, client := deadline(t), s.plain(t)
	past := esdb.Position{Commit: 99, Prepare: 99}
	r, err := client.ReadAll(ctx, esdb.ReadAllOptions{Direction: esdb.Backwards, From: past}, 1)
	if err == nil {
		_, err = r.Recv()
	}
	if status.Code(err) != codes.Unknown {
		t.Errorf("backwards: %v", err)
	}
	r, err = client.ReadAll(ctx, esdb.ReadAllOptions{From: past}, 1)
	equal(t, "forwards", said(t, r, err), []string{})
}
