package program

import (
	"fmt"
	"slices"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/gradcheck"
	"github.com/mlodyssey/odyssey/internal/parallel"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/random"
	"github.com/mlodyssey/odyssey/tensor"
)

// Check records an operation and its gradients, on each of its cases and on a full
// and a ragged batch of it, among operations that run in blocks and loops, and says
// where a program does not give the bits of running them at once; and whether the
// operation never runs in blocks, unless its entry says why.
func Check(e op.Entry) (failures []string) {
	batches, ways := 0, map[kind]bool{}
	try := func(where string, s scaled) {
		for _, d := range []tensor.DType{tensor.Float32, tensor.Float64} {
			if err := s.check(d, ways); err != nil {
				failures = append(failures, fmt.Sprintf("%s, %v: %v", where, d, err))
			}
		}
	}
	for i, c := range e.Cases {
		where := fmt.Sprintf("case %d %+v", i, c.Op)
		try(where, asItIs(e.Name, c))
		for _, n := range []int{16, 19} {
			if s, ok := scale(e.Name, c, n); ok {
				batches++
				try(fmt.Sprintf("%s, batch of %d", where, n), s)
			}
		}
	}
	if len(failures) == 0 && batches > 0 && e.Whole == "" && ways[asWhole] && !ways[asBlocks] {
		failures = append(failures, "it never runs in blocks of a batch, and Whole does not say why")
	}
	return failures
}

// scaled is a case of an operation with a batch along axis 0 of some inputs.
type scaled struct {
	name  string
	op    op.Operation
	args  []op.Arg
	batch []bool
}

// mostBatched is how many inputs of a case may get a batch: the rest of many are
// weights.
const mostBatched = 8

// scale returns a case with a batch of n along axis 0 of as many inputs as the
// operation takes so.
func scale(name string, c op.Case, n int) (best scaled, ok bool) {
	most := 0
	for bits := 1; bits < 1<<min(len(c.In), mostBatched); bits++ {
		s := scaled{name, c.Op, slices.Clone(c.In), make([]bool, len(c.In))}
		var in []tensor.Spec
		count := 0
		for i, a := range s.args {
			if s.batch[i] = bits>>i&1 == 1 && a.Spec.Rank() > 0; s.batch[i] {
				a.Spec.Shape = slices.Clone(a.Spec.Shape)
				a.Spec.Shape[0] = n
				s.args[i] = a
				count++
			}
			in = append(in, s.args[i].Spec)
		}
		if _, err := op.Infer(c.Op, in); err == nil && count > most {
			best, ok, most = s, true, count
		}
	}
	return best, ok
}

// asItIs takes all inputs of a case for a batch.
func asItIs(name string, c op.Case) scaled {
	s := scaled{name, c.Op, c.In, make([]bool, len(c.In))}
	for i := range s.batch {
		s.batch[i] = true
	}
	return s
}

// check compares runs, and adds in which ways a program runs the operation.
func (c scaled) check(d tensor.DType, ways map[kind]bool) (err error) {
	defer func() {
		cause := recover()
		if p, nested := cause.(*parallel.Panic); nested {
			cause = p.Value
		}
		if cause != nil {
			err = fmt.Errorf("%v", cause)
		}
	}()
	planned, err := sameRuns(c.program(d), c.inputs(d))
	for i, ins := range planned.instructions {
		if ins.Op.Name() == c.name {
			ways[planned.kinds[i]] = true
		}
	}
	return err
}

func (c scaled) inputs(d tensor.DType) func(run int) []*tensor.Tensor {
	return func(run int) []*tensor.Tensor {
		var in []*tensor.Tensor
		for i, a := range c.args {
			if c.batch[i] {
				in = append(in, sample(a, d, uint64(i), uint64(run)))
			}
		}
		return in
	}
}

// sample draws an input of a case.
func sample(a op.Arg, d tensor.DType, seed, run uint64) *tensor.Tensor {
	x := gradcheck.Sample(a, random.New(seed, run))
	if x.DType().IsFloat() {
		return x.Convert(d)
	}
	return x
}

// program applies the operation to inputs as they are, to values made from them in
// blocks, and asks for gradients, which assign parameters.
func (c scaled) program(d tensor.DType) builder {
	return func(m *model, in []*autograd.Value) []*autograd.Value {
		var args, made, wrt []*autograd.Value
		for i, a := range c.args {
			if c.batch[i] {
				args, in = append(args, in[0]), in[1:]
			} else {
				args = append(args, m.variable(a.Spec.DType.IsFloat(), func() *tensor.Tensor { return sample(a, d, uint64(i), 99) }))
			}
			x := args[i]
			if x.DType().IsFloat() {
				p := m.variable(true, func() *tensor.Tensor { return tensor.Full(d, 1.25) })
				x = op.Mul(x, p)
				wrt = append(wrt, p)
			}
			made = append(made, x)
		}
		out := append(op.Apply(c.op, args...), op.Apply(c.op, made...)...)
		var up, smooth []*autograd.Value
		for i, y := range out[len(out)/2:] {
			if y.DType().IsFloat() && y.NeedsGrad() && !op.IsFinal(c.op) {
				smooth = append(smooth, y)
				up = append(up, op.Add(op.Tanh(y.Detach()), op.Scalar(y.DType(), float64(i)+0.5)))
			}
			if y.DType().IsFloat() { // and goes on
				out = append(out, op.Tanh(y), op.Sum(y))
			}
		}
		for i, g := range autograd.Backward(smooth, up, wrt, false) {
			if g != nil {
				autograd.Assign(wrt[i], op.Add(op.Scale(wrt[i], 0.9), op.Scale(op.Tanh(g), 0.05)))
			}
		}
		return out
	}
}
