package paper

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/signintech/gopdf"
)

// Size is the format of a paper, in which it stands upright. A3 is A4 enlarged:
// the same lines, read from further away.
type Size string

// The sizes.
const (
	A4 Size = "A4"
	A3 Size = "A3"
)

// Everything is laid out in points of an A4 page.
const (
	pageWidth, pageHeight = 595.28, 841.89
	left, right           = 52.0, 40.0 // wider where it is bound
	top, bottom           = 42.0, 62.0 // below stand the notes and the page number
	textWidth             = pageWidth - left - right
)

// The sizes of type, in points.
const (
	titleSize = 19.0
	textSize  = 10.5
	cellSize  = 9.5
	noteSize  = 8.0
)

const (
	lineHeight = 1.42 // of the size
	baseline   = 0.88 // of the size, below the top of a character
)

// press draws on the pages of one paper.
type press struct {
	pdf     *gopdf.GoPdf
	head    *Head
	scale   float64
	page    int
	pages   int // known before the first is drawn
	glyphs  map[rune]glyph
	loaded  []*face
	missing []rune // on this page
	// sign, where it is set, draws what stands at the foot of each page.
	sign func() error
}

func newPress(h *Head, size Size) (*press, error) {
	p := &press{pdf: &gopdf.GoPdf{}, head: h, glyphs: map[rune]glyph{}}
	switch size {
	case A4:
		p.scale = 1
	case A3:
		p.scale = math.Sqrt2
	default:
		return nil, fmt.Errorf("size %q: A4 or A3", string(size))
	}
	p.pdf.Start(gopdf.Config{PageSize: gopdf.Rect{W: pageWidth * p.scale, H: pageHeight * p.scale}})
	p.pdf.SetInfo(gopdf.PdfInfo{Title: clean(h.Title), Author: clean(h.Unit), Creator: "relief ledger", CreationDate: h.On.Start()})
	return p, nil
}

// newPage ends a page and begins the next.
func (p *press) newPage() error {
	if err := p.endPage(); err != nil {
		return err
	}
	p.page++
	p.missing = nil
	p.pdf.AddPage()
	p.pdf.SetLineWidth(0.5 * p.scale)
	if !p.head.Demo {
		return nil
	}
	p.pdf.SetTextColor(234, 234, 234)
	const size, text = 150.0, "演示"
	p.pdf.Rotate(35, pageWidth/2*p.scale, pageHeight/2*p.scale)
	err := p.text(text, pageWidth/2-size, pageHeight/2-size/2, size)
	p.pdf.RotateReset()
	p.pdf.SetTextColor(0, 0, 0)
	return err
}

// endPage writes what stands at the foot of a page: who signs, which characters
// are missing, whose ledger it is, and the page's number.
func (p *press) endPage() error {
	if p.page == 0 {
		return nil
	}
	if p.sign != nil {
		if err := p.sign(); err != nil {
			return err
		}
	}
	y := pageHeight - bottom + 4
	if len(p.missing) > 0 {
		note := "注：本页方框内是字库没有的字的编号，请手写补正：" + codePoints(p.missing)
		if err := p.block(note, left, y, textWidth, noteSize, alignLeft); err != nil {
			return err
		}
	}
	y = pageHeight - bottom + 28
	source := "账簿：" + p.head.Ledger
	if p.head.Number != "" {
		source += "　" + p.head.Number
	}
	if p.head.Demo {
		source = "【演示：时钟为模拟，不作凭证】" + source
	}
	number := fmt.Sprintf("第 %d 页　共 %d 页", p.page, p.pages)
	if err := p.block(number, left, y, textWidth, noteSize, alignRight); err != nil {
		return err
	}
	line, err := p.fit(source, textWidth-90, noteSize)
	if err != nil {
		return err
	}
	return p.block(line, left, y, textWidth, noteSize, alignLeft)
}

// notedMissing is how many characters a note names: what fits in two lines.
const notedMissing = 12

func codePoints(list []rune) string {
	var b strings.Builder
	for i, r := range list {
		if i == notedMissing {
			b.WriteString(" 等")
			break
		}
		fmt.Fprintf(&b, " %U", r)
	}
	return b.String()
}

// bytes ends the paper.
func (p *press) bytes() ([]byte, error) {
	if err := p.endPage(); err != nil {
		return nil, err
	}
	text, err := p.pdf.GetBytesPdfReturnErr()
	if err != nil {
		return nil, err
	}
	return mendToUnicode(text)
}

func (p *press) glyph(r rune) (glyph, error) {
	if g, ok := p.glyphs[r]; ok {
		return g, nil
	}
	g, err := findGlyph(r)
	if err != nil {
		return g, err
	}
	if g.face != nil && !slices.Contains(p.loaded, g.face) {
		if err := p.pdf.AddTTFFontData(g.face.name, g.face.data); err != nil {
			return g, fmt.Errorf("font %s: %w", g.face.name, err)
		}
		p.loaded = append(p.loaded, g.face)
	}
	p.glyphs[r] = g
	return g, nil
}

// width is the width of text in one line.
func (p *press) width(s string, size float64) (float64, error) {
	sum := 0.0
	for _, r := range s {
		g, err := p.glyph(r)
		if err != nil {
			return 0, err
		}
		sum += g.width * size
	}
	return sum, nil
}

