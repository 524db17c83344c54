package op

import (
	"errors"
	"math"
	"slices"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/internal/parallel"
	"github.com/mlodyssey/odyssey/tensor"
)

type largest struct {
	Axes []int // none: all of them
	Keep bool  // reduced axes stay, with size 1
}

// Max returns the largest element over axes, which disappear; over all axes where
// none is named. NaN wins. Equal elements share the gradient equally, as in
// PyTorch's amax. Negative axes count from the end.
func Max(x *autograd.Value, axes ...int) *autograd.Value {
	return autograd.Apply1(largest{Axes: slices.Clone(axes)}, x)
}

// MaxKeep is Max, but the axes stay, with size 1.
func MaxKeep(x *autograd.Value, axes ...int) *autograd.Value {
	return autograd.Apply1(largest{Axes: slices.Clone(axes), Keep: true}, x)
}

func (largest) Name() string { return "max" }

func (o largest) Infer(in []tensor.Spec) ([]tensor.Spec, error) {
	out, err := sum(o).Infer(in)
	if err == nil && reducedCount(in[0].Shape, o.Axes) == 0 {
		return nil, errors.New("want axes that are not empty")
	}
	return out, err
}

func (o largest) Forward(in, out []*tensor.Tensor) { o.Prepare(in, out)() }

// Prepare cuts the axes into stages, as those of a sum.
func (o largest) Prepare(in, out []*tensor.Tensor) func() {
	axes, _ := resolveAxes(o.Axes, in[0].Rank())
	stages := sumStages(in[0].Shape(), axes)
	return prepare(out[0].DType(),
		func() func() {
			return prepareStages(tensor.Data[float32](out[0]), tensor.Data[float32](in[0]), stages, prepareMaxStage)
		},
		func() func() {
			return prepareStages(tensor.Data[float64](out[0]), tensor.Data[float64](in[0]), stages, prepareMaxStage)
		})
}

func prepareMaxStage[T kernel.Float](s stage, dst, x []T) func() {
	if s.inner == 1 {
		return parallel.NewLoop(s.outer, 1+grain/s.n, func(lo, hi int) {
			for i := lo; i < hi; i++ {
				dst[i] = kernel.MaxOf(x[i*s.n : (i+1)*s.n])
			}
		}).Run
	}
	parts := pieces(s.inner, fill) // of a row
	return parallel.NewLoop(s.outer*parts, 1+grain/max(1, s.n*min(s.inner, fill)), func(lo, hi int) {
		for p := lo; p < hi; p++ {
			i, from := p/parts, p%parts*fill
			to := min(from+fill, s.inner)
			maxOfRows(dst[i*s.inner+from:i*s.inner+to], x[i*s.n*s.inner+from:], s.n, s.inner)
		}
	}).Run
}

// maxOfRows sets dst to the largest of n rows, each stride elements after the one
// before and as long as dst.
func maxOfRows[T kernel.Float](dst, x []T, n, stride int) {
	copy(dst, x)
	for r := 1; r < n; r++ {
		kernel.Maximum(dst, dst, x[r*stride:][:len(dst)])
	}
}

// Block works along the axes of each example.
func (o largest) Block(in, _ []tensor.Spec, _ []bool) *Block {
	axes, _ := resolveAxes(o.Axes, in[0].Rank())
	if len(axes) == 0 || axes[0] == 0 {
		return nil
	}
	example := slices.Clone(in[0].Shape)
	example[0] = 1
	ofExample := sumStages(example, axes)
	return &Block{Split: []bool{true}, Plain: true, Prepare: func(blocks, _ []kernel.Block) BlockKernel {
		stages, scratch := stagesOfBlock(ofExample, blocks[0].Images())
		return typedBlock(in[0].DType, scratch,
			func(c *BlockCall) { maxBlock[float32](stages, c) },
			func(c *BlockCall) { maxBlock[float64](stages, c) })
	}}
}

