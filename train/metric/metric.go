// Package metric measures predictions: a loss, accuracies, a confusion matrix and what follows from
// it, areas under ROC curves, calibration, perplexity, and errors of regressions.
//
// A [Metric] is given predictions batch by batch, and merges with another of its kind, so that parts
// of a set can be measured on their own. How the examples were cut into batches, which part they were
// in, and the order of it all never show in a value, not in its last bit: what is counted is counted
// in integers, and sums of float64 numbers are kept without rounding until a value is asked for.
//
// A value that does not exist, such as the mean of no examples, is NaN. One that cannot be told
// because scores or losses were not finite is NaN or an infinity. Where a class has no examples or no
// predictions, [Scores] says what it has.
//
// A batch that lacks what a metric measures, or whose slices do not fit each other, is a mistake in
// the program: Add panics with a [tensor.Error], and has added nothing. Only Merge returns errors. A
// metric is used by one goroutine at a time.
package metric

import (
	"fmt"

	"github.com/mlodyssey/odyssey/tensor"
)

// Metric is a measure of predictions. Its methods are those of all measures, for code that ranges
// over several; some have more.
type Metric interface {
	Name() string             // such as "f1_macro": for columns, files and curves
	Add(b Batch)              // takes in a batch; keeps none of its slices
	Merge(other Metric) error // takes in all that other, of the same kind and settings, has; other stays as it is
	Value() float64           // of all that was taken in
	Reset()                   // forgets what was taken in
}

// Batch is the predictions for some examples, and the truth. A metric reads only the fields that its
// documentation names, so the others may be nil.
type Batch struct {
	Classes       int       // how many scores and probabilities an example has
	Scores        []float64 // row by row, [examples × Classes], larger where a class is likelier: logits or probabilities
	Probabilities []float64 // as Scores, between 0 and 1: see [Softmax]
	Labels        []int64   // the class that each example has

	Losses []float64 // of each example, or token

	Predictions, Targets []float64 // of a regression: what was predicted and what is right
}

// AppendFloat64 appends numbers to dst as float64, exactly: b.Scores = AppendFloat64(b.Scores[:0], s)
// fills a batch without allocating once its slice is large enough.
func AppendFloat64[T float32 | float64](dst []float64, src []T) []float64 {
	for _, v := range src {
		dst = append(dst, float64(v))
	}
	return dst
}

// checkRows panics unless rows, a field of the batch, has scores of a number of classes for each label,
// and the labels are classes.
func (b Batch) checkRows(name, field string, rows []float64, classes int) {
	if b.Classes != classes || len(rows) != len(b.Labels)*classes {
		tensor.Fail(name, nil, "want %s of %d classes, %d for %d labels, not of %d classes, %d",
			field, classes, len(b.Labels)*classes, len(b.Labels), b.Classes, len(rows))
	}
	b.checkLabels(name, classes)
}

func (b Batch) checkLabels(name string, classes int) {
	for i, l := range b.Labels {
		if l < 0 || l >= int64(classes) {
			tensor.Fail(name, nil, "label %d is %d: want a class from 0 to %d", i, l, classes-1)
		}
	}
}

// checkLosses panics if there are none where there are labels, which is how a forgotten field looks.
func (b Batch) checkLosses(name string) {
	if b.Losses == nil && len(b.Labels) > 0 {
		tensor.Fail(name, nil, "want Losses for %d labels", len(b.Labels))
	}
}

func (b Batch) checkTargets(name string) {
	if len(b.Predictions) != len(b.Targets) || b.Predictions == nil && len(b.Labels) > 0 {
		tensor.Fail(name, nil, "want as many Predictions, %d, as Targets, %d, and not none with %d labels",
			len(b.Predictions), len(b.Targets), len(b.Labels))
	}
}

// same returns other as a metric of m's kind, or the error that it is not, or is m itself.
func same[M interface {
	comparable
	Metric
}](m M, other Metric) (M, error) {
	o, ok := other.(M)
	switch {
	case !ok:
		return o, fmt.Errorf("merge %s: want another %T, not %T", m.Name(), m, other)
	case o.Name() != m.Name():
		return o, fmt.Errorf("merge %s: want another of that name, not %s", m.Name(), o.Name())
	case o == m:
		return o, fmt.Errorf("merge %s: want another, not itself", m.Name())
	}
	return o, nil
}

// largest returns the index of the first largest score; a NaN counts as larger than all else, as in
// op.ArgMax.
func largest(scores []float64) int {
	at := 0
	for i, s := range scores {
		if larger(s, scores[at]) {
			at = i
		}
	}
	return at
}

func larger(a, b float64) bool { return a > b || a != a && b == b }
