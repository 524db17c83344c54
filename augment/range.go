package augment

import (
	"strconv"
	"strings"
)

// Range is the numbers from Lo to Hi, of which a transform draws one: uniformly,
// if it does not say otherwise. With Lo = Hi it is always that number (and
// takes a draw all the same).
type Range struct{ Lo, Hi float64 }

// Within returns the range from -v to v.
func Within(v float64) Range { return Range{-v, v} }

// Exactly returns the range of one number.
func Exactly(v float64) Range { return Range{v, v} }

// String returns the range as [Parse] reads it.
func (r Range) String() string {
	if r.Lo == r.Hi {
		return number(r.Lo)
	}
	return number(r.Lo) + ".." + number(r.Hi)
}

func (r Range) draw(w *Work) float64 { return w.Random.Uniform(r.Lo, r.Hi) }

func (r Range) holds(v float64) bool { return r.Lo <= v && v <= r.Hi }

// number writes a number as Parse reads it: without a +, which would end the transform.
func number(v float64) string {
	return strings.ReplaceAll(strconv.FormatFloat(v, 'g', -1, 64), "e+", "e")
}
