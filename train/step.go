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
	variables := nn.Values(append(nn.Variables(c.Model), c.Optimizer.State()...))
	return &stepper{
		variables: variables, eager: c.Eager, profile: c.OnCosts != nil, programs: map[int]*program.Program{},
		step: func(in []*autograd.Value) []*autograd.Value {
			return trainingStep(c.Model, c.Optimizer, in[0], in[1])
		},
	}
}

func trainingStep(m nn.Module, o optim.Optimizer, images, labels *autograd.Value) []*autograd.Value {
	scores := m.Forward(images)
	loss := op.CrossEntropy(scores, labels)
	o.Step(autograd.Grad(op.Mean(loss), nn.Values(o.Parameters())...))
	return []*autograd.Value{loss, op.ArgMax(scores, -1)}
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
