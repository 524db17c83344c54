package op

import (
	"fmt"
	"math"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/tensor"
)

// Pow returns a^b, element by element, with NumPy's broadcasting. It is NaN for an a
// below 0 unless b is an integer. The gradient of a is 0 where b is 0, that of b
// where a is 0 and b is not negative.
func Pow(a, b *autograd.Value) *autograd.Value { return pow.of(a, b) }

var pow = newFunction2(Entry{
	Name: "pow", Kind: Arithmetic, Formula: "a^b", Call: "Pow(a, b)", Reference: OfTwo(math.Pow),
}, binary(kernel.Pow[float32], kernel.Pow[float64]), func(a Arg) Arg { return a.From(0.5, 2) }, anywhere, nil, nil)

func init() {
	pow.downA = func(a, b, y, grad *autograd.Value) *autograd.Value {
		zero := Scalar(a.DType(), 0)
		return Where(Equal(b, zero), zero, Mul(grad, Mul(b, Pow(a, shift(b, -1)))))
	}
	pow.downB = func(a, b, y, grad *autograd.Value) *autograd.Value {
		zero := Scalar(a.DType(), 0)
		return Where(And(Equal(a, zero), GreaterEqual(b, zero)), zero, Mul(grad, Mul(y, Log(a))))
	}
}

type powConst struct{ Exponent float64 }

// PowConst returns x^c. Its gradient is 0 for c = 0.
func PowConst(x *autograd.Value, c float64) *autograd.Value { return autograd.Apply1(powConst{c}, x) }

func (powConst) Name() string { return "pow_const" }

func (o powConst) Infer(in []tensor.Spec) ([]tensor.Spec, error) {
	if o.Exponent != o.Exponent {
		return nil, fmt.Errorf("want an exponent, not %v", o.Exponent)
	}
	return sameAsInput(in)
}

func (o powConst) Kernels() Kernels {
	return unary(
		func(dst, x []float32) { kernel.PowScalar(dst, x, o.Exponent) },
		func(dst, x []float64) { kernel.PowScalar(dst, x, o.Exponent) })
}

func (o powConst) Forward(in, out []*tensor.Tensor) { ForwardPointwise(o, in, out) }

func (o powConst) Backward(call *autograd.Call, grad []*autograd.Value) []*autograd.Value {
	x := call.In[0]
	if o.Exponent == 0 {
		return []*autograd.Value{Zeros(x.DType(), x.Shape()...)}
	}
	return []*autograd.Value{Mul(grad[0], Scale(PowConst(x, o.Exponent-1), o.Exponent))}
}

var _ = register(Entry{
	Name: "pow_const", Kind: Arithmetic, Formula: "x^c", Call: "PowConst(x, c)",
	Reference: PerElement(func(o powConst, in []Array, index []int) float64 { return math.Pow(in[0].At(index...), o.Exponent) }),
	Cases: append(unaryCases(powConst{3}, anywhere),
		Case{powConst{2}, []Arg{In(3, 7)}},
		Case{powConst{1}, []Arg{In(5)}},
		Case{powConst{0}, []Arg{In(2, 3)}},
		Case{powConst{-1}, []Arg{In(3, 3).From(0.3, 2)}},
		Case{powConst{0.5}, []Arg{In(3, 5).From(0.3, 2)}},
		Case{powConst{-1.75}, []Arg{In(2, 1, 7).From(0.3, 2)}}),
})
