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
	"github.com/mlodyssey/odyssey/program"
	"github.com/mlodyssey/odyssey/random"
	"github.com/mlodyssey/odyssey/tensor"
)

// torchCase is a layer here and in PyTorch, where run applies it to the inputs.
type torchCase struct {
	layer, run string
	module     any
	inputs     []*tensor.Tensor
	forward    func(in []*autograd.Value) *autograd.Value
}

// plainTensor is a tensor as a Python script reads it.
type plainTensor struct {
	DType string    `json:"dtype"`
	Shape []int     `json:"shape"`
	Data  []float64 `json:"data"`
}

func plain(t *tensor.Tensor) plainTensor {
	return plainTensor{t.DType().String(), append([]int{}, t.Shape()...), append([]float64{}, tensor.Data[float64](t.Convert(tensor.Float64))...)}
}

func torchCases(d tensor.DType) []torchCase {
	var cases []torchCase
	r := random.New(3)
	sequence := func(shape ...int) *tensor.Tensor {
		x := tensor.New(tensor.Float64, shape...)
		nn.Uniform(-1, 1)(x, r)
		return x.Convert(d)
	}
	float := nn.OfType(d)
	for i, s := range [][3]int{{1, 1, 3}, {5, 2, 7}, {3, 3, 1}, {7, 1, 5}, {2, 5, 3}} { // places, batch, size
		cfg := nn.RecurrentConfig{Layers: 1 + i%3, Bidirectional: i%2 == 1, BatchFirst: i > 2}
		args := fmt.Sprintf("(%d, 3, %d, bidirectional=%s, batch_first=%s%%s)", s[2], cfg.Layers, pythonBool(cfg.Bidirectional), pythonBool(cfg.BatchFirst))
		x := sequence(s[:]...)
		const first = "lambda l, x: l(x)[0]"
		gru, lstm := nn.NewGRU(s[2], 3, cfg, r, float), nn.NewLSTM(s[2], 3, cfg, r, float)
		tanh := nn.NewRNN(s[2], 3, cfg, r, float)
		cfg.ReLU = true
		relu := nn.NewRNN(s[2], 3, cfg, r, float)
		for _, c := range []struct {
			layer  string
			module nn.Module
		}{
			{"nn.GRU" + fmt.Sprintf(args, ""), gru}, {"nn.LSTM" + fmt.Sprintf(args, ""), lstm},
			{"nn.RNN" + fmt.Sprintf(args, ""), tanh}, {"nn.RNN" + fmt.Sprintf(args, ", nonlinearity='relu'"), relu},
		} {
			cases = append(cases, torchCase{c.layer, first, c.module, []*tensor.Tensor{x}, func(in []*autograd.Value) *autograd.Value { return c.module.Forward(in[0]) }})
		}

		words := tensor.New(tensor.Int64, s[0], s[1])
		for k := range tensor.Data[int64](words) {
			tensor.Data[int64](words)[k] = int64(r.IntN(s[2]))
		}
		e := nn.NewEmbedding(s[2], 5, r, float)
		cases = append(cases, torchCase{fmt.Sprintf("nn.Embedding(%d, 5)", s[2]), "lambda l, x: l(x)", e, []*tensor.Tensor{words}, func(in []*autograd.Value) *autograd.Value { return e.Forward(in[0]) }})

		heads, size := 1+i%3, 1+i
		width := heads * size
		m := nn.NewMultiHeadAttention(width, nn.MultiHeadConfig{Heads: heads}, r, float, nn.InitBias(nn.Uniform(-1, 1)))
		attention := fmt.Sprintf("nn.MultiheadAttention(%d, %d, batch_first=True)", width, heads)
		x, memory := sequence(s[1], s[0], width), sequence(s[1], s[0]+2, width)
		cases = append(cases,
			torchCase{attention, "lambda l, x: l(x, x, x, need_weights=False)[0]", m, []*tensor.Tensor{x}, func(in []*autograd.Value) *autograd.Value { return m.Forward(in[0]) }},
			torchCase{attention, "lambda l, x, m: l(x, m, m)[0]", m, []*tensor.Tensor{x, memory}, func(in []*autograd.Value) *autograd.Value { return m.Attend(in[0], in[1], nil) }})
		causal := *m
		causal.Config.Causal = true
		cases = append(cases, torchCase{
			attention, "lambda l, x: l(x, x, x, attn_mask=~torch.ones(x.shape[1], x.shape[1], dtype=torch.bool).tril())[0]", &causal,
			[]*tensor.Tensor{x}, func(in []*autograd.Value) *autograd.Value { return causal.Forward(in[0]) },
		})
	}
	return cases
}

