package main

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/mlodyssey/odyssey/data"
	"github.com/mlodyssey/odyssey/model"
	"github.com/mlodyssey/odyssey/tensor"
	"github.com/mlodyssey/odyssey/train"
)

// quantizeFormats are the types that weights may be packed in. All but those of 16 bits
// and fp8, which has one a tensor, have a scale for every block of weights.
var quantizeFormats = map[string]tensor.DType{
	"fp16": tensor.Float16, "bf16": tensor.BFloat16, "fp8": tensor.Float8E4M3, "int8": tensor.MXINT8, "mxfp8": tensor.MXFP8E4M3,
	"mxfp6": tensor.MXFP6E2M3, "mxfp4": tensor.MXFP4, "nvfp4": tensor.NVFP4,
}

type quantizeCommand struct {
	Model       string   `arg:"" name:"run-or-file" help:"The directory of a run, or a safetensors file of one."`
	Format      string   `required:"" enum:"fp16,bf16,fp8,int8,mxfp8,mxfp6,mxfp4,nvfp4" help:"Of the weights: ${enum}. fp8 is E4M3 with a scale a tensor, int8 is MXINT8."`
	Out         string   `required:"" placeholder:"FILE" help:"Where the safetensors file goes."`
	Activations bool     `help:"Let products with quantised weights read inputs rounded to the format too."`
	Keep        []string `placeholder:"NAME" help:"Parameters to leave as they are, such as fc3.weight. May be repeated."`
	Data        *string  `placeholder:"DIR" help:"To measure on: ${data}, or a directory with a set. Default: the run's own; none for a file."`
	Examples    int      `default:"512" help:"How many training examples to measure on; 0 for none."`
	JSON        bool     `name:"json" help:"Print the report as JSON."`
}

// Help is the long help text.
func (quantizeCommand) Help() string {
	return `Weights are rounded to the nearest; biases and other parameters of one axis stay as they are. eval and predict take
the file as they take a run, and compute with the weights of dense and convolution layers as they are; those of other layers
become float32 when the file is read. Such a model cannot be trained further.

The report has the error of each parameter, the root of its mean square relative to that of the values, and, measured on some
training examples, what rounding it alone does to the scores. It says which to --keep: those that take the most off the sum of
the squares for the fewest bytes, together at most a twentieth of all. With --activations, fp8 takes its scales from the same
examples; the other formats have scales of blocks, or need none.

    odyssey quantize runs/lenet5-glyphs-1 --format mxfp4 --out small.safetensors
    odyssey quantize runs/lenet5-glyphs-1 --format fp8 --activations --out small.safetensors
    odyssey eval small.safetensors`
}

// Run writes the file and prints what became of each parameter.
func (c quantizeCommand) Run(ctx context.Context, out *output) error {
	net, err := load(c.Model)
	if err != nil {
		return err
	}
	examples, err := c.examples()
	if err != nil {
		return err
	}
	report, err := net.SaveQuantized(ctx, c.Out, train.Quantization{
		Format: quantizeFormats[c.Format], Keep: c.Keep, Activations: c.Activations, Examples: examples, New: model.New,
	})
	if err != nil {
		return err
	}
	if c.JSON {
		return out.writeJSON(report)
	}
	return printQuantized(out, report)
}

// examples returns what to measure on, nil for nothing.
func (c quantizeCommand) examples() (data.Dataset, error) {
	if c.Examples < 0 {
		return nil, fmt.Errorf("examples %d: want at least 1, or 0 for none", c.Examples)
	}
	s, run, err := settingsOf(c.Model)
	if err != nil {
		return nil, err
	}
	if c.Examples == 0 || !run && c.Data == nil {
		return nil, nil
	}
	if c.Data != nil {
		s.Data = *c.Data
	}
	return train.OpenData(s.Data, "train", s.Seed, c.Examples)
}

func printQuantized(out *output, report train.QuantizeReport) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "parameter\tshape\ttype\tbytes\terror\tscores change")
	before, after := 0, 0
	keep := ""
	for _, q := range report.Parameters {
		fmt.Fprintf(w, "%s\t%s\t%v\t%d\t%s\t%s\n", q.Name, strings.Trim(fmt.Sprint(q.Shape), "[]"), q.Type, q.Bytes, changed(q.Error), changed(q.Scores))
		before, after = before+q.Before, after+q.Bytes
		if q.Keep {
			keep += " --keep " + q.Name
		}
	}
	fmt.Fprintf(w, "all\t\t\t%d of %d\t\t%s\n", after, before, changed(report.Scores))
	if err := w.Flush(); err != nil {
		return err
	}
	if report.Measured > 0 {
		fmt.Fprintf(out, "%.1f %% of %d examples keep their class\n", 100*report.Same, report.Measured)
	} else {
		fmt.Fprintln(out, "no examples: nothing was measured, and activations of fp8 are scaled example by example")
	}
	if keep != "" {
		fmt.Fprintf(out, "for the most accuracy in a twentieth of the bytes:%s\n", keep)
	}
	return nil
}

// changed prints a share, and a dash for none.
func changed(share float64) string {
	if share == 0 {
		return "-"
	}
	return fmt.Sprintf("%.2f %%", 100*share)
}
