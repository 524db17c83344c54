package op_test

import (
	"math"
	"slices"
	"testing"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/tensor"
)

func TestMistakesOfShapes(t *testing.T) {
	index := func(shape []int, v ...int64) *autograd.Value { return autograd.Const(tensor.FromSlice(v, shape...)) }
	x := func() *autograd.Value { return zeros(2, 5) }
	wantMistakes(t, map[string]func(){
		"slice of float32[2 5]: axis 2 is outside the 2 axes":                                             func() { op.Slice(x(), op.Range{Axis: 2}) },
		"slice of float32[2 5]: axes [1 -1] name one twice":                                               func() { op.Slice(x(), op.Range{Axis: 1}, op.Range{Axis: -1}) },
		"slice of float32[2 5]: want a range of the 5 elements along axis 1, not 3:6:1":                   func() { op.Slice(x(), op.Range{Axis: 1, Start: 3, Stop: 6}) },
		"slice of float32[2 5]: want a range of the 5 elements along axis 1, not -6::1":                   func() { op.Slice(x(), op.Range{Axis: 1, Start: -6, Stop: op.End}) },
		"slice of float32[2 5]: want a range of the 5 elements along axis 1, not 3:2:1":                   func() { op.Slice(x(), op.Range{Axis: 1, Start: 3, Stop: 2}) },
		"slice of float32[2 5]: want a range of the 5 elements along axis 1, not 2:3:-1":                  func() { op.Slice(x(), op.Range{Axis: 1, Start: 2, Stop: 3, Step: -1}) },
		"slice of float32[2 5]: want a range of the 5 elements along axis 1, not 5::-1":                   func() { op.Slice(x(), op.Range{Axis: 1, Start: 5, Stop: op.End, Step: -1}) },
		"concat: want at least one input":                                                                 func() { op.Concat(0) },
		"concat of float32[2 5], float32[3 5]: want inputs of one type and, but for axis 1, one shape":    func() { op.Concat(1, x(), zeros(3, 5)) },
		"concat of float32[2 5], float64[2 5]: want inputs of one type":                                   func() { op.Concat(1, x(), op.Zeros(tensor.Float64, 2, 5)) },
		"concat of float32[2 5]: axis 2 is outside the 2 axes":                                            func() { op.Concat(2, x()) },
		"stack of float32[2 5], float32[2 4]: want inputs of one shape":                                   func() { op.Stack(0, x(), zeros(2, 4)) },
		"stack: want at least one input":                                                                  func() { op.Stack(0) },
		"stack of float32[2 5]: axis 3 is outside the 3 axes":                                             func() { op.Stack(3, x()) },
		"split of float32[2 5]: want sizes that make up the 5 elements along axis 1, not [2 2]":           func() { op.Split(x(), 1, 2, 2) },
		"split of float32[2 5]: want no negative sizes, not [6 -1]":                                       func() { op.Split(x(), 1, 6, -1) },
		"chunk of float32[2 5]: want 2 equal parts of the 5 elements along axis 1":                        func() { op.Chunk(x(), 1, 2) },
		"pad of float32[2 5]: want padding of up to 2 axes":                                               func() { op.Pad(x(), op.PadConfig{Before: []int{1, 1, 1}}) },
		"pad of float32[2 5]: want padding of up to 2 axes, and no negative one, not [-1] and []":         func() { op.Pad(x(), op.PadConfig{Before: []int{-1}}) },
		"pad of float32[2 5]: want reflect padding of at most 4 along axis 1, not 5 and 0":                func() { op.Pad(x(), op.PadConfig{Before: []int{5}, Mode: op.PadReflect}) },
		"pad of float32[2 5]: want circular padding of at most 5 along axis 1, not 0 and 6":               func() { op.Pad(x(), op.PadConfig{After: []int{6}, Mode: op.PadCircular}) },
		"pad of float32[2 0]: want replicate padding of at most 0 along axis 1, not 1 and 0":              func() { op.Pad(zeros(2, 0), op.PadConfig{Before: []int{1}, Mode: op.PadReplicate}) },
		"pad of float32[2 5]: want one of the modes of padding, not 7":                                    func() { op.Pad(x(), op.PadConfig{Before: []int{1}, Mode: 7}) },
		"transpose of float32[2 5]: axis 2 is outside the 2 axes":                                         func() { op.Transpose(x(), 0, 2) },
		"squeeze of float32[2 5]: want an axis 1 of size 1, not 5":                                        func() { op.Squeeze(x(), 1) },
		"unsqueeze of float32[2 5]: axis 3 is outside the 3 axes":                                         func() { op.Unsqueeze(x(), 3) },
		"tile of float32[2 5]: want a number of times for each axis, and no negative one, not [2]":        func() { op.Tile(x(), 2) },
		"repeat of float32[2 5]: want no negative number of times, not -1":                                func() { op.Repeat(x(), 0, -1) },
		"flip of float32[2 5]: axis -3 is outside the 2 axes":                                             func() { op.Flip(x(), -3) },
		"roll of float32[2 5]: axis 2 is outside the 2 axes":                                              func() { op.Roll(x(), 2, 1) },
		"index_select of float32[2 5], float32[2]: want an index of int64":                                func() { op.IndexSelect(x(), 0, zeros(2)) },
		"index_select of float32[0 5], int64[1]: want an axis that has elements":                          func() { op.IndexSelect(zeros(0, 5), 0, index([]int{1}, 0)) },
		"index_select: the index at [1 0] is 2, want 0 to 1":                                              func() { op.IndexSelect(x(), 0, index([]int{2, 2}, 0, 1, 2, 0)) },
		"index_select: the index at [0] is -1, want 0 to 4":                                               func() { op.IndexSelect(x(), 1, index([]int{1}, -1)) },
		"index_add of float32[2 5], int64[3], float32[2 5]: want an index [n] and rows [3 5]":             func() { op.IndexAdd(x(), 0, index([]int{3}, 0, 1, 0), x()) },
		"index_add of float32[2 5], int64[3], float32[3 5]: the index at [2] is 2, want 0 to 1":           func() { op.IndexAdd(x(), 0, index([]int{3}, 0, 1, 2), zeros(3, 5)) },
		"gather of float32[2 5], int64[3 1]: want an index with the sizes of the values, but for axis 1":  func() { op.Gather(x(), 1, index([]int{3, 1}, 0, 0, 0)) },
		"gather: the index at [1 0] is 5, want 0 to 4":                                                    func() { op.Gather(x(), 1, index([]int{2, 1}, 0, 5)) },
		"scatter_add of float32[2 5], int64[3 1], float32[3 1]: want values with the sizes of the first":  func() { op.ScatterAdd(x(), 1, index([]int{3, 1}, 0, 0, 0), zeros(3, 1)) },
		"scatter_add of float32[2 5], int64[2 2], float32[2 1]: want values and an index of one shape":    func() { op.ScatterAdd(x(), 1, index([]int{2, 2}, 0, 0, 0, 0), zeros(2, 1)) },
		"scatter_add of float32[2 5], int64[2 2], float32[2 2]: the index at [0 1] is -3, want 0 to 4":    func() { op.ScatterAdd(x(), 1, index([]int{2, 2}, 0, -3, 0, 0), zeros(2, 2)) },
		"var of float32[2 1]: want a correction of at least 0 and below 1, the number of elements, not 1": func() { op.Var(zeros(2, 1), 1, 1) },
		"std of float32[2 0]: want a correction of at least 0 and below 0, the number of elements, not 0": func() { op.Std(zeros(2, 0), 0, 1) },
		"max of float32[2 0]: want axes that are not empty":                                               func() { op.Max(zeros(2, 0), 1) },
		"min of float32[2 0]: want axes that are not empty":                                               func() { op.Min(zeros(2, 0), 1) },
		"max of int64[2]: want inputs of one float type":                                                  func() { op.Max(index([]int{2}, 0, 0)) },
		"prod of float32[2 5]: axis 2 is outside the 2 axes":                                              func() { op.Prod(x(), 2) },
		"norm of float32[2 5]: want a p of at least 1, not 0.5":                                           func() { op.Norm(x(), 0.5) },
		"norm of float32[2 0]: want axes that are not empty":                                              func() { op.Norm(zeros(2, 0), math.Inf(1), 1) },
		"cumsum of float32[2 5]: axis -3 is outside the 2 axes":                                           func() { op.CumSum(x(), -3) },
		"logsumexp of int64[2]: want inputs of one float type":                                            func() { op.LogSumExp(index([]int{2}, 0, 0)) },
		"argmax of float32[2 5]: want one axis, or none, not [0 1]":                                       func() { op.ArgMax(x(), 0, 1) },
		"argmin of float32[0]: want axes that are not empty":                                              func() { op.ArgMin(zeros(0)) },
		"any of float32[2 5]: axis 2 is outside the 2 axes":                                               func() { op.Any(x(), 2) },
		"sort of float32[2 5]: axis 2 is outside the 2 axes":                                              func() { op.Sort(x(), 2, op.Ascending) },
		"topk of float32[2 5]: want 0 to 5 elements, as many as axis 1 has, not 6":                        func() { op.TopK(x(), 6, 1, op.Descending) },
	})
}

