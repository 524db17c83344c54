package op

import (
	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/tensor"
)

// Pointwise is an operation that works out each element of its output from the
// elements of its inputs at the same place, under NumPy's broadcasting. All are
// of one float type. Such an operation runs in any layout, and on any part of a
// tensor.
type Pointwise interface {
	autograd.Op
	Kernels() Kernels
}

// Kernels are the loops of a pointwise operation, one for each float type.
type Kernels struct {
	F32 Loop[float32]
	F64 Loop[float64]
}

// Loop sets each element of dst from those of up to three inputs of the same
// length, of which dst may be one. Those that the operation does not have are nil.
type Loop[T kernel.Float] func(dst, a, b, c []T)

// maxInputs is how many inputs a Loop takes.
const maxInputs = 3

// unary makes loops of kernels with one input.
func unary(f32 func(dst, x []float32), f64 func(dst, x []float64)) Kernels {
	return Kernels{
		func(dst, a, _, _ []float32) { f32(dst, a) },
		func(dst, a, _, _ []float64) { f64(dst, a) },
	}
}

// binary makes loops of kernels with two inputs.
func binary(f32 func(dst, a, b []float32), f64 func(dst, a, b []float64)) Kernels {
	return Kernels{
		func(dst, a, b, _ []float32) { f32(dst, a, b) },
		func(dst, a, b, _ []float64) { f64(dst, a, b) },
	}
}

// loop returns the loop for a type.
func (k Kernels) loop(d tensor.DType) elementLoop {
	if d == tensor.Float64 {
		return points[float64, float64, float64](k.F64)
	}
	return points[float32, float32, float32](k.F32)
}

// InferPointwise is Infer of a pointwise operation of n inputs.
func InferPointwise(in []tensor.Spec, n int) ([]tensor.Spec, error) {
	if err := wantFloats(in, n); err != nil {
		return nil, err
	}
	shape := in[0].Shape
	for _, s := range in[1:] {
		var err error
		if shape, err = tensor.Broadcast(shape, s.Shape); err != nil {
			return nil, err
		}
	}
	return one(in[0].DType, shape...), nil
}

// ForwardPointwise is Forward of a pointwise operation.
func ForwardPointwise(o Pointwise, in, out []*tensor.Tensor) { preparePointwise(o, in, out)() }

// preparePointwise is Prepare of a pointwise operation: the loop for the type of
// the tensors, over all processors.
func preparePointwise(o Pointwise, in, out []*tensor.Tensor) func() {
	return o.Kernels().loop(out[0].DType()).prepare(in, out[0])
}

// mixed is an operation like a Pointwise one, but its inputs and its output may be
// of different types.
type mixed interface {
	autograd.Op
	loop(in []tensor.Spec) elementLoop
}

// forwardMixed is Forward of a mixed operation.
func forwardMixed(o mixed, in, out []*tensor.Tensor) { prepareMixed(o, in, out)() }

func prepareMixed(o mixed, in, out []*tensor.Tensor) func() {
	return o.loop(specsOfTensors(in)).prepare(in, out[0])
}

func specsOfTensors(in []*tensor.Tensor) []tensor.Spec {
	specs := make([]tensor.Spec, len(in))
	for i, x := range in {
		specs[i] = x.Spec()
	}
	return specs
}
