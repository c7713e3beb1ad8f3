package codec

import (
	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/eventstore"
)

// plainSplit finds the two parts of data that are as [Encode] writes them. What
// stands within the braces is not looked at but for strings; who uses a part
// decodes it, or has it decoded.
func plainSplit(data []byte) (parts eventstore.Parts, ok bool) {
	p := plain{rest: data}
	p.need(`{"open":`)
	parts.Open = p.object()
	p.need(`,"private":`)
	parts.Private = p.object()
	return parts, p.has(`}`) && len(p.rest) == 0
}

// plainMetadata reads metadata; false leaves it to the decoder.
func plainMetadata(text []byte, w *wire) bool {
	p := plain{rest: text}
	p.need(`{"recorded":`)
	w.Recorded = p.moment()
	p.need(`,"schema":`)
	w.Schema = int(p.number())
	p.need(`,"salt":`)
	w.Salt = p.bytes()
	if p.has(`,"cause":`) {
		w.Cause = p.id()
	}
	if p.has(`,"actor":`) {
		w.Actor = p.id()
	}
	if p.has(`,"role":`) {
		w.Role = domain.Role(p.text())
	}
	if p.has(`,"command":{"id":`) {
		w.Command = &domain.Proof{ID: p.id()}
		p.need(`,"digest":`)
		w.Command.Digest = p.bytes()
		if p.has(`,"key":`) {
			w.Command.Key = p.bytes()
		}
		if p.has(`,"signature":`) {
			w.Command.Signature = p.bytes()
		}
		p.need(`}`)
	}
	if p.has(`,"saw":`) {
		w.Saw = uint64(p.number())
	}
	return p.has(`}`) && len(p.rest) == 0
}

// plainOpen reads the open part of the events of which there are most, and of
// those with most rows; false leaves it to the decoder.
func plainOpen(open []byte, e domain.Event) bool {
	p := plain{rest: open}
	switch e := e.(type) {
	case *domain.DisbursementMade:
		p.payment(e)
	case *domain.NoticeLinesAdded:
		p.added(e)
	case *domain.LinesAdmitted:
		p.admitted(e)
	case *domain.BatchPrepared:
		p.prepared(e)
	default:
		return false
	}
	return p.has(`}`) && len(p.rest) == 0
}

// plainPrivate reads the private part of those of them that have a long one.
func plainPrivate(private []byte, e domain.Event) bool {
	p := plain{rest: private}
	switch e := e.(type) {
	case *domain.NoticeLinesAdded:
		p.privateLines(e)
	default: // of a command that left nothing else in private
		p.need(`{"signed":`)
		p.skip()
	}
	return p.has(`}`) && len(p.rest) == 0
}

func (p *plain) common(c *domain.Common) {
	p.need(`{"date":`)
	year, month, day, ok := civil(p.text())
	if p.bad = p.bad || !ok; p.bad {
		return
	}
	c.Date = domain.Date(year, month, day)
	if p.has(`,"campaign":`) {
		c.Campaign = p.id()
	}
}

func (p *plain) added(e *domain.NoticeLinesAdded) {
	p.common(&e.Common)
	p.parts(&e.Part, &e.Of)
	e.Lines = make([]domain.LineAdded, 0, p.rows())
	p.list(func() {
		p.need(`{"line":`)
		line := domain.LineAdded{No: int(p.number())}
		p.need(`,"give":`)
		line.Give = p.money()
		p.need(`}`)
		e.Lines = append(e.Lines, line)
	})
}

func (p *plain) privateLines(e *domain.NoticeLinesAdded) {
	var category, group, period string
	p.need(`{`)
	if p.has(`"signed":`) {
		p.skip()
		p.need(`,`)
	}
	p.need(`"lines":`)
	e.Private.Lines = make([]domain.LinePrivate, 0, p.rows())
	p.list(func() {
		p.need(`{"beneficiary":`)
		line := domain.LinePrivate{Beneficiary: p.id()}
		if p.has(`,"category":`) {
			line.Category = p.like(&category)
		}
		if p.has(`,"group":`) {
			line.Group = p.like(&group)
		}
		if p.has(`,"period":`) {
			line.Period = p.like(&period)
		}
		p.need(`}`)
		e.Private.Lines = append(e.Private.Lines, line)
	})
}

func (p *plain) admitted(e *domain.LinesAdmitted) {
	p.common(&e.Common)
	p.need(`,"notice":`)
	e.Notice = p.id()
	p.parts(&e.Part, &e.Of)
	e.Lines = make([]domain.Admitted, 0, p.rows())
	p.list(func() {
		p.need(`{"line":`)
		line := domain.Admitted{Line: int(p.number())}
		p.need(`,"give":`)
		line.Give = p.money()
		p.need(`}`)
		e.Lines = append(e.Lines, line)
	})
}

func (p *plain) prepared(e *domain.BatchPrepared) {
	p.common(&e.Common)
	p.need(`,"batch":`)
	e.Batch = int(p.number())
	p.need(`,"form":`)
	e.Form = p.form()
	p.need(`,"rows":`)
	e.Rows = make([]domain.BatchRow, 0, p.rows())
	p.list(func() {
		p.need(`{"line":`)
		row := domain.BatchRow{Line: int(p.number())}
		p.need(`,"entitlement":`)
		row.Entitlement = int(p.number())
		p.need(`,"fen":`)
		row.Fen = domain.Fen(p.number())
		p.need(`}`)
		e.Rows = append(e.Rows, row)
	})
	p.need(`,"draws":`)
	e.Draws = p.draws()
}

func (p *plain) payment(e *domain.DisbursementMade) {
	p.common(&e.Common)
	if p.has(`,"batch":`) {
		e.Batch = int(p.number())
	}
	if p.has(`,"row":`) {
		e.Row = int(p.number())
	}
	if p.has(`,"fen":`) {
		e.Fen = domain.Fen(p.number())
	}
	p.need(`,"draws":`)
	e.Draws = p.draws()
}

func (p *plain) parts(part, of *int) {
	p.need(`,"part":`)
	*part = int(p.number())
	p.need(`,"of":`)
	*of = int(p.number())
	p.need(`,"lines":`)
}

// money is a list of entitlements to money.
func (p *plain) money() (give []domain.Entitlement) {
	p.list(func() {
		p.need(`{"form":`)
		g := domain.Entitlement{Form: p.form()}
		p.need(`,"fen":`)
		g.Fen = domain.Fen(p.number())
		p.need(`}`)
		give = append(give, g)
	})
	return give
}

func (p *plain) draws() (draws []domain.Draw) {
	p.list(func() {
		p.need(`[`)
		d := domain.Draw{Lot: int(p.number())}
		p.need(`,`)
		d.Quantity = p.number()
		if p.has(`,`) {
			d.Cost = domain.Fen(p.number())
		}
		p.need(`]`)
		draws = append(draws, d)
	})
	return draws
}

// form is a form of relief; the known ones are not copied.
func (p *plain) form() domain.Form {
	t := p.text()
	for _, f := range [...]domain.Form{domain.Bank, domain.Cash, domain.Goods, domain.Voucher} {
		if string(t) == string(f) {
			return f
		}
	}
	return domain.Form(t)
}
