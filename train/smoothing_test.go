package train

import (
	"math"
	"testing"

	"github.com/mlodyssey/odyssey/augment"
	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/data"
	"github.com/mlodyssey/odyssey/tensor"
)

// The loss of the first step is that of the formula: -Σ q ln softmax(scores), where q spreads a share of
// a label, or of a mixture's two labels, over all classes. Evaluation reads labels as they are.
func TestLabelsAreSmoothedInTrainingOnly(t *testing.T) {
	for _, policy := range []string{"rotate:degrees=5", "mixup"} {
		for _, pieces := range []int{0, 2} {
			c := small(t, 24)
			c.Epochs, c.Accumulate, c.LabelSmoothing = 1, pieces, 0.25
			var err error
			if c.Augment, err = augment.Parse(policy); err != nil {
				t.Fatal(err)
			}
			want := smoothedLoss(t, c)
			got := fit(t, c)[0]
			if !(math.Abs(got.TrainLoss-want) < 1e-5) {
				t.Errorf("%s, %d pieces: a loss of %v, want %v", policy, pieces, got.TrainLoss, want)
			}
			r, err := Evaluate(t.Context(), c.Model, c.Precision, c.Test, c.Mean, c.Std)
			c.LabelSmoothing = 0
			c.Train, c.Augment = c.Test, nil
			if plain := smoothedLoss(t, c); err != nil || !(math.Abs(got.TestLoss-plain) < 1e-5) || r.Loss != got.TestLoss {
				t.Errorf("%s, %d pieces: a test loss of %v, then %v, %v, want %v without smoothing", policy, pieces, got.TestLoss, r.Loss, err, plain)
			}
		}
	}
}

// smoothedLoss returns the mean loss of all training examples in float64.
func smoothedLoss(t *testing.T, c Config) float64 {
	loader, err := data.NewLoader(c.Train, data.LoaderConfig{Batch: c.Batch, Shuffle: true, Seed: c.Seed, Mean: c.Mean, Std: c.Std, Augment: c.Augment})
	if err != nil {
		t.Fatal(err)
	}
	var sum float64
	n := 0
	for b, err := range loader.Batches(t.Context(), 1) {
		if err != nil {
			t.Fatal(err)
		}
		scores := tensor.Data[float32](c.Model.Forward(autograd.Const(b.Images)).Tensor())
		for i, label := range tensor.Data[int64](b.Labels) {
			row := scores[i*47 : (i+1)*47]
			total := 0.0
			for _, s := range row {
				total += math.Exp(float64(s))
			}
			for k, s := range row {
				q := c.LabelSmoothing / 47
				if b.Others == nil {
					q += (1 - c.LabelSmoothing) * isLabel(k, label)
				} else {
					w := float64(tensor.Data[float32](b.Weights)[i])
					q += (1 - c.LabelSmoothing) * (w*isLabel(k, label) + (1-w)*isLabel(k, tensor.Data[int64](b.Others)[i]))
				}
				sum -= q * (float64(s) - math.Log(total))
			}
			n++
		}
	}
	return sum / float64(n)
}

func isLabel(class int, label int64) float64 {
	if int64(class) == label {
		return 1
	}
	return 0
}
