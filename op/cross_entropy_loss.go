package op

import (
	"fmt"
	"math"
	"slices"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/tensor"
)

// CrossEntropyConfig is the configuration of CrossEntropyLoss.
type CrossEntropyConfig struct {
	Smoothing float64 // the share of a target that is spread over all classes: Szegedy et al., 2015
	Ignore    []int   // labels that do not count, such as -100 or that of padding
	Reduce    Reduce
}

type crossEntropyLoss struct{ CrossEntropyConfig }

// CrossEntropyLoss returns -Σ w q ln softmax(x) over the classes, for scores x of
// shape [n classes …] and targets q: int64 labels of shape [n …], which are 1 at the
// label, or probabilities of the shape of x. weight is w, of [classes]; nil means 1.
// The mean over labels divides by the sum of their weights.
func CrossEntropyLoss(x, target, weight *autograd.Value, cfg CrossEntropyConfig) *autograd.Value {
	cfg.Ignore = slices.Clone(cfg.Ignore)
	return Apply1(crossEntropyLoss{cfg}, withWeight(x, target, weight)...)
}

// withWeight leaves weight out where it is nil.
func withWeight(x, target, weight *autograd.Value) []*autograd.Value {
	in := []*autograd.Value{x, target}
	if weight != nil {
		in = append(in, weight)
	}
	return in
}

func (crossEntropyLoss) Name() string { return "cross_entropy_loss" }

func (o crossEntropyLoss) Compose(in []*autograd.Value) []*autograd.Value {
	if !(o.Smoothing >= 0 && o.Smoothing <= 1) {
		tensor.Fail(o.Name(), specsOf(in), "want a smoothing from 0 to 1, not %v", o.Smoothing)
	}
	if !in[1].DType().IsFloat() {
		return []*autograd.Value{o.ofLabels(in)}
	}
	wantAlike(o.Name(), in[:2]...)
	if len(o.Ignore) > 0 {
		tensor.Fail(o.Name(), specsOf(in), "want no labels to ignore where targets are probabilities")
	}
	r := newRows(o.Name(), in)
	q := r.rows(in[1])
	if o.Smoothing > 0 {
		q = Add(Scale(q, 1-o.Smoothing), Scalar(q.DType(), o.Smoothing/float64(r.classes)))
	}
	return []*autograd.Value{o.Reduce.of(r.restored(r.against(q)))}
}

func (o crossEntropyLoss) ofLabels(in []*autograd.Value) *autograd.Value {
	r := newRows(o.Name(), in)
	label, weight := r.labels(in[1], o.Ignore)
	loss := weigh(CrossEntropy(r.x, label), weight)
	if o.Smoothing > 0 {
		even := r.against(Scalar(r.x.DType(), o.Smoothing/float64(r.classes)))
		if r.kept != nil {
			even = Mul(even, r.kept)
		}
		loss = Add(Scale(loss, 1-o.Smoothing), even)
	}
	return o.Reduce.weighed(r.restored(loss), weight)
}

// rows is scores [n classes …] with the classes along the last axis, and all other
// axes joined.
type rows struct {
	x       *autograd.Value
	weight  *autograd.Value // [classes], or nil
	kept    *autograd.Value // for each row 0 where its label is ignored, else 1; nil: all are kept
	classes int
	shape   []int // of one value for each row
}

func newRows(name string, in []*autograd.Value) *rows {
	x := in[0]
	if !x.DType().IsFloat() || len(x.Shape()) < 2 || x.Shape()[1] < 1 {
		tensor.Fail(name, specsOf(in), "want float scores [n classes …]")
	}
	r := &rows{classes: x.Shape()[1], shape: slices.Delete(slices.Clone(x.Shape()), 1, 2)}
	if !in[1].DType().IsFloat() && !in[1].Spec().Equal(tensor.NewSpec(tensor.Int64, r.shape...)) {
		tensor.Fail(name, specsOf(in), "want a target for each of the scores: int64 labels %v or probabilities %v", r.shape, x.Shape())
	}
	if len(in) > 2 {
		r.weight = in[2]
		if !r.weight.Spec().Equal(tensor.NewSpec(x.DType(), r.classes)) {
			tensor.Fail(name, specsOf(in), "want a weight for each of the %d classes", r.classes)
		}
	}
	r.x = r.rows(x)
	return r
}

// rows puts the classes last.
func (r *rows) rows(x *autograd.Value) *autograd.Value {
	if len(r.shape) > 1 {
		axes := []int{0}
		for a := 2; a <= len(r.shape); a++ {
			axes = append(axes, a)
		}
		x = Permute(x, append(axes, 1)...)
	}
	return Reshape(x, tensor.Elements(r.shape), r.classes)
}

// restored gives losses of the rows the axes of the scores.
func (r *rows) restored(loss *autograd.Value) *autograd.Value { return Reshape(loss, r.shape...) }

