package op

import (
	"slices"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/internal/parallel"
	"github.com/mlodyssey/odyssey/tensor"
)

type sum struct {
	Axes []int // none: all of them
	Keep bool  // reduced axes stay, with size 1
}

// Sum returns the sum over axes, which disappear; over all axes where none is
// named. Negative axes count from the end. See docs/numerics.md for the order
// of the additions.
func Sum(x *autograd.Value, axes ...int) *autograd.Value {
	return autograd.Apply1(sum{Axes: slices.Clone(axes)}, x)
}

// SumKeep is Sum, but the axes stay, with size 1.
func SumKeep(x *autograd.Value, axes ...int) *autograd.Value {
	return autograd.Apply1(sum{Axes: slices.Clone(axes), Keep: true}, x)
}

func (sum) Name() string { return "sum" }

func (o sum) Infer(in []tensor.Spec) ([]tensor.Spec, error) {
	if err := wantFloats(in, 1); err != nil {
		return nil, err
	}
	axes, err := resolveAxes(o.Axes, in[0].Rank())
	if err != nil {
		return nil, err
	}
	shape := []int{}
	for i, size := range in[0].Shape {
		switch {
		case !slices.Contains(axes, i):
			shape = append(shape, size)
		case o.Keep:
			shape = append(shape, 1)
		}
	}
	return one(in[0].DType, shape...), nil
}

func (o sum) Forward(in, out []*tensor.Tensor) { o.Prepare(in, out)() }

// Prepare cuts the sum into stages.
func (o sum) Prepare(in, out []*tensor.Tensor) func() {
	axes, _ := resolveAxes(o.Axes, in[0].Rank())
	stages := sumStages(in[0].Shape(), axes)
	return prepare(out[0].DType(),
		func() func() {
			return prepareStages(tensor.Data[float32](out[0]), tensor.Data[float32](in[0]), stages, prepareStage)
		},
		func() func() {
			return prepareStages(tensor.Data[float64](out[0]), tensor.Data[float64](in[0]), stages, prepareStage)
		})
}

// stage is the reduction of [outer, n, inner] to [outer, inner].
type stage struct{ outer, n, inner int }

// sumStages cuts a sum into stages, from the innermost axes to the outermost:
// neighbouring axes are one stage, but axis 0 is a stage of its own, as the
// batch may be cut into blocks that are summed apart.
func sumStages(shape, axes []int) []stage {
	shape = slices.Clone(shape)
	var stages []stage
	for hi := len(axes) - 1; hi >= 0; {
		lo := hi
		for lo > 0 && axes[lo-1] == axes[lo]-1 && axes[lo-1] != 0 {
			lo--
		}
		first, last := axes[lo], axes[hi]
		stages = append(stages, stage{
			tensor.Elements(shape[:first]),
			tensor.Elements(shape[first : last+1]),
			tensor.Elements(shape[last+1:]),
		})
		for a := first; a <= last; a++ {
			shape[a] = 1
		}
		hi = lo - 1
	}
	return stages
}

// prepareStages does one stage after the other.
func prepareStages[T kernel.Float](dst, x []T, stages []stage, one func(s stage, dst, x []T) func()) func() {
	if len(stages) == 0 {
		return func() { copy(dst, x) }
	}
	var runs []func()
	for i, s := range stages {
		to := dst
		if i < len(stages)-1 {
			to = make([]T, s.outer*s.inner)
		}
		runs = append(runs, one(s, to, x))
		x = to
	}
	return inOrder(runs)
}

func prepareStage[T kernel.Float](s stage, dst, x []T) func() {
	if s.inner == 1 && s.n > kernel.Piece {
		return prepareLongSum(s, dst, x)
	}
	if s.inner == 1 {
		return parallel.NewLoop(s.outer, 1+grain/max(1, s.n), func(lo, hi int) {
			for i := lo; i < hi; i++ {
				dst[i] = kernel.Sum(x[i*s.n : (i+1)*s.n])
			}
		}).Run
	}
	pieces := (s.inner + fill - 1) / fill // of a row
	return parallel.NewLoop(s.outer*pieces, 1+grain/max(1, s.n*min(s.inner, fill)), func(lo, hi int) {
		for p := lo; p < hi; p++ {
			i, from := p/pieces, p%pieces*fill
			to := min(from+fill, s.inner)
			kernel.SumRows(dst[i*s.inner+from:i*s.inner+to], x[min(i*s.n*s.inner+from, len(x)):], s.n, s.inner)
		}
	}).Run
}

