package op

import (
	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/tensor"
)

// LeakyReLU returns x above 0 and slope x below; the usual slope is 0.01. Maas et al.,
// "Rectifier Nonlinearities Improve Neural Network Acoustic Models", 2013.
func LeakyReLU(x *autograd.Value, slope float64) *autograd.Value { return Apply1(leakyReLU{slope}, x) }

// PReLU is LeakyReLU with slopes that are learned: one, of shape [1], or one for each
// channel, which axis 1 of x has. He et al., "Delving Deep into Rectifiers", 2015.
func PReLU(x, slope *autograd.Value) *autograd.Value { return Apply1(prelu{}, x, slope) }

type leakyReLU struct{ Slope float64 }

func (leakyReLU) Name() string { return "leaky_relu" }

func (o leakyReLU) Compose(in []*autograd.Value) []*autograd.Value {
	x := in[0]
	return []*autograd.Value{leakOf(x, Scalar(x.DType(), o.Slope))}
}

type prelu struct{}

func (prelu) Name() string { return "prelu" }

func (prelu) Compose(in []*autograd.Value) []*autograd.Value {
	x, slope := in[0], in[1]
	rank, n := len(x.Shape()), slope.Spec().Elements()
	if len(slope.Shape()) != 1 || n != 1 && (rank < 2 || n != x.Shape()[1]) {
		tensor.Fail("prelu", nil, "want slopes [1], or one for each channel along axis 1")
	}
	if n > 1 {
		channels := make([]int, rank-1)
		for i := range channels {
			channels[i] = 1
		}
		channels[0] = n
		slope = Reshape(slope, channels...)
	}
	return []*autograd.Value{leakOf(x, slope)}
}

// leakOf returns x above 0 and slope x below.
func leakOf(x, slope *autograd.Value) *autograd.Value {
	return autograd.Apply1(leak{}, x.Detach(), slope, x)
}

// leak is g where x > 0, else w g, for inputs x, w and g: how values and gradients
// pass a leaky rectifier. It is constant in x.
type leak struct{}

func (leak) Name() string { return "leak" }

func (leak) Infer(in []tensor.Spec) ([]tensor.Spec, error) { return InferPointwise(in, 3) }

func (leak) Kernels() Kernels { return Kernels{kernel.Leak[float32], kernel.Leak[float64]} }

func (o leak) Forward(in, out []*tensor.Tensor) { ForwardPointwise(o, in, out) }

func (o leak) Backward(call *autograd.Call, grad []*autograd.Value) []*autograd.Value {
	x, w, g := call.In[0], call.In[1], call.In[2]
	down := make([]*autograd.Value, 3)
	if call.Needs[0] {
		down[0] = Zeros(x.DType(), x.Shape()...)
	}
	if call.Needs[1] {
		zero := Scalar(x.DType(), 0)
		down[1] = Unbroadcast(Where(Greater(x, zero), zero, Mul(grad[0], g)), w.Shape())
	}
	if call.Needs[2] {
		down[2] = Unbroadcast(autograd.Apply1(o, x, w, grad[0]), g.Shape())
	}
	return down
}

var _ = register(Entry{
	Name: "leak", Kind: Activation, Formula: "x > 0 ? g : w g", Kinks: "w at 0", Linear: [][]int{{2}},
	Reference: PerElement(func(_ leak, in []Array, index []int) float64 {
		if in[0].At(index...) > 0 {
			return in[2].At(index...)
		}
		return in[1].At(index...) * in[2].At(index...)
	}),
	Cases: []Case{
		{leak{}, []Arg{In().AwayFromZero(), In(), In()}},
		{leak{}, []Arg{In(3, 5).AwayFromZero(), In(), In(3, 5)}},
		{leak{}, []Arg{In(2, 3, 5).AwayFromZero(), In(3, 1), In(5)}},
		{leak{}, []Arg{In(0, 3).AwayFromZero(), In(1, 3), In(3)}},
	},
})

var _ = register(Entry{
	Name: "leaky_relu", Kind: Activation, Formula: "x > 0 ? x : slope · x", Call: "LeakyReLU(x, slope)", Kinks: "the slope at 0",
	Reference: PerElement(func(o leakyReLU, in []Array, index []int) float64 {
		if x := in[0].At(index...); x < 0 {
			return o.Slope * x
		}
		return in[0].At(index...)
	}),
	Cases: append(unaryCases(leakyReLU{0.01}, Arg.AwayFromZero), Case{leakyReLU{1.5}, []Arg{In(2, 7).AwayFromZero()}}),
})

var _ = register(Entry{
	Name: "prelu", Kind: Activation, Formula: "x > 0 ? x : slope · x", Call: "PReLU(x, slope)", Shapes: "[n c …], [c] or [1] → [n c …]", Kinks: "the slope at 0",
	Reference: PerElement(func(_ prelu, in []Array, index []int) float64 {
		x, channel := in[0].At(index...), 0
		if len(index) > 1 {
			channel = index[1]
		}
		if x > 0 {
			return x
		}
		return in[1].At(channel) * x
	}),
	Cases: []Case{
		{prelu{}, []Arg{In(5).AwayFromZero(), In(1)}},
		{prelu{}, []Arg{In(3, 5).AwayFromZero(), In(5)}},
		{prelu{}, []Arg{In(2, 3, 5).AwayFromZero(), In(3)}},
		{prelu{}, []Arg{In(2, 3, 1, 5).AwayFromZero(), In(3)}},
		{prelu{}, []Arg{In(2, 3, 5).AwayFromZero(), In(1)}},
		{prelu{}, []Arg{In(0, 3).AwayFromZero(), In(3)}},
	},
})
