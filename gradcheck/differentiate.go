package gradcheck

import (
	"math"
	"slices"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/random"
	"github.com/mlodyssey/odyssey/tensor"
)

// point is a function with an input and an upstream gradient, at which its
// derivatives are checked.
type point struct {
	f        Function
	in       []*tensor.Tensor
	upstream []*tensor.Tensor // nil for outputs that have no gradient
	smooth   []int            // the inputs that have a gradient
}

// differentiate checks first and second derivatives of f at one point, and
// returns how many partial derivatives it compared.
func (r *Report) differentiate(where string, f Function, args []op.Arg, s *random.Stream) (compared int) {
	p := point{f: f}
	for i, a := range args {
		p.in = append(p.in, Sample(a, s))
		if a.Spec.DType.IsFloat() {
			p.smooth = append(p.smooth, i)
			compared += p.in[i].Len()
		}
	}
	for _, y := range f(variables(p.in)) {
		switch y.DType() {
		case tensor.Float64:
			p.upstream = append(p.upstream, like(y.Spec(), s))
		case tensor.Float32:
			return 0 // its rounding drowns the differences
		default:
			p.upstream = append(p.upstream, nil)
		}
	}
	if r.final {
		r.wantRefusal(where+": a derivative", func() { p.first() })
		return compared
	}
	first := p.first()
	r.First = worse(r.First, first)
	if !(first <= FirstBound) {
		r.fail("%s: first derivative is off by %.2g, more than %.2g", where, first, FirstBound)
		return compared
	}
	if r.Once {
		r.wantRefusal(where+": a second derivative", func() { p.second(s) })
		return compared
	}
	second := p.second(s)
	r.Second = worse(r.Second, second)
	if !(second <= SecondBound) {
		r.fail("%s: second derivative is off by %.2g, more than %.2g", where, second, SecondBound)
	}
	return compared
}

// wantRefusal checks that asking for what is not there is an error.
func (r *Report) wantRefusal(what string, ask func()) {
	defer func() {
		if _, refused := recover().(*tensor.Error); !refused {
			r.fail("%s is said not to be there, but asking for it is no error", what)
		}
	}()
	ask()
}

// gradient returns the derivative of Σ upstream · f(in) with respect to the
// smooth inputs.
func (p *point) gradient(in, upstream []*autograd.Value, graph bool) []*autograd.Value {
	outputs, up := smoothOutputs(p.f(in), upstream)
	return autograd.Backward(outputs, up, pick(in, p.smooth), graph)
}

// first returns the error of the gradient.
func (p *point) first() (off float64) {
	value := func(in []*tensor.Tensor) float64 { return dot(p.f(variables(in)), p.upstream) }
	for j, g := range p.gradient(variables(p.in), variables(p.upstream), false) {
		off = worse(off, mismatch(value, p.in, p.smooth[j], g))
	}
	return off
}

// second returns the error of the derivative of Σ direction · gradient, for a
// random direction, with respect to the smooth inputs and to upstream.
func (p *point) second(s *random.Stream) (off float64) {
	var direction []*tensor.Tensor
	for _, i := range p.smooth {
		direction = append(direction, like(p.in[i].Spec(), s))
	}
	n := len(p.in)
	all := append(slices.Clone(p.in), p.upstream...)
	slope := func(all []*tensor.Tensor) float64 {
		v := variables(all)
		return dot(p.gradient(v[:n], v[n:], false), direction)
	}
	wrt := slices.Clone(p.smooth)
	for i, u := range p.upstream {
		if u != nil {
			wrt = append(wrt, n+i)
		}
	}
	v := variables(all)
	outputs, up := smoothOutputs(p.gradient(v[:n], v[n:], true), variables(direction))
	for j, g := range autograd.Backward(outputs, up, pick(v, wrt), false) {
		off = worse(off, mismatch(slope, all, wrt[j], g))
	}
	return off
}

func variables(tensors []*tensor.Tensor) []*autograd.Value {
	values := make([]*autograd.Value, len(tensors))
	for i, t := range tensors {
		switch {
		case t == nil:
		case t.DType().IsFloat():
			values[i] = autograd.Variable("", t)
		default:
			values[i] = autograd.Const(t)
		}
	}
	return values
}

func pick[T any](s []T, at []int) []T {
	var out []T
	for _, i := range at {
		out = append(out, s[i])
	}
	return out
}

// smoothOutputs leaves out outputs without a gradient.
func smoothOutputs(y, upstream []*autograd.Value) (outputs, up []*autograd.Value) {
	for i, v := range y {
		if v != nil && v.DType().IsFloat() {
			outputs, up = append(outputs, v), append(up, upstream[i])
		}
	}
	return outputs, up
}

// dot returns Σ weight · y over all outputs that have a weight. An output of nil
// is zero.
func dot(y []*autograd.Value, weight []*tensor.Tensor) float64 {
	var sum float64
	for i, w := range weight {
		if w == nil || y[i] == nil {
			continue
		}
		values := tensor.Data[float64](y[i].Tensor())
		for j, c := range tensor.Data[float64](w) {
			sum += c * values[j]
		}
	}
	return sum
}

// step is the distance between points of the difference quotient: its own
// error, step^4, and that of rounding, 1e-16/step, are then both near 1e-12.
const step = 5e-4

// allElements is how many elements of an input are moved one by one at most.
const allElements = 400

// mismatch compares the derivative of f with respect to x[i] with central
// differences of fourth order, relative to the largest partial derivative: for each
// element or, where these are too many, some of them and a direction that all are in.
func mismatch(f func([]*tensor.Tensor) float64, x []*tensor.Tensor, i int, analytic *autograd.Value) (off float64) {
	moved := slices.Clone(x)
	moved[i] = x[i].Clone()
	old, at := tensor.Data[float64](x[i]), tensor.Data[float64](moved[i])
	gradient := make([]float64, len(old))
	if analytic != nil {
		gradient = tensor.Data[float64](analytic.Tensor())
	}
	var scale float64
	for _, g := range gradient {
		scale = worse(scale, math.Abs(g))
	}
	compare := func(want, step float64, move func(by float64)) {
		around := func(steps float64) float64 {
			move(steps * step)
			return f(moved)
		}
		numeric := (8*(around(1)-around(-1)) - (around(2) - around(-2))) / (12 * step)
		copy(at, old)
		off, scale = worse(off, math.Abs(want-numeric)), worse(scale, math.Abs(numeric))
	}
	stride := (len(old) + allElements - 1) / allElements
	if stride > 1 {
		stride = len(old)/8 | 1
		signs, want := random.New(uint64(len(old))), 0.0
		direction := make([]float64, len(old))
		for j := range direction {
			direction[j] = float64(2*signs.IntN(2) - 1)
			want += direction[j] * gradient[j]
		}
		compare(want, step/math.Sqrt(float64(len(old))), func(by float64) {
			for j, d := range direction {
				at[j] = old[j] + float64(by*d)
			}
		})
	}
	for j := 0; j < len(old); j += max(stride, 1) {
		compare(gradient[j], step, func(by float64) { at[j] = old[j] + by })
	}
	return off / max(scale, 1e-3)
}
