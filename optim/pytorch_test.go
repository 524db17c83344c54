package optim

import (
	"math"
	"testing"

	"github.com/mlodyssey/odyssey/internal/python"
	"github.com/mlodyssey/odyssey/tensor"
)

// question is what testdata/pytorch/main.py is asked.
type question struct {
	Steps      int      `json:"steps"`
	Shapes     [][]int  `json:"shapes"`
	Optimizers []asked  `json:"optimizers"`
	Schedules  []string `json:"schedules"`
}

type asked struct {
	Call  string `json:"call"`
	DType string `json:"dtype"`
}

// answer is what it answers.
type answer struct {
	Optimizers [][]float64 `json:"optimizers"` // the path of each
	Schedules  [][]float64 `json:"schedules"`  // learning rate and momentum in each step
}

// ask asks PyTorch, where it is installed.
func ask(t *testing.T, q question) (a answer) {
	t.Helper()
	python.PyTorch.Ask(t, "testdata/pytorch/main.py", q, &a)
	if len(a.Optimizers) != len(q.Optimizers) || len(a.Schedules) != len(q.Schedules) {
		t.Fatalf("%d + %d answers to %d + %d questions", len(a.Optimizers), len(a.Schedules), len(q.Optimizers), len(q.Schedules))
	}
	return a
}

func TestOptimizersAgainstPyTorch(t *testing.T) {
	q := question{steps, shapes, []asked{}, []string{}}
	for _, c := range cases {
		if c.torch != "" {
			q.Optimizers = append(q.Optimizers, asked{c.torch, "float64"}, asked{c.torch, "float32"})
		}
	}
	answers := ask(t, q).Optimizers
	if len(answers) < 40 {
		t.Errorf("only %d comparisons", len(answers))
	}
	worst := map[tensor.DType]float64{}
	for _, c := range cases {
		if c.torch == "" {
			continue
		}
		for i, d := range []tensor.DType{tensor.Float64, tensor.Float32} {
			want, bound := answers[i], []float64{bound64, bound32}[i]
			got := path(t, c.make, d)
			if len(got) != len(want) {
				t.Fatalf("%s: %d elements, PyTorch has %d", c.name, len(got), len(want))
			}
			off, step := furthest(got, want)
			worst[d] = max(worst[d], off)
			if !(off <= bound) {
				t.Errorf("%s, %v, step %d: off by %.2g of the largest element from PyTorch", c.name, d, step, off)
			}
		}
		answers = answers[2:]
	}
	t.Logf("largest differences: %v", worst)
}

func TestSchedulesAgainstPyTorch(t *testing.T) {
	q := question{steps, shapes, []asked{}, []string{}}
	for _, c := range scheduleCases {
		q.Schedules = append(q.Schedules, c.torch)
	}
	answers := ask(t, q).Schedules
	worst := 0.0
	for i, c := range scheduleCases {
		next := c.rates(newSGDOfOne(t))
		for step := range steps {
			lr, momentum := next(step)
			wantLR, wantMomentum := answers[i][2*step], answers[i][2*step+1]
			off := max(math.Abs(lr-wantLR), math.Abs(momentum-wantMomentum))
			worst = max(worst, off)
			if !(off <= 1e-12) {
				t.Errorf("%s, step %d: learning rate %v and momentum %v, PyTorch's %v and %v", c.name, step, lr, momentum, wantLR, wantMomentum)
				break
			}
		}
	}
	t.Logf("largest difference: %.2g", worst)
}