func pythonBool(b bool) string {
	if b {
		return "True"
	}
	return "False"
}

// Layers have PyTorch's parameters, in its order, and give its outputs and gradients.
func TestSequenceLayersAgainstPyTorch(t *testing.T) {
	cases := append(torchCases(tensor.Float64), torchCases(tensor.Float32)...)
	var question []map[string]any
	for _, c := range cases {
		var parameters, inputs []plainTensor
		for _, p := range nn.Parameters(c.module) {
			parameters = append(parameters, plain(p.Value.Tensor()))
		}
		for _, x := range c.inputs {
			inputs = append(inputs, plain(x))
		}
		question = append(question, map[string]any{"layer": c.layer, "dtype": parameters[0].DType, "parameters": parameters, "inputs": inputs, "run": c.run})
	}
	var answers []struct {
		Out   []float64   `json:"out"`
		Grads [][]float64 `json:"grads"`
	}
	python.PyTorch.Ask(t, "testdata/pytorch/sequence.py", question, &answers)
	if len(answers) != len(cases) {
		t.Fatalf("%d answers to %d questions", len(answers), len(cases))
	}
	for i, c := range cases {
		var in []*autograd.Value
		for _, x := range c.inputs {
			in = append(in, autograd.Const(x))
		}
		y := c.forward(in)
		bound := map[tensor.DType]float64{tensor.Float64: 1e-10, tensor.Float32: 2e-6}[y.DType()]
		grads := autograd.Grad(op.Sum(op.Mul(y, y)), nn.Values(nn.Parameters(c.module))...)
		wantNear(t, c.layer+": output", y, answers[i].Out, bound)
		for j, g := range grads {
			wantNear(t, fmt.Sprintf("%s, %v: gradient %d", c.layer, y.DType(), j), g, answers[i].Grads[j], bound)
		}
	}
}

func wantNear(t *testing.T, what string, v *autograd.Value, want []float64, bound float64) {
	t.Helper()
	if len(want) != v.Spec().Elements() {
		t.Fatalf("%s is %v, PyTorch's has %d elements", what, v.Spec(), len(want))
	}
	compareNumbers(t, what, numbersOf("", v.Tensor()), namedNumber{Shape: v.Shape(), Data: want}, bound)
}

// Grouped heads are as many heads whose keys and values are the same.
func TestGroupedHeads(t *testing.T) {
	r := random.New(1)
	few := nn.NewMultiHeadAttention(8, nn.MultiHeadConfig{Heads: 4, KeyHeads: 2, Causal: true}, r)
	all := nn.NewMultiHeadAttention(8, nn.MultiHeadConfig{Heads: 4, Causal: true}, r)
	all.OutProj = few.OutProj
	parts := op.Split(few.InProjWeight, 0, 8, 2, 2, 2, 2) // heads of size 2
	q, k1, k2, v1, v2 := parts[0], parts[1], parts[2], parts[3], parts[4]
	all.InProjWeight = op.Concat(0, q, k1, k1, k2, k2, v1, v1, v2, v2)
	x := autograd.Const(tensor.New(tensor.Float32, 2, 5, 8))
	nn.Normal(0, 1)(x.Tensor(), r)
	if got, want := few.Forward(x), all.Forward(x); !got.Tensor().Equal(want.Tensor()) {
		t.Error("2 heads of keys for 4 of queries give other values than 4 that repeat them")
	}
}

