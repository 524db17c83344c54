package gradcheck

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/tensor"
	"pgregory.net/rapid"
)

// The tests of this file draw shapes, views, types and elements for every
// operation of the table that a property should hold of. Where one does not, they
// print the smallest program that shows it.

// property holds of an operation, or ends the test.
type property func(r *rapid.T, e op.Entry)

// ofTable checks a property of each operation that it is about, of which there are
// at least a few.
func ofTable(t *testing.T, least int, about func(op.Entry) bool, holds property) {
	for _, e := range op.Table() {
		if about(e) {
			least--
			t.Run(e.Name, func(t *testing.T) { rapid.Check(t, func(r *rapid.T) { holds(r, e) }) })
		}
	}
	if least > 0 {
		t.Errorf("%d operations less than there should be", least)
	}
}

func drawType(r *rapid.T) tensor.DType {
	return rapid.SampledFrom([]tensor.DType{tensor.Float32, tensor.Float64}).Draw(r, "type")
}

// apply turns a panic into an error.
func apply(o op.Operation, in []*tensor.Tensor) (out []*autograd.Value, err error) {
	var r Report
	if !r.guard("panic", func() { out = op.Apply(o, constants(in)...) }) {
		err = fmt.Errorf("%s", r.Failures[0])
	}
	return out, err
}

// wantEqual fails where both sides of a property differ in a bit.
func wantEqual(r *rapid.T, c counterexample, o op.Operation, left, right []*tensor.Tensor) {
	got, err := apply(o, left)
	want, err2 := apply(o, right)
	if err != nil || err2 != nil {
		c.fail(r, fmt.Sprint(err, " and ", err2))
	}
	if found := differ(got, want); found != "" {
		c.fail(r, found)
	}
}

// differ says where two lists of values differ in a bit; all NaN are equal.
func differ(got, want []*autograd.Value) string {
	for i := range want {
		if !got[i].Spec().Equal(want[i].Spec()) {
			return fmt.Sprintf("output %d is %v and %v", i, got[i].Spec(), want[i].Spec())
		}
		g, w := got[i].Tensor(), want[i].Tensor()
		if !g.DType().IsFloat() && !g.Equal(w) {
			return fmt.Sprintf("output %d differs", i)
		}
		gs, ws := float64s(g), float64s(w)
		for j := range ws {
			if math.Float64bits(gs[j]) != math.Float64bits(ws[j]) && !(gs[j] != gs[j] && ws[j] != ws[j]) {
				return fmt.Sprintf("element %d of output %d is %v and %v", j, i, gs[j], ws[j])
			}
		}
	}
	return ""
}

func TestAnOperationOnViewsIsThatOnCopies(t *testing.T) {
	ofTable(t, 30, func(op.Entry) bool { return true }, viewsAreLikeCopies)
}

func viewsAreLikeCopies(r *rapid.T, e op.Entry) {
	c := drawCase(r, e)
	in := drawInputs(r, c.args, drawType(r), true)
	wantEqual(r, counterexample{"an operation on views should be that on copies", c, in, viewsAndCopies},
		c.op(), tensorsOf(in), clones(tensorsOf(in)))
}

// Elementwise operations broadcast.
func TestRepeatedInputsAreLikeExpandedOnes(t *testing.T) {
	ofTable(t, 4, func(e op.Entry) bool { return e.Shapes == "" && len(e.Cases[0].In) > 1 }, repeatingIsExpanding)
}

func repeatingIsExpanding(r *rapid.T, e op.Entry) {
	c := drawnCase{entry: e, i: rapid.IntRange(0, len(e.Cases)-1).Draw(r, "case")}
	shape := rapid.SliceOfN(rapid.IntRange(0, 4), 0, 4).Draw(r, "shape")
	whole := rapid.IntRange(0, len(e.Cases[c.i].In)-1).Draw(r, "the input that is not repeated")
	for i, a := range e.Cases[c.i].In {
		a.Spec.Shape = slices.Clone(shape)
		if i != whole {
			a.Spec.Shape = a.Spec.Shape[rapid.IntRange(0, len(shape)).Draw(r, "missing axes"):]
			for axis := range a.Spec.Shape {
				if rapid.Bool().Draw(r, "repeated") {
					a.Spec.Shape[axis] = 1
				}
			}
		}
		c.args = append(c.args, a)
	}
	in := drawInputs(r, c.args, drawType(r), false)
	var expanded []*tensor.Tensor
	for _, x := range tensorsOf(in) {
		expanded = append(expanded, x.Expand(shape...).Contiguous())
	}
	sides := fmt.Sprintf(repeatedAndExpanded, list(shape))
	wantEqual(r, counterexample{"repeating inputs should be expanding them", c, in, sides}, c.op(), tensorsOf(in), expanded)
}

func list(of []int) string {
	var s []string
	for _, v := range of {
		s = append(s, strconv.Itoa(v))
	}
	return strings.Join(s, ", ")
}

