package train

import (
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/mlodyssey/odyssey/augment"
	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/model"
	"github.com/mlodyssey/odyssey/nn"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/optim"
	"github.com/mlodyssey/odyssey/precision"
	"github.com/mlodyssey/odyssey/program"
	"github.com/mlodyssey/odyssey/random"
	"github.com/mlodyssey/odyssey/tensor"
)

// inPieces is a run of batches of 64 on 115 glyphs, cut into so many pieces: the last batch, of
// 51, is no multiple of 16.
func inPieces(t *testing.T, pieces int) Config {
	t.Helper()
	c := small(t, 115)
	c.Epochs, c.Test, c.Batch, c.Accumulate = 1, nil, 64, pieces
	return c
}

// netInPieces is inPieces of another network, which is made anew.
func netInPieces(t *testing.T, pieces int, network func() nn.Module) Config {
	t.Helper()
	c := inPieces(t, pieces)
	c.Model = network()
	o, err := optim.NewSGD(nn.Parameters(c.Model), optim.SGDConfig{LR: 0.05, Momentum: 0.9})
	if err != nil {
		t.Fatal(err)
	}
	c.Optimizer = o
	return c
}

// wantSameRun compares two runs that are over, bit by bit.
func wantSameRun(t *testing.T, what string, c, whole Config, got, want Epoch) {
	t.Helper()
	if digest(c) != digest(whole) || got.TrainLoss != want.TrainLoss || got.TrainAccuracy != want.TrainAccuracy {
		t.Errorf("%s: other bits, or a loss of %v and an accuracy of %v; want %v and %v",
			what, got.TrainLoss, got.TrainAccuracy, want.TrainLoss, want.TrainAccuracy)
	}
}

// Pieces that are whole groups of 16 give the bits of the batch in one, on any machine.
func TestPiecesGiveTheBitsOfTheBatch(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	whole := inPieces(t, 0)
	want := fit(t, whole)[0]
	for _, path := range kernel.Paths() {
		for _, procs := range []int{1, 2, 5} {
			for _, eager := range []bool{false, true} {
				if path == "portable" && (procs == 2 || eager) {
					continue // slow, and the others cover it
				}
				runtime.GOMAXPROCS(procs)
				for _, pieces := range []int{1, 2, 4} {
					c := inPieces(t, pieces)
					c.Eager = eager
					restore := kernel.Use(path)
					got := fit(t, c)[0]
					restore()
					wantSameRun(t, fmt.Sprintf("%d pieces, %s, %d threads, eager %v", pieces, path, procs, eager), c, whole, got, want)
				}
			}
		}
	}
}

// Other pieces agree to rounding, and have the same bits operation by operation.
func TestOtherPiecesAgreeToRounding(t *testing.T) {
	const epochs = 3
	run := func(pieces int, eager bool) (Config, []Epoch) {
		c := inPieces(t, pieces)
		c.Epochs, c.Eager = epochs, eager
		return c, fit(t, c)
	}
	whole, want := run(0, false)
	for _, pieces := range []int{3, 8, 64} { // of 22, 8 and 1
		c, got := run(pieces, false)
		for e := range epochs {
			wantClose(t, fmt.Sprintf("%d pieces, epoch %d", pieces, e+1), got[e].TrainLoss, want[e].TrainLoss)
		}
		if digest(c) == digest(whole) {
			t.Errorf("%d pieces have the bits of the batch: then the test of those shows nothing", pieces)
		}
		other, atOnce := run(pieces, true)
		wantSameRun(t, fmt.Sprintf("%d pieces, eager", pieces), other, c, atOnce[epochs-1], got[epochs-1])
	}
}

func wantClose(t *testing.T, what string, got, want float64) {
	t.Helper()
	if !(math.Abs(got-want) <= 1e-5*math.Abs(want)) {
		t.Errorf("%s: a loss of %v, want about %v", what, got, want)
	}
}

// Clipping, averages, optimisers and schedules come once a step, and mixtures go along.
func TestPiecesOfAStepWithAllElse(t *testing.T) {
	steps := 0
	run := func(pieces int) (Config, Epoch) {
		c := inPieces(t, pieces)
		o, err := optim.NewAdam(nn.Parameters(c.Model), optim.AdamConfig{LR: 0.003})
		if err != nil {
			t.Fatal(err)
		}
		if c.Average, err = optim.NewAverage(nn.Parameters(c.Model), optim.AverageConfig{Decay: 0.5}); err != nil {
			t.Fatal(err)
		}
		if c.Augment, err = augment.Parse("mixup"); err != nil {
			t.Fatal(err)
		}
		c.Optimizer, c.ClipValue, c.ClipNorm, c.Plan.LR = o, 0.02, 0.3, optim.Linear
		c.Callbacks = append(c.Callbacks, OnStep(func(*Loop) error {
			steps++
			return nil
		}))
		return c, fit(t, c)[0]
	}
	whole, want := run(0)
	steps = 0
	for _, pieces := range []int{2, 4} {
		c, got := run(pieces)
		wantSameRun(t, fmt.Sprintf("%d pieces", pieces), c, whole, got, want)
		for i, v := range c.Average.State() {
			if !v.Value.Tensor().Equal(whole.Average.State()[i].Value.Tensor()) {
				t.Errorf("%d pieces: %s has other bits", pieces, v.Name)
			}
		}
	}
	if steps != 4 {
		t.Errorf("two runs of two batches have %d steps", steps)
	}
}

