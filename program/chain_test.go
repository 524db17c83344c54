package program

import (
	"testing"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/tensor"
)

// normalisedStep is a convolution, batch normalisation and ReLU, and the gradients
// of a loss of them.
func normalisedStep(m *model, in values) values {
	x := in[0]
	w := m.variable(true, func() *tensor.Tensor { return tensor.Full(tensor.Float32, 0.1, 3, 2, 3, 3) })
	gain := m.variable(true, func() *tensor.Tensor { return tensor.Full(tensor.Float32, 1.5, 3) })
	bias := m.variable(true, func() *tensor.Tensor { return tensor.Full(tensor.Float32, 0.5, 3) })
	conv := op.Conv2D(x, w, nil, op.Conv2DConfig{Padding: 1})
	y, mean, variance := op.BatchNorm(conv, gain, bias, 1e-5)
	z := op.Conv2D(op.ReLU(y), autograd.Const(tensor.Full(tensor.Float32, 0.2, 2, 3, 3, 3)), nil, op.Conv2DConfig{Padding: 1})
	g := autograd.Grad(op.Mean(op.Mul(z, z)), w, gain, bias)
	return append(values{mean, variance}, g...)
}

// What works element by element on one block goes through it together: of a batch
// normalisation there is a pass for the mean, one for the variance, and one with
// what follows; backwards a pass for both sums, and one for the gradient.
func TestPointwiseOperationsOfABlockAreChained(t *testing.T) {
	m := &model{}
	in := []*tensor.Tensor{tensor.Full(tensor.Float32, 0.5, 32, 2, 5, 7)}
	builder(normalisedStep).eager(m, in)
	p := builder(normalisedStep).compile(m, in, true)
	passes, chained := 0, 0
	for _, ph := range p.phases {
		if ph.segment == nil {
			continue
		}
		for _, s := range ph.segment.steps {
			name := p.instructions[s.index].Op.Name()
			switch name {
			case "conv2d", "conv2d_weight", "conv2d_input", "conv2d_input_gate":
			default:
				passes++
			}
			if len(s.in)+len(s.out) > 3 {
				chained++
			}
		}
	}
	if passes > 10 {
		t.Errorf("%d passes over blocks besides the convolutions, want 10", passes)
	}
	if chained < 3 {
		t.Errorf("%d steps do the work of several operations", chained)
	}
}
