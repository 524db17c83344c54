package optim

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/nn"
	"github.com/mlodyssey/odyssey/program"
	"github.com/mlodyssey/odyssey/tensor"
)

const steps = 30

// gradient of a bowl with a valley: not the same in both directions.
func gradient(w []float64) []float64 { return []float64{2 * (w[0] - 3), 20 * (w[1] + 1)} }

// trajectory runs an optimiser on a float64 parameter, step by step or recorded.
func trajectory(t *testing.T, recorded bool, build func(params []nn.Named) (Optimizer, error)) [][]float64 {
	t.Helper()
	w := autograd.Variable("w", tensor.FromSlice([]float64{0, 0}, 2))
	o, err := build([]nn.Named{{Name: "w", Value: w}})
	if err != nil {
		t.Fatal(err)
	}
	step := func(g *tensor.Tensor) { o.Step([]*autograd.Value{autograd.Const(g)}) }
	if recorded {
		vars := append([]*autograd.Value{w}, nn.Values(o.State())...)
		p := program.Record(vars, []tensor.Spec{w.Spec()}, func(in []*autograd.Value) []*autograd.Value {
			o.Step(in)
			return nil
		})
		step = func(g *tensor.Tensor) { p.Run(g) }
	}
	var path [][]float64
	for range steps {
		step(tensor.FromSlice(gradient(tensor.Data[float64](w.Tensor())), 2))
		path = append(path, append([]float64{}, tensor.Data[float64](w.Tensor())...))
	}
	return path
}

// The references below are the papers' formulas in plain Go.

func sgdPath(c SGDConfig) [][]float64 {
	w, m := []float64{0, 0}, []float64{0, 0}
	var path [][]float64
	for range steps {
		for i, g := range gradient(w) {
			g += c.WeightDecay * w[i]
			m[i] = c.Momentum*m[i] + g
			d := m[i]
			if c.Nesterov {
				d = g + c.Momentum*m[i]
			}
			w[i] -= c.LR * d
		}
		path = append(path, append([]float64{}, w...))
	}
	return path
}

func adamPath(c AdamConfig) [][]float64 {
	w, m, v := []float64{0, 0}, []float64{0, 0}, []float64{0, 0}
	var path [][]float64
	for t := 1; t <= steps; t++ {
		for i, g := range gradient(w) {
			if c.Decoupled {
				w[i] -= c.LR * c.WeightDecay * w[i]
			} else {
				g += c.WeightDecay * w[i]
			}
			m[i] = c.Beta1*m[i] + (1-c.Beta1)*g
			v[i] = c.Beta2*v[i] + (1-c.Beta2)*g*g
			mean := m[i] / (1 - math.Pow(c.Beta1, float64(t)))
			square := v[i] / (1 - math.Pow(c.Beta2, float64(t)))
			w[i] -= c.LR * mean / (math.Sqrt(square) + c.Epsilon)
		}
		path = append(path, append([]float64{}, w...))
	}
	return path
}

func TestAgainstTheFormulas(t *testing.T) {
	sgd := func(c SGDConfig) func([]nn.Named) (Optimizer, error) {
		return func(p []nn.Named) (Optimizer, error) { return NewSGD(p, c) }
	}
	adam := func(c AdamConfig) func([]nn.Named) (Optimizer, error) {
		return func(p []nn.Named) (Optimizer, error) { return NewAdam(p, c) }
	}
	plain, heavy := SGDConfig{LR: 0.01}, SGDConfig{LR: 0.01, Momentum: 0.9, WeightDecay: 0.1}
	nesterov := heavy
	nesterov.Nesterov = true
	l2 := AdamConfig{LR: 0.1, Beta1: 0.8, Beta2: 0.99, Epsilon: 1e-3, WeightDecay: 0.1}
	decoupled := l2
	decoupled.Decoupled = true
	full := AdamConfig{LR: 0.1, Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8}
	for _, c := range []struct {
		name  string
		build func([]nn.Named) (Optimizer, error)
		want  [][]float64
	}{
		{"sgd", sgd(plain), sgdPath(plain)},
		{"sgd with momentum and decay", sgd(heavy), sgdPath(heavy)},
		{"nesterov", sgd(nesterov), sgdPath(nesterov)},
		{"adam with decay", adam(l2), adamPath(l2)},
		{"adamw", adam(decoupled), adamPath(decoupled)},
		{"adam of defaults", adam(AdamConfig{LR: 0.1}), adamPath(full)},
	} {
		for _, recorded := range []bool{false, true} {
			for i, got := range trajectory(t, recorded, c.build) {
				for k := range got {
					if math.Abs(got[k]-c.want[i][k]) > 1e-12 {
						t.Fatalf("%s (recorded %v), step %d: %v, want %v", c.name, recorded, i, got, c.want[i])
					}
				}
			}
		}
	}
}