func TestSpecialNumbersInReductions(t *testing.T) {
	nan, inf, negative := math.NaN(), math.Inf(1), math.Copysign(0, -1)
	x := func(v ...float64) *autograd.Value { return autograd.Const(tensor.FromSlice(v, len(v))) }
	none := op.Zeros(tensor.Float64, 2, 0)
	at := func(v *autograd.Value) *autograd.Value { return op.Cast(op.Reshape(v, -1), tensor.Float64) }
	values := func(v, _ *autograd.Value) *autograd.Value { return v }
	places := func(_, index *autograd.Value) *autograd.Value { return at(index) }
	for name, c := range map[string]struct{ got, want *autograd.Value }{
		"product of nothing":          {op.Prod(none, 1), x(1, 1)},
		"logsumexp of nothing":        {op.LogSumExp(none, 1), x(-inf, -inf)},
		"mean of nothing":             {op.Mean(none, 1), x(nan, nan)},
		"any of nothing":              {at(op.Any(none, 1)), x(0, 0)},
		"all of nothing":              {at(op.All(none, 1)), x(1, 1)},
		"any of NaN":                  {at(op.Any(x(0, nan))), x(1)},
		"product with NaN":            {at(op.Prod(x(0, nan, 1))), x(nan)},
		"max with NaN":                {at(op.Max(x(1, nan, inf))), x(nan)},
		"min with NaN":                {at(op.Min(x(1, nan, -inf))), x(nan)},
		"max by columns with NaN":     {op.Max(op.Reshape(x(1, 2, nan, 1, 0, 5), 3, 2), 0), x(nan, 5)},
		"max of zeros":                {at(op.Max(x(negative, 0, negative))), x(0)},
		"min of zeros":                {at(op.Min(x(0, negative, 0))), x(negative)},
		"argmax with NaN":             {at(op.ArgMax(x(1, nan, inf, nan))), x(1)},
		"argmin with NaN":             {at(op.ArgMin(x(1, nan, -inf, nan))), x(1)},
		"argmax of equals":            {at(op.ArgMax(x(1, 3, 2, 3))), x(1)},
		"argmin of equals":            {at(op.ArgMin(op.Reshape(x(1, 0, 0, 0), 2, 2), 0)), x(1, 0)},
		"logsumexp of large":          {at(op.LogSumExp(x(1000, 1000, -1000))), op.Add(x(1000), op.Log(x(2)))},
		"logsumexp of -Inf":           {op.LogSumExp(op.Reshape(x(-inf, -inf, -inf, 0), 2, 2), 1), x(-inf, 0)},
		"logsumexp of Inf":            {at(op.LogSumExp(x(inf, 0))), x(inf)},
		"logsumexp with NaN":          {at(op.LogSumExp(x(nan, inf))), x(nan)},
		"variance far from 0":         {at(op.Var(x(1e8+1, 1e8+2, 1e8+3), 1)), x(1)},
		"variance of one":             {at(op.Var(x(5), 0)), x(0)},
		"length of nothing":           {op.Norm(none, 2, 1), x(0, 0)},
		"length with NaN":             {at(op.Norm(x(3, nan), 2)), x(nan)},
		"length of 0, p=3":            {at(op.Norm(x(0, 0), 3)), x(0)},
		"largest of a norm":           {at(op.Norm(x(3, -inf), inf)), x(inf)},
		"cumulative sums with NaN":    {op.CumSum(x(1, nan, 2), 0), x(1, nan, nan)},
		"sorted with NaN":             {values(op.Sort(x(nan, 2, -inf, nan, 1), 0, op.Ascending)), x(-inf, 1, 2, nan, nan)},
		"sorted downwards with NaN":   {values(op.Sort(x(nan, 2, -inf, nan, 1), 0, op.Descending)), x(2, 1, -inf, nan, nan)},
		"places of NaN":               {places(op.Sort(x(nan, 2, -inf, nan, 1), 0, op.Descending)), x(1, 4, 2, 0, 3)},
		"places of equals":            {places(op.Sort(x(2, 1, 2, 1), 0, op.Ascending)), x(1, 3, 0, 2)},
		"places of equals, downwards": {places(op.Sort(x(2, 1, 2, 1), 0, op.Descending)), x(0, 2, 1, 3)},
		"zeros stay in order":         {values(op.Sort(x(0, negative, -1), 0, op.Ascending)), x(-1, 0, negative)},
		"the first two":               {values(op.TopK(x(1, 3, 2), 2, 0, op.Descending)), x(3, 2)},
		"rolled by more than it has":  {op.Roll(x(1, 2, 3), 0, -7), x(2, 3, 1)},
	} {
		if !sameBits(c.got.Tensor(), c.want.Tensor()) {
			t.Errorf("%s is %v, want %v", name, c.got.Tensor(), c.want.Tensor())
		}
	}
}

