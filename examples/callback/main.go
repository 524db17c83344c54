// Command callback watches a run with a callback of its own: it draws a bar after each epoch, tells when
// the learning rate was largest, and stops the run once it is good enough.
//
//	go run ./examples/callback
package main

import (
	"context"
	"fmt"
	"log"
	"strings"

	"github.com/mlodyssey/odyssey/model"
	"github.com/mlodyssey/odyssey/train"
)

// goodEnough is a callback. Those of its hooks that do nothing come from train.Quiet.
type goodEnough struct {
	train.Quiet
	accuracy   float64
	rate, step float64 // the largest learning rate, and when it was
}

// Step is called after each step.
func (g *goodEnough) Step(l *train.Loop) error {
	if rate := l.LearningRate(); rate > g.rate {
		g.rate, g.step = rate, float64(l.Number())
	}
	return nil
}

// Evaluation is called after each epoch, when the test set has been looked at.
func (g *goodEnough) Evaluation(l *train.Loop) error {
	e := l.Epochs[len(l.Epochs)-1]
	fmt.Printf("%2d %-40s %.1f %%\n", e.Epoch, strings.Repeat("█", int(40*e.TestAccuracy)), 100*e.TestAccuracy)
	if e.TestAccuracy >= g.accuracy {
		l.Stop("good enough")
	}
	return nil
}

// End is called once, however the run ends.
func (g *goodEnough) End(l *train.Loop, err error) error {
	fmt.Printf("%s after %d of %d steps; the learning rate was largest, %.3f, in step %.0f\n", l.Stopped(), l.Number(), l.Last(), g.rate, g.step)
	return nil
}

func main() {
	_, config, err := train.Settings{
		Model: "lenet5", Data: train.Glyphs, Seed: 1, Epochs: 10, Batch: 64,
		Optimizer: "sgd", LR: 0.03, Momentum: 0.9, Schedule: "one-cycle",
	}.Prepare(model.New)
	if err != nil {
		log.Fatal(err)
	}
	config.Callbacks = []train.Callback{&goodEnough{accuracy: 0.85}}
	if _, err := train.Run(context.Background(), config); err != nil {
		log.Fatal(err)
	}
}
