package codec

import (
	"encoding/base64"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
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

// like consumes a string and returns it, or the one before if it is the same.
func (p *plain) like(before *string) string {
	if t := p.text(); string(t) != *before {
		*before = string(t)
	}
	return *before
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
