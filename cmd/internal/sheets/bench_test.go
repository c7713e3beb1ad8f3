package sheets

import (
	"bytes"
	"fmt"
	"runtime"
	"testing"

	"github.com/xuri/excelize/v2"

	"reliefledger.org/ledger/domain"
)

// number is a made-up but well-formed resident number.
func number(i int) string {
	n := fmt.Sprintf("9905271%03d%02d%02d%03d", 940+i/50_000%50, 1+i/5_000%12, 1+i/500%10, i%500+1)
	sum := 0
	for k, w := range [17]int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2} {
		sum += int(n[k]-'0') * w
	}
	return n + string("10X98765432"[sum%11])
}

var benchHead = []string{"序号", "姓名", "身份证号码", "村(居)", "人员类别", "补助金额（元）", "一卡通账号", "联系电话", "家庭住址", "备注"}

func benchRow(i int) []string {
	return []string{fmt.Sprint(i + 1), "张  三", number(i), fmt.Sprintf("第%d村", i/100), "特困", "300.00", fmt.Sprintf("99999907%011d", i), "13800000000", "某县某乡某村", "无"}
}

func benchCSV(rows int) []byte {
	var b bytes.Buffer
	for i := -1; i < rows; i++ {
		row := benchHead
		if i >= 0 {
			row = benchRow(i)
		}
		for c, cell := range row {
			if c > 0 {
				b.WriteByte(',')
			}
			b.WriteString(cell)
		}
		b.WriteByte('\n')
	}
	return b.Bytes()
}

func benchXLSX(b testing.TB, rows int) []byte {
	f := excelize.NewFile()
	w, err := f.NewStreamWriter("Sheet1")
	if err != nil {
		b.Fatal(err)
	}
	for i := -1; i < rows; i++ {
		row := benchHead
		if i >= 0 {
			row = benchRow(i)
		}
		cells := make([]any, len(row))
		for c, cell := range row {
			cells[c] = cell
			if c == 5 && i >= 0 {
				cells[c] = 300
			}
		}
		if err := w.SetRow(fmt.Sprintf("A%d", i+2), cells); err != nil {
			b.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		b.Fatal(err)
	}
	var out bytes.Buffer
	if err := f.Write(&out); err != nil {
		b.Fatal(err)
	}
	return out.Bytes()
}

// A preview of 100,000 rows of CSV should take less than 2 s, one of 10,000
// rows of .xlsx less than 3 s.
func BenchmarkCSV(b *testing.B)  { benchPreview(b, benchCSV(100_000), 100_000) }
func BenchmarkXLSX(b *testing.B) { benchPreview(b, benchXLSX(b, 10_000), 10_000) }

func benchPreview(b *testing.B, data []byte, rows int) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for b.Loop() {
		g, err := Read(data)
		if err != nil {
			b.Fatal(err)
		}
		r := Understand(g, Options{File: "x", Form: domain.Cash})
		if r.People != rows || len(r.Errors) > 0 {
			b.Fatal(r.People, r.Errors[:min(len(r.Errors), 3)])
		}
		if err := r.Preview(&bytes.Buffer{}, domain.Zh); err != nil {
			b.Fatal(err)
		}
	}
	runtime.ReadMemStats(&after)
	b.ReportMetric(float64(after.HeapSys)/(1<<20), "MiB-heap")
}
