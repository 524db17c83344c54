package op

import (
	"math"
	"slices"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/tensor"
)

// RecurrentWeights are those of one direction of one layer of a recurrent network:
// PyTorch's weight_ih, weight_hh, bias_ih and bias_hh, with a row for each unit of
// each gate. The biases may be nil, both of them.
type RecurrentWeights struct {
	Input      *autograd.Value // [gates·h in]
	Hidden     *autograd.Value // [gates·h h]
	InputBias  *autograd.Value // [gates·h]
	HiddenBias *autograd.Value // [gates·h]
}

// RecurrentConfig says how layers go through a sequence.
type RecurrentConfig struct {
	Bidirectional bool // a layer has two directions, whose outputs lie side by side
	BatchFirst    bool // sequences are [b t in] in place of [t b in]
	ReLU          bool // in place of tanh, for RNN alone

	// Between is applied to what a layer gives the next, such as dropout; nil: nothing.
	Between func(*autograd.Value) *autograd.Value
}

// RNN goes through a sequence x [t b in] from states h0 [layers b h], or nil for 0:
//
//	h' = tanh(w_ih·x + b_ih + w_hh·h + b_hh)
//
// It returns the states of the last layer [t b h] and the last states of all layers.
// weights has an element for each layer, or for a layer's two directions, forward
// and backward; so have h0 and the last states. Elman, "Finding Structure in Time",
// 1990.
func RNN(x, h0 *autograd.Value, weights []RecurrentWeights, cfg RecurrentConfig) (y, h *autograd.Value) {
	o := rnn{recurrent{Bidirectional: cfg.Bidirectional, BatchFirst: cfg.BatchFirst}, cfg.ReLU}
	out := o.run("rnn", x, []*autograd.Value{h0}, weights, cfg.Between, o.cell)
	return out[0], out[1]
}

// GRU is [RNN] with gated units, whose weights are those of r, z and n:
//
//	r = σ(w_ir·x + b_ir + w_hr·h + b_hr)
//	z = σ(w_iz·x + b_iz + w_hz·h + b_hz)
//	n = tanh(w_in·x + b_in + r ∘ (w_hn·h + b_hn))
//	h' = n + z ∘ (h - n)
//
// Cho et al., "Learning Phrase Representations using RNN Encoder-Decoder for
// Statistical Machine Translation", 2014, with the reset gate behind the product.
func GRU(x, h0 *autograd.Value, weights []RecurrentWeights, cfg RecurrentConfig) (y, h *autograd.Value) {
	o := gru{recurrent{Bidirectional: cfg.Bidirectional, BatchFirst: cfg.BatchFirst}}
	out := o.run("gru", x, []*autograd.Value{h0}, weights, cfg.Between, o.cell)
	return out[0], out[1]
}

// LSTM is [RNN] with memory cells, whose weights are those of i, f, g and o:
//
//	i, f, o = σ(w_i·x + b_i + w_h·h + b_h)    g = tanh(w_ig·x + b_ig + w_hg·h + b_hg)
//	c' = f ∘ c + i ∘ g    h' = o ∘ tanh(c')
//
// c0 and c are as h0 and h. Hochreiter and Schmidhuber, "Long Short-Term Memory",
// 1997, with forget gates of Gers et al., 2000.
func LSTM(x, h0, c0 *autograd.Value, weights []RecurrentWeights, cfg RecurrentConfig) (y, h, c *autograd.Value) {
	o := lstm{recurrent{Bidirectional: cfg.Bidirectional, BatchFirst: cfg.BatchFirst}}
	out := o.run("lstm", x, []*autograd.Value{h0, c0}, weights, cfg.Between, o.cell)
	return out[0], out[1], out[2]
}

// recurrent is what recurrent networks share.
type recurrent struct{ Bidirectional, BatchFirst bool }

func (o recurrent) shared() recurrent { return o }

func (o recurrent) directions() int {
	if o.Bidirectional {
		return 2
	}
	return 1
}

// cell makes the next states, the first of which is the output, of those before and
// of what the input gives for the gates.
type cell func(gates *autograd.Value, state []*autograd.Value, w RecurrentWeights) []*autograd.Value

