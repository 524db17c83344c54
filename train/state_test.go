package train

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mlodyssey/odyssey/augment"
	"github.com/mlodyssey/odyssey/checkpoint"
	"github.com/mlodyssey/odyssey/data"
	"github.com/mlodyssey/odyssey/nn"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/optim"
	"github.com/mlodyssey/odyssey/precision"
	"github.com/mlodyssey/odyssey/random"
	"github.com/mlodyssey/odyssey/tensor"
)

// keepStates lets a run keep its state in files, after every checkpoint.
type keepStates struct {
	Quiet
	dir   string
	files []string
}

func (k *keepStates) Checkpoint(l *Loop) error {
	file := filepath.Join(k.dir, strings.Repeat("i", len(k.files)+1))
	k.files = append(k.files, file)
	return SaveState(file, l.State(), map[string]string{"more": "yes"})
}

// resumable is configurations that keep something of every kind from step to step.
var resumable = map[string]func(t *testing.T, s *Settings){
	"momentum":  func(t *testing.T, s *Settings) {},
	"adam, ema": func(t *testing.T, s *Settings) { s.Optimizer, s.Momentum, s.EMA = "adamw", 0, 0.9 },
	"muon, swa": func(t *testing.T, s *Settings) {
		s.Optimizer, s.SWA, s.DecayWeights, s.WeightDecay = "muon", 0.3, true, 0.1
	},
	"schedule-free": func(t *testing.T, s *Settings) { s.Optimizer, s.Momentum, s.Schedule = "schedule-free", 0, "constant" },
	"plateau":       func(t *testing.T, s *Settings) { s.Schedule = "plateau:patience=-1,gamma=0.5,threshold=0.9" },
	"one-cycle":     func(t *testing.T, s *Settings) { s.Schedule = "one-cycle" },
	"augmented":     func(t *testing.T, s *Settings) { s.Augment = "default+mixup:alpha=0.5" },
	"fp16":          func(t *testing.T, s *Settings) { s.Precision = "fp16" },
	"fp8":           func(t *testing.T, s *Settings) { s.Precision = "fp8" },
	"nvfp4":         func(t *testing.T, s *Settings) { s.Precision = "nvfp4" },
}

func TestARunThatGoesOnHasTheBitsOfOneThatNeverStopped(t *testing.T) {
	for name, change := range resumable {
		t.Run(name, func(t *testing.T) {
			s := smallRun()
			s.Epochs, s.Batch = 3, 20
			change(t, &s)
			goesOn(t, func() Config {
				_, c := prepare(t, s)
				if c.Precision.Scaled {
					c.LossScale = 1 << 24 // some steps overflow
				}
				return c
			})
		})
	}
}

// cancelling is a set that ends the run it is read in, for the n-th time that its first example is read.
type cancelling struct {
	data.Dataset
	n      int
	cancel context.CancelFunc
}

func (c *cancelling) Read(i int, x []float32) (int, error) {
	if i == 0 {
		if c.n--; c.n == 0 {
			c.cancel()
		}
	}
	return c.Dataset.Read(i, x)
}

// evaluations keeps what callbacks see at the evaluation of an epoch.
type evaluations struct {
	Quiet
	told *[]Progress
}

func (e evaluations) Evaluation(l *Loop) error {
	*e.told = append(*e.told, l.Progress)
	return nil
}

type stopAtStart struct{ Quiet }

func (stopAtStart) Start(l *Loop) error {
	l.Stop("no time left")
	return nil
}

