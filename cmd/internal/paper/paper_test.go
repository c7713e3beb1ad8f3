package paper

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"reliefledger.org/ledger/domain"
)

// readPages returns the text of each page as another program reads it.
func readPages(t *testing.T, pdf []byte) []string {
	t.Helper()
	tool, err := exec.LookPath("pdftotext")
	if err != nil {
		const how = "reading papers needs pdftotext: make tools, or apt-get install poppler-utils"
		if testing.Short() {
			t.Skip(how)
		}
		t.Fatal(how)
	}
	cmd := exec.Command(tool, "-raw", "-enc", "UTF-8", "-", "-")
	cmd.Stdin = bytes.NewReader(pdf)
	var warnings strings.Builder
	cmd.Stderr = &warnings
	out, err := cmd.Output()
	if err != nil || warnings.Len() > 0 {
		t.Fatalf("pdftotext: %v\n%s", err, warnings.String())
	}
	return strings.Split(strings.TrimSuffix(string(out), "\f"), "\f")
}

// paper is any of the papers.
type paper interface {
	Write(io.Writer) (pages int, err error)
}

var kept int // files that printed has left

// printed writes a paper twice, wants the same bytes, and returns its pages.
// With PAPERS set to a folder the file is left there, to be looked at.
func printed(t *testing.T, p paper) []string {
	t.Helper()
	var first, second bytes.Buffer
	n, err := p.Write(&first)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Write(&second); err != nil || !bytes.Equal(first.Bytes(), second.Bytes()) {
		t.Fatalf("the same paper is not the same bytes (%v)", err)
	}
	if dir := os.Getenv("PAPERS"); dir != "" {
		kept++
		name := fmt.Sprintf("%s-%d.pdf", strings.ReplaceAll(t.Name(), "/", "-"), kept)
		if err := os.WriteFile(filepath.Join(dir, name), first.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	pages := readPages(t, first.Bytes())
	if len(pages) != n {
		t.Fatalf("%d pages are said, %d are there", n, len(pages))
	}
	for i, page := range pages {
		if want := fmt.Sprintf("第 %d 页 共 %d 页", i+1, n); !strings.Contains(squeeze(page), squeeze(want)) {
			t.Fatalf("page %d does not say %q:\n%s", i+1, want, page)
		}
	}
	return pages
}

// squeeze takes blanks and line breaks out: where they stand is layout.
func squeeze(s string) string { return strings.Join(strings.Fields(s), "") }

func wants(t *testing.T, pages []string, texts ...string) {
	t.Helper()
	all := squeeze(strings.Join(pages, ""))
	for _, text := range texts {
		if !strings.Contains(all, squeeze(text)) {
			t.Errorf("%q is not in\n%s", text, strings.Join(pages, "\f"))
		}
	}
}

func testHead(title string) Head {
	return Head{Title: title, Unit: "某县民政局", Ledger: "某县救助账簿", Number: "〔628〕", On: domain.Date(2021, 2, 4)}
}

func testSheet(rows int) *Sheet {
	s := &Sheet{Head: testHead("签领表"), Facts: []Fact{{"资金", "冬春救助专款"}, {"项目", "今冬明春生活补助"}, {"名单", "冬春生活补助名单〔364〕"}, {"批次", "1〔628〕"}, {"形式", "现金"}}}
	for i := range rows {
		s.Rows = append(s.Rows, Payee{No: i + 1, Name: "张三丰", Number: "990***********1011", Fen: domain.Fen(500_00 + i)})
	}
	return s
}

var pageTotal = regexp.MustCompile(`本页小计\s+([0-9]+)\s+行\s+([0-9,.]+)`)

// A list as long as the longest known: every page has its total, and these add
// up to the grand total.
func TestPageTotals(t *testing.T) {
	const rows = 2731
	s := testSheet(rows)
	began := time.Now()
	if _, err := s.Write(io.Discard); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d rows in %s", rows, time.Since(began).Round(time.Millisecond))
	pages := printed(t, s)
	var count int
	var sum, want domain.Fen
	next := 1
	for i, page := range pages {
		m := pageTotal.FindStringSubmatch(page)
		if m == nil {
			t.Fatalf("page %d has no total:\n%s", i+1, page)
		}
		var n int
		if _, err := fmt.Sscan(m[1], &n); err != nil {
			t.Fatal(err)
		}
		fen, err := domain.ParseFen(m[2])
		if err != nil {
			t.Fatal(err)
		}
		count, sum = count+n, sum+fen
		if !strings.Contains(page, "身份证号") || !strings.Contains(page, "制表人") {
			t.Errorf("page %d does not repeat the table's head and who signs", i+1)
		}
		for range n {
			if !regexp.MustCompile(fmt.Sprintf(`(?m)^\s*%d\s`, next)).MatchString(page) {
				t.Fatalf("row %d is not on page %d", next, i+1)
			}
			next++
		}
	}
	for _, r := range s.Rows {
		want += r.Fen
	}
	if count != rows || sum != want {
		t.Errorf("the pages add up to %d rows and %s, want %d and %s", count, sum, rows, want)
	}
	wants(t, pages[len(pages)-1:], "合 计 2731 行 "+want.String(), want.Words())
	if strings.Contains(pages[0], "合　计") {
		t.Error("the grand total stands on the first page")
	}
}

// Goods are counted by item, beside money or without.
func TestGoodsAreTotalled(t *testing.T) {
	s := testSheet(40)
	for i := range s.Rows {
		s.Rows[i].Fen, s.Rows[i].Goods = 0, []Goods{{"大米（公斤）", 12_500}, {"棉被（床）", 1000}}
	}
	pages := printed(t, s)
	wants(t, pages[:1], "本页小计 18 行 大米（公斤） 225；棉被（床） 18")
	wants(t, pages[1:], "本页小计", "合 计 40 行 大米（公斤） 500；棉被（床） 40")
	if strings.Contains(strings.Join(pages, ""), "金额大写") {
		t.Error("goods have no amount in words")
	}
	s.Rows[0].Fen, s.Rows[0].Goods = 100_00, nil
	wants(t, printed(t, s), "合 计 40 行 100.00 大米（公斤） 487.5；棉被（床） 39", "人民币壹佰元整")
}

func TestPageBreaks(t *testing.T) {
	for rows := range 60 { // every way in which the last rows and the end meet the foot of a page
		var b bytes.Buffer
		n, err := testSheet(rows).Write(&b)
		if err != nil || n > 3 {
			t.Fatalf("%d rows: %d pages, %v", rows, n, err)
		}
	}
	pages := printed(t, testSheet(1))
	wants(t, pages, "合 计 1 行 500.00", "人民币伍佰元整")
	if strings.Contains(pages[0], "本页小计") {
		t.Error("one page has a page's total beside the grand one")
	}
	wants(t, printed(t, testSheet(0)), "（无）", "合 计 0 行 0.00")
}

// Names with characters outside GB 2312 (㛃 䶮), beyond the basic plane (𬭛),
// and of no font at hand (𠮷): none is blank, each can be searched for or says
// its code point.
func TestRareNames(t *testing.T) {
	s := testSheet(3)
	s.Rows[0].Name, s.Rows[1].Name, s.Rows[2].Name = "王𬭛", "李㛃䶮", "𠮷田"
	s.Rows[2].Note = "古丽娜尔·阿不都热依木\u200b"
	pages := printed(t, s)
	wants(t, pages, "王𬭛", "李㛃䶮", "古丽娜尔·阿不都热依木", "本页方框内是字库没有的字的编号，请手写补正： U+20BB7")
	if pages := printed(t, testSheet(3)); strings.Contains(pages[0], "方框") {
		t.Error("a page without missing characters speaks of them")
	}
	for _, r := range "𬭛㛃䶮𠮷田张\ufeff\uffff\U0010ffff" {
		g, err := findGlyph(r)
		if err != nil || g.width == 0 {
			t.Errorf("%U: %v, width %v", r, err, g.width)
		}
	}
}

// Whatever a paper says by itself is in the common half of the font.
func TestOwnWordsAreCommon(t *testing.T) {
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		text, err := os.ReadFile(e.Name())
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range string(text) {
			if g, err := findGlyph(r); r > ' ' && (err != nil || g.face == nil || g.face.name != "NotoSansSC") {
				t.Errorf("%s: %c %U is not in the common font", e.Name(), r, r)
			}
		}
	}
}

func TestLongTexts(t *testing.T) {
	s := testSheet(2)
	s.Title = strings.Repeat("某某县某某乡二〇二一年今冬明春困难群众生活救助资金", 3) + "签领表"
	s.Rows[0].Name = "阿卜杜拉·买买提艾力·图尔荪江·阿不都热依木·吐尔逊古丽"
	s.Rows[1].Name = strings.Repeat("W", 60)
	s.Rows[1].Note = "由其女代领，关系证明见附件（村委会出具，2021-02-03）"
	wants(t, printed(t, s), s.Title, s.Rows[0].Name, s.Rows[1].Name, s.Rows[1].Note)
}

func testNotice(rows int) *Notice {
	n := &Notice{Head: testHead("冬春生活补助名单"), Size: A4, Basis: []string{"《关于做好今冬明春困难群众生活救助工作的通知》（川民发〔2020〕188号）"},
		Programme: "今冬明春生活补助", Periods: []string{"2021年1月28日至2021年2月3日（公示前，按日历日）〔621〕"}, Place: "村务公开栏　2021年1月27日张贴",
		Phone: "0372-0000000", HowTo: "书面或电话，向某乡人民政府民政办提出", Issuer: "某县民政局", Facts: []Fact{{"异议", "1 件，未处理 0 件"}}}
	for i := range rows {
		r := Listed{No: i + 1, Name: "张*丰", Give: "现金 500.00", Fen: 500_00}
		if i == 2 {
			r.Struck, r.Note = true, "已剔除"
		}
		if i == 3 {
			r.Give, r.Fen, r.Goods = "棉被（床） 2", 0, []Goods{{"棉被（床）", 2000}}
		}
		if !r.Struck {
			if err := n.Whole.add(r.Fen, r.Goods); err != nil {
				panic(err)
			}
		}
		n.Rows = append(n.Rows, r)
	}
	return n
}

func TestNotice(t *testing.T) {
	for _, size := range []Size{A4, A3} {
		t.Run(string(size), func(t *testing.T) {
			n := testNotice(60)
			n.Size = size
			pages := printed(t, n)
			wants(t, pages, n.Title, n.Basis[0], n.Periods[0], n.Place, n.Phone, n.HowTo, "异议：1 件，未处理 0 件", n.Issuer, "2021年2月4日",
				"现将今冬明春生活补助“冬春生活补助名单”予以公示", "合 计 59 行 29,000.00 棉被（床） 2", "人民币贰万玖仟元整", "张*丰", "已剔除")
		})
	}
	n := testNotice(60)
	n.Rows, n.Down = nil, "（公示期已满，名单不再显示）"
	wants(t, printed(t, n), n.Down, "合 计 59 行 29,000.00")
	n = testNotice(2)
	n.CountsOnly = true
	n.Rows[0].Note, n.Rows[1].Note = "集体 30 人", "集体约 40 人"
	pages := printed(t, n)
	wants(t, pages, "集体 30 人")
	if strings.Contains(pages[0], "姓名") || strings.Contains(pages[0], "张*") {
		t.Error("a notice of counts has names")
	}
}

func TestReceipt(t *testing.T) {
	r := &Receipt{Head: testHead("签收凭证"), Payee: "张三丰", Number: "990***********1011", For: "今冬明春生活补助　冬春生活补助名单〔364〕第 161 行", Form: "现金",
		Fen: 16_409_02, Facts: []Fact{{"资金", "冬春救助专款"}}}
	pages := printed(t, r)
	wants(t, pages, "第一联 单位存根", "第二联 收款人", "￥16,409.02", "人民币壹万陆仟肆佰零玖元零贰分", "张三丰")
	r.Goods = []Goods{{"大米（公斤）", 25_500}, {"棉被（床）", 1000}}
	r.For = strings.Repeat(r.For, 12)
	if pages := printed(t, r); len(pages) != 2 {
		t.Errorf("two long copies are on %d pages", len(pages))
	}
}

func testVoucher(entries int) *Voucher {
	v := &Voucher{Head: testHead("付款凭证"), Facts: []Fact{{"资金", "冬春救助专款〔230〕"}, {"分配", "某县民政局·今冬明春生活补助（dongchun）〔237〕"}, {"项目", "今冬明春生活补助　修订 1"}, {"名单", "冬春生活补助名单〔364〕"}, {"批次", "1〔628〕　167 行"}},
		Prepared: "某县民政局会计〔628〕已签名 2021-02-04", Approved: "某县民政局复核人〔630〕已签名 2021-02-04", Paid: "某县民政局出纳〔633〕已签名 2021-02-04"}
	for i := range entries {
		v.Entries = append(v.Entries, Entry{"发放今冬明春生活补助", "省级财政·省财政", "川财社〔2020〕188号", fmt.Sprintf("〔%d〕", 233+i), 107_000_53})
	}
	return v
}

func TestVoucher(t *testing.T) {
	v := testVoucher(1)
	wants(t, printed(t, v), "凭证号：〔628〕", "省级财政·省财政", "川财社〔2020〕188号", "〔233〕", "107,000.53", "人民币壹拾万柒仟元零伍角叁分", "制单：某县民政局会计〔628〕", "名单 冬春生活补助名单〔364〕")
	v = testVoucher(70)
	v.Demo = true
	pages := printed(t, v)
	if len(pages) < 2 {
		t.Errorf("70 entries on %d page", len(pages))
	}
	for _, page := range pages {
		if s := squeeze(page); !strings.Contains(s, "【演示：时钟为模拟，不作凭证】") {
			t.Errorf("a page of a demonstration does not say so:\n%s", page)
		}
	}
}

// What cannot be a paper is an error, and nothing is written.
func TestBadPapers(t *testing.T) {
	edit := func(f func(*Sheet)) paper { s := testSheet(3); f(s); return s }
	for name, p := range map[string]paper{
		"no title":         edit(func(s *Sheet) { s.Title = "" }),
		"no unit":          edit(func(s *Sheet) { s.Unit = "" }),
		"no date":          edit(func(s *Sheet) { s.On = 0 }),
		"nothing given":    edit(func(s *Sheet) { s.Rows[1].Fen = 0 }),
		"below zero":       edit(func(s *Sheet) { s.Rows[1].Fen = -1 }),
		"beyond a ledger":  edit(func(s *Sheet) { s.Rows[1].Fen = domain.MaxFen }),
		"quantity below 0": edit(func(s *Sheet) { s.Rows[1].Fen, s.Rows[1].Goods = 0, []Goods{{"米", -1}} }),
		"endless name":     edit(func(s *Sheet) { s.Rows[1].Name = strings.Repeat("长", 5000) }),
		"endless title":    edit(func(s *Sheet) { s.Title = strings.Repeat("长", 50_000) }),
		"size":             func() paper { n := testNotice(1); n.Size = "A5"; return n }(),
		"no issuer":        func() paper { n := testNotice(1); n.Issuer = ""; return n }(),
		"other total":      func() paper { n := testNotice(5); n.Whole.Fen++; return n }(),
		"empty voucher":    testVoucher(0),
		"empty receipt":    &Receipt{Head: testHead("签收凭证")},
	} {
		var b bytes.Buffer
		if n, err := p.Write(&b); err == nil || n != 0 || b.Len() > 0 {
			t.Errorf("%s: %d pages, %d bytes, error %v", name, n, b.Len(), err)
		}
	}
	if _, err := testSheet(1).Write(full{}); !errors.Is(err, errFull) {
		t.Errorf("a full disk: %v", err)
	}
}

var errFull = errors.New("full")

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errFull }

// Any text can stand in a paper.
func FuzzText(f *testing.F) {
	for _, s := range []string{"张三", "\x00\xff\n\t", "a\u0301\U000e0100𠮷", strings.Repeat("x", 300), "）））（（（"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r := &Receipt{Head: testHead("签收凭证"), Payee: s, Fen: 1}
		if _, err := r.Write(io.Discard); err != nil && !errors.Is(err, errTooTall) {
			t.Fatal(err)
		}
	})
}
