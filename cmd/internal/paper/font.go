package paper

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"unicode"

	"github.com/signintech/gopdf"
)

// The two halves of Noto Sans SC (SIL Open Font License, fonts/OFL.txt), made by
// `make fonts`.
var (
	//go:embed fonts/common.ttf.gz
	commonFont []byte
	//go:embed fonts/rare.ttf.gz
	rareFont []byte
)

// face is one font file.
type face struct {
	name    string
	data    []byte
	metrics *gopdf.SubsetFontObj // only read
}

// faces in the order in which a character is looked for. The rare one is
// unpacked when the first paper needs it.
var faces = []func() (*face, error){
	sync.OnceValues(func() (*face, error) { return readFace("NotoSansSC", commonFont) }),
	sync.OnceValues(func() (*face, error) { return readFace("NotoSansSC-Rare", rareFont) }),
}

func readFace(name string, packed []byte) (*face, error) {
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, fmt.Errorf("font %s: %w", name, err)
	}
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("font %s: %w", name, err)
	}
	f := &face{name: name, data: data, metrics: &gopdf.SubsetFontObj{}}
	f.metrics.SetTtfFontOption(gopdf.TtfOption{})
	if err := f.metrics.SetTTFData(data); err != nil {
		return nil, fmt.Errorf("font %s: %w", name, err)
	}
	return f, nil
}

// glyph is how a character is drawn: by a face, or as a box with its code point
// where no face has it.
type glyph struct {
	face  *face
	width float64 // of the font's size
}

// boxWidth is the width of the box that stands for a missing character.
const boxWidth = 1.0

func findGlyph(r rune) (glyph, error) {
	for _, open := range faces {
		f, err := open()
		if err != nil {
			return glyph{}, err
		}
		index, err := f.metrics.CharCodeToGlyphIndex(r)
		if errors.Is(err, gopdf.ErrGlyphNotFound) || err == nil && index == 0 {
			continue
		}
		if err != nil {
			return glyph{}, fmt.Errorf("character %U: %w", r, err)
		}
		return glyph{f, float64(f.metrics.GlyphIndexToPdfWidth(index)) / 1000}, nil
	}
	return glyph{width: boxWidth}, nil
}

// clean makes text that can be set in lines: control characters become blanks,
// and what has no shape of its own (joiners, variation selectors) goes.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsControl(r), r == '\u2028', r == '\u2029':
			return ' '
		case unicode.Is(unicode.Cf, r), unicode.Is(unicode.Variation_Selector, r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\ufffd"))
}
