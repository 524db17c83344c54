package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/BurntSushi/toml"
	"github.com/alecthomas/kong"

	"github.com/mlodyssey/odyssey/optim"
	"github.com/mlodyssey/odyssey/train"
)

// learningFlags are the settings of a run but for its length and its learning rates. All of them
// decide what a run gives.
type learningFlags struct {
	Model      string `default:"lenet5" help:"The network: see odyssey models."`
	Data       string `default:"${data}" help:"${data}, which are drawn (${glyphs} images), or a directory with a set: see odyssey data --help."`
	Batch      int    `default:"${batch}" help:"Examples in a batch."`
	Accumulate int    `placeholder:"N" help:"Take a batch through the network in N pieces before each update, for less memory: see docs/training.md."`
	Seed       uint64 `default:"1" help:"Seed of everything random."`
	Precision  string `default:"fp32" enum:"fp64,fp32,bf16,fp16,fp8,mxfp8,mxfp6,nvfp4,mxfp4" help:"The number format of products, explained above: ${enum}."`
	EveryLayer bool   `help:"With --precision mx… or nvfp4, round in the first and the last layer too."`
	Normalize  string `default:"auto" help:"What values become, as (value - MEAN)/DEVIATION: mnist, which is 0.1307/0.3081; own, measured on the training examples, by channel; auto, which is mnist for ${data} and IDX files, and own for others; or numbers, such as 0.5/0.25, or 0.49/0.25,0.48/0.24,0.45/0.26 for three channels."`
	Augment    string `placeholder:"POLICY" help:"Change training images at random: default, light, strong, cifar, randaugment, a policy such as rotate:degrees=10+shift:x=0.1, or a TOML file; see docs/augmentation.md."`
	Limit      int    `default:"0" help:"Use at most this many examples of each split, the first of ${data} and IDX files, and of others the first of each class, which keeps its share; 0 for all."`
	Eager      bool   `help:"Run operations one by one instead of a recorded program. The result is the same." xor:"how"`

	Optimizer    string   `group:"Learning:" default:"sgd" help:"One of the list above, with settings as in adam:beta2=0.99,amsgrad."`
	Momentum     *float64 `group:"Learning:" placeholder:"X" help:"Momentum, of optimizers that have one. Default: ${momentum} for sgd and lars, else 0."`
	Nesterov     bool     `group:"Learning:" help:"Use Nesterov's momentum, with sgd."`
	WeightDecay  float64  `group:"Learning:" default:"0" help:"L2 penalty; decoupled for adamw, lamb, lion, muon and schedule-free."`
	DecayWeights bool     `group:"Learning:" help:"With --weight-decay, leave out biases and the parameters of normalisations."`
	ClipNorm     float64  `group:"Learning:" placeholder:"X" help:"Scale all gradients down together to this norm."`
	ClipValue    float64  `group:"Learning:" placeholder:"X" help:"Limit each element of the gradients to -X to X."`

	LabelSmoothing float64 `group:"Learning:" placeholder:"SHARE" help:"Spread this share of each label over all classes, such as 0.1."`
}

// scheduleFlags are the other settings of a run.
type scheduleFlags struct {
	Epochs int `default:"${epochs}" help:"How many times to go through the examples."`
	Steps  int `placeholder:"N" help:"End after N batches, instead of --epochs."`

	EarlyStop int `placeholder:"N" help:"End after N epochs in a row that were no better on the test set."`

	LR       *float64 `group:"Learning:" name:"lr" placeholder:"X" help:"The learning rate. Default: the one beside the optimizer in the list above."`
	Schedule string   `group:"Learning:" placeholder:"NAME" help:"How the learning rate changes: one of the list above, with settings as in step:every=0.25,gamma=0.5. Default: ${schedule}, but constant for schedule-free."`
	Warmup   float64  `group:"Learning:" placeholder:"SPAN" help:"Let the learning rate rise from almost 0 first: over a share of the run such as 0.05, or a number of steps such as 500."`
	EMA      float64  `group:"Learning:" name:"ema" placeholder:"DECAY" help:"Evaluate and keep an exponential moving average of the weights, and of what batch normalisation has measured, with a decay such as 0.999: of about 1/(1-DECAY) steps."`
	SWA      float64  `group:"Learning:" name:"swa" placeholder:"SHARE" help:"Stochastic weight averaging: after this share of the run, such as 0.75, evaluate and keep the mean of the weights that its epochs end with, and of what batch normalisation has measured."`
}

// check returns an error if a flag does nothing without another one. A sweep may try that too.
func (c learningFlags) check() error {
	if c.DecayWeights && c.WeightDecay == 0 {
		return errors.New("--decay-weights: want --weight-decay X too, which it says the parameters of")
	}
	return nil
}

