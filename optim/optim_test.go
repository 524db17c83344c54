package optim

import (
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/checkpoint"
	"github.com/mlodyssey/odyssey/nn"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/program"
	"github.com/mlodyssey/odyssey/tensor"
)

// The largest differences that pass, relative to the largest element after a step.
const (
	bound64 = 1e-10
	bound32 = 1e-6
)

// furthest returns how far a path is from another, relative to the largest
// element of each step.
func furthest(got, want []float64) (worst float64, step int) {
	perStep := len(want) / steps
	for s := range steps {
		largest, off := 0.0, 0.0
		for i := s * perStep; i < (s+1)*perStep; i++ {
			largest = max(largest, math.Abs(want[i]))
			off = max(off, math.Abs(got[i]-want[i]))
			if math.IsNaN(got[i]) {
				off = math.Inf(1)
			}
		}
		if off/largest > worst {
			worst, step = off/largest, s
		}
	}
	return worst, step
}

func TestAgainstTheFormulas(t *testing.T) {
	for _, c := range cases {
		want := c.reference.path()
		got := path(t, c.make, tensor.Float64)
		if len(got) != len(want) {
			t.Fatalf("%s: %d elements, want %d", c.name, len(got), len(want))
		}
		if off, step := furthest(got, want); !(off <= bound64) {
			t.Errorf("%s, step %d: off by %.2g of the largest element", c.name, step, off)
		}
	}
}

// A recorded step has the bits of one run operation by operation, also when it
// goes on from a state that was saved.
func TestRecordedIsEager(t *testing.T) {
	for _, c := range cases {
		for _, d := range []tensor.DType{tensor.Float32, tensor.Float64} {
			eager, recorded := newParams(d), newParams(d)
			a, b := mustMake(t, c.make, eager), mustMake(t, c.make, recorded)
			p := record(b, recorded)
			for step := range 20 {
				g := gradients(d, step)
				a.Step(inOrder(eager, nn.Values(a.Parameters()), g))
				p.Run(g...)
			}
			wantSameBits(t, c.name, append(eager, a.State()...), append(recorded, b.State()...))
		}
	}
}

// record records a step on gradients in the order of params.
func record(o Optimizer, params []nn.Named) *program.Program {
	var specs []tensor.Spec
	for _, p := range params {
		specs = append(specs, p.Value.Spec())
	}
	variables := nn.Values(append(append([]nn.Named{}, params...), o.State()...))
	return program.Record(variables, specs, func(in []*autograd.Value) []*autograd.Value {
		grads := make([]*autograd.Value, len(in))
		for i, v := range nn.Values(o.Parameters()) {
			grads[i] = in[slices.IndexFunc(params, func(p nn.Named) bool { return p.Value == v })]
		}
		o.Step(grads)
		return nil
	})
}

func wantSameBits(t *testing.T, what string, got, want []nn.Named) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d variables, want %d", what, len(got), len(want))
	}
	for i := range want {
		if got[i].Name != want[i].Name || !got[i].Value.Tensor().Equal(want[i].Value.Tensor()) {
			t.Errorf("%s: %s is %v, want the bits of %s, %v", what, got[i].Name, got[i].Value.Tensor(), want[i].Name, want[i].Value.Tensor())
		}
	}
}

// What State names is all that an optimiser needs to go on.
func TestAStateCanBeSaved(t *testing.T) {
	for _, c := range cases {
		for _, d := range []tensor.DType{tensor.Float32, tensor.Float64} {
			params := newParams(d)
			o := mustMake(t, c.make, params)
			run := func(o Optimizer, params []nn.Named, from, to int) {
				for step := from; step < to; step++ {
					o.Step(inOrder(params, nn.Values(o.Parameters()), gradients(d, step)))
				}
			}
			run(o, params, 0, 5)
			file := filepath.Join(t.TempDir(), "state.safetensors")
			save(t, file, append(params, o.State()...))
			run(o, params, 5, 12)

			fresh := newParams(d)
			other := mustMake(t, c.make, fresh)
			restore(t, file, append(fresh, other.State()...))
			run(other, fresh, 5, 12)
			wantSameBits(t, c.name, append(fresh, other.State()...), append(params, o.State()...))
		}
	}
}

