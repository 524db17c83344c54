package nn_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/python"
	"github.com/mlodyssey/odyssey/nn"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/random"
	"github.com/mlodyssey/odyssey/tensor"
)

// layerPair is a layer, and the expression that makes the same one in PyTorch.
type layerPair struct {
	pytorch string
	shapes  [][]int // of inputs
	make    func(r *random.Stream, opts ...nn.Option) nn.Module
}

// layerPairs are compared on each of their shapes.
var layerPairs = []layerPair{
	{"nn.Linear(5, 3)", [][]int{{1, 5}, {7, 5}, {5}, {3, 1, 5}, {2, 3, 5, 5}}, func(r *random.Stream, o ...nn.Option) nn.Module { return nn.NewLinear(5, 3, r, o...) }},
	{"nn.Conv2d(4, 6, 3, padding=1, groups=2, bias=False)", [][]int{{2, 4, 5, 3}, {1, 4, 1, 7}, {3, 4, 3, 3}, {5, 4, 9, 1}, {17, 4, 2, 3}}, func(r *random.Stream, o ...nn.Option) nn.Module {
		return nn.NewConv2D(4, 6, 3, op.Conv2DConfig{Padding: 1, Groups: 2}, r, append(o, nn.NoBias)...)
	}},
	{"nn.BatchNorm2d(3)", [][]int{{2, 3, 3, 5}, {1, 3, 7, 1}, {17, 3, 2, 1}}, func(_ *random.Stream, o ...nn.Option) nn.Module { return nn.NewBatchNorm2D(3, o...) }},
	{"nn.BatchNorm2d(5, eps=0.01, momentum=0.3, affine=False)", [][]int{{3, 5, 1, 1}, {2, 5, 3, 3}}, func(_ *random.Stream, o ...nn.Option) nn.Module {
		return nn.NewBatchNorm2D(5, append(o, nn.Eps(0.01), nn.Momentum(0.3), nn.NoAffine)...)
	}},
	{"nn.BatchNorm1d(7)", [][]int{{3, 7}, {19, 7}, {3, 7, 5}, {1, 7, 3}, {5, 7, 1}}, func(_ *random.Stream, o ...nn.Option) nn.Module { return nn.NewBatchNorm1D(7, o...) }},
	{"nn.LayerNorm(7)", [][]int{{7}, {3, 7}, {2, 5, 7}}, func(_ *random.Stream, o ...nn.Option) nn.Module { return nn.NewLayerNorm(7, o...) }},
	{"nn.LayerNorm([3, 5], eps=0.1)", [][]int{{3, 5}, {19, 3, 5}}, func(_ *random.Stream, o ...nn.Option) nn.Module {
		return nn.NewLayerNormOver([]int{3, 5}, append(o, nn.Eps(0.1))...)
	}},
	{"nn.LayerNorm([3, 5], elementwise_affine=False)", [][]int{{3, 5}, {2, 3, 5}}, func(_ *random.Stream, o ...nn.Option) nn.Module {
		return nn.NewLayerNormOver([]int{3, 5}, append(o, nn.NoAffine)...)
	}},
	{"nn.GroupNorm(3, 9)", [][]int{{2, 9}, {1, 9, 5}, {3, 9, 1, 7}}, func(_ *random.Stream, o ...nn.Option) nn.Module { return nn.NewGroupNorm(3, 9, o...) }},
	{"nn.GroupNorm(1, 5, affine=False)", [][]int{{2, 5, 3}, {3, 5, 3, 3}}, func(_ *random.Stream, o ...nn.Option) nn.Module {
		return nn.NewGroupNorm(1, 5, append(o, nn.NoAffine)...)
	}},
	{"nn.InstanceNorm2d(3)", [][]int{{1, 3, 5, 7}, {3, 3, 1, 3}}, func(_ *random.Stream, o ...nn.Option) nn.Module { return nn.NewInstanceNorm(3, o...) }},
	{"nn.InstanceNorm1d(5, affine=True)", [][]int{{1, 5, 3}, {2, 5, 9}, {7, 5, 4}}, func(_ *random.Stream, o ...nn.Option) nn.Module {
		return nn.NewInstanceNorm(5, append(o, nn.InitWeight(nn.Constant(1)), nn.InitBias(nn.Constant(0)))...)
	}},
	{"nn.LocalResponseNorm(5, alpha=0.5, k=2.0)", [][]int{{2, 7, 3}, {1, 3, 3, 5}, {3, 1, 7}, {5, 9, 1, 1}, {2, 5, 3, 3}}, func(*random.Stream, ...nn.Option) nn.Module {
		return nn.LocalResponseNorm{Config: op.LocalResponseNormConfig{Size: 5, Alpha: 0.5, K: 2}}
	}},
	{"nn.PReLU()", [][]int{{3}, {2, 5}, {1, 3, 5, 7}}, func(_ *random.Stream, o ...nn.Option) nn.Module { return nn.NewPReLU(1, o...) }},
	{"nn.PReLU(5)", [][]int{{3, 5}, {2, 5, 1, 3}}, func(_ *random.Stream, o ...nn.Option) nn.Module { return nn.NewPReLU(5, o...) }},
	{"nn.LeakyReLU()", fiveShapes, func(*random.Stream, ...nn.Option) nn.Module { return nn.LeakyReLU{} }},
	{"nn.ELU(0.5)", fiveShapes, func(*random.Stream, ...nn.Option) nn.Module { return nn.ELU{Alpha: 0.5} }},
	{"nn.CELU()", fiveShapes, func(*random.Stream, ...nn.Option) nn.Module { return nn.CELU{} }},
	{"nn.Softplus(3)", fiveShapes, func(*random.Stream, ...nn.Option) nn.Module {
		return nn.Softplus{Config: op.SoftplusConfig{Beta: 3}}
	}},
	{"nn.GLU()", [][]int{{2}, {3, 10}, {1, 7, 6}, {5, 1, 2}, {2, 3, 1, 14}}, func(*random.Stream, ...nn.Option) nn.Module { return nn.GLU{} }},
}

