package op

import (
	"math"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/tensor"
)

// Maximum returns the larger of a and b, element by element, with NumPy's
// broadcasting; NaN if one is. Where they are equal each gets half of the gradient.
func Maximum(a, b *autograd.Value) *autograd.Value { return maximum.of(a, b) }

// Minimum returns the smaller of a and b, as Maximum does the larger.
func Minimum(a, b *autograd.Value) *autograd.Value { return minimum.of(a, b) }

var maximum = newFunction2(Entry{
	Name: "maximum", Kind: Arithmetic, Formula: "max(a, b)", Call: "Maximum(a, b)", Kinks: "half each where equal", Reference: OfTwo(math.Max),
}, binary(kernel.Maximum[float32], kernel.Maximum[float64]), anywhere, anywhere,
	func(a, b, y, grad *autograd.Value) *autograd.Value { return Share(a, b, grad) },
	func(a, b, y, grad *autograd.Value) *autograd.Value { return Share(b, a, grad) })

var minimum = newFunction2(Entry{
	Name: "minimum", Kind: Arithmetic, Formula: "min(a, b)", Call: "Minimum(a, b)", Kinks: "half each where equal", Reference: OfTwo(math.Min),
}, binary(kernel.Minimum[float32], kernel.Minimum[float64]), anywhere, anywhere,
	func(a, b, y, grad *autograd.Value) *autograd.Value { return Share(b, a, grad) },
	func(a, b, y, grad *autograd.Value) *autograd.Value { return Share(a, b, grad) })

type share struct{}

// Share returns what a gets of the gradient g of the larger of a and b: g where it is
// that or one of them is NaN, half of it where they are equal, else 0. It is constant in
// a and b.
func Share(a, b, g *autograd.Value) *autograd.Value { return autograd.Apply1(share{}, a, b, g) }

func (share) Name() string { return "share" }

func (share) Infer(in []tensor.Spec) ([]tensor.Spec, error) { return InferPointwise(in, 3) }

func (share) Kernels() Kernels { return Kernels{kernel.Share[float32], kernel.Share[float64]} }

func (o share) Forward(in, out []*tensor.Tensor) { ForwardPointwise(o, in, out) }

func (share) Backward(call *autograd.Call, grad []*autograd.Value) []*autograd.Value {
	a, b, g := call.In[0], call.In[1], call.In[2]
	return []*autograd.Value{
		Zeros(a.DType(), a.Shape()...),
		Zeros(b.DType(), b.Shape()...),
		Unbroadcast(Share(a, b, grad[0]), g.Shape()),
	}
}

var _ = register(Entry{
	Name: "share", Kind: Arithmetic, Formula: "a > b ? g : a = b ? g/2 : 0", Call: "Share(a, b, g)", Kinks: "half where equal", Linear: [][]int{{2}},
	Reference: PerElement(func(_ share, in []Array, index []int) float64 {
		d := in[0].At(index...) - in[1].At(index...)
		return in[2].At(index...) * (1 + d/math.Abs(d)) / 2
	}),
	Cases: []Case{
		{share{}, []Arg{In(), In(), In()}},
		{share{}, []Arg{In(3, 5), In(3, 5), In(3, 5)}},
		{share{}, []Arg{In(2, 3, 5), In(3, 1), In(5)}},
		{share{}, []Arg{In(7), In(2, 1), In(2, 7)}},
		{share{}, []Arg{In(0, 3), In(1, 3), In(3)}},
	},
})
