package train

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/data"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/program"
	"github.com/mlodyssey/odyssey/tensor"
)

// NotFinite is the error of a run whose loss became NaN or infinite.
type NotFinite struct {
	Epoch, Step int     // whose loss it is, counted from 1
	Origin      *Origin // where the first such value came from; nil: unknown, since Config.Watch is not set
}

// Origin is the instruction of a step that made values which are not finite of such as are.
type Origin struct {
	Epoch, Step int    // counted from 1
	Op          string // the operation's name; "" where the examples themselves are not finite, or a variable
	Layer       string // as its parameters are named; "" for what belongs to none; without Op the name of the variable
	Phase       Phase
	Largest     float64 // magnitude of its inputs
}

// Phase is a part of a step.
type Phase string

// The phases of a step, in order.
const (
	Forward  Phase = "forward"
	Backward Phase = "backward"
	Update   Phase = "update"
)

// Error tells in which step, and where it began.
func (e *NotFinite) Error() string {
	what := fmt.Sprintf("the loss is no longer finite in step %d of epoch %d", e.Step, e.Epoch)
	if e.Origin == nil {
		return what + ": a smaller learning rate may help, if the data are finite"
	}
	return fmt.Sprintf("%s: it began in step %d of epoch %d, with %s", what, e.Origin.Step, e.Origin.Epoch, e.Origin)
}

// Unwrap returns ErrNotFinite.
func (*NotFinite) Unwrap() error { return ErrNotFinite }

// String names the operation and its layer.
func (o *Origin) String() string {
	switch {
	case o.Op == "" && o.Layer == "":
		return "examples that are not finite"
	case o.Op == "":
		return o.Layer + ", which is not finite"
	}
	layer := ""
	if o.Layer != "" {
		layer = " of layer " + o.Layer
	}
	return fmt.Sprintf("%s%s (%s), whose inputs go up to %.3g; a smaller learning rate may help", o.Op, layer, o.Phase, o.Largest)
}

// notFinite is the error of the present step. A watched run goes through its steps again from what it
// kept, to find where the first value that is not finite came from: that costs nothing until then, and
// finds it exactly, as the same steps have the same bits.
func (l *Loop) notFinite(ctx context.Context) error {
	err := &NotFinite{Epoch: l.Progress.Epoch, Step: l.Progress.Step}
	if l.watched != nil {
		at := l.Progress
		err.Origin = l.findOrigin(ctx, err.Step)
		l.Progress = at
	}
	return err
}

// findOrigin takes the steps up to one again, and looks into the first that leaves something not finite.
func (l *Loop) findOrigin(ctx context.Context, last int) *Origin {
	if l.restore(l.watched) != nil {
		return nil
	}
	for batch, err := range l.loader.BatchesFrom(ctx, l.Progress.Epoch, l.Progress.Step) {
		if err != nil {
			return nil
		}
		before := l.State()
		l.rates.Set(l.Number())
		l.Progress.Step++
		if _, _, err := l.learner.run(inputs(batch)...); err != nil {
			return nil
		}
		if l.Progress.Step == last || !l.isFinite() {
			if l.restore(before) != nil {
				return nil
			}
			l.rates.Set(l.Number())
			o := l.learner.origin(batch)
			if o != nil {
				o.Epoch, o.Step = l.Progress.Epoch, l.Progress.Step+1
			}
			return o
		}
	}
	return nil
}

// isFinite reports whether all variables are.
func (l *Loop) isFinite() bool {
	for _, v := range l.stateful() {
		if !finite(v.Value.Tensor()) {
			return false
		}
	}
	return true
}

func finite(t *tensor.Tensor) bool {
	if d := t.DType(); d != tensor.Float32 && d != tensor.Float64 {
		return true
	}
	return tensor.Data[bool](op.All(op.IsFinite(autograd.Const(t))).Tensor())[0]
}

// origin runs a step instruction by instruction, changing nothing, and finds what made the first values that
// are not finite and reach the loss or a variable. It returns nil where all are finite.
func (s *stepper) origin(b *data.Batch) *Origin {
	batch := inputs(b)
	tr := s.record(batch)
	run := &inspection{trace: tr, values: make([]*autograd.Value, len(tr.Specs)), maker: make([]int, len(tr.Specs))}
	run.all(batch)
	targets := tr.Outputs[:1:1]
	for _, v := range tr.Variables {
		targets = append(targets, v.Out)
	}
	for _, id := range targets {
		if !run.finite(id) {
			return run.follow(id)
		}
	}
	return nil
}

// inspection is all values of a run of a trace.
type inspection struct {
	trace  *autograd.Trace
	values []*autograd.Value
	maker  []int // the number of the instruction that made a value, from 1
}

func (r *inspection) all(batch []*tensor.Tensor) {
	for i, id := range r.trace.Inputs {
		r.values[id] = autograd.Const(batch[i])
	}
	for _, c := range r.trace.Constants {
		r.values[c.ID] = autograd.Const(c.Tensor)
	}
	for _, v := range r.trace.Variables {
		r.values[v.In] = autograd.Const(v.Value.Tensor())
	}
	for n, ins := range r.trace.Instructions {
		in := make([]*autograd.Value, len(ins.In))
		for i, id := range ins.In {
			in[i] = r.values[id]
		}
		for i, v := range autograd.Apply(ins.Op, in...) {
			r.values[ins.Out[i]], r.maker[ins.Out[i]] = v, n+1
		}
	}
}

func (r *inspection) finite(id int) bool { return finite(r.values[id].Tensor()) }

// follow goes back from a value that is not finite to one that was made of finite ones.
func (r *inspection) follow(id int) *Origin {
	n := r.maker[id]
	if n == 0 {
		return &Origin{Layer: r.variable(id)}
	}
	ins := r.trace.Instructions[n-1]
	for _, in := range ins.In {
		if !r.finite(in) {
			return r.follow(in)
		}
	}
	o := &Origin{Op: ins.Op.Name(), Layer: program.Layers(r.trace)[n-1], Phase: r.phase(n - 1)}
	for _, in := range ins.In {
		o.Largest = max(o.Largest, largestIn(r.values[in].Tensor()))
	}
	return o
}

// variable returns the name of the variable that a value is read from, "" for an input.
func (r *inspection) variable(id int) string {
	for _, v := range r.trace.Variables {
		if v.In == id {
			return v.Value.Name()
		}
	}
	return ""
}

// phase returns that of an instruction: gradients come after the forward pass, and updates last.
func (r *inspection) phase(at int) Phase {
	backward := func(ins autograd.Instruction) bool { return ins.Backward }
	switch {
	case r.trace.Instructions[at].Backward:
		return Backward
	case slices.ContainsFunc(r.trace.Instructions[:at], backward):
		return Update
	}
	return Forward
}

// largestIn returns the largest magnitude in a tensor of floats.
func largestIn(t *tensor.Tensor) (most float64) {
	if d := t.DType(); d != tensor.Float32 && d != tensor.Float64 {
		return 0
	}
	for _, v := range tensor.Data[float64](t.Convert(tensor.Float64)) {
		most = max(most, math.Abs(v))
	}
	return most
}