// The gradients that the docs promise at kinks, and where zeros would spoil them.
func TestGradientsOfReductionsAtKinks(t *testing.T) {
	for name, c := range map[string]struct {
		f       func(x *autograd.Value) *autograd.Value
		x, want []float64
	}{
		"max of equals":           {func(x *autograd.Value) *autograd.Value { return op.Max(x) }, []float64{3, 1, 3, 2}, []float64{0.5, 0, 0.5, 0}},
		"min of equals":           {func(x *autograd.Value) *autograd.Value { return op.Min(x) }, []float64{1, 1, 1, 1}, []float64{0.25, 0.25, 0.25, 0.25}},
		"std of equals":           {func(x *autograd.Value) *autograd.Value { return op.Std(x, 1) }, []float64{2, 2}, []float64{0, 0}},
		"length of zeros":         {func(x *autograd.Value) *autograd.Value { return op.Norm(x, 2) }, []float64{0, 0}, []float64{0, 0}},
		"length":                  {func(x *autograd.Value) *autograd.Value { return op.Norm(x, 2) }, []float64{0, -2}, []float64{0, -1}},
		"norm of zeros, p=3":      {func(x *autograd.Value) *autograd.Value { return op.Norm(x, 3) }, []float64{0, 0}, []float64{0, 0}},
		"product with a zero":     {func(x *autograd.Value) *autograd.Value { return op.Prod(x) }, []float64{2, 0, 3}, []float64{0, 6, 0}},
		"product with two zeros":  {func(x *autograd.Value) *autograd.Value { return op.Prod(x) }, []float64{2, 0, 0}, []float64{0, 0, 0}},
		"logsumexp with an -Inf":  {func(x *autograd.Value) *autograd.Value { return op.LogSumExp(x) }, []float64{0, math.Inf(-1), 0}, []float64{0.5, 0, 0.5}},
		"the largest, of a place": {func(x *autograd.Value) *autograd.Value { v, _ := op.TopK(x, 1, 0, op.Descending); return op.Sum(v) }, []float64{1, 2, 2}, []float64{0, 1, 0}},
	} {
		x := autograd.Variable("x", tensor.FromSlice(c.x, len(c.x)))
		if got := tensor.Data[float64](autograd.Grad(c.f(x), x)[0].Tensor()); !slices.Equal(got, c.want) {
			t.Errorf("%s: the gradient is %v, want %v", name, got, c.want)
		}
	}
}

