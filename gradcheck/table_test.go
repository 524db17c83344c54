package gradcheck

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/tensor"
)

// The tests of this file range over the table: an operation is tested by being
// in it.

func TestDerivativesOfEveryOperation(t *testing.T) {
	for _, e := range op.Table() {
		t.Run(e.Name, func(t *testing.T) {
			for _, f := range Check(e).Failures {
				t.Error(f)
			}
		})
	}
}

// eachCase calls f with every case of the table, its float inputs in float32.
func eachCase(t *testing.T, f func(t *testing.T, c op.Case, in []*tensor.Tensor)) {
	for _, e := range op.Table() {
		for i, c := range e.Cases {
			t.Run(fmt.Sprintf("%s/%d", e.Name, i), func(t *testing.T) { f(t, c, sample32(e.Name, i, c)) })
		}
	}
}

func sample32(name string, i int, c op.Case) []*tensor.Tensor {
	s := stream(name, i)
	var in []*tensor.Tensor
	for _, a := range c.In {
		x := Sample(a, s)
		if a.Spec.DType.IsFloat() {
			x = x.Convert(tensor.Float32)
		}
		in = append(in, x)
	}
	return in
}

// results returns the outputs of an operation and the gradients of its float
// inputs under a fixed upstream gradient.
func results(o op.Operation, in []*autograd.Value) []*autograd.Value {
	out := op.Apply(o, in...)
	if autograd.IsConstant(o) || op.IsFinal(o) {
		return out
	}
	var wrt, smooth, upstream []*autograd.Value
	for _, v := range in {
		if v.DType().IsFloat() {
			wrt = append(wrt, v)
		}
	}
	s := stream(o.Name(), 1000)
	for _, y := range out {
		if y.DType().IsFloat() {
			smooth, upstream = append(smooth, y), append(upstream, autograd.Const(like(y.Spec(), s)))
		}
	}
	if len(smooth) == 0 || len(wrt) == 0 {
		return out
	}
	return append(out, autograd.Backward(smooth, upstream, wrt, false)...)
}

func eager(o op.Operation, in []*tensor.Tensor) []*tensor.Tensor {
	var out []*tensor.Tensor
	for _, v := range results(o, variables(in)) {
		out = append(out, v.Tensor())
	}
	return out
}

func wantSame(t *testing.T, what string, got, want []*tensor.Tensor) {
	t.Helper()
	for i := range want {
		if !got[i].Equal(want[i]) {
			t.Errorf("%s: result %d is\n%v, want the bits of\n%v", what, i, got[i], want[i])
		}
	}
}

func TestSameBitsOnEveryPathAndAnyNumberOfThreads(t *testing.T) {
	eachCase(t, func(t *testing.T, c op.Case, in []*tensor.Tensor) {
		sameBits(t, c.Op, in)
		for i, x := range in {
			if x.DType().IsFloat() {
				in[i] = x.Convert(tensor.Float64)
			}
		}
		sameBits(t, c.Op, in)
	})
}

func sameBits(t *testing.T, o op.Operation, in []*tensor.Tensor) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	restore := kernel.Use("portable")
	want := eager(o, in)
	restore()
	for _, path := range kernel.Paths() {
		for _, procs := range []int{1, 2, 5} {
			runtime.GOMAXPROCS(procs)
			restore := kernel.Use(path)
			got := eager(o, in)
			restore()
			wantSame(t, fmt.Sprintf("%s, %d threads", path, procs), got, want)
		}
	}
}

func TestOutputsAreWrittenWholeAndInputsLeftAlone(t *testing.T) {
	eachCase(t, func(t *testing.T, c op.Case, in []*tensor.Tensor) {
		before := clones(in)
		want := eager(c.Op, in)
		wantSame(t, "input after use", in, before)
		primitive, ok := c.Op.(autograd.Op)
		if !ok {
			return // writes nothing itself
		}
		var garbage []*tensor.Tensor
		for _, y := range autograd.Apply(primitive, variables(in)...) {
			g := tensor.New(y.DType(), y.Shape()...)
			junk := g.Bytes()
			for i := range junk {
				junk[i] = 0xff
				if g.DType() == tensor.Bool {
					junk[i] = 1
				}
			}
			if err := g.SetBytes(junk); err != nil {
				t.Fatal(err)
			}
			garbage = append(garbage, g)
		}
		primitive.Forward(in, garbage)
		wantSame(t, "output over garbage", garbage, want[:len(garbage)])
		wantSame(t, "input after Forward", in, before)
	})
}

func clones(in []*tensor.Tensor) []*tensor.Tensor {
	var out []*tensor.Tensor
	for _, t := range in {
		out = append(out, t.Clone())
	}
	return out
}

func TestViewsCountLikeCopies(t *testing.T) {
	eachCase(t, func(t *testing.T, c op.Case, in []*tensor.Tensor) {
		want := eager(c.Op, in)
		var views []*tensor.Tensor
		for _, x := range in {
			views = append(views, viewOf(x))
		}
		wantSame(t, "of views", eager(c.Op, views), want)
	})
}

// viewOf returns x as a transposed slice of a larger tensor.
func viewOf(x *tensor.Tensor) *tensor.Tensor {
	if x.Rank() == 0 || x.DType().IsPacked() { // which has no views
		return x
	}
	back := make([]int, x.Rank())
	shape := make([]int, x.Rank())
	for i := range back {
		back[i] = x.Rank() - 1 - i
		shape[i] = x.Shape()[back[i]]
	}
	last := len(shape) - 1
	size := shape[last]
	shape[last] += 3
	v := tensor.New(x.DType(), shape...).Slice(last, 2, 2+size).Permute(back...)
	v.CopyFrom(x)
	return v
}

func TestOneTensorPassedTwice(t *testing.T) {
	tried := 0
	eachCase(t, func(t *testing.T, c op.Case, in []*tensor.Tensor) {
		if len(in) < 2 || !in[0].Spec().Equal(in[1].Spec()) {
			return
		}
		tried++
		twin := append([]*tensor.Tensor{in[0], in[0].Clone()}, in[2:]...)
		same := append([]*tensor.Tensor{in[0], in[0]}, in[2:]...)
		wantSame(t, "passed twice", eager(c.Op, same), eager(c.Op, twin))
	})
	if tried == 0 {
		t.Error("no case has two inputs alike")
	}
}