// prepareLongSum sums rows of many elements, piece by piece, and then the pieces.
func prepareLongSum[T kernel.Float](s stage, dst, x []T) func() {
	pieces := (s.n + kernel.Piece - 1) / kernel.Piece // of a row
	parts := make([]T, s.outer*pieces)
	loop := parallel.NewLoop(s.outer*pieces, 1, func(lo, hi int) {
		for p := lo; p < hi; p++ {
			from := p % pieces * kernel.Piece
			parts[p] = kernel.SumPiece(x[p/pieces*s.n+from:][:min(kernel.Piece, s.n-from)])
		}
	})
	return func() {
		loop.Run()
		for i := range dst {
			dst[i] = kernel.SumPiece(parts[i*pieces:][:pieces])
		}
	}
}

// PlaneSummer is an operation that may add up each plane of images [n c h w] over
// all examples. A recorded program then does so where the images are made.
type PlaneSummer interface {
	autograd.Op
	SumsPlanes(in []tensor.Spec) bool
}

// SumsPlanes reports whether the sum is over all axes but the channels.
func (o sum) SumsPlanes(in []tensor.Spec) bool {
	axes, err := resolveAxes(o.Axes, in[0].Rank())
	return err == nil && in[0].Rank() == 4 && slices.Equal(axes, []int{0, 2, 3}) && in[0].Shape[2]*in[0].Shape[3] <= kernel.Piece
}

// Block sums over the axes of each example, and over the examples by lanes.
func (o sum) Block(in, out []tensor.Spec, _ []bool) *Block {
	if in[0].Shape[0] > kernel.Piece { // summed in pieces, not by lanes
		return nil
	}
	axes, _ := resolveAxes(o.Axes, in[0].Rank())
	b := &Block{Split: []bool{true}, Plain: true}
	if len(axes) > 0 && axes[0] == 0 {
		b.Total, axes = SumLanes, axes[1:]
	}
	example := slices.Clone(in[0].Shape)
	example[0] = 1
	ofExample, layout := sumStages(example, axes), LayoutOf(in[0])
	b.Apart = len(ofExample) > 0 && ofExample[0].n*ofExample[0].inner == layout.Height*layout.Width
	b.Prepare = func(blocks, _ []kernel.Block) BlockKernel {
		stages, scratch := stagesOfBlock(ofExample, blocks[0].Images())
		plane := 0 // from what the first stage sums to the next, where that is more than it sums
		if b.Apart {
			plane = blocks[0].Plane()
		}
		return typedBlock(in[0].DType, scratch,
			func(c *BlockCall) { sumBlock[float32](stages, plane, c) },
			func(c *BlockCall) { sumBlock[float64](stages, plane, c) })
	}
	return b
}

// stagesOfBlock returns the stages for a block of examples side by side, and how
// many elements lie between them.
func stagesOfBlock(ofExample []stage, lanes int) (stages []stage, between int) {
	stages = slices.Clone(ofExample)
	for i := range stages {
		stages[i].inner *= lanes
		between += stages[i].outer * stages[i].inner
	}
	return stages, between
}

// Running keeps the sixteen partial sums of the batch: they go on from group to group,
// and the tree of docs/numerics.md adds them at the end.
func (o sum) Running(in []tensor.Spec) *RunningSum {
	axes, err := resolveAxes(o.Axes, in[0].Rank())
	if err != nil || len(axes) == 0 || axes[0] != 0 || in[0].Shape[0] > kernel.Piece { // else summed in pieces
		return nil
	}
	out, err := (sum{axes, o.Keep}).Infer(in)
	if err != nil {
		return nil
	}
	rest := slices.Clone(out[0].Shape)
	if o.Keep {
		rest = rest[1:]
	}
	return &RunningSum{
		State: tensor.NewSpec(in[0].DType, append([]int{kernel.Lanes}, rest...)...),
		Add: func(lanes *autograd.Value, in []*autograd.Value) *autograd.Value {
			x := in[0]
			if len(axes) > 1 {
				x = autograd.Apply1(sum{axes[1:], o.Keep}, x)
			}
			return addGroups(lanes, x)
		},
		Total: func(lanes *autograd.Value) *autograd.Value { return autograd.Apply1(sum{[]int{0}, o.Keep}, lanes) },
	}
}