// run goes through all layers, from the states first, and returns the output and
// the last states.
func (o recurrent) run(name string, x *autograd.Value, first []*autograd.Value, weights []RecurrentWeights, between func(*autograd.Value) *autograd.Value, next cell) []*autograd.Value {
	in := append([]*autograd.Value{x}, first...)
	defer named(name, in)
	directions := o.directions()
	switch {
	case len(x.Shape()) != 3 && o.BatchFirst:
		tensor.Fail(name, specsOf(in), "want a sequence [b t in]")
	case len(x.Shape()) != 3:
		tensor.Fail(name, specsOf(in), "want a sequence [t b in]")
	case len(weights) == 0 || len(weights)%directions != 0:
		tensor.Fail(name, specsOf(in), "want weights for each layer and direction, not %d of them", len(weights))
	case len(weights[0].Hidden.Shape()) != 2:
		tensor.Fail(name, specsOf(in), "want weights [g·h h] of the states, not %v", weights[0].Hidden.Shape())
	}
	x = o.timeFirst(x)
	states := make([][]*autograd.Value, len(first)) // of each layer and direction
	for i, s := range first {
		states[i] = initialStates(name, in, s, len(weights), x, weights[0].Hidden)
	}
	last := make([][]*autograd.Value, len(first))
	for l := 0; l < len(weights); l += directions {
		if l > 0 && between != nil {
			x = between(x)
		}
		var outputs []*autograd.Value
		for d := range directions {
			var state []*autograd.Value
			for _, s := range states {
				state = append(state, s[l+d])
			}
			y, state := throughTime(x, state, weights[l+d], d == 1, next)
			outputs = append(outputs, y)
			for i, s := range state {
				last[i] = append(last[i], s)
			}
		}
		x = Concat(2, outputs...)
	}
	out := []*autograd.Value{o.timeFirst(x)}
	for _, s := range last {
		out = append(out, Stack(0, s...))
	}
	return out
}

// timeFirst swaps the first two axes where the batch comes first.
func (o recurrent) timeFirst(x *autograd.Value) *autograd.Value {
	if o.BatchFirst {
		return Permute(x, 1, 0, 2)
	}
	return x
}

// initialStates cuts states into those of each layer and direction, or makes zeros.
func initialStates(name string, in []*autograd.Value, s *autograd.Value, count int, x, hidden *autograd.Value) []*autograd.Value {
	shape := []int{count, x.Shape()[1], hidden.Shape()[1]}
	if s == nil {
		s = Zeros(x.DType(), shape...)
	}
	if !s.Spec().Equal(tensor.NewSpec(x.DType(), shape...)) {
		tensor.Fail(name, specsOf(in), "want states %v[%d %d %d]", x.DType(), shape[0], shape[1], shape[2])
	}
	return apart(s)
}

// apart cuts x along its first axis, which disappears.
func apart(x *autograd.Value) []*autograd.Value {
	n, rest := x.Shape()[0], x.Shape()[1:]
	if n == 0 {
		return nil
	}
	var parts []*autograd.Value
	for _, p := range Split(x, 0, slices.Repeat([]int{1}, n)...) {
		parts = append(parts, Reshape(p, rest...))
	}
	return parts
}

// throughTime goes through a sequence in one direction. What the input gives for the
// gates is one product for all steps.
func throughTime(x *autograd.Value, state []*autograd.Value, w RecurrentWeights, backwards bool, next cell) (y *autograd.Value, last []*autograd.Value) {
	steps := apart(Linear(x, w.Input, w.InputBias))
	outputs := make([]*autograd.Value, len(steps))
	for t := range steps {
		if backwards {
			t = len(steps) - 1 - t
		}
		state = next(steps[t], state, w)
		outputs[t] = state[0]
	}
	if len(outputs) == 0 {
		return Zeros(x.DType(), append([]int{0}, state[0].Shape()...)...), state
	}
	return Stack(0, outputs...), state
}

type rnn struct {
	recurrent
	ReLU bool
}

func (rnn) Name() string { return "rnn" }

func (o rnn) cell(gates *autograd.Value, state []*autograd.Value, w RecurrentWeights) []*autograd.Value {
	sum := Add(gates, Linear(state[0], w.Hidden, w.HiddenBias))
	if o.ReLU {
		return []*autograd.Value{ReLU(sum)}
	}
	return []*autograd.Value{Tanh(sum)}
}

type gru struct{ recurrent }

func (gru) Name() string { return "gru" }

func (gru) cell(gates *autograd.Value, state []*autograd.Value, w RecurrentWeights) []*autograd.Value {
	h := state[0]
	x, y := Chunk(gates, -1, 3), Chunk(Linear(h, w.Hidden, w.HiddenBias), -1, 3)
	r, z := Sigmoid(Add(x[0], y[0])), Sigmoid(Add(x[1], y[1]))
	n := Tanh(Add(x[2], Mul(r, y[2])))
	return []*autograd.Value{Add(n, Mul(z, Sub(h, n)))}
}

type lstm struct{ recurrent }

func (lstm) Name() string { return "lstm" }

func (lstm) cell(gates *autograd.Value, state []*autograd.Value, w RecurrentWeights) []*autograd.Value {
	gate := Chunk(Add(gates, Linear(state[0], w.Hidden, w.HiddenBias)), -1, 4)
	c := Add(Mul(Sigmoid(gate[1]), state[1]), Mul(Sigmoid(gate[0]), Tanh(gate[2])))
	return []*autograd.Value{Mul(Sigmoid(gate[3]), Tanh(c)), c}
}