// labels returns a label for each row, 0 for those to ignore, and the weights of
// them: nil where all are 1.
func (r *rows) labels(label *autograd.Value, ignore []int) (safe, weight *autograd.Value) {
	label = Reshape(label, -1)
	if len(ignore) > 0 {
		out := autograd.Apply(ignoreLabels{Ignore: ignore, DType: r.x.DType()}, label)
		label, r.kept = out[0], out[1]
	}
	weight = r.kept
	if r.weight != nil {
		weight = weigh(IndexSelect(r.weight, 0, label), r.kept)
	}
	return label, weight
}

func weigh(x, weight *autograd.Value) *autograd.Value {
	if weight == nil {
		return x
	}
	return Mul(x, weight)
}

// against returns -Σ w q ln softmax(x) for each row.
func (r *rows) against(q *autograd.Value) *autograd.Value {
	return Sum(Mul(weigh(q, r.weight), Sub(LogSumExpKeep(r.x, -1), r.x)), -1)
}

type ignoreLabels struct {
	Ignore []int
	DType  tensor.DType
	autograd.Constant
}

func (ignoreLabels) Name() string { return "ignore_labels" }

// Infer gives two outputs: labels that are 0 where they are to be ignored, and of
// the float type whether they are not.
func (o ignoreLabels) Infer(in []tensor.Spec) ([]tensor.Spec, error) {
	if err := wantInputs(in, 1); err != nil {
		return nil, err
	}
	if in[0].DType != tensor.Int64 || !o.DType.IsFloat() {
		return nil, fmt.Errorf("want int64 labels, and a float type")
	}
	return append(one(tensor.Int64, in[0].Shape...), one(o.DType, in[0].Shape...)...), nil
}

func (o ignoreLabels) Forward(in, out []*tensor.Tensor) {
	forward(o.DType,
		func() { ignoreForward[float32](o.Ignore, in[0], out) },
		func() { ignoreForward[float64](o.Ignore, in[0], out) })
}

func ignoreForward[T float32 | float64](ignore []int, labels *tensor.Tensor, out []*tensor.Tensor) {
	safe, kept := tensor.Data[int64](out[0]), tensor.Data[T](out[1])
	for i, l := range tensor.Data[int64](labels) {
		safe[i], kept[i] = l, 1
		if slices.Contains(ignore, int(l)) {
			safe[i], kept[i] = 0, 0
		}
	}
}

// NLLConfig is the configuration of NLL.
type NLLConfig struct {
	Ignore []int // labels that do not count
	Reduce Reduce
}

type nll struct{ NLLConfig }

// NLL returns -w x at the label, for logarithms x of probabilities, of shape
// [n classes …], and int64 labels of shape [n …]. weight is w, of [classes]; nil
// means 1. The mean divides by the sum of the weights.
func NLL(x, label, weight *autograd.Value, cfg NLLConfig) *autograd.Value {
	cfg.Ignore = slices.Clone(cfg.Ignore)
	return Apply1(nll{cfg}, withWeight(x, label, weight)...)
}

func (nll) Name() string { return "nll" }

func (o nll) Compose(in []*autograd.Value) []*autograd.Value {
	r := newRows(o.Name(), in)
	label, weight := r.labels(in[1], o.Ignore)
	likely := Reshape(Gather(r.x, 1, Reshape(label, -1, 1)), -1)
	return []*autograd.Value{o.Reduce.weighed(r.restored(weigh(Neg(likely), weight)), weight)}
}

// classReference is the reference of losses of scores [n classes …]: cost gives the
// loss of a row, and its weight.
func classReference(r Reduce, in []Array, cost func(scores []float64, index []int) (loss, weight float64)) []Array {
	x := in[0].Shape()
	losses := NewArray(slices.Delete(slices.Clone(x), 1, 2)...)
	var weights float64
	next := 0
	Each(losses.Shape(), func(index []int) {
		var scores []float64
		for c := range x[1] {
			scores = append(scores, in[0].At(slices.Insert(slices.Clone(index), 1, c)...))
		}
		loss, weight := cost(scores, index)
		losses.Data[next] = loss
		weights += weight
		next++
	})
	return []Array{reduced(r, losses, weights)}
}

func weightOf(in []Array, class int) float64 {
	if len(in) < 3 {
		return 1
	}
	return in[2].At(class)
}

func crossEntropyLossReference(op Operation, in []Array) []Array {
	o := op.(crossEntropyLoss)
	return classReference(o.Reduce, in, func(scores []float64, index []int) (loss, weight float64) {
		var sum float64
		for _, s := range scores {
			sum += math.Exp(s)
		}
		label := -1
		weight = 1
		if in[1].Spec.Rank() < in[0].Spec.Rank() {
			if label = int(in[1].At(index...)); slices.Contains(o.Ignore, label) {
				return 0, 0
			}
			weight = weightOf(in, label)
		}
		for c, s := range scores {
			var q float64
			switch label {
			case -1:
				q = in[1].At(slices.Insert(slices.Clone(index), 1, c)...)
			case c:
				q = 1
			}
			q = (1-o.Smoothing)*q + o.Smoothing/float64(len(scores))
			loss -= weightOf(in, c) * q * (s - math.Log(sum))
		}
		return loss, weight
	})
}

