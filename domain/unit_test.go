package domain

import (
	"fmt"
	"testing"
)

// The rows of TestRefusals about units and programmes.
var unitRows = []refusalRow{
	{"-", "units and programmes", func(t *testing.T) {
		c := newCounty(t, noNotice(), 0)
		c.by(id(-2)).refused("2023-01-05", &CloseUnit{Unit: c.unit}, UnitHasOpen)
		parent := c.unit
		var err error
		for n := 0; err == nil && n <= maxDepth; n++ {
			var made ID
			made, err = c.do("2023-01-05", &RegisterUnit{Parent: parent, Name: fmt.Sprint("级", n), Division: "41"})
			parent = Made(made, "unit")
		}
		if err == nil {
			t.Error("units without end")
		}
		provoked[TooDeep] = true
		bad := noNotice()
		bad.Forms = []Form{"gold"}
		c.refused("2023-01-05", &DefineProgramme{Unit: c.unit, Name: "x", Terms: bad}, TermsWrong)
		c.mustDo("2023-01-06", &ReviseProgramme{Programme: c.programme, Terms: plainTerms()})
		c.mustDo("2023-01-07", &ReviseProgramme{Programme: c.programme, Ended: true})
		c.refused("2023-01-08", &ReviseProgramme{Programme: c.programme, Terms: plainTerms()}, NotOpen)
	}},
}
