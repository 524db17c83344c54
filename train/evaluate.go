package train

import (
	"context"

	"github.com/mlodyssey/odyssey/data"
	"github.com/mlodyssey/odyssey/nn"
	"github.com/mlodyssey/odyssey/precision"
	"github.com/mlodyssey/odyssey/tensor"
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

// Evaluate returns how well a model does, in a precision, on a set whose examples
// become (x - mean) / std. The same model and set give the same bits.
func Evaluate(ctx context.Context, m nn.Module, p precision.Policy, set data.Dataset, mean, std float32) (r Result, err error) {
	return evaluate(ctx, newEvaluator(m, p, nil), m, set, mean, std)
}

func evaluate(ctx context.Context, s *stepper, m nn.Module, set data.Dataset, mean, std float32) (r Result, err error) {
	defer recoverMistake(&err)
	loader, err := data.NewLoader(set, data.LoaderConfig{Batch: min(evalBatch, set.Len()), Mean: mean, Std: std})
	if err != nil {
		return Result{}, err
	}
	nn.SetTraining(m, false)
	var sum tally
	for batch, err := range loader.Batches(ctx, 0) {
		if err != nil {
			return Result{}, err
		}
		sum.add(s.run(batch.Images, batch.Labels), batch.Labels)
	}
	return sum.result(), nil
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