// text draws one line with its upper left corner at x, y.
func (p *press) text(s string, x, y, size float64) error {
	var run []rune
	var at float64 // where run begins
	var of *face
	flush := func() error {
		if len(run) == 0 {
			return nil
		}
		if err := p.pdf.SetFont(of.name, "", size*p.scale); err != nil {
			return err
		}
		p.pdf.SetXY(at*p.scale, (y+baseline*size)*p.scale)
		err := p.pdf.Text(string(run))
		run = run[:0]
		return err
	}
	for _, r := range s {
		g, err := p.glyph(r)
		if err != nil {
			return err
		}
		if g.face != of {
			if err := flush(); err != nil {
				return err
			}
		}
		if of = g.face; of == nil {
			if err := p.box(r, x, y, size); err != nil {
				return err
			}
		} else {
			if len(run) == 0 {
				at = x
			}
			run = append(run, r)
		}
		x += g.width * size
	}
	return flush()
}

// box stands for a character that no face has: its code point in two lines.
func (p *press) box(r rune, x, y, size float64) error {
	if !slices.Contains(p.missing, r) {
		p.missing = append(p.missing, r)
	}
	const margin, digits = 0.04, 0.36 // of the size
	p.rectangle(x+margin*size, y+margin*size, (boxWidth-2*margin)*size, (1-2*margin)*size)
	code := fmt.Sprintf("%04X", r)
	half := (len(code) + 1) / 2
	for i, part := range []string{code[:half], code[half:]} {
		w, err := p.width(part, digits*size)
		if err != nil {
			return err
		}
		if err := p.text(part, x+(boxWidth*size-w)/2, y+size*(0.12+0.4*float64(i)), digits*size); err != nil {
			return err
		}
	}
	return nil
}

func (p *press) line(x1, y1, x2, y2 float64) {
	p.pdf.Line(x1*p.scale, y1*p.scale, x2*p.scale, y2*p.scale)
}

func (p *press) rectangle(x, y, w, h float64) {
	p.pdf.RectFromUpperLeft(x*p.scale, y*p.scale, w*p.scale, h*p.scale)
}

type align int

const (
	alignLeft align = iota
	alignCenter
	alignRight
)

// block draws text in as many lines as it needs.
func (p *press) block(s string, x, y, width, size float64, a align) error {
	lines, err := p.wrap(s, width, size)
	if err != nil {
		return err
	}
	for _, l := range lines {
		w, err := p.width(l, size)
		if err != nil {
			return err
		}
		at := x
		switch a {
		case alignCenter:
			at += (width - w) / 2
		case alignRight:
			at += width - w
		}
		if err := p.text(l, at, y+(lineHeight-1)/2*size, size); err != nil {
			return err
		}
		y += lineHeight * size
	}
	return nil
}

// fit is text that is cut so that it stands in one line.
func (p *press) fit(s string, width, size float64) (string, error) {
	lines, err := p.wrap(s, width-size, size)
	if err != nil || len(lines) < 2 {
		return strings.Join(lines, ""), err
	}
	return lines[0] + "…", nil
}

// What may not begin a line, and what may not end one.
const (
	closing = "，。、；：！？）》」』〕】”’…—·%％〉"
	opening = "（《「『〔【“‘〈￥"
)

// maxText bounds a text; a page has room for fewer characters.
const maxText = 4000

// wrap breaks text into lines: between Chinese characters, between words, and
// inside a word only where it is wider than the line.
func (p *press) wrap(s string, width, size float64) ([]string, error) {
	if len(s) > maxText*utf8.UTFMax {
		return nil, errTooTall
	}
	var lines []string
	for part := range strings.SplitSeq(s, "\n") {
		line, used := "", 0.0
		for _, piece := range pieces(clean(part)) {
			w, err := p.width(piece, size)
			if err != nil {
				return nil, err
			}
			if used+w <= width {
				line, used = line+piece, used+w
				continue
			}
			if w > width { // longer than any line: break it anywhere
				for _, r := range piece {
					g, err := p.glyph(r)
					if err != nil {
						return nil, err
					}
					if used+g.width*size > width && line != "" {
						lines, line, used = append(lines, line), "", 0
					}
					line, used = line+string(r), used+g.width*size
				}
				continue
			}
			lines = append(lines, strings.TrimRight(line, " "))
			line = strings.TrimLeft(piece, " ")
			if used, err = p.width(line, size); err != nil {
				return nil, err
			}
		}
		lines = append(lines, strings.TrimRight(line, " "))
	}
	return lines, nil
}

// pieces are the parts of text between which a line may end.
func pieces(s string) []string {
	var list []string
	var last rune
	for i, r := range s {
		glued := i > 0 && (strings.ContainsRune(closing, r) || strings.ContainsRune(opening, last) ||
			inWord(last) && inWord(r))
		if glued {
			list[len(list)-1] += string(r)
		} else {
			list = append(list, string(r))
		}
		last = r
	}
	return list
}

// inWord says whether a character belongs to a word or number that is kept in
// one line.
func inWord(r rune) bool {
	return r > ' ' && r < 0x2e80 && !unicode.IsSpace(r)
}