// All ways to convolve and to multiply go on with their sums: by tiles, depthwise, with strides,
// transposed, and dense layers too large for blocks.
func TestPiecesOfOtherNetworks(t *testing.T) {
	nets := map[string]func() nn.Module{
		"perceptron": func() nn.Module {
			return nn.Sequential{nn.Func(op.Flatten), nn.NewLinear(784, 300, random.New(1)), nn.Func(op.ReLU), nn.NewLinear(300, 47, random.New(2))}
		},
		"convolutions": func() nn.Module {
			return nn.Sequential{
				nn.NewConv2D(1, 16, 3, op.Conv2DConfig{Stride: 2, Padding: 1}, random.New(1)), nn.Func(op.Tanh),
				nn.NewConv2D(16, 16, 3, op.Conv2DConfig{Padding: 1}, random.New(2)), nn.Func(op.ReLU),
				nn.NewConv2D(16, 16, 3, op.Conv2DConfig{Padding: 1, Groups: 16}, random.New(3)),
				nn.NewConvTranspose2D(16, 4, 2, op.ConvTranspose2DConfig{Stride: 2}, random.New(4)), nn.Func(op.Sigmoid),
				nn.Func(op.Flatten), nn.NewLinear(4*28*28, 47, random.New(5)),
			}
		},
	}
	for name, network := range nets {
		whole := netInPieces(t, 0, network)
		want := fit(t, whole)[0]
		for _, pieces := range []int{2, 4} {
			for _, eager := range []bool{false, true} {
				c := netInPieces(t, pieces, network)
				c.Eager = eager
				wantSameRun(t, fmt.Sprintf("%s in %d pieces, eager %v", name, pieces, eager), c, whole, fit(t, c)[0], want)
			}
		}
	}
}

// shared is a network whose gradients are no sums over the batch that go on: weights are used
// twice, a gain is normalised with, and the last layer of few examples is written otherwise.
type shared struct {
	In, Twice, Out *nn.Linear
	Norm           *nn.LayerNorm
}

func newShared() nn.Module {
	return &shared{nn.NewLinear(784, 40, random.New(1)), nn.NewLinear(40, 40, random.New(2)), nn.NewLinear(40, 47, random.New(3)), nn.NewLayerNorm(40)}
}

func (s *shared) Forward(x *autograd.Value) *autograd.Value {
	x = op.Tanh(s.In.Forward(op.Flatten(x)))
	x = s.Norm.Forward(s.Twice.Forward(op.Tanh(s.Twice.Forward(x))))
	if x.Shape()[0] < 16 {
		half := op.Scale(s.Out.Bias, 0.5)
		return op.Add(op.Add(op.MatMul(x, op.Permute(s.Out.Weight, 1, 0)), half), half)
	}
	return s.Out.Forward(x)
}

func TestPiecesOfGradientsThatAreNoSums(t *testing.T) {
	whole := netInPieces(t, 0, newShared)
	want := fit(t, whole)[0]
	for _, pieces := range []int{2, 4, 5} {
		c := netInPieces(t, pieces, newShared)
		got := fit(t, c)[0]
		wantClose(t, fmt.Sprintf("%d pieces", pieces), got.TrainLoss, want.TrainLoss)
		atOnce := netInPieces(t, pieces, newShared)
		atOnce.Eager = true
		wantSameRun(t, fmt.Sprintf("%d pieces, eager", pieces), atOnce, c, fit(t, atOnce)[0], got)
		for i, v := range nn.Parameters(c.Model) {
			w := nn.Parameters(whole.Model)[i].Value.Tensor()
			for k, x := range tensor.Data[float32](v.Value.Tensor()) {
				if d := x - tensor.Data[float32](w)[k]; !(math.Abs(float64(d)) < 1e-5) {
					t.Fatalf("%d pieces: element %d of %s is %v off", pieces, k, v.Name, d)
				}
			}
		}
	}
}

// Roundings to nearest with scales that do not depend on the batch give the bits of the batch in
// one; steps that overflow are left out as a whole.
func TestPiecesInFewBits(t *testing.T) {
	for _, p := range []precision.Policy{precision.BF16, precision.FP16, precision.FP8} {
		var skipped []Overflow
		run := func(pieces int) (Config, Epoch) {
			c := inPieces(t, pieces)
			c.Precision, c.Epochs = p, 6
			if p.Scaled {
				c.LossScale = 1 << 24
				c.Callbacks = append(c.Callbacks, OnStep(func(l *Loop) error {
					if l.Overflow != nil {
						skipped = append(skipped, *l.Overflow)
					}
					return nil
				}))
			}
			return c, fit(t, c)[5]
		}
		whole, want := run(0)
		skips := skipped
		for _, pieces := range []int{2, 4} {
			skipped = nil
			c, got := run(pieces)
			wantSameRun(t, fmt.Sprintf("%v, %d pieces", p, pieces), c, whole, got, want)
			if len(skipped) != len(skips) {
				t.Fatalf("%v, %d pieces: %d steps are left out, want %d", p, pieces, len(skipped), len(skips))
			}
			for i, s := range skips {
				if o := skipped[i]; o.Step != s.Step || o.Scale != s.Scale || !slices.Equal(o.Parameters, s.Parameters) {
					t.Errorf("%v, %d pieces: %+v is left out, want %+v", p, pieces, o, s)
				}
			}
		}
		if p.Scaled && (len(skips) == 0 || len(skips) > 10) {
			t.Errorf("%v: %d of 12 steps overflow", p, len(skips))
		}
	}
}

