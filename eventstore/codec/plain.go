package codec

import (
	"encoding/base64"
	"encoding/hex"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"reliefledger.org/ledger/domain"
	"reliefledger.org/ledger/eventstore"
)

// A ledger of ten million payments has ten million metadata and DisbursementMade
// that this program wrote itself. They are read here without a JSON decoder, if
// they are exactly as [Encode] writes them; whatever else they are is read by
// the decoder. So nothing is read here that it would read otherwise or refuse;
// FuzzPlain holds the two against each other.

// plain takes text apart that is exactly as expected. After the first thing
// that is not it gives only zeros, and bad is set.
type plain struct {
	rest []byte
	bad  bool
}

// has consumes text if it is next.
func (p *plain) has(text string) bool {
	if p.bad || len(p.rest) < len(text) || string(p.rest[:len(text)]) != text {
		return false
	}
	p.rest = p.rest[len(text):]
	return true
}

// need consumes text, which must be next.
func (p *plain) need(text string) { p.bad = !p.has(text) }

// number consumes an integer from 0 on, in its shortest form, below 2^53.
func (p *plain) number() (n int64) {
	i := 0
	for i < len(p.rest) && i < 16 && p.rest[i]-'0' <= 9 {
		n = 10*n + int64(p.rest[i]-'0')
		i++
	}
	if p.bad = p.bad || i == 0 || i > 15 || i > 1 && p.rest[0] == '0'; p.bad {
		return 0
	}
	p.rest = p.rest[i:]
	return n
}

// text consumes a string without escapes, with its quotes.
func (p *plain) text() []byte {
	if p.bad || len(p.rest) == 0 || p.rest[0] != '"' {
		p.bad = true
		return nil
	}
	ascii := true
	for i := 1; i < len(p.rest); i++ {
		switch c := p.rest[i]; {
		case c == '"':
			text := p.rest[1:i]
			p.rest = p.rest[i+1:]
			p.bad = !ascii && !utf8.Valid(text)
			return text
		case c == '\\' || c < 0x20:
			p.bad = true
			return nil
		case c >= 0x7f:
			ascii = false
		}
	}
	p.bad = true
	return nil
}

func (p *plain) id() uuid.UUID {
	t := p.text()
	id, err := uuid.ParseBytes(t)
	if p.bad = p.bad || len(t) != 36 || err != nil; p.bad {
		return uuid.UUID{}
	}
	return id
}

var strictBase64 = base64.StdEncoding.Strict()

func (p *plain) bytes() []byte {
	t := p.text()
	if p.bad {
		return nil
	}
	b := make([]byte, strictBase64.DecodedLen(len(t)))
	n, err := strictBase64.Decode(b, t)
	p.bad = err != nil || n == 0
	return b[:n]
}

// digits is the number in some digits, -1 where they are none.
func digits(t []byte) int {
	n := 0
	for _, c := range t {
		if c-'0' > 9 {
			return -1
		}
		n = 10*n + int(c-'0')
	}
	return n
}

// civil consumes the date in a time or alone; it must exist.
func civil(t []byte) (year, month, day int, ok bool) {
	if len(t) != 10 || t[4] != '-' || t[7] != '-' {
		return 0, 0, 0, false
	}
	year, month, day = digits(t[:4]), digits(t[5:7]), digits(t[8:])
	ok = year >= 1900 && year <= 2999 && month >= 1 && month <= 12 && day >= 1 && day <= 28
	if !ok && year >= 1900 && year <= 2999 && month >= 1 && month <= 12 && day > 28 && day <= 31 {
		d := time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
		ok = d.Day() == day
	}
	return year, month, day, ok
}

