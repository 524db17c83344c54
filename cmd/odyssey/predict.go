package main

import (
	"fmt"
	"text/tabwriter"

	"github.com/mlodyssey/odyssey/data"
	"github.com/mlodyssey/odyssey/data/stats"
	"github.com/mlodyssey/odyssey/train"
)

type predictCommand struct {
	Model  string   `arg:"" name:"run-or-file" help:"The directory of a run, or a safetensors file of one."`
	Images []string `arg:"" name:"image" help:"PNG or JPEG pictures of any size and colours."`
	Top    int      `default:"5" help:"How many classes to print."`
	JSON   bool     `name:"json" help:"Print JSON."`
}

// Help is the long help text.
func (predictCommand) Help() string {
	return `For a network that learned from folders of images, or in colour, a picture is resized as those were.

For others it is of one character, and made like those of EMNIST: bright on dark, cropped to its ink, scaled and centred. A grey one of the network's size that is dark at the border is taken as it is.

    odyssey predict runs/lenet5-glyphs-1 letter.png`
}

type prediction struct {
	Image   string        `json:"image"`
	Classes []train.Guess `json:"classes"`
}

// Run prints the likeliest classes of each picture.
func (c predictCommand) Run(out *output) error {
	if c.Top < 1 {
		return fmt.Errorf("--top %d: want at least 1", c.Top)
	}
	net, err := load(c.Model)
	if err != nil {
		return err
	}
	var predictions []prediction
	for _, image := range c.Images {
		picture, err := data.ReadPicture(image)
		if err != nil {
			return err
		}
		guesses, err := net.PredictPicture(picture)
		if err != nil {
			return fmt.Errorf("%s: %w", image, err)
		}
		predictions = append(predictions, prediction{image, guesses[:min(c.Top, len(guesses))]})
	}
	if c.JSON {
		return out.writeJSON(predictions)
	}
	for _, p := range predictions {
		printGuesses(out, p)
	}
	return nil
}

func printGuesses(out *output, p prediction) {
	fmt.Fprintln(out, p.Image)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, g := range p.Classes {
		fmt.Fprintf(table, "  %s\t%.2f %%\t\n", stats.Readable([]string{g.Class})[0], 100*g.Probability)
	}
	table.Flush()
}
