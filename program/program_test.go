package program

import (
	"slices"
	"strings"
	"testing"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/random"
	"github.com/mlodyssey/odyssey/tensor"
	"pgregory.net/rapid"
)

type (
	values = []*autograd.Value
	specs  = []tensor.Spec
)

func vector(v ...float64) *tensor.Tensor { return tensor.FromSlice(v, len(v)) }

func wantData(t *testing.T, what string, got *tensor.Tensor, want ...float64) {
	t.Helper()
	if !slices.Equal(tensor.Data[float64](got), want) {
		t.Errorf("%s is %v, want %v", what, tensor.Data[float64](got), want)
	}
}

// A step of descent on Σ(w-x)², as a program that changes w.
func TestAProgramAssignsVariables(t *testing.T) {
	w := autograd.Variable("w", vector(1, 2))
	p := Record(values{w}, specs{tensor.NewSpec(tensor.Float64, 2)}, func(in values) values {
		d := op.Sub(w, in[0])
		loss := op.Sum(op.Mul(d, d))
		g := autograd.Grad(loss, w)[0]
		autograd.Assign(w, op.Sub(w, op.Scale(g, 0.25)))
		return values{loss}
	})
	wantData(t, "w before", w.Tensor(), 1, 2)
	if loss := p.Run(vector(3, 2))[0].Item(); loss != 4 {
		t.Errorf("loss %v, want 4", loss)
	}
	wantData(t, "w", w.Tensor(), 2, 2)
	p.Run(vector(4, 4))
	wantData(t, "w", w.Tensor(), 3, 3)

	autograd.Assign(w, autograd.Const(vector(10, 10))) // moves its storage
	p.Run(vector(0, 10))
	wantData(t, "w after an assignment outside", w.Tensor(), 5, 10)
}

func TestAVariableReadAfterItsAssignmentIsTheNewOne(t *testing.T) {
	n := autograd.Buffer("n", vector(1))
	p := Record(values{n}, nil, func(values) values {
		before := op.Scale(n, 1)
		autograd.Assign(n, op.Scale(n, 2))
		autograd.Assign(n, op.Add(n, op.Scalar(tensor.Float64, 1)))
		return values{before, op.Scale(n, 1)}
	})
	for _, want := range [][2]float64{{1, 3}, {3, 7}, {7, 15}} {
		out := p.Run()
		wantData(t, "before", out[0], want[0])
		wantData(t, "after", out[1], want[1])
		wantData(t, "n", n.Tensor(), want[1])
	}
}

func TestVariablesCanChangePlaces(t *testing.T) {
	a, b := autograd.Buffer("a", vector(1, 2)), autograd.Buffer("b", vector(3, 4))
	p := Record(values{a, b}, nil, func(values) values {
		old, view := a.Detach(), op.Reshape(a.Detach(), 2, 1)
		autograd.Assign(a, b.Detach())
		autograd.Assign(b, old)
		return values{old, view, op.Scale(b, 1)}
	})
	out := p.Run()
	wantData(t, "a", a.Tensor(), 3, 4)
	wantData(t, "b", b.Tensor(), 1, 2)
	wantData(t, "the old a", out[0], 1, 2)
	wantData(t, "a view of the old a", out[1], 1, 2)
	wantData(t, "the new b", out[2], 1, 2)
	p.Run()
	wantData(t, "a", a.Tensor(), 1, 2)
	wantData(t, "b", b.Tensor(), 3, 4)
}

func TestAnAssignedVariableHasStorageOfItsOwn(t *testing.T) {
	a, b := autograd.Buffer("a", vector(1, 2)), autograd.Buffer("b", vector(3, 4))
	autograd.Assign(a, b)
	p := Record(values{b}, nil, func(values) values {
		autograd.Assign(b, op.Scale(b, 10))
		return nil
	})
	p.Run()
	wantData(t, "a", a.Tensor(), 3, 4)
	wantData(t, "b", b.Tensor(), 30, 40)
}

func TestAGradientAfterARunIsRefused(t *testing.T) {
	w := autograd.Variable("w", tensor.Scalar(3.0))
	y := op.Mul(w, w)
	Record(values{w}, nil, func(values) values {
		autograd.Assign(w, op.Scale(w, 10))
		return nil
	}).Run()
	defer func() {
		if err, _ := recover().(error); err == nil || !strings.Contains(err.Error(), `"w" was assigned`) {
			t.Errorf("recovered %v", err)
		}
	}()
	autograd.Grad(y, w)
}

