package measure

import (
	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/model"
	"github.com/mlodyssey/odyssey/nn"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/optim"
	"github.com/mlodyssey/odyssey/program"
	"github.com/mlodyssey/odyssey/random"
	"github.com/mlodyssey/odyssey/tensor"
)

// Examples is how many made-up examples training goes round in, in whole
// batches.
const Examples = 1024

// The rate and momentum of the training that is timed. The rate is so small that
// nothing is learnt: a network that knows its examples has gradients that fade
// into subnormal numbers, which processors are slow at, ours and anybody's.
const (
	LearningRate = 1e-6
	Momentum     = 0.9
)

// Training returns the work of one step of training with stochastic gradient
// descent: a recorded program, as package train makes it, on one batch after the
// other of examples of the given shape.
func Training(net nn.Module, shape []int, classes, batch int) Work {
	sgd, err := optim.NewSGD(nn.Parameters(net), optim.SGDConfig{LR: LearningRate, Momentum: Momentum})
	if err != nil {
		panic(err)
	}
	variables := nn.Values(append(nn.Variables(net), sgd.State()...))
	next := batches(shape, classes, batch)
	images, labels := next()
	p := program.Record(variables, []tensor.Spec{images.Spec(), labels.Spec()}, func(in []*autograd.Value) []*autograd.Value {
		scores := net.Forward(in[0])
		loss := op.CrossEntropy(scores, in[1])
		sgd.Step(autograd.Grad(op.Mean(loss), nn.Values(sgd.Parameters())...))
		return []*autograd.Value{loss, op.ArgMax(scores, -1)}
	})
	return Work{Step: func() {
		images, labels := next()
		p.Run(images, labels)
	}}
}

// Inference returns the work of scoring one batch after the other.
func Inference(net nn.Module, shape []int, batch int) Work {
	nn.SetTraining(net, false)
	next := batches(shape, 1, batch)
	images, _ := next()
	p := program.Record(nn.Values(nn.Variables(net)), []tensor.Spec{images.Spec()}, func(in []*autograd.Value) []*autograd.Value {
		return []*autograd.Value{net.Forward(in[0])}
	})
	return Work{Step: func() {
		images, _ := next()
		p.Run(images)
	}}
}

// Transformer returns the work of one step of training with AdamW for a network
// that maps tokens [batch context] to scores of the next of each.
func Transformer(net nn.Module, vocabulary, batch, context int) Work {
	adam, err := optim.NewAdam(nn.Parameters(net), optim.AdamConfig{LR: LearningRate, WeightDecay: 0.01, Decoupled: true})
	if err != nil {
		panic(err)
	}
	variables := nn.Values(append(nn.Variables(net), adam.State()...))
	tokens := tensor.New(tensor.Int64, batch, context)
	r := random.New(1)
	for i := range tensor.Data[int64](tokens) {
		tensor.Data[int64](tokens)[i] = int64(r.IntN(vocabulary))
	}
	p := program.Record(variables, []tensor.Spec{tokens.Spec(), tokens.Spec()}, func(in []*autograd.Value) []*autograd.Value {
		loss := model.NextTokenLoss(net.Forward(in[0]), in[1])
		adam.Step(autograd.Grad(loss, nn.Values(adam.Parameters())...))
		return []*autograd.Value{loss}
	})
	return Work{Step: func() { p.Run(tokens, tokens) }}
}

// batches makes up examples and returns what hands out one batch of them after
// the other, for ever.
func batches(shape []int, classes, batch int) func() (images, labels *tensor.Tensor) {
	n := max(1, Examples/batch) * batch
	all := Normal(0, append([]int{n}, shape...)...)
	classOf := tensor.New(tensor.Int64, n)
	r := random.New(1)
	for i := range tensor.Data[int64](classOf) {
		tensor.Data[int64](classOf)[i] = int64(r.IntN(classes))
	}
	at := 0
	return func() (images, labels *tensor.Tensor) {
		if at == n {
			at = 0
		}
		from := at
		at += batch
		return all.Slice(0, from, at), classOf.Slice(0, from, at)
	}
}
