package precision

import (
	"slices"
	"testing"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/numeric"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/program"
	"github.com/mlodyssey/odyssey/random"
	"github.com/mlodyssey/odyssey/tensor"
)

func draw(seed uint64, shape ...int) *tensor.Tensor {
	t, r := tensor.New(tensor.Float32, shape...), random.New(seed)
	for i := range tensor.Data[float32](t) {
		tensor.Data[float32](t)[i] = float32(r.Uniform(-2, 2))
	}
	return t
}

// layers is three dense layers with what gradients they get.
type layers struct{ w []*autograd.Value }

func newLayers() layers {
	var l layers
	for i := range 3 {
		l.w = append(l.w, autograd.Variable("", draw(uint64(i+1), 40, 40)))
	}
	return l
}

func (l layers) forward(in []*autograd.Value) []*autograd.Value {
	x := in[0]
	for _, w := range l.w {
		x = op.Linear(x, w, nil)
	}
	return []*autograd.Value{x}
}

// step returns the gradients of all weights and the last layer's output.
func (l layers) step(in []*autograd.Value) []*autograd.Value {
	x := l.forward(in)
	return append(autograd.Grad(op.Sum(x[0]), l.w...), x...)
}

// By hand: what each product of the middle layer reads is rounded, and the gradients are
// those of the products as they are without rounding.
func TestProductsReadRoundedOperands(t *testing.T) {
	for _, p := range Policies() {
		if !p.Rounds() || p.History > 0 {
			continue
		}
		l, x := newLayers(), draw(9, 20, 40)
		training := NewTraining(p, 7)
		tr := autograd.Record(l.w, []tensor.Spec{x.Spec()}, l.step)
		got := program.Compile(training.Rewrite(tr)).Run(x)

		key := autograd.Const(tensor.FromSlice([]int64{7, 0}, 2))
		streams := map[*autograd.Value]int{}
		round := func(v *autograd.Value, gradient, weight bool) *autograd.Value {
			format := p.Forward
			if gradient {
				format = p.Gradient
			}
			if format.Blocks() == nil {
				return op.RoundTo(v, format, numeric.ToInf)
			}
			if _, known := streams[v]; !known {
				streams[v] = len(streams)
			}
			q := op.QuantizeConfig{Format: format, Together: weight, Stream: streams[v]}
			if gradient {
				return op.Quantize(v, key, q)
			}
			return op.Quantize(v, nil, q)
		}
		result := func(v *autograd.Value) *autograd.Value {
			if p.Results {
				return op.RoundTo(v, p.Forward, numeric.ToInf)
			}
			return v
		}
		want := byHand(l, autograd.Const(x), p.KeepEnds, round, result)
		for i, w := range want {
			if !slices.Equal(tensor.Data[float32](got[i]), tensor.Data[float32](w.Tensor())) {
				t.Errorf("%v: output %d is\n%v, want\n%v", p, i, got[i], w.Tensor())
			}
		}
	}
}

// fp8 rounds as FP8 does by scales, and notes the scale that each value asks for, in the order in which
// they are first read.
type fp8 struct {
	scales []float32
	asked  []float32
	number map[*autograd.Value]int
}

func (f *fp8) round(v *autograd.Value, gradient, _ bool) *autograd.Value {
	format := FP8.Forward
	if gradient {
		format = FP8.Gradient
	}
	i, known := f.number[v]
	if !known {
		i = len(f.number)
		f.number[v] = i
		f.asked = append(f.asked, format.Float().PowerScale(float32(op.Max(op.Abs(v)).Tensor().Item())))
	}
	scale := float64(f.scales[i])
	return op.Scale(op.RoundTo(op.Scale(v, scale), format, numeric.Saturate), 1/scale)
}