func TestSequenceLayersInPrograms(t *testing.T) {
	build := func() (*nn.Embedding, nn.Sequential) {
		r := random.New(7)
		e := nn.NewEmbedding(11, 6, r)
		return e, nn.Sequential{
			nn.NewPositionalEmbedding(9, 6, r),
			nn.NewMultiHeadAttention(6, nn.MultiHeadConfig{Heads: 3, KeyHeads: 1, Causal: true, Dropout: 0.25}, r),
			nn.NewLSTM(6, 4, nn.RecurrentConfig{Layers: 2, Bidirectional: true, BatchFirst: true, Dropout: 0.5}, r),
		}
	}
	words := tensor.New(tensor.Int64, 2, 9)
	for i := range tensor.Data[int64](words) {
		tensor.Data[int64](words)[i] = int64(i * 7 % 11)
	}
	e, s := build()
	first := s.Forward(e.Forward(autograd.Const(words))).Tensor()
	second := s.Forward(e.Forward(autograd.Const(words))).Tensor()
	if first.Equal(second) {
		t.Error("two calls drop the same weights")
	}
	e, s = build()
	p := program.Record(nn.Values(nn.Variables([]any{e, s})), []tensor.Spec{words.Spec()}, func(in []*autograd.Value) []*autograd.Value {
		return []*autograd.Value{s.Forward(e.Forward(in[0]))}
	})
	for i, want := range []*tensor.Tensor{first, second} {
		if got := p.Run(words)[0]; !got.Equal(want) {
			t.Errorf("run %d of a program has other bits", i)
		}
	}
	nn.SetTraining([]any{e, s}, false)
	x := autograd.Const(words)
	if a, b := s.Forward(e.Forward(x)), s.Forward(e.Forward(x)); !a.Tensor().Equal(b.Tensor()) {
		t.Error("it drops outside of training")
	}
}

func TestNamesOfSequenceLayers(t *testing.T) {
	r := random.New(1)
	for _, c := range []struct {
		module any
		want   []string
	}{
		{nn.NewMultiHeadAttention(4, nn.MultiHeadConfig{Heads: 2}, r), []string{"in_proj_weight", "in_proj_bias", "out_proj.weight", "out_proj.bias"}},
		{nn.NewMultiHeadAttention(4, nn.MultiHeadConfig{Heads: 2}, r, nn.NoBias), []string{"in_proj_weight", "out_proj.weight"}},
		{nn.NewGRU(2, 3, nn.RecurrentConfig{}, r), []string{"layers.0.weight_ih", "layers.0.weight_hh", "layers.0.bias_ih", "layers.0.bias_hh"}},
		{nn.NewPositionalEmbedding(3, 2, r), []string{"weight"}},
	} {
		if got := names(nn.Parameters(c.module)); !slices.Equal(got, c.want) {
			t.Errorf("%T has %v, want %v", c.module, got, c.want)
		}
	}
}

// Heads that are turned see how far apart places are, and not where they are.
func TestRotaryHeads(t *testing.T) {
	x := tensor.New(tensor.Float64, 2, 5, 8)
	nn.Normal(0, 1)(x, random.New(2))
	heads := func(r *op.RotaryConfig) []float64 {
		m := nn.NewMultiHeadAttention(8, nn.MultiHeadConfig{Heads: 4, KeyHeads: 2, Rotary: r}, random.New(1), nn.OfType(tensor.Float64))
		return tensor.Data[float64](m.Forward(autograd.Const(x)).Tensor())
	}
	without, first, later := heads(nil), heads(&op.RotaryConfig{}), heads(&op.RotaryConfig{First: 100})
	if slices.Equal(without, first) {
		t.Error("positions do not matter")
	}
	for i := range first {
		if math.Abs(first[i]-later[i]) > 1e-12 {
			t.Fatalf("element %d is %v, and %v 100 places later", i, first[i], later[i])
		}
	}
}
