package main

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/mlodyssey/odyssey/train"
	"github.com/mlodyssey/odyssey/train/callback"
)

// samplesFile is the picture of --samples in a run's directory.
const samplesFile = "samples.png"

// logFlags are what is told of a run beside its record. None of them changes a result.
type logFlags struct {
	Log         []string      `group:"Logs:" placeholder:"FILE" sep:"none" help:"Write each epoch to a .csv file, or each step to a .jsonl file, which is new or the log of the run that goes on. May be given several times."`
	LogEvery    int           `group:"Logs:" default:"1" placeholder:"N" help:"Write only every N-th step to .jsonl files."`
	TensorBoard string        `group:"Logs:" name:"tensorboard" placeholder:"DIR" help:"Write event files for TensorBoard, with histograms of weights and gradients."`
	Samples     bool          `group:"Logs:" help:"Draw what the network takes some test images for, after each epoch, as samples.png."`
	Webhook     string        `group:"Logs:" placeholder:"URL" help:"Post JSON to an address at the start, after each epoch and at the end."`
	TimeBudget  time.Duration `group:"Run:" placeholder:"TIME" help:"End after this much time of training, such as 10m, without evaluations, and evaluate the epoch as it is."`
}

// addTo adds callbacks to a run.
func (c logFlags) addTo(config *train.Config, dir string, net *train.Classifier, out *output) {
	add := func(cb train.Callback) { config.Callbacks = append(config.Callbacks, cb) }
	for _, path := range c.Log {
		switch filepath.Ext(path) {
		case ".csv":
			add(&callback.CSV{Path: path})
		case ".jsonl":
			add(&callback.JSONLines{Path: path, Every: c.LogEvery})
		}
	}
	if c.TensorBoard != "" {
		config.Gradients = true
		add(&callback.TensorBoard{Dir: c.TensorBoard})
	}
	if c.Samples {
		add(&callback.Samples{Path: filepath.Join(dir, samplesFile), Classifier: net})
	}
	if c.Webhook != "" {
		add(&callback.Webhook{URL: c.Webhook, Name: dir, OnError: func(err error) { fmt.Fprintln(out, err) }})
	}
	if c.TimeBudget > 0 {
		add(&callback.TimeBudget{Limit: c.TimeBudget})
	}
}

// check returns what is wrong with the flags.
func (c logFlags) check() error {
	for _, path := range c.Log {
		if ext := filepath.Ext(path); ext != ".csv" && ext != ".jsonl" {
			return fmt.Errorf("--log %s: want a name that ends in .csv or .jsonl", path)
		}
	}
	if err := wantApart(c.Log); err != nil {
		return err
	}
	if c.LogEvery < 1 {
		return fmt.Errorf("--log-every %d: want at least 1", c.LogEvery)
	}
	if c.TimeBudget < 0 {
		return fmt.Errorf("--time-budget %v: want none below 0", c.TimeBudget)
	}
	if u, err := url.Parse(c.Webhook); err != nil || c.Webhook != "" && (u.Host == "" || u.Scheme != "http" && u.Scheme != "https") {
		return fmt.Errorf("--webhook %s: want an address such as https://example.org/hook", c.Webhook)
	}
	return nil
}

// wantApart returns an error if two paths are of one file.
func wantApart(paths []string) error {
	for i, path := range paths {
		for _, other := range paths[:i] {
			if isSameFile(path, other) {
				return fmt.Errorf("--log %s: that is the file of --log %s: want one log a file", path, other)
			}
		}
	}
	return nil
}

// isSameFile reports whether two paths are of one file, which need not be there yet.
func isSameFile(a, b string) bool {
	if x, err := os.Stat(a); err == nil {
		y, err := os.Stat(b)
		return err == nil && os.SameFile(x, y)
	}
	x, err := os.Stat(filepath.Dir(a))
	if err != nil {
		return filepath.Clean(a) == filepath.Clean(b)
	}
	y, err := os.Stat(filepath.Dir(b))
	return err == nil && os.SameFile(x, y) && filepath.Base(a) == filepath.Base(b)
}
