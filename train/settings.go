package train

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/mlodyssey/odyssey/augment"
	"github.com/mlodyssey/odyssey/data"
	"github.com/mlodyssey/odyssey/data/glyphs"
	"github.com/mlodyssey/odyssey/nn"
	"github.com/mlodyssey/odyssey/optim"
	"github.com/mlodyssey/odyssey/precision"
	"github.com/mlodyssey/odyssey/random"
	"github.com/mlodyssey/odyssey/train/metric"
)

// What a run does unless told otherwise.
const (
	DefaultEpochs = 10
	DefaultBatch  = 64
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
	Limit int    `json:"limit"` // the most examples used of each split, see OpenData; 0: all
	Seed  uint64 `json:"seed"`  // of the parameters, the order of examples, and the glyphs

	Precision  string `json:"precision"`             // a name that precision.Named knows
	EveryLayer bool   `json:"every_layer,omitempty"` // round in the first and the last layer too

	// Normalize is NormalizeAuto or "", NormalizeMNIST, NormalizeOwn, or numbers. A record has the numbers that were used.
	Normalize string `json:"normalize"`

	Augment string `json:"augment,omitempty"` // a policy that augment.Parse reads; "": none

	Epochs     int `json:"epochs"`          // 0 where Steps says how long the run is
	Steps      int `json:"steps,omitempty"` // 0 where Epochs does
	Batch      int `json:"batch"`
	Accumulate int `json:"accumulate,omitempty"` // pieces of a batch: see Config.Accumulate
	EarlyStop  int `json:"early_stop,omitempty"` // end after so many epochs that were no better: see EarlyStopping; 0: do not

	Optimizer    string  `json:"optimizer"` // a name that optim.New knows, and settings: see optim.ParseSettings
	LR           float64 `json:"lr"`
	Momentum     float64 `json:"momentum"` // of optimisers that have one, as is Nesterov
	Nesterov     bool    `json:"nesterov"`
	WeightDecay  float64 `json:"weight_decay"`
	DecayWeights bool    `json:"decay_weights"` // no other parameters: no biases, nor those of normalisations
	ClipValue    float64 `json:"clip_value"`    // 0: none
	ClipNorm     float64 `json:"clip_norm"`     // 0: none

	LabelSmoothing float64 `json:"label_smoothing,omitempty"` // the share of a label spread over all classes; 0: none

	Schedule string     `json:"schedule"` // a name that optim.NewPlan knows, and settings
	Warmup   optim.Span `json:"warmup"`   // of the schedule
	EMA      float64    `json:"ema"`      // the decay of a moving average of the weights; 0: none
	SWA      float64    `json:"swa"`      // the share of the run after which weights are averaged epoch by epoch; 0: none

	Eager bool `json:"eager"` // run operations one by one instead of a recorded program
}

// NewNet makes a network by its name, for examples of a shape and a number of
// classes, with parameters drawn from a seed: model.New, or a function that
// knows networks of one's own.
type NewNet func(name string, input []int, classes int, seed uint64) (nn.Module, error)

// Prepare opens the data and makes the network and the optimiser: whatever can
// be wrong with settings shows here, before anything is run or written.
func (s Settings) Prepare(newNet NewNet) (*Classifier, Config, error) {
	return s.PrepareContext(context.Background(), newNet)
}

// PrepareContext is Prepare that returns the context's error if that is done while the training examples are
// measured: see NormalizeOwn.
func (s Settings) PrepareContext(ctx context.Context, newNet NewNet) (*Classifier, Config, error) {
	train, from, err := openData(s.Data, "train", s.Seed, s.Limit)
	if err != nil {
		return nil, Config{}, err
	}
	test, testFrom, err := openData(s.Data, "test", s.Seed, s.Limit)
	if err != nil {
		return nil, Config{}, err
	}
	if n := len(train.Classes()); n > metric.MaxClasses {
		return nil, Config{}, fmt.Errorf("data %s: %d classes, want at most %d", s.Data, n, metric.MaxClasses)
	}
	policy, err := s.policy()
	if err != nil {
		return nil, Config{}, err
	}
	net, err := newNet(s.Model, train.Shape(), len(train.Classes()), s.Seed)
	if err != nil {
		return nil, Config{}, err
	}
	nn.Convert(net, policy.Type())
	c := &Classifier{Name: s.Model, Net: net, Classes: train.Classes(), Input: train.Shape(), Precision: policy, Photographs: from.Format == data.FormatFolder}
	if err := c.Check(test); err != nil {
		return nil, Config{}, fmt.Errorf("data %s: test split: %w", s.Data, err)
	}
	config, err := s.config()
	if err != nil {
		return nil, Config{}, err
	}
	config.Model, config.Train, config.Test, config.Files = net, train, test, filesOf(from, testFrom)
	config.Metrics, config.Precision = DefaultMetrics(len(c.Classes)), policy
	if err := s.complete(&config); err != nil {
		return nil, Config{}, err
	}
	// The examples may take a while to measure: nothing else can be wrong by now.
	if c.Mean, c.Std, err = s.normalisation(ctx, train, from); err != nil {
		return nil, Config{}, err
	}
	config.Mean, config.Std = c.Mean, c.Std
	return c, config, config.Check()
}