// The first step has scales of 1, the second those that the first asked for.
func TestScalesAreThoseOfTheStepsBefore(t *testing.T) {
	l, x := newLayers(), draw(9, 20, 40)
	training := NewTraining(FP8, 7)
	p := program.Compile(training.Rewrite(autograd.Record(l.w, []tensor.Spec{x.Spec()}, l.step)))
	hand := &fp8{scales: slices.Repeat([]float32{1}, 9)}
	for step := range 3 {
		got := p.Run(x)
		hand.number, hand.asked = map[*autograd.Value]int{}, nil
		for i, w := range byHand(l, autograd.Const(x), false, hand.round, func(v *autograd.Value) *autograd.Value { return v }) {
			if !slices.Equal(tensor.Data[float32](got[i]), tensor.Data[float32](w.Tensor())) {
				t.Fatalf("step %d: output %d is\n%v, want\n%v", step, i, got[i], w.Tensor())
			}
		}
		for i, asked := range hand.asked { // a history keeps the least scale
			if step > 0 {
				asked = min(asked, hand.scales[i])
			}
			hand.scales[i] = asked
		}
		training.Observe(got[len(got)-1])
		if got := training.Scales(); !slices.Equal(got, hand.scales) || slices.Max(got) == 1 {
			t.Fatalf("after step %d the scales are %v, want %v", step, got, hand.scales)
		}
	}
}

// An evaluation in fp8 has the scales of ranges or, without these, each example's and each weight's own.
func TestScalesOfAnEvaluation(t *testing.T) {
	l, x := newLayers(), draw(9, 20, 40)
	tr := autograd.Record(l.w, []tensor.Spec{x.Spec()}, l.forward)
	measured := program.Compile(FP8.Measure(tr)).Run(x)
	ranges := slices.Clone(tensor.Data[float32](measured[1]))
	for i := range ranges {
		ranges[i] *= 3000 // so that most values become subnormals
	}
	hand := &fp8{number: map[*autograd.Value]int{}}
	for _, r := range ranges {
		hand.scales = append(hand.scales, FP8.Forward.Float().PowerScale(r))
	}
	own := func(v *autograd.Value, weight bool) *autograd.Value {
		return op.Quantize(v, nil, op.QuantizeConfig{Format: FP8.Forward, Together: weight})
	}
	y, z := autograd.Const(x), autograd.Const(x)
	for _, w := range l.w {
		y = op.Linear(hand.round(y, false, false), hand.round(w.Detach(), false, true), nil)
		z = op.Linear(own(z, false), own(w.Detach(), true), nil)
	}
	for name, c := range map[string]struct {
		got  *tensor.Tensor
		want *autograd.Value
	}{
		"ranges": {program.Compile(FP8.Rewrite(tr, ranges...)).Run(x)[0], y},
		"none":   {program.Compile(FP8.Rewrite(tr)).Run(x)[0], z},
	} {
		if !slices.Equal(tensor.Data[float32](c.got), tensor.Data[float32](c.want.Tensor())) {
			t.Errorf("%s: the output is\n%v, want\n%v", name, c.got, c.want.Tensor())
		}
	}
	if slices.Equal(tensor.Data[float32](y.Tensor()), tensor.Data[float32](z.Tensor())) {
		t.Error("ranges change nothing")
	}
}

// Products of weights that are written as matrix products are layers too: the ends stay float32 with
// their gradients, and gradients of weights are not rounded as results.
func TestLayersOfMatrixProducts(t *testing.T) {
	for _, p := range []Policy{MXFP4, BF16} {
		l, x := newLayers(), draw(9, 20, 40)
		tr := autograd.Record(l.w, []tensor.Spec{x.Spec()}, func(in []*autograd.Value) []*autograd.Value {
			x := in[0]
			for _, w := range l.w {
				x = op.MatMul(x, w)
			}
			return autograd.Grad(op.Sum(x), l.w...)
		})
		rewritten := NewTraining(p, 1).Rewrite(tr)
		made := map[int]string{}
		rounded := 0
		for _, ins := range rewritten.Instructions {
			made[ins.Out[0]] = ins.Op.Name()
			if ins.Op.Name() != "matmul" {
				continue
			}
			for _, id := range ins.In {
				if name := made[id]; name == "quantize" || name == "round_to" {
					rounded++
				}
			}
		}
		// Eight products, of which three are of the middle layer; the gradient that all begin with is a constant.
		if want := map[string]int{"mxfp4": 6, "bf16": 14}[p.Name]; rounded != want {
			t.Errorf("%v: products read %d rounded operands, want %d", p, rounded, want)
		}
		for i, id := range rewritten.Outputs[:3] {
			if name := made[id]; name != "matmul" {
				t.Errorf("%v: the gradient of weight %d is made by %s", p, i, name)
			}
		}
	}
}

