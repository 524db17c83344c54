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

	"github.com/mlodyssey/odyssey/data"
	"github.com/mlodyssey/odyssey/model"
	"github.com/mlodyssey/odyssey/nn"
	"github.com/mlodyssey/odyssey/optim"
	"github.com/mlodyssey/odyssey/tensor"
	"github.com/mlodyssey/odyssey/train"
	"github.com/mlodyssey/odyssey/train/curves"
)

// defaultSeed is that of runs, and of the glyphs where no run says another.
const defaultSeed = 1

type trainCommand struct {
	learningFlags
	scheduleFlags
	logFlags

	Config      string        `group:"Run:" placeholder:"FILE" help:"Take settings from a TOML file, whose keys are the names of flags. What a flag says goes before the file. See docs/training.md."`
	PrintConfig bool          `group:"Run:" help:"Print the settings as such a file, and do not train."`
	Out         string        `group:"Run:" placeholder:"DIR" help:"The run's directory. Default: runs/MODEL-DATA-1, or the next number that is free." xor:"which"`
	Resume      string        `group:"Run:" placeholder:"RUN" help:"Go on with the run in this directory, with its own settings. --data says where its data lies now, if it was moved." xor:"which"`
	SaveEvery   time.Duration `group:"Run:" default:"1m" placeholder:"TIME" help:"Keep what --resume needs this often within an epoch; 0 for after each epoch alone."`
	KeepEvery   int           `group:"Run:" placeholder:"N" help:"Keep the network of every N-th epoch too, in files such as epoch-0010.safetensors."`
	KeepLast    int           `group:"Run:" placeholder:"K" help:"Keep only the last K of the networks of --keep-every. Default: all."`
	Profile     bool          `group:"Run:" help:"Print where the time goes, by operation and layer, and write cpu.pprof for go tool pprof." xor:"how"`
	Live        string        `group:"Run:" placeholder:"ADDRESS" help:"Serve the run's report while it trains, at an address such as 127.0.0.1:8080, for this machine alone, or :8080, for all who reach it: see docs/report.md."`

	moved string // where the data of a run to resume lies now
}

