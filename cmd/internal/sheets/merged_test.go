package sheets

import (
	"strings"
	"testing"

	"reliefledger.org/ledger/domain"
)

// gridOf makes a grid of sheets that are written as lines of cells between |.
func gridOf(t *testing.T, sheets map[string]string, merges ...Merge) *Grid {
	t.Helper()
	b := builder{grid: Grid{Format: "xlsx"}}
	for _, name := range []string{"一", "二", "隐"} {
		text, ok := sheets[name]
		if !ok {
			continue
		}
		if err := b.sheet(name, name == "隐"); err != nil {
			t.Fatal(err)
		}
		for r, line := range strings.Split(text, "\n") {
			for c, cell := range strings.Split(line, "|") {
				if err := b.set(r, c, textCell(cell)); err != nil {
					t.Fatal(err)
				}
			}
		}
		for _, m := range merges {
			if err := b.merge(m); err != nil {
				t.Fatal(err)
			}
		}
	}
	return &b.grid
}

func TestMergedCells(t *testing.T) {
	for _, x := range []struct {
		name   string
		sheet  string
		merges []Merge
		want   string
	}{
		{"a village for several rows", "姓名|村|金额\n甲|东|1\n乙||2", []Merge{{1, 1, 2, 1}}, "3 乙@东 2.00"},
		{"an amount for several rows has no one reading", "姓名|村|金额\n甲|东|1\n乙|东|", []Merge{{1, 2, 2, 2}}, "! C3 与第 2 行合并为一格，不知这一行是什么"},
		{"a person for several rows neither", "姓名|村|金额\n甲|东|1\n|东|2", []Merge{{1, 0, 2, 0}}, "! A3 与第 2 行合并为一格，不知这一行是什么"},
		{"a heading over two rows beside a group", "姓名|发放|\n|金额|备注\n甲|1|x", []Merge{{0, 0, 1, 0}, {0, 1, 0, 2}}, "3 甲 1.00"},
		{"a village over the whole width", "姓名|村|金额\n第一组||\n甲|东|1", []Merge{{1, 0, 1, 2}}, "?  只有文字"},
		{"a line of its own is no amount", "村|姓名|金额\n第一组||\n东|甲|1", nil, "?  只有文字，没有姓名和金额，未作数据：“第一组”"},
	} {
		t.Run(x.name, func(t *testing.T) {
			got := summary(Understand(gridOf(t, map[string]string{"一": x.sheet}, x.merges...), Options{Form: domain.Cash}))
			if !strings.Contains(got, x.want) {
				t.Errorf("%q is not in\n%s", x.want, got)
			}
		})
	}
}

func TestWhichSheet(t *testing.T) {
	const list, other = "姓名|金额\n甲|1", "姓名|金额\n乙|2"
	for _, x := range []struct {
		name   string
		sheets map[string]string
		sheet  string
		want   string
	}{
		{"the second sheet has it", map[string]string{"一": "填报说明", "二": list}, "", "2 甲 1.00"},
		{"two could", map[string]string{"一": list, "二": other}, "", "不止一张工作表像名册：一、二"},
		{"answered by name", map[string]string{"一": list, "二": other}, "二", "2 乙 2.00"},
		{"answered by number", map[string]string{"一": list, "二": other}, "1", "2 甲 1.00"},
		{"a hidden one is said", map[string]string{"一": list, "隐": other}, "", "另有隐藏的工作表"},
		{"an empty form is none", map[string]string{"一": list, "二": "姓名|金额"}, "", "2 甲 1.00"},
	} {
		t.Run(x.name, func(t *testing.T) {
			got := summary(Understand(gridOf(t, x.sheets), Options{Form: domain.Cash, Sheet: x.sheet}))
			if !strings.Contains(got, x.want) {
				t.Errorf("%q is not in\n%s", x.want, got)
			}
		})
	}
}

// A text goes on in the next record with other characters, and without more
// bytes than there are.
func TestTextOverRecords(t *testing.T) {
	reader := textReader{segments: [][]byte{{4, 0, 0, 'a', 'b'}, {1, 0x20, 0x5f, 0x09, 0x4e}, {1, 0, 0, 'c'}}}
	if a, b := reader.long(), reader.long(); a != "ab张三" || b != "c" || reader.short {
		t.Errorf("got %q, %q, %v", a, b, reader.short)
	}
	short := textReader{segments: [][]byte{{9, 0, 1, 'a'}}}
	if short.long(); !short.short {
		t.Error("a text that is too short is taken")
	}
}
