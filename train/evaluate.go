package train

import (
	"context"

	"github.com/mlodyssey/odyssey/data"
	"github.com/mlodyssey/odyssey/nn"
	"github.com/mlodyssey/odyssey/precision"
	"github.com/mlodyssey/odyssey/tensor"
	"github.com/mlodyssey/odyssey/train/metric"
)

// Result is how well a model does on a set.
type Result struct {
	Accuracy float64 `json:"accuracy"` // the share of examples whose likeliest class is theirs
	Loss     float64 `json:"loss"`     // the mean cross-entropy
	Count    int     `json:"count"`
}

// evalBatch is the examples in a batch of an evaluation. Its result does not
// depend on it.
const evalBatch = 256

// DefaultMetrics returns what Settings.Prepare lets a run measure beside loss and accuracy.
func DefaultMetrics(classes int) []metric.Metric {
	metrics := []metric.Metric{
		metric.NewPrecision(classes, metric.Macro), metric.NewRecall(classes, metric.Macro), metric.NewF1(classes, metric.Macro),
		metric.NewCalibration(calibrationBins),
	}
	if classes > topK {
		metrics = append(metrics, metric.NewAccuracy(topK))
	}
	return metrics
}

const (
	calibrationBins = 15 // as in Guo et al., "On Calibration of Modern Neural Networks", 2017
	topK            = 5
)

// Values returns those of metrics that have one, by their names.
func Values(metrics []metric.Metric) map[string]float64 {
	values := map[string]float64{}
	for _, m := range metrics {
		if v := m.Value(); isFinite(v) {
			values[m.Name()] = v
		}
	}
	return values
}

// Evaluate returns how well a model does, in a precision, on a set whose examples
// become (x - mean) / std (see data.Normalise), and lets metrics begin anew and take all of it in. The same model and
// set give the same bits.
func Evaluate(ctx context.Context, m nn.Module, p precision.Policy, set data.Dataset, mean, std []float32, metrics ...metric.Metric) (r Result, err error) {
	return evaluate(ctx, newEvaluator(m, p, nil), m, set, mean, std, metrics)
}

func evaluate(ctx context.Context, s *stepper, m nn.Module, set data.Dataset, mean, std []float32, metrics []metric.Metric) (r Result, err error) {
	defer recoverMistake(&err)
	loader, err := data.NewLoader(set, data.LoaderConfig{Batch: min(evalBatch, set.Len()), Mean: mean, Std: std})
	if err != nil {
		return Result{}, err
	}
	nn.SetTraining(m, false)
	measured := measurement{metrics: metrics}
	for _, m := range metrics {
		m.Reset()
	}
	var sum tally
	for batch, err := range loader.Batches(ctx, 0) {
		if err != nil {
			return Result{}, err
		}
		o := s.run(batch.Images, batch.Labels)
		sum.add(o, batch.Labels)
		measured.add(o, batch.Labels)
	}
	return sum.result(), nil
}

// measurement gives metrics what batches gave.
type measurement struct {
	metrics []metric.Metric
	batch   metric.Batch // its memory is used again
}

func (m *measurement) add(o outcome, labels *tensor.Tensor) {
	if len(m.metrics) == 0 {
		return
	}
	b, scores := &m.batch, o.more[0]
	b.Classes = scores.Shape()[1]
	b.Scores, b.Losses = widened(b.Scores, scores), widened(b.Losses, o.loss)
	b.Probabilities = metric.Softmax(b.Probabilities[:0], b.Scores, b.Classes)
	b.Labels = append(b.Labels[:0], tensor.Data[int64](labels)...)
	for _, metric := range m.metrics {
		metric.Add(*b)
	}
}

// widened fills dst with the elements of a tensor of floats.
func widened(dst []float64, t *tensor.Tensor) []float64 {
	if t.DType() == tensor.Float32 {
		return metric.AppendFloat64(dst[:0], tensor.Data[float32](t))
	}
	return metric.AppendFloat64(dst[:0], tensor.Data[float64](t))
}

// tally adds up outcomes, example by example in float64, so that batches of any
// size give the same sum.
type tally struct {
	loss           float64
	correct, count int
}

func (t *tally) add(o outcome, labels *tensor.Tensor) {
	switch loss := o.loss; loss.DType() {
	case tensor.Float32:
		addAll(t, tensor.Data[float32](loss))
	default:
		addAll(t, tensor.Data[float64](loss))
	}
	predicted := tensor.Data[int64](o.predicted)
	for i, label := range tensor.Data[int64](labels) {
		if predicted[i] == label {
			t.correct++
		}
	}
	t.count += len(predicted)
}

func addAll[T float32 | float64](t *tally, loss []T) {
	for _, l := range loss {
		t.loss += float64(l)
	}
}

func (t *tally) result() Result {
	n := float64(max(1, t.count))
	return Result{Accuracy: float64(t.correct) / n, Loss: t.loss / n, Count: t.count}
}
