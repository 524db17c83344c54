package train

import (
	"context"
	"errors"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/checkpoint"
	"github.com/mlodyssey/odyssey/data"
	"github.com/mlodyssey/odyssey/nn"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/precision"
	"github.com/mlodyssey/odyssey/program"
	"github.com/mlodyssey/odyssey/tensor"
)

// measure finds the ranges of what the products of a quantised classifier read, and what
// quantising does to the scores: all of it, and each parameter alone.
func (c *Classifier) measure(ctx context.Context, q Quantization, packed *Classifier, tensors []checkpoint.Named, r *QuantizeReport) error {
	if err := c.Check(q.Examples); err != nil {
		return err
	}
	batches, err := c.batches(ctx, q.Examples)
	if err != nil {
		return err
	}
	trial, err := restore(&checkpoint.File{Tensors: clones(tensors), Metadata: packed.metadata()}, q.New)
	if err != nil {
		return err
	}
	if q.Activations && trial.Precision.History > 0 {
		trial.Ranges = trial.ranges(batches)
		packed.Ranges = trial.Ranges
	}
	plain := *c
	if plain.Precision.Rounds() {
		plain.Precision, plain.Ranges = precision.FP32, nil
	}
	scores := plain.scorer()
	before, after := scores(batches), trial.scorer()(batches)
	r.Measured, r.Scores, r.Same = q.Examples.Len(), relativeChange(before, after), c.sameClasses(before, after)
	if !isFinite(r.Scores) {
		return errors.New("the scores of the examples are not finite")
	}
	for i, v := range nn.Variables(c.Net) {
		if r.Parameters[i].Type.IsPacked() && !v.Value.DType().IsPacked() {
			was := v.Value.Tensor().Clone()
			autograd.Overwrite(v.Value, tensors[i].Tensor.Convert(was.DType()).Reshape(was.Shape()...))
			r.Parameters[i].Scores = relativeChange(before, scores(batches))
			autograd.Overwrite(v.Value, was)
		}
	}
	return nil
}

func clones(tensors []checkpoint.Named) []checkpoint.Named {
	var all []checkpoint.Named
	for _, t := range tensors {
		all = append(all, checkpoint.Named{Name: t.Name, Tensor: t.Tensor.Clone()})
	}
	return all
}

// batches reads all examples of a set.
func (c *Classifier) batches(ctx context.Context, set data.Dataset) (all []*tensor.Tensor, err error) {
	loader, err := data.NewLoader(set, data.LoaderConfig{Batch: min(evalBatch, set.Len()), Mean: c.Mean, Std: c.Std})
	if err != nil {
		return nil, err
	}
	for batch, err := range loader.Batches(ctx, 0) {
		if err != nil {
			return nil, err
		}
		all = append(all, batch.Images.Clone())
	}
	return all, nil
}

// scorer returns a function that gives the scores of all examples, one after the other, with the
// parameters as they are by then: a batch of each size is recorded once.
func (c *Classifier) scorer() func(batches []*tensor.Tensor) []float64 {
	programs := map[int]*program.Program{}
	return func(batches []*tensor.Tensor) (all []float64) {
		for _, x := range batches {
			n := x.Shape()[0]
			if programs[n] == nil {
				programs[n] = c.compile(x, func(scores *autograd.Value) *autograd.Value { return scores })
			}
			all = append(all, float64s(programs[n].Run(x)[0])...)
		}
		return all
	}
}

// compile returns the program of what f makes of the scores of a batch such as x.
func (c *Classifier) compile(x *tensor.Tensor, f func(scores *autograd.Value) *autograd.Value) *program.Program {
	return program.Compile(c.Precision.Rewrite(c.record(x, f), c.Ranges...))
}

func (c *Classifier) record(x *tensor.Tensor, f func(scores *autograd.Value) *autograd.Value) *autograd.Trace {
	nn.SetTraining(c.Net, false)
	return autograd.Record(nn.Values(nn.Variables(c.Net)), []tensor.Spec{x.Spec()}, func(in []*autograd.Value) []*autograd.Value {
		return []*autograd.Value{f(c.Net.Forward(op.Cast(in[0], c.Precision.Type())))}
	})
}

// ranges returns the largest magnitudes of what products round, over all batches.
func (c *Classifier) ranges(batches []*tensor.Tensor) (all []float32) {
	for _, x := range batches {
		tr := c.record(x, func(scores *autograd.Value) *autograd.Value { return scores })
		out := program.Compile(c.Precision.Measure(tr)).Run(x)
		if len(out) < 2 {
			return nil // no product has packed weights
		}
		for i, largest := range tensor.Data[float32](out[1]) {
			if i == len(all) {
				all = append(all, 0)
			}
			all[i] = max(all[i], largest)
		}
	}
	return all
}

// sameClasses returns the share of examples whose highest score is that of the same class.
func (c *Classifier) sameClasses(a, b []float64) float64 {
	same, classes := 0, len(c.Classes)
	for i := 0; i < len(a); i += classes {
		if likeliest(a[i:i+classes]) == likeliest(b[i:i+classes]) {
			same++
		}
	}
	return float64(same*classes) / float64(max(1, len(a)))
}

func likeliest(scores []float64) (class int) {
	for i, v := range scores {
		if v > scores[class] {
			class = i
		}
	}
	return class
}