func TestTheLearningRateCanChange(t *testing.T) {
	w := autograd.Variable("w", tensor.FromSlice([]float64{1}, 1))
	o, err := NewSGD([]nn.Named{{Name: "w", Value: w}}, SGDConfig{LR: 0.5})
	if err != nil {
		t.Fatal(err)
	}
	one := autograd.Const(tensor.FromSlice([]float64{1}, 1))
	o.Step([]*autograd.Value{one})
	autograd.Assign(o.LearningRate(), autograd.Const(tensor.Scalar(0.125)))
	o.Step([]*autograd.Value{one})
	if got := w.Tensor().Item(); got != 0.375 {
		t.Errorf("w is %v, want 0.375", got)
	}
}

func TestWrongSettings(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	params := []nn.Named{{Name: "w", Value: autograd.Variable("w", tensor.New(tensor.Float64, 1))}}
	if _, err := NewSGD(nil, SGDConfig{LR: 1}); err == nil || !strings.Contains(err.Error(), "no parameters") {
		t.Errorf("without parameters: error %v", err)
	}
	for _, c := range []struct {
		cfg  SGDConfig
		want string
	}{
		{SGDConfig{LR: nan}, "learning rate is NaN"},
		{SGDConfig{LR: inf}, "learning rate is +Inf"},
		{SGDConfig{LR: -1}, "learning rate is -1"},
		{SGDConfig{LR: 1, Momentum: 1}, "momentum is 1: want at least 0 and less than 1"},
		{SGDConfig{LR: 1, WeightDecay: -2}, "weight decay is -2"},
		{SGDConfig{LR: 1, Nesterov: true}, "nesterov wants"},
	} {
		if _, err := NewSGD(params, c.cfg); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: error %v, want %q in it", c.cfg, err, c.want)
		}
	}
	for _, c := range []AdamConfig{{LR: nan}, {LR: 1, Beta1: 1}, {LR: 1, Beta2: -1}, {LR: 1, Epsilon: nan}, {LR: 1, WeightDecay: inf}} {
		if _, err := NewAdam(params, c); err == nil {
			t.Errorf("%+v passed", c)
		}
	}
}

func TestAMissingGradientIsNamed(t *testing.T) {
	params := []nn.Named{
		{Name: "a", Value: autograd.Variable("a", tensor.New(tensor.Float64, 1))},
		{Name: "b", Value: autograd.Variable("b", tensor.New(tensor.Float64, 2))},
	}
	g := autograd.Const(tensor.New(tensor.Float64, 1))
	for _, grads := range [][]*autograd.Value{{g}, {g, nil}, {g, g}} {
		func() {
			defer func() {
				err, _ := recover().(error)
				var mistake *tensor.Error
				if !errors.As(err, &mistake) || len(grads) == 2 && !strings.Contains(err.Error(), `"b"`) {
					t.Errorf("%d gradients: %v", len(grads), err)
				}
			}()
			o, err := NewSGD(params, SGDConfig{LR: 1})
			if err != nil {
				t.Fatal(err)
			}
			o.Step(grads)
		}()
	}
}
