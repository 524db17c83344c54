// Package curves draws how runs went. It is apart from train so that only
// programs that draw depend on a plotting library.
package curves

import (
	"errors"
	"io"
	"math"
	"slices"
	"strconv"

	"gonum.org/v1/plot"

	"github.com/mlodyssey/odyssey/train"
)

// The colours of lines, by their numbers.
const (
	trainColour = iota
	testColour
)

// Draw writes a picture, as PNG, of the loss and the accuracy by epoch,
// with a line for training and, unless nothing was evaluated, one for the test
// set.
func Draw(w io.Writer, epochs []train.Epoch) error {
	if len(epochs) == 0 {
		return errors.New("curves of no epochs: want at least one")
	}
	loss := trainAndTest("loss", epochs, func(e train.Epoch) (train, test float64) { return e.TrainLoss, e.TestLoss })
	loss.FromZero, loss.Legend = true, TopRight
	accuracy := trainAndTest("accuracy in %", epochs, func(e train.Epoch) (train, test float64) {
		return 100 * e.TrainAccuracy, 100 * e.TestAccuracy
	})
	accuracy.TopY, accuracy.Legend = 100, BottomRight
	return DrawCharts(w, 2, []Chart{loss, accuracy})
}

func trainAndTest(title string, epochs []train.Epoch, of func(train.Epoch) (train, test float64)) Chart {
	training, test := Series{Name: "train", Line: true, Dots: true, Colour: trainColour}, Series{Name: "test", Line: true, Dots: true, Colour: testColour}
	for _, e := range epochs {
		a, b := of(e)
		training.X, training.Y = append(training.X, float64(e.Epoch)), append(training.Y, a)
		test.X, test.Y = append(test.X, float64(e.Epoch)), append(test.Y, b)
	}
	c := Chart{Title: title, X: "epoch", WholeX: true, Series: []Series{training}}
	if wasEvaluated(epochs) {
		c.Series = append(c.Series, test)
	}
	return c
}

// wasEvaluated reports whether there was a test set: a loss is never quite 0.
func wasEvaluated(epochs []train.Epoch) bool {
	return slices.ContainsFunc(epochs, func(e train.Epoch) bool { return e.TestLoss != 0 })
}

// ticks marks the multiples of a round number that is no less than least, with
// about as many as there is room for.
func ticks(least float64) plot.TickerFunc {
	return func(lo, hi float64) (marks []plot.Tick) {
		const most = 11
		step, decimals := roundStep(max(least, (hi-lo)/most))
		for k := math.Ceil(lo / step); k*step <= hi; k++ {
			value := k*step + 0 // not -0
			marks = append(marks, plot.Tick{Value: value, Label: strconv.FormatFloat(value, 'f', decimals, 64)})
		}
		return marks
	}
}

// roundStep returns the least of ..., 0.1, 0.2, 0.5, 1, 2, 5, 10, ... that is
// not below least, and the decimals that it takes to write it.
func roundStep(least float64) (step float64, decimals int) {
	decade := math.Floor(math.Log10(least))
	unit := math.Pow(10, decade)
	for _, digit := range []float64{1, 2, 5, 10} {
		if step = digit * unit; step >= least*(1-1e-9) {
			break
		}
	}
	return step, max(0, -int(math.Floor(math.Log10(step)+1e-9)))
}