// A run that is interrupted while it evaluates an epoch goes on with that evaluation.
func TestARunThatIsInterruptedInAnEvaluationGoesOn(t *testing.T) {
	for name, change := range resumable {
		t.Run(name, func(t *testing.T) {
			s := smallRun()
			s.Epochs, s.Batch = 3, 20
			change(t, &s)
			_, whole := prepare(t, s)
			want := fit(t, whole)
			for epoch := 1; epoch <= 3; epoch++ {
				_, c := prepare(t, s)
				ctx, cancel := context.WithCancel(t.Context())
				c.Test = &cancelling{c.Test, epoch, cancel}
				states := &keepStates{dir: t.TempDir()}
				c.Callbacks = []Callback{states}
				if got, err := Run(ctx, c); !errors.Is(err, context.Canceled) || len(got) != epoch-1 {
					t.Fatalf("%d epochs, %v", len(got), err)
				}
				_, again := prepare(t, s)
				if len(states.files) > 0 {
					again.From, _, _ = LoadState(states.files[len(states.files)-1])
				} else if !c.averagesEpoch(1) {
					t.Errorf("epoch %d: nothing is kept", epoch)
				}
				if from := again.From; from != nil && from.Place.Step == 0 && !c.averagesEpoch(epoch) {
					t.Errorf("epoch %d: %+v is kept, want its last step", epoch, from.Place)
				}
				var told []Progress
				again.Callbacks = []Callback{evaluations{told: &told}}
				// A reason to end does not keep an epoch that was trained from its evaluation.
				if again.From != nil && again.From.Place.Step > 0 && epoch == 3 {
					again.Callbacks = append(again.Callbacks, stopAtStart{})
				}
				got := fit(t, again)
				if allBits(again) != allBits(whole) || len(got) != 3 {
					t.Fatalf("epoch %d: other bits, or %+v", epoch, got)
				}
				for i, e := range got {
					e.Seconds, e.ImagesPerSecond = want[i].Seconds, want[i].ImagesPerSecond
					if e != want[i] {
						t.Errorf("epoch %d: %+v, want %+v", epoch, e, want[i])
					}
				}
				for _, p := range told {
					if e := want[p.Epoch-1]; p.Loss != e.TrainLoss || p.Accuracy != e.TrainAccuracy || p.Step != e.Steps {
						t.Errorf("epoch %d: told of %+v, want %+v", epoch, p, e)
					}
				}
			}
		})
	}
}

func TestARunOfDropoutGoesOn(t *testing.T) {
	goesOn(t, func() Config {
		c := small(t, 100)
		r := random.New(1)
		c.Model = nn.Sequential{
			nn.Func(op.Flatten), nn.NewLinear(784, 30, r), nn.NewBatchNorm1D(30), nn.NewDropout(0.5, r), nn.NewLinear(30, 47, r),
		}
		o, err := optim.NewSGD(nn.Parameters(c.Model), optim.SGDConfig{LR: 0.05, Momentum: 0.9})
		if err != nil {
			t.Fatal(err)
		}
		c.Optimizer = o
		c.Augment, err = augment.Parse("light")
		if err != nil {
			t.Fatal(err)
		}
		return c
	})
}

// goesOn compares a run with those that begin where it was at each of its checkpoints.
func goesOn(t *testing.T, newConfig func() Config) {
	t.Helper()
	c := newConfig()
	states := &keepStates{dir: t.TempDir()}
	c.Callbacks, c.CheckpointSteps = []Callback{states}, 1
	want, bits := fit(t, c), allBits(c)
	if len(states.files) != len(want)*want[0].Steps {
		t.Fatalf("%d checkpoints of %d epochs of %d steps", len(states.files), len(want), want[0].Steps)
	}
	for _, file := range states.files {
		state, more, err := LoadState(file)
		if err != nil || len(more) != 1 || more["more"] != "yes" {
			t.Fatal(more, err)
		}
		c := newConfig()
		c.From = state
		got := fit(t, c)
		if allBits(c) != bits {
			t.Errorf("from step %d of epoch %d: other bits", state.Place.Step, state.Place.Epoch)
		}
		for i, e := range got {
			e.Seconds, e.ImagesPerSecond = want[i].Seconds, want[i].ImagesPerSecond
			if e != want[i] {
				t.Errorf("from step %d of epoch %d: %+v, want %+v", state.Place.Step, state.Place.Epoch, e, want[i])
			}
		}
		if len(got) != len(want) {
			t.Errorf("%d epochs, want %d", len(got), len(want))
		}
	}
}

// allBits is the digest of a run, with the average of its weights.
func allBits(c Config) string {
	bits := digest(c)
	if c.Average != nil {
		for _, v := range c.Average.State() {
			bits += string(v.Value.Tensor().Bytes())
		}
	}
	return bits
}

func TestAStateMustFit(t *testing.T) {
	c := small(t, 100)
	states := &keepStates{dir: t.TempDir()}
	c.Callbacks = []Callback{states}
	fit(t, c)
	for name, change := range map[string]func(s *State, c *Config){
		"optimizer.conv1.weight.momentum is not there": func(s *State, c *Config) { s.Tensors = without(s.Tensors, "optimizer.conv1.weight.momentum") },
		"it stands at step 6 of epoch 2":               func(s *State, c *Config) { s.Place.Step = 6 },
		"with 1 epochs finished":                       func(s *State, c *Config) { s.Place.Epoch = 7 },
		`"more" is no part of it`: func(s *State, c *Config) {
			s.Tensors = append(s.Tensors, checkpoint.Named{Name: "more", Tensor: tensor.Scalar(1.0)})
		},
	} {
		s, _, err := LoadState(states.files[0])
		if err != nil {
			t.Fatal(err)
		}
		c := small(t, 100)
		change(s, &c)
		c.From = s
		if _, err := Run(context.Background(), c); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("error %v, want one with %q", err, name)
		}
	}
}

