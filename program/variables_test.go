package program

import (
	"testing"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/tensor"
	"pgregory.net/rapid"
)

// Random programs read and assign variables between operations on a batch, on
// vectors and on matrices: in chains, in circles, as views, before and after others
// read them, so that each way of writing them in place is met, and each that must
// not be.
func TestRandomAssignmentsGiveTheSameBits(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		d := rapid.SampledFrom([]tensor.DType{tensor.Float32, tensor.Float64}).Draw(r, "type")
		batch := rapid.SampledFrom([]int{16, 8, 21, 7}).Draw(r, "batch")
		n := rapid.SampledFrom([]int{2, 1, 5, 5, 5, 150}).Draw(r, "size")
		choices := drawScript(r, 60)
		wantSameRuns(r, func(m *model, in values) values {
			a := newAssignments(m, d, n, choices, in)
			for a.more() {
				a.step()
			}
			return a.outputs()
		}, func(run int) []*tensor.Tensor {
			seed := uint64(10 * run)
			return []*tensor.Tensor{draw(d, seed, batch, n), draw(d, seed+1, n), draw(d, seed+2, batch, n)}
		})
	})
}

// assignments is a program being built from values of three shapes: vectors [n],
// matrices [n n], and batches [batch n].
type assignments struct {
	script
	n                          int
	variables                  []*autograd.Value
	vectors, matrices, batches values
	wanted                     values
}

func newAssignments(m *model, d tensor.DType, n int, choices []int, in values) *assignments {
	a := &assignments{script: script{choices: choices}, n: n, batches: values{in[0], in[2]}}
	variable := func(seed uint64, shape ...int) *autograd.Value {
		v := m.variable(false, func() *tensor.Tensor { return draw(d, seed, shape...) })
		a.variables = append(a.variables, v)
		return v
	}
	a.vectors = values{variable(1, n), variable(2, n), variable(3, n), in[1], autograd.Const(tensor.Full(d, 0.5, n))}
	a.matrices = values{variable(4, n, n), variable(5, n, n)}
	return a
}

// one returns a value of a pool, as it is now, or the variable itself: an old one
// may have been assigned since.
func (a *assignments) one(pool values) *autograd.Value {
	v := pool[a.pick(len(pool))]
	if a.pick(2) == 1 {
		return v.Detach()
	}
	return v
}

func (a *assignments) step() {
	switch a.pick(6) {
	case 0, 1:
		a.assign()
	case 2:
		a.vectors = append(a.vectors, a.vector())
	case 3:
		a.matrices = append(a.matrices, a.matrix())
	case 4:
		a.batches = append(a.batches, a.batch())
	case 5:
		a.want(a.one(oneOf(&a.script, a.vectors, a.matrices, a.batches)))
	}
}

func (a *assignments) want(v *autograd.Value) { a.wanted = append(a.wanted, v) }

func (a *assignments) assign() {
	v := a.variables[a.pick(len(a.variables))]
	var to *autograd.Value
	if len(v.Shape()) == 1 {
		to = oneOf(&a.script, a.vector, func() *autograd.Value { return a.one(a.vectors) })()
	} else {
		to = oneOf(&a.script, a.matrix, func() *autograd.Value { return a.one(a.matrices) })()
	}
	switch a.pick(4) {
	case 1: // the old elements are a result, or read by what follows
		old := v.Detach()
		a.want(old)
		a.vectors = append(a.vectors, op.Reshape(op.Sum(op.Reshape(old, -1, a.n), 0), a.n))
	case 2: // two variables of one value
		for _, other := range a.variables {
			if other.Spec().Equal(v.Spec()) {
				autograd.Assign(other, to)
			}
		}
	case 3: // change places
		for _, other := range a.variables {
			if other != v && other.Spec().Equal(v.Spec()) {
				old := v.Detach()
				autograd.Assign(v, other.Detach())
				autograd.Assign(other, old)
				return
			}
		}
	}
	autograd.Assign(v, to)
}

// pointwise applies an operation to two values whose shapes broadcast.
func (a *assignments) pointwise(x, y *autograd.Value) *autograd.Value {
	return oneOf(&a.script, op.Add, op.Mul, op.Sub, func(x, y *autograd.Value) *autograd.Value { return op.Tanh(op.Add(x, op.Tanh(y))) })(x, y)
}

func (a *assignments) scalar() *autograd.Value { return op.Sum(a.one(a.vectors)) }

