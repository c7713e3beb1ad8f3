// Command benchplot draws what `reliefledger bench --payments 10000,100000,…
// --json` measured as an SVG picture: how each figure grows with the payments.
//
//	reliefledger bench --payments 10000,100000,1000000 --json | benchplot > growth.svg
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/plotutil"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"

	"reliefledger.org/ledger/cmd/internal/bench"
)

func main() {
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "benchplot:", err)
		os.Exit(1)
	}
}

// panel is one of the pictures side by side: figures of one unit.
type panel struct {
	title, axis string
	figures     []string
}

var panels = []panel{
	{"commands stay flat", "payments a second", []string{"batch", "pay/64", "pay/1", "bare"}},
	{"reading grows with the events", "seconds", []string{"rebuild-seconds", "start-from-events", "start-books", "start", "as-of-date"}},
	{"what a payment takes", "bytes", []string{"disk/payment", "heap/payment", "state/payment", "snapshots/payment", "posted"}},
}

func run(in io.Reader, out io.Writer) error {
	var reports []bench.Report
	if err := json.NewDecoder(in).Decode(&reports); err != nil {
		return fmt.Errorf("read the reports of a bench with several --payments: %w", err)
	}
	if len(reports) < 2 {
		return errors.New("growth needs two sizes at least")
	}
	const width, height = 15 * vg.Centimeter, 12 * vg.Centimeter
	c := vgsvg.New(vg.Length(len(panels))*width, height)
	whole := draw.New(c)
	for i, p := range panels {
		picture, err := p.plot(reports)
		if err != nil {
			return err
		}
		left := vg.Length(i) * width
		picture.Draw(draw.Crop(whole, left+5*vg.Millimeter, left+width-whole.Max.X-5*vg.Millimeter, 2*vg.Millimeter, -5*vg.Millimeter))
	}
	_, err := c.WriteTo(out)
	return err
}

func (p panel) plot(reports []bench.Report) (*plot.Plot, error) {
	picture := plot.New()
	picture.Title.Text, picture.X.Label.Text, picture.Y.Label.Text = p.title, "payments", p.axis
	picture.X.Scale, picture.Y.Scale = plot.LogScale{}, plot.LogScale{}
	picture.X.Tick.Marker, picture.Y.Tick.Marker = plot.LogTicks{Prec: 0}, plot.LogTicks{Prec: -1}
	picture.Legend.Top = true
	picture.Add(plotter.NewGrid())
	for i, name := range p.figures {
		var line plotter.XYs
		for _, r := range reports {
			for _, f := range r.Figures {
				if f.Name == name && f.Value > 0 {
					line = append(line, plotter.XY{X: float64(r.Plan.Payments), Y: f.Value})
				}
			}
		}
		if len(line) == 0 {
			return nil, fmt.Errorf("the reports have no figure %q", name)
		}
		l, points, err := plotter.NewLinePoints(line)
		if err != nil {
			return nil, err
		}
		l.Color, points.Color, points.Shape = plotutil.Color(i), plotutil.Color(i), plotutil.Shape(i)
		picture.Add(l, points)
		picture.Legend.Add(name, l, points)
	}
	// Room for the legend above the lines.
	picture.Y.Max *= 8
	return picture, nil
}
