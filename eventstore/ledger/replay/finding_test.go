package replay_test

import (
	"encoding/json"
	"testing"

	"github.com/google/uuid"

	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/eventstore/ledger/replay"
)

// Scripts read findings by the names of their fields, in their order.
func TestFindingAsJSON(t *testing.T) {
	refusal := &domain.Refusal{Code: domain.NotReviewed, Row: 2}
	f := replay.Finding{Finding: refusal.Finding(7), ID: uuid.UUID{15: 1}, Stream: "x", Revision: 3, Type: "NoticeConfirmed", Refusal: refusal, Unseen: 4}
	const want = `{"number":7,"id":"00000000-0000-0000-0000-000000000001","stream":"x","revision":3,"type":"NoticeConfirmed",` +
		`"refusal":{"code":"not-reviewed","rule":8,"row":2,"zh":"第 2 行：名单尚未审核","en":"row 2: the notice is not reviewed","details":null},"unseen":4}`
	if text, err := json.Marshal(f); err != nil || string(text) != want {
		t.Errorf("have %s (%v)\nwant %s", text, err, want)
	}
}