func (a *assignments) vector() *autograd.Value {
	x, y := a.one(a.vectors), a.one(a.vectors)
	switch a.pick(8) {
	case 1:
		return op.Sum(a.one(a.batches), 0)
	case 2:
		return a.pointwise(x, a.scalar())
	case 3:
		return op.Reshape(op.Reshape(x, a.n, 1), a.n) // a view
	case 4:
		return op.Sum(a.one(a.matrices), 1)
	case 5:
		return op.Reshape(op.Softmax(op.Reshape(x, 1, a.n)), a.n)
	case 6:
		return a.pointwise(a.pointwise(x, y), op.Mean(a.one(a.batches), 0))
	case 7:
		return a.pointwise(op.Sum(op.Mul(a.one(a.batches), y)), x)
	}
	return a.pointwise(x, y)
}

func (a *assignments) matrix() *autograd.Value {
	x, y := a.one(a.matrices), a.one(a.matrices)
	switch a.pick(9) {
	case 7:
		return op.Reshape(goOn(convWeightOp(a.batches[0]), op.Reshape(x, a.n, a.n, 1, 1), a.images(), a.images()), a.n, a.n)
	case 8:
		return goOn(linearWeightOp(), x, a.one(a.batches), a.one(a.batches))
	case 1:
		return op.Tanh(op.MatMul(x, y))
	case 2:
		return a.pointwise(x, a.one(a.vectors))
	case 3:
		return op.Permute(x, 1, 0)
	case 4:
		return op.Tanh(a.weightGradient())
	case 5:
		return a.pointwise(a.scalar(), x)
	case 6:
		return op.Reshape(op.Mul(op.Reshape(x, -1), op.Reshape(y, -1)), a.n, a.n)
	}
	return a.pointwise(x, y)
}

// weightGradient returns that of a convolution of one pixel: [n n], summed over
// the batch in groups.
func (a *assignments) weightGradient() *autograd.Value {
	x := op.Reshape(a.one(a.batches), -1, a.n, 1, 1)
	w := autograd.Variable("w", tensor.New(x.DType(), a.n, a.n, 1, 1))
	g := op.Reshape(a.one(a.batches), x.Shape()...)
	call := &autograd.Call{In: values{x, autograd.Const(w.Tensor())}, Needs: []bool{false, true}}
	for _, e := range op.Table() {
		if e.Name == "conv2d" {
			return op.Reshape(e.Cases[0].Op.(autograd.Op).Backward(call, values{g})[1], a.n, a.n)
		}
	}
	panic("no convolution")
}

func (a *assignments) batch() *autograd.Value {
	x, y := a.one(a.batches), a.one(a.batches)
	switch a.pick(7) {
	case 1:
		return a.pointwise(x, a.one(a.vectors))
	case 2:
		return op.Tanh(op.MatMul(x, a.one(a.matrices)))
	case 3:
		return op.Tanh(op.Linear(x, a.one(a.matrices), a.one(a.vectors)))
	case 4:
		return a.pointwise(x, op.SumKeep(y, 1))
	case 5:
		return op.BroadcastTo(op.Add(op.SumKeep(x, 1), op.Reshape(a.scalar(), 1, 1)), x.Shape()...)
	case 6:
		return op.Sub(x, op.Mean(y, 0))
	}
	return a.pointwise(x, y)
}

func (a *assignments) outputs() values {
	out := a.wanted
	for _, v := range a.variables {
		out = append(out, v, op.Reshape(v.Detach(), -1))
	}
	return out
}

