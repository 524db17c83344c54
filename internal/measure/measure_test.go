package measure

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/model"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/tensor"
)

// A bubble of synctest has a clock of its own, which stands still but for sleeps.
func TestTimeRunsStepsAndDividesByThem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		steps := 0
		w := Work{Step: func() { steps++; time.Sleep(time.Millisecond) }}
		if got := Time(w, 10*time.Millisecond); got != time.Millisecond {
			t.Errorf("a step that sleeps for 1ms took %v", got)
		}
		if want := 1 + 2 + 10; steps != want {
			t.Errorf("%d steps, want %d: one, some to warm up and some to time", steps, want)
		}
	})
}

func TestTimeOfNothingIsPositive(t *testing.T) {
	if got := Time(Work{Step: func() {}}, time.Millisecond); got <= 0 {
		t.Errorf("got %v", got)
	}
}

func TestTimeRunsLongStepsOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		steps := 0
		Time(Work{Step: func() { steps++; time.Sleep(time.Millisecond) }}, time.Microsecond)
		if steps != 1 {
			t.Errorf("%d steps", steps)
		}
	})
}

func TestTrainingTrains(t *testing.T) {
	net := model.NewLeNet5(47, 1)
	before := net.Conv1.Weight.Tensor().Clone()
	w := Training(net, []int{1, 28, 28}, 47, 2)
	w.Step()
	if net.Conv1.Weight.Tensor().Equal(before) {
		t.Error("a step left the weights as they were")
	}
}

func TestTransformerTrains(t *testing.T) {
	net := model.NewGPT(model.GPTConfig{Vocabulary: 5, Context: 4, Layers: 1, Heads: 1, Width: 4}, 1)
	before := net.Wpe.Weight.Tensor().Clone()
	Transformer(net, 5, 2, 4).Step()
	if net.Wpe.Weight.Tensor().Equal(before) {
		t.Error("a step left the places as they were")
	}
}

func TestInferenceLeavesTheModelAlone(t *testing.T) {
	net := model.NewLeNet5(10, 1)
	before := net.Fc3.Weight.Tensor().Clone()
	Inference(net, []int{1, 28, 28}, 3).Step()
	if !net.Fc3.Weight.Tensor().Equal(before) {
		t.Error("scoring changed the weights")
	}
}

func TestBatchesGoRound(t *testing.T) {
	const batch = 400 // two to a round: 1024 examples are not a whole number
	next := batches([]int{2}, 3, batch)
	first, labels := next()
	second, _ := next()
	again, _ := next()
	if !first.Equal(again) || first.Equal(second) {
		t.Error("want the first batch again after two different ones")
	}
	for _, l := range tensor.Data[int64](labels) {
		if l < 0 || l > 2 {
			t.Fatalf("label %d of 3 classes", l)
		}
	}
}

func TestAdamMovesParameters(t *testing.T) {
	w := autograd.Variable("w", Normal(0, 7))
	before := w.Tensor().Clone()
	adamStep(w).Step()
	if w.Tensor().Equal(before) {
		t.Error("a step left the parameters as they were")
	}
}

// The work of a gradient is that gradient and nothing else.
func TestGradientsOfAConvolution(t *testing.T) {
	c := Convolution{Channels: 2, Size: 4, Batch: 3}
	for of, shape := range [][]int{c.images(), c.weights()} {
		var got *autograd.Value
		w := c.work(func(in []*autograd.Value) *autograd.Value {
			y := c.apply(in[0], in[1])
			got = autograd.Backward([]*autograd.Value{y}, []*autograd.Value{in[2]}, in[of:of+1], false)[0]
			return got
		}, c.images(), c.weights(), c.images())
		w.Step()
		if !got.Spec().Equal(tensor.NewSpec(tensor.Float32, shape...)) {
			t.Errorf("gradient %d is %v, want shape %v", of, got.Spec(), shape)
		}
	}
}

func TestFlops(t *testing.T) {
	c := Convolution{Channels: 2, Size: 4, Batch: 3}
	const want = 2 * 3 * (2 * 4 * 4) * (2 * 3 * 3)
	for name, w := range map[string]Work{"forward": c.Forward(), "input": c.InputGradient(), "weight": c.WeightGradient()} {
		w.Step()
		if w.Flops != want {
			t.Errorf("%s: %v operations, want %v", name, w.Flops, want)
		}
	}
	if w := MatMul(3, 4, 5); w.Flops != 2*3*4*5 {
		t.Errorf("%v operations of a 3×4×5 product", w.Flops)
	}
}

func TestUnary(t *testing.T) {
	seen := 0
	w := Unary(func(x *autograd.Value) *autograd.Value {
		seen = len(x.Shape())
		return op.Exp(x)
	}, 3, 4)
	w.Step()
	if seen != 2 {
		t.Errorf("a value of %d axes, want 2", seen)
	}
}

func TestNormal(t *testing.T) {
	x := tensor.Data[float32](Normal(1, 3, drawn))
	var sum, squares float64
	for i, v := range x {
		sum += float64(v)
		squares += float64(v) * float64(v)
		if v != x[i%drawn] {
			t.Fatalf("element %d does not repeat element %d", i, i%drawn)
		}
	}
	n := float64(len(x))
	if mean, variance := sum/n, squares/n; mean < -0.02 || mean > 0.02 || variance < 0.97 || variance > 1.03 {
		t.Errorf("mean %v, variance %v", mean, variance)
	}
}
