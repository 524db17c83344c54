package train

import (
	"context"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/data"
	"github.com/mlodyssey/odyssey/nn"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/tensor"
)

// Judgement is what a classifier makes of an example.
type Judgement struct {
	Label, Guess int
	Loss         float64 // the cross-entropy
	Probability  float64 // of the guess
}

// Judge returns what the classifier makes of each example of a set. Evaluate gives the mean of
// these losses, bit for bit, and the share of these guesses that are right.
func (c *Classifier) Judge(ctx context.Context, set data.Dataset) (all []Judgement, err error) {
	defer recoverMistake(&err)
	if err := c.Check(set); err != nil {
		return nil, err
	}
	loader, err := data.NewLoader(set, data.LoaderConfig{Batch: min(evalBatch, set.Len()), Mean: c.Mean, Std: c.Std})
	if err != nil {
		return nil, err
	}
	nn.SetTraining(c.Net, false)
	s := newEvaluator(c.Net, c.Precision, c.Ranges)
	s.step = func(in []*autograd.Value) []*autograd.Value {
		scores, loss := forward(c.Net, c.Precision, 0, in)
		likeliest := op.Max(op.Softmax(op.Cast(scores, tensor.Float64)), -1)
		return []*autograd.Value{loss, op.ArgMax(scores, -1), likeliest}
	}
	for batch, err := range loader.Batches(ctx, 0) {
		if err != nil {
			return nil, err
		}
		all = append(all, judgements(s.run(batch.Images, batch.Labels), batch.Labels)...)
	}
	return all, nil
}

func judgements(o outcome, labels *tensor.Tensor) (all []Judgement) {
	losses, guesses, probabilities := float64s(o.loss), tensor.Data[int64](o.predicted), tensor.Data[float64](o.more[0])
	for i, label := range tensor.Data[int64](labels) {
		all = append(all, Judgement{int(label), int(guesses[i]), losses[i], probabilities[i]})
	}
	return all
}
