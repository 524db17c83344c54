package report

import (
	"math"
	"strconv"

	"github.com/mlodyssey/odyssey/train"
)

// mostPoints is about as many points of a line as a screen can show.
const mostPoints = 400

// number is written with so many more digits than the page shows that these are those of the number itself.
type number float64

// MarshalJSON writes what is no number as null, which a line leaves out.
func (n number) MarshalJSON() ([]byte, error) {
	if math.IsNaN(float64(n)) || math.IsInf(float64(n), 0) {
		return []byte("null"), nil
	}
	return strconv.AppendFloat(nil, float64(n), 'g', 9, 64), nil
}

// line is a curve.
type line struct {
	X []number `json:"x"` // in epochs
	Y []number `json:"y"`
}

func (l *line) add(x, y float64) {
	l.X, l.Y = append(l.X, number(x)), append(l.Y, number(y))
}

// thinned returns a line of no more than about most points that looks the same: of each of equal
// parts, the lowest and the highest point, and both ends.
func (l line) thinned(most int) (thin line) {
	n := len(l.X)
	if n <= most {
		return l
	}
	keep := func(i int) { thin.X, thin.Y = append(thin.X, l.X[i]), append(thin.Y, l.Y[i]) }
	parts := most/2 - 1
	keep(0)
	for p := range parts {
		from, to := 1+p*(n-2)/parts, 1+(p+1)*(n-2)/parts
		low, high := from, from
		for i := from; i < to; i++ {
			if l.Y[i] < l.Y[low] {
				low = i
			}
			if l.Y[i] > l.Y[high] {
				high = i
			}
		}
		keep(min(low, high))
		if low != high {
			keep(max(low, high))
		}
	}
	keep(n - 1)
	return thin
}

// curvesOf is what the page draws.
type curvesOf struct {
	Runs []runCurves `json:"runs"`
}

type runCurves struct {
	Name  string          `json:"name"`
	Lines map[string]line `json:"lines"` // by what they show; see page/curves.js
}

func (r *Report) curves() curvesOf {
	all := curvesOf{}
	for _, run := range append([]Run{r.Run}, r.Others...) {
		all.Runs = append(all.Runs, runCurves{run.Name, linesOf(run.Epochs, run.tested())})
	}
	return all
}

// tested reports whether epochs have figures of a test set.
func (r Run) tested() bool { return r.Record == nil || r.Record.Start.Examples[1] > 0 }

func linesOf(epochs []train.Epoch, tested bool) map[string]line {
	of := map[string]func(e train.Epoch) float64{
		"train_loss":     func(e train.Epoch) float64 { return e.TrainLoss },
		"train_accuracy": func(e train.Epoch) float64 { return shownPercent(e.TrainAccuracy) },
		"rate":           func(e train.Epoch) float64 { return e.LearningRate },
		"images":         func(e train.Epoch) float64 { return e.ImagesPerSecond },
	}
	if tested {
		of["test_loss"] = func(e train.Epoch) float64 { return e.TestLoss }
		of["test_accuracy"] = func(e train.Epoch) float64 { return shownPercent(e.TestAccuracy) }
	}
	lines := map[string]line{}
	for name, value := range of {
		l := line{X: []number{}, Y: []number{}}
		for _, e := range epochs {
			l.add(float64(e.Epoch), value(e))
		}
		lines[name] = l.thinned(mostPoints)
	}
	return lines
}
