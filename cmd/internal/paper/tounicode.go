package paper

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"unicode/utf16"
)

// gopdf says which character a glyph is (ToUnicode, by which readers search and
// copy) with one number of four or more hex digits. The format wants UTF-16, so
// that a character beyond the basic plane would be copied as another one, and
// at most 100 entries in one section. mendToUnicode writes these streams anew,
// and with them the table of offsets.
func mendToUnicode(pdf []byte) ([]byte, error) {
	at := bytes.LastIndex(pdf, []byte("startxref\n"))
	if at < 0 {
		return nil, errBadPDF
	}
	xref, err := strconv.Atoi(string(bytes.TrimSpace(bytes.TrimSuffix(bytes.TrimSpace(pdf[at+len("startxref\n"):]), []byte("%%EOF")))))
	if err != nil || xref < 0 || xref > at {
		return nil, errBadPDF
	}
	end := bytes.Index(pdf[xref:], []byte("trailer\n"))
	if end < 0 {
		return nil, errBadPDF
	}
	var offsets []int // of the objects, in their order
	for _, m := range offsetLine.FindAllSubmatch(pdf[xref:xref+end], -1) {
		n, err := strconv.Atoi(string(m[1]))
		if err != nil || n > xref || len(offsets) > 0 && n <= offsets[len(offsets)-1] {
			return nil, errBadPDF
		}
		offsets = append(offsets, n)
	}
	if len(offsets) == 0 {
		return nil, errBadPDF
	}
	var out bytes.Buffer
	out.Write(pdf[:offsets[0]])
	table := fmt.Appendf(nil, "xref\n0 %d\n0000000000 65535 f \n", len(offsets)+1)
	for i, from := range offsets {
		to := xref
		if i+1 < len(offsets) {
			to = offsets[i+1]
		}
		table = fmt.Appendf(table, "%010d 00000 n \n", out.Len())
		object := pdf[from:to]
		if bytes.Contains(object[:min(len(object), 100)], []byte("/CIDInit")) {
			if object, err = toUnicode(i+1, object); err != nil {
				return nil, err
			}
		}
		out.Write(object)
	}
	start := out.Len()
	out.Write(table)
	out.Write(pdf[xref+end : at])
	fmt.Fprintf(&out, "startxref\n%d\n%%%%EOF\n", start)
	return out.Bytes(), nil
}

var (
	errBadPDF  = errors.New("the PDF library has written what this package does not understand")
	offsetLine = regexp.MustCompile(`(?m)^([0-9]{10}) 00000 n $`)
	rangeLine  = regexp.MustCompile(`<([0-9A-F]{4})><([0-9A-F]{4})><([0-9A-F]{4,6})>`)
)

// sectionEntries is how many entries the format allows in a section.
const sectionEntries = 100

// toUnicode is the object number n, an old ToUnicode stream, in its right form.
func toUnicode(n int, old []byte) ([]byte, error) {
	entries := rangeLine.FindAllSubmatch(old, -1)
	if len(entries) == 0 {
		return nil, errBadPDF
	}
	b := []byte("/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n" +
		"/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def\n" +
		"/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n" +
		"1 begincodespacerange\n<0000><FFFF>\nendcodespacerange\n")
	for i, m := range entries {
		if i%sectionEntries == 0 {
			b = fmt.Appendf(b, "%d beginbfchar\n", min(sectionEntries, len(entries)-i))
		}
		r, err := strconv.ParseUint(string(m[3]), 16, 32)
		if err != nil || !bytes.Equal(m[1], m[2]) {
			return nil, errBadPDF
		}
		b = fmt.Appendf(b, "<%s><", m[1])
		for _, unit := range utf16.Encode([]rune{rune(r)}) {
			b = fmt.Appendf(b, "%04X", unit)
		}
		b = append(b, ">\n"...)
		if i%sectionEntries == sectionEntries-1 || i == len(entries)-1 {
			b = append(b, "endbfchar\n"...)
		}
	}
	b = append(b, "endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n"...)
	return fmt.Appendf(nil, "%d 0 obj\n<<\n/Length %d\n>>\nstream\n%sendstream\nendobj\n\n", n, len(b), b), nil
}
