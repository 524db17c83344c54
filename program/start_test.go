package program

import (
	"testing"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/tensor"
)

// convWeightOp is the operation of weightGradient for a batch.
func convWeightOp(batch *autograd.Value) autograd.Op {
	a := &assignments{n: batch.Shape()[1]}
	tr := autograd.Record(nil, specs{batch.Spec()}, func(in values) values {
		a.batches = in
		return values{a.weightGradient()}
	})
	for _, ins := range tr.Instructions {
		if _, ok := ins.Op.(op.BatchSum); ok {
			return ins.Op
		}
	}
	panic("no sum over the batch")
}

func linearWeightOp() autograd.Op {
	e, _ := op.Lookup("linear_weight")
	return e.Cases[0].Op.(autograd.Op)
}

// images returns a batch of one pixel each.
func (a *assignments) images() *autograd.Value {
	return op.Reshape(a.one(a.batches), -1, a.n, 1, 1)
}

// goOn returns the sum of an operation, begun from what is there already.
func goOn(o autograd.Op, start *autograd.Value, in ...*autograd.Value) *autograd.Value {
	var s specs
	for _, v := range in {
		s = append(s, v.Spec())
	}
	return o.(op.BatchSum).Running(s).Add(start, in)
}

// A sum that goes on from a variable is written over it, unless the variable is a term as well.
func TestSumsThatGoOnAreWrittenInPlace(t *testing.T) {
	images := func(x *autograd.Value) *autograd.Value { return op.Reshape(x, -1, 3, 1, 1) }
	for name, c := range map[string]struct {
		shape []int
		next  func(v, x *autograd.Value) *autograd.Value
		want  bool
	}{
		"in blocks":      {[]int{3, 3, 1, 1}, func(v, x *autograd.Value) *autograd.Value { return goOn(convWeightOp(x), v, images(x), images(x)) }, true},
		"in slices":      {[]int{3, 3}, func(v, x *autograd.Value) *autograd.Value { return goOn(linearWeightOp(), v, x, x) }, true},
		"of itself":      {[]int{3, 3}, func(v, x *autograd.Value) *autograd.Value { return goOn(linearWeightOp(), v, v, v) }, false},
		"by itself, too": {[]int{3, 3}, func(v, x *autograd.Value) *autograd.Value { return op.Softmax(goOn(linearWeightOp(), v, x, x)) }, false},
	} {
		b := builder(func(m *model, in values) values {
			v := m.variable(false, func() *tensor.Tensor { return draw(tensor.Float32, 1, c.shape...) })
			autograd.Assign(v, c.next(v, op.Tanh(in[0])))
			return nil
		})
		for _, batch := range []int{7, 16, 40} {
			p, err := sameRuns(b, func(run int) []*tensor.Tensor { return []*tensor.Tensor{draw(tensor.Float32, uint64(run), batch, 3)} })
			if err != nil {
				t.Errorf("%s, batch of %d: %v", name, batch, err)
			}
			if batch > 7 && p.inPlace[0] != c.want {
				t.Errorf("%s, batch of %d: in place %v, want %v", name, batch, p.inPlace[0], c.want)
			}
		}
	}
}

// A loop reads what a sum begins from, after the blocks: until then it stays where it is, though a
// variable becomes something else in the same loop, or a value before the loop wants memory.
func TestStartsStayUntilTheLoop(t *testing.T) {
	images := func(x *autograd.Value) *autograd.Value { return op.Reshape(x, -1, 3, 1, 1) }
	for name, b := range map[string]builder{
		"a variable that is assigned": func(m *model, in values) values {
			v := m.variable(false, func() *tensor.Tensor { return draw(tensor.Float32, 1, 3, 3, 1, 1) })
			x := op.Tanh(in[0])
			sum := goOn(convWeightOp(x), v.Detach(), images(x), images(x))
			y := op.Tanh(x)
			plain := goOn(convWeightOp(x), op.Zeros(tensor.Float32, 3, 3, 1, 1), images(y), images(y))
			autograd.Assign(v, op.Tanh(plain))
			return values{op.Tanh(sum)} // makes the sum's group the last of the loop
		},
		"a value": func(m *model, in values) values {
			v := m.variable(false, func() *tensor.Tensor { return draw(tensor.Float32, 1, 3, 3) })
			start := op.Softmax(v)
			x := op.Tanh(in[0])
			sum := goOn(convWeightOp(x), op.Reshape(start, 3, 3, 1, 1), images(x), images(x))
			y := op.Mul(x, op.Sum(start, 0)) // of the phase of the sum
			return values{op.Tanh(sum), op.Tanh(op.Permute(y, 1, 0))}
		},
	} {
		for _, batch := range []int{16, 40} {
			_, err := sameRuns(b, func(run int) []*tensor.Tensor { return []*tensor.Tensor{draw(tensor.Float32, uint64(run), batch, 3)} })
			if err != nil {
				t.Errorf("%s, batch of %d: %v", name, batch, err)
			}
		}
	}
}
