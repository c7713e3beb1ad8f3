package codec

import (
	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/eventstore"
)

// plainSplit finds the two parts of data that are as [Encode] writes them. It looks
// only for strings and braces: what the parts say is read when they are decoded.
func plainSplit(data []byte) (parts eventstore.Parts, ok bool) {
	p := plain{rest: data}
	p.expect(`{"open":`)
	parts.Open = p.object()
	p.expect(`,"private":`)
	parts.Private = p.object()
	return parts, p.accept(`}`) && len(p.rest) == 0
}

// plainMetadata reads metadata; false leaves it to the decoder.
func plainMetadata(text []byte, w *wire) bool {
	p := plain{rest: text}
	p.expect(`{"recorded":`)
	w.Recorded = p.moment()
	p.expect(`,"schema":`)
	w.Schema = int(p.number())
	p.expect(`,"salt":`)
	w.Salt = p.bytes()
	if p.accept(`,"cause":`) {
		w.Cause = p.id()
	}
	if p.accept(`,"actor":`) {
		w.Actor = p.id()
	}
	if p.accept(`,"role":`) {
		w.Role = domain.Role(p.text())
	}
	if p.accept(`,"command":{"id":`) {
		w.Command = &domain.Proof{ID: p.id()}
		p.expect(`,"digest":`)
		w.Command.Digest = p.bytes()
		if p.accept(`,"key":`) {
			w.Command.Key = p.bytes()
		}
		if p.accept(`,"signature":`) {
			w.Command.Signature = p.bytes()
		}
		p.expect(`}`)
	}
	if p.accept(`,"saw":`) {
		w.Saw = uint64(p.number())
	}
	return p.accept(`}`) && len(p.rest) == 0
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
	return p.accept(`}`) && len(p.rest) == 0
}

// plainPrivate reads the private part of the events with most rows, and that of
// any event in which only the signed text stands; false leaves it to the decoder.
func plainPrivate(private []byte, e domain.Event) bool {
	p := plain{rest: private}
	switch e := e.(type) {
	case *domain.NoticeLinesAdded:
		p.privateLines(e)
	default:
		p.expect(`{"signed":`)
		p.skip()
	}
	return p.accept(`}`) && len(p.rest) == 0
}

func (p *plain) common(c *domain.Common) {
	p.expect(`{"date":`)
	year, month, day, ok := civil(p.text())
	if p.bad = p.bad || !ok; p.bad {
		return
	}
	c.Date = domain.Date(year, month, day)
	if p.accept(`,"campaign":`) {
		c.Campaign = p.id()
	}
}

func (p *plain) added(e *domain.NoticeLinesAdded) {
	p.common(&e.Common)
	p.parts(&e.Part, &e.Of)
	e.Lines = make([]domain.LineAdded, 0, p.countObjects())
	p.list(func() {
		p.expect(`{"line":`)
		line := domain.LineAdded{No: int(p.number())}
		p.expect(`,"give":`)
		line.Give = p.money()
		p.expect(`}`)
		e.Lines = append(e.Lines, line)
	})
}

func (p *plain) privateLines(e *domain.NoticeLinesAdded) {
	var category, group, period string
	p.expect(`{`)
	if p.accept(`"signed":`) {
		p.skip()
		p.expect(`,`)
	}
	p.expect(`"lines":`)
	e.Private.Lines = make([]domain.LinePrivate, 0, p.countObjects())
	p.list(func() {
		p.expect(`{"beneficiary":`)
		line := domain.LinePrivate{Beneficiary: p.id()}
		if p.accept(`,"category":`) {
			line.Category = p.textLike(&category)
		}
		if p.accept(`,"group":`) {
			line.Group = p.textLike(&group)
		}
		if p.accept(`,"period":`) {
			line.Period = p.textLike(&period)
		}
		p.expect(`}`)
		e.Private.Lines = append(e.Private.Lines, line)
	})
}

func (p *plain) admitted(e *domain.LinesAdmitted) {
	p.common(&e.Common)
	p.expect(`,"notice":`)
	e.Notice = p.id()
	p.parts(&e.Part, &e.Of)
	e.Lines = make([]domain.Admitted, 0, p.countObjects())
	p.list(func() {
		p.expect(`{"line":`)
		line := domain.Admitted{Line: int(p.number())}
		p.expect(`,"give":`)
		line.Give = p.money()
		p.expect(`}`)
		e.Lines = append(e.Lines, line)
	})
}

func (p *plain) prepared(e *domain.BatchPrepared) {
	p.common(&e.Common)
	p.expect(`,"batch":`)
	e.Batch = int(p.number())
	p.expect(`,"form":`)
	e.Form = p.form()
	p.expect(`,"rows":`)
	e.Rows = make([]domain.BatchRow, 0, p.countObjects())
	p.list(func() {
		p.expect(`{"line":`)
		row := domain.BatchRow{Line: int(p.number())}
		p.expect(`,"entitlement":`)
		row.Entitlement = int(p.number())
		p.expect(`,"fen":`)
		row.Fen = domain.Fen(p.number())
		p.expect(`}`)
		e.Rows = append(e.Rows, row)
	})
	p.expect(`,"draws":`)
	e.Draws = p.draws()
}

func (p *plain) payment(e *domain.DisbursementMade) {
	p.common(&e.Common)
	if p.accept(`,"batch":`) {
		e.Batch = int(p.number())
	}
	if p.accept(`,"row":`) {
		e.Row = int(p.number())
	}
	if p.accept(`,"fen":`) {
		e.Fen = domain.Fen(p.number())
	}
	p.expect(`,"draws":`)
	e.Draws = p.draws()
}

func (p *plain) parts(part, of *int) {
	p.expect(`,"part":`)
	*part = int(p.number())
	p.expect(`,"of":`)
	*of = int(p.number())
	p.expect(`,"lines":`)
}

// money is a list of entitlements to money.
func (p *plain) money() (give []domain.Entitlement) {
	p.list(func() {
		p.expect(`{"form":`)
		g := domain.Entitlement{Form: p.form()}
		p.expect(`,"fen":`)
		g.Fen = domain.Fen(p.number())
		p.expect(`}`)
		give = append(give, g)
	})
	return give
}

func (p *plain) draws() (draws []domain.Draw) {
	p.list(func() {
		p.expect(`[`)
		d := domain.Draw{Lot: int(p.number())}
		p.expect(`,`)
		d.Quantity = p.number()
		if p.accept(`,`) {
			d.Cost = domain.Fen(p.number())
		}
		p.expect(`]`)
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