var _ = register(Entry{
	Name: "cross_entropy_loss", Kind: Loss, Formula: "-Σ w q ln softmax(x)", Call: "CrossEntropyLoss(x, target, weight, cfg)",
	Shapes:    "[n c …], [n …] or [n c …], [c] or nil → [] or [n …]",
	Reference: crossEntropyLossReference,
	Cases: []Case{
		{crossEntropyLoss{}, []Arg{In(5, 3), Index(3, 5)}},
		{crossEntropyLoss{CrossEntropyConfig{Reduce: ReduceNone}}, []Arg{In(2, 3, 5), Index(3, 2, 5)}},
		{crossEntropyLoss{CrossEntropyConfig{Smoothing: 0.1}}, []Arg{In(4, 3, 2), Index(3, 4, 2), positive(In(3))}},
		{crossEntropyLoss{CrossEntropyConfig{Ignore: []int{1}}}, []Arg{In(7, 3), Index(3, 7), positive(In(3))}},
		{crossEntropyLoss{CrossEntropyConfig{Ignore: []int{5}, Smoothing: 0.3, Reduce: ReduceSum}}, []Arg{In(9, 4), Index(4, 9)}},
		{crossEntropyLoss{CrossEntropyConfig{Ignore: []int{3}, Smoothing: 0.2, Reduce: ReduceNone}}, []Arg{In(5, 3, 1), Index(4, 5, 1), positive(In(3))}},
		{crossEntropyLoss{}, []Arg{In(3, 5), probability(In(3, 5))}},
		{crossEntropyLoss{CrossEntropyConfig{Smoothing: 0.2}}, []Arg{In(2, 3, 2, 2), probability(In(2, 3, 2, 2)), positive(In(3))}},
		{crossEntropyLoss{CrossEntropyConfig{Reduce: ReduceSum}}, []Arg{In(0, 3), Index(3, 0)}},
	},
})

var _ = register(Entry{
	Name: "ignore_labels", Kind: Loss, Formula: "ignored ? 0 : label, and ignored ? 0 : 1", Shapes: "[…] → […], […]",
	Whole: "labels are few",
	Reference: func(o Operation, in []Array) []Array {
		safe, kept := NewArray(in[0].Shape()...), NewArray(in[0].Shape()...)
		for i, l := range in[0].Data {
			if !slices.Contains(o.(ignoreLabels).Ignore, int(l)) {
				safe.Data[i], kept.Data[i] = l, 1
			}
		}
		return []Array{safe, kept}
	},
	Cases: []Case{
		{ignoreLabels{Ignore: []int{2}, DType: tensor.Float64}, []Arg{Index(4, 3, 5)}},
		{ignoreLabels{Ignore: []int{0, 3}, DType: tensor.Float32}, []Arg{Index(4, 7)}},
		{ignoreLabels{Ignore: []int{0}, DType: tensor.Float32}, []Arg{Index(4, 1)}},
		{ignoreLabels{Ignore: []int{0}, DType: tensor.Float32}, []Arg{Index(4, 0)}},
	},
})

var _ = register(Entry{
	Name: "nll", Kind: Loss, Formula: "-w x at the label", Call: "NLL(x, label, weight, cfg)", Shapes: "[n c …], [n …], [c] or nil → [] or [n …]",
	Linear: [][]int{{0}},
	Reference: func(o Operation, in []Array) []Array {
		cfg := o.(nll).NLLConfig
		return classReference(cfg.Reduce, in, func(scores []float64, index []int) (loss, weight float64) {
			label := int(in[1].At(index...))
			if slices.Contains(cfg.Ignore, label) {
				return 0, 0
			}
			return -weightOf(in, label) * scores[label], weightOf(in, label)
		})
	},
	Cases: []Case{
		{nll{}, []Arg{In(5, 3), Index(3, 5)}},
		{nll{NLLConfig{Reduce: ReduceNone}}, []Arg{In(2, 3, 5), Index(3, 2, 5)}},
		{nll{}, []Arg{In(4, 3, 2), Index(3, 4, 2), positive(In(3))}},
		{nll{NLLConfig{Ignore: []int{1}}}, []Arg{In(7, 3), Index(3, 7), positive(In(3))}},
		{nll{NLLConfig{Ignore: []int{3}, Reduce: ReduceNone}}, []Arg{In(3, 3, 2, 1), Index(4, 3, 2, 1)}},
		{nll{NLLConfig{Reduce: ReduceSum}}, []Arg{In(0, 3), Index(3, 0)}},
	},
})
