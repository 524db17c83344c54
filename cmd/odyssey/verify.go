package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/mlodyssey/odyssey/train"
)

type verifyRunCommand struct {
	Dir    string `arg:"" name:"run" help:"The directory of a run."`
	Replay string `placeholder:"WHAT" help:"Go deeper: eval evaluates the checkpoints again; epoch=N and all do so too, and train again up to epoch N, or all epochs."`
	Data   string `placeholder:"DIR" help:"Where the run's data lies now. Default: where it lay."`
}

// Help is the long help text.
func (verifyRunCommand) Help() string {
	return `It compares the run with its record, run.json, tells in one line what was proved, and ends with status 1 at the first difference.

Without --replay: each line of the record follows from the one before, and the checkpoints and the data files have the recorded SHA-256. With --replay eval: the checkpoints give the recorded figures, to the last bit. With --replay all: training again gives the recorded figures and weights of every epoch, bit for bit, on this machine, whatever made them.

    odyssey verify runs/lenet5-glyphs-1
    odyssey verify runs/emnist --replay eval
    ODYSSEY_CPU=avx2 GOMAXPROCS=1 odyssey verify runs/emnist --replay all`
}

// Run verifies.
func (c verifyRunCommand) Run(ctx context.Context, out *output) error {
	check := train.Check{Data: c.Data}
	if c.Replay != "" {
		check.Eval = true
		check.Callbacks = []train.Callback{newProgress(out)}
	}
	switch number, isEpoch := strings.CutPrefix(c.Replay, "epoch="); {
	case c.Replay == "" || c.Replay == "eval":
	case c.Replay == "all":
		check.Epochs = train.All
	case isEpoch:
		n, err := strconv.Atoi(number)
		if err != nil || n < 1 {
			return fmt.Errorf("--replay %s: want the number of an epoch, from 1", c.Replay)
		}
		check.Epochs = n
	default:
		return fmt.Errorf("--replay %s: want eval, epoch=N or all", c.Replay)
	}
	proof, err := train.Verify(ctx, c.Dir, newImageNetwork, check)
	if err != nil {
		return err
	}
	fmt.Fprintln(out, proof)
	return nil
}
