package domain

import (
	"fmt"
	"slices"
)

// Headcount is how many people a group or a collective line has, as exactly as it is
// known.
type Headcount struct {
	Relation Relation `json:"relation"`
	People   int      `json:"people,omitempty"`
}

// Relation says how the true number compares with the stated one.
type Relation string

// The relations of a stated number.
const (
	Exactly Relation = "="
	About   Relation = "~"
	AtLeast Relation = ">="
	Under   Relation = "<="
	Unknown Relation = "?"
)

var relations = []Relation{Exactly, About, AtLeast, Under, Unknown}

// check refuses a headcount without a relation, or whose number does not fit it.
func (h Headcount) check() error {
	if !slices.Contains(relations, h.Relation) || h.People < 0 || (h.People == 0) != (h.Relation == Unknown) {
		return refuse(FieldWrong, "headcount", fmt.Sprint(h.Relation, h.People))
	}
	return nil
}
