package domain

import "fmt"

// BatchStage is how far a batch has come.
type BatchStage string

// The stages of a batch, in their order. Its rows are paid one by one by hand, or
// their result comes at once, from the bank or from the officer who handed them out.
const (
	StagePrepared    BatchStage = "prepared"     // waits to be approved
	StageApproved    BatchStage = "approved"     // may be paid
	StagePartlyPaid  BatchStage = "partly-paid"  // some rows were paid one by one
	StageSent        BatchStage = "sent"         // the bank has its file
	StageResultTaken BatchStage = "result-taken" // the rows' payments are being posted
	StagePaid        BatchStage = "paid"         // every row was paid or rejected
	StageRejected    BatchStage = "rejected"     // turned down; its reservation has ended
)

var stageNames = map[BatchStage]bilingual{
	StagePrepared: {"已制单", "prepared"}, StageApproved: {"已复核", "approved"}, StagePartlyPaid: {"部分已发放", "partly paid"},
	StageSent: {"已送银行", "sent"}, StageResultTaken: {"结果已登记", "result taken"}, StagePaid: {"已发放", "paid"}, StageRejected: {"已退回", "rejected"},
}

// Say returns the stage's name in a language.
func (s BatchStage) Say(l Lang) string { return stageNames[s].Say(l) }

// BatchState is how a batch stands: its stage, and what became of its rows.
type BatchState struct {
	Stage    BatchStage `json:"stage"`
	Rows     int        `json:"rows"`
	Paid     int        `json:"paid"`     // rows that were paid, even if the money came back later
	Rejected int        `json:"rejected"` // rows that did not reach their payee
}

// Say says the state in a language. Once rows were paid it also says how many of how
// many.
func (s BatchState) Say(l Lang) string {
	if s.Stage != StagePaid && s.Stage != StagePartlyPaid {
		return s.Stage.Say(l)
	}
	if l == En {
		return fmt.Sprintf("%s, %d of %d rows", s.Stage.Say(l), s.Paid, s.Rows)
	}
	return fmt.Sprintf("%s %d/%d 行", s.Stage.Say(l), s.Paid, s.Rows)
}

// State says how the batch stands.
func (b *Batch) State() BatchState {
	s := BatchState{Rows: len(b.Rows)}
	for _, r := range b.Rows {
		switch r.State {
		case RowPaid:
			s.Paid++
		case RowRejected:
			s.Rejected++
		}
	}
	switch {
	case b.Rejected != ID{}:
		s.Stage = StageRejected
	case s.Rows > 0 && s.Paid+s.Rejected == s.Rows:
		s.Stage = StagePaid
	case b.Result != ID{}:
		s.Stage = StageResultTaken
	case b.Sent != ID{}:
		s.Stage = StageSent
	case s.Paid+s.Rejected > 0:
		s.Stage = StagePartlyPaid
	case b.Approved != ID{}:
		s.Stage = StageApproved
	default:
		s.Stage = StagePrepared
	}
	return s
}

// Untouched says whether no row of the batch has a result yet. Only then may a file
// of all its rows be written for the bank.
func (b *Batch) Untouched() bool {
	s := b.State()
	return b.Result == (ID{}) && s.Paid+s.Rejected == 0
}

// WasSent says whether the batch's file was sent to the bank.
func (b *Batch) WasSent() bool { return b.Sent != (ID{}) }
