package train

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"testing"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/model"
	"github.com/mlodyssey/odyssey/nn"
	"github.com/mlodyssey/odyssey/optim"
	"github.com/mlodyssey/odyssey/tensor"
)

// parity is what testdata/parity/parity.py computed with PyTorch; the formulas
// of its inputs are stated there.
type parity struct {
	Steps, Batch, Classes int
	WeightsSHA256         string `json:"weights_sha256"`
	InputsSHA256          string `json:"inputs_sha256"`
	LabelsSHA256          string `json:"labels_sha256"`
	Runs                  []parityRun
}

type parityRun struct {
	Name, Optimizer string
	LR, Momentum    float64
	Nesterov        bool
	WeightDecay     float64 `json:"weight_decay"`
	Float32         []float64
}

func splitmix64(x uint64) uint64 {
	z := x + 0x9E3779B97F4A7C15
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>27) * 0x94D049BB133111EB
	return z ^ z>>31
}

func setParityWeights(m *model.LeNet5) {
	fanIn := []int{25, 25, 150, 150, 400, 400, 120, 120, 84, 84}
	for p, named := range nn.Parameters(m) {
		t := tensor.New(tensor.Float32, named.Value.Shape()...)
		bound := float32(1 / math.Sqrt(float64(fanIn[p])))
		for j := range tensor.Data[float32](t) {
			k := splitmix64(uint64(p)<<32|uint64(j)) >> 40
			tensor.Data[float32](t)[j] = float32(int64(k)-1<<23) / (1 << 23) * bound
		}
		autograd.Assign(named.Value, autograd.Const(t))
	}
}

func parityBatch(step, batch, classes int) (images, labels *tensor.Tensor) {
	images = tensor.New(tensor.Float32, batch, 1, 28, 28)
	labels = tensor.New(tensor.Int64, batch)
	x := tensor.Data[float32](images)
	for i := range batch {
		n := uint64(step*batch + i)
		label := splitmix64(1<<56|n) % uint64(classes)
		tensor.Data[int64](labels)[i] = int64(label)
		for row := range uint64(28) {
			for col := range uint64(28) {
				block := splitmix64(2<<56|label<<16|row/4<<8|col/4) >> 63
				noise := splitmix64(8<<56|n<<16|row<<8|col) >> 59
				pixel := float32(block*223 + noise)
				x[uint64(i)*784+row*28+col] = (pixel/255 - float32(0.1307)) / float32(0.3081)
			}
		}
	}
	return images, labels
}

func (r parityRun) optimizer(params []nn.Named) (optim.Optimizer, error) {
	switch r.Optimizer {
	case "sgd":
		return optim.NewSGD(params, optim.SGDConfig{LR: r.LR, Momentum: r.Momentum, Nesterov: r.Nesterov, WeightDecay: r.WeightDecay})
	case "adam", "adamw":
		return optim.NewAdam(params, optim.AdamConfig{LR: r.LR, WeightDecay: r.WeightDecay, Decoupled: r.Optimizer == "adamw"})
	}
	return nil, fmt.Errorf("unknown optimizer %q", r.Optimizer)
}

func readParity(t *testing.T) parity {
	var p parity
	b, err := os.ReadFile("testdata/parity/parity.json")
	if err == nil {
		err = json.Unmarshal(b, &p)
	}
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Runs) < 4 || p.Steps < 20 {
		t.Fatalf("%d runs of %d steps", len(p.Runs), p.Steps)
	}
	return p
}

func TestParityInputsAreThoseOfTheScript(t *testing.T) {
	p := readParity(t)
	m := model.NewLeNet5(p.Classes, 0)
	setParityWeights(m)
	weights, inputs, labels := sha256.New(), sha256.New(), sha256.New()
	for _, n := range nn.Parameters(m) {
		weights.Write(n.Value.Tensor().Bytes())
	}
	for step := range p.Steps {
		x, l := parityBatch(step, p.Batch, p.Classes)
		inputs.Write(x.Bytes())
		labels.Write(l.Convert(tensor.Uint8).Bytes())
	}
	for _, c := range []struct{ name, got, want string }{
		{"weights", hex.EncodeToString(weights.Sum(nil)), p.WeightsSHA256},
		{"inputs", hex.EncodeToString(inputs.Sum(nil)), p.InputsSHA256},
		{"labels", hex.EncodeToString(labels.Sum(nil)), p.LabelsSHA256},
	} {
		if c.got != c.want {
			t.Errorf("%s have SHA-256 %s, the script's %s", c.name, c.got, c.want)
		}
	}
}

func TestLossesAreThoseOfPyTorch(t *testing.T) {
	const bound = 1e-5
	p := readParity(t)
	for _, run := range p.Runs {
		for _, eager := range []bool{false, true} {
			m := model.NewLeNet5(p.Classes, 0)
			setParityWeights(m)
			o, err := run.optimizer(nn.Parameters(m))
			if err != nil {
				t.Fatal(err)
			}
			s := newLearner(Config{Model: m, Optimizer: o, Eager: eager})
			worst := 0.0
			for step := range p.Steps {
				x, l := parityBatch(step, p.Batch, p.Classes)
				var sum tally
				sum.add(s.stepper.run(x, l), l)
				got, want := sum.result().Loss, run.Float32[step]
				off := math.Abs(got-want) / want
				worst = max(worst, off)
				if !(off <= bound) {
					t.Errorf("%s, step %d: loss %v, PyTorch's %v", run.Name, step, got, want)
				}
			}
			t.Logf("%s (eager %v): largest relative difference %.2g", run.Name, eager, worst)
		}
	}
}
