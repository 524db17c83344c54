package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/mlodyssey/odyssey/data/stats"
	"github.com/mlodyssey/odyssey/model"
	"github.com/mlodyssey/odyssey/nn"
	"github.com/mlodyssey/odyssey/train"
	"github.com/mlodyssey/odyssey/train/metric"
)

type evalCommand struct {
	Model   string  `arg:"" name:"run-or-file" help:"The directory of a run, or a safetensors file of one."`
	Data    *string `placeholder:"DIR" help:"${data}, or a directory with a set: see odyssey data --help. Default: the run's own; ${data} for a file."`
	Split   string  `default:"test" help:"The part of the set: train or test."`
	Limit   *int    `placeholder:"N" help:"Use at most N examples, or all if 0. Default: the run's own if its data is used, else all."`
	Classes bool    `help:"Print precision, recall and F1 of each class too."`
	JSON    bool    `name:"json" help:"Print JSON: accuracy, loss, count, metrics and, with --classes, the figures of each class."`
}

// Help is the long help text.
func (evalCommand) Help() string {
	return `The network of a run is that of its last epoch; on the run's own data, the result is exactly the one recorded for that epoch.

    odyssey eval runs/lenet5-glyphs-1
    odyssey eval runs/lenet5-glyphs-1 --data data/emnist --json`
}

// Run prints the result.
func (c evalCommand) Run(ctx context.Context, out *output) error {
	net, err := load(c.Model)
	if err != nil {
		return err
	}
	s, err := c.source()
	if err != nil {
		return err
	}
	set, err := train.OpenData(s.Data, c.Split, s.Seed, s.Limit)
	if err != nil {
		return err
	}
	metrics := train.DefaultMetrics(len(net.Classes))
	confusion := metric.NewConfusion(len(net.Classes))
	result, err := net.Evaluate(ctx, set, append(metrics, confusion)...)
	if err != nil {
		return fmt.Errorf("%s on %s: %w", c.Model, s.Data, err)
	}
	if c.JSON {
		var classes []classFigures
		if c.Classes {
			classes = figuresOf(net.Classes, confusion)
		}
		return out.writeJSON(struct {
			train.Result
			Metrics map[string]float64 `json:"metrics"`
			Model   string             `json:"model"`
			Data    string             `json:"data"`
			Split   string             `json:"split"`
			Classes []classFigures     `json:"classes,omitempty"`
		}{result, train.Values(metrics), net.Name, s.Data, c.Split, classes})
	}
	tellSkipped(out, s.Data, set)
	fmt.Fprintf(out, "%s on the %s split of %s: accuracy %.2f %%, loss %.4f, %d examples\n",
		described(net), c.Split, s.Data, 100*result.Accuracy, result.Loss, result.Count)
	values := train.Values(metrics)
	for _, name := range slices.Sorted(maps.Keys(values)) {
		fmt.Fprintf(out, "%-18s %.2f %%\n", strings.ReplaceAll(name, "_", " "), 100*values[name])
	}
	if none := confusion.WithoutExamples(); none > 0 {
		fmt.Fprintf(out, "macro figures are means over all %d classes: recall and f1 count as 0 of those that no example is of, %d\n", len(net.Classes), none)
	}
	if c.Classes {
		printClasses(out, stats.Readable(net.Classes), confusion)
	}
	return nil
}

// classFigures are those of a class in JSON.
type classFigures struct {
	Class     string  `json:"class"`
	Precision float64 `json:"precision"`
	Recall    float64 `json:"recall"`
	F1        float64 `json:"f1"`
	Examples  int64   `json:"examples"`
}

func figuresOf(classes []string, confusion *metric.Confusion) (all []classFigures) {
	for i, class := range classes {
		s := confusion.Of(i)
		all = append(all, classFigures{class, s.Precision, s.Recall, s.F1, s.Support})
	}
	return all
}

func printClasses(out *output, classes []string, confusion *metric.Confusion) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "class\tprecision\trecall\tF1\texamples\tmost often taken for\n")
	for i, class := range classes {
		s := confusion.Of(i)
		fmt.Fprintf(w, "%s\t%.1f %%\t%.1f %%\t%.1f %%\t%d\t%s\n", class, 100*s.Precision, 100*s.Recall, 100*s.F1, s.Support, takenFor(classes, confusion, i))
	}
	w.Flush()
}

// takenFor names the class that examples of another are most often taken for.
func takenFor(classes []string, confusion *metric.Confusion, of int) string {
	worst := -1
	for i := range classes {
		if i != of && confusion.Count(of, i) > 0 && (worst < 0 || confusion.Count(of, i) > confusion.Count(of, worst)) {
			worst = i
		}
	}
	if worst < 0 {
		return "-"
	}
	return fmt.Sprintf("%s (%d)", classes[worst], confusion.Count(of, worst))
}

// described returns a network's name, and what it computes in if that is not float32.
func described(net *train.Classifier) string {
	name := net.Name
	for _, v := range nn.Variables(net.Net) {
		if d := v.Value.DType(); d.IsPacked() {
			name += fmt.Sprintf(" with weights of %v", d)
			break
		}
	}
	switch p := net.Precision; {
	case p.Packed:
		name += " and activations"
	case p.Rounds():
		name += " in " + p.String()
	}
	return name
}

// load reads a network from a run or a file.
func load(name string) (*train.Classifier, error) {
	if name == "" {
		return nil, fmt.Errorf("%q: want the directory of a run or a safetensors file", name)
	}
	return train.Load(name, model.NewBlank)
}

// settingsOf returns the settings of a run; those of a file, which does not say what it was trained
// on, name the glyphs.
func settingsOf(name string) (s train.Settings, run bool, err error) {
	if info, err := os.Stat(name); err == nil && info.IsDir() {
		s, err = train.ReadSettings(name)
		return s, true, err
	}
	return train.Settings{Data: train.Glyphs, Seed: defaultSeed}, false, nil
}

// source returns settings with the data to use.
func (c evalCommand) source() (s train.Settings, err error) {
	if s, _, err = settingsOf(c.Model); err != nil {
		return s, err
	}
	if c.Data != nil {
		s.Data, s.Limit = *c.Data, 0
	}
	if c.Limit != nil {
		s.Limit = *c.Limit
	}
	return s, nil
}