var fiveShapes = [][]int{{7}, {1, 5}, {3, 1, 3}, {19, 2}, {2, 3, 5}}

// layerQuestion is what PyTorch is asked about a layer.
type layerQuestion struct {
	Layer     string        `json:"layer"`
	DType     string        `json:"dtype"`
	Variables []namedNumber `json:"variables"`
	Inputs    []namedNumber `json:"inputs"`
	Upstream  []namedNumber `json:"upstream"`
}

type namedNumber struct {
	Name  string    `json:"name"`
	Shape []int     `json:"shape"`
	Data  []float64 `json:"data"`
}

func numbersOf(name string, t *tensor.Tensor) namedNumber {
	return namedNumber{name, append([]int{}, t.Shape()...), tensor.Data[float64](t.Convert(tensor.Float64))}
}

const layerSteps = 3

// TestLayersAgainstPyTorch takes each layer through steps of training and an
// evaluation: outputs, gradients and what the layer keeps.
func TestLayersAgainstPyTorch(t *testing.T) {
	var questions []layerQuestion
	var ours []map[string]*tensor.Tensor
	for i, p := range layerPairs {
		for k, shape := range p.shapes {
			for _, d := range []tensor.DType{tensor.Float64, tensor.Float32} {
				q, results := askedOf(p, shape, d, random.New(uint64(i), uint64(k)))
				questions, ours = append(questions, q), append(ours, results)
			}
		}
	}
	var answers []map[string]namedNumber
	python.PyTorch.Ask(t, "testdata/pytorch/layers.py", questions, &answers)
	if len(answers) != len(questions) {
		t.Fatalf("%d answers to %d questions", len(answers), len(questions))
	}
	for i, theirs := range answers {
		q := questions[i]
		where := fmt.Sprintf("%s of %v, %s", q.Layer, q.Inputs[0].Shape, q.DType)
		if len(theirs) != len(ours[i]) {
			t.Errorf("%s: %d results, want %d", where, len(ours[i]), len(theirs))
		}
		for name, want := range theirs {
			if got := ours[i][name]; got == nil {
				t.Errorf("%s: there is no %s", where, name)
			} else {
				compareNumbers(t, where+": "+name, numbersOf(name, got), want, map[string]float64{"float64": 1e-10, "float32": 2e-6}[q.DType])
			}
		}
	}
}

func askedOf(p layerPair, shape []int, d tensor.DType, r *random.Stream) (layerQuestion, map[string]*tensor.Tensor) {
	layer := p.make(r, nn.OfType(d))
	for _, v := range nn.Parameters(layer) {
		nn.Initialise(v.Value, nn.Uniform(-2, 2), r)
	}
	q := layerQuestion{Layer: p.pytorch, DType: d.String(), Variables: []namedNumber{}}
	for _, v := range nn.Variables(layer) {
		q.Variables = append(q.Variables, numbersOf(v.Name, v.Value.Tensor()))
	}
	draw := func(shape []int) *autograd.Value {
		x := tensor.New(d, shape...)
		nn.Uniform(-2, 2)(x, r)
		return autograd.Variable("", x)
	}
	results := map[string]*tensor.Tensor{}
	nn.SetTraining(layer, true)
	var last *autograd.Value
	for i := range layerSteps {
		x := draw(shape)
		y := layer.Forward(x)
		g := draw(y.Shape())
		q.Inputs, q.Upstream = append(q.Inputs, numbersOf("x", x.Tensor())), append(q.Upstream, numbersOf("g", g.Tensor()))
		grads := autograd.Backward([]*autograd.Value{y}, []*autograd.Value{g}, append([]*autograd.Value{x}, nn.Values(nn.Parameters(layer))...), false)
		results[fmt.Sprintf("step %d output", i)] = y.Tensor()
		results[fmt.Sprintf("step %d gradient", i)] = grads[0].Tensor()
		for k, v := range nn.Parameters(layer) {
			results[fmt.Sprintf("step %d gradient of %s", i, v.Name)] = grads[1+k].Tensor()
		}
		last = x
	}
	nn.SetTraining(layer, false)
	results["evaluation"] = layer.Forward(last).Tensor()
	for _, v := range nn.Variables(layer) {
		results[v.Name] = v.Value.Tensor()
	}
	return q, results
}

func compareNumbers(t *testing.T, what string, got, want namedNumber, bound float64) {
	t.Helper()
	if !slices.Equal(got.Shape, want.Shape) {
		t.Errorf("%s has shape %v, PyTorch's %v", what, got.Shape, want.Shape)
		return
	}
	var largest, off float64
	for i, w := range want.Data {
		largest, off = max(largest, math.Abs(w)), max(off, math.Abs(got.Data[i]-w))
	}
	if largest < 1e-5 { // what should be 0 is off by the rounding of what cancels, which is of order 1
		largest = 1
	}
	if !(off <= bound*largest) {
		t.Errorf("%s is off by %.2g of %.2g from PyTorch's", what, off, largest)
	}
}
