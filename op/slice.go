package op

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/tensor"
)

// Range is a part of an axis: the elements Start, Start+Step, … before Stop, or
// after it where Step is negative.
type Range struct {
	Axis  int // a negative one counts from the end
	Start int // a negative one counts from the end
	Stop  int // a negative one counts from the end; End: as far as the axis goes
	Step  int // 0 means 1
}

// End is the Stop of a Range that goes as far as its axis does, in either
// direction.
const End = math.MaxInt

type slice struct{ Ranges []Range }

// Slice returns the part of x that lies in ranges of some axes, and in all of the
// others.
func Slice(x *autograd.Value, ranges ...Range) *autograd.Value {
	return autograd.Apply1(slice{slices.Clone(ranges)}, x)
}

func (slice) Name() string { return "slice" }

// cut is a range of an axis, worked out: n elements from start on, step apart.
type cut struct{ start, n, step int }

// cutsOf returns a cut for each axis of a shape.
func cutsOf(ranges []Range, shape []int) ([]cut, error) {
	cuts := make([]cut, len(shape))
	for axis, size := range shape {
		cuts[axis] = cut{0, size, 1}
	}
	var axes []int
	for _, r := range ranges {
		axes = append(axes, r.Axis)
	}
	if len(axes) == 0 {
		return cuts, nil
	}
	if _, err := resolveAxes(axes, len(shape)); err != nil {
		return nil, err
	}
	for _, r := range ranges {
		axis := (r.Axis + len(shape)) % len(shape)
		c, ok := r.cut(shape[axis])
		if !ok {
			return nil, fmt.Errorf("want a range of the %d elements along axis %d, not %v", shape[axis], axis, r)
		}
		cuts[axis] = c
	}
	return cuts, nil
}

// String returns the range as Python writes it.
func (r Range) String() string {
	stop := fmt.Sprint(r.Stop)
	if r.Stop == End {
		stop = ""
	}
	return fmt.Sprintf("%d:%s:%d", r.Start, stop, cmp.Or(r.Step, 1))
}

// cut works out the range for an axis, and reports whether it lies within.
func (r Range) cut(size int) (c cut, ok bool) {
	step := cmp.Or(r.Step, 1)
	least, most, stop := 0, size, size // where the range may start, and where all of the axis stops
	if step < 0 {
		least, most, stop = min(0, size-1), size-1, -1
	}
	start := r.Start
	if start < 0 {
		start += size
	}
	switch {
	case r.Stop == End:
	case r.Stop < 0:
		stop = r.Stop + size
	default:
		stop = r.Stop
	}
	length := (stop - start) * sign(step)
	if start < least || start > most || stop > size || length < 0 || stop < 0 && r.Stop != End {
		return cut{}, false
	}
	return cut{start, (length + step*sign(step) - 1) / (step * sign(step)), step}, true
}

func sign(x int) int {
	if x < 0 {
		return -1
	}
	return 1
}

func (o slice) Infer(in []tensor.Spec) ([]tensor.Spec, error) {
	if err := wantInputs(in, 1); err != nil {
		return nil, err
	}
	cuts, err := cutsOf(o.Ranges, in[0].Shape)
	if err != nil {
		return nil, err
	}
	return one(in[0].DType, shapeOf(cuts)...), nil
}

func shapeOf(cuts []cut) []int {
	shape := make([]int, len(cuts))
	for axis, c := range cuts {
		shape[axis] = c.n
	}
	return shape
}

// along returns where the first element of cuts lies, and how far apart they lie,
// for the steps of what is cut along its axes; there may be more axes behind.
func along(cuts []cut, steps []int) (first int, cutSteps []int) {
	cutSteps = slices.Clone(steps)
	for axis, c := range cuts {
		if c.n > 0 {
			first += c.start * steps[axis]
		}
		cutSteps[axis] *= c.step
	}
	return first, cutSteps
}

func (o slice) Forward(in, out []*tensor.Tensor) { o.Prepare(in, out)() }

// Prepare shares out the rows.
func (o slice) Prepare(in, out []*tensor.Tensor) func() {
	x, y := in[0].Shape(), out[0].Shape()
	cuts, _ := cutsOf(o.Ranges, x)
	first, from := along(cuts, rowMajor(x, x))
	m := newMove(y, rowMajor(y, y), from)
	m.from = first
	return prepareMove(m, out[0], in[0])
}

// Block cuts each example.
func (o slice) Block(in, out []tensor.Spec, _ []bool) *Block {
	cuts, _ := cutsOf(o.Ranges, in[0].Shape)
	if cuts[0] != (cut{0, in[0].Shape[0], 1}) || !in[0].DType.IsFloat() {
		return nil
	}
	return &Block{Split: []bool{true}, Prepare: func(blocks, outs []kernel.Block) BlockKernel {
		first, from := along(cuts[1:], stepsOf(in[0], blocks[0]))
		m := newBlockMove(out[0].Shape, stepsOf(out[0], outs[0]), from, outs[0].Images())
		m.from, m.to = blocks[0].Offset(0, 0, 0)+first, outs[0].Offset(0, 0, 0)
		return movesKernel(in[0].DType, blockMove{0, 0, m})
	}}
}

func (o slice) Backward(call *autograd.Call, grad []*autograd.Value) []*autograd.Value {
	return []*autograd.Value{autograd.Apply1(place{o.Ranges, call.In[0].Shape(), 0}, grad[0])}
}

var _ = register(Entry{
	Name: "slice", Kind: Shape, Formula: "x at ranges of its axes", Call: "Slice(x, ranges...)", Shapes: "any → the sizes of the ranges",
	Linear: [][]int{{0}},
	Reference: PerElement(func(o slice, in []Array, index []int) float64 {
		return in[0].At(o.indexIn(in[0].Shape(), index)...)
	}),
	Cases: append(sliceCases(func(ranges []Range, shape []int) Case { return Case{slice{ranges}, []Arg{In(shape...)}} }),
		Case{slice{[]Range{{Axis: 1, Start: 1, Stop: End, Step: 2}}}, []Arg{Index(9, 3, 4)}}),
})

// indexIn is where an element of a slice lies in a shape, found by counting.
func (o slice) indexIn(shape, index []int) []int {
	at := slices.Clone(index)
	for _, r := range o.Ranges {
		axis := (r.Axis + len(shape)) % len(shape)
		at[axis] = (r.Start + shape[axis]) % shape[axis]
		for range index[axis] {
			at[axis] += cmp.Or(r.Step, 1)
		}
	}
	return at
}

// sliceCases are ranges that slices, and what undoes them, are judged on.
func sliceCases(of func(ranges []Range, shape []int) Case) []Case {
	return []Case{
		of([]Range{{Axis: 1, Start: 1, Stop: 3}}, []int{3, 5, 2}),
		of([]Range{{Axis: 1, Stop: End, Step: 2}, {Axis: -1, Start: -1, Stop: End, Step: -1}}, []int{2, 5, 3}),
		of([]Range{{Axis: 0, Start: -1, Stop: End, Step: -2}}, []int{7}),
		of([]Range{{Axis: 1, Start: 1, Stop: 2}, {Axis: 2, Start: -3, Stop: -1}, {Axis: 3, Start: 3, Stop: 0, Step: -2}}, []int{2, 2, 3, 4}),
		of([]Range{{Axis: 0, Start: 0, Stop: 1}}, []int{3, 1}),
		of([]Range{{Axis: 1, Start: 2, Stop: 2}}, []int{2, 3}),
		of([]Range{{Axis: 0, Stop: End}}, []int{0, 3}),
		of(nil, []int{}),
	}
}
