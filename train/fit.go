// Package train has the loop: it takes batches from a loader through a model, a
// loss and an optimiser, evaluates after each epoch, and keeps the record of a
// run in a directory.
package train

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/mlodyssey/odyssey/augment"
	"github.com/mlodyssey/odyssey/data"
	"github.com/mlodyssey/odyssey/internal/parallel"
	"github.com/mlodyssey/odyssey/nn"
	"github.com/mlodyssey/odyssey/optim"
	"github.com/mlodyssey/odyssey/precision"
	"github.com/mlodyssey/odyssey/program"
	"github.com/mlodyssey/odyssey/tensor"
)

// Config is a training run: a classifier, trained with the mean cross-entropy of
// its batches.
type Config struct {
	Model     nn.Module
	Optimizer optim.Optimizer // of the model's parameters
	Train     data.Dataset
	Test      data.Dataset // evaluated after each epoch; may be nil

	Epochs    int
	Batch     int
	Plan      optim.Plan // of learning rates and momenta; a Plateau is fed with the test loss, or without a test set the loss
	ClipValue float64    // cut off elements of gradients beyond this; 0: do not
	ClipNorm  float64    // scale gradients down to this norm; 0: do not
	Seed      uint64     // of the order of examples
	Mean, Std float32    // examples become (x - Mean) / Std; a Std of 0 means 1

	Augment *augment.Policy // changes the images of Train at random; nil: they stay as they are
	Sampler data.Sampler    // of Train; nil: all examples, in a new order each epoch

	Workers int  // goroutines that read batches ahead, for sets that wait for a disk: see data.LoaderConfig
	Eager   bool // run operations one by one instead of a recorded program

	// Accumulate is in how many pieces a batch goes forward and backward before the one update
	// that follows, each of Batch/Accumulate examples, rounded up: for less memory. Where that
	// is a multiple of 16 the bits are mostly those of the batch in one, see docs/numerics.md;
	// layers that look at all of a batch, such as nn.BatchNorm, look at a piece. 0: in one.
	Accumulate int

	Precision precision.Policy // how training and evaluation compute; the parameters must be of its type
	LossScale float32          // of the first steps of a policy that scales the loss, a power of two; 0: precision.FirstScale

	// Average is of the model's parameters, and is evaluated in their stead; may be
	// nil. It takes them after each step or, from epoch AverageFrom on unless that is
	// 0, after each epoch.
	Average     *optim.Average
	AverageFrom int

	OnCosts func([]program.Cost) // called at the end with where the time went, which is then counted; may be nil; nothing for Eager
	OnStep  func(Progress)       // called after each step; may be nil
	OnSkip  func(Overflow)       // called after a step that was left out, before OnStep; may be nil
	OnEpoch func(Epoch) error    // called after each epoch; an error ends the run; may be nil
}

// Progress is where a run stands within an epoch. Loss and accuracy are those of
// the epoch's examples so far, each at the time it was learnt from.
type Progress struct {
	Epoch, Step, Steps int // counted from 1
	Images             int
	Loss, Accuracy     float64
}

// Overflow is a step that was left out, since gradients of a scaled loss were not finite. It
// began in the last of the parameters, as gradients go from the last layer to the first; or, if
// the loss is not finite itself, in the forward pass, and then the scale stays.
type Overflow struct {
	Epoch, Step int      // counted from 1
	Scale       float32  // of the loss; the next step has half of it
	Forward     bool     // the loss is not finite
	Parameters  []string // whose gradients were not finite, in the order of the model
}

// Epoch is the outcome of an epoch.
type Epoch struct {
	Epoch           int     `json:"epoch"`
	TrainLoss       float64 `json:"train_loss"`
	TrainAccuracy   float64 `json:"train_accuracy"`
	TestLoss        float64 `json:"test_loss"`
	TestAccuracy    float64 `json:"test_accuracy"`
	LearningRate    float64 `json:"learning_rate"` // of the last step
	Seconds         float64 `json:"seconds"`       // of training, without evaluation
	ImagesPerSecond float64 `json:"images_per_second"`
	LossScale       float64 `json:"loss_scale,omitempty"` // after the last step, where the loss is scaled
	Skipped         int     `json:"skipped,omitempty"`    // steps that were left out since gradients overflowed
}

// Fit trains the model and returns the outcome of each finished epoch, together
// with the error that ended the run early, if one did: a wrong configuration,
// unreadable data, a loss that is no longer finite, or the context's end. Where
// the weights to evaluate with differ from those that are trained, OnEpoch and a
// finished run have the former.
func Fit(ctx context.Context, c Config) (epochs []Epoch, err error) {
	defer recoverMistake(&err)
	loader, err := newLoader(c)
	if err != nil {
		return nil, err
	}
	l := newLearner(c)
	if c.OnCosts != nil {
		defer func() { c.OnCosts(l.costs()) }()
	}
	rates := optim.NewScheduler(c.Optimizer, c.Plan, c.Epochs*loader.Len())
	defer rates.Reset()
	for e := 1; e <= c.Epochs; e++ {
		c.setTraining(true)
		epoch, err := fitEpoch(ctx, c, l, loader, e, rates)
		if err != nil {
			return epochs, err
		}
		if c.averagesEpoch(e) {
			c.Average.Update()
		}
		c.setTraining(false)
		if err := c.evaluate(ctx, &epoch); err != nil {
			return epochs, err
		}
		epochs = append(epochs, epoch)
		if c.OnEpoch != nil {
			if err := c.OnEpoch(epoch); err != nil {
				return epochs, err
			}
		}
	}
	return epochs, nil
}