// In sequences each position is rounded by itself: what comes later does not change what came before.
func TestPositionsOfASequenceAreRows(t *testing.T) {
	q := draw(3, 1, 2, 6, 16)
	run := func(x *tensor.Tensor) []float32 {
		tr := autograd.Record(nil, []tensor.Spec{x.Spec()}, func(in []*autograd.Value) []*autograd.Value {
			return []*autograd.Value{op.Attention(in[0], in[0], in[0], op.AttentionConfig{Causal: true})}
		})
		return tensor.Data[float32](program.Compile(NVFP4.EveryLayer().Rewrite(tr)).Run(x)[0])
	}
	before := slices.Clone(run(q))
	for h := range 2 {
		tensor.Data[float32](q)[(h*6+5)*16] *= 50
	}
	after := run(q)
	for h := range 2 {
		if lo, hi := h*6*16, (h*6+5)*16; !slices.Equal(before[lo:hi], after[lo:hi]) {
			t.Errorf("head %d: the last position changes those before", h)
		}
	}
}

// byHand is three dense layers and their gradients, product by product.
func byHand(l layers, x *autograd.Value, inner bool, round func(v *autograd.Value, gradient, weight bool) *autograd.Value, result func(v *autograd.Value) *autograd.Value) []*autograd.Value {
	as := func(layer int, v *autograd.Value, gradient, weight bool) *autograd.Value {
		if inner && layer != 1 {
			return v
		}
		return round(v, gradient, weight)
	}
	w := []*autograd.Value{l.w[0].Detach(), l.w[1].Detach(), l.w[2].Detach()}
	in := []*autograd.Value{x}
	for i := range w {
		in = append(in, result(op.Linear(as(i, in[i], false, false), as(i, w[i], false, true), nil)))
	}
	grads := make([]*autograd.Value, 3)
	g := op.BroadcastTo(autograd.Const(tensor.Scalar(float32(1))), x.Shape()...)
	for i := 2; i >= 0; i-- {
		read := as(i, g, true, false)
		if i > 0 {
			g = result(op.MatMul(read, as(i, w[i], false, true)))
		}
		// Σ over the batch, which linear_weight adds up in groups of 16.
		weights := autograd.Variable("", w[i].Tensor())
		grads[i] = autograd.Backward([]*autograd.Value{op.Linear(as(i, in[i], false, false), weights, nil)}, []*autograd.Value{read}, []*autograd.Value{weights}, false)[0]
	}
	return append(grads, in[3])
}

func TestScalesFollowTheHistory(t *testing.T) {
	l, x := newLayers(), draw(9, 20, 40)
	training := NewTraining(FP8, 7)
	p := program.Compile(training.Rewrite(autograd.Record(l.w, []tensor.Spec{x.Spec()}, l.step)))
	for step := range 3 {
		out := p.Run(x)
		largest := tensor.Data[float32](out[len(out)-1])
		if len(largest) != 9 { // the input, two activations, three weights, three gradients
			t.Fatalf("step %d has %d magnitudes", step, len(largest))
		}
		training.Observe(out[len(out)-1])
		h := training.histories[0]
		if want := op.LargestMagnitude(op.Reshape(autograd.Const(x), 1, -1)).Tensor().Item(); float64(largest[0]) != want {
			t.Errorf("step %d: the input's largest magnitude is %v, want %v", step, largest[0], want)
		}
		scale := h.scale.Tensor().Item()
		if most := float64(largest[0]) * scale; step == 0 && (most > 448 || most <= 224) {
			t.Errorf("step %d: a scale of %v makes the largest magnitude %v", step, scale, most)
		}
		x = tensor.FromSlice(slices.Clone(tensor.Data[float32](x)), x.Shape()...)
		for i := range tensor.Data[float32](x) {
			tensor.Data[float32](x)[i] /= 8
		}
	}
	h := training.histories[0]
	before := h.scale.Tensor().Item()
	for range FP8.History - 3 {
		h.observe(0.001, FP8.History)
	}
	if now := h.scale.Tensor().Item(); now != before {
		t.Errorf("the scale is %v before the history ends, want %v", now, before)
	}
	h.observe(0.001, FP8.History)
	if now := h.scale.Tensor().Item(); now != 8*before {
		t.Errorf("the scale is %v when the largest magnitude is forgotten, want %v", now, 8*before)
	}
}

