package sheets

import "testing"

// A writer escapes what XML cannot hold, and some escape each half of a character
// beyond the basic plane (ECMA-376 part 1, 22.9.2.19).
func TestEscapedText(t *testing.T) {
	for _, x := range []struct{ name, text, want string }{
		{"a rare character", "王_xD873__xDC56_", "王𬱖"},
		{"in the middle, in small letters", "王_xd842__xdfb7_吉", "王𠮷吉"},
		{"two of them", "_xD842__xDFB7__xD873__xDC56_", "𠮷𬱖"},
		{"unescaped", "王𬱖", "王𬱖"},
		{"a line break", "张_x000D_\n伟", "张\r\n伟"},
		{"the escape of an escape", "_x005F_x000D_", "_x000D_"},
		{"of half a character", "_x005F_xD873_", "_xD873_"},
		{"a character of the basic plane", "_x5F20_伟", "张伟"},
		{"a quotation mark", "a_x0022_b", `a"b`},
		{"half a character", "王_xD873_", "王\ufffd"},
		{"the wrong half first", "_xDC56__xD873_王", "\ufffd\ufffd王"},
		{"half, and a letter", "_xD873__x5F20_", "\ufffd张"},
		{"no escape", "a_x12_b_xyz0_", "a_x12_b_xyz0_"},
		{"one line under two", "a_x5F20_x5F20_", "a张x5F20_"},
		{"a rare character by its number", "王&#x2CC56;", "王𬱖"},
	} {
		shared := parts(`<row><c t="s"><v>0</v></c><c t="inlineStr"><is><t>` + x.text + `</t></is></c><c t="inlineStr"><is><r><t>` + x.text + `</t></r></is></c><c t="str"><f>A1</f><v>` + x.text + `</v></c></row></sheetData>`)
		shared["xl/sharedStrings.xml"] = `<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><si><t>` + x.text + `</t></si></sst>`
		g, err := Read(packed(t, shared))
		if err != nil {
			t.Fatal(x.name, err)
		}
		for column, where := range []string{"shared", "inline", "rich", "formula"} {
			if got := g.Sheets[0].At(0, column).Text; got != x.want {
				t.Errorf("%s, %s: %q is read as %q, want %q", x.name, where, x.text, got, x.want)
			}
		}
	}
}

// A sheet's name and a number format are such texts too.
func TestEscapedNames(t *testing.T) {
	all := parts(`<row><c s="1"><v>45000</v></c><c><v>1</v></c></row></sheetData>`)
	all["xl/workbook.xml"] = `<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="_xD842__xDFB7_村" sheetId="1" r:id="r1"/></sheets></workbook>`
	all["xl/styles.xml"] = `<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><numFmts count="1"><numFmt numFmtId="170" formatCode="0&quot;_x000D_&quot;_x000D_0"/></numFmts><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="170"/></cellXfs></styleSheet>`
	g, err := Read(packed(t, all))
	if err != nil {
		t.Fatal(err)
	}
	if got := g.Sheets[0].Name; got != "𠮷村" {
		t.Errorf("the sheet is called %q", got)
	}
	if got := g.Sheets[0].At(0, 0); got != (Cell{Text: "45000", Kind: Numeric}) {
		t.Errorf("a number with a line break in its format is %+v", got)
	}
}
