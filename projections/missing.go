package projections

import (
	"encoding/json"
	"slices"

	"reliefledger.org/ledger/domain"
)

// Gap is a piece of evidence that an auditor would look for in the entry of a
// payment, and not find.
type Gap struct{ domain.Finding }

// What can be missing from an entry; scripts may rely on these names.
const (
	NoReceipt       = "no-receipt"
	ReceiptElse     = "receipt-elsewhere"
	NoDocument      = "no-document-number"
	NoPublication   = "not-publicised"
	NoReview        = "no-review"
	NoApproval      = "no-approval"
	NotSigned       = "not-signed"
	NotIdentified   = "not-identified"
	PapersMissing   = "papers-missing"
	NoBatchOfOthers = "no-batch"
	OpenObjection   = "open-objection"
)

var gapNames = map[string]string{
	NoReceipt: "无签收凭证", ReceiptElse: "凭证存放他处", NoDocument: "来源无文号", NoPublication: "未公示", NoReview: "未审核",
	NoApproval: "未复核", NotSigned: "无电子签名（据称）", NotIdentified: "对象身份未明", PapersMissing: "手续未补齐", NoBatchOfOthers: "未经批次制单",
	OpenObjection: "异议未处理",
}

// MarshalJSON writes the name of what is missing, the stable shape for scripts.
func (g Gap) MarshalJSON() ([]byte, error) { return json.Marshal(g.Code) }

// String returns the name of what is missing.
func (g Gap) String() string { return g.Code }

// missing lists the evidence that an auditor would look for and not find.
func (f *fundUse) missing(e *Entry, a *domain.Allocation, line *domain.AdmittedLine, n *domain.Notice) []Gap {
	var gaps []Gap
	note := func(missing bool, code string, with ...uint64) {
		if missing {
			gaps = append(gaps, Gap{domain.Finding{Kind: domain.EvidenceMissing, Code: code, Number: e.Number, With: with, Zh: gapNames[code], En: code}})
		}
	}
	var receipts, undocumented, open []uint64
	here := false
	for _, r := range e.Receipts {
		receipts, here = append(receipts, r.Number), here || r.Here
	}
	for _, s := range e.Sources {
		if s.Document == "" {
			undocumented = append(undocumented, s.Number)
		}
	}
	for _, o := range n.Objections {
		if o.Resolved == (domain.ID{}) {
			number, _ := f.number(o.Event)
			open = append(open, number)
		}
	}
	note(len(receipts) == 0, NoReceipt)
	note(len(receipts) > 0 && !here, ReceiptElse, receipts...)
	note(len(undocumented) > 0, NoDocument, undocumented...)
	if rules := f.Rules(a); rules != nil {
		note(slices.ContainsFunc(rules.Notice, func(phase domain.Phase) bool {
			return phase.Timing != domain.NoNotice && !slices.ContainsFunc(e.Phases, func(p Phase) bool { return p.Timing == phase.Timing })
		}), NoPublication, e.NoticeNumber)
		if p := f.state.Parties[line.Beneficiary()]; p != nil && rules.PapersWithin > 0 {
			note(p.Papers == 0, PapersMissing)
		}
	}
	note(n.Reviewed == domain.ID{}, NoReview, e.NoticeNumber)
	note(len(open) > 0, OpenObjection, open...)
	note(e.Batch == 0, NoBatchOfOthers)
	note(e.Approved == nil, NoApproval)
	note(e.Paid == nil || !e.Paid.Signed, NotSigned)
	if p := f.state.Parties[line.Beneficiary()]; p != nil {
		note(p.Type == domain.Unidentified, NotIdentified)
	}
	return gaps
}