func TestVariablesOverOneTensorAreApart(t *testing.T) {
	shared := vector(1, 2)
	a, b := autograd.Buffer("a", shared), autograd.Buffer("b", shared)
	Record(values{a}, nil, func(values) values {
		autograd.Assign(a, op.Scale(a, 10))
		return nil
	}).Run()
	wantData(t, "a", a.Tensor(), 10, 20)
	wantData(t, "b", b.Tensor(), 1, 2)
	wantData(t, "the tensor", shared, 1, 2)
}

func TestUnusedInstructionsAreLeftOut(t *testing.T) {
	p := Record(nil, specs{tensor.NewSpec(tensor.Float64, 2)}, func(in values) values {
		op.Exp(op.Exp(in[0]))
		return values{op.Neg(in[0])}
	})
	if p.Len() != 1 {
		t.Errorf("%d instructions, want 1", p.Len())
	}
}

func TestMemoryIsUsedAgain(t *testing.T) {
	const n, depth = 1000, 50
	p := Record(nil, specs{tensor.NewSpec(tensor.Float64, n)}, func(in values) values {
		x := in[0]
		for range depth {
			x = op.Neg(x)
		}
		return values{x}
	})
	if p.Memory() > 2*8*(n+64) {
		t.Errorf("a chain of %d takes %d bytes, want room for two results", depth, p.Memory())
	}
	if got := tensor.Data[float64](p.Run(tensor.Full(tensor.Float64, 3, n))[0]); got[0] != 3 || got[n-1] != 3 {
		t.Errorf("result %v", got[0])
	}
}

// Random programs give what the operations give one by one: no result is
// overwritten while somebody still wants it.
func TestRandomProgramsGiveTheSameBits(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		sizes := []int{1, 3, 40}
		v := autograd.Variable("v", fill(7, 40))
		twin := autograd.Variable("v", fill(7, 40))
		choices := rapid.SliceOfN(rapid.IntRange(0, 1<<20), 1, 40).Draw(r, "choices")
		build := func(v *autograd.Value) func(in values) values {
			return func(in values) values { return grow(append(values{v}, in...), choices) }
		}
		var in []*tensor.Tensor
		var inSpecs specs
		for i, n := range sizes {
			in = append(in, fill(uint64(i), n))
			inSpecs = append(inSpecs, in[i].Spec())
		}
		p := Record(values{v}, inSpecs, build(v))
		for range 3 {
			var constants values
			for _, x := range in {
				constants = append(constants, autograd.Const(x))
			}
			want := build(twin)(constants)
			for i, got := range p.Run(in...) {
				if !got.Equal(want[i].Tensor()) {
					r.Fatalf("output %d is %v, want %v", i, got, want[i].Tensor())
				}
			}
			if !v.Tensor().Equal(twin.Tensor()) {
				r.Fatalf("the variable is %v, want %v", v.Tensor(), twin.Tensor())
			}
		}
	})
}

func fill(seed uint64, n int) *tensor.Tensor {
	t := tensor.New(tensor.Float64, n)
	s := random.New(seed)
	for i := range tensor.Data[float64](t) {
		tensor.Data[float64](t)[i] = s.Uniform(-1, 1)
	}
	return t
}

// grow applies an operation for each choice to values chosen by it, assigns the
// variable, which is the first value, now and then, and returns some of the
// values.
func grow(pool values, choices []int) values {
	v := pool[0]
	for _, c := range choices {
		x, y := pool[c/8%len(pool)], pool[c/64%len(pool)]
		switch c % 7 {
		case 0:
			x = op.Neg(x)
		case 1:
			x = op.Tanh(x)
		case 2:
			x = op.Mul(op.BroadcastTo(op.Sum(x), 40), op.BroadcastTo(op.Sum(y), 40))
		case 3:
			x = op.Reshape(x, -1, 1)
		case 4:
			x = op.Add(op.Sum(x), op.Reshape(y, -1))
		case 5:
			autograd.Assign(v, op.Tanh(op.Add(op.BroadcastTo(op.Sum(x), 40), v)))
		case 6: // reads elements that it has overwritten, if given its input's memory
			x = op.Reshape(op.Permute(op.Reshape(op.BroadcastTo(op.Sum(x), 40), 5, 8), 1, 0), -1)
			x = op.Reshape(op.Permute(op.Reshape(op.Mul(x, v), 5, 8), 1, 0), -1)
		}
		pool = append(pool, x)
	}
	var out values
	for i := 1; i < len(pool); i += 3 {
		if pool[i] != v {
			out = append(out, pool[i].Detach())
		}
	}
	return out
}
