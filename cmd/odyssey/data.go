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
	List   listCommand   `cmd:"" help:"List the sets that are known by name."`
	Get    getCommand    `cmd:"" help:"Download a set."`
	Info   infoCommand   `cmd:"" help:"Tell what a set is made of."`
	Show   showCommand   `cmd:"" help:"Draw a contact sheet of a set's first examples."`
	Stats  statsCommand  `cmd:"" help:"Tell the mean and deviation of a set, and draw how many examples each class has."`
	Verify verifyCommand `cmd:"" help:"Read every example of a set and tell what is wrong."`
}

// Help is the long help text.
func (dataCommand) Help() string {
	return `A set is glyphs, which are drawn, or a directory: IDX files as MNIST and EMNIST have them, CIFAR's binary files, train.npz and test.npz, train.csv and test.csv, folders of PNG or JPEG images for each class, within train and test, or train.txt and test.txt, texts to look at. Settings may follow the directory: photos:size=32x32,unreadable=skip`
}

type showCommand struct {
	Data  string `default:"${data}" help:"${data}, which are drawn, or a directory with a set: see odyssey data --help."`
	Split string `default:"train" help:"train or test."`
	Out   string `default:"sheet.png" help:"The PNG file to write."`
	Rows  int    `default:"12" help:"Rows of examples."`
	Cols  int    `default:"16" help:"Examples in a row."`

	Augment string `placeholder:"POLICY" help:"Show each example beside what a policy, such as default, makes of it, or all for each transform in turn: see docs/augmentation.md."`
	Seed    uint64 `default:"1" help:"Of what is random in that."`
}

// Help is the long help text.
func (showCommand) Help() string {
	return `Each example stands over the name of its class.

    odyssey data show --data data/emnist --split test --out sheet.png
    odyssey data show --augment default --rows 6`
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
	shown := set
	if c.Augment != "" {
		if shown, err = c.pairs(set); err != nil {
			return err
		}
	}
	sheet, err := data.Sheet(shown, c.Rows, c.Cols)
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