func TestDrawsDifferFromStepToStepAndFromSeedToSeed(t *testing.T) {
	run := func(seed uint64) (steps [][]float32) {
		l, x := newLayers(), draw(9, 20, 40)
		training := NewTraining(MXFP4, seed)
		p := program.Compile(training.Rewrite(autograd.Record(l.w, []tensor.Spec{x.Spec()}, l.step)))
		for range 2 {
			steps = append(steps, slices.Clone(tensor.Data[float32](p.Run(x)[0])))
		}
		return steps
	}
	a, b := run(1), run(2)
	if slices.Equal(a[0], a[1]) || slices.Equal(a[0], b[0]) {
		t.Error("gradients are rounded alike")
	}
}

// A batch evaluates as its examples do alone.
func TestEvaluationDoesNotDependOnTheBatch(t *testing.T) {
	for _, p := range Policies() {
		l, x := newLayers(), draw(9, 20, 40)
		run := func(x *tensor.Tensor) []float32 {
			return tensor.Data[float32](program.Compile(p.Rewrite(autograd.Record(l.w, []tensor.Spec{x.Spec()}, l.forward))).Run(x)[0])
		}
		all := run(x)
		for i := range 20 {
			if got := run(x.Slice(0, i, i+1).Contiguous()); !slices.Equal(got, all[i*40:(i+1)*40]) {
				t.Fatalf("%v: example %d is\n%v alone, want\n%v", p, i, got, all[i*40:(i+1)*40])
			}
		}
	}
}

// Every operation of matrices, convolutions and sequences has a line in this package: whether it is
// rounded, or why not.
func TestTheTableHasEveryProduct(t *testing.T) {
	for _, e := range op.Table() {
		if !isProduct(e) {
			continue
		}
		if _, primitive := e.Cases[0].Op.(autograd.Op); !primitive {
			continue
		}
		_, low := table[e.Name]
		_, reason := unrounded[e.Name]
		if low == reason {
			t.Errorf("%s: want it in one of table and unrounded", e.Name)
		}
	}
	for name := range table {
		if _, ok := op.Lookup(name); !ok {
			t.Errorf("there is no operation %s", name)
		}
	}
	for name := range unrounded {
		if _, ok := op.Lookup(name); !ok {
			t.Errorf("there is no operation %s", name)
		}
	}
}

// isProduct reports whether an operation is of a kind that adds up products.
func isProduct(e op.Entry) bool {
	return e.Kind == op.Matrix || e.Kind == op.Convolution || e.Kind == op.Sequence
}

func TestNamed(t *testing.T) {
	for _, p := range Policies() {
		for _, want := range []Policy{p, p.EveryLayer()} {
			if got, err := Named(want.Name); err != nil || got != want {
				t.Errorf("Named(%q) = %v, %v", want.Name, got, err)
			}
		}
	}
	if p, err := Named(""); err != nil || p != FP32 {
		t.Errorf(`Named("") = %v, %v`, p, err)
	}
	if _, err := Named("fp7"); err == nil {
		t.Error("fp7 is no error")
	}
}
