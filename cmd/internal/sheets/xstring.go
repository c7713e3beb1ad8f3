package sheets

import (
	"bytes"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// Texts of an .xlsx escape what XML cannot hold: _x000D_ is a carriage return,
// and _x005F_ the line under of a text that looks like an escape (ECMA-376 part
// 1, 22.9.2.19, ST_Xstring). Some writers escape more: each half of a character
// beyond the basic plane, so that 𬱖 is _xD873__xDC56_.

// escapeSize is the length of an escape.
const escapeSize = len("_x0000_")

// unescape decodes a text.
func unescape(text string) string { return string(decodeEscapes([]byte(text), true)) }

// joinHalves decodes in a part of an .xlsx those escapes that excelize, which
// decodes the others, leaves out without a word: halves of characters. Half a
// character without the other is the sign of a lost one.
func joinHalves(part []byte) []byte { return decodeEscapes(part, false) }

// decodeEscapes decodes all escapes of a text or those of halves alone. It works
// in place, since a part may be large and no escape grows.
func decodeEscapes(text []byte, all bool) []byte {
	out, rest := text[:0], text
	for {
		i := bytes.Index(rest, []byte("_x"))
		if i < 0 {
			return append(out, rest...)
		}
		out = append(out, rest[:i]...)
		rest = rest[i:]
		r, ok := escaped(rest)
		switch {
		case !ok: // the next may begin with its second character
			out, rest = append(out, rest[0]), rest[1:]
			continue
		case utf16.IsSurrogate(r):
			if low, ok := escaped(rest[escapeSize:]); ok && utf16.DecodeRune(r, low) != utf8.RuneError {
				r, rest = utf16.DecodeRune(r, low), rest[escapeSize:]
			}
			out = utf8.AppendRune(out, r) // a half becomes U+FFFD
		case all:
			out = utf8.AppendRune(out, r)
		default:
			out = append(out, rest[:escapeSize]...)
		}
		rest = rest[escapeSize:]
	}
}

// escaped reads the escape with which a text begins.
func escaped(text []byte) (r rune, ok bool) {
	if len(text) < escapeSize || text[0] != '_' || text[1] != 'x' || text[escapeSize-1] != '_' {
		return 0, false
	}
	n, err := strconv.ParseUint(string(text[2:escapeSize-1]), 16, 16)
	return rune(n), err == nil
}