// The elements of a large variable are written in place by many goroutines, in
// ranges; others still read the old ones: in the same loop, before or after, in
// another, by themselves, or in blocks.
func TestOldElementsAreReadWhereverTheyAre(t *testing.T) {
	const n = rangeSize + 1234
	start := draw(tensor.Float32, 1, n)
	var inputs []*tensor.Tensor
	for run := range uint64(3) {
		inputs = append(inputs, draw(tensor.Float32, run, 8, n))
	}
	next := map[string]func(v, x *autograd.Value) *autograd.Value{
		"from itself": func(v, x *autograd.Value) *autograd.Value { return op.Mul(v, op.Tanh(op.Sum(x, 0))) },
		"by a chain":  func(v, x *autograd.Value) *autograd.Value { return op.Tanh(op.Add(op.Sum(x, 0), v)) },
		"a total":     func(_, x *autograd.Value) *autograd.Value { return op.Sum(x, 0) },
		"of others":   func(_, x *autograd.Value) *autograd.Value { return op.Tanh(op.Tanh(op.Sum(x, 0))) },
	}
	for name, read := range map[string]func(old, next, x, early *autograd.Value) *autograd.Value{
		"nobody":        func(_, _, _, _ *autograd.Value) *autograd.Value { return nil },
		"the loop":      func(old, next, _, _ *autograd.Value) *autograd.Value { return op.Mul(old, next) },
		"before":        func(_, _, _, early *autograd.Value) *autograd.Value { return op.Mul(early, early) },
		"by itself":     func(old, _, _, _ *autograd.Value) *autograd.Value { return op.Permute(op.Reshape(old, 2, n/2), 1, 0) },
		"a later loop":  func(old, next, _, _ *autograd.Value) *autograd.Value { return op.Mul(old, op.Sum(next)) },
		"what it makes": func(_, next, _, _ *autograd.Value) *autograd.Value { return op.Permute(op.Reshape(next, 2, n/2), 1, 0) },
		"by itself, later": func(old, next, _, _ *autograd.Value) *autograd.Value {
			sums := op.SumKeep(op.Reshape(next, 2, n/2), 1)
			return op.Add(op.Reshape(old, 2, n/2), sums)
		},
		"in blocks": func(old, _, x, _ *autograd.Value) *autograd.Value { return op.Sum(op.Mul(x, old), 0) },
		"in blocks, later": func(old, _, x, _ *autograd.Value) *autograd.Value {
			return op.Sum(op.Mul(op.Sub(x, op.Mean(x, 0)), old), 1)
		},
		"a total in a loop": func(old, _, x, _ *autograd.Value) *autograd.Value {
			return op.Mul(old, op.Sum(op.Mul(x, x)))
		},
	} {
		for how, next := range next {
			t.Run(name+", "+how, func(t *testing.T) {
				wantSameRuns(t, func(m *model, in values) values {
					v := m.variable(false, start.Clone)
					old := v.Detach()
					var early *autograd.Value
					if name == "before" {
						early = op.Tanh(old)
					}
					autograd.Assign(v, next(old, in[0]))
					if out := read(old, v.Detach(), in[0], early); out != nil {
						return values{out}
					}
					return nil
				}, func(run int) []*tensor.Tensor { return inputs[run : run+1] })
			})
		}
	}
}

// A program follows a variable whose elements have moved.
func TestVariablesThatMoveBetweenRuns(t *testing.T) {
	b := builder(func(m *model, in values) values {
		v := m.variable(false, func() *tensor.Tensor { return draw(tensor.Float32, 1, 4) })
		w := m.variable(false, func() *tensor.Tensor { return draw(tensor.Float32, 2, 4) })
		autograd.Assign(v, op.Add(v, op.Sum(op.Mul(in[0], w), 0)))
		return values{op.Softmax(op.Reshape(w.Detach(), 2, 2)), op.Permute(op.Reshape(v.Detach(), 2, 2), 1, 0)}
	})
	in := []*tensor.Tensor{draw(tensor.Float32, 3, 16, 4)}
	eager := &model{}
	want := b.eager(eager, in)
	m := eager.twin()
	p := b.compile(m, in, true)
	for run := range 4 {
		for i, got := range p.Run(in...) {
			wantSame(t, "moved", "output", run, i, got, want[i])
		}
		for i := range m.variables {
			if run%2 == i {
				x := autograd.Const(draw(tensor.Float32, uint64(100+run), 4))
				autograd.Assign(m.variables[i], x)
				autograd.Assign(eager.variables[i], x)
			}
		}
		want = b.eager(eager, in)
	}
}

// What is planned to be written in place is, where nobody reads the old elements
// afterwards, and only there.
func TestVariablesThatAreWrittenInPlace(t *testing.T) {
	const n = 6
	for name, c := range map[string]struct {
		step func(v, x *autograd.Value) *autograd.Value
		want bool
	}{
		"a step":                      {func(v, x *autograd.Value) *autograd.Value { return op.Add(v, op.Sum(x, 0)) }, true},
		"a total":                     {func(_, x *autograd.Value) *autograd.Value { return op.Sum(x, 0) }, true},
		"after the batch has read it": {func(v, x *autograd.Value) *autograd.Value { return op.Sub(v, op.Sum(op.Mul(x, v), 0)) }, true},
		"after a sum has read it":     {func(v, _ *autograd.Value) *autograd.Value { return op.Mul(v, op.Sum(v)) }, true},
		"a permuted one":              {func(v, _ *autograd.Value) *autograd.Value { return op.Softmax(v) }, false},
		"itself, as a view": {func(v, _ *autograd.Value) *autograd.Value {
			return op.Reshape(op.Reshape(v, 2, 3), 6)
		}, false},
	} {
		v := autograd.Buffer("v", draw(tensor.Float32, 1, n))
		p := Record(values{v}, specs{tensor.NewSpec(tensor.Float32, 16, n)}, func(in values) values {
			autograd.Assign(v, c.step(v, in[0]))
			return nil
		})
		if p.inPlace[0] != c.want {
			t.Errorf("%s: in place %v, want %v", name, p.inPlace[0], c.want)
		}
	}
}
