package main

import (
	"fmt"
	"image/png"
	"io"

	"github.com/mlodyssey/odyssey/checkpoint"
	"github.com/mlodyssey/odyssey/data"
	"github.com/mlodyssey/odyssey/train"
)

type dataCommand struct {
	Show showCommand `cmd:"" help:"Draw a contact sheet of a set's first examples."`
}

type showCommand struct {
	Data  string `default:"${data}" help:"${data}, which are drawn, or a directory of IDX files such as EMNIST's."`
	Split string `default:"train" help:"train or test."`
	Out   string `default:"sheet.png" help:"The PNG file to write."`
	Rows  int    `default:"12" help:"Rows of examples."`
	Cols  int    `default:"16" help:"Examples in a row."`
}

// Help is the long help text.
func (showCommand) Help() string {
	return `Each example stands over the name of its class.

    odyssey data show --data data/emnist --split test --out sheet.png`
}

// Run writes the sheet.
func (c showCommand) Run(out *output) error {
	if c.Out == "" {
		return fmt.Errorf("--out %q: want the name of the PNG file to write", c.Out)
	}
	set, err := train.OpenData(c.Data, c.Split, defaultSeed, 0)
	if err != nil {
		return err
	}
	sheet, err := data.Sheet(set, c.Rows, c.Cols)
	if err != nil {
		return err
	}
	if err := checkpoint.WriteFileAtomic(c.Out, func(w io.Writer) error { return png.Encode(w, sheet) }); err != nil {
		return err
	}
	fmt.Fprintf(out, "%s shows the first of %d %s examples of %d classes of %s\n",
		c.Out, set.Len(), c.Split, len(set.Classes()), c.Data)
	return nil
}
