package domain

// orderLike makes up an order that would lead to an event, if the signed one is not
// known, so that the event can be judged by the decision about that order. It is nil
// for types of events about which no rule of money, notice or conduct says anything.
func (j *Judge) orderLike(r *Recorded) *Order {
	c := r.Event.common()
	body := j.commandLike(r)
	if body == nil {
		return nil
	}
	o := &Order{ID: r.ID, Actor: r.Meta.Actor, Date: c.Date, Happened: c.Happened, DoneBy: c.DoneBy, Campaign: c.Campaign, Body: body}
	for i, mark := range c.Irregular {
		claim := Claim{Code: mark.Code}
		if i < len(c.Reasons) {
			claim.Reason.sealed = c.Reasons[i].Text
		}
		o.Irregular, o.Second = append(o.Irregular, claim), mark.Second
	}
	return o
}

// commandLike is the command of orderLike, with what the event still tells of it.
func (j *Judge) commandLike(r *Recorded) Command {
	_, id, _ := SplitStream(r.Stream)
	from := From{Allocation: id}
	if j.ledger.Funds[id] != nil {
		from = From{Fund: id}
	}
	switch e := r.Event.(type) {
	case *FundsReceived:
		c := &ReceiveFunds{Fund: id, Source: e.Source, Number: e.Number, Donor: e.Private.Donor, Donors: e.Donors, Amount: Yuan(e.Fen)}
		for _, g := range e.Goods {
			given := GoodsGiven{Item: g.Item, Quantity: Count(g.Quantity)}
			if g.Valued {
				cost := Yuan(g.Cost)
				given.Cost = &cost
			}
			c.Goods = append(c.Goods, given)
		}
		return c
	case *GoodsPurchased:
		return &PurchaseGoods{From: from, Item: e.Goods.Item, Quantity: Count(e.Goods.Quantity), Cost: Yuan(e.Goods.Cost)}
	case *FundsSurrendered:
		amount, quantity := j.askedFor(r.Stream, e.Item, e.Draws)
		return &SurrenderFunds{Fund: id, Source: e.Source, Item: e.Item, Amount: amount, Quantity: quantity}
	case *FundsPassedOn:
		amount, quantity := j.askedFor(r.Stream, e.Item, e.Draws)
		return &PassOnFunds{Fund: id, To: e.To, Item: e.Item, Amount: amount, Quantity: quantity}
	case *AllocationMade:
		c := &Allocate{From: from, Unit: e.Unit, Programme: e.Programme, Purpose: e.Purpose, Quota: e.Quota}
		if e.TopUp {
			c = &Allocate{From: from, To: e.Allocation}
		}
		b := j.ledger.book(r.Stream)
		if b == nil {
			return c
		}
		for _, d := range e.Draws {
			if lot, _ := b.Lot(d.Lot); lot.Item != Money {
				c.Goods = append(c.Goods, ItemCount{lot.Item, Count(d.Quantity)})
			} else {
				c.Amount += Yuan(d.Quantity)
			}
		}
		return c
	case *UnspentReturned:
		c := &ReturnUnspent{Allocation: id}
		c.Amount, _ = j.askedFor(r.Stream, Money, e.Draws)
		return c
	case *EntryReversed:
		ref, _ := j.ledger.RefTo(e.Entry)
		return &ReverseEntry{From: from, Entry: ref}
	case *AllocationClosed:
		return &CloseAllocation{Allocation: id}
	case *FundClosed:
		return &CloseFund{Fund: id}
	case *QuotaSet:
		return &SetQuota{Allocation: id, Quota: e.Quota}
	case *LineResumed:
		return &ResumeLine{Allocation: id, Line: e.Line}
	case *BatchPrepared:
		rows, _ := j.rowsToPay(e)
		for i := range rows {
			rows[i].Entitlement, rows[i].Amount, rows[i].Items = e.Rows[i].Entitlement, Yuan(e.Rows[i].Fen), counts(e.Rows[i].Items)
		}
		return &PrepareBatch{Allocation: id, Form: e.Form, Rows: rows}
	case *BatchApproved:
		return &ApproveBatch{Allocation: id, Batch: e.Batch}
	case *BatchRejected:
		return &RejectBatch{Allocation: id, Batch: e.Batch}
	case *BatchSentToBank:
		return &SendBatchToBank{Allocation: id, Batch: e.Batch, Bank: e.Bank}
	case *BankResultTaken:
		return &TakeBankResult{Allocation: id, Batch: e.Batch, Count: e.Count, Amount: Yuan(e.Fen), Rejected: e.Rejected}
	case *BatchPaid:
		return &PayBatch{Allocation: id, Batch: e.Batch, NotPaid: e.NotPaid, Vouchers: e.Vouchers}
	case *DisbursementMade:
		c := &Disburse{Allocation: id, Batch: e.Batch, Row: e.Row, Form: e.Form, Voucher: e.Voucher, HandedBy: e.HandedBy}
		if e.Batch == 0 {
			c.Pay = &RowToPay{Line: e.Line, Entitlement: e.Entitlement, Amount: Yuan(e.Fen), Items: counts(e.Items)}
			if ref, known := j.ledger.RefTo(e.Again); known {
				c.Pay.Again = &ref
			}
		}
		return c
	case *DisbursementReturned:
		ref, _ := j.ledger.RefTo(e.Payment)
		return &ReturnDisbursement{Allocation: id, Payment: ref, Amount: Yuan(e.Fen), Items: counts(e.Items), Kind: e.Kind}
	case *NoticeLinesAdded:
		c := &AddLines{Notice: id}
		for i := range min(len(e.Lines), len(e.Private.Lines)) {
			c.Rows = append(c.Rows, lineRow(&e.Lines[i], &e.Private.Lines[i]))
		}
		return c
	case *NoticeReviewed:
		return &ReviewNotice{Notice: id}
	case *NoticePublished:
		return &PublishNotice{Notice: id, Timing: e.Timing, Places: e.Places}
	case *ObjectionResolved:
		return &ResolveObjection{Notice: id, Objection: e.Objection, Outcome: e.Outcome}
	case *NoticeConfirmed:
		return &ConfirmNotice{Notice: id, Urgency: Personal{sealed: e.Private.Urgency}}
	case *BooksClosed:
		return &CloseBooks{Unit: id, Through: e.Through}
	case *RoleGranted:
		return &GrantRole{Officer: id, Role: e.Role, Unit: e.Unit}
	case *OfficerKeySet:
		return &SetOfficerKey{Officer: id, Key: e.Key}
	}
	return nil
}

// askedFor is how much of an item draws take, as a command would ask for it.
func (j *Judge) askedFor(stream, item string, draws []Draw) (Yuan, Count) {
	b := j.ledger.book(stream)
	if b == nil {
		return 0, 0
	}
	sum := b.sum(item, draws)
	if item == Money {
		return Yuan(sum), 0
	}
	return 0, Count(sum)
}