// addGroups adds groups of 16 examples to sixteen partial sums, in order.
func addGroups(lanes, x *autograd.Value) *autograd.Value {
	n := x.Shape()[0]
	for first := 0; first < n; first += kernel.Lanes {
		group := x
		if n > kernel.Lanes {
			group = Slice(x, Range{Start: first, Stop: min(first+kernel.Lanes, n)})
		}
		if missing := first + kernel.Lanes - n; missing > 0 {
			after := make([]int, len(x.Shape()))
			after[0] = missing
			group = Pad(group, PadConfig{Before: make([]int, len(after)), After: after})
		}
		lanes = Add(lanes, group)
	}
	return lanes
}

func sumBlock[T kernel.Float](stages []stage, plane int, c *BlockCall) {
	dst, x, scratch := tensor.Data[T](c.Out[0]), tensor.Data[T](c.In[0]), tensor.Data[T](c.Scratch)
	if len(stages) == 0 {
		copy(dst, x)
	}
	for i, s := range stages {
		to := dst
		if i < len(stages)-1 {
			to, scratch = scratch[:s.outer*s.inner], scratch[s.outer*s.inner:]
		}
		step := s.n * s.inner
		if i == 0 && plane > 0 {
			step = plane
		}
		for j := range s.outer {
			kernel.SumRows(to[j*s.inner:(j+1)*s.inner], x[j*step:], s.n, s.inner)
		}
		x = to
	}
}

func (o sum) Backward(call *autograd.Call, grad []*autograd.Value) []*autograd.Value {
	x := call.In[0]
	return []*autograd.Value{BroadcastTo(Reshape(grad[0], keptShape(x.Shape(), o.Axes)...), x.Shape()...)}
}

// keptShape returns a shape whose axes, or all of them where none is named, have
// been reduced to size 1.
func keptShape(shape, axes []int) []int {
	axes, _ = resolveAxes(axes, len(shape))
	kept := slices.Clone(shape)
	for _, a := range axes {
		kept[a] = 1
	}
	return kept
}

// reducedCount returns how many elements of a shape a reduction over axes, or over
// all, makes one of.
func reducedCount(shape, axes []int) int {
	axes, _ = resolveAxes(axes, len(shape))
	n := 1
	for _, a := range axes {
		n *= shape[a]
	}
	return n
}

var _ = register(Entry{
	Name: "sum", Kind: Reduction, Formula: "Σ x over axes", Call: "Sum(x, axes...)", Shapes: "any → without the axes",
	Linear: [][]int{{0}},
	Reference: PerElement(func(o sum, in []Array, index []int) (total float64) {
		eachReduced(in[0], o.Axes, o.Keep, index, func(v float64) { total += v })
		return total
	}),
	Cases: []Case{
		{sum{}, []Arg{In()}},
		{sum{}, []Arg{In(3, 4, 5)}},
		{sum{Axes: []int{-1}}, []Arg{In(3, 40)}},
		{sum{Axes: []int{0}}, []Arg{In(35, 3)}},
		{sum{Axes: []int{0, 2, 3}}, []Arg{In(3, 2, 5, 7)}},
		{sum{Axes: []int{1}, Keep: true}, []Arg{In(2, 1, 3)}},
		{sum{Axes: []int{0, -1}, Keep: true}, []Arg{In(2, 0, 3)}},
		{sum{Axes: []int{1}}, []Arg{In(2, 0, 3)}},
		{sum{Axes: []int{0}}, []Arg{In(0, 300)}},
	},
})
