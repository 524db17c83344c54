package op

import (
	"math"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/kernel"
)

// Floor returns the largest integer not above x. Gradients stop here.
func Floor(x *autograd.Value) *autograd.Value { return floor.of(x) }

var floor = newStep(Entry{
	Name: "floor", Kind: Elementwise, Formula: "⌊x⌋", Call: "Floor(x)", Kinks: "none anywhere", Reference: OfOne(math.Floor),
}, each(exactly[float32](math.Floor)), each(math.Floor), awayFromIntegers)

// exactly makes a function of a float type of one whose results need no rounding.
func exactly[T kernel.Float](f func(float64) float64) func(x T) T {
	return func(x T) T { return T(f(float64(x))) }
}

// awayFromIntegers keeps values off the jumps of what rounds.
func awayFromIntegers(a Arg) Arg { return a.From(0.05, 0.45) }
