package op

import (
	"errors"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/tensor"
)

// And returns whether both a and b are true: bools, with NumPy's broadcasting.
func And(a, b *autograd.Value) *autograd.Value { return and.of(a, b) }

// Or returns whether a or b is true, as And does.
func Or(a, b *autograd.Value) *autograd.Value { return or.of(a, b) }

// Xor returns whether one of a and b is true, but not both, as And does.
func Xor(a, b *autograd.Value) *autograd.Value { return xor.of(a, b) }

// Not returns whether x is false.
func Not(x *autograd.Value) *autograd.Value { return not.of(x) }

var (
	and = newConnective("and", "a ∧ b", "And(a, b)", kernel.And, func(a, b float64) float64 { return a * b })
	or  = newConnective("or", "a ∨ b", "Or(a, b)", kernel.Or, func(a, b float64) float64 { return max(a, b) })
	xor = newConnective("xor", "a ⊻ b", "Xor(a, b)", kernel.Xor, func(a, b float64) float64 { return a + b - 2*a*b })
	not = newNot()
)

var errWantBools = errors.New("want inputs of bool")

// newConnective registers an operation on two bools.
func newConnective(name, formula, call string, f func(dst, a, b []bool), reference func(a, b float64) float64) *predicate {
	p := &predicate{name: name, inputs: 2, wants: errWantBools, loops: map[tensor.DType]elementLoop{tensor.Bool: ofTwo(f)}}
	register(Entry{
		Name: name, Kind: Logic, Formula: formula, Call: call, Shapes: "elementwise, of bools",
		Cases: broadcastCases(p, asMask), Reference: OfTwo(reference),
	})
	return p
}

func newNot() *predicate {
	p := &predicate{name: "not", inputs: 1, wants: errWantBools, loops: map[tensor.DType]elementLoop{tensor.Bool: ofOne(kernel.Not)}}
	register(Entry{
		Name: "not", Kind: Logic, Formula: "¬x", Call: "Not(x)", Shapes: "elementwise, of bools",
		Cases: unaryCases(p, asMask), Reference: OfOne(func(x float64) float64 { return 1 - x }),
	})
	return p
}

func asMask(a Arg) Arg { return Mask(a.Spec.Shape...) }
