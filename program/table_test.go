package program

import (
	"slices"
	"testing"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/tensor"
	"pgregory.net/rapid"
)

// scaledCasesOf has what scaledCases found, by the batch.
var scaledCasesOf = map[int][]scaled{}

// scaledCases returns the cases of the table with a batch along axis 0 of as many
// inputs as the operation takes so.
func scaledCases(n int) []scaled {
	cases, ok := scaledCasesOf[n]
	if ok {
		return cases
	}
	defer func() { scaledCasesOf[n] = cases }()
	for _, e := range op.Table() {
		for _, c := range e.Cases {
			if op.IsFinal(c.Op) {
				continue // as part of the gradients of another
			}
			if s, ok := scale(e.Name, c, n); ok {
				cases = append(cases, s)
			}
		}
	}
	return cases
}

func TestEveryOperationInPrograms(t *testing.T) {
	for _, e := range op.Table() {
		t.Run(e.Name, func(t *testing.T) {
			for _, f := range Check(e) {
				t.Error(f)
			}
		})
	}
}

// Random graphs of operations of the table, each applied to values at hand that it
// takes, or else to inputs of its own.
func TestRandomGraphsOfTheTableGiveTheSameBits(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		d := rapid.SampledFrom([]tensor.DType{tensor.Float32, tensor.Float64}).Draw(r, "type")
		n := rapid.SampledFrom([]int{16, 9, 35}).Draw(r, "batch")
		choices := drawScript(r, 120)
		var inputs []func(run int) *tensor.Tensor
		made := map[int]int{} // the place of an input among them, by when it is made
		b := func(m *model, in values) values {
			g := &tableGraph{script: script{choices: choices}, model: m, d: d, cases: scaledCases(n)}
			g.input = func(a op.Arg) *autograd.Value {
				k := g.inputs
				g.inputs++
				if _, ok := made[k]; !ok {
					made[k] = len(inputs)
					inputs = append(inputs, func(run int) *tensor.Tensor { return sample(a, d, uint64(k), uint64(run)) })
				}
				if k < len(in) {
					return in[k]
				}
				return autograd.Const(inputs[made[k]](0))
			}
			return g.build()
		}
		builder(b).eager(&model{}, nil) // tells the inputs
		wantSameRuns(r, b, func(run int) []*tensor.Tensor {
			var in []*tensor.Tensor
			for _, f := range inputs {
				in = append(in, f(run))
			}
			return in
		})
	})
}

// tableGraph is a graph being built by random choices.
type tableGraph struct {
	script
	*model
	d      tensor.DType
	cases  []scaled
	pool   []bounded
	input  func(op.Arg) *autograd.Value
	inputs int
	wrt    values
}

// bounded is a value and, if it is of integers, what they are known to lie below;
// 0 if nothing is known.
type bounded struct {
	*autograd.Value
	below int
}

const mostElements = 1 << 13

func (g *tableGraph) build() values {
	for len(g.pool) == 0 || g.more() {
		g.apply(g.cases[g.pick(len(g.cases))])
	}
	var out, smooth, up values
	for _, v := range g.pool {
		if v.NeedsGrad() && g.pick(3) == 1 {
			smooth, up = append(smooth, v.Value), append(up, op.Tanh(v.Detach()))
		}
		if g.pick(3) == 1 {
			out = append(out, v.Value)
		}
	}
	for i, grad := range autograd.Backward(smooth, up, g.wrt, false) {
		if grad != nil {
			autograd.Assign(g.wrt[i], op.Add(op.Scale(g.wrt[i], 0.5), op.Tanh(grad)))
		}
	}
	return append(out, g.pool[len(g.pool)-1].Value)
}

// indexes reports whether an input has indices.
func (c scaled) indexes() bool {
	return slices.ContainsFunc(c.args, func(a op.Arg) bool { return !a.Spec.DType.IsFloat() })
}

// holdsIndices reports whether the inputs have the sizes of the case, so that the
// indices of the case lie within them: a batch, which an index may go along too, may
// be larger.
func (c scaled) holdsIndices(s specs) bool {
	for i, a := range c.args {
		if a.Spec.Rank() != s[i].Rank() {
			return false
		}
		first := 0
		if c.batch[i] {
			first = 1
			if s[i].Shape[0] < a.Spec.Shape[0] {
				return false
			}
		}
		if !slices.Equal(a.Spec.Shape[first:], s[i].Shape[first:]) {
			return false
		}
	}
	return true
}

// apply applies an operation to values at hand, if some fit after a few tries.
func (g *tableGraph) apply(c scaled) {
	for range 3 {
		in := make([]bounded, len(c.args))
		for i := range in {
			if len(g.pool) > 0 && g.pick(4) > 0 {
				in[i] = g.pool[g.pick(len(g.pool))]
			}
		}
		if g.try(c, in) {
			return
		}
	}
	g.try(c, make([]bounded, len(c.args)))
}

// try applies an operation to values, and to new ones where there is none, and
// reports whether it could.
func (g *tableGraph) try(c scaled, in []bounded) bool {
	var s specs
	for i, a := range c.args {
		spec := tensor.Spec{DType: a.Spec.DType, Shape: a.Spec.Shape}
		if spec.DType.IsFloat() {
			spec.DType = g.d
		}
		if in[i].Value != nil {
			if a.Matrices {
				return false // any other may be singular
			}
			spec = in[i].Spec()
			if a.Spec.DType == tensor.Int64 && (in[i].below == 0 || in[i].below > int(a.Hi)) {
				return false
			}
		}
		s = append(s, spec)
	}
	out, err := op.Infer(c.op, s)
	if err != nil || slices.ContainsFunc(out, func(s tensor.Spec) bool { return s.Elements() > mostElements }) {
		return false
	}
	if c.indexes() && !c.holdsIndices(s) {
		return false
	}
	var args values
	for i, a := range c.args {
		if in[i].Value == nil {
			in[i] = g.fresh(c, i, a)
		}
		args = append(args, in[i].Value)
	}
	for _, y := range op.Apply(c.op, args...) {
		below := 0
		if c.name == "argmax_last" {
			below = s[0].Shape[len(s[0].Shape)-1]
		}
		g.pool = append(g.pool, bounded{y, below})
	}
	return true
}

func (g *tableGraph) fresh(c scaled, i int, a op.Arg) bounded {
	v := bounded{below: int(a.Hi)}
	switch {
	case c.batch[i]:
		v.Value = g.input(a)
	default:
		seed := uint64(g.next)
		v.Value = g.variable(a.Spec.DType.IsFloat(), func() *tensor.Tensor { return sample(a, g.d, seed, 99) })
		if v.IsTrainable() {
			g.wrt = append(g.wrt, v.Value)
		}
	}
	g.pool = append(g.pool, v)
	return v
}
