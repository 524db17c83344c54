package op

import (
	"fmt"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/tensor"
)

// limits are the ends of a range: infinities for none.
type limits struct{ Min, Max float64 }

func (l limits) check() error {
	if !(l.Min <= l.Max) {
		return fmt.Errorf("want a minimum of at most the maximum, not %v and %v", l.Min, l.Max)
	}
	return nil
}

func (l limits) infer(in []tensor.Spec) ([]tensor.Spec, error) {
	if err := l.check(); err != nil {
		return nil, err
	}
	return sameAsInput(in)
}

func (l limits) kernels() Kernels {
	return unary(
		func(dst, x []float32) { kernel.Clip(dst, x, float32(l.Min), float32(l.Max)) },
		func(dst, x []float64) { kernel.Clip(dst, x, l.Min, l.Max) })
}

// reference gives elements of x, and how much of its gradient they get.
func (l limits) reference(x float64) (y, slope float64) {
	switch {
	case x < l.Min:
		return l.Min, 0
	case x > l.Max:
		return l.Max, 0
	}
	return x, 1
}

type clip limits

// Clip returns x, but lo below it and hi above. The gradient at lo and hi is that
// within. An infinite lo or hi is no limit.
func Clip(x *autograd.Value, lo, hi float64) *autograd.Value {
	return autograd.Apply1(clip{lo, hi}, x)
}

func (clip) Name() string { return "clip" }

func (o clip) Infer(in []tensor.Spec) ([]tensor.Spec, error) { return limits(o).infer(in) }

func (o clip) Kernels() Kernels { return limits(o).kernels() }

func (o clip) Forward(in, out []*tensor.Tensor) { ForwardPointwise(o, in, out) }

func (o clip) Backward(call *autograd.Call, grad []*autograd.Value) []*autograd.Value {
	return []*autograd.Value{autograd.Apply1(within{o.Min, o.Max, false}, call.In[0], grad[0])}
}

type hardTanh limits

// HardTanh is Clip, but its gradient at lo and hi is 0. The usual limits are -1 and 1.
func HardTanh(x *autograd.Value, lo, hi float64) *autograd.Value {
	return autograd.Apply1(hardTanh{lo, hi}, x)
}

func (hardTanh) Name() string { return "hard_tanh" }

func (o hardTanh) Infer(in []tensor.Spec) ([]tensor.Spec, error) { return limits(o).infer(in) }

func (o hardTanh) Kernels() Kernels { return limits(o).kernels() }

func (o hardTanh) Forward(in, out []*tensor.Tensor) { ForwardPointwise(o, in, out) }

func (o hardTanh) Backward(call *autograd.Call, grad []*autograd.Value) []*autograd.Value {
	return []*autograd.Value{autograd.Apply1(within{o.Min, o.Max, true}, call.In[0], grad[0])}
}

// within is how gradients pass what clips x: the upstream gradient g where x is
// within the limits, else 0. It is constant in x.
type within struct {
	Min, Max float64
	Open     bool // the limits themselves do not count
}

func (within) Name() string { return "within" }

func (o within) Infer(in []tensor.Spec) ([]tensor.Spec, error) {
	if err := (limits{o.Min, o.Max}).check(); err != nil {
		return nil, err
	}
	return broadcasts(in)
}

func (o within) Kernels() Kernels {
	return binary(
		func(dst, x, g []float32) { kernel.Within(dst, x, g, float32(o.Min), float32(o.Max), o.Open) },
		func(dst, x, g []float64) { kernel.Within(dst, x, g, o.Min, o.Max, o.Open) })
}

func (o within) Forward(in, out []*tensor.Tensor) { ForwardPointwise(o, in, out) }

func (o within) Backward(call *autograd.Call, grad []*autograd.Value) []*autograd.Value {
	x, g := call.In[0], call.In[1]
	return []*autograd.Value{
		Zeros(x.DType(), x.Shape()...),
		Unbroadcast(autograd.Apply1(o, x, grad[0]), g.Shape()),
	}
}

var _ = register(Entry{
	Name: "clip", Kind: Elementwise, Formula: "min(max(x, lo), hi)", Call: "Clip(x, lo, hi)", Kinks: "1 at lo and hi",
	Reference: PerElement(func(o clip, in []Array, index []int) float64 {
		y, _ := limits(o).reference(in[0].At(index...))
		return y
	}),
	Cases: append(unaryCases(clip{-1, 0.5}, anywhere), unaryCases(clip{0.25, 3}, anywhere)...),
})

var _ = register(Entry{
	Name: "hard_tanh", Kind: Activation, Formula: "min(max(x, lo), hi)", Call: "HardTanh(x, lo, hi)", Kinks: "0 at lo and hi",
	Reference: PerElement(func(o hardTanh, in []Array, index []int) float64 {
		y, _ := limits(o).reference(in[0].At(index...))
		return y
	}),
	Cases: append(unaryCases(hardTanh{-1, 1}, anywhere), unaryCases(hardTanh{-1.25, 0.1}, anywhere)...),
})

var _ = register(Entry{
	Name: "within", Kind: Elementwise, Formula: "lo ≤ x ≤ hi ? g : 0", Kinks: "as said", Linear: [][]int{{1}},
	Reference: PerElement(func(o within, in []Array, index []int) float64 {
		_, slope := limits{o.Min, o.Max}.reference(in[0].At(index...))
		return slope * in[1].At(index...)
	}),
	Cases: append(broadcastCases(within{-1, 0.5, false}, anywhere), Case{within{-0.5, 1, true}, []Arg{In(7), In(7)}}),
})
