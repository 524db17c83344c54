package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/mlodyssey/odyssey/model"
	"github.com/mlodyssey/odyssey/nn"
	"github.com/mlodyssey/odyssey/optim"
	"github.com/mlodyssey/odyssey/train"
	"github.com/mlodyssey/odyssey/train/curves"
)

// defaultSeed is that of runs, and of the glyphs where no run says another.
const defaultSeed = 1

type trainCommand struct {
	Model      string `default:"lenet5" help:"The network: see odyssey models."`
	Data       string `default:"${data}" help:"${data}, which are drawn (${glyphs} images), or a directory with a set: see odyssey data --help."`
	Epochs     int    `default:"${epochs}" help:"How often to go through the examples."`
	Batch      int    `default:"${batch}" help:"Examples in a batch."`
	Seed       uint64 `default:"1" help:"Of all that is random."`
	Out        string `placeholder:"DIR" help:"The run's directory. Default: runs/MODEL-DATA-1, or the next number that is free." xor:"which"`
	Resume     string `placeholder:"RUN" help:"Go on with the run in this directory, with its own settings." xor:"which"`
	Precision  string `default:"fp32" enum:"fp64,fp32,bf16,fp16,fp8,mxfp8,mxfp6,nvfp4,mxfp4" help:"How products compute: ${enum}. See above."`
	EveryLayer bool   `help:"With formats of blocks (mx…, nvfp4), round in the first and the last layer too."`
	Augment    string `placeholder:"POLICY" help:"Change training images at random: default, light, strong, cifar, randaugment, such as rotate:degrees=10+shift:x=0.1, or a TOML file; see docs/augmentation.md."`
	Limit      int    `default:"0" help:"Use at most so many examples of each split; 0 for all."`
	Eager      bool   `help:"Run operations one by one instead of a recorded program. The result is the same." xor:"how"`
	Profile    bool   `help:"Tell where the time goes, by operation and layer, and write cpu.pprof for go tool pprof." xor:"how"`

	Live      string        `placeholder:"ADDRESS" help:"Serve the run's report while it goes, at an address such as 127.0.0.1:8080, or :8080 for all of this machine: see docs/report.md."`
	SaveEvery time.Duration `default:"1m" placeholder:"TIME" help:"Keep what --resume needs so often within epochs, and after each."`

	Optimizer    string   `group:"Learning:" default:"sgd" help:"One of the list above, with settings as in adam:beta2=0.99,amsgrad."`
	LR           *float64 `group:"Learning:" name:"lr" placeholder:"X" help:"The learning rate. Default: that of the list above."`
	Momentum     *float64 `group:"Learning:" placeholder:"X" help:"Of optimizers that have one. Default: ${momentum} for sgd and lars."`
	Nesterov     bool     `group:"Learning:" help:"Use Nesterov's momentum, with sgd."`
	WeightDecay  float64  `group:"Learning:" default:"0" help:"L2 penalty; decoupled for adamw, lamb, lion, muon and schedule-free."`
	DecayWeights bool     `group:"Learning:" help:"Let only weights decay: no biases, nor the parameters of normalisations."`
	ClipNorm     float64  `group:"Learning:" placeholder:"X" help:"Scale all gradients down together to this norm."`
	ClipValue    float64  `group:"Learning:" placeholder:"X" help:"Cut gradients off at -X and X."`
	Schedule     string   `group:"Learning:" placeholder:"NAME" help:"How the learning rate goes: one of the list above, with settings as in step:every=0.25,gamma=0.5. Default: ${schedule}, but constant for schedule-free."`
	Warmup       float64  `group:"Learning:" placeholder:"SPAN" help:"Let the learning rate rise first: over a share of the run such as 0.05, or a number of steps such as 500."`
	EMA          float64  `group:"Learning:" name:"ema" placeholder:"DECAY" help:"Evaluate and keep an exponential moving average of the weights, such as of decay 0.999."`
	SWA          float64  `group:"Learning:" name:"swa" placeholder:"SHARE" help:"Evaluate and keep the mean of the weights after each epoch that follows a share of the run, such as 0.75."`
}

// Help is the long help text.
func (trainCommand) Help() string {
	return `Without flags it needs no data: it learns to read characters that it draws itself. The run's directory holds, after each epoch, model.safetensors and best.safetensors, the record run.json, and curves.png. Ctrl-C stops the run, and --resume goes on with it, after a crash too, as if nothing had happened. The same settings give the same model.safetensors, bit for bit, on every machine.

    odyssey train
    odyssey train --data data/emnist --epochs 10 --lr 0.01 --out runs/emnist
    odyssey train --optimizer adamw --weight-decay 0.05 --schedule cosine --warmup 0.05 --ema 0.999
    odyssey train --resume runs/emnist

With a precision of few bits, convolutions and matrix products read weights, activations and gradients rounded to it; sums, parameters and all other operations stay float32. bf16 and fp16 round results too; fp16 scales the loss; fp8 scales each tensor by its largest magnitudes in 16 steps; the mx formats and nvfp4 scale each block, round gradients stochastically, and leave the first and the last layer alone.

Optimizers, their learning rates and settings:

` + listed(optim.Optimizers()) + `
Schedules and their settings; a span is a share of the run below 1, or a number of steps:

` + listed(optim.Schedules())
}

