package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/mlodyssey/odyssey/checkpoint"
	"github.com/mlodyssey/odyssey/data"
	"github.com/mlodyssey/odyssey/data/stats"
	"github.com/mlodyssey/odyssey/internal/printable"
	"github.com/mlodyssey/odyssey/train"
)

// setFlags choose a set.
type setFlags struct {
	Data  string `default:"${data}" help:"${data}, characters that are drawn, or a directory with a data set: see odyssey data --help."`
	Split string `default:"train" help:"The split: train or test."`
}

func (f setFlags) open() (data.Dataset, error) {
	return train.OpenData(f.Data, f.Split, defaultSeed, 0)
}

type infoCommand struct {
	Data string `default:"${data}" help:"${data}, characters that are drawn, or a directory with a data set: see odyssey data --help."`
	JSON bool   `name:"json" help:"Print JSON."`
}

// info is what is told about a set.
type info struct {
	Data    string         `json:"data"`
	Format  string         `json:"format"`
	Shape   []int          `json:"shape"`
	Classes []string       `json:"classes"`
	Splits  map[string]int `json:"splits"` // examples
	Files   []string       `json:"files"`
	Missing string         `json:"missing,omitempty"` // why there is no test split
}

// Run tells what a set is made of.
func (c infoCommand) Run(out *output) error {
	i, err := c.inspect()
	if err != nil {
		return err
	}
	if c.JSON {
		return out.writeJSON(i)
	}
	fmt.Fprintf(out, "format   %s\nexamples of shape %s\n", i.Format, times(i.Shape))
	for _, split := range []string{"train", "test"} {
		if n, ok := i.Splits[split]; ok {
			fmt.Fprintf(out, "%-8s %d examples\n", split, n)
		}
	}
	if i.Missing != "" {
		fmt.Fprintf(out, "test     none: %s\n", i.Missing)
	}
	fmt.Fprintf(out, "classes  %d: %s\n", len(i.Classes), strings.Join(stats.Readable(i.Classes), " "))
	for _, file := range i.Files {
		fmt.Fprintf(out, "file     %s\n", file)
	}
	return nil
}

func (c infoCommand) inspect() (*info, error) {
	i := &info{Data: c.Data, Format: "drawn", Splits: map[string]int{}}
	for _, split := range []string{"train", "test"} {
		set, source, err := c.open(split)
		if err != nil && split == "test" {
			i.Missing = err.Error()
			break
		}
		if err != nil {
			return nil, err
		}
		i.Splits[split] = set.Len()
		for _, file := range source.Files {
			if !slices.Contains(i.Files, file) {
				i.Files = append(i.Files, file)
			}
		}
		if split == "train" {
			i.Shape, i.Classes = set.Shape(), set.Classes()
			if source.Format != "" {
				i.Format = source.Format
			}
		}
	}
	return i, nil
}

func (c infoCommand) open(split string) (data.Dataset, data.Source, error) {
	if c.Data != train.Glyphs {
		return data.Open(c.Data, split)
	}
	set, err := train.OpenData(c.Data, split, defaultSeed, 0)
	return set, data.Source{}, err
}

type statsCommand struct {
	setFlags
	Out  string `default:"classes.png" help:"PNG file to write, a chart of the number of examples in each class."`
	JSON bool   `name:"json" help:"Print JSON, and do not write a picture."`
}

// Run tells a set's figures and draws its classes.
func (c statsCommand) Run(ctx context.Context, out *output) error {
	if c.Out == "" {
		return fmt.Errorf("--out %q: want the name of the PNG file to write", c.Out)
	}
	set, err := c.open()
	if err != nil {
		return err
	}
	s, err := stats.Of(ctx, set)
	if err != nil {
		return fmt.Errorf("data %s: %w", c.Data, err)
	}
	if c.JSON {
		return out.writeJSON(s)
	}
	if err := checkpoint.WriteFileAtomic(c.Out, func(w io.Writer) error { return s.Draw(w) }); err != nil {
		return err
	}
	fmt.Fprintf(out, "%d examples of shape %s, values from %.4g to %.4g\n", s.Examples, times(s.Shape), s.Min, s.Max)
	for k := range s.Mean {
		fmt.Fprintf(out, "channel %d  mean %.4f  standard deviation %.4f\n", k, s.Mean[k], s.Std[k])
	}
	if len(s.Shape) == 3 && c.Split == "train" {
		fmt.Fprintf(out, "odyssey train --normalize own takes %s\n", s.Normalise)
	}
	most, fewest := slices.Max(s.Counts), slices.Min(s.Counts)
	fmt.Fprintf(out, "%d classes of %d to %d examples: %s\n", len(s.Classes), fewest, most, c.Out)
	return nil
}

type verifyCommand struct {
	setFlags
}

// told is how many wrong examples are told of.
const told = 20

// Run reads a set.
func (c verifyCommand) Run(ctx context.Context, out *output) error {
	set, err := c.open()
	if err != nil {
		return err
	}
	count := 0
	wrong, err := stats.Verify(ctx, set, func(i int, err error) {
		if count++; count <= told {
			fmt.Fprintf(out, "example %d: %v\n", i, err)
		}
	})
	if err != nil {
		return err
	}
	tellSkipped(out, set)
	if wrong > 0 {
		return fmt.Errorf("data %s: %d of %d %s examples are wrong", c.Data, wrong, set.Len(), c.Split)
	}
	values := "values are finite"
	if len(set.Shape()) == 3 {
		values += ", pixels in [0, 1]"
	}
	fmt.Fprintf(out, "all %d %s examples of %s can be read: %s, labels among the %d classes\n",
		set.Len(), c.Split, c.Data, values, len(set.Classes()))
	return nil
}

// tellSkipped tells of files that could not be read and were passed over, as the
// user chose.
func tellSkipped(out *output, set data.Dataset) {
	if n, example := data.Skipped(set); n > 0 {
		were := "were passed over, such as"
		if n == 1 {
			were = "was passed over:"
		}
		fmt.Fprintf(out, "%s could not be read and %s %v\n", printable.Count(n, "file"), were, example)
	}
}
