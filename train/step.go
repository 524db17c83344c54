package train

import (
	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/nn"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/optim"
	"github.com/mlodyssey/odyssey/program"
	"github.com/mlodyssey/odyssey/tensor"
)

// stepper runs one function on batches of any size: recorded once for each size
// and replayed, or one operation after the other.
type stepper struct {
	variables []*autograd.Value
	step      func(in []*autograd.Value) []*autograd.Value
	eager     bool
	profile   bool
	programs  map[int]*program.Program // by the number of examples
}

// outcome is what a batch gave: the loss and the class predicted for each
// example.
type outcome struct {
	loss      *tensor.Tensor // [n]
	predicted *tensor.Tensor // int64 [n]
}

// newStepper returns a stepper of training steps.
func newStepper(c Config) *stepper {
	variables := append(nn.Variables(c.Model), c.Optimizer.State()...)
	if c.averagesSteps() {
		variables = append(variables, c.Average.State()...)
	}
	return &stepper{
		variables: nn.Values(variables), eager: c.Eager, profile: c.OnCosts != nil, programs: map[int]*program.Program{},
		step: c.trainingStep,
	}
}

// trainingStep learns from a batch of images and labels.
func (c Config) trainingStep(in []*autograd.Value) []*autograd.Value {
	scores := c.Model.Forward(in[0])
	loss := op.CrossEntropy(scores, in[1])
	c.Optimizer.Step(c.clip(autograd.Grad(op.Mean(loss), nn.Values(c.Optimizer.Parameters())...)))
	if c.averagesSteps() {
		c.Average.Update()
	}
	return []*autograd.Value{loss, op.ArgMax(scores, -1)}
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

// newEvaluator returns a stepper that only looks.
func newEvaluator(m nn.Module) *stepper {
	return &stepper{
		variables: nn.Values(nn.Variables(m)), programs: map[int]*program.Program{},
		step: func(in []*autograd.Value) []*autograd.Value {
			scores := m.Forward(in[0])
			return []*autograd.Value{op.CrossEntropy(scores, in[1]), op.ArgMax(scores, -1)}
		},
	}
}

func (s *stepper) run(images, labels *tensor.Tensor) outcome {
	if s.eager {
		out := s.step([]*autograd.Value{autograd.Const(images), autograd.Const(labels)})
		return outcome{out[0].Tensor(), out[1].Tensor()}
	}
	n := labels.Len()
	p := s.programs[n]
	if p == nil {
		p = program.Record(s.variables, []tensor.Spec{images.Spec(), labels.Spec()}, s.step)
		s.programs[n] = p
		if s.profile {
			p.StartProfile()
		}
	}
	out := p.Run(images, labels)
	return outcome{out[0], out[1]}
}

// costs returns where the time of all programs went, the longest first.
func (s *stepper) costs() []program.Cost {
	var all []program.Cost
	for _, p := range s.programs {
		all = append(all, p.Costs()...)
	}
	return program.AddUp(all)
}
