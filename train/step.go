package train

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/checkpoint"
	"github.com/mlodyssey/odyssey/nn"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/optim"
	"github.com/mlodyssey/odyssey/precision"
	"github.com/mlodyssey/odyssey/program"
	"github.com/mlodyssey/odyssey/tensor"
)

// stepper runs one function on batches of any size: recorded once for each size
// and replayed, or one operation after the other.
type stepper struct {
	variables []*autograd.Value
	step      func(in []*autograd.Value) []*autograd.Value
	rewrite   func(tr *autograd.Trace) *autograd.Trace // of what is recorded; may be nil
	eager     bool
	profile   bool
	programs  map[int]*program.Program // by the number of examples
	traces    map[int]*autograd.Trace  // instead, where what is rewritten runs one operation after the other
}

// outcome is what a batch gave: the loss and the class predicted for each
// example, and what else the function returns.
type outcome struct {
	loss      *tensor.Tensor // [n]
	predicted *tensor.Tensor // int64 [n]
	more      []*tensor.Tensor
}

// learner runs training steps.
type learner struct {
	stepper
	config   Config
	rounding *precision.Training // nil: nothing is rounded
	scaler   *precision.Scaler   // nil: the loss is not scaled
	guarded  []*autograd.Value   // what stays as it is in a step that overflows
	pieces   *accumulation       // nil: a batch goes in one
	grads    []*tensor.Tensor    // of the last step, if they are wanted
}

func newLearner(c Config) *learner {
	l := &learner{config: c}
	variables := append(nn.Variables(c.Model), c.Optimizer.State()...)
	if c.averagesSteps() {
		variables = append(variables, c.Average.State()...)
	}
	l.stepper = stepper{
		variables: nn.Values(variables), eager: c.Eager, profile: c.Profile, programs: map[int]*program.Program{},
		step: l.learn,
	}
	if c.Precision.Rounds() {
		l.rounding = precision.NewTraining(c.Precision, c.Seed)
		l.rewrite = l.rounding.Rewrite
	}
	if c.Precision.Scaled {
		l.scaler = precision.NewScaler(cmp.Or(c.LossScale, precision.FirstScale))
		l.step, l.guarded = l.learnScaled, slices.Clone(l.variables)
		l.variables = append(l.variables, l.scaler.Variables()...)
	}
	if c.Accumulate > 1 {
		l.pieces = newAccumulation(l)
	}
	return l
}

// learn goes down the gradients of a batch of images and labels or, of mixtures, of images, labels,
// the other labels and the weights of the first.
func (l *learner) learn(in []*autograd.Value) []*autograd.Value {
	scores, loss := l.config.forward(in)
	grads := autograd.Grad(op.Mean(loss), l.parameters()...)
	l.config.update(grads)
	return append([]*autograd.Value{loss, op.ArgMax(scores, -1)}, l.config.wanted(grads)...)
}

// learnScaled is learn with a scaled loss. Unless all gradients are finite, which it
// tells of each in one more output, everything stays as it is.
func (l *learner) learnScaled(in []*autograd.Value) (out []*autograd.Value) {
	precision.Guard(l.guarded, func() (ok *autograd.Value) {
		scores, loss := l.config.forward(in)
		grads, finite := l.scaler.Unscaled(autograd.Grad(l.scaler.Scaled(op.Mean(loss)), l.parameters()...))
		l.config.update(grads)
		out = append([]*autograd.Value{loss, op.ArgMax(scores, -1), finite}, l.config.wanted(grads)...)
		return op.All(finite)
	})
	return out
}

