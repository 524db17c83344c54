package op

import (
	"fmt"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/tensor"
)

type oneHot struct {
	Classes int
	DType   tensor.DType
	autograd.Constant
}

// OneHot returns, for each int64 label, a row that is 1 at the label and 0
// elsewhere, along a new last axis.
func OneHot(label *autograd.Value, classes int, d tensor.DType) *autograd.Value {
	return autograd.Apply1(oneHot{Classes: classes, DType: d}, label)
}

func (oneHot) Name() string { return "one_hot" }

func (o oneHot) Infer(in []tensor.Spec) ([]tensor.Spec, error) {
	if err := wantInputs(in, 1); err != nil {
		return nil, err
	}
	if in[0].DType != tensor.Int64 || o.Classes < 1 || !o.DType.IsFloat() {
		return nil, fmt.Errorf("want int64 labels, at least one class and a float type")
	}
	return one(o.DType, append(append([]int{}, in[0].Shape...), o.Classes)...), nil
}

func (o oneHot) Forward(in, out []*tensor.Tensor) {
	label := tensor.Data[int64](in[0])
	checkLabels("one_hot", label, o.Classes, 0)
	forward(out[0].DType(),
		func() { oneHotForward(tensor.Data[float32](out[0]), label, o.Classes) },
		func() { oneHotForward(tensor.Data[float64](out[0]), label, o.Classes) })
}

func oneHotForward[T float32 | float64](y []T, label []int64, classes int) {
	clear(y)
	for i, l := range label {
		y[i*classes+int(l)] = 1
	}
}

// checkLabels panics on a label that is no class, which would read or write
// elsewhere. The labels are those from number first on.
func checkLabels(op string, label []int64, classes, first int) {
	for i, l := range label {
		if l < 0 || l >= int64(classes) {
			tensor.Fail(op, nil, "label %d is %d, want 0 to %d", first+i, l, classes-1)
		}
	}
}

// wantScoresAndLabels checks for scores [n, classes] and labels [n].
func wantScoresAndLabels(in []tensor.Spec) error {
	if err := wantInputs(in, 2); err != nil {
		return err
	}
	x, label := in[0], in[1]
	if !x.DType.IsFloat() || x.Rank() != 2 || x.Shape[1] < 1 ||
		label.DType != tensor.Int64 || label.Rank() != 1 || label.Shape[0] != x.Shape[0] {
		return fmt.Errorf("want float scores [n classes] and int64 labels [n]")
	}
	return nil
}

var _ = register(Entry{
	Name: "one_hot", Kind: Shape, Formula: "1 at the label, else 0", Call: "OneHot(label, classes, dtype)", Shapes: "[…] → [… classes]",
	Whole: "only in second derivatives",
	Reference: PerElement(func(_ oneHot, in []Array, index []int) float64 {
		last := len(index) - 1
		if int(in[0].At(index[:last]...)) == index[last] {
			return 1
		}
		return 0
	}),
	Cases: []Case{
		{oneHot{Classes: 7, DType: tensor.Float32}, []Arg{Index(7, 3, 5)}},
		{oneHot{Classes: 3, DType: tensor.Float64}, []Arg{Index(3, 11)}},
		{oneHot{Classes: 5, DType: tensor.Float64}, []Arg{Index(5, 4)}},
		{oneHot{Classes: 3, DType: tensor.Float32}, []Arg{Index(3, 2, 1)}},
		{oneHot{Classes: 3, DType: tensor.Float64}, []Arg{Index(3, 0)}},
	},
})
