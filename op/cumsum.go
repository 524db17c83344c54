package op

import (
	"slices"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/internal/parallel"
	"github.com/mlodyssey/odyssey/tensor"
)

type cumSum struct {
	Axis    int
	Reverse bool // from the end
}

// CumSum returns, for each element, the sum of those up to it along an axis, added
// one after the other. A negative axis counts from the end.
func CumSum(x *autograd.Value, axis int) *autograd.Value {
	return autograd.Apply1(cumSum{Axis: axis}, x)
}

func (cumSum) Name() string { return "cumsum" }

func (o cumSum) Infer(in []tensor.Spec) ([]tensor.Spec, error) {
	out, err := sameAsInput(in)
	if err != nil {
		return nil, err
	}
	_, err = resolveAxis(o.Axis, in[0].Rank())
	return out, err
}

func (o cumSum) Forward(in, out []*tensor.Tensor) { o.Prepare(in, out)() }

// Prepare shares out the columns.
func (o cumSum) Prepare(in, out []*tensor.Tensor) func() {
	return prepare(out[0].DType(),
		func() func() { return prepareCumSum[float32](o, in[0], out[0]) },
		func() func() { return prepareCumSum[float64](o, in[0], out[0]) })
}

func prepareCumSum[T kernel.Float](o cumSum, in, out *tensor.Tensor) func() {
	y, x := tensor.Data[T](out), tensor.Data[T](in)
	axis, _ := resolveAxis(o.Axis, in.Rank())
	s := around(in.Shape(), axis)
	parts := pieces(s.inner, fill) // of a row
	if s.n == 0 {
		parts = 0 // of no rows
	}
	return parallel.NewLoop(s.outer*parts, 1+grain/max(1, s.n*min(s.inner, fill)), func(lo, hi int) {
		for p := lo; p < hi; p++ {
			from := p % parts * fill
			at := p/parts*s.n*s.inner + from
			cumSumRows(y[at:], x[at:], s.n, min(fill, s.inner-from), s.inner, o.Reverse)
		}
	}).Run
}

// cumSumRows adds up n rows of some width, each stride elements after the one
// before.
func cumSumRows[T kernel.Float](y, x []T, n, width, stride int, reverse bool) {
	at, step := 0, stride
	if reverse {
		at, step = (n-1)*stride, -stride
	}
	for i := range n {
		row := y[at : at+width]
		copy(row, x[at:])
		if i > 0 {
			kernel.Add(row, y[at-step:][:width], row)
		}
		at += step
	}
}

// Block works along the axis of each example.
func (o cumSum) Block(in, _ []tensor.Spec, _ []bool) *Block {
	axis, _ := resolveAxis(o.Axis, in[0].Rank())
	if axis == 0 {
		return nil
	}
	s := around(in[0].Shape[1:], axis-1)
	return &Block{Split: []bool{true}, Plain: true, Prepare: func(_, _ []kernel.Block) BlockKernel {
		return typedBlock(in[0].DType, 0,
			func(c *BlockCall) { cumSumBlock[float32](s, o.Reverse, c) },
			func(c *BlockCall) { cumSumBlock[float64](s, o.Reverse, c) })
	}}
}

func cumSumBlock[T kernel.Float](s stage, reverse bool, c *BlockCall) {
	y, x, width := tensor.Data[T](c.Out[0]), tensor.Data[T](c.In[0]), s.inner*c.Lanes
	for outer := range s.outer {
		at := outer * s.n * width
		cumSumRows(y[at:], x[at:], s.n, width, width, reverse)
	}
}

func (o cumSum) Backward(_ *autograd.Call, grad []*autograd.Value) []*autograd.Value {
	return []*autograd.Value{autograd.Apply1(cumSum{o.Axis, !o.Reverse}, grad[0])}
}

var _ = register(Entry{
	Name: "cumsum", Kind: Reduction, Formula: "Σ of the elements up to each, along an axis", Call: "CumSum(x, axis)", Shapes: "any → the same",
	Linear: [][]int{{0}},
	Reference: PerElement(func(o cumSum, in []Array, index []int) (sum float64) {
		axis := (o.Axis + len(index)) % len(index)
		at := slices.Clone(index)
		lo, hi := 0, index[axis]
		if o.Reverse {
			lo, hi = index[axis], in[0].Shape()[axis]-1
		}
		for i := lo; i <= hi; i++ {
			at[axis] = i
			sum += in[0].At(at...)
		}
		return sum
	}),
	Cases: []Case{
		{cumSum{Axis: 0}, []Arg{In(5, 3)}},
		{cumSum{Axis: 1}, []Arg{In(2, 5, 3)}},
		{cumSum{Axis: -1}, []Arg{In(2, 3, 7)}},
		{cumSum{Axis: 1, Reverse: true}, []Arg{In(3, 4)}},
		{cumSum{Axis: 0}, []Arg{In(7)}},
		{cumSum{Axis: 1}, []Arg{In(3, 1)}},
		{cumSum{Axis: 1, Reverse: true}, []Arg{In(2, 0)}},
		{cumSum{Axis: 0}, []Arg{In(0, 300)}},
	},
})