func save(t *testing.T, file string, variables []nn.Named) {
	t.Helper()
	var named []checkpoint.Named
	for _, v := range variables {
		named = append(named, checkpoint.Named{Name: v.Name, Tensor: v.Value.Tensor()})
	}
	if err := checkpoint.Save(file, named, nil); err != nil {
		t.Fatal(err)
	}
}

func restore(t *testing.T, file string, variables []nn.Named) {
	t.Helper()
	f, err := checkpoint.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range variables {
		if f.Tensor(v.Name) == nil {
			t.Fatalf("%s was not saved", v.Name)
		}
		autograd.Assign(v.Value, autograd.Const(f.Tensor(v.Name)))
	}
}

// A bowl that is 25 times as steep across as along: every optimiser gets near its
// lowest point, from a distance of about 4.
func TestTheyFindTheLowestPoint(t *testing.T) {
	for _, c := range []struct {
		name string
		make maker
	}{
		{"sgd", with(NewSGD, SGDConfig{LR: 0.03})},
		{"momentum", with(NewSGD, SGDConfig{LR: 0.01, Momentum: 0.9, Nesterov: true})},
		{"adam", with(NewAdam, AdamConfig{LR: 0.1})},
		{"amsgrad", with(NewAdam, AdamConfig{LR: 0.1, AMSGrad: true})},
		{"adamax", with(NewAdamax, AdamaxConfig{LR: 0.1})},
		{"nadam", with(NewNAdam, NAdamConfig{LR: 0.1})},
		{"radam", with(NewRAdam, RAdamConfig{LR: 0.1})},
		{"rmsprop", with(NewRMSprop, RMSpropConfig{LR: 0.05})},
		{"adagrad", with(NewAdagrad, AdagradConfig{LR: 1})},
		{"adadelta", with(NewAdadelta, AdadeltaConfig{LR: 1, Epsilon: 1e-3})},
		{"lars", with(NewLARS, LARSConfig{LR: 1, Trust: 0.02})},
		{"lamb", with(NewLAMB, LAMBConfig{LR: 0.03})},
		{"lion", with(NewLion, LionConfig{LR: 0.05})},
		{"muon", with(NewMuon, MuonConfig{LR: 0.05})},
		{"schedule-free", with(NewScheduleFree, ScheduleFreeConfig{LR: 0.3})},
	} {
		least := tensor.FromSlice([]float64{3, -1, 2, 1}, 2, 2)
		steep := autograd.Const(tensor.FromSlice([]float64{1, 25, 5, 2}, 2, 2))
		w := autograd.Variable("w", tensor.Full(tensor.Float64, 0.5, 2, 2))
		o := mustMake(t, c.make, []nn.Named{{Name: "w", Value: w}})
		s := NewScheduler(o, Plan{LR: Linear}, 300)
		for step := range 300 {
			s.Set(step)
			off := op.Sub(w, autograd.Const(least))
			o.Step(autograd.Grad(op.Scale(op.Sum(op.Mul(steep, op.Mul(off, off))), 0.5), w))
		}
		SetTraining(o, false)
		if off := norm(op.Sub(w, autograd.Const(least))).Tensor().Item(); !(off < 0.05) {
			t.Errorf("%s ends %.3g from the lowest point, at %v", c.name, off, w.Tensor())
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
	SetLearningRate(o, 0.125)
	o.Step([]*autograd.Value{one})
	if got := w.Tensor().Item(); got != 0.375 {
		t.Errorf("w is %v, want 0.375", got)
	}
}

// After its first run a recorded step takes no memory from the heap.
func TestARecordedStepAllocatesNothing(t *testing.T) {
	for _, c := range cases {
		params := newParams(tensor.Float32)
		p := record(mustMake(t, c.make, params), params)
		g := gradients(tensor.Float32, 0)
		p.Run(g...)
		if got := testing.AllocsPerRun(10, func() { p.Run(g...) }); got != 0 {
			t.Errorf("%s: %v allocations a step", c.name, got)
		}
	}
}

// Between the numbers that all parameters share and the new values, what is made of
// elements goes from element to element: a program does it in one loop. Norms and
// products of matrices take more.
func TestAStepIsOneLoop(t *testing.T) {
	several := []string{"lars", "lamb", "muon"}
	for _, c := range cases {
		if c.name == "groups" {
			continue
		}
		params := newParams(tensor.Float32)[:1]
		o := mustMake(t, c.make, params)
		tr := autograd.Record(nn.Values(append(params, o.State()...)), []tensor.Spec{params[0].Value.Spec()}, func(in []*autograd.Value) []*autograd.Value {
			o.Step(in)
			return nil
		})
		one := true
		for _, ins := range tr.Instructions {
			_, pointwise := ins.Op.(op.Pointwise)
			elements := 1
			for _, id := range append(ins.In, ins.Out...) {
				elements = max(elements, tr.Specs[id].Elements())
			}
			one = one && (pointwise || elements == 1)
		}
		name, _, _ := strings.Cut(c.name, " ")
		if want := !slices.Contains(several, name); one != want {
			t.Errorf("%s is one loop: %v, want %v", c.name, one, want)
		}
	}
}

// Every setting of every optimiser is checked, and says what it is.
func TestWrongSettings(t *testing.T) {
	params := newParams(tensor.Float32)
	for _, row := range Optimizers() {
		for _, setting := range row.Settings {
			for _, value := range []string{"NaN", "Inf", "-1"} {
				_, err := New(params, row.Name, Settings{setting: value})
				switch _, notBool := strconv.ParseBool(value); {
				case err == nil:
					t.Errorf("%s with %s %s passed", row.Name, setting, value)
				case notBool == nil || !strings.HasPrefix(err.Error(), "optimizer "+row.Name+": "):
					t.Errorf("%s with %s %s: error %v", row.Name, setting, value, err)
				}
			}
		}
		if _, err := New(nil, row.Name, nil); err == nil || !strings.Contains(err.Error(), "no parameters") {
			t.Errorf("%s without parameters: error %v", row.Name, err)
		}
		if o, err := New(params, row.Name, Settings{"lr": "0.5"}); err != nil || LearningRate(o) != 0.5 {
			t.Errorf("%s: error %v", row.Name, err)
		}
	}
	for _, c := range []struct {
		name string
		s    Settings
		want string
	}{
		{"sgd", Settings{"momentum": "1"}, "momentum is 1: want at least 0 and less than 1"},
		{"sgd", Settings{"nesterov": "true"}, "nesterov wants a momentum above 0"},
		{"sgd", Settings{"lr": "-1"}, "learning rate is -1: want a finite number of at least 0"},
		{"adam", Settings{"beta2": "1"}, "beta2 is 1"},
		{"muon", Settings{"iterations": "0.5"}, `iterations is "0.5": want a whole number`},
		{"tiger", nil, `unknown optimizer "tiger": want one of sgd, adam, `},
	} {
		if _, err := New(params, c.name, c.s); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s %v: error %v, want %q in it", c.name, c.s, err, c.want)
		}
	}
}

func mistake(f func()) (err error) {
	defer func() {
		var m *tensor.Error
		if e, _ := recover().(error); errors.As(e, &m) {
			err = e
		}
	}()
	f()
	return nil
}

func TestAMissingGradientIsNamed(t *testing.T) {
	for _, c := range cases {
		params := newParams(tensor.Float32)
		o := mustMake(t, c.make, params)
		all := inOrder(params, nn.Values(o.Parameters()), gradients(tensor.Float32, 0))
		for i, p := range o.Parameters() {
			for _, wrong := range []*autograd.Value{nil, autograd.Const(tensor.New(tensor.Float32, 9))} {
				grads := slices.Clone(all)
				grads[i] = wrong
				err := mistake(func() { o.Step(grads) })
				if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("gradient of %q", p.Name)) {
					t.Errorf("%s without the gradient of %s: %v", c.name, p.Name, err)
				}
			}
		}
		for _, n := range []int{len(all) - 1, len(all) + 1} {
			grads := slices.Grow(all, 1)[:n]
			if err := mistake(func() { o.Step(grads) }); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("gradients, not %d", n)) {
				t.Errorf("%s with %d gradients: %v", c.name, n, err)
			}
		}
	}
}
