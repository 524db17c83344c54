package main

import (
	"context"
	"fmt"
	"io"
	"maps"
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

// openToCheck opens a set with all that is wrong with it.
func (f setFlags) openToCheck() (data.Dataset, error) {
	if f.Data == train.Glyphs {
		return f.open()
	}
	if err := train.CheckDataName(f.Data); err != nil {
		return nil, err
	}
	return data.OpenToCheck(f.Data, f.Split)
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
	Missing string         `json:"missing,omitempty"`  // why there is no test split
	LeftOut int            `json:"left_out,omitempty"` // files that could not be read

	splits []data.Dataset
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
	tellSkipped(out, c.Data, i.splits...)
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
		i.splits = append(i.splits, set)
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
	leftOut := map[string]error{}
	for _, set := range i.splits {
		files, _ := data.Skipped(set)
		maps.Copy(leftOut, files)
	}
	i.LeftOut = len(leftOut)
	return i, nil
}

func (c infoCommand) open(split string) (data.Dataset, data.Source, error) {
	if err := train.CheckDataName(c.Data); err != nil {
		return nil, data.Source{}, err
	}
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
	if err := checkPictureName(c.Out); err != nil {
		return err
	}
	set, err := c.open()
	if err != nil {
		return err
	}
	bar := newReading(out, set)
	s, err := stats.Of(ctx, bar)
	bar.close()
	if err != nil {
		return fmt.Errorf("data %s: %w", c.Data, err)
	}
	leftOut, replaced := data.Skipped(set)
	if c.JSON {
		return out.writeJSON(struct {
			*stats.Stats
			LeftOut  int `json:"left_out,omitempty"` // files that could not be read
			Replaced int `json:"replaced,omitempty"` // by others, which are counted twice
		}{s, len(leftOut), len(replaced)})
	}
	if err := checkpoint.WriteFileAtomic(c.Out, func(w io.Writer) error { return s.Draw(w) }); err != nil {
		return err
	}
	tellSkipped(out, c.Data, set)
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
	set, err := c.openToCheck()
	if err != nil {
		return err
	}
	bar := newReading(out, set)
	count := 0
	wrong, err := stats.Verify(ctx, bar, func(i int, err error) {
		if count++; count <= told {
			fmt.Fprintf(bar.lines, "example %d: %v\n", i, err)
		}
	})
	bar.close()
	if err != nil {
		return err
	}
	if wrong > told {
		fmt.Fprintf(out, "and %d more\n", wrong-told)
	}
	tellSkipped(out, c.Data, set)
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

// tellSkipped tells of files of splits of a set that could not be read and were passed over, as the user chose: those left out
// are missing from the whole directory, which may be split only then.
func tellSkipped(out *output, dir string, splits ...data.Dataset) {
	leftOut, replaced := map[string]error{}, map[string]error{}
	for _, set := range splits {
		a, b := data.Skipped(set)
		maps.Copy(leftOut, a)
		maps.Copy(replaced, b)
	}
	tellFiles(out, leftOut, " of "+data.Directory(dir)+" could not be read and was left out: ", " of "+data.Directory(dir)+" could not be read and were left out, such as ")
	tellFiles(out, replaced, " could not be read, and another of its class took its place: ", " could not be read, and others of their classes took their places, such as ")
}

func tellFiles(out *output, wrong map[string]error, one, several string) {
	switch n := len(wrong); {
	case n > 1:
		one = several
		fallthrough
	case n == 1:
		first := slices.Min(slices.Collect(maps.Keys(wrong)))
		fmt.Fprintf(out, "%s%s%v\n", printable.Count(n, "file"), one, wrong[first])
	}
}