// Compositions take x, the first states and then the weights of each layer and
// direction, with biases.

func (o rnn) Compose(in []*autograd.Value) []*autograd.Value {
	return o.run("rnn", in[0], in[1:2], weightsOf(in[2:]), nil, o.cell)
}

func (o gru) Compose(in []*autograd.Value) []*autograd.Value {
	return o.run("gru", in[0], in[1:2], weightsOf(in[2:]), nil, o.cell)
}

func (o lstm) Compose(in []*autograd.Value) []*autograd.Value {
	return o.run("lstm", in[0], in[1:3], weightsOf(in[3:]), nil, o.cell)
}

func weightsOf(in []*autograd.Value) (all []RecurrentWeights) {
	for w := range slices.Chunk(in, 4) {
		all = append(all, RecurrentWeights{w[0], w[1], w[2], w[3]})
	}
	return all
}

// recurrentArgs are the inputs of a composition: states times, and layers.
func recurrentArgs(o recurrent, gates, states, t, b, in, h, layers int) []Arg {
	directions := o.directions()
	args := []Arg{In(t, b, in).From(-1, 1)}
	if o.BatchFirst {
		args[0] = In(b, t, in).From(-1, 1)
	}
	for range states {
		args = append(args, In(layers*directions, b, h).From(-1, 1))
	}
	for l := range layers {
		if l > 0 {
			in = h * directions
		}
		for range directions {
			args = append(args, In(gates*h, in).From(-1, 1), In(gates*h, h).From(-1, 1), In(gates*h).From(-1, 1), In(gates*h).From(-1, 1))
		}
	}
	return args
}

// recurrentCases has every shape of a recurrent network.
func recurrentCases(gates, states int, of func(recurrent) Operation) []Case {
	var cases []Case
	for _, c := range []struct {
		recurrent
		t, b, in, h, layers int
	}{
		{recurrent{}, 3, 2, 3, 2, 1},
		{recurrent{BatchFirst: true}, 5, 1, 1, 1, 3},
		{recurrent{Bidirectional: true}, 3, 1, 2, 1, 2},
		{recurrent{Bidirectional: true, BatchFirst: true}, 2, 3, 1, 2, 1},
		{recurrent{}, 1, 1, 2, 3, 1},
		{recurrent{}, 2, 0, 2, 1, 1},
	} {
		cases = append(cases, Case{of(c.recurrent), recurrentArgs(c.recurrent, gates, states, c.t, c.b, c.in, c.h, c.layers)})
	}
	return cases
}

const recurrentShapes = "[t b in], [l b h], per layer [g·h in], [g·h h], [g·h], [g·h] → [t b h], [l b h]"

var _ = register(Entry{
	Name: "rnn", Kind: Sequence, Formula: "h' = tanh(w_ih·x + b_ih + w_hh·h + b_hh)", Call: "RNN(x, h0, weights, cfg)", Shapes: recurrentShapes,
	Kinks: "with ReLU, 0 at 0", Bound: 4e-6,
	Reference: recurrentReference(1, 1, func(o Operation, x, y, state []float64) []float64 {
		v := x[0] + y[0]
		if o.(rnn).ReLU {
			return []float64{max(v, 0)}
		}
		return []float64{math.Tanh(v)}
	}),
	Cases: append(recurrentCases(1, 1, func(r recurrent) Operation { return rnn{r, false} }),
		recurrentCases(1, 1, func(r recurrent) Operation { return rnn{r, true} })...),
})

var _ = register(Entry{
	Name: "gru", Kind: Sequence, Formula: "h' = n + z ∘ (h - n)", Call: "GRU(x, h0, weights, cfg)", Shapes: recurrentShapes, Bound: 4e-6,
	Reference: recurrentReference(3, 1, func(_ Operation, x, y, state []float64) []float64 {
		r, z := logistic(x[0]+y[0]), logistic(x[1]+y[1])
		n := math.Tanh(x[2] + r*y[2])
		return []float64{(1-z)*n + z*state[0]}
	}),
	Cases: recurrentCases(3, 1, func(r recurrent) Operation { return gru{r} }),
})

var _ = register(Entry{
	Name: "lstm", Kind: Sequence, Formula: "c' = f ∘ c + i ∘ g, h' = o ∘ tanh(c')", Call: "LSTM(x, h0, c0, weights, cfg)",
	Shapes: "as gru, with a second state", Bound: 4e-6,
	Reference: recurrentReference(4, 2, func(_ Operation, x, y, state []float64) []float64 {
		c := logistic(x[1]+y[1])*state[1] + logistic(x[0]+y[0])*math.Tanh(x[2]+y[2])
		return []float64{logistic(x[3]+y[3]) * math.Tanh(c), c}
	}),
	Cases: recurrentCases(4, 2, func(r recurrent) Operation { return lstm{r} }),
})
