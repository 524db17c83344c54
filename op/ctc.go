package op

import (
	"fmt"
	"math"
	"slices"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/internal/parallel"
	"github.com/mlodyssey/odyssey/tensor"
)

// CTCConfig is the configuration of CTC.
type CTCConfig struct {
	Blank        int  // the class of no label
	ZeroInfinity bool // labels that do not fit into their input count 0, not +Inf
	Reduce       Reduce
}

type ctc struct{ CTCConfig }

// CTC returns the loss of connectionist temporal classification: -ln of the
// probability that scores x, of shape [t n classes], give the labels of each of n
// examples, int64 of shape [n s], summed over all ways to lay them out in time.
// Inputs and labels have lengths of their own, int64 of shape [n]; what lies
// beyond them does not count. A mean divides each loss by the length of its labels,
// but at least 1. There is no second derivative: asking for one is an error.
//
// Graves, Fernández, Gomez and Schmidhuber, "Connectionist Temporal
// Classification", 2006.
func CTC(x, labels, inputLengths, labelLengths *autograd.Value, cfg CTCConfig) *autograd.Value {
	return Apply1(ctc{cfg}, x, labels, inputLengths, labelLengths)
}

func (ctc) Name() string { return "ctc" }

func (o ctc) Compose(in []*autograd.Value) []*autograd.Value {
	loss := autograd.Apply1(ctcPaths{o.Blank, o.ZeroInfinity}, in...)
	if o.Reduce == ReduceMean {
		one := Scalar(loss.DType(), 1)
		length := Cast(in[3], loss.DType())
		loss = Div(loss, Add(one, ReLU(Sub(length, one)))) // max(1, length)
	}
	return []*autograd.Value{o.Reduce.of(loss)}
}

// ctcPaths gives the loss of each example.
type ctcPaths struct {
	Blank        int
	ZeroInfinity bool
}

func (ctcPaths) Name() string { return "ctc_paths" }

func (o ctcPaths) Infer(in []tensor.Spec) ([]tensor.Spec, error) {
	if err := wantInputs(in, 4); err != nil {
		return nil, err
	}
	x, labels := in[0], in[1]
	if !x.DType.IsFloat() || x.Rank() != 3 || labels.DType != tensor.Int64 || labels.Rank() != 2 || labels.Shape[0] != x.Shape[1] {
		return nil, fmt.Errorf("want float scores [t n classes] and int64 labels [n s]")
	}
	for _, lengths := range in[2:] {
		if !lengths.Equal(tensor.NewSpec(tensor.Int64, x.Shape[1])) {
			return nil, fmt.Errorf("want int64 lengths [n] of the inputs, and of the labels")
		}
	}
	if o.Blank < 0 || o.Blank >= x.Shape[2] {
		return nil, fmt.Errorf("want a blank that is one of the %d classes, not %d", x.Shape[2], o.Blank)
	}
	return one(x.DType, x.Shape[1]), nil
}

func (o ctcPaths) Forward(in, out []*tensor.Tensor) {
	forward(out[0].DType(),
		func() { ctcForward[float32](o, in, out[0]) },
		func() { ctcForward[float64](o, in, out[0]) })
}

func ctcForward[T kernel.Float](o ctcPaths, in []*tensor.Tensor, out *tensor.Tensor) {
	loss := tensor.Data[T](out)
	parallel.For(len(loss), 1, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			e := newCTCExample[T](o, in, i)
			loss[i] = T(e.forward())
			e.free()
		}
	})
}

func (o ctcPaths) Backward(call *autograd.Call, grad []*autograd.Value) []*autograd.Value {
	down := autograd.Apply1(ctcPathsGrad{o}, append(call.In[:4:4], grad[0])...)
	return []*autograd.Value{down, nil, nil, nil}
}

// ctcPathsGrad gives the gradient of ctcPaths in the scores, for that in the
// losses, g of shape [n].
type ctcPathsGrad struct{ ctcPaths }

func (ctcPathsGrad) Name() string { return "ctc_paths_grad" }

func (o ctcPathsGrad) Infer(in []tensor.Spec) ([]tensor.Spec, error) {
	if err := wantInputs(in, 5); err != nil {
		return nil, err
	}
	losses, err := o.ctcPaths.Infer(in[:4])
	if err != nil {
		return nil, err
	}
	if !in[4].Equal(losses[0]) {
		return nil, errOnePerExample
	}
	return one(in[0].DType, in[0].Shape...), nil
}

