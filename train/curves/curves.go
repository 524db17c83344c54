// Package curves draws how runs went. It is apart from train so that only
// programs that draw depend on a plotting library.
package curves

import (
	"errors"
	"image/color"
	"io"
	"math"
	"slices"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/mlodyssey/odyssey/train"
)

var (
	trainColour = color.RGBA{R: 0x1f, G: 0x77, B: 0xb4, A: 0xff}
	testColour  = color.RGBA{R: 0xd6, G: 0x5f, B: 0x0e, A: 0xff}
	gridColour  = color.Gray{0xe4}
)

// Draw writes a picture, as PNG, of the loss and the accuracy by epoch,
// with a line for training and, unless nothing was evaluated, one for the test
// set.
func Draw(w io.Writer, epochs []train.Epoch) error {
	if len(epochs) == 0 {
		return errors.New("curves of no epochs: want at least one")
	}
	loss, err := panel("loss", epochs, func(e train.Epoch) (train, test float64) { return e.TrainLoss, e.TestLoss })
	if err != nil {
		return err
	}
	loss.Y.Min = 0
	loss.Legend.Top = true
	accuracy, err := panel("accuracy in %", epochs, func(e train.Epoch) (train, test float64) {
		return 100 * e.TrainAccuracy, 100 * e.TestAccuracy
	})
	if err != nil {
		return err
	}
	accuracy.Y.Max = min(accuracy.Y.Max, 100)
	return writePNG(w, 26*vg.Centimeter, 10*vg.Centimeter, [][]*plot.Plot{{loss, accuracy}})
}

func panel(title string, epochs []train.Epoch, of func(train.Epoch) (train, test float64)) (*plot.Plot, error) {
	var training, test plotter.XYs
	for _, e := range epochs {
		a, b := of(e)
		training = append(training, plotter.XY{X: float64(e.Epoch), Y: a})
		test = append(test, plotter.XY{X: float64(e.Epoch), Y: b})
	}
	p := newPlot(title, "epoch")
	p.X.Tick.Marker, p.Y.Tick.Marker = ticks(1), ticks(0)
	if err := addLine(p, "train", training, trainColour); err != nil {
		return nil, err
	}
	if wasEvaluated(epochs) {
		if err := addLine(p, "test", test, testColour); err != nil {
			return nil, err
		}
	}
	first, last := epochs[0].Epoch, epochs[len(epochs)-1].Epoch
	p.X.Min, p.X.Max = float64(first)-0.25, float64(last)+0.25
	margin := max(0.05*(p.Y.Max-p.Y.Min), 0.01*p.Y.Max, 1e-3)
	p.Y.Min, p.Y.Max = p.Y.Min-margin, p.Y.Max+margin
	return p, nil
}

// wasEvaluated reports whether there was a test set: a loss is never quite 0.
func wasEvaluated(epochs []train.Epoch) bool {
	return slices.ContainsFunc(epochs, func(e train.Epoch) bool { return e.TestLoss != 0 })
}

func addLine(p *plot.Plot, name string, points plotter.XYs, c color.Color) error {
	line, dots, err := plotter.NewLinePoints(points)
	if err != nil {
		return err
	}
	line.Color, line.Width = c, vg.Points(1.6)
	dots.Color, dots.Radius, dots.Shape = c, vg.Points(2.2), draw.CircleGlyph{}
	p.Add(line, dots)
	p.Legend.Add(name, line, dots)
	return nil
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
