package program

import (
	"math"
	"slices"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/random"
	"github.com/mlodyssey/odyssey/tensor"
	"pgregory.net/rapid"
)

// model is the variables of one copy of a program. Building the program for the
// first time makes them; building it again finds them.
type model struct {
	variables values
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
type builder func(m *model, in values) values

func (b builder) build(m *model, in values) values {
	m.next = 0
	return b(m, in)
}

func (b builder) compile(m *model, inputs []*tensor.Tensor, fast bool) *Program {
	var s specs
	for _, x := range inputs {
		s = append(s, x.Spec())
	}
	return compile(autograd.Record(m.variables, s, func(in values) values { return b.build(m, in) }), fast)
}

func (b builder) eager(m *model, inputs []*tensor.Tensor) []*tensor.Tensor {
	var in values
	for _, x := range inputs {
		in = append(in, autograd.Const(x.Clone()))
	}
	return tensorsOf(b.build(m, in))
}

func tensorsOf(v values) []*tensor.Tensor {
	var t []*tensor.Tensor
	for _, x := range v {
		t = append(t, x.Tensor())
	}
	return t
}

func clones(in []*tensor.Tensor) []*tensor.Tensor {
	var out []*tensor.Tensor
	for _, x := range in {
		out = append(out, x.Clone())
	}
	return out
}

// fataler is a test, of package testing or of rapid.
type fataler interface {
	Helper()
	Fatalf(format string, args ...any)
}

// wantSameRuns runs a program operation by operation, recorded and planned, and
// recorded plainly, several times on new inputs each, and compares outputs and
// variables bit by bit.
func wantSameRuns(t fataler, b builder, inputs func(run int) []*tensor.Tensor) {
	t.Helper()
	eager := &model{}
	want := b.eager(eager, inputs(0))
	fast, plain := eager.twin(), eager.twin()
	programs := map[string]*Program{"planned": b.compile(fast, inputs(0), true), "plain": b.compile(plain, inputs(0), false)}
	for run := range 3 {
		in := inputs(run)
		if run > 0 {
			want = b.eager(eager, in)
		}
		for how, m := range map[string]*model{"planned": fast, "plain": plain} {
			given := clones(in)
			out := programs[how].Run(given...)
			for i := range given {
				wantSame(t, how, "input", run, i, given[i], in[i])
			}
			for i := range want {
				wantSame(t, how, "output", run, i, out[i], want[i])
			}
			for i, v := range m.variables {
				wantSame(t, how, "variable", run, i, v.Tensor(), eager.variables[i].Tensor())
			}
		}
	}
}

func wantSame(t fataler, how, what string, run, i int, got, want *tensor.Tensor) {
	t.Helper()
	if !sameBits(got, want) {
		t.Fatalf("%s, run %d: %s %d is\n%v, want the bits of\n%v", how, run, what, i, got, want)
	}
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

// draw returns a tensor of values from -1 to 1.
func draw(d tensor.DType, seed uint64, shape ...int) *tensor.Tensor {
	t := tensor.New(tensor.Float64, shape...)
	s := random.New(seed)
	for i := range tensor.Data[float64](t) {
		tensor.Data[float64](t)[i] = s.Uniform(-1, 1)
	}
	return t.Convert(d)
}

// labels returns int64 values from 0 to classes-1.
func labels(seed uint64, classes int, shape ...int) *tensor.Tensor {
	t := tensor.New(tensor.Int64, shape...)
	s := random.New(seed)
	for i := range tensor.Data[int64](t) {
		tensor.Data[int64](t)[i] = int64(s.IntN(classes))
	}
	return t
}

// script is choices that were drawn, to be made again and again.
type script struct {
	choices []int
	at      int
}

// drawScript draws up to so many choices; rapid's own slices would be short.
func drawScript(r *rapid.T, most int) []int {
	n := rapid.SampledFrom([]int{most / 8, most / 4, most / 2, most}).Draw(r, "most")
	return rapid.SliceOfN(rapid.IntRange(0, 1<<20), n/2, n).Draw(r, "choices")
}

// pick returns a number below n; 0 when all choices have been made.
func (s *script) pick(n int) int {
	if s.at == len(s.choices) {
		return 0
	}
	s.at++
	return s.choices[s.at-1] % n
}

func (s *script) more() bool { return s.at < len(s.choices) }

func oneOf[T any](s *script, choices ...T) T { return choices[s.pick(len(choices))] }

// outputsAmong returns some of the values, as they are now.
func (s *script) outputsAmong(pool values) values {
	var out values
	for _, v := range pool {
		if s.pick(4) == 1 {
			out = append(out, v.Detach())
		}
	}
	return out
}