// The variance is worked out around the mean, so float32 keeps its digits far from
// 0.
func TestVarianceInFloat32(t *testing.T) {
	x := autograd.Const(tensor.FromSlice([]float32{10000.25, 10000.5, 10000.75, 10001}, 4))
	if got, want := float32(op.Var(x, 0).Tensor().Item()), float32(0.078125); got != want {
		t.Errorf("the variance is %v, want %v", got, want)
	}
}

// Elements of all types move, in boxes of any shape.
func TestMovesOfManyElements(t *testing.T) {
	const n, c, m = 3, 130, 67
	for _, d := range []tensor.DType{tensor.Float32, tensor.Float64, tensor.Int32, tensor.Int64, tensor.Uint8, tensor.Bool} {
		x := tensor.New(tensor.Int64, n, c, m)
		for i := range tensor.Data[int64](x) {
			tensor.Data[int64](x)[i] = int64(i * 7 % 251)
		}
		x = x.Convert(d)
		for _, axes := range [][]int{{0, 2, 1}, {2, 1, 0}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}} {
			want := x.Permute(axes...).Contiguous()
			if !op.Permute(autograd.Const(x), axes...).Tensor().Equal(want) {
				t.Errorf("%v: axes reordered to %v are not as the view says", d, axes)
			}
		}
		v := autograd.Const(x)
		parts := op.Split(v, 1, 1, 100, 29)
		if !op.Concat(1, parts...).Tensor().Equal(x) {
			t.Errorf("%v: parts joined are not what was cut", d)
		}
		if !op.Flip(op.Flip(v, 0, 2), 2, 0).Tensor().Equal(x) {
			t.Errorf("%v: turned round twice is not what was there", d)
		}
	}
}