func (o ctcPathsGrad) Forward(in, out []*tensor.Tensor) {
	forward(out[0].DType(),
		func() { ctcBackward[float32](o.ctcPaths, in, out[0]) },
		func() { ctcBackward[float64](o.ctcPaths, in, out[0]) })
}

func ctcBackward[T kernel.Float](o ctcPaths, in []*tensor.Tensor, out *tensor.Tensor) {
	dx, g := tensor.Data[T](out), tensor.Data[T](in[4])
	shape := out.Shape()
	n, classes := shape[1], shape[2]
	parallel.For(n, 1, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			e := newCTCExample[T](o, in, i)
			e.backward()
			for t := range shape[0] {
				row := dx[(t*n+i)*classes:][:classes]
				clear(row)
				if t < e.times {
					for c, v := range e.slope(t) {
						row[c] = T(v * float64(g[i]))
					}
				}
			}
			e.free()
		}
	})
}

// Backward has no gradient to give.
func (o ctcPathsGrad) Backward(call *autograd.Call, _ []*autograd.Value) []*autograd.Value {
	tensor.Fail("ctc", specsOf(call.In[:4]), "want no second derivative: there is none here")
	return nil
}

// IsFinal: see op.IsFinal.
func (ctcPathsGrad) IsFinal() {}

// ctcExample works out the loss of one example, in float64. A path goes in time
// through positions: the labels, and a blank before, between and after them. It
// may stay, go on by one, or by two over a blank between different labels.
type ctcExample struct {
	ctcPaths
	times, classes int
	position       []int     // the class of each position
	score          []float64 // [times classes]: log-softmax, and in the end the slope
	ahead          []float64 // [times positions]: ln of the probability of all ways that lead here
	behind, next   []float64 // [positions]: the same of all ways on from here
	scratch        *[]float64
}

func newCTCExample[T kernel.Float](o ctcPaths, in []*tensor.Tensor, i int) *ctcExample {
	n, classes := in[0].Shape()[1], in[0].Shape()[2]
	e := &ctcExample{ctcPaths: o, classes: classes}
	e.times = ctcLength("input", in[2], i, in[0].Shape()[0])
	length := ctcLength("label", in[3], i, in[1].Shape()[1])
	labels := tensor.Data[int64](in[1])[i*in[1].Shape()[1]:][:length]
	checkLabels("ctc", labels, classes, 0)
	e.position = append(e.position, o.Blank)
	for _, l := range labels {
		e.position = append(e.position, int(l), o.Blank)
	}
	scores, positions := e.times*classes, len(e.position)
	e.scratch = scratch64.Get(scores + (e.times+2)*positions)
	s := *e.scratch
	e.score, s = s[:scores], s[scores:]
	e.ahead, s = s[:e.times*positions], s[e.times*positions:]
	e.behind, e.next = s[:positions], s[positions:]
	x := tensor.Data[T](in[0])
	for t := range e.times {
		row := e.score[t*classes:][:classes]
		for c, v := range x[(t*n+i)*classes:][:classes] {
			row[c] = float64(v)
		}
		logSoftmax64(row)
	}
	return e
}

func (e *ctcExample) free() { scratch64.Put(e.scratch) }

func ctcLength(of string, lengths *tensor.Tensor, i, most int) int {
	l := tensor.Data[int64](lengths)[i]
	if l < 0 || l > int64(most) {
		tensor.Fail("ctc", nil, "%s length %d is %d, want 0 to %d", of, i, l, most)
	}
	return int(l)
}

// logSoftmax64 subtracts the logarithm of the sum of all exponentials, added in
// order.
func logSoftmax64(x []float64) {
	top, sum := math.Inf(-1), 0.0
	for _, v := range x {
		top = max(top, v)
	}
	for _, v := range x {
		sum += kernel.Exp64(v - top)
	}
	shift := top + kernel.Log64(sum)
	for i := range x {
		x[i] -= shift
	}
}

// logAdd returns ln(e^a + e^b + e^c), added in order.
func logAdd(a, b, c float64) float64 {
	top := max(a, b, c)
	if math.IsInf(top, -1) {
		return top
	}
	return top + kernel.Log64(kernel.Exp64(a-top)+kernel.Exp64(b-top)+kernel.Exp64(c-top))
}

// skips reports whether a path may come to position s from that two before it.
func (e *ctcExample) skips(s int) bool {
	return s >= 2 && e.position[s] != e.Blank && e.position[s] != e.position[s-2]
}

