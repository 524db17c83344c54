package metric

import (
	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/tensor"
)

// Softmax appends the probabilities exp(s_i) / sum_j exp(s_j) of each row of scores to dst, in
// float64, and with the same bits everywhere: b.Probabilities = Softmax(b.Probabilities[:0], b.Scores,
// b.Classes). The row's largest score is subtracted first, so nothing overflows; a row with NaN or
// +Inf becomes NaN.
func Softmax(dst, scores []float64, classes int) []float64 {
	if classes < 1 || len(scores)%classes != 0 {
		tensor.Fail("metric.Softmax", nil, "want rows of at least 1 class, not %d scores of %d classes", len(scores), classes)
	}
	for ; len(scores) > 0; scores = scores[classes:] {
		row := scores[:classes]
		shift, total := row[largest(row)], 0.0
		for _, s := range row {
			e := kernel.Exp64(s - shift)
			dst = append(dst, e)
			total += e
		}
		for i := len(dst) - classes; i < len(dst); i++ {
			dst[i] /= total
		}
	}
	return dst
}
