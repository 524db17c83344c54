package op

import (
	"math"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/kernel"
)

// Root returns √x as Sqrt does, but its gradient at 0 is 0, not infinite: for the
// lengths of vectors, whose shortest has no direction.
func Root(x *autograd.Value) *autograd.Value { return root.of(x) }

var root = newFunction(Entry{
	Name: "root", Kind: Elementwise, Formula: "√x", Call: "Root(x)", Kinks: "0 at 0", Reference: OfOne(math.Sqrt),
}, kernel.Sqrt[float32], kernel.Sqrt[float64], positive, func(_, y, grad *autograd.Value) *autograd.Value {
	return Mul(grad, Scale(inverse.of(y), 0.5))
})

// inverse is 1/x, but 0 at 0.
var inverse = newFunction(Entry{
	Name: "inverse", Kind: Elementwise, Formula: "1/x, but 0 at 0", Kinks: "0 at 0", Reference: OfOne(func(x float64) float64 { return 1 / x }),
}, each(inverseOf[float32]), each(inverseOf[float64]), positive, nil)

func init() {
	inverse.down = func(_, y, grad *autograd.Value) *autograd.Value { return Neg(Mul(grad, Mul(y, y))) }
}

func inverseOf[T kernel.Float](x T) T {
	if x == 0 {
		return 0
	}
	return 1 / x
}