// evaluate adds the result on the test set to an epoch, and tells the plateau.
func (c Config) evaluate(ctx context.Context, e *Epoch) error {
	loss := e.TrainLoss
	if c.Test != nil {
		r, err := Evaluate(ctx, c.Model, c.Precision, c.Test, c.Mean, c.Std)
		if err != nil {
			return err
		}
		if !isFinite(r.Loss) {
			return fmt.Errorf("the test loss after epoch %d is not finite: a smaller learning rate may help", e.Epoch)
		}
		e.TestLoss, e.TestAccuracy = r.Loss, r.Accuracy
		loss = r.Loss
	}
	if c.Plan.Plateau != nil {
		c.Plan.Plateau.Observe(loss)
	}
	return nil
}

// Check returns what is wrong with a configuration before any of it is run.
func (c Config) Check() error {
	_, err := newLoader(c)
	return err
}

func newLoader(c Config) (*data.Loader, error) {
	if c.Epochs < 1 {
		return nil, fmt.Errorf("epochs %d: want at least 1", c.Epochs)
	}
	if c.Accumulate < 0 || c.Accumulate > max(1, c.Batch) {
		return nil, fmt.Errorf("a batch of %d in %d pieces: want 0, for one, to as many as it has examples", c.Batch, c.Accumulate)
	}
	if !(c.ClipValue >= 0 && c.ClipNorm >= 0) {
		return nil, fmt.Errorf("gradients are clipped at %v and to a norm of %v: want positive numbers, or 0", c.ClipValue, c.ClipNorm)
	}
	if p := c.Precision; p.Packed || p.Rounds() && c.Eager {
		return nil, fmt.Errorf("precision %v: want one to train in and, as that works on recorded programs, no eager run", p)
	}
	if s := c.LossScale; s != 0 && !(s >= 1 && precision.IsPowerOfTwo(s)) {
		return nil, fmt.Errorf("a loss scale of %v: want a power of two of at least 1", s)
	}
	if c.Average != nil && (c.AverageFrom < 0 || c.AverageFrom > c.Epochs) {
		return nil, fmt.Errorf("weights are averaged from epoch %d on: want 0, for each step, to %d", c.AverageFrom, c.Epochs)
	}
	return data.NewLoader(c.Train, data.LoaderConfig{
		Batch: c.Batch, Shuffle: c.Sampler == nil, Sampler: c.Sampler, Seed: c.Seed, Mean: c.Mean, Std: c.Std,
		Augment: c.Augment, Workers: c.Workers,
	})
}

func fitEpoch(ctx context.Context, c Config, l *learner, loader *data.Loader, number int, rates *optim.Scheduler) (Epoch, error) {
	start := time.Now()
	var sum tally
	step, skipped := 0, 0
	for batch, err := range loader.Batches(ctx, number) {
		if err != nil {
			return Epoch{}, err
		}
		rates.Set((number-1)*loader.Len() + step)
		step++
		o, overflow, err := l.run(inputs(batch)...)
		if err != nil {
			return Epoch{}, fmt.Errorf("step %d of epoch %d: %w", step, number, err)
		}
		if overflow != nil {
			skipped++
			overflow.Epoch, overflow.Step = number, step
			if c.OnSkip != nil {
				c.OnSkip(*overflow)
			}
		}
		with := sum
		with.add(o, batch.Labels)
		switch {
		case isFinite(with.loss):
			sum = with
		case overflow == nil:
			return Epoch{}, fmt.Errorf("the loss is no longer finite in step %d of epoch %d: a smaller learning rate may help, if the data are finite", step, number)
		}
		if c.OnStep != nil {
			r := sum.result()
			c.OnStep(Progress{number, step, loader.Len(), r.Count, r.Loss, r.Accuracy})
		}
	}
	if sum.count == 0 {
		return Epoch{}, fmt.Errorf("in no step of epoch %d was the loss finite: the scores overflow in precision %v", number, c.Precision)
	}
	seconds := time.Since(start).Seconds()
	r := sum.result()
	return Epoch{
		Epoch: number, TrainLoss: r.Loss, TrainAccuracy: r.Accuracy,
		LearningRate: optim.LearningRate(c.Optimizer), LossScale: float64(l.lossScale()), Skipped: skipped,
		Seconds: seconds, ImagesPerSecond: float64(r.Count) / seconds,
	}, nil
}

// inputs returns what a step takes of a batch.
func inputs(b *data.Batch) []*tensor.Tensor {
	if b.Others == nil {
		return []*tensor.Tensor{b.Images, b.Labels}
	}
	return []*tensor.Tensor{b.Images, b.Labels, b.Others, b.Weights}
}

func isFinite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// recoverMistake turns the panic of a mistake in the program, such as shapes
// that do not fit, into an error. Others go on.
func recoverMistake(err *error) {
	switch v := recover().(type) {
	case nil:
	case *tensor.Error:
		*err = v
	case *parallel.Panic:
		var mistake *tensor.Error
		if cause, ok := v.Value.(error); ok && errors.As(cause, &mistake) {
			*err = mistake
			return
		}
		panic(v)
	default:
		panic(v)
	}
}
