package op

import (
	"fmt"
	"math"
	"slices"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/internal/parallel"
	"github.com/mlodyssey/odyssey/tensor"
)

// rowNorm is layer normalisation of rows or, where they are not centred first,
// RMS normalisation. A row has the last axes of x: those of gain, or one.
type rowNorm struct {
	Eps     float64
	centred bool
}

func (o rowNorm) Name() string {
	if o.centred {
		return "layer_norm"
	}
	return "rms_norm"
}

// Infer takes x, x and gain or, if centred, x, gain and bias.
func (o rowNorm) Infer(in []tensor.Spec) ([]tensor.Spec, error) {
	most := 2
	if o.centred {
		most = 3
	}
	if err := wantFloats(in, min(max(len(in), 1), most)); err != nil {
		return nil, err
	}
	if err := wantRows(o.Eps, in[0], in[1:]); err != nil {
		return nil, err
	}
	return one(in[0].DType, in[0].Shape...), nil
}

// wantRows checks that x has rows, and that others have the shape of one.
func wantRows(eps float64, x tensor.Spec, others []tensor.Spec) error {
	if !(eps >= 0) || math.IsInf(eps, 0) {
		return fmt.Errorf("want an eps of at least 0, not %v", eps)
	}
	if x.Rank() == 0 {
		return errNoAxis
	}
	for _, s := range others {
		if k := s.Rank(); k == 0 || k > x.Rank() || !slices.Equal(s.Shape, x.Shape[x.Rank()-k:]) || k != others[0].Rank() {
			return fmt.Errorf("want a gain, and a bias, of the last axes of %v", x.Shape)
		}
	}
	return nil
}

// rowsOf returns how many rows x has, and of how many elements.
func rowsOf(x []int, gain []int) (rows, n int) {
	axes := max(1, len(gain))
	first := len(x) - axes
	return tensor.Elements(x[:first]), tensor.Elements(x[first:])
}

func (o rowNorm) Forward(in, out []*tensor.Tensor) { o.Prepare(in, out)() }

// Prepare shares out the rows.
func (o rowNorm) Prepare(in, out []*tensor.Tensor) func() {
	return prepare(out[0].DType(),
		func() func() { return prepareRowNorm[float32](o, in, out[0]) },
		func() func() { return prepareRowNorm[float64](o, in, out[0]) })
}

func prepareRowNorm[T kernel.Float](o rowNorm, in []*tensor.Tensor, out *tensor.Tensor) func() {
	run := kernel.RMSNorm[T]
	if o.centred {
		run = kernel.LayerNorm[T]
	}
	y, x := tensor.Data[T](out), tensor.Data[T](in[0])
	var gain, bias []T
	var row []int
	if len(in) > 1 {
		gain, row = tensor.Data[T](in[1]), in[1].Shape()
	}
	if len(in) > 2 {
		bias = tensor.Data[T](in[2])
	}
	rows, n := rowsOf(in[0].Shape(), row)
	return parallel.NewLoop(rows, 1+grain/max(1, n), func(lo, hi int) {
		run(y[lo*n:hi*n], x[lo*n:hi*n], gain, bias, hi-lo, n, T(o.Eps))
	}).Run
}

func (o rowNorm) Backward(call *autograd.Call, grad []*autograd.Value) []*autograd.Value {
	in := append([]*autograd.Value{call.In[0], grad[0]}, call.In[1:]...)
	return autograd.Apply(rowNormGrad(o), in[:min(3, len(in))]...)[:len(call.In)]
}

// referenceOfRowNorm works row by row.
func referenceOfRowNorm(o Operation, in []Array) []Array {
	x, y := in[0], NewArray(in[0].Shape()...)
	_, n := splitLast(x.Shape())
	if len(in) > 1 {
		n = len(in[1].Data)
	}
	for i, v := range x.Data {
		first := i / n * n
		mean, scale := momentsOfRowNorm(x.Data[first:first+n], o.(rowNorm))
		y.Data[i] = (v - mean) * scale
		if len(in) > 1 {
			y.Data[i] *= in[1].Data[i%n]
		}
		if len(in) > 2 {
			y.Data[i] += in[2].Data[i%n]
		}
	}
	return []Array{y}
}
