package gradcheck

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	_ "github.com/mlodyssey/odyssey/internal/fixedseed"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/random"
	"github.com/mlodyssey/odyssey/tensor"
	"pgregory.net/rapid"
)

// What the tests of properties draw: cases with other shapes, and inputs that are
// views of all kinds.

// drawnCase is a case of an entry, with other sizes.
type drawnCase struct {
	entry op.Entry
	i     int
	args  []op.Arg
}

// op returns the operation.
func (c drawnCase) op() op.Operation { return c.entry.Cases[c.i].Op }

// mostDrawn is how many elements an input of a drawn case has at most.
const mostDrawn = 500

// drawCase draws a case, and another size for each size in it: all axes that are
// alike stay so. Those that the operation does not take so stay as they are. Where
// there are indices, sizes only grow, so that they stay inside.
func drawCase(r *rapid.T, e op.Entry) drawnCase {
	c := drawnCase{entry: e, i: rapid.IntRange(0, len(e.Cases)-1).Draw(r, "case")}
	c.args = e.Cases[c.i].In
	indices := slices.ContainsFunc(c.args, func(a op.Arg) bool { return !a.Spec.DType.IsFloat() && !a.Spec.DType.IsPacked() })
	for _, size := range sizes(c.args) {
		to := rapid.SampledFrom([]int{1, 2, 3, 0, 5, 4, 7}).Draw(r, fmt.Sprintf("size %d becomes", size))
		if indices {
			to = size + to
		}
		if args := resized(c.args, size, to); fits(c.op(), args) {
			c.args = args
		}
	}
	return c
}

// sizes returns those of the axes, but for 1, which may be there to be repeated.
func sizes(args []op.Arg) []int {
	var all []int
	for _, a := range args {
		all = append(all, a.Spec.Shape...)
	}
	slices.Sort(all)
	return slices.DeleteFunc(slices.Compact(all), func(size int) bool { return size == 1 })
}

func resized(args []op.Arg, from, to int) []op.Arg {
	args = slices.Clone(args)
	for i, a := range args {
		args[i].Spec.Shape = slices.Clone(a.Spec.Shape)
		for axis, size := range a.Spec.Shape {
			if size == from {
				args[i].Spec.Shape[axis] = to
			}
		}
	}
	return args
}

func fits(o op.Operation, args []op.Arg) bool {
	var specs []tensor.Spec
	for _, a := range args {
		if a.Spec.Elements() > mostDrawn {
			return false
		}
		specs = append(specs, a.Spec)
	}
	_, err := op.Infer(o, specs)
	return err == nil
}

// view is a tensor and how it is made of a row-major one.
type view struct {
	base  *tensor.Tensor
	calls []viewCall // from the base on
}

// viewCall is a call of a method of tensor.Tensor that returns a view.
type viewCall struct {
	name string
	args []int
}

func (c viewCall) of(t *tensor.Tensor) *tensor.Tensor {
	switch c.name {
	case "Permute":
		return t.Permute(c.args...)
	case "Slice":
		return t.Slice(c.args[0], c.args[1], c.args[2])
	case "Step":
		return t.Step(c.args[0], c.args[1])
	default:
		return t.Expand(c.args...)
	}
}

func (v view) tensor() *tensor.Tensor {
	t := v.base
	for _, c := range v.calls {
		t = c.of(t)
	}
	return t
}

func tensorsOf(views []view) []*tensor.Tensor {
	var in []*tensor.Tensor
	for _, v := range views {
		in = append(in, v.tensor())
	}
	return in
}

// drawInputs draws inputs of a case, floats of a type, that are views or not;
// definite matrices are not.
func drawInputs(r *rapid.T, args []op.Arg, d tensor.DType, views bool) []view {
	var in []view
	for i, a := range args {
		label := fmt.Sprintf("input %d", i)
		v, shape := view{}, a.Spec.Shape
		for views && !a.Matrices && !a.Spec.DType.IsPacked() && len(shape) > 0 && len(v.calls) < 3 && rapid.Bool().Draw(r, label+" is a view") {
			var call viewCall
			call, shape = drawViewCall(r, label, shape)
			v.calls = append([]viewCall{call}, v.calls...)
		}
		v.base = drawElements(r, label, a, d, shape)
		in = append(in, v)
	}
	return in
}