// settings returns the settings that flags ask for.
func (c learningFlags) settings(s scheduleFlags) (train.Settings, error) {
	lr, momentum := train.DefaultRates(c.Optimizer)
	if s.LR != nil {
		lr = *s.LR
	}
	if c.Momentum != nil {
		momentum = *c.Momentum
	}
	policy, err := policyText(c.Augment)
	if err != nil {
		return train.Settings{}, err
	}
	if s.Steps != 0 {
		s.Epochs = 0
	}
	return train.Settings{
		Model: c.Model, Data: c.Data, Limit: c.Limit, Seed: c.Seed,
		Normalize: c.Normalize, Augment: policy,
		Precision: c.Precision, EveryLayer: c.EveryLayer,
		Epochs: s.Epochs, Steps: s.Steps, Batch: c.Batch, Accumulate: c.Accumulate, EarlyStop: s.EarlyStop,
		Optimizer: c.Optimizer, LR: lr, Momentum: momentum, Nesterov: c.Nesterov,
		WeightDecay: c.WeightDecay, DecayWeights: c.DecayWeights,
		ClipNorm: c.ClipNorm, ClipValue: c.ClipValue, LabelSmoothing: c.LabelSmoothing,
		Schedule: cmp.Or(s.Schedule, train.DefaultSchedule(c.Optimizer)), Warmup: optim.Span(s.Warmup), EMA: s.EMA, SWA: s.SWA,
		Eager: c.Eager,
	}, nil
}

// writeConfig writes settings as a file that --config takes.
func writeConfig(w io.Writer, s train.Settings) error {
	v := reflect.ValueOf(s)
	for i := range v.NumField() {
		key, value := configKey(v.Type().Field(i)), v.Field(i).Interface()
		switch {
		case key == "steps" && s.Steps == 0, key == "epochs" && s.Steps != 0: // only one of them counts
			continue
		case key == "seed" && s.Seed > math.MaxInt64: // no number of TOML
			value = strconv.FormatUint(s.Seed, 10)
		}
		if err := writeKey(w, key, value); err != nil {
			return err
		}
	}
	return nil
}

func writeKey(w io.Writer, key string, value any) error {
	line, err := toml.Marshal(map[string]any{key: value})
	if err != nil {
		return err
	}
	_, err = w.Write(line)
	return err
}

// writeRunFlags writes the flags that are no settings of a run, where they differ from their defaults, as --config takes them.
func (c trainCommand) writeRunFlags(w io.Writer) error {
	parser, err := kong.New(&cli{Train: c}, defaults)
	if err != nil {
		return err
	}
	flags := trainFlags(parser.Model)
	for _, f := range reflect.VisibleFields(reflect.TypeFor[train.Settings]()) {
		delete(flags, configKey(f))
	}
	for _, name := range slices.Sorted(maps.Keys(flags)) {
		flag := flags[name]
		standard := reflect.Zero(flag.Target.Type())
		if flag.Default != "" {
			if standard, err = parsed(flag, flag.Default); err != nil {
				return err
			}
		}
		if flag.Target.Equal(standard) {
			continue
		}
		value := flag.Target.Interface()
		if isDuration(flag) {
			value = fmt.Sprint(value)
		}
		if err := writeKey(w, name, value); err != nil {
			return err
		}
	}
	return nil
}

// configKey returns the flag's name of a field of train.Settings.
func configKey(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	return flagName(name)
}

// flagName returns a key as flags are written.
func flagName(key string) string { return strings.ReplaceAll(key, "_", "-") }

// didYouMean returns the end of an error about an unknown name: the nearest of those that there are.
func didYouMean(name string, known []string) string {
	best, least := "", len(name)/2+1
	for _, k := range known {
		if d := editDistance(name, k); d < least {
			best, least = k, d
		}
	}
	if best == "" {
		return "want one of " + strings.Join(known, ", ")
	}
	return fmt.Sprintf("did you mean %s?", best)
}

// editDistance counts the letters to put in, take out, exchange or swap with their neighbour to get
// from one word to another: the optimal string alignment distance.
func editDistance(a, b string) int {
	s, t := []rune(a), []rune(b)
	rows := make([][]int, len(s)+1)
	for i := range rows {
		rows[i] = make([]int, len(t)+1)
		for j := range rows[i] {
			if i == 0 || j == 0 {
				rows[i][j] = i + j
				continue
			}
			differ := 1
			if s[i-1] == t[j-1] {
				differ = 0
			}
			d := min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+differ)
			if i > 1 && j > 1 && s[i-1] == t[j-2] && s[i-2] == t[j-1] {
				d = min(d, rows[i-2][j-2]+1)
			}
			rows[i][j] = d
		}
	}
	return rows[len(s)][len(t)]
}
