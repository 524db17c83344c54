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
	List   listCommand   `cmd:"" help:"List the data sets that can be downloaded by name."`
	Get    getCommand    `cmd:"" help:"Download a data set."`
	Info   infoCommand   `cmd:"" help:"Show the format, shape, classes and files of a data set."`
	Show   showCommand   `cmd:"" help:"Draw a contact sheet of a data set's examples."`
	Stats  statsCommand  `cmd:"" help:"Show the mean and standard deviation of a data set, and chart the number of examples in each class."`
	Verify verifyCommand `cmd:"" help:"Read every example of a data set and report what is wrong."`
}

// Help is the long help text.
func (dataCommand) Help() string {
	return `A data set is glyphs, characters that the program draws, or a directory with one of these: IDX files, such as MNIST's and EMNIST's; CIFAR's binary files; train.npz and test.npz; train.csv and test.csv; directories train and test, with a folder of PNG or JPEG images for each class; or train.txt and test.txt, texts that can be looked at. Settings may follow the directory: photos:size=32x32,unreadable=skip`
}

type showCommand struct {
	Data  string `default:"${data}" help:"${data}, characters that are drawn, or a directory with a data set: see odyssey data --help."`
	Split string `default:"train" help:"The split: train or test."`
	Out   string `default:"sheet.png" help:"PNG file to write."`
	Rows  int    `default:"12" help:"Number of rows."`
	Cols  int    `default:"16" help:"Number of examples in a row; even with --augment."`

	Shuffle bool   `help:"Show examples drawn at random, instead of the first ones."`
	Augment string `placeholder:"POLICY" help:"Show each example beside the result of a policy, such as default; with all, each beside the result of another transform. See docs/augmentation.md."`
	Seed    uint64 `default:"1" help:"Seed of --shuffle and of the random changes that --augment makes."`
}

// Help is the long help text.
func (showCommand) Help() string {
	return `The name of its class stands below each example. Large examples are made smaller, so that a side of the sheet has at most about 4,000 pixels. Grey examples that are mostly black, such as handwriting, are drawn as dark ink on white paper.

    odyssey data show --data data/emnist --split test --out sheet.png
    odyssey data show --data photos --shuffle
    odyssey data show --augment default --rows 6`
}

// Run writes the sheet.
func (c showCommand) Run(out *output) error {
	if err := checkPictureName(c.Out); err != nil {
		return err
	}
	if c.Augment != "" && c.Cols%2 != 0 {
		return fmt.Errorf("--cols %d: want an even number with --augment, for an example and what is made of it", c.Cols)
	}
	set, err := train.OpenData(c.Data, c.Split, defaultSeed, 0)
	if err != nil {
		return err
	}
	index := c.pick(set.Len())
	shown, beside, err := c.choose(set, index)
	if err != nil {
		return err
	}
	sheet, err := data.Sheet(shown, c.Rows, c.Cols)
	if err != nil {
		return err
	}
	if err := checkpoint.WriteFileAtomic(c.Out, func(w io.Writer) error { return png.Encode(w, sheet) }); err != nil {
		return err
	}
	first := "the first "
	if c.Shuffle {
		first = "a random "
	}
	cells := min(c.Rows*c.Cols, shown.Len())
	if c.Augment != "" {
		cells /= 2
	}
	fmt.Fprintf(out, "%s shows %s%d of %d %s examples of %d classes of %s%s\n",
		c.Out, first, min(cells, len(index)), set.Len(), c.Split, len(set.Classes()), c.Data, beside)
	tellSkipped(out, c.Data, set)
	return nil
}

// pick returns the indices of the examples in the order in which they are shown.
func (c showCommand) pick(n int) []int {
	if c.Shuffle {
		return data.Shuffled().Order(n, c.Seed, 1)
	}
	index := make([]int, n)
	for i := range index {
		index[i] = i
	}
	return index
}

// choose returns what is shown of the examples at some indices, and says what stands beside each.
func (c showCommand) choose(set data.Dataset, index []int) (shown data.Dataset, beside string, err error) {
	switch c.Augment {
	case "":
		return data.Subset(set, index), "", nil
	case allTransforms:
		shown, err = newGallery(set, index, c.Seed)
		return shown, ", each beside what another transform makes of it", err
	}
	shown, err = c.pairs(set, index)
	return shown, ", each beside what the policy makes of it", err
}