// drawViewCall draws a call whose result has a shape, and gives the shape of what
// it is called on.
func drawViewCall(r *rapid.T, label string, shape []int) (viewCall, []int) {
	base := slices.Clone(shape)
	axis := rapid.IntRange(0, len(shape)-1).Draw(r, label+": axis")
	switch kind := rapid.SampledFrom([]string{"Permute", "Slice", "Step", "Expand"}).Draw(r, label+": view"); kind {
	case "Permute":
		axes := make([]int, len(shape))
		for i := range axes {
			axes[i] = i
		}
		axes = rapid.Permutation(axes).Draw(r, label+": axes")
		for i, a := range axes {
			base[a] = shape[i]
		}
		return viewCall{kind, axes}, base
	case "Slice":
		lo := rapid.IntRange(0, 2).Draw(r, label+": before")
		base[axis] += lo + rapid.IntRange(0, 2).Draw(r, label+": behind")
		return viewCall{kind, []int{axis, lo, lo + shape[axis]}}, base
	case "Step":
		step := rapid.IntRange(2, 3).Draw(r, label+": step")
		base[axis] *= step
		return viewCall{kind, []int{axis, step}}, base
	default:
		base[axis] = 1
		return viewCall{kind, slices.Clone(shape)}, base
	}
}

// drawElements draws a row-major tensor that an argument describes, but for its
// shape, and that values may be equal.
func drawElements(r *rapid.T, label string, a op.Arg, d tensor.DType, shape []int) *tensor.Tensor {
	n := tensor.Elements(shape)
	if to := a.Spec.DType; to.IsPacked() {
		a.Spec.DType = d
		return drawElements(r, label, a, d, shape).Convert(to)
	}
	if !a.Spec.DType.IsFloat() {
		index := rapid.SliceOfN(rapid.Int64Range(0, int64(a.Hi)-1), n, n).Draw(r, label)
		return tensor.FromSlice(index, shape...).Convert(a.Spec.DType)
	}
	if a.Matrices { // no other matrices will do
		a.Spec.Shape = shape
		return Sample(a, random.New(rapid.Uint64().Draw(r, label))).Convert(d)
	}
	// All bits of a number differ from those of others, so that the order of a sum
	// shows, but for those that shrinking has made simple.
	element := rapid.Map(rapid.IntRange(0, 1<<20), func(k int) float64 {
		if k < 16 {
			return max(a.Lo, math.Floor(a.Hi)) - float64(k%2)*0.5
		}
		at := math.Mod(float64(k)*math.Phi, 1)
		v := a.Lo + (a.Hi-a.Lo)*at
		if math.Abs(v) < a.Gap {
			v = a.Gap + at
		}
		return v
	})
	return tensor.FromSlice(rapid.SliceOfN(element, n, n).Draw(r, label), shape...).Convert(d)
}

// literal is Go for a view.
func (v view) literal() string {
	var b strings.Builder
	d := v.base.DType()
	fmt.Fprintf(&b, "tensor.FromSlice([]%v{%s}", d, strings.Join(elements(v.base), ", "))
	for _, size := range v.base.Shape() {
		fmt.Fprintf(&b, ", %d", size)
	}
	b.WriteByte(')')
	for _, c := range v.calls {
		var args []string
		for _, a := range c.args {
			args = append(args, strconv.Itoa(a))
		}
		fmt.Fprintf(&b, ".%s(%s)", c.name, strings.Join(args, ", "))
	}
	return b.String()
}

// elements returns Go for each element, in full precision.
func elements(t *tensor.Tensor) []string {
	bits := 64
	if t.DType() == tensor.Float32 {
		bits = 32
	}
	var all []string
	for i, v := range float64s(t) {
		switch {
		case t.DType().IsFloat():
			all = append(all, strconv.FormatFloat(v, 'g', -1, bits))
		case t.DType() == tensor.Bool:
			all = append(all, strconv.FormatBool(v != 0))
		case t.DType() == tensor.Int64: // not all of which a float64 holds
			all = append(all, strconv.FormatInt(tensor.Data[int64](t)[i], 10))
		default:
			all = append(all, strconv.Itoa(int(v)))
		}
	}
	return all
}