func maxBlock[T kernel.Float](stages []stage, c *BlockCall) {
	dst, x, scratch := tensor.Data[T](c.Out[0]), tensor.Data[T](c.In[0]), tensor.Data[T](c.Scratch)
	for i, s := range stages {
		to := dst
		if i < len(stages)-1 {
			to, scratch = scratch[:s.outer*s.inner], scratch[s.outer*s.inner:]
		}
		for j := range s.outer {
			maxOfRows(to[j*s.inner:(j+1)*s.inner], x[j*s.n*s.inner:], s.n, s.inner)
		}
		x = to
	}
}

func (o largest) Backward(call *autograd.Call, grad []*autograd.Value) []*autograd.Value {
	x, kept := call.In[0], keptShape(call.In[0].Shape(), o.Axes)
	zero, one := Scalar(x.DType(), 0), Scalar(x.DType(), 1)
	is := Equal(x, Reshape(call.Out[0], kept...))
	share := Div(Reshape(grad[0], kept...), Reshape(Sum(Where(is, one, zero), o.Axes...), kept...))
	return []*autograd.Value{Where(is, share, zero)}
}

type smallest largest

// Min returns the smallest element over axes, as Max does the largest.
func Min(x *autograd.Value, axes ...int) *autograd.Value {
	return Apply1(smallest{Axes: slices.Clone(axes)}, x)
}

// MinKeep is Min, but the axes stay, with size 1.
func MinKeep(x *autograd.Value, axes ...int) *autograd.Value {
	return Apply1(smallest{Axes: slices.Clone(axes), Keep: true}, x)
}

func (smallest) Name() string { return "min" }

func (o smallest) Compose(in []*autograd.Value) []*autograd.Value {
	return []*autograd.Value{Neg(autograd.Apply1(largest(o), Neg(in[0])))}
}

var _ = register(Entry{
	Name: "max", Kind: Reduction, Formula: "max x over axes", Call: "Max(x, axes...)", Shapes: "any → without the axes",
	Kinks: "shared by equals",
	Reference: PerElement(func(o largest, in []Array, index []int) float64 {
		return slices.Max(reducedOf(in[0], o.Axes, o.Keep, index))
	}),
	Cases: []Case{
		{largest{}, []Arg{In(3, 5).Distinct()}},
		{largest{}, []Arg{In()}},
		{largest{Axes: []int{-1}}, []Arg{In(2, 3, 5).Distinct()}},
		{largest{Axes: []int{1}}, []Arg{In(2, 5, 3).Distinct()}},
		{largest{Axes: []int{1, 3}}, []Arg{In(2, 3, 2, 4).Distinct()}},
		{largest{Axes: []int{0, 2}, Keep: true}, []Arg{In(3, 2, 7).Distinct()}},
		{largest{Axes: []int{1}, Keep: true}, []Arg{In(3, 1)}},
		{largest{Axes: []int{1}}, []Arg{In(0, 3)}},
	},
})

var _ = register(Entry{
	Name: "min", Kind: Reduction, Formula: "min x over axes", Call: "Min(x, axes...)", Shapes: "any → without the axes",
	Kinks: "shared by equals",
	Reference: PerElement(func(o smallest, in []Array, index []int) float64 {
		least := math.Inf(1)
		eachReduced(in[0], o.Axes, o.Keep, index, func(v float64) { least = math.Min(least, v) })
		return least
	}),
	Cases: []Case{
		{smallest{}, []Arg{In(3, 5).Distinct()}},
		{smallest{}, []Arg{In(7).Distinct()}},
		{smallest{Axes: []int{-1}}, []Arg{In(2, 3, 5).Distinct()}},
		{smallest{Axes: []int{0, 2}, Keep: true}, []Arg{In(3, 2, 7).Distinct()}},
		{smallest{Axes: []int{1}, Keep: true}, []Arg{In(3, 1)}},
		{smallest{Axes: []int{1}}, []Arg{In(0, 3)}},
	},
})
