package optim

import (
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/nn"
	"github.com/mlodyssey/odyssey/program"
	"github.com/mlodyssey/odyssey/tensor"
)

func newAverage(t *testing.T, params []nn.Named, decay float64) *Average {
	t.Helper()
	a, err := NewAverage(params, AverageConfig{Decay: decay})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// assign gives parameters those of another step.
func assign(params []nn.Named, d tensor.DType, step int) {
	for i, g := range gradients(d, step) {
		autograd.Assign(params[i].Value, autograd.Const(g))
	}
}

func TestAverages(t *testing.T) {
	for _, decay := range []float64{0, 0.75, 0.9} {
		params := newParams(tensor.Float64)
		a := newAverage(t, params, decay)
		want := make([]float64, len(elements(params)))
		for n := range 12 {
			assign(params, tensor.Float64, n)
			a.Update()
			weight := 1 / float64(n+1)
			if decay != 0 {
				weight = max(weight, 1-decay)
			}
			for i, w := range elements(params) {
				want[i] = (1-weight)*want[i] + weight*w
			}
		}
		trained := elements(params)
		a.SetTraining(false)
		a.SetTraining(false) // once more changes nothing
		for i, got := range elements(params) {
			if !(math.Abs(got-want[i]) < 1e-12) {
				t.Fatalf("decay %v: element %d is %v, want %v", decay, i, got, want[i])
			}
		}
		if err := mistake(a.Update); err == nil || !strings.Contains(err.Error(), "want SetTraining(true)") {
			t.Errorf("an update while evaluating: %v", err)
		}
		a.SetTraining(true)
		for i, got := range elements(params) {
			if got != trained[i] {
				t.Fatalf("decay %v: element %d comes back as %v, was %v", decay, i, got, trained[i])
			}
		}
	}
}

func TestAnAverageBeforeItsFirstUpdate(t *testing.T) {
	params := newParams(tensor.Float64)
	a := newAverage(t, params, 0)
	assign(params, tensor.Float64, 1)
	want := elements(params)
	a.SetTraining(false)
	for i, got := range elements(params) {
		if got != want[i] {
			t.Fatalf("element %d is %v, want %v", i, got, want[i])
		}
	}
	a.SetTraining(true)
	a.Update()
}

func TestAnAverageIsRecordedAndSaved(t *testing.T) {
	for _, d := range []tensor.DType{tensor.Float32, tensor.Float64} {
		eager, recorded := newParams(d), newParams(d)
		a, b := newAverage(t, eager, 0.8), newAverage(t, recorded, 0.8)
		p := program.Record(nn.Values(append(recorded, b.State()...)), nil, func([]*autograd.Value) []*autograd.Value {
			b.Update()
			return nil
		})
		for n := range 10 {
			assign(eager, d, n)
			assign(recorded, d, n)
			a.Update()
			p.Run()
			a.SetTraining(n%2 == 0)
			b.SetTraining(n%2 == 0)
			wantSameBits(t, "while evaluating or not", append(eager, a.State()...), append(recorded, b.State()...))
			a.SetTraining(true)
			b.SetTraining(true)
		}
		wantSameBits(t, "recorded", append(eager, a.State()...), append(recorded, b.State()...))

		file := filepath.Join(t.TempDir(), "average.safetensors")
		save(t, file, a.State())
		fresh := newParams(d)
		c := newAverage(t, fresh, 0.8)
		restore(t, file, c.State())
		assign(eager, d, 30)
		assign(fresh, d, 30)
		a.Update()
		c.Update()
		wantSameBits(t, "restored", c.State(), a.State())
	}
}

func TestWrongAverages(t *testing.T) {
	params := newParams(tensor.Float32)
	for _, decay := range []float64{-0.1, 1, math.NaN()} {
		if _, err := NewAverage(params, AverageConfig{decay}); err == nil || !strings.Contains(err.Error(), "decay is") {
			t.Errorf("decay %v: error %v", decay, err)
		}
	}
	if _, err := NewAverage(nil, AverageConfig{}); err == nil {
		t.Error("an average of nothing passed")
	}
}

// Looking at the average of a schedule-free optimiser changes nothing, and is
// refused in the middle of training.
func TestScheduleFreeSwitches(t *testing.T) {
	for _, d := range []tensor.DType{tensor.Float32, tensor.Float64} {
		looked, plain := newParams(d), newParams(d)
		a := mustMake(t, with(NewScheduleFree, ScheduleFreeConfig{LR: 0.1}), looked)
		b := mustMake(t, with(NewScheduleFree, ScheduleFreeConfig{LR: 0.1}), plain)
		p := record(a, looked)
		for step := range 6 {
			g := gradients(d, step)
			p.Run(g...)
			b.Step(constants(g))
			SetTraining(a, false)
			for i, w := range looked {
				if !w.Value.Tensor().Equal(a.(*ScheduleFree).slow[i].Tensor()) {
					t.Errorf("%s is not its average while evaluating", w.Name)
				}
			}
			if err := mistake(func() { a.Step(constants(g)) }); err == nil || !strings.Contains(err.Error(), "want SetTraining(true)") {
				t.Errorf("a step while evaluating: %v", err)
			}
			SetTraining(a, true)
		}
		wantSameBits(t, "schedule-free", append(looked, a.State()...), append(plain, b.State()...))
	}
}