// ownFlags are settings that are flags.
var ownFlags = []string{"lr", "momentum", "nesterov", "weight-decay"}

func listed(rows []optim.Row) string {
	var b strings.Builder
	for _, r := range rows {
		fmt.Fprintf(&b, "    %-13s ", r.Name)
		if r.LR != 0 {
			fmt.Fprintf(&b, " %-6v ", r.LR)
		}
		own := func(name string) bool { return slices.Contains(ownFlags, name) }
		fmt.Fprintln(&b, strings.TrimSpace(strings.Join(slices.DeleteFunc(slices.Clone(r.Settings), own), ", ")))
	}
	return b.String()
}

func (c trainCommand) settings() train.Settings {
	lr, momentum := train.DefaultRates(c.Optimizer)
	if c.LR != nil {
		lr = *c.LR
	}
	if c.Momentum != nil {
		momentum = *c.Momentum
	}
	return train.Settings{
		Model: c.Model, Data: c.Data, Limit: c.Limit, Seed: c.Seed,
		Augment:   c.Augment,
		Precision: c.Precision, EveryLayer: c.EveryLayer,
		Epochs: c.Epochs, Batch: c.Batch,
		Optimizer: c.Optimizer, LR: lr, Momentum: momentum, Nesterov: c.Nesterov,
		WeightDecay: c.WeightDecay, DecayWeights: c.DecayWeights,
		ClipNorm: c.ClipNorm, ClipValue: c.ClipValue,
		Schedule: cmp.Or(c.Schedule, train.DefaultSchedule(c.Optimizer)), Warmup: optim.Span(c.Warmup), EMA: c.EMA, SWA: c.SWA,
		Eager: c.Eager,
	}
}

// Run trains a network.
func (c trainCommand) Run(ctx context.Context, out *output) error {
	live, err := listenLive(c.Live)
	if err != nil {
		return err
	}
	defer live.close()
	run, net, config, err := c.open()
	if err != nil {
		return err
	}
	settings := run.Settings()
	debug.FreeOSMemory() // what reading the files has left
	fmt.Fprintf(out, "%s of %d parameters on %s: %d + %d examples of %d classes; %s with learning rate %v; run directory %s\n",
		settings.Model, nn.CountParameters(net.Net), settings.Data, config.Train.Len(), config.Test.Len(), len(net.Classes),
		settings.Optimizer, settings.LR, run.Dir())

	run.DrawCurves = drawCurves
	config.CheckpointEvery = c.SaveEvery
	config.Callbacks = append(config.Callbacks, newProgress(out))
	if live != nil {
		config.Callbacks = append(config.Callbacks, live.serve(run.Dir(), net))
		fmt.Fprintf(out, "live: %s\n", live.url())
	}
	prof := profile{}
	if c.Profile {
		if err := prof.start(filepath.Join(run.Dir(), train.ProfileFile)); err != nil {
			return err
		}
		config.Profile, config.Callbacks = true, append(config.Callbacks, &prof)
	}
	epochs, err := run.Run(ctx, net, config)
	if err := cmp.Or(prof.stop(), err); err != nil {
		tellHowToGoOn(out, err)
		return err
	}
	prof.print(out)
	tellSkipped(out, config.Train)
	tellSkipped(out, config.Test)
	printEnd(out, run.Dir(), epochs)
	return nil
}

func tellHowToGoOn(out *output, err error) {
	var stopped *train.Stopped
	if errors.As(err, &stopped) && stopped.Resume {
		fmt.Fprintf(out, "to go on: odyssey train --resume %s\n", stopped.Dir)
	}
}

// open opens the run that is to go on, or makes the directory of a new one, once its settings are known
// to be sound.
func (c trainCommand) open() (run *train.Directory, net *train.Classifier, config train.Config, err error) {
	if c.Resume != "" {
		if run, err = train.OpenDirectory(c.Resume); err == nil {
			net, config, err = run.Settings().Prepare(model.New)
		}
		return run, net, config, err
	}
	settings := c.settings()
	if settings.Augment, err = policyText(c.Augment); err != nil {
		return nil, nil, config, err
	}
	if net, config, err = settings.Prepare(model.New); err == nil {
		run, err = train.NewDirectory(c.Out, settings)
	}
	return run, net, config, err
}

// drawCurves draws the curves without the garbage of the epoch, and leaves none.
// By itself the collector would let as much pile up as the examples take.
func drawCurves(w io.Writer, epochs []train.Epoch) error {
	debug.FreeOSMemory()
	defer debug.FreeOSMemory()
	return curves.Draw(w, epochs)
}

func printEnd(out *output, dir string, epochs []train.Epoch) {
	best := epochs[0]
	for _, e := range epochs {
		if e.TestAccuracy > best.TestAccuracy {
			best = e
		}
	}
	last := epochs[len(epochs)-1]
	fmt.Fprintf(out, "test accuracy %.2f %%, best %.2f %% after epoch %d\n", 100*last.TestAccuracy, 100*best.TestAccuracy, best.Epoch)
	files := []string{train.ModelFile, train.BestFile, train.RecordFile, train.CurvesFile}
	fmt.Fprintf(out, "%s holds %s\n", dir, strings.Join(files, ", "))
	fmt.Fprintf(out, "next: odyssey eval %s\n      odyssey predict %s IMAGE.png\n", dir, dir)
}