// forward fills ahead and returns the loss.
func (e *ctcExample) forward() float64 {
	never := math.Inf(-1)
	total := never
	switch n := len(e.position); {
	case e.times == 0 && n == 1:
		return 0
	case e.times > 0:
		for t := range e.times {
			e.advance(t)
		}
		last := e.ahead[(e.times-1)*n:][:n]
		total = logAdd(last[n-1], before(last, n-1, 1), never)
	}
	if math.IsInf(total, -1) && e.ZeroInfinity {
		return 0
	}
	return -total
}

// advance fills ahead at a time from that before it.
func (e *ctcExample) advance(t int) {
	n, never := len(e.position), math.Inf(-1)
	row, score := e.ahead[t*n:][:n], e.score[t*e.classes:][:e.classes]
	for s, class := range e.position {
		switch {
		case t == 0 && s < 2:
			row[s] = score[class]
		case t == 0:
			row[s] = never
		default:
			last, skipped := e.ahead[(t-1)*n:][:n], never
			if e.skips(s) {
				skipped = last[s-2]
			}
			row[s] = score[class] + logAdd(last[s], before(last, s, 1), skipped)
		}
	}
}

// before returns the element some places before s, or the logarithm of 0.
func before(row []float64, s, places int) float64 {
	if s < places {
		return math.Inf(-1)
	}
	return row[s-places]
}

// backward turns scores into slopes: the derivatives of the loss, the probability
// of each class less how likely the paths that give the labels are there.
func (e *ctcExample) backward() {
	loss, n := e.forward(), len(e.position)
	if e.ZeroInfinity && e.times > 0 && e.impossible() {
		clear(e.score)
		return
	}
	for s := range e.behind {
		e.behind[s] = math.Inf(-1)
	}
	e.behind[n-1], e.behind[max(0, n-2)] = 0, 0
	for t := e.times - 1; t >= 0; t-- {
		score, ahead := e.score[t*e.classes:][:e.classes], e.ahead[t*n:][:n]
		e.retreat(score)
		for c, v := range score {
			score[c] = kernel.Exp64(v)
		}
		for s, class := range e.position {
			score[class] -= kernel.Exp64(ahead[s] + e.behind[s] + loss)
		}
		e.behind, e.next = e.next, e.behind
	}
}

// impossible reports whether no path gives the labels.
func (e *ctcExample) impossible() bool {
	n := len(e.position)
	last := e.ahead[(e.times-1)*n:][:n]
	return math.IsInf(last[n-1], -1) && math.IsInf(before(last, n-1, 1), -1)
}

// retreat fills next, which is behind at the time before, from the scores and
// behind at this time.
func (e *ctcExample) retreat(score []float64) {
	never := math.Inf(-1)
	on := func(s int, may bool) float64 {
		if !may {
			return never
		}
		return score[e.position[s]] + e.behind[s]
	}
	n := len(e.position)
	for s := range e.next {
		e.next[s] = logAdd(on(s, true), on(s+1, s+1 < n), on(s+2, s+2 < n && e.skips(s+2)))
	}
}

func (e *ctcExample) slope(t int) []float64 { return e.score[t*e.classes:][:e.classes] }

// ctcReference adds up the probabilities of all paths, one by one, and the slopes
// of the losses.
func ctcReference(o ctcPaths, in []Array) (losses []float64, slopes Array) {
	classes := in[0].Shape()[2]
	losses, slopes = make([]float64, in[0].Shape()[1]), NewArray(in[0].Shape()...)
	for i := range losses {
		var want []int
		for s := range int(in[3].At(i)) {
			want = append(want, int(in[1].At(i, s)))
		}
		shape := make([]int, int(in[2].At(i))) // of all paths
		for t := range shape {
			shape[t] = classes
		}
		sum, passing := 0.0, NewArray(len(shape), classes)
		probability := func(t, c int) float64 {
			return math.Exp(in[0].At(t, i, c)) / total([]int{classes}, func(k []int) float64 { return math.Exp(in[0].At(t, i, k[0])) })
		}
		Each(shape, func(path []int) {
			var got []int
			p := 1.0
			for t, c := range path {
				p *= probability(t, c)
				if c != o.Blank && (t == 0 || c != path[t-1]) {
					got = append(got, c)
				}
			}
			if !slices.Equal(got, want) {
				return
			}
			sum += p
			for t, c := range path {
				passing.Set(passing.At(t, c)+p, t, c)
			}
		})
		if sum == 0 && o.ZeroInfinity {
			continue
		}
		losses[i] = -math.Log(sum)
		Each(passing.Shape(), func(at []int) {
			slopes.Set(probability(at[0], at[1])-passing.At(at...)/sum, at[0], i, at[1])
		})
	}
	return losses, slopes
}

func atLeast(n float64) func(Arg) Arg { return func(a Arg) Arg { return a.From(n, a.Hi) } }

