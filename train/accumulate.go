package train

import (
	"slices"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/precision"
	"github.com/mlodyssey/odyssey/program"
	"github.com/mlodyssey/odyssey/tensor"
)

// accumulation takes the steps of a learner on batches in pieces. A piece goes forward and
// backward, and its gradients go on top of those before; then there is one update.
type accumulation struct {
	learner *learner
	size    int     // examples of a piece
	pieces  stepper // runs a piece
	sums    *gradientSums
	update  *program.Program // nil before it is recorded, and where it runs at once
	updates int              // how many sums the recorded update reads
}

func newAccumulation(l *learner) *accumulation {
	c := l.config
	a := &accumulation{learner: l, size: (c.Batch + c.Accumulate - 1) / c.Accumulate, sums: &gradientSums{parameters: l.parameters()}}
	a.pieces = stepper{
		variables: l.variables, eager: c.Eager, profile: l.profile, step: a.differentiate,
		programs: map[int]*program.Program{}, traces: map[int]*autograd.Trace{},
		rewrite: func(tr *autograd.Trace) *autograd.Trace {
			if l.rewrite != nil {
				tr = l.rewrite(tr)
			}
			return a.sums.rewrite(tr, outcomes)
		},
	}
	return a
}

// outcomes is how many outputs of a piece come before its gradients.
const outcomes = 2

// differentiate returns the outcomes of a piece and its gradients. The last input is the gradient
// of the batch's loss, as it is scaled, with respect to that of each example.
func (a *accumulation) differentiate(in []*autograd.Value) (out []*autograd.Value) {
	learn := func() (ok *autograd.Value) {
		last := len(in) - 1
		scores, loss := a.learner.config.forward(in[:last])
		out = []*autograd.Value{loss, op.ArgMax(scores, -1)}
		out = append(out, autograd.GradFrom(loss, in[last], a.sums.parameters...)...)
		return op.All(op.IsFinite(loss))
	}
	if a.learner.scaler == nil {
		learn()
	} else {
		precision.Guard(a.learner.guarded, learn) // what layers keep of a forward pass that overflows
	}
	return out
}

// run takes a step. Beside losses and predictions its outcome has what that of a step in
// one has.
func (a *accumulation) run(batch []*tensor.Tensor) outcome {
	n := batch[1].Len()
	o := outcome{loss: tensor.New(a.learner.config.Precision.Type(), n), predicted: tensor.New(tensor.Int64, n)}
	upstream := a.upstream(n)
	var largest *tensor.Tensor
	a.sums.reset()
	for lo := 0; lo < n; lo += a.size {
		hi := min(lo+a.size, n)
		var piece []*tensor.Tensor
		for _, x := range append(slices.Clone(batch), upstream) {
			piece = append(piece, x.Slice(0, lo, hi))
		}
		of := a.pieces.run(piece...)
		o.loss.Slice(0, lo, hi).CopyFrom(of.loss)
		o.predicted.Slice(0, lo, hi).CopyFrom(of.predicted)
		if len(of.more) > 0 {
			largest = larger(largest, of.more[0])
		}
	}
	o.more = a.runUpdate()
	if largest != nil {
		o.more = append(o.more, largest)
	}
	return o
}

// upstream returns the gradient of the mean over n examples with respect to each: as op.Mean
// and the scaler give it.
func (a *accumulation) upstream(n int) *tensor.Tensor {
	d := a.learner.config.Precision.Type()
	g := tensor.Full(d, 1/float64(n)) // rounded to the type
	if a.learner.scaler != nil {
		g = tensor.Full(d, g.Item()*float64(a.learner.scaler.Scale())) // exact, as the scale is a power of two
	}
	return g.Expand(n).Contiguous()
}

// larger returns the larger of two magnitudes, or NaN, for each that has a history.
func larger(a, b *tensor.Tensor) *tensor.Tensor {
	if a == nil {
		return b.Clone()
	}
	to := tensor.Data[float32](a)
	for i, v := range tensor.Data[float32](b) {
		to[i] = max(to[i], v)
	}
	return a
}

// runUpdate takes the step along the sums, and returns what overflowed, if losses are scaled.
func (a *accumulation) runUpdate() []*tensor.Tensor {
	if a.learner.config.Eager {
		return tensorsOf(a.apply(nil))
	}
	if a.update == nil || a.updates != len(a.sums.kept) {
		a.update = program.Record(append(slices.Clone(a.learner.variables), a.sums.variables()...), nil, a.apply)
		a.updates = len(a.sums.kept)
		if a.learner.profile {
			a.update.StartProfile()
		}
	}
	return slices.Clone(a.update.Run())
}

func (a *accumulation) apply([]*autograd.Value) (out []*autograd.Value) {
	c := a.learner.config
	if a.learner.scaler == nil {
		grads := a.sums.totals()
		c.update(grads)
		return c.wanted(grads)
	}
	precision.Guard(a.learner.guarded, func() (ok *autograd.Value) {
		grads, finite := a.learner.scaler.Unscaled(a.sums.totals())
		c.update(grads)
		out = append([]*autograd.Value{finite}, c.wanted(grads)...)
		return op.All(finite)
	})
	return out
}

// costs returns those of pieces and update.
func (a *accumulation) costs() []program.Cost {
	all := a.pieces.costs()
	if a.update != nil {
		all = append(all, a.update.Costs()...)
	}
	return program.AddUp(all)
}
