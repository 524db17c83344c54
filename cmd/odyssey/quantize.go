package main

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/mlodyssey/odyssey/tensor"
)

// quantizeFormats are the types that weights may be packed in. All but those of 16 bits
// and fp8, which has one a tensor, have a scale for every block of weights.
var quantizeFormats = map[string]tensor.DType{
	"fp16": tensor.Float16, "bf16": tensor.BFloat16, "fp8": tensor.Float8E4M3, "int8": tensor.MXINT8, "mxfp8": tensor.MXFP8E4M3,
	"mxfp6": tensor.MXFP6E2M3, "mxfp4": tensor.MXFP4, "nvfp4": tensor.NVFP4,
}

type quantizeCommand struct {
	Model  string   `arg:"" name:"run-or-file" help:"The directory of a run, or a safetensors file of one."`
	Format string   `required:"" enum:"fp16,bf16,fp8,int8,mxfp8,mxfp6,mxfp4,nvfp4" help:"Of the weights: ${enum}. fp8 is E4M3 with a scale a tensor, int8 is MXINT8."`
	Out    string   `required:"" placeholder:"FILE" help:"Where the safetensors file goes."`
	Keep   []string `placeholder:"NAME" help:"Parameters to leave as they are, such as fc3.weight. May be repeated."`
	JSON   bool     `name:"json" help:"Print the report as JSON."`
}

// Help is the long help text.
func (quantizeCommand) Help() string {
	return `Weights are rounded to the nearest; biases and other parameters of one axis stay as they are. The report has the
error of each parameter, the root of its mean square relative to that of the values, and says which to --keep: those that
take the most off the sum of the squares of the errors for the fewest bytes, together at most a twentieth of all. That looks
at the weights alone: measure by eval what it brings. eval and predict take the file as they take a run, and compute with the
weights of dense and convolution layers as they are; those of other layers become float32 when the file is read. Such a
model cannot be trained further.

    odyssey quantize runs/lenet5-glyphs-1 --format mxfp4 --out small.safetensors
    odyssey eval small.safetensors`
}

// Run writes the file and prints what became of each parameter.
func (c quantizeCommand) Run(out *output) error {
	net, err := load(c.Model)
	if err != nil {
		return err
	}
	report, err := net.SaveQuantized(c.Out, quantizeFormats[c.Format], c.Keep)
	if err != nil {
		return err
	}
	if c.JSON {
		return out.writeJSON(report)
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "parameter\tshape\ttype\tbytes\terror")
	before, after := 0, 0
	squares, kept, keep := 0.0, 0.0, ""
	for _, q := range report {
		off := "-"
		if q.Type.IsPacked() {
			off = fmt.Sprintf("%.2f %%", 100*q.Error)
		}
		fmt.Fprintf(w, "%s\t%s\t%v\t%d\t%s\n", q.Name, strings.Trim(fmt.Sprint(q.Shape), "[]"), q.Type, q.Bytes, off)
		before, after = before+q.Before, after+q.Bytes
		squares += q.Error * q.Error
		if q.Keep {
			kept += q.Error * q.Error
			keep += " --keep " + q.Name
		}
	}
	fmt.Fprintf(w, "all\t\t\t%d of %d\t\n", after, before)
	if err := w.Flush(); err != nil || keep == "" {
		return err
	}
	_, err = fmt.Fprintf(out, "for %.0f %% less of the squares of errors:%s\n", 100*kept/squares, keep)
	return err
}