func without(tensors []checkpoint.Named, name string) (rest []checkpoint.Named) {
	for _, t := range tensors {
		if t.Name != name {
			rest = append(rest, t)
		}
	}
	return rest
}

// What a state says of itself is quoted as what it has.
func TestAChangedStateIsNamedByItsSums(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state")
	if err := checkpoint.Save(path, nil, map[string]string{metaSum: `"0123456789abcdef"`}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := LoadState(path); err == nil || strings.Contains(err.Error(), `"`) || !strings.Contains(err.Error(), "but it says 0123456789ab…: want") {
		t.Errorf("error %v", err)
	}
}

// The hooks come in order, callback after callback.
func TestHooksComeInOrder(t *testing.T) {
	c := small(t, 48) // two steps an epoch
	var told []string
	c.Callbacks = []Callback{&teller{name: "a", told: &told}, &teller{name: "b", told: &told}}
	c.CheckpointSteps = 1
	fit(t, c)
	var want []string
	for _, hook := range []string{"start", "epoch", "step", "checkpoint", "step", "evaluation", "checkpoint", "epoch", "step", "checkpoint", "step", "evaluation", "checkpoint", "end <nil>"} {
		want = append(want, "a "+hook, "b "+hook)
	}
	if got := strings.Join(told, ", "); got != strings.Join(want, ", ") {
		t.Errorf("told %s, want %v", got, want)
	}
}

type teller struct {
	name  string
	told  *[]string
	fails string
}

func (c *teller) tell(hook string) error {
	*c.told = append(*c.told, c.name+" "+hook)
	if hook == c.fails {
		return errors.New(hook + " fails")
	}
	return nil
}

func (c *teller) Start(*Loop) error      { return c.tell("start") }
func (c *teller) Epoch(*Loop) error      { return c.tell("epoch") }
func (c *teller) Step(*Loop) error       { return c.tell("step") }
func (c *teller) Evaluation(*Loop) error { return c.tell("evaluation") }
func (c *teller) Checkpoint(*Loop) error { return c.tell("checkpoint") }
func (c *teller) End(_ *Loop, err error) error {
	if err == nil {
		return c.tell("end <nil>")
	}
	return c.tell("end " + err.Error())
}

func TestAHookThatFailsEndsTheRun(t *testing.T) {
	for hook, want := range map[string]string{
		"start":      "a start, a end start fails, b end start fails",
		"epoch":      "a start, b start, a epoch, a end epoch fails, b end epoch fails",
		"evaluation": "a start, b start, a epoch, b epoch, a step, b step, a step, b step, a evaluation, a end evaluation fails, b end evaluation fails",
	} {
		c := small(t, 48)
		var told []string
		c.Callbacks = []Callback{&teller{name: "a", told: &told, fails: hook}, &teller{name: "b", told: &told}}
		if _, err := Run(t.Context(), c); err == nil || err.Error() != hook+" fails" {
			t.Errorf("error %v", err)
		}
		if got := strings.Join(told, ", "); got != want {
			t.Errorf("told %s, want %s", got, want)
		}
	}
}

// A run that is stopped evaluates what it has, and ends without an error.
func TestStopAndSteps(t *testing.T) {
	c := small(t, 100) // five steps an epoch
	c.Callbacks = []Callback{OnStep(func(l *Loop) error {
		if l.Number() == 7 {
			l.Stop("enough")
		}
		return nil
	})}
	epochs := fit(t, c)
	if len(epochs) != 2 || epochs[0].Steps != 5 || epochs[1].Steps != 2 || epochs[1].TestLoss == 0 {
		t.Errorf("epochs %+v", epochs)
	}
	limited := small(t, 100)
	limited.Steps, limited.Epochs = 7, 0
	if got := fit(t, limited); len(got) != 2 || got[1].Steps != 2 || digest(limited) != digest(c) {
		t.Errorf("epochs %+v", got)
	}
}

// A loop that goes back to its own beginning takes the same steps again: float8 forgets what it has seen since.
func TestALoopGoesBackToItsBeginning(t *testing.T) {
	c := smallIn(t, precision.FP8, 72)
	l, err := newLoop(c)
	if err != nil {
		t.Fatal(err)
	}
	first := l.State()
	steps := func() string {
		for b, err := range l.loader.Batches(t.Context(), 1) {
			if err != nil {
				t.Fatal(err)
			}
			if err := l.step(b); err != nil {
				t.Fatal(err)
			}
		}
		return digest(c)
	}
	want := steps()
	if err := l.restore(first); err != nil {
		t.Fatal(err)
	}
	if got := steps(); got != want {
		t.Error("the steps have other bits than the first time")
	}
}