// Help is the long help text.
func (trainCommand) Help() string {
	return `Without flags it needs no data: it learns to read characters that it draws itself. The run's directory holds, after each epoch, model.safetensors and best.safetensors, the record run.json, and curves.png. Ctrl-C stops the run, and --resume goes on with it, after a crash too, as if nothing had happened. The same settings give the same model.safetensors, bit for bit, on every machine.

    odyssey train
    odyssey train --data data/emnist --epochs 10 --lr 0.01 --out runs/emnist
    odyssey train --optimizer adamw --weight-decay 0.05 --schedule cosine --warmup 0.05 --ema 0.999
    odyssey train --resume runs/emnist
    odyssey train --config run.toml --lr 0.02

A setting is taken from its flag, or else from the file of --config, or else from a variable such as ODYSSEY_TRAIN_LR, or else it has its default.

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

// newImageNetwork is model.New without the networks of tokens, which the loop of classifiers has no
// batches for.
func newImageNetwork(name string, input []int, classes int, seed uint64) (nn.Module, error) {
	e, err := model.Find(name)
	if err == nil && e.Input.DType == tensor.Int64 {
		return nil, fmt.Errorf("model %s takes %s, not examples of shape %v to classify: see examples/chargpt for one that learns a text", name, e.Takes, input)
	}
	return model.New(name, input, classes, seed)
}

// Run trains a network.
func (c trainCommand) Run(ctx context.Context, out *output) error {
	if err := c.check(); err != nil {
		return err
	}
	if c.PrintConfig {
		return c.printConfig(out)
	}
	out.goOn()
	live, err := listenLive(c.Live)
	if err != nil {
		return err
	}
	defer live.close()
	run, net, config, err := c.open(ctx)
	if err != nil {
		return err
	}
	if run.IsFinished() {
		fmt.Fprintf(out, "%s is finished: there is nothing to go on with\n", run.Dir())
		tellEarlyEnd(out, run.Dir())
		return nil
	}
	settings := run.Settings()
	debug.FreeOSMemory() // what reading the files has left
	fmt.Fprintf(out, "%s of %d parameters on %s: %d + %d examples of %d classes, normalised by %s; %s with learning rate %v; run directory %s\n",
		settings.Model, nn.CountParameters(net.Net), settings.Data, config.Train.Len(), config.Test.Len(), len(net.Classes),
		data.FormatNormalise(net.Mean, net.Std), settings.Optimizer, settings.LR, run.Dir())

	run.DrawCurves = drawCurves
	if run.Keep, err = c.keep(run.Keep); err != nil {
		return err
	}
	config.CheckpointEvery, config.Watch = c.SaveEvery, true
	config.Callbacks = append(config.Callbacks, newProgress(out))
	c.logFlags.addTo(&config, run.Dir(), net, out)
	if live != nil {
		config.Callbacks = append(config.Callbacks, live.serve(run.Dir(), net))
		fmt.Fprintf(out, "live: %s\n", live.url())
	}
	prof := profile{path: filepath.Join(run.Dir(), train.ProfileFile)}
	if c.Profile {
		config.Profile, config.Callbacks = true, append(config.Callbacks, &prof)
	}
	epochs, err := run.Run(ctx, net, config)
	if err != nil {
		tellHowToGoOn(out, err)
		return err
	}
	prof.print(out)
	tellSkipped(out, settings.Data, config.Train, config.Test)
	tellEarlyEnd(out, run.Dir())
	printEnd(out, run.Dir(), epochs)
	return nil
}

func tellHowToGoOn(out *output, err error) {
	var stopped *train.Stopped
	if errors.As(err, &stopped) && stopped.Resume {
		fmt.Fprintf(out, "to go on: odyssey train --resume %s\n", stopped.Dir)
	}
}

// check returns what is wrong with the flags that decide no result.
func (c trainCommand) check() error {
	if c.KeepEvery < 0 || c.KeepLast < 0 {
		return fmt.Errorf("--keep-every %d, --keep-last %d: want none below 0", c.KeepEvery, c.KeepLast)
	}
	if c.Resume == "" {
		if _, err := c.keep(train.Keep{}); err != nil {
			return err
		}
	}
	if c.SaveEvery < 0 {
		return fmt.Errorf("--save-every %v: want none below 0", c.SaveEvery)
	}
	return c.logFlags.check()
}

// open opens the run that is to go on, or makes the directory of a new one, once its settings are known
// to be sound.
func (c trainCommand) open(ctx context.Context) (run *train.Directory, net *train.Classifier, config train.Config, err error) {
	if c.Resume != "" {
		if run, err = train.OpenMoved(c.Resume, c.moved); err == nil {
			net, config, err = run.Settings().PrepareContext(ctx, newImageNetwork)
		}
		return run, net, config, err
	}
	settings, err := c.settings()
	if err != nil {
		return nil, nil, config, err
	}
	if net, config, err = settings.PrepareContext(ctx, newImageNetwork); err == nil {
		run, err = train.NewDirectory(c.Out, settings)
	}
	return run, net, config, err
}

// keep returns what the flags ask to keep of epochs, and where they do not, what the run has kept.
func (c trainCommand) keep(k train.Keep) (train.Keep, error) {
	k = train.Keep{Every: cmp.Or(c.KeepEvery, k.Every), Last: cmp.Or(c.KeepLast, k.Last)}
	if k.Last > 0 && k.Every == 0 {
		return k, fmt.Errorf("--keep-last %d: want --keep-every N too, which says what to keep the last %d of", k.Last, k.Last)
	}
	return k, nil
}

// printConfig prints the settings of a new run, or of the one that is to go on.
func (c trainCommand) printConfig(out *output) (err error) {
	var settings train.Settings
	if c.Resume != "" {
		settings, err = train.ReadSettings(c.Resume)
		settings = settings.MovedTo(c.moved)
	} else {
		settings, err = c.checkedSettings()
	}
	if err != nil {
		return err
	}
	if err := writeConfig(out, settings); err != nil {
		return err
	}
	return c.writeRunFlags(out)
}

// checkedSettings returns the settings if they can be those of a run.
func (c trainCommand) checkedSettings() (train.Settings, error) {
	settings, err := c.settings()
	if err != nil {
		return settings, err
	}
	if _, err := model.Find(settings.Model); err != nil {
		return settings, err
	}
	return settings, settings.Check()
}

// settings returns those that the flags ask for.
func (c trainCommand) settings() (train.Settings, error) {
	if err := c.learningFlags.check(); err != nil {
		return train.Settings{}, err
	}
	return c.learningFlags.settings(c.scheduleFlags)
}

// drawCurves draws the curves without the garbage of the epoch, and leaves none.
// By itself the collector would let as much pile up as the examples take.
func drawCurves(w io.Writer, epochs []train.Epoch) error {
	debug.FreeOSMemory()
	defer debug.FreeOSMemory()
	return curves.Draw(w, epochs)
}

// tellEarlyEnd says why a run ended before all its epochs were done.
func tellEarlyEnd(out *output, dir string) {
	r, err := train.ReadRecord(dir)
	if err == nil && r.End != nil && r.End.Reason != train.EndFinished {
		fmt.Fprintf(out, "ended early: %s\n", r.End.Reason)
	}
}

func printEnd(out *output, dir string, epochs []train.Epoch) {
	if len(epochs) == 0 {
		return
	}
	best := train.BestOf(epochs, true)
	last := epochs[len(epochs)-1]
	fmt.Fprintf(out, "test accuracy %.2f %%, best %.2f %% after epoch %d\n", 100*last.TestAccuracy, 100*best.TestAccuracy, best.Epoch)
	files := []string{train.ModelFile, train.BestFile, train.RecordFile, train.CurvesFile}
	fmt.Fprintf(out, "%s holds %s\n", dir, strings.Join(files, ", "))
	fmt.Fprintf(out, "next: odyssey eval %s\n      odyssey predict %s IMAGE.png\n", dir, dir)
}