// config returns what follows from the settings alone.
func (s Settings) config() (c Config, err error) {
	c = Config{
		Epochs: s.Epochs, Steps: s.Steps, Batch: s.Batch, Accumulate: s.Accumulate, Seed: s.Seed, Eager: s.Eager,
		ClipValue: s.ClipValue, ClipNorm: s.ClipNorm, LabelSmoothing: s.LabelSmoothing,
	}
	if s.EarlyStop < 0 {
		return c, fmt.Errorf("an early stop after %d epochs: want at least 1, or 0 for none", s.EarlyStop)
	}
	if s.EarlyStop > 0 {
		c.Callbacks = []Callback{&EarlyStopping{Patience: s.EarlyStop}}
	}
	if s.Augment != "" {
		if c.Augment, err = augment.Parse(s.Augment); err != nil {
			return c, err
		}
		if c.Augment.Normalises() { // as all settings do
			return c, errNormalisedTwice
		}
	}
	return c, nil
}

// complete adds the length of the run and the optimiser, and checks it all.
func (s Settings) complete(c *Config) error {
	loader, err := newLoader(*c)
	if err != nil {
		return err
	}
	if s.Steps > 0 {
		c.Epochs = (s.Steps + loader.Len() - 1) / loader.Len()
	}
	if err := s.prepareOptimizer(nn.Parameters(c.Model), c); err != nil {
		return err
	}
	return c.Check()
}

// Check returns what is wrong with settings whatever the data and the network are, which it does not look at.
func (s Settings) Check() error {
	if err := checkLimit(s.Limit); err != nil {
		return err
	}
	policy, err := s.policy()
	if err != nil {
		return err
	}
	c, err := s.config()
	if err != nil {
		return err
	}
	net := nn.NewLinear(1, 1, random.New(s.Seed))
	nn.Convert(net, policy.Type())
	c.Model, c.Train, c.Precision = net, placeholders(max(1, s.Batch)), policy
	c.Augment = nil // it looks at shapes
	if err := s.complete(&c); err != nil {
		return err
	}
	switch s.Normalize {
	case "", NormalizeAuto, NormalizeMNIST, NormalizeOwn:
		return nil
	}
	_, _, err = s.parseNormalize()
	return err
}

// placeholders is a number of examples of any kind.
type placeholders int

func (p placeholders) Len() int                       { return int(p) }
func (placeholders) Shape() []int                     { return []int{1} }
func (placeholders) Classes() []string                { return []string{""} }
func (placeholders) Read(int, []float32) (int, error) { return 0, nil }

// MovedTo returns settings whose data lies elsewhere now, with the settings of the set unless there are others; ""
// is where it lay.
func (s Settings) MovedTo(dir string) Settings {
	if dir == "" {
		return s
	}
	old := s.Data
	if s.Data = dir; data.Directory(dir) == dir {
		s.Data += strings.TrimPrefix(old, data.Directory(old))
	}
	return s
}

// policy returns the precision that the settings ask for.
func (s Settings) policy() (precision.Policy, error) {
	p, err := precision.Named(s.Precision)
	if err != nil {
		return p, err
	}
	if s.EveryLayer && !p.KeepEnds {
		return p, fmt.Errorf("precision %v rounds in every layer as it is: want a format of blocks", p)
	}
	if s.EveryLayer {
		p = p.EveryLayer()
	}
	return p, nil
}

// OpenData opens a split, "train" or "test", of a directory or of Glyphs, which
// are drawn from a seed. Of more than limit examples, unless limit is 0, it takes the first
// of Glyphs and of IDX files, and of all others, which may come class by class, the
// first of each class: see data.LimitStratified.
func OpenData(name, split string, seed uint64, limit int) (data.Dataset, error) {
	set, _, err := openData(name, split, seed, limit)
	return set, err
}

func checkLimit(limit int) error {
	if limit < 0 {
		return fmt.Errorf("limit %d: want at least 1, or 0 for all examples", limit)
	}
	return nil
}

func openData(name, split string, seed uint64, limit int) (data.Dataset, data.Source, error) {
	if err := checkLimit(limit); err != nil {
		return nil, data.Source{}, err
	}
	set, source, err := openWhole(name, split, seed)
	if err != nil || limit == 0 {
		return set, source, err
	}
	if isDrawnOrIDX(source) { // whose classes come in any order, and whose runs keep their bits
		return data.Limit(set, limit), source, nil
	}
	if set, err = data.LimitStratified(set, limit); err != nil {
		return nil, source, fmt.Errorf("data %s: %w", name, err)
	}
	return set, source, nil
}

// CheckDataName returns an error for Glyphs with settings, unless there is a directory of that name.
func CheckDataName(name string) error {
	if _, err := os.Stat(Glyphs); err != nil && strings.HasPrefix(name, Glyphs+":") {
		return fmt.Errorf("data %q: %s are drawn, and take no settings", name, Glyphs)
	}
	return nil
}

func openWhole(name, split string, seed uint64) (set data.Dataset, source data.Source, err error) {
	if err := CheckDataName(name); err != nil {
		return nil, source, err
	}
	switch {
	case name != Glyphs:
		return data.Open(name, split)
	case split == "train":
		return glyphs.New(GlyphsTrain, seed, glyphs.Train), source, nil
	case split == "test":
		return glyphs.New(GlyphsTest, seed, glyphs.Test), source, nil
	}
	return nil, source, fmt.Errorf("split %q: want train or test", split)
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