// run takes a step, and returns what overflowed, if anything did; and an error if that is a
// gradient though the loss is not scaled any more.
func (l *learner) run(batch ...*tensor.Tensor) (o outcome, overflow *Overflow, err error) {
	if l.pieces != nil {
		o = l.pieces.run(batch)
	} else {
		o = l.stepper.run(batch...)
	}
	finite, grads, largest := l.named(o.more)
	l.grads = grads
	if largest != nil {
		l.rounding.Observe(largest)
	}
	if l.scaler == nil {
		return o, nil, nil
	}
	var sum tally
	sum.add(o, batch[1])
	found := &Overflow{Scale: l.scaler.Scale(), Forward: !isFinite(sum.loss)}
	for i, ok := range tensor.Data[bool](finite) {
		if !ok {
			found.Parameters = append(found.Parameters, l.config.Optimizer.Parameters()[i].Name)
		}
	}
	overflowed := found.Parameters != nil
	if !found.Forward && !l.scaler.Observe(overflowed) { // no scale helps the forward pass
		return o, found, fmt.Errorf("the gradient of %s overflows though the loss is not scaled any more", found.Parameters[len(found.Parameters)-1])
	}
	if !overflowed && !found.Forward {
		return o, nil, nil
	}
	return o, found, nil
}

// named returns what a step gives beside its outcome, nil for what it does not give: which gradients are finite, the
// gradients, and the magnitudes that Observe takes.
func (l *learner) named(more []*tensor.Tensor) (finite *tensor.Tensor, grads []*tensor.Tensor, largest *tensor.Tensor) {
	if l.scaler != nil {
		finite, more = more[0], more[1:]
	}
	if l.config.Gradients {
		n := len(l.config.Optimizer.Parameters())
		grads, more = more[:n], more[n:]
	}
	if len(more) > 0 {
		largest = more[0]
	}
	return finite, grads, largest
}

// wanted returns the gradients if they are wanted as outputs.
func (c Config) wanted(grads []*autograd.Value) []*autograd.Value {
	if !c.Gradients {
		return nil
	}
	return grads
}

// gradients returns those of the last step, if they are wanted.
func (l *learner) gradients() (named []checkpoint.Named) {
	for i, g := range l.grads {
		named = append(named, checkpoint.Named{Name: l.config.Optimizer.Parameters()[i].Name, Tensor: g})
	}
	return named
}

// state returns copies of what steps change beside the variables of the model and the optimiser.
func (l *learner) state() (state []checkpoint.Named) {
	if l.rounding != nil {
		state = append(state, l.rounding.State()...)
	}
	if l.scaler != nil {
		state = append(state, l.scaler.State()...)
	}
	return state
}

// restore takes such a state of another learner, and nothing more.
func (l *learner) restore(state []checkpoint.Named) error {
	known := map[string]bool{}
	if l.rounding != nil {
		if err := l.rounding.Restore(state); err != nil {
			return err
		}
	}
	if l.scaler != nil {
		if err := l.scaler.Restore(state); err != nil {
			return err
		}
	}
	for _, t := range l.state() {
		known[t.Name] = true
	}
	for _, t := range state {
		if !known[t.Name] {
			return fmt.Errorf("%.100q is no part of it, want that of the same configuration", t.Name)
		}
	}
	return nil
}

// costs returns where the time of all programs went, the longest first.
func (l *learner) costs() []program.Cost {
	if l.pieces != nil {
		return l.pieces.costs()
	}
	return l.stepper.costs()
}

// lossScale returns the present scale of the loss, 0 where there is none.
func (l *learner) lossScale() float32 {
	if l.scaler == nil {
		return 0
	}
	return l.scaler.Scale()
}

// forward returns the scores of a batch and the loss of each example to learn from.
func (c Config) forward(in []*autograd.Value) (scores, loss *autograd.Value) {
	return forward(c.Model, c.Precision, c.LabelSmoothing, in)
}

// forward returns the scores of a batch, and the loss of each example: of mixtures, that of their
// two labels by weight.
func forward(m nn.Module, p precision.Policy, smoothing float64, in []*autograd.Value) (scores, loss *autograd.Value) {
	scores = m.Forward(op.Cast(in[0], p.Type()))
	lossOf := func(label *autograd.Value) *autograd.Value {
		return op.CrossEntropyLoss(scores, label, nil, op.CrossEntropyConfig{Smoothing: smoothing, Reduce: op.ReduceNone})
	}
	loss = lossOf(in[1])
	if len(in) > 2 {
		weight := op.Cast(in[3], p.Type())
		other := lossOf(in[2])
		loss = op.Add(op.Mul(weight, loss), op.Mul(op.Sub(op.Scalar(p.Type(), 1), weight), other))
	}
	return scores, loss
}