// Formats whose roundings are drawn learn too, with other draws for each piece.
func TestPiecesOfDrawnRoundingsLearn(t *testing.T) {
	for _, p := range []precision.Policy{precision.MXFP8, precision.MXFP4} {
		c := smallIn(t, p, 600)
		c.Epochs, c.Test, c.Accumulate = 8, nil, 3
		epochs := fit(t, c)
		if last := epochs[7]; !(last.TrainAccuracy > 0.2) || !(last.TrainLoss < 0.8*epochs[0].TrainLoss) {
			t.Errorf("%v: after 8 epochs %+v; first %+v", p, last, epochs[0])
		}
	}
}

func TestPiecesInFloat64(t *testing.T) {
	run := func(pieces int) (Config, Epoch) {
		c := netInPieces(t, pieces, func() nn.Module {
			m := model.NewLeNet5(47, 1)
			nn.Convert(m, tensor.Float64)
			return m
		})
		c.Precision = precision.FP64
		return c, fit(t, c)[0]
	}
	whole, want := run(0)
	c, got := run(4)
	wantSameRun(t, "4 pieces", c, whole, got, want)
}

// Batch normalisation looks at a piece: its statistics move once for each, and not for one that
// overflows on its way forward.
func TestBatchNormalisationSeesPieces(t *testing.T) {
	norm := func() nn.Module {
		return nn.Sequential{
			nn.NewConv2D(1, 4, 5, op.Conv2DConfig{}, random.New(1)), nn.NewBatchNorm2D(4), nn.Func(op.ReLU),
			nn.Func(op.Flatten), nn.NewLinear(4*24*24, 47, random.New(2)),
		}
	}
	batches := func(c Config) int64 {
		return tensor.Data[int64](c.Model.(nn.Sequential)[1].(*nn.BatchNorm2D).NumBatchesTracked.Tensor())[0]
	}
	c := netInPieces(t, 4, norm)
	got := fit(t, c)[0]
	if n := batches(c); n != 8 {
		t.Errorf("two batches in 4 pieces move the statistics %d times", n)
	}
	if !(got.TrainLoss < 6) {
		t.Errorf("a loss of %v", got.TrainLoss)
	}
	atOnce := netInPieces(t, 4, norm)
	atOnce.Eager = true
	wantSameRun(t, "eager", atOnce, c, fit(t, atOnce)[0], got)

	over := netInPieces(t, 4, norm)
	over.Precision = precision.FP16
	multiply(over.Model.(nn.Sequential)[0].(*nn.Conv2D).Weight, 1e30)
	start := digest(over)
	if _, err := Run(t.Context(), over); err == nil || !strings.Contains(err.Error(), "in no step of epoch 1 was the loss finite") {
		t.Errorf("error %v", err)
	}
	if digest(over) != start {
		t.Error("a forward pass that overflows changes something")
	}
}

// A profile has the costs of pieces and update.
func TestCostsOfPieces(t *testing.T) {
	c := inPieces(t, 4)
	s := newLearner(c)
	if s.costs() != nil {
		t.Error("costs that nobody wants")
	}
	c.Profile = true
	seen := &costsSeen{}
	c.Callbacks = []Callback{seen}
	fit(t, c)
	for _, want := range []string{"conv2d_weight", "linear_weight", "sub"} {
		if !slices.ContainsFunc(seen.costs, func(c program.Cost) bool { return c.Op == want && c.Layer != "" && c.Time > 0 }) {
			t.Errorf("no cost of %s in %v", want, seen.costs)
		}
	}
}

// costsSeen takes the costs of a run.
type costsSeen struct {
	Quiet
	costs []program.Cost
}

func (s *costsSeen) End(l *Loop, _ error) error {
	s.costs = l.Costs()
	return nil
}

func BenchmarkPieces(b *testing.B) {
	const n = 64
	for _, pieces := range []int{1, 2, 4, 8} {
		b.Run(fmt.Sprintf("%dx%d", pieces, n/pieces), func(b *testing.B) {
			s, images, labels := lenetStep(b, n, false)
			c := s.config
			c.Batch, c.Accumulate = n, pieces
			s = newLearner(c)
			for b.Loop() {
				s.run(images, labels)
			}
			b.ReportMetric(n*float64(b.N)/b.Elapsed().Seconds(), "images/s")
		})
	}
}