// Reductions that keep their axes give the elements of those that do not.
func TestReductionsThatKeepTheirAxes(t *testing.T) {
	x := autograd.Const(tensor.FromSlice([]float32{1, 0, -2, 3, 5, -7}, 2, 3))
	type reduction func(x *autograd.Value, axes ...int) *autograd.Value
	norm := func(f func(*autograd.Value, float64, ...int) *autograd.Value) reduction {
		return func(x *autograd.Value, axes ...int) *autograd.Value { return f(x, 2, axes...) }
	}
	corrected := func(f func(*autograd.Value, int, ...int) *autograd.Value) reduction {
		return func(x *autograd.Value, axes ...int) *autograd.Value { return f(x, 1, axes...) }
	}
	for name, f := range map[string]struct{ plain, keep reduction }{
		"sum": {op.Sum, op.SumKeep}, "mean": {op.Mean, op.MeanKeep}, "prod": {op.Prod, op.ProdKeep},
		"max": {op.Max, op.MaxKeep}, "min": {op.Min, op.MinKeep}, "log_sum_exp": {op.LogSumExp, op.LogSumExpKeep},
		"any": {op.Any, op.AnyKeep}, "all": {op.All, op.AllKeep},
		"argmax": {op.ArgMax, op.ArgMaxKeep}, "argmin": {op.ArgMin, op.ArgMinKeep},
		"norm": {norm(op.Norm), norm(op.NormKeep)},
		"var":  {corrected(op.Var), corrected(op.VarKeep)}, "std": {corrected(op.Std), corrected(op.StdKeep)},
	} {
		if got, want := f.keep(x, 1), op.Unsqueeze(f.plain(x, 1), 1); !got.Tensor().Equal(want.Tensor()) {
			t.Errorf("%s is %v, want %v", name, got.Tensor(), want.Tensor())
		}
	}
}
