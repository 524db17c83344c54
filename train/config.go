package train

import (
	"errors"
	"fmt"
	"time"

	"github.com/mlodyssey/odyssey/augment"
	"github.com/mlodyssey/odyssey/data"
	"github.com/mlodyssey/odyssey/nn"
	"github.com/mlodyssey/odyssey/optim"
	"github.com/mlodyssey/odyssey/precision"
	"github.com/mlodyssey/odyssey/train/metric"
)

// Config is a training run: a classifier, trained with the mean cross-entropy of
// its batches.
type Config struct {
	Model     nn.Module
	Optimizer optim.Optimizer // of the model's parameters
	Train     data.Dataset
	Test      data.Dataset    // evaluated after each epoch; may be nil
	Metrics   []metric.Metric // of the evaluation, anew after each epoch; may be none

	Epochs    int
	Steps     int // if not 0, the run ends after so many steps, and Epochs is what these are of Train
	Batch     int
	Plan      optim.Plan // of learning rates and momenta; a Plateau is fed with the test loss, or without a test set the loss
	ClipValue float64    // cut off elements of gradients beyond this; 0: do not
	ClipNorm  float64    // scale gradients down to this norm; 0: do not

	// LabelSmoothing is the share of a label that is spread over all classes in training,
	// and so in an epoch's Loss; evaluation has none. 0: none. Szegedy et al., 2015.
	LabelSmoothing float64

	Seed      uint64    // of the order of examples
	Mean, Std []float32 // examples become (x - Mean) / Std: see data.Normalise and data.Measure; nil: they stay

	Augment *augment.Policy // changes the images of Train at random; nil: they stay as they are; without normalise where there is a Mean or Std
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

	// Average is of the model's variables, and is evaluated in their stead; may be
	// nil. It takes them after each step or, from epoch AverageFrom on unless that is
	// 0, after each epoch.
	Average     *optim.Average
	AverageFrom int

	Files     []string   // that Train and Test are read from, for the record
	From      *State     // where to go on; nil: at the beginning
	Callbacks []Callback // told of the run in this order
	Watch     bool       // keep a copy of all variables in memory, to tell where NaN and Inf come from: see NotFinite
	Gradients bool       // keep those of the last step: see Loop.Gradients
	Profile   bool       // count where the time goes: see Loop.Costs; nothing for Eager

	// Within an epoch the checkpoint hook is called after so many steps, or so much time;
	// 0: only after each epoch.
	CheckpointSteps int
	CheckpointEvery time.Duration

	lengths []int // after how many steps each epoch ends, of a run that was ended early; nil: after all
}

// ends reports whether an epoch is over after some of its steps.
func (c Config) ends(epoch, step int) bool {
	return epoch <= len(c.lengths) && step == c.lengths[epoch-1]
}

// errNormalisedTwice is that of a policy with normalise and means: training images alone would be normalised by both.
var errNormalisedTwice = errors.New("augment: normalise would normalise training images a second time and test images not at all: want --normalize MEAN/DEVIATION, or Mean and Std, in its place")

// mostSteps keeps counts of steps far from what overflows.
const mostSteps = 1 << 30

// Check returns what is wrong with a configuration before any of it is run.
func (c Config) Check() error {
	_, err := c.checked()
	return err
}

// checked returns the loader of a sound configuration.
func (c Config) checked() (*data.Loader, error) {
	if c.Model == nil || c.Optimizer == nil || c.Train == nil {
		return nil, errors.New("want a Config with a Model, an Optimizer and Train")
	}
	if c.Test != nil && c.Test.Len() == 0 {
		return nil, errors.New("a test set of no examples: want at least one, or no test set")
	}
	return newLoader(c)
}

func newLoader(c Config) (*data.Loader, error) {
	if c.Epochs < 1 && c.Steps == 0 {
		return nil, fmt.Errorf("epochs %d: want at least 1", c.Epochs)
	}
	if c.Epochs > mostSteps || c.Steps > mostSteps {
		return nil, fmt.Errorf("%d epochs, %d steps: want at most %d", c.Epochs, c.Steps, mostSteps)
	}
	if c.Steps < 0 || c.CheckpointSteps < 0 || c.CheckpointEvery < 0 {
		return nil, fmt.Errorf("%d steps, and checkpoints after %d steps and %v: want none below 0", c.Steps, c.CheckpointSteps, c.CheckpointEvery)
	}
	if c.Accumulate < 0 || c.Accumulate > max(1, c.Batch) {
		return nil, fmt.Errorf("a batch of %d in %d pieces: want 0, for one, to as many as it has examples", c.Batch, c.Accumulate)
	}
	if !(c.ClipValue >= 0 && c.ClipNorm >= 0) {
		return nil, fmt.Errorf("gradients are clipped at %v and to a norm of %v: want positive numbers, or 0", c.ClipValue, c.ClipNorm)
	}
	if !(c.LabelSmoothing >= 0 && c.LabelSmoothing <= 1) {
		return nil, fmt.Errorf("labels are smoothed by %v: want a share from 0 to 1", c.LabelSmoothing)
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
	if c.Augment != nil && c.Augment.Normalises() && len(c.Mean)+len(c.Std) > 0 {
		return nil, errNormalisedTwice
	}
	return data.NewLoader(c.Train, data.LoaderConfig{
		Batch: c.Batch, Shuffle: c.Sampler == nil, Sampler: c.Sampler, Seed: c.Seed, Mean: c.Mean, Std: c.Std,
		Augment: c.Augment, Workers: c.Workers,
	})
}
