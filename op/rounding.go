package op

import (
	"math"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/kernel"
)

// Floor returns the largest integer not above x. Gradients stop here.
func Floor(x *autograd.Value) *autograd.Value { return floor.of(x) }

// Ceil returns the smallest integer not below x. Gradients stop here.
func Ceil(x *autograd.Value) *autograd.Value { return ceil.of(x) }

// Round returns the integer next to x, the even one of two. Gradients stop here.
func Round(x *autograd.Value) *autograd.Value { return round.of(x) }

// Trunc returns x without its fraction. Gradients stop here.
func Trunc(x *autograd.Value) *autograd.Value { return trunc.of(x) }

var (
	floor = newRounding("floor", "⌊x⌋", "Floor(x)", math.Floor)
	ceil  = newRounding("ceil", "⌈x⌉", "Ceil(x)", math.Ceil)
	round = newRounding("round", "x to the nearest integer, ties to even", "Round(x)", math.RoundToEven)
	trunc = newRounding("trunc", "x without its fraction", "Trunc(x)", math.Trunc)
)

func newRounding(name, formula, call string, f func(x float64) float64) step {
	return newStep(Entry{
		Name: name, Kind: Elementwise, Formula: formula, Call: call, Kinks: "none anywhere", Reference: OfOne(f),
	}, each(exactly[float32](f)), each(f), betweenJumps)
}

// exactly makes a function of a float type of one whose results need no rounding.
func exactly[T kernel.Float](f func(float64) float64) func(x T) T {
	return func(x T) T { return T(f(float64(x))) }
}

// betweenJumps keeps values off the jumps of all that rounds.
func betweenJumps(a Arg) Arg { return a.From(0.55, 0.95) }
