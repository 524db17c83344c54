package optim_test

import (
	"fmt"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/nn"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/optim"
	"github.com/mlodyssey/odyssey/tensor"
)

// The least of (w-3)², found from w = 0.
func ExampleSGD() {
	w := autograd.Variable("w", tensor.Scalar(0.0))
	sgd, err := optim.NewSGD([]nn.Named{{Name: "w", Value: w}}, optim.SGDConfig{LR: 0.25})
	if err != nil {
		fmt.Println(err)
		return
	}
	for range 4 {
		off := op.Sub(w, op.Scalar(tensor.Float64, 3))
		sgd.Step(autograd.Grad(op.Mul(off, off), w))
		fmt.Println(w.Tensor().Item())
	}
	// Output:
	// 1.5
	// 2.25
	// 2.625
	// 2.8125
}

func ExampleSetLearningRate() {
	w := autograd.Variable("w", tensor.Scalar(0.0))
	adam, err := optim.NewAdam([]nn.Named{{Name: "w", Value: w}}, optim.AdamConfig{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, lr := range []float64{0.1, 0.01, 0.001} {
		optim.SetLearningRate(adam, lr)
		adam.Step(autograd.Grad(op.Scale(w, -1), w))
		fmt.Printf("%.3f\n", w.Tensor().Item())
	}
	// Output:
	// 0.100
	// 0.110
	// 0.111
}

// Weights decay, biases do not.
func ExampleJoin() {
	weight := nn.Named{Name: "weight", Value: autograd.Variable("weight", tensor.New(tensor.Float32, 3, 2))}
	bias := nn.Named{Name: "bias", Value: autograd.Variable("bias", tensor.New(tensor.Float32, 3))}
	weights, rest := optim.Split([]nn.Named{weight, bias}, optim.IsMatrix)
	a, err := optim.NewAdamW(weights, optim.AdamConfig{LR: 0.001, WeightDecay: 0.1})
	if err != nil {
		fmt.Println(err)
		return
	}
	b, err := optim.NewAdamW(rest, optim.AdamConfig{LR: 0.001})
	if err != nil {
		fmt.Println(err)
		return
	}
	both, err := optim.Join(a, b)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, p := range both.Parameters() {
		fmt.Println(p.Name)
	}
	// Output:
	// weight
	// bias
}

// A rise over four steps, and half a cosine down over the other four.
func ExampleNewWarmup() {
	cosine, err := optim.NewCosine(optim.CosineConfig{})
	if err != nil {
		fmt.Println(err)
		return
	}
	rate, err := optim.NewWarmup(optim.WarmupConfig{Length: 4}, cosine)
	if err != nil {
		fmt.Println(err)
		return
	}
	for step := range 8 {
		fmt.Printf("%.2f ", rate(step, 8))
	}
	// Output: 0.25 0.44 0.62 0.81 1.00 0.85 0.50 0.15
}
