package train

import (
	"errors"
	"fmt"
	"slices"

	"github.com/mlodyssey/odyssey/data"
	"github.com/mlodyssey/odyssey/data/glyphs"
	"github.com/mlodyssey/odyssey/nn"
	"github.com/mlodyssey/odyssey/optim"
)

// What a run does unless told otherwise.
const (
	DefaultEpochs   = 10
	DefaultBatch    = 64
	DefaultMomentum = 0.9 // of sgd
	DefaultSchedule = "linear"
)

// Mean and Std normalise pixels in [0, 1]: those of MNIST's training images,
// which PyTorch's examples use too.
const (
	Mean = 0.1307
	Std  = 0.3081
)

// Glyphs is the data that is drawn and not read from a directory; see package
// glyphs. GlyphsTrain and GlyphsTest are how many images its splits have.
const (
	Glyphs      = "glyphs"
	GlyphsTrain = 20000
	GlyphsTest  = 4000
)

// Settings are all that decides a run, so that the same settings give the same
// run again.
type Settings struct {
	Model string `json:"model"` // the network's name
	Data  string `json:"data"`  // Glyphs, or a directory that data.OpenDir takes
	Limit int    `json:"limit"` // the most examples used of each split; 0: all
	Seed  uint64 `json:"seed"`  // of the parameters, the order of examples, and the glyphs

	Epochs int `json:"epochs"`
	Batch  int `json:"batch"`

	Optimizer   string  `json:"optimizer"` // sgd, adam or adamw
	LR          float64 `json:"lr"`
	Momentum    float64 `json:"momentum"` // of sgd alone, as is Nesterov
	Nesterov    bool    `json:"nesterov"`
	WeightDecay float64 `json:"weight_decay"`
	Schedule    string  `json:"schedule"` // of the learning rate: linear, which falls to 0, or constant

	Eager bool `json:"eager"` // run operations one by one instead of a recorded program
}

// NewNet makes a network by its name, for examples of a shape and a number of
// classes, with parameters drawn from a seed: model.New, or a function that
// knows networks of one's own.
type NewNet func(name string, input []int, classes int, seed uint64) (nn.Module, error)

// Prepare opens the data and makes the network and the optimiser: whatever can
// be wrong with settings shows here, before anything is run or written.
func (s Settings) Prepare(newNet NewNet) (*Classifier, Config, error) {
	train, err := OpenData(s.Data, "train", s.Seed, s.Limit)
	if err != nil {
		return nil, Config{}, err
	}
	test, err := OpenData(s.Data, "test", s.Seed, s.Limit)
	if err != nil {
		return nil, Config{}, err
	}
	net, err := newNet(s.Model, train.Shape(), len(train.Classes()), s.Seed)
	if err != nil {
		return nil, Config{}, err
	}
	c := &Classifier{Name: s.Model, Net: net, Classes: train.Classes(), Input: train.Shape(), Mean: Mean, Std: Std}
	if err := c.Check(test); err != nil {
		return nil, Config{}, fmt.Errorf("data %s: test split: %w", s.Data, err)
	}
	optimizer, err := s.newOptimizer(nn.Parameters(net))
	if err != nil {
		return nil, Config{}, err
	}
	schedule, ok := schedules[s.Schedule]
	if !ok {
		return nil, Config{}, fmt.Errorf("unknown schedule %q: want linear or constant", s.Schedule)
	}
	config := Config{
		Model: net, Optimizer: optimizer, Train: train, Test: test,
		Epochs: s.Epochs, Batch: s.Batch, Schedule: schedule, Seed: s.Seed, Mean: Mean, Std: Std, Eager: s.Eager,
	}
	return c, config, config.Check()
}

// OpenData opens a split, "train" or "test", of a directory or of Glyphs, which
// are drawn from a seed. Of more than limit examples it takes the first, unless
// limit is 0.
func OpenData(name, split string, seed uint64, limit int) (data.Dataset, error) {
	if limit < 0 {
		return nil, fmt.Errorf("limit %d: want at least 1, or 0 for all examples", limit)
	}
	set, err := openWhole(name, split, seed)
	if err != nil || limit == 0 {
		return set, err
	}
	return data.Limit(set, limit), nil
}

func openWhole(name, split string, seed uint64) (data.Dataset, error) {
	switch {
	case name != Glyphs:
		return data.OpenDir(name, split)
	case split == "train":
		return glyphs.New(GlyphsTrain, seed, glyphs.Train), nil
	case split == "test":
		return glyphs.New(GlyphsTest, seed, glyphs.Test), nil
	}
	return nil, fmt.Errorf("split %q: want train or test", split)
}

// The names of optimisers, each with a learning rate that mostly works.
var optimizers = []struct {
	name string
	lr   float64
	make func(params []nn.Named, s Settings) (optim.Optimizer, error)
}{
	{"sgd", 0.01, newSGD},
	{"adam", 0.001, func(params []nn.Named, s Settings) (optim.Optimizer, error) { return newAdam(params, s, false) }},
	{"adamw", 0.001, func(params []nn.Named, s Settings) (optim.Optimizer, error) { return newAdam(params, s, true) }},
}

// The names of schedules.
var schedules = map[string]optim.Schedule{"linear": optim.Linear, "constant": optim.Constant}

// DefaultLR returns the learning rate that an optimiser has unless told
// otherwise.
func DefaultLR(optimizer string) float64 {
	for _, o := range optimizers {
		if o.name == optimizer {
			return o.lr
		}
	}
	return 0
}

func (s Settings) newOptimizer(params []nn.Named) (optim.Optimizer, error) {
	for _, o := range optimizers {
		if o.name == s.Optimizer {
			return o.make(params, s)
		}
	}
	return nil, fmt.Errorf("unknown optimizer %q: want one of sgd, adam, adamw", s.Optimizer)
}

func newSGD(params []nn.Named, s Settings) (optim.Optimizer, error) {
	return optim.NewSGD(params, optim.SGDConfig{
		LR: s.LR, Momentum: s.Momentum, Nesterov: s.Nesterov, WeightDecay: s.WeightDecay,
	})
}

func newAdam(params []nn.Named, s Settings, decoupled bool) (optim.Optimizer, error) {
	if s.Momentum != 0 || s.Nesterov {
		return nil, errors.New("momentum and Nesterov's momentum are sgd's: want neither with " + s.Optimizer)
	}
	return optim.NewAdam(params, optim.AdamConfig{LR: s.LR, WeightDecay: s.WeightDecay, Decoupled: decoupled})
}

// Check returns an error unless the examples of a set are such as the network
// takes, and there are as many classes.
func (c *Classifier) Check(set data.Dataset) error {
	if !slices.Equal(set.Shape(), c.Input) {
		return fmt.Errorf("examples of shape %v, want %v for model %s", set.Shape(), c.Input, c.Name)
	}
	if got, want := len(set.Classes()), len(c.Classes); got != want {
		return fmt.Errorf("%d classes, want %d for this %s", got, want, c.Name)
	}
	for i, name := range set.Classes() {
		if name != c.Classes[i] {
			return fmt.Errorf("class %d is %q, want %q for this %s", i, name, c.Classes[i], c.Name)
		}
	}
	return nil
}