func ctcCase(o Operation, times, n, classes, labels int, length func(Arg) Arg) Case {
	return Case{o, []Arg{
		In(times, n, classes),
		Index(classes, n, labels).From(1, float64(classes)),
		length(Index(times+1, n)),
		Index(labels+1, n),
	}}
}

// withLosses adds a gradient of each loss.
func withLosses(c Case) Case {
	return Case{c.Op, append(c.In, In(c.In[0].Spec.Shape[1]))}
}

var _ = register(Entry{
	Name: "ctc", Kind: Loss, Formula: "-ln Σ over paths that give the labels of Π softmax(x)[t, path]", Call: "CTC(x, labels, inputLengths, labelLengths, cfg)",
	Shapes: "[t n c], [n s], [n], [n] → [] or [n]", Once: "the gradient sums over paths by recursions that have no gradient here",
	Reference: func(o Operation, in []Array) []Array {
		losses := NewArray(in[0].Shape()[1])
		cfg := o.(ctc).CTCConfig
		losses.Data, _ = ctcReference(ctcPaths{cfg.Blank, cfg.ZeroInfinity}, in)
		for i := range losses.Data {
			if cfg.Reduce == ReduceMean {
				losses.Data[i] /= max(1, in[3].At(i))
			}
		}
		return []Array{reduced(cfg.Reduce, losses, float64(len(losses.Data)))}
	},
	Cases: []Case{
		ctcCase(ctc{}, 5, 3, 4, 2, atLeast(3)),
		ctcCase(ctc{CTCConfig{Reduce: ReduceSum}}, 6, 2, 3, 3, atLeast(5)),
		ctcCase(ctc{CTCConfig{Reduce: ReduceNone}}, 4, 5, 3, 1, atLeast(1)),
		ctcCase(ctc{CTCConfig{ZeroInfinity: true, Reduce: ReduceNone}}, 3, 7, 3, 3, atLeast(1)),
		ctcCase(ctc{CTCConfig{Reduce: ReduceNone}}, 7, 1, 2, 2, atLeast(6)),
		ctcCase(ctc{CTCConfig{Reduce: ReduceSum}}, 3, 0, 2, 2, atLeast(1)),
		{ctc{CTCConfig{Blank: 3, Reduce: ReduceNone}}, []Arg{In(4, 3, 4), Index(3, 3, 2), Index(5, 3).From(3, 5), Index(3, 3)}},
	},
})

var _ = register(Entry{
	Name: "ctc_paths", Kind: Loss, Formula: "the losses of ctc", Shapes: "[t n c], [n s], [n], [n] → [n]",
	Once: "as ctc", Whole: "examples lie along the second axis",
	Reference: func(o Operation, in []Array) []Array {
		losses := NewArray(in[0].Shape()[1])
		losses.Data, _ = ctcReference(o.(ctcPaths), in)
		return []Array{losses}
	},
	Cases: []Case{
		ctcCase(ctcPaths{}, 5, 3, 4, 2, atLeast(3)),
		ctcCase(ctcPaths{Blank: 1}, 5, 1, 2, 0, atLeast(0)),
		ctcCase(ctcPaths{ZeroInfinity: true}, 3, 7, 3, 3, atLeast(0)),
		ctcCase(ctcPaths{}, 3, 0, 2, 2, atLeast(1)),
	},
})

var _ = register(Entry{
	Name: "ctc_paths_grad", Kind: Loss, Formula: "g (softmax(x) - Σ of the likely paths there)", Shapes: "[t n c], [n s], [n], [n], [n] → [t n c]",
	Linear: [][]int{{4}},
	Whole:  "examples lie along the second axis",
	Reference: func(o Operation, in []Array) []Array {
		_, slopes := ctcReference(o.(ctcPathsGrad).ctcPaths, in)
		Each(slopes.Shape(), func(at []int) { slopes.Set(slopes.At(at...)*in[4].At(at[1]), at...) })
		return []Array{slopes}
	},
	Cases: []Case{
		withLosses(ctcCase(ctcPathsGrad{}, 5, 3, 4, 2, atLeast(3))),
		withLosses(ctcCase(ctcPathsGrad{ctcPaths{Blank: 1}}, 5, 1, 2, 0, atLeast(0))),
		withLosses(ctcCase(ctcPathsGrad{ctcPaths{ZeroInfinity: true}}, 3, 7, 3, 3, atLeast(0))),
		withLosses(ctcCase(ctcPathsGrad{}, 3, 0, 2, 2, atLeast(1))),
	},
})
