package op

import (
	"fmt"
	"math"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/internal/parallel"
	"github.com/mlodyssey/odyssey/tensor"
)

// The gradients of gain and bias are summed over at most mostRuns runs of equally
// many rows, leastRun or more, and then over the runs.
const (
	leastRun = 16
	mostRuns = 64
)

// rowNormGrad is the gradient of rowNorm: that of x from x, the gradient g of what
// it gives and, if there is one, gain; then those of gain and bias too.
type rowNormGrad rowNorm

func (o rowNormGrad) Name() string { return rowNorm(o).Name() + "_grad" }

func (o rowNormGrad) Infer(in []tensor.Spec) ([]tensor.Spec, error) {
	if err := wantFloats(in, min(max(len(in), 2), 3)); err != nil {
		return nil, err
	}
	if err := wantRows(o.Eps, in[0], in[2:]); err != nil {
		return nil, err
	}
	if !in[1].Equal(in[0]) {
		return nil, fmt.Errorf("want a gradient of %v", in[0])
	}
	out := one(in[0].DType, in[0].Shape...)
	if len(in) == 3 {
		out = append(out, in[2], in[2])
	}
	return out, nil
}

func (o rowNormGrad) Forward(in, out []*tensor.Tensor) { o.Prepare(in, out)() }

// Prepare shares out runs of rows.
func (o rowNormGrad) Prepare(in, out []*tensor.Tensor) func() {
	return prepare(out[0].DType(),
		func() func() { return prepareRowNormGrad(&scratch32, o, in, out) },
		func() func() { return prepareRowNormGrad(&scratch64, o, in, out) })
}

func prepareRowNormGrad[T kernel.Float](pool *parallel.Scratch[T], o rowNormGrad, in, out []*tensor.Tensor) func() {
	run := kernel.RMSNormGrad[T]
	if o.centred {
		run = kernel.LayerNormGrad[T]
	}
	dx, x, g := tensor.Data[T](out[0]), tensor.Data[T](in[0]), tensor.Data[T](in[1])
	if len(in) == 2 {
		rows, n := rowsOf(in[0].Shape(), nil)
		return parallel.NewLoop(rows, 1+grain/max(1, n), func(lo, hi int) {
			scratch := pool.Get(2 * n)
			defer pool.Put(scratch)
			run(dx[lo*n:hi*n], nil, nil, x[lo*n:hi*n], g[lo*n:hi*n], nil, hi-lo, n, T(o.Eps), *scratch)
		}).Run
	}
	rows, n := rowsOf(in[0].Shape(), in[2].Shape())
	gain, dgain, dbias := tensor.Data[T](in[2]), tensor.Data[T](out[1]), tensor.Data[T](out[2])
	most := max(leastRun, (rows+mostRuns-1)/mostRuns)
	runs := (rows + most - 1) / most
	sums := make([]T, 2*runs*n) // of gain and bias, of each run
	loop := parallel.NewLoop(runs, 1+grain/max(1, most*n), func(lo, hi int) {
		scratch := pool.Get(2 * n)
		defer pool.Put(scratch)
		for i := lo; i < hi; i++ {
			first, end := i*most, min((i+1)*most, rows)
			sum := sums[2*i*n : 2*(i+1)*n]
			clear(sum)
			run(dx[first*n:end*n], sum[:n], sum[n:], x[first*n:end*n], g[first*n:end*n], gain, end-first, n, T(o.Eps), *scratch)
		}
	})
	return func() {
		loop.Run()
		clear(dgain)
		clear(dbias)
		for i := range runs {
			kernel.Add(dgain, dgain, sums[2*i*n:(2*i+1)*n])
			kernel.Add(dbias, dbias, sums[(2*i+1)*n:2*(i+1)*n])
		}
	}
}