func (l *learner) parameters() []*autograd.Value { return nn.Values(l.config.Optimizer.Parameters()) }

// update takes a step along the gradients.
func (c Config) update(grads []*autograd.Value) {
	c.Optimizer.Step(c.clip(grads))
	if c.averagesSteps() {
		c.Average.Update()
	}
}

func (c Config) clip(grads []*autograd.Value) []*autograd.Value {
	if c.ClipValue != 0 {
		grads = optim.ClipValue(grads, c.ClipValue)
	}
	if c.ClipNorm != 0 {
		grads, _ = optim.ClipNorm(grads, c.ClipNorm)
	}
	return grads
}

// averagesSteps reports whether the average takes the weights after each step.
func (c Config) averagesSteps() bool { return c.Average != nil && c.AverageFrom == 0 }

// averagesEpoch reports whether the average takes the weights after an epoch.
func (c Config) averagesEpoch(number int) bool {
	return c.Average != nil && c.AverageFrom > 0 && number >= c.AverageFrom
}

// setTraining switches between what is trained and what is to evaluate with.
func (c Config) setTraining(training bool) {
	nn.SetTraining(c.Model, training)
	optim.SetTraining(c.Optimizer, training)
	if c.Average != nil {
		c.Average.SetTraining(training)
	}
}

// newEvaluator returns a stepper that only looks; what else it returns is the scores.
func newEvaluator(m nn.Module, p precision.Policy, ranges []float32) *stepper {
	return &stepper{
		variables: nn.Values(nn.Variables(m)), programs: map[int]*program.Program{},
		rewrite: func(tr *autograd.Trace) *autograd.Trace { return p.Rewrite(tr, ranges...) },
		step: func(in []*autograd.Value) []*autograd.Value {
			scores, loss := forward(m, p, 0, in)
			return []*autograd.Value{loss, op.ArgMax(scores, -1), scores}
		},
	}
}

func (s *stepper) run(batch ...*tensor.Tensor) outcome {
	if s.eager {
		return s.runEager(batch)
	}
	n := batch[1].Len()
	p := s.programs[n]
	if p == nil {
		p = program.Compile(s.record(batch))
		s.programs[n] = p
		if s.profile {
			p.StartProfile()
		}
	}
	return newOutcome(p.Run(batch...))
}

// runEager runs operations as they are called or, where they are rewritten first, as the trace says.
func (s *stepper) runEager(batch []*tensor.Tensor) outcome {
	var in []*autograd.Value
	for _, x := range batch {
		in = append(in, autograd.Const(x))
	}
	if s.rewrite == nil {
		return newOutcome(tensorsOf(s.step(in)))
	}
	n := batch[1].Len()
	if s.traces[n] == nil {
		s.traces[n] = s.record(batch)
	}
	return newOutcome(tensorsOf(s.traces[n].Run(in...)))
}

func tensorsOf(values []*autograd.Value) (tensors []*tensor.Tensor) {
	for _, v := range values {
		tensors = append(tensors, v.Tensor())
	}
	return tensors
}

func newOutcome(out []*tensor.Tensor) outcome { return outcome{out[0], out[1], out[2:]} }

// record writes a step on a batch down.
func (s *stepper) record(batch []*tensor.Tensor) *autograd.Trace {
	var specs []tensor.Spec
	for _, x := range batch {
		specs = append(specs, x.Spec())
	}
	tr := autograd.Record(s.variables, specs, s.step)
	if s.rewrite != nil {
		tr = s.rewrite(tr)
	}
	return tr
}

// costs returns where the time of all programs went, the longest first.
func (s *stepper) costs() []program.Cost {
	var all []program.Cost
	for _, p := range s.programs {
		all = append(all, p.Costs()...)
	}
	return program.AddUp(all)
}
