package metric_test

import (
	"fmt"

	"github.com/mlodyssey/odyssey/train/metric"
)

// Two batches of logits, of which the last example is taken for the wrong class.
func Example() {
	confusion := metric.NewConfusion(2)
	metrics := []metric.Metric{metric.NewAccuracy(1), metric.NewAUC(2), metric.NewF1(2, metric.Macro), confusion}
	var b metric.Batch
	for _, batch := range []struct {
		logits []float32
		labels []int64
	}{
		{[]float32{2, -1, 0, 3}, []int64{0, 1}},
		{[]float32{1, 0, 4, 1, 1.5, 1}, []int64{0, 0, 1}},
	} {
		b.Classes, b.Labels = 2, batch.labels
		b.Scores = metric.AppendFloat64(b.Scores[:0], batch.logits)
		b.Probabilities = metric.Softmax(b.Probabilities[:0], b.Scores, b.Classes)
		for _, m := range metrics {
			m.Add(b)
		}
	}
	for _, m := range metrics[:3] {
		fmt.Printf("%s %.3f\n", m.Name(), m.Value())
	}
	fmt.Print(confusion.Table([]string{"cat", "dog"}))
	// Output:
	// accuracy 0.800
	// roc_auc 1.000
	// f1_macro 0.762
	//   actual\predicted  cat  dog  precision  recall      F1
	//                cat    3    0     0.7500  1.0000  0.8571
	//                dog    1    1     1.0000  0.5000  0.6667
}
