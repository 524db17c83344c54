package program

import (
	"fmt"
	"math"
	"slices"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/tensor"
)

// model is the variables of one copy of a program that is compared with others.
// Building the program for the first time makes them; building it again finds
// them.
type model struct {
	variables []*autograd.Value
	start     []*tensor.Tensor // their elements before anything was assigned
	next      int
}

func (m *model) variable(trainable bool, elements func() *tensor.Tensor) *autograd.Value {
	if m.next == len(m.variables) {
		x := elements()
		v := autograd.Buffer("buffer", x)
		if trainable {
			v = autograd.Variable("parameter", x)
		}
		m.variables, m.start = append(m.variables, v), append(m.start, x.Clone())
	}
	m.next++
	return m.variables[m.next-1]
}

// twin returns a model whose variables are what those of m were at first.
func (m *model) twin() *model {
	t := &model{start: m.start}
	for i, v := range m.variables {
		if v.IsTrainable() {
			t.variables = append(t.variables, autograd.Variable(v.Name(), m.start[i]))
		} else {
			t.variables = append(t.variables, autograd.Buffer(v.Name(), m.start[i]))
		}
	}
	return t
}

// builder builds a program for a model; it does the same each time.
type builder func(m *model, in []*autograd.Value) []*autograd.Value

func (b builder) build(m *model, in []*autograd.Value) []*autograd.Value {
	m.next = 0
	return b(m, in)
}

func (b builder) compile(m *model, inputs []*tensor.Tensor, fast bool) *Program {
	var s []tensor.Spec
	for _, x := range inputs {
		s = append(s, x.Spec())
	}
	return compile(autograd.Record(m.variables, s, func(in []*autograd.Value) []*autograd.Value { return b.build(m, in) }), fast)
}

func (b builder) eager(m *model, inputs []*tensor.Tensor) []*tensor.Tensor {
	var in []*autograd.Value
	for _, x := range inputs {
		in = append(in, autograd.Const(x.Clone()))
	}
	return tensorsOf(b.build(m, in))
}

// sameRuns runs a program operation by operation, recorded and planned, and
// recorded plainly, several times on new inputs each, once views, and compares outputs
// and variables bit by bit. It returns the planned one.
func sameRuns(b builder, inputs func(run int) []*tensor.Tensor) (*Program, error) {
	eager := &model{}
	want := b.eager(eager, inputs(0))
	fast, plain := eager.twin(), eager.twin()
	planned := b.compile(fast, inputs(0), true)
	recorded := []struct {
		how string
		*Program
		*model
	}{{"planned", planned, fast}, {"plain", b.compile(plain, inputs(0), false), plain}}
	for run := range 3 {
		in := inputs(run)
		if run > 0 {
			want = b.eager(eager, in)
		}
		for _, r := range recorded {
			given := clones(in)
			if run == 1 {
				given = strided(in)
			}
			out := r.Run(given...)
			err := sameTensors("input", given, in)
			if err == nil {
				err = sameTensors("output", out, want)
			}
			if err == nil {
				err = sameTensors("variable", tensorsOf(r.model.variables), tensorsOf(eager.variables))
			}
			if err != nil {
				return planned, fmt.Errorf("%s, run %d: %w", r.how, run, err)
			}
		}
	}
	return planned, nil
}

func sameTensors(what string, got, want []*tensor.Tensor) error {
	for i, w := range want {
		if !sameBits(got[i], w) {
			return fmt.Errorf("%s %d is\n%v, want the bits of\n%v", what, i, got[i], w)
		}
	}
	return nil
}

func clones(in []*tensor.Tensor) []*tensor.Tensor {
	var out []*tensor.Tensor
	for _, x := range in {
		out = append(out, x.Clone())
	}
	return out
}

// strided returns views with the same elements, that do not lie side by side.
func strided(in []*tensor.Tensor) []*tensor.Tensor {
	out := clones(in)
	for i, x := range in {
		if last := x.Rank() - 1; last >= 0 && !x.DType().IsPacked() {
			shape := slices.Clone(x.Shape())
			shape[last] *= 2
			out[i] = tensor.New(x.DType(), shape...).Step(last, 2)
			out[i].CopyFrom(x)
		}
	}
	return out
}

func tensorsOf(values []*autograd.Value) []*tensor.Tensor {
	var out []*tensor.Tensor
	for _, v := range values {
		out = append(out, v.Tensor())
	}
	return out
}

// sameBits is tensor.Equal, but takes all NaN for equal.
func sameBits(a, b *tensor.Tensor) bool {
	if a.Equal(b) || !a.Spec().Equal(b.Spec()) {
		return a.Equal(b)
	}
	switch a.DType() {
	case tensor.Float32:
		return slices.EqualFunc(tensor.Data[float32](a.Contiguous()), tensor.Data[float32](b.Contiguous()), func(x, y float32) bool {
			return x != x && y != y || math.Float32bits(x) == math.Float32bits(y)
		})
	case tensor.Float64:
		return slices.EqualFunc(tensor.Data[float64](a.Contiguous()), tensor.Data[float64](b.Contiguous()), func(x, y float64) bool {
			return x != x && y != y || math.Float64bits(x) == math.Float64bits(y)
		})
	}
	return false
}
