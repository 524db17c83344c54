package main

import (
	"fmt"
	"text/tabwriter"

	"github.com/mlodyssey/odyssey/model"
	"github.com/mlodyssey/odyssey/nn"
	"github.com/mlodyssey/odyssey/tensor"
)

type modelsCommand struct {
	Name string `arg:"" optional:"" help:"The network whose layers to print. Default: a line for each network."`
	JSON bool   `name:"json" help:"Print JSON."`
}

// Help is the long help text.
func (modelsCommand) Help() string {
	return `Numbers are those of the network as in its paper, for one example of the input's shape; a multiplication with an addition counts as two FLOPs. Networks marked with * come to images of fewer than 64 rows or columns with first layers that do not shrink them, or with small patches, as is usual for CIFAR.

    odyssey models
    odyssey models resnet18`
}

// outline is what is told of a network.
type outline struct {
	Name       string  `json:"name"`
	Paper      string  `json:"paper"`
	Shape      []int   `json:"input"`
	Type       string  `json:"input_type"`
	Classes    int     `json:"classes"`
	Takes      string  `json:"takes"`
	Small      bool    `json:"small_images"` // has other first layers for them
	Parameters int     `json:"parameters"`
	FLOPs      int64   `json:"flops"`
	Memory     int64   `json:"memory"` // bytes of all results
	Layers     []layer `json:"layers,omitempty"`
	summary    *nn.Summary
}

// layer is a row of nn.Summary.
type layer struct {
	Name       string `json:"name"`
	Type       string `json:"type"`
	Output     []int  `json:"output"`
	Parameters int    `json:"parameters"`
	FLOPs      int64  `json:"flops"`
	Memory     int64  `json:"memory"`
}

func outlineOf(e model.Entry) outline {
	net := e.Outline()
	nn.SetTraining(net, false)
	s := nn.Summarize(net, tensor.NewSpec(e.Input.DType, append([]int{1}, e.Input.Shape...)...))
	return outline{
		Name: e.Name, Paper: e.Paper, Shape: e.Input.Shape, Type: e.Input.DType.String(), Classes: e.Classes,
		Takes: e.Takes, Small: e.Small, Parameters: s.Total.Parameters, FLOPs: s.Total.FLOPs, Memory: s.Total.Memory, summary: s,
	}
}

// Run prints the networks, or one.
func (c modelsCommand) Run(out *output) error {
	if c.Name != "" {
		return c.one(out)
	}
	var all []outline
	for _, e := range model.Entries() {
		all = append(all, outlineOf(e))
	}
	if c.JSON {
		return out.writeJSON(all)
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "model\tparameters\tGFLOPs\tinput\tclasses\tpaper\ttakes")
	for _, o := range all {
		takes := o.Takes
		if o.Small {
			takes += " *"
		}
		fmt.Fprintf(table, "%s\t%d\t%.4g\t%v\t%d\t%s\t%s\n", o.Name, o.Parameters, float64(o.FLOPs)/1e9, o.Shape, o.Classes, o.Paper, takes)
	}
	return table.Flush()
}

// one prints the layers of a network.
func (c modelsCommand) one(out *output) error {
	e, err := model.Find(c.Name)
	if err != nil {
		return err
	}
	o := outlineOf(e)
	if c.JSON {
		for _, r := range o.summary.Rows {
			o.Layers = append(o.Layers, layer{r.Name, r.Type, r.Output.Shape, r.Parameters, r.FLOPs, r.Memory})
		}
		return out.writeJSON(o)
	}
	fmt.Fprintf(out, "%s of %s: %v %v to %d classes; takes %s\n\n%v", o.Name, o.Paper, o.Type, o.Shape, o.Classes, o.Takes, o.summary)
	return nil
}
