package codec

import (
	"encoding/base64"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
)

// A ledger of ten million payments has ten million events DisbursementMade, each
// with its metadata, that this program wrote itself. If they are exactly as
// [Encode] writes them, they are read without a JSON decoder (plainread.go) and
// written without an encoder (plainwrite.go). Everything else is left to the
// decoder and the encoder. What is read here the decoder would read with the same
// result; FuzzPlain compares the two.

// plain reads text that is exactly as expected. After the first piece that is not,
// bad is set and all methods return zeros.
type plain struct {
	rest []byte
	bad  bool
}

// accept consumes text if it is next, and says whether it was.
func (p *plain) accept(text string) bool {
	if p.bad || len(p.rest) < len(text) || string(p.rest[:len(text)]) != text {
		return false
	}
	p.rest = p.rest[len(text):]
	return true
}

// expect consumes text, which must be next: else p is bad.
func (p *plain) expect(text string) { p.bad = !p.accept(text) }

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

// digits is the number that some digits write, -1 if one of them is no digit.
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

// civil reads a date, alone or of a time. ok says that there is such a day.
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
	p.expect(`[`)
	for first := true; !p.bad && (first || p.accept(`,`)); first = false {
		element()
	}
	p.expect(`]`)
}

// countObjects counts the objects in what is left, without those inside another.
func (p *plain) countObjects() (n int) {
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

// textLike consumes a string and returns it: *before where that is the same, so
// that rows share one string.
func (p *plain) textLike(before *string) string {
	if t := p.text(); string(t) != *before {
		*before = string(t)
	}
	return *before
}

// skip consumes a string, whatever it says, whose only escapes are those of quotes
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

// object consumes an object, up to the brace that closes it.
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