// Backward gives, with h = g·gain, z = (x - mean)·scale, M the mean of a row and P
// the gradient of normalising without a gain, under gradients u, v, w of the three
// outputs
//
//	x:    P(v·g - scale·(u·M(h·z) + h·M(u·z))) - scale·z·M(u·P(h))
//	g:    gain·P(u) + v·z + w
//	gain: Σ g·P(u) over the rows
func (o rowNormGrad) Backward(call *autograd.Call, grad []*autograd.Value) []*autograd.Value {
	var gain, v, w *autograd.Value
	if len(call.In) == 3 {
		gain, v, w = call.In[2], grad[1], grad[2]
	}
	r := o.rows(call.In[0], gain)
	g, h, gain, u, v, w := r.of(call.In[1]), r.of(call.In[1]), r.row(gain), r.of(grad[0]), r.row(v), r.row(w)
	if gain != nil {
		h = Mul(g, gain)
	}
	var downX, downG, downGain *autograd.Value
	if u != nil {
		p := r.grad(u)
		downG, downGain = p, Mul(g, p)
		if gain != nil {
			downG = Mul(p, gain)
		}
		crossed := Add(Mul(u, meanOfRows(Mul(h, r.z))), Mul(h, meanOfRows(Mul(u, r.z))))
		downX = Sub(r.grad(Neg(Mul(r.scale, crossed))), Mul(Mul(r.scale, r.z), meanOfRows(Mul(u, r.of(call.Out[0])))))
	}
	if v != nil {
		downX, downG = plus(downX, r.grad(Mul(v, g))), plus(downG, Mul(v, r.z))
	}
	if w != nil {
		downG = plus(downG, BroadcastTo(w, r.z.Shape()...))
	}
	down := []*autograd.Value{r.back(downX), r.back(downG)}
	if gain != nil {
		down = append(down, r.backRow(downGain))
	}
	return down
}

// normRows are the rows of x as a matrix, with what normalising them gives.
type normRows struct {
	o        rowNormGrad
	x, z     *autograd.Value // [rows n]
	scale    *autograd.Value // [rows 1]
	shape    []int           // of x as it was
	rowShape []int
}

func (o rowNormGrad) rows(x, gain *autograd.Value) normRows {
	r := normRows{o: o, shape: x.Shape(), rowShape: x.Shape()[len(x.Shape())-1:]}
	if gain != nil {
		r.rowShape = gain.Shape()
	}
	r.x = r.of(x)
	r.z = autograd.Apply1(rowNorm(o), r.x)
	off := r.x
	if o.centred {
		off = Sub(r.x, meanOfRows(r.x))
	}
	one := Scalar(x.DType(), 1)
	r.scale = Div(one, Sqrt(Add(meanOfRows(Mul(off, off)), Scalar(x.DType(), o.Eps))))
	return r
}

// grad is P.
func (r normRows) grad(g *autograd.Value) *autograd.Value { return autograd.Apply1(r.o, r.x, g) }

// of returns what has the shape of x as [rows n].
func (r normRows) of(v *autograd.Value) *autograd.Value {
	if v == nil {
		return nil
	}
	rows, n := rowsOf(r.shape, r.rowShape)
	return Reshape(v, rows, n)
}

// row returns what has the shape of a row as [n].
func (r normRows) row(v *autograd.Value) *autograd.Value {
	if v == nil {
		return nil
	}
	return Reshape(v, tensor.Elements(r.rowShape))
}

// back returns what has the shape of x from [rows n], 0 for nil.
func (r normRows) back(v *autograd.Value) *autograd.Value {
	if v == nil {
		return Zeros(r.x.DType(), r.shape...)
	}
	return Reshape(v, r.shape...)
}

// backRow returns the sum over the rows in the shape of a row, 0 for nil.
func (r normRows) backRow(v *autograd.Value) *autograd.Value {
	if v == nil {
		return Zeros(r.x.DType(), r.rowShape...)
	}
	return Reshape(Sum(v, 0), r.rowShape...)
}

// meanOfRows returns the mean along the last axis, which stays with size 1.
func meanOfRows(x *autograd.Value) *autograd.Value { return MeanKeep(x, -1) }

