package sheets

import (
	"bytes"
	"encoding/xml"
	"io"
	"regexp"
	"unicode/utf8"

	"golang.org/x/net/html/charset"
)

// Most platforms of offices export a web page or an XML of Excel 2003 and call it
// .xls, which spreadsheet programs open with a question. Both are text with an
// encoding that they name themselves.

// headSize is how much of a file tells its kind and its encoding.
const headSize = 1024

var (
	markupStart = regexp.MustCompile(`^<[A-Za-z!?]`)
	tableTag    = regexp.MustCompile(`(?i)<(table|html)[\s>]`)
	onlyTable   = regexp.MustCompile(`(?i)<table[\s>]`)
	xmlEncoding = regexp.MustCompile(`^\s*<\?xml\s[^>]*?encoding\s*=\s*["']([-\w.:]+)["']`)
	mailStart   = regexp.MustCompile(`(?is)^(mime-version|from|subject|content-type|x-[-\w]+):.*multipart/related`)
)

// head is the beginning of a file without its byte order mark; of UTF-16, whose
// characters of ASCII have a zero each, those characters.
func head(data []byte) []byte {
	data = data[:min(len(data), headSize)]
	for _, mark := range []string{"\uFEFF", "\xff\xfe", "\xfe\xff"} {
		if rest, ok := bytes.CutPrefix(data, []byte(mark)); ok {
			data = bytes.ReplaceAll(rest, []byte{0}, nil)
		}
	}
	return bytes.TrimLeft(data, " \t\r\n")
}

// isMarkup says whether a file is a web page or XML. A page of a careless
// program may begin with anything.
func isMarkup(head []byte) bool { return markupStart.Match(head) || tableTag.Match(head) }

// readMarkup reads a web page or an XML of Excel 2003.
func readMarkup(data []byte) (*Grid, error) {
	text, encoding, err := decodeMarkup(data)
	if err != nil {
		return nil, err
	}
	var g *Grid
	switch {
	case isWorkbook2003(text):
		g, err = readXML2003(text)
	case onlyTable.Match(text):
		g, err = readHTML(text)
	default:
		err = &Unreadable{"网页或 XML，里面没有表格（登录页、报错页？）：请重新导出，或用表格软件打开，另存为 .xlsx", "a web page or XML without a table (a page to log in?): export it again, or open it in a spreadsheet program and save it as .xlsx"}
	}
	if err != nil {
		return nil, err
	}
	g.Encoding = encoding
	return g, nil
}

// isWorkbook2003 says whether the first element is a workbook's.
func isWorkbook2003(text []byte) bool {
	d := newXMLDecoder(text)
	for {
		token, err := d.Token()
		if err != nil {
			return false
		}
		if e, ok := token.(xml.StartElement); ok {
			return e.Name.Local == "Workbook"
		}
	}
}

// newXMLDecoder reads XML that is UTF-8 by now, whatever it says of itself. It
// expands no entities but the five of XML, and opens no other files.
func newXMLDecoder(text []byte) *xml.Decoder {
	d := xml.NewDecoder(bytes.NewReader(text))
	d.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil }
	return d
}

// decodeMarkup makes UTF-8 of a web page or XML. What it says of its encoding is
// believed where the bytes agree: many say GB2312 and are UTF-8, or GB18030.
func decodeMarkup(data []byte) (text []byte, name string, err error) {
	label := ""
	if m := xmlEncoding.FindSubmatch(data[:min(len(data), headSize)]); m != nil {
		label = string(m[1])
	} else if _, label, _ = charset.DetermineEncoding(data, ""); label == "windows-1252" {
		label = "" // also what the package says where it does not know
	}
	from, known := charset.Lookup(label)
	switch {
	case bytes.HasPrefix(data, []byte("\uFEFF")), bytes.HasPrefix(data, []byte("\xff\xfe")), bytes.HasPrefix(data, []byte("\xfe\xff")), utf8.Valid(data), from == nil, known == "gbk", known == "gb18030":
		return decode(data)
	case known == "utf-8":
		return nil, "", &Unreadable{"标明是 UTF-8，内容却不是", "marked as UTF-8, which it is not"}
	}
	text, err = from.NewDecoder().Bytes(data)
	if err != nil || bytes.ContainsRune(text, utf8.RuneError) {
		return nil, "", &Unreadable{"标明是 " + known + "，内容却不是", "marked as " + known + ", which it is not"}
	}
	return text, known, nil
}
