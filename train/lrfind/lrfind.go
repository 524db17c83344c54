// Package lrfind looks for a learning rate by the range test of Smith, "Cyclical Learning Rates for
// Training Neural Networks", 2017 (arXiv 2015), section 3.3: the rate rises from step to step of one short
// run, and the loss tells which rates the network learns fast with, and from which on it fails.
package lrfind

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/mlodyssey/odyssey/optim"
	"github.com/mlodyssey/odyssey/train"
)

// Config sets a range test. It begins with the learning rate that the optimiser has.
type Config struct {
	To     float64 // the last learning rate; those between grow by the same factor from step to step
	Steps  int
	Around int     // steps before and after one that its smoothed loss is the mean of; 0: a thirtieth of all
	Rise   float64 // the test ends when the loss, smoothed as it goes, is so many times the best; 0: 4
}

// Point is a step of the test.
type Point struct {
	Step     int     `json:"step"` // from 1
	Rate     float64 `json:"learning_rate"`
	Loss     float64 `json:"loss"`     // of its batch, before the step
	Smoothed float64 `json:"smoothed"` // the mean over the steps around
}

// LeastFall is the part of the smoothed loss at the start that it must fall by: batches differ, and some loss is
// always the least.
const LeastFall = 0.02

// Result is what a test has found. A rate is 0 where the loss did not fall: see LeastFall.
type Result struct {
	Points   []Point `json:"points"`
	Steepest float64 `json:"steepest"` // the rate at which the smoothed loss falls fastest
	Minimum  float64 `json:"minimum"`  // the rate at which the smoothed loss is least; a tenth of it is a usual choice
	Ended    string  `json:"ended"`    // why the test ended before its last step; "": it did not
}

// Run trains with rising rates, whatever the plan, the length, the average and the test set of the configuration, and
// leaves the model as that has made it: it is to be thrown away.
func Run(ctx context.Context, c train.Config, f Config) (*Result, error) {
	from := optim.LearningRate(c.Optimizer)
	if err := f.check(from); err != nil {
		return nil, err
	}
	rise, err := optim.NewExponential(optim.ExponentialConfig{Gamma: f.To / from, Every: optim.Span(f.Steps - 1)})
	if err != nil {
		return nil, err
	}
	c.Plan, c.Steps, c.Epochs = optim.Plan{LR: rise}, f.Steps, 0
	c.Average, c.AverageFrom, c.Test, c.From = nil, 0, nil, nil
	c.CheckpointEvery, c.CheckpointSteps = 0, 0
	r := &recorder{rise: f.Rise}
	c.Callbacks = append([]train.Callback{r}, c.Callbacks...)
	_, err = train.Run(ctx, c)
	if errors.Is(err, train.ErrNotFinite) && len(r.points) > 0 {
		r.ended, err = notFinite, nil
	}
	if err != nil {
		return nil, err
	}
	result := &Result{Points: r.points, Ended: r.ended}
	result.Steepest, result.Minimum = suggest(r.points, f.Around)
	return result, nil
}

const notFinite = "the loss is no longer finite"

// memory is the weight of the past in the loss that ends a test.
const memory = 0.9

// check sets defaults.
func (f *Config) check(from float64) error {
	if f.Around == 0 {
		f.Around = max(1, f.Steps/30)
	}
	if f.Rise == 0 {
		f.Rise = 4
	}
	switch {
	case !(from > 0 && f.To > from) || math.IsInf(f.To, 0):
		return fmt.Errorf("learning rates from %v to %v: want them to rise from above 0", from, f.To)
	case f.Steps < 3 || f.Steps > math.MaxInt32:
		return fmt.Errorf("%d steps: want at least 3", f.Steps)
	case f.Around < 1 || !(f.Rise > 1):
		return fmt.Errorf("smoothed over %d steps around, with an end at %v times the least loss: want at least 1, and above 1", f.Around, f.Rise)
	}
	return nil
}

// recorder is the callback that notes the losses and ends the run.
type recorder struct {
	train.Quiet
	rise   float64
	points []Point
	ended  string

	epoch, images int
	sum           float64 // of the losses of the epoch so far
	mean, weight  float64 // that the loss so far is smoothed by
	best          float64
}

// Step notes the loss of a batch, which is what the epoch's sum has grown by.
func (r *recorder) Step(l *train.Loop) error {
	p := l.Progress
	if p.Epoch != r.epoch {
		r.epoch, r.images, r.sum = p.Epoch, 0, 0
	}
	n := p.Images - r.images
	if n == 0 { // a step that was left out
		r.end(l, notFinite)
		return nil
	}
	sum := p.Loss * float64(p.Images)
	loss := (sum - r.sum) / float64(n)
	r.images, r.sum = p.Images, sum
	r.points = append(r.points, Point{Step: len(r.points) + 1, Rate: l.LearningRate(), Loss: loss})
	r.mean = float64(memory*r.mean) + float64((1-memory)*loss)
	r.weight = float64(memory*r.weight) + 1 - memory
	smoothed := r.mean / r.weight // as if there had been no step before the first
	if len(r.points) == 1 || smoothed < r.best {
		r.best = smoothed
	}
	if smoothed > float64(r.rise*r.best) {
		r.end(l, fmt.Sprintf("the smoothed loss is more than %v times the least", r.rise))
	}
	return nil
}

func (r *recorder) end(l *train.Loop, why string) {
	if r.ended == "" {
		r.ended = why
		l.Stop(why)
	}
}

// suggest smooths the losses and returns the rates of their steepest fall and of the least of them. Both look at the
// same number of steps to either side, so that neither lags behind.
func suggest(points []Point, around int) (steepest, minimum float64) {
	first, fall := min(around, (len(points)-1)/2), 0.0 // with as many steps before it as around
	least := first
	for i := range points {
		width := min(around, i, len(points)-1-i)
		mean, slope := line(points[i-width : i+width+1])
		points[i].Smoothed = mean
		if width < around {
			continue
		}
		if mean < points[least].Smoothed {
			least = i
		}
		if slope < fall && least == i {
			fall, steepest = slope, points[i].Rate
		}
	}
	if steepest == 0 || points[least].Smoothed > float64((1-LeastFall)*points[first].Smoothed) {
		return 0, 0
	}
	return steepest, points[least].Rate
}

// line returns the mean of the losses of steps, and their slope by least squares: by step, which is by the
// logarithm of the rate, as that rises by the same factor from step to step.
func line(points []Point) (mean, slope float64) {
	middle := float64(len(points)-1) / 2
	var square float64
	for i, p := range points {
		x := float64(i) - middle
		mean += p.Loss
		slope += float64(x * p.Loss)
		square += float64(x * x)
	}
	return mean / float64(len(points)), slope / max(square, 1)
}