func (p *plain) moment() moment {
	t := p.text()
	if p.bad = p.bad || len(t) != len(timeFormat) || t[10] != 'T' || t[13] != ':' || t[16] != ':' || t[19] != '.' || t[26] != 'Z'; p.bad {
		return moment{}
	}
	year, month, day, ok := civil(t[:10])
	hour, minute, second, micro := digits(t[11:13]), digits(t[14:16]), digits(t[17:19]), digits(t[20:26])
	if p.bad = !ok || uint(hour) > 23 || uint(minute) > 59 || uint(second) > 59 || micro < 0; p.bad {
		return moment{}
	}
	return moment(time.Date(year, time.Month(month), day, hour, minute, second, 1000*micro, time.UTC))
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

// list consumes an array with at least one element.
func (p *plain) list(element func()) {
	p.need(`[`)
	for first := true; !p.bad && (first || p.has(`,`)); first = false {
		element()
	}
	p.need(`]`)
}

// rows is how many objects are left, but for those in them.
func (p *plain) rows() (n int) {
	if p.bad {
		return 0
	}
	depth := 0
	for _, c := range p.rest {
		switch c {
		case '{':
			if depth++; depth == 1 {
				n++
			}
		case '}':
			depth--
		}
	}
	return n
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

// like consumes a string and returns it, or the one before if it is the same.
func (p *plain) like(before *string) string {
	if t := p.text(); string(t) != *before {
		*before = string(t)
	}
	return *before
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

func (p *plain) parts(part, of *int) {
	p.need(`,"part":`)
	*part = int(p.number())
	p.need(`,"of":`)
	*of = int(p.number())
	p.need(`,"lines":`)
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

// skip consumes a string whatever it says, if it has no escapes but of quotes
// and backslashes.
func (p *plain) skip() {
	if p.bad || len(p.rest) == 0 || p.rest[0] != '"' {
		p.bad = true
		return
	}
	for i := 1; i < len(p.rest); i++ {
		switch c := p.rest[i]; {
		case c == '"':
			p.bad = !utf8.Valid(p.rest[:i])
			p.rest = p.rest[i+1:]
			return
		case c == '\\' && i+1 < len(p.rest) && (p.rest[i+1] == '"' || p.rest[i+1] == '\\'):
			i++
		case c == '\\' || c < 0x20:
			p.bad = true
			return
		}
	}
	p.bad = true
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

// object consumes up to the brace that closes the one that is next.
func (p *plain) object() []byte {
	if p.bad || len(p.rest) == 0 || p.rest[0] != '{' {
		p.bad = true
		return nil
	}
	depth := 0
	for i := 0; i < len(p.rest); i++ {
		switch p.rest[i] {
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				object := p.rest[: i+1 : i+1]
				p.rest = p.rest[i+1:]
				return object
			}
		case '"':
			for i++; i < len(p.rest) && p.rest[i] != '"'; i++ {
				if p.rest[i] == '\\' {
					i++
				}
			}
		}
	}
	p.bad = true
	return nil
}

// appendPlainMetadata writes metadata as the encoder does; false leaves it to
// the encoder.
func appendPlainMetadata(b []byte, w *wire) ([]byte, bool) {
	t := time.Time(w.Recorded).UTC()
	if y := t.Year(); y < 1900 || y > 2999 || len(w.Salt) == 0 || w.Second != nil || w.Schema < 0 || w.Saw >= 1<<53 {
		return b, false
	}
	b = append(b, `{"recorded":"`...)
	b = t.AppendFormat(b, timeFormat)
	b = append(b, `","schema":`...)
	b = strconv.AppendInt(b, int64(w.Schema), 10)
	b = appendBase64(append(b, `,"salt":`...), w.Salt)
	if w.Cause != (uuid.UUID{}) {
		b = appendID(append(b, `,"cause":`...), w.Cause)
	}
	if w.Actor != (uuid.UUID{}) {
		b = appendID(append(b, `,"actor":`...), w.Actor)
	}
	if w.Role != "" {
		for _, c := range []byte(w.Role) {
			if c < 'a' || c > 'z' {
				return b, false
			}
		}
		b = append(append(append(b, `,"role":"`...), w.Role...), '"')
	}
	if c := w.Command; c != nil {
		if len(c.Digest) == 0 {
			return b, false
		}
		b = appendID(append(b, `,"command":{"id":`...), c.ID)
		b = appendBase64(append(b, `,"digest":`...), c.Digest)
		if len(c.Key) > 0 {
			b = appendBase64(append(b, `,"key":`...), c.Key)
		}
		if len(c.Signature) > 0 {
			b = appendBase64(append(b, `,"signature":`...), c.Signature)
		}
		b = append(b, '}')
	}
	if w.Saw != 0 {
		b = strconv.AppendUint(append(b, `,"saw":`...), w.Saw, 10)
	}
	return append(b, '}'), true
}

func appendBase64(b, raw []byte) []byte {
	b = append(b, '"')
	b = base64.StdEncoding.AppendEncode(b, raw)
	return append(b, '"')
}

func appendID(b []byte, id uuid.UUID) []byte {
	b = append(b, '"')
	for i, part := range [][]byte{id[:4], id[4:6], id[6:8], id[8:10], id[10:]} {
		if i > 0 {
			b = append(b, '-')
		}
		b = hex.AppendEncode(b, part)
	}
	return append(b, '"')
}

// appendPlainPayment writes the open part of a DisbursementMade as the encoder
// does; false leaves it to the encoder.
func appendPlainPayment(b []byte, e *domain.DisbursementMade) ([]byte, bool) {
	if e.Happened != nil || e.DoneBy != (uuid.UUID{}) || e.Replaces != (uuid.UUID{}) || e.Irregular != nil || e.Date == 0 ||
		e.Line != 0 || e.Entitlement != 0 || e.Form != "" || e.Items != nil || e.Again != (uuid.UUID{}) || e.Voucher != "" || e.HandedBy != (uuid.UUID{}) || e.Draws == nil {
		return b, false
	}
	b = append(append(append(b, `{"date":"`...), e.Date.String()...), '"')
	if e.Campaign != (uuid.UUID{}) {
		b = appendID(append(b, `,"campaign":`...), e.Campaign)
	}
	if e.Batch != 0 {
		b = strconv.AppendInt(append(b, `,"batch":`...), int64(e.Batch), 10)
	}
	if e.Row != 0 {
		b = strconv.AppendInt(append(b, `,"row":`...), int64(e.Row), 10)
	}
	if e.Fen != 0 {
		b = strconv.AppendInt(append(b, `,"fen":`...), int64(e.Fen), 10)
	}
	b = append(b, `,"draws":[`...)
	for i, d := range e.Draws {
		if i > 0 {
			b = append(b, ',')
		}
		b = d.Append(b)
	}
	return append(b, `]}`...), true
}
