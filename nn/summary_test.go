package nn_test

import (
	"strings"
	"testing"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/nn"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/random"
	"github.com/mlodyssey/odyssey/tensor"
)

// mixed has layers of all kinds: one that runs twice, one that does not run, and a
// parameter of its own.
type mixed struct {
	Conv   *nn.Conv2D
	Norm   *nn.BatchNorm2D
	Fc     *nn.Linear
	Drop   *nn.Dropout
	Extra  *nn.Linear
	Offset *autograd.Value
}

func (m *mixed) Forward(x *autograd.Value) *autograd.Value {
	x = op.MaxPool2D(op.ReLU(m.Norm.Forward(m.Conv.Forward(x))), op.Pool2DConfig{Kernel: 2})
	x = op.Add(op.Reshape(x, -1, 4, 4), m.Offset)
	x = m.Drop.Forward(m.Fc.Forward(op.ReLU(m.Fc.Forward(x))))
	return op.Softmax(op.Flatten(x))
}

func newMixed() *mixed {
	r := random.New(1)
	return &mixed{
		Conv: nn.NewConv2D(1, 4, 3, op.Conv2DConfig{Padding: 1}, r), Norm: nn.NewBatchNorm2D(4),
		Fc: nn.NewLinear(4, 4, r), Drop: nn.NewDropout(0.5, r), Extra: nn.NewLinear(2, 2, r),
		Offset: autograd.Variable("", tensor.New(tensor.Float32, 4)),
	}
}

func TestSummary(t *testing.T) {
	m := newMixed()
	nn.SetTraining(m, false)
	s := nn.Summarize(m, tensor.NewSpec(tensor.Float32, 2, 1, 4, 4))
	const images = 2 * 4 * 16 // elements
	want := []nn.SummaryRow{
		{Name: "conv", Type: "Conv2D", Output: tensor.NewSpec(tensor.Float32, 2, 4, 4, 4), Parameters: 40, FLOPs: images * 18, Memory: 4 * images},
		{Name: "norm", Type: "BatchNorm2D", Output: tensor.NewSpec(tensor.Float32, 2, 4, 4, 4), Parameters: 8, FLOPs: images + 5*4, Memory: 4 * (images + 5*4)},
		{Type: "relu, max_pool2d", Output: tensor.NewSpec(tensor.Float32, 2, 4, 2, 2), FLOPs: 2 * images, Memory: 4*(images+images/4) + 4*images/4},
		{Type: "mixed", Output: tensor.NewSpec(tensor.Float32, 2, 4, 4), Parameters: 4, FLOPs: 32, Memory: 4 * 32},
		{Name: "fc", Type: "Linear", Output: tensor.NewSpec(tensor.Float32, 2, 4, 4), Parameters: 20, FLOPs: 2*32*8 + 32, Memory: 3 * 4 * 32},
		{Type: "softmax", Output: tensor.NewSpec(tensor.Float32, 2, 16), FLOPs: 32, Memory: 4 * 32},
		{Name: "extra", Type: "Linear", Parameters: 6},
	}
	if len(s.Rows) != len(want) {
		t.Fatalf("%d rows, want %d:\n%v", len(s.Rows), len(want), s)
	}
	for i, w := range want {
		got := s.Rows[i]
		if !got.Output.Equal(w.Output) {
			t.Errorf("row %d has output %v, want %v", i, got.Output, w.Output)
		}
		got.Output = w.Output
		if got.Name != w.Name || got.Type != w.Type || got.Parameters != w.Parameters || got.FLOPs != w.FLOPs || got.Memory != w.Memory {
			t.Errorf("row %d is %+v, want %+v", i, got, w)
		}
	}
	if s.Total.Parameters != nn.CountParameters(m) || s.Total.FLOPs < want[0].FLOPs+want[4].FLOPs {
		t.Errorf("total %+v", s.Total)
	}

	nn.Freeze(m, func(name string) bool { return name == "fc.weight" })
	nn.SetTraining(m, true)
	s = nn.Summarize(m, tensor.NewSpec(tensor.Float32, 2, 1, 4, 4))
	if s.Rows[4].Parameters != 20 {
		t.Errorf("with frozen weights a layer has %d parameters, want 20", s.Rows[4].Parameters)
	}
	var layers []string
	for _, r := range s.Rows {
		layers = append(layers, r.Name)
	}
	if got := strings.Join(layers, " "); got != "conv norm   fc drop  extra" {
		t.Errorf("in training the rows are %q", got)
	}
}

func TestSummaryAsATable(t *testing.T) {
	r := random.New(1)
	s := nn.Summarize(nn.Sequential{nn.NewLinear(1000, 500, r), nn.Func(op.ReLU), nn.NewLinear(500, 10, r)}, tensor.NewSpec(tensor.Float32, 3, 1000))
	want := `
layer  type    output   parameters   FLOPs    memory
0      Linear  [3 500]      500500   3.0 M   5.9 KiB
       relu    [3 500]               1.5 k   5.9 KiB
2      Linear  [3 10]         5010  30.0 k     120 B
total          [3 10]       505510   3.0 M  11.8 KiB
`
	if got := "\n" + s.String(); got != want {
		t.Errorf("got\n%s, want\n%s", got, want)
	}
}
