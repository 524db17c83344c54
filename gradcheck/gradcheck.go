// Package gradcheck holds gradients against what a function really does: the
// first and second derivatives of every operation in the table, or of a
// function of the user's own, against central differences in float64 under a
// random upstream gradient, float64 results against a plain reference, and
// float32 results against float64 ones.
package gradcheck

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"math"
	"slices"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/parallel"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/random"
	"github.com/mlodyssey/odyssey/tensor"
)

// The largest relative errors that pass.
const (
	ValueBound  = 1e-12
	LinearBound = 1e-12
	FirstBound  = 1e-6
	SecondBound = 1e-4
)

// Report is what a check found.
type Report struct {
	Name     string   `json:"name"`
	Kind     op.Kind  `json:"kind,omitempty"`
	Cases    int      `json:"cases"`
	Constant bool     `json:"constant"` // gradients stop here, or there is none: nothing to check
	Once     bool     `json:"once"`     // there is no second derivative
	Value    float64  `json:"value"`    // largest error of a result in float64 against the reference, relative to max(1, |value|)
	First    float64  `json:"first"`    // largest relative error of a first derivative
	Second   float64  `json:"second"`   // the same of a second derivative
	Float32  float64  `json:"float32"`  // largest error of float32 against float64
	Bound    float64  `json:"bound"`    // what Float32 may be
	Failures []string `json:"failures,omitempty"`

	final bool // asking for a derivative is an error
}

// Pass reports whether the check found nothing wrong.
func (r *Report) Pass() bool { return len(r.Failures) == 0 }

func (r *Report) fail(format string, args ...any) {
	r.Failures = append(r.Failures, fmt.Sprintf(format, args...))
}

// Function is what is checked: it maps inputs to outputs by operations.
type Function func(in []*autograd.Value) []*autograd.Value

// Check judges one operation on all of its cases.
func Check(e op.Entry) *Report {
	r := CheckValues(e)
	r.Once, r.final = e.Once != "", len(e.Cases) > 0 && op.IsFinal(e.Cases[0].Op)
	audit(r, e)
	differentiated := 0
	for i, c := range e.Cases {
		r.Constant = autograd.IsConstant(c.Op) || r.final
		run := func(in []*autograd.Value) []*autograd.Value { return op.Apply(c.Op, in...) }
		where := fmt.Sprintf("case %d %+v", i, c.Op)
		s := stream(e.Name, i)
		r.guard(where, func() { r.compareLinear(where, e.Linear, c, stream(e.Name+" is linear", i)) })
		if r.guard(where, func() { r.compareFloat32(where, run, c.In, s) }) {
			r.guard(where, func() { differentiated += r.differentiate(where, run, c.In, s) })
		}
	}
	if differentiated == 0 && !r.Constant && r.Pass() {
		r.fail("no case has a derivative that could be checked")
	}
	return r
}

// CheckValues holds an operation's results against its reference, if it has one,
// and nothing else.
func CheckValues(e op.Entry) *Report {
	r := &Report{Name: e.Name, Kind: e.Kind, Cases: len(e.Cases), Bound: cmp.Or(e.Bound, op.DefaultBound)}
	if e.Reference == nil {
		return r
	}
	for i, c := range e.Cases {
		where := fmt.Sprintf("case %d %+v", i, c.Op)
		r.guard(where, func() { r.compareReference(where, e.Reference, c, stream(e.Name, i)) })
	}
	return r
}

// compareReference runs an operation in float64 and by its reference.
func (r *Report) compareReference(where string, reference op.Reference, c op.Case, s *random.Stream) {
	var in []*autograd.Value
	var arrays []op.Array
	for _, a := range c.In {
		x := Sample(a, s)
		in, arrays = append(in, autograd.Const(x)), append(arrays, op.Array{Spec: x.Spec(), Data: float64s(x)})
	}
	out := op.Apply(c.Op, in...)
	for k, want := range reference(c.Op, arrays) {
		if got := out[k].Shape(); !slices.Equal(got, want.Shape()) {
			r.fail("%s: output %d is %v, the reference's %v", where, k, got, want.Shape())
			continue
		}
		var off float64
		for j, v := range float64s(out[k].Tensor()) {
			if w := want.Data[j]; v != w { // equal infinities are no difference
				off = worse(off, math.Abs(v-w)/max(1, math.Abs(w)))
			}
		}
		r.Value = worse(r.Value, off)
		if !(off <= ValueBound) {
			r.fail("%s: output %d is off by %.2g from the reference, more than %.2g", where, k, off, ValueBound)
		}
	}
}

// CheckFunction judges a function of the user's own on inputs drawn from the
// arguments, as Check does an operation.
func CheckFunction(name string, f Function, args ...op.Arg) *Report {
	r := &Report{Name: name, Cases: 1, Bound: op.DefaultBound}
	s := stream(name, 0)
	if r.guard(name, func() { r.compareFloat32(name, f, args, s) }) {
		r.guard(name, func() {
			if r.differentiate(name, f, args, s) == 0 {
				r.fail("nothing has a derivative that could be checked")
			}
		})
	}
	return r
}

func stream(name string, i int) *random.Stream {
	h := fnv.New64a()
	h.Write([]byte(name))
	return random.New(h.Sum64(), uint64(i))
}

// guard turns a panic into a failure and reports whether there was none.
func (r *Report) guard(where string, f func()) (ok bool) {
	defer func() {
		if v := recover(); v != nil {
			if p, nested := v.(*parallel.Panic); nested {
				v = p.Value
			}
			r.fail("%s: %v", where, v)
			ok = false
		}
	}()
	f()
	return true
}

// compareFloat32 runs the function on the same numbers in both types.
func (r *Report) compareFloat32(where string, f Function, args []op.Arg, s *random.Stream) {
	single, double := make([]*autograd.Value, len(args)), make([]*autograd.Value, len(args))
	for i, a := range args {
		t := Sample(a, s)
		single[i], double[i] = autograd.Const(t), autograd.Const(t)
		if a.Spec.DType.IsFloat() {
			t = t.Convert(tensor.Float32)
			single[i], double[i] = autograd.Const(t), autograd.Const(t.Convert(tensor.Float64))
		}
	}
	got, want := f(single), f(double)
	var off float64
	for i := range want {
		g, w := float64s(got[i].Tensor()), float64s(want[i].Tensor())
		for j := range w {
			off = worse(off, math.Abs(g[j]-w[j])/max(1, math.Abs(w[j])))
		}
	}
	r.Float32 = worse(r.Float32, off)
	if !(off <= r.Bound) {
		r.fail("%s: float32 is off by %.2g, more than %.2g", where, off, r.Bound)
	}
}

func float64s(t *tensor.Tensor) []float64 {
	return tensor.Data[float64](t.Convert(tensor.Float64))
}

// worse is max with NaN as the worst.
func worse(a, b float64) float64 {
	if b > a || b != b {
		return b
	}
	return a
}
