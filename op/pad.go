package op

import (
	"slices"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/tensor"
)

// PadMode says what padding holds.
type PadMode int

const (
	PadConstant  PadMode = iota // the same number everywhere
	PadReflect                  // the elements mirrored at the edge, which is not repeated
	PadReplicate                // the element at the edge
	PadCircular                 // the elements of the other end
)

// String returns the mode's name in PyTorch.
func (m PadMode) String() string {
	if m < PadConstant || m > PadCircular {
		return "unknown"
	}
	return [...]string{"constant", "reflect", "replicate", "circular"}[m]
}

// MarshalText makes JSON have the mode's name.
func (m PadMode) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// PadConfig is how much padding there is, and of what kind.
type PadConfig struct {
	Before, After []int // for each of the last axes, so many; nil: none
	Mode          PadMode
	Value         float64 // of PadConstant
}

type pad struct{ PadConfig }

// Pad returns x with padding around it.
func Pad(x *autograd.Value, cfg PadConfig) *autograd.Value {
	cfg.Before, cfg.After = slices.Clone(cfg.Before), slices.Clone(cfg.After)
	return Apply1(pad{cfg}, x)
}

func (pad) Name() string { return "pad" }

func (o pad) Compose(in []*autograd.Value) []*autograd.Value {
	x := in[0]
	before, after := o.check(in)
	if o.Mode == PadConstant {
		return []*autograd.Value{padConstant(x, before, after, o.Value)}
	}
	for axis := range before {
		if before[axis] > 0 || after[axis] > 0 {
			x = o.along(x, axis, before[axis], after[axis])
		}
	}
	return []*autograd.Value{x}
}

// check returns the padding of all axes.
func (o pad) check(in []*autograd.Value) (before, after []int) {
	shape := in[0].Shape()
	rank := len(shape)
	if max(len(o.Before), len(o.After)) > rank || slices.ContainsFunc(slices.Concat(o.Before, o.After), isNegative) {
		tensor.Fail("pad", specsOf(in), "want padding of up to %d axes, and no negative one, not %v and %v", rank, o.Before, o.After)
	}
	before = append(make([]int, rank-len(o.Before)), o.Before...)
	after = append(make([]int, rank-len(o.After)), o.After...)
	for axis, size := range shape {
		if most, ok := o.most(size); ok && max(before[axis], after[axis]) > most {
			tensor.Fail("pad", specsOf(in), "want %v padding of at most %d along axis %d, not %d and %d", o.Mode, most, axis, before[axis], after[axis])
		}
	}
	if o.Mode.String() == "unknown" {
		tensor.Fail("pad", specsOf(in), "want one of the modes of padding, not %d", int(o.Mode))
	}
	return before, after
}

// most returns how much padding an axis can have on a side, if that is limited.
func (o pad) most(size int) (most int, limited bool) {
	switch {
	case o.Mode == PadReflect:
		return max(0, size-1), true
	case o.Mode == PadCircular:
		return size, true
	}
	return 0, o.Mode == PadReplicate && size == 0
}

func padConstant(x *autograd.Value, before, after []int, value float64) *autograd.Value {
	shape := slices.Clone(x.Shape())
	var ranges []Range
	for axis, size := range x.Shape() {
		if before[axis]+after[axis] > 0 {
			shape[axis] += before[axis] + after[axis]
			ranges = append(ranges, Range{Axis: axis, Start: before[axis], Stop: before[axis] + size})
		}
	}
	if len(ranges) == 0 {
		return x
	}
	return autograd.Apply1(place{ranges, shape, value}, x)
}

// along pads one axis with parts of x.
func (o pad) along(x *autograd.Value, axis, before, after int) *autograd.Value {
	n := x.Shape()[axis]
	part := func(start, stop, step int) *autograd.Value {
		return Slice(x, Range{Axis: axis, Start: start, Stop: stop, Step: step})
	}
	edge := func(at, times int) *autograd.Value { return Repeat(part(at, at+1, 1), axis, times) }
	var head, tail *autograd.Value
	switch o.Mode {
	case PadReflect:
		head, tail = part(before, 0, -1), Flip(part(n-1-after, n-1, 1), axis)
	case PadReplicate:
		head, tail = edge(0, before), edge(n-1, after)
	case PadCircular:
		head, tail = part(n-before, n, 1), part(0, after, 1)
	}
	return Concat(axis, head, x, tail)
}

var _ = register(Entry{
	Name: "pad", Kind: Shape, Formula: "x with padding around it", Call: "Pad(x, cfg)", Shapes: "[… n …] → [… before+n+after …]",
	Reference: PerElement(func(o pad, in []Array, index []int) float64 {
		from := slices.Clone(index)
		for axis, n := range in[0].Shape() {
			if i := axis - (len(index) - len(o.Before)); i >= 0 {
				from[axis] -= o.Before[i]
			}
			switch at := from[axis]; {
			case at >= 0 && at < n:
			case o.Mode == PadConstant:
				return o.Value
			case o.Mode == PadReflect && at < 0:
				from[axis] = -at
			case o.Mode == PadReflect:
				from[axis] = 2*(n-1) - at
			case o.Mode == PadReplicate:
				from[axis] = max(0, min(at, n-1))
			default:
				from[axis] = (at + n) % n
			}
		}
		return in[0].At(from...)
	}),
	Cases: []Case{
		{pad{PadConfig{Before: []int{1, 2}, After: []int{0, 1}}}, []Arg{In(3, 5)}},
		{pad{PadConfig{Before: []int{1}, After: []int{1, 2}, Value: -1.5}}, []Arg{In(2, 1, 3)}},
		{pad{PadConfig{Before: []int{0, 2}, After: []int{1, 0}, Mode: PadReflect}}, []Arg{In(2, 2, 3)}},
		{pad{PadConfig{Before: []int{2, 1}, After: []int{1, 3}, Mode: PadReflect}}, []Arg{In(1, 2, 3, 4)}},
		{pad{PadConfig{Before: []int{2, 1}, After: []int{0, 3}, Mode: PadReplicate}}, []Arg{In(2, 1, 3, 2)}},
		{pad{PadConfig{Before: []int{3}, After: []int{1}, Mode: PadReplicate}}, []Arg{In(2, 3, 5)}},
		{pad{PadConfig{Before: []int{1, 0}, After: []int{1, 3}, Mode: PadCircular}}, []Arg{In(2, 2, 2, 3)}},
		{pad{PadConfig{Before: []int{1, 0}, After: []int{2, 0}}}, []Arg{In(0, 3)}},
		{pad{PadConfig{Before: []int{1}, After: []int{1}}}, []Arg{In(7)}},
	},
})