func TestLinearOperationsAreLinear(t *testing.T) {
	ofTable(t, 30, func(e op.Entry) bool { return e.Linear != nil }, linear)
}

func linear(r *rapid.T, e op.Entry) {
	c := drawCase(r, e)
	set := slices.DeleteFunc(slices.Clone(rapid.SampledFrom(e.Linear).Draw(r, "set")), func(i int) bool { return i >= len(c.args) })
	if len(set) == 0 {
		r.Skip("as of a bias, in a case without one")
	}
	x := drawInputs(r, c.args, tensor.Float64, false)
	y := slices.Clone(x)
	for _, i := range set {
		y[i] = drawInputs(r, c.args[i:i+1], tensor.Float64, false)[0]
	}
	const a, b = 1.75, -0.6
	sides := fmt.Sprintf(combined, len(x), list(set), a, b)
	found := counterexample{"f(ax + by) should be a f(x) + b f(y)", c, append(slices.Clone(x), y...), sides}
	var off float64
	var report Report
	if !report.guard("panic", func() { off = nonlinearity(c.op(), set, tensorsOf(x), tensorsOf(y), a, b) }) {
		found.fail(r, report.Failures[0])
	}
	if !(off <= LinearBound) {
		found.fail(r, fmt.Sprintf("off by %.2g", off))
	}
}

// Reductions and what sorts work along some axes: where the others lie does not
// show in a bit.
func TestReductionsDoNotDependOnTheLayout(t *testing.T) {
	ofTable(t, 3, func(e op.Entry) bool {
		along := axesOf(e.Cases[0].Op, 4)
		return (e.Kind == op.Reduction || e.Kind == op.Sorting) && (along != nil || strings.HasPrefix(e.Shapes, "[… n]")) && len(e.Cases[0].In) == 1
	}, layoutDoesNotShow)
}

// axesOf returns the axes that an operation works along, if its attributes say so.
func axesOf(o op.Operation, rank int) (axes []int) {
	v := reflect.Indirect(reflect.ValueOf(o))
	if f := v.FieldByName("Axes"); f.IsValid() {
		axes = slices.Clone(f.Interface().([]int))
		if len(axes) == 0 {
			for a := range rank {
				axes = append(axes, a)
			}
		}
	} else if f := v.FieldByName("Axis"); f.IsValid() {
		axes = []int{int(f.Int())}
	}
	for i, a := range axes {
		axes[i] = (a + rank) % max(1, rank)
	}
	return axes
}

func layoutDoesNotShow(r *rapid.T, e op.Entry) {
	c := drawnCase{entry: e}
	with := func(shape []int) bool {
		arg := e.Cases[c.i].In[0]
		arg.Spec.Shape = shape
		c.args = []op.Arg{arg}
		return fits(c.op(), c.args)
	}
	var choices [][2]int // a case and a number of axes that it takes
	for c.i = range e.Cases {
		for rank := range 5 {
			if with(slices.Repeat([]int{4}, rank)) {
				choices = append(choices, [2]int{c.i, rank})
			}
		}
	}
	choice := rapid.SampledFrom(choices).Draw(r, "case and axes")
	c.i = choice[0]
	rank := choice[1]
	shape := rapid.SliceOfN(rapid.SampledFrom([]int{1, 2, 3, 5, 19, 0}), rank, rank).Draw(r, "shape")
	if !with(shape) {
		r.Skip("as of too many elements, or too few")
	}
	along := axesOf(c.op(), rank)
	if along == nil {
		along = []int{rank - 1}
	}
	var others []int
	for a := range rank {
		if !slices.Contains(along, a) {
			others = append(others, a)
		}
	}
	to := make([]int, rank) // axis i of what is moved is axis to[i]
	for a := range to {
		to[a] = a
	}
	moved := others
	if len(others) > 1 {
		moved = rapid.Permutation(others).Draw(r, "moved")
	}
	for i, a := range others {
		to[a] = moved[i]
	}
	in := drawInputs(r, c.args, drawType(r), false)
	x := in[0].tensor()
	want, err := apply(c.op(), []*tensor.Tensor{x})
	got, err2 := apply(c.op(), []*tensor.Tensor{x.Permute(to...)})
	back := make([]int, rank)
	for i, a := range to {
		back[a] = i
	}
	if err == nil && len(want[0].Shape()) != rank { // the axes are gone
		back = back[:0]
		for _, a := range others {
			back = append(back, slices.Index(moved, a))
		}
	}
	found := counterexample{"the order of other axes should not show", c, in, fmt.Sprintf(movedAxes, list(to), list(back))}
	if err != nil || err2 != nil {
		found.fail(r, fmt.Sprint(err, " and ", err2))
	}
	for i, y := range got {
		got[i] = op.Permute(y, back...)
	}
	if where := differ(got, want); where != "" {
		found.fail(r, where)
	}
}
