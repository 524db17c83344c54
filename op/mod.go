package op

import (
	"math"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/kernel"
)

// Mod returns a - ⌊a/b⌋ b, which has the sign of b, as Python's % does: element by
// element, with NumPy's broadcasting. The gradient takes no note of its jumps.
func Mod(a, b *autograd.Value) *autograd.Value { return mod.of(a, b) }

// FMod is Mod, but with the quotient rounded towards zero, so that it has the sign
// of a, as in C and Go.
func FMod(a, b *autograd.Value) *autograd.Value { return fmod.of(a, b) }

var (
	mod  = newMod("mod", "a - ⌊a/b⌋ b", "Mod(a, b)", math.Floor, binary(kernel.Mod[float32], kernel.Mod[float64]))
	fmod = newMod("fmod", "a - trunc(a/b) b", "FMod(a, b)", math.Trunc, binary(kernel.FMod[float32], kernel.FMod[float64]))
)

func newMod(name, formula, call string, whole func(float64) float64, k Kernels) *function2 {
	return newFunction2(Entry{
		Name: name, Kind: Arithmetic, Formula: formula, Call: call, Kinks: "as beside its jumps",
		Reference: OfTwo(func(a, b float64) float64 { return a - whole(a/b)*b }),
	}, k, func(a Arg) Arg { return a.From(5.1, 5.4) }, func(b Arg) Arg { return b.From(-2.4, -2.1) },
		func(_, _, _, grad *autograd.Value) *autograd.Value { return grad },
		func(a, b, y, grad *autograd.Value) *autograd.Value {
			quotient := Round(Div(Sub(a, y), b))
			return Neg(Mul(grad, quotient))
		})
}