// plus adds values that may be nil, which is 0.
func plus(a, b *autograd.Value) *autograd.Value {
	if a == nil {
		return b
	}
	return Add(a, b)
}

// referenceOfRowNormGrad works out a row's gradient with sums over all of it.
func referenceOfRowNormGrad(o rowNormGrad, in []Array) []Array {
	x, g := in[0], in[1]
	gain := NewArray(x.Shape()[x.Spec.Rank()-1:]...)
	for i := range gain.Data {
		gain.Data[i] = 1
	}
	if len(in) == 3 {
		gain = in[2]
	}
	dx, dgain, dbias := NewArray(x.Shape()...), NewArray(gain.Shape()...), NewArray(gain.Shape()...)
	n := len(gain.Data)
	for first := 0; first < len(x.Data); first += n {
		mean, scale := momentsOfRowNorm(x.Data[first:first+n], rowNorm(o))
		for i := range n {
			z, up := (x.Data[first+i]-mean)*scale, g.Data[first+i]
			dgain.Data[i] += up * z
			dbias.Data[i] += up
			// ∂z[i]/∂x[j] = scale·((i = j) - 1/n - z[i]·z[j]/n), without 1/n where the mean is 0
			for j := range n {
				slope := -z * (x.Data[first+j] - mean) * scale / float64(n)
				if o.centred {
					slope -= 1 / float64(n)
				}
				if i == j {
					slope++
				}
				dx.Data[first+j] += up * gain.Data[i] * scale * slope
			}
		}
	}
	return []Array{dx, dgain, dbias}[:max(1, 3*(len(in)-2))]
}

// momentsOfRowNorm returns what is taken from a row's elements, and what they are
// then multiplied by.
func momentsOfRowNorm(row []float64, o rowNorm) (mean, scale float64) {
	mean, variance := momentsOf(row)
	if !o.centred {
		variance += mean * mean
		mean = 0
	}
	return mean, 1 / math.Sqrt(variance+o.Eps)
}

// rowNormGradCases are those of layer normalisation, or of RMS normalisation.
func rowNormGradCases(centred bool) []Case {
	o := func(eps float64) rowNormGrad { return rowNormGrad{eps, centred} }
	return []Case{
		{o(1e-5), []Arg{In(5).Distinct(), In(5), In(5)}},
		{o(1e-5), []Arg{In(3, 7).Distinct(), In(3, 7)}},
		{o(0.1), []Arg{In(19, 1), In(19, 1), In(1)}},
		{o(0.1), []Arg{In(2, 3, 3), In(2, 3, 3), In(3, 3)}},
		{o(0.1), []Arg{In(2, 1, 5), In(2, 1, 5), In(5)}},
		{o(0.1), []Arg{In(0, 3), In(0, 3), In(3)}},
		{o(0.1), []Arg{In(2, 0), In(2, 0), In(0)}},
	}
}

var _ = register(Entry{
	Name: "layer_norm_grad", Kind: Normalisation, Formula: "the gradients of layer_norm", Shapes: "[… n], [… n], [n] → [… n], [n], [n]",
	Linear: [][]int{{1}},
	Kinks:  "NaN for a constant row with ε = 0", Whole: "works along rows, and sums over them",
	Reference: func(o Operation, in []Array) []Array { return referenceOfRowNormGrad(o.(rowNormGrad), in) },
	Cases:     rowNormGradCases(true),
})

var _ = register(Entry{
	Name: "rms_norm_grad", Kind: Normalisation, Formula: "the gradients of rms_norm", Shapes: "[… n], [… n], [n] → [… n], [n], [n]",
	Linear: [][]int{{1}},
	Kinks:  "NaN for a row of zeros with ε = 0", Whole: "works along rows, and sums over them",
	Reference: func(o Operation, in []Array) []Array { return referenceOfRowNormGrad(o.(rowNormGrad), in) },
	Cases:     rowNormGradCases(false),
})
