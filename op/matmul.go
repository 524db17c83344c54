package op

import (
	"errors"
	"fmt"
	"slices"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/tensor"
)

type matMul struct{ TransA, TransB bool }

// MatMul returns the matrix product a·b of [… m k] and [… k n], whose leading
// axes broadcast. A vector on the left counts as a row, one on the right as a
// column, and that axis disappears from the result. Each element is one chain of
// fused multiply-adds along k. Matrices of packed types give the bits that they give as
// float32, and have no gradient.
func MatMul(a, b *autograd.Value) *autograd.Value {
	in := []*autograd.Value{a, b}
	defer named("matmul", in)
	rankA, rankB := len(a.Shape()), len(b.Shape())
	switch {
	case rankA == 1 && rankB > 0:
		return withoutAxis(MatMul(Reshape(a, 1, a.Shape()[0]), b), max(rankB, 2)-2)
	case rankB == 1 && rankA > 1:
		return withoutAxis(MatMul(a, Reshape(b, b.Shape()[0], 1)), rankA-1)
	case rankA > 2 && rankB == 2:
		return byRows(a, func(rows *autograd.Value) *autograd.Value { return MatMul(rows, b) })
	case a.DType().IsPacked() || b.DType().IsPacked():
		return autograd.Apply1(matMulPacked{productType(a, b)}, a, b)
	}
	return autograd.Apply1(matMul{}, a, b)
}

// withoutAxis drops an axis of size 1.
func withoutAxis(x *autograd.Value, axis int) *autograd.Value {
	return Reshape(x, slices.Delete(slices.Clone(x.Shape()), axis, axis+1)...)
}

// matMulT is MatMul of a or its transpose and b or its transpose.
func matMulT(a, b *autograd.Value, transA, transB bool) *autograd.Value {
	return autograd.Apply1(matMul{transA, transB}, a, b)
}

// byRows applies a function of [n in] to the rows along the last axis of x, which
// become those of [… out].
func byRows(x *autograd.Value, f func(rows *autograd.Value) *autograd.Value) *autograd.Value {
	rows, n := splitLast(x.Shape())
	y := f(Reshape(x, rows, n))
	lead := x.Shape()[:len(x.Shape())-1]
	return Reshape(y, append(slices.Clone(lead), y.Shape()[1])...)
}

func (matMul) Name() string { return "matmul" }

func (o matMul) Infer(in []tensor.Spec) ([]tensor.Spec, error) {
	if err := wantFloats(in, 2); err != nil {
		return nil, err
	}
	if in[0].Rank() < 2 || in[1].Rank() < 2 {
		return nil, errors.New("want at least one axis, and two where it is to be transposed")
	}
	leadA, a := splitMatrix(in[0].Shape)
	leadB, b := splitMatrix(in[1].Shape)
	m, n, k, kb := o.sizes(a, b)
	if k != kb {
		return nil, errors.New("want as many columns on the left as rows on the right, after transposing where asked")
	}
	lead, err := tensor.Broadcast(leadA, leadB)
	if err != nil {
		return nil, fmt.Errorf("leading axes: %w", err)
	}
	return one(in[0].DType, append(lead, m, n)...), nil
}

// splitMatrix returns the leading axes of a shape, and its last two.
func splitMatrix(shape []int) (lead, matrix []int) {
	at := len(shape) - 2
	return shape[:at:at], shape[at:]
}

// sizes returns those of op(a) [m k] and op(b) [kb n].
func (o matMul) sizes(a, b []int) (m, n, k, kb int) {
	m, k, kb, n = a[0], a[1], b[0], b[1]
	if o.TransA {
		m, k = k, m
	}
	if o.TransB {
		kb, n = n, kb
	}
	return m, n, k, kb
}

func (o matMul) Forward(in, out []*tensor.Tensor) { o.Prepare(in, out)() }

// Prepare cuts the product into parts.
func (o matMul) Prepare(in, out []*tensor.Tensor) func() {
	return prepare(out[0].DType(),
		func() func() { return prepareMatMul(&products32, o, in, out[0]) },
		func() func() { return prepareMatMul(&products64, o, in, out[0]) })
}

func prepareMatMul[T kernel.Float](pool *productScratch[T], o matMul, in []*tensor.Tensor, out *tensor.Tensor) func() {
	leadA, a := splitMatrix(in[0].Shape())
	leadB, b := splitMatrix(in[1].Shape())
	m, n, k, _ := o.sizes(a, b)
	g := product[T]{
		transA: o.TransA, transB: o.TransB, m: m, n: n, k: k,
		c: tensor.Data[T](out), a: tensor.Data[T](in[0]), b: tensor.Data[T](in[1]),
	}
	lead, _ := splitMatrix(out.Shape())
	if tensor.Elements(lead) == 1 {
		return g.prepare(pool)
	}
	return g.prepareBatch(pool, newNest(lead, [][]int{rowMajor(lead, lead), rowMajor(leadA, lead), rowMajor(leadB, lead)}))
}

// Block is that of a dense layer, forwards or backwards, where the rows of a are
// examples and b is the same for all.
func (o matMul) Block(in, out []tensor.Spec, ready []bool) *Block {
	if !ready[0] || o.TransA || out[0].Rank() > 2 || in[1].Elements() > maxLaneWeights {
		return nil
	}
	_, n, k, _ := o.sizes(in[0].Shape, in[1].Shape)
	return &Block{Split: []bool{true, false}, Plain: true, Prepare: func(_, _ []kernel.Block) BlockKernel {
		return typedBlock(in[0].DType, 0,
			func(c *BlockCall) { matMulBlock[float32](o.TransB, n, k, c) },
			func(c *BlockCall) { matMulBlock[float64](o.TransB, n, k, c) })
	}}
}

func matMulBlock[T kernel.Float](transB bool, n, k int, c *BlockCall) {
	y, x, w := tensor.Data[T](c.Out[0]), tensor.Data[T](c.In[0]), tensor.Data[T](c.In[1])
	if transB {
		kernel.LinearLanes(c.Lanes, n, k, y, x, w, nil, kernel.None)
		return
	}
	kernel.LinearInputLanes(c.Lanes, k, n, y, x, w)
}

func (o matMul) Backward(call *autograd.Call, grad []*autograd.Value) []*autograd.Value {
	a, b, g := call.In[0], call.In[1], grad[0]
	down := make([]*autograd.Value, 2)
	if call.Needs[0] {
		if o.TransA {
			down[0] = matMulT(b, g, o.TransB, true)
		} else {
			down[0] = matMulT(g, b, false, !o.TransB)
		}
		down[0] = Unbroadcast(down[0], a.Shape())
	}
	if call.Needs[1] {
		if o.TransB {
			down[1] = matMulT(g, a, true, o.TransA)
		} else {
			down[1] = matMulT(a, g, !o.TransA, false)
		}
		down[1] = Unbroadcast(down[1], b.Shape())
	}
	return down
}

// matMulAny is MatMul of any ranks, for its cases.
type matMulAny struct{}

func (matMulAny) Name() string { return "matmul" }

func (matMulAny) Compose(in []*autograd.Value) []*autograd.Value {
	return []*autograd.Value{MatMul(in[0], in[1])}
}

var _ = register(Entry{
	Name: "matmul", Kind: Matrix, Formula: "a · b", Call: "MatMul(a, b)", Shapes: "[… m k], [… k n] → [… m n], or vectors", Bound: 4e-6,
	Linear: [][]int{{0}, {1}},
	Reference: PerElement(func(o Operation, in []Array, index []int) float64 {
		trans, _ := o.(matMul)
		return trans.element(in[0], in[1], index)
	}),
	Cases: []Case{
		{matMul{}, []Arg{In(3, 5), In(5, 4)}},
		{matMul{TransA: true}, []Arg{In(5, 3), In(5, 4)}},
		{matMul{TransB: true}, []Arg{In(3, 5), In(4, 5)}},
		{matMul{TransA: true, TransB: true}, []Arg{In(5, 3), In(4, 5)}},
		{matMul{}, []Arg{In(7, 20), In(20, 70)}},
		{matMul{}, []Arg{In(1, 3), In(3, 1)}},
		{matMul{}, []Arg{In(3, 0), In(0, 2)}},
		{matMul{}, []Arg{In(0, 3), In(3, 2)}},
		{matMul{}, []Arg{In(2, 3, 5), In(2, 5, 4)}},
		{matMul{TransA: true}, []Arg{In(3, 1, 5, 2), In(2, 5, 3)}},
		{matMul{TransB: true}, []Arg{In(3, 4), In(2, 5, 4)}},
		{matMul{TransA: true, TransB: true}, []Arg{In(2, 3, 2), In(1, 4, 3)}},
		{matMul{}, []Arg{In(2, 1, 3), In(0, 1, 3, 2)}},
		{matMulAny{}, []Arg{In(7), In(7)}},
		{matMulAny{}, []Arg{In(3), In(2, 3, 5)}},
		{matMulAny{}, []Arg{In(2, 5, 3), In(3)}},
		{matMulAny{}, []Arg{In(2, 3, 5), In(5, 3)}},
	},
})

// element adds up products along k, of matrices or vectors.
func (o matMul) element(a, b Array, index []int) float64 {
	lead, row, column := index, []int{}, []int{}
	if b.Spec.Rank() > 1 {
		lead, column = cutLast(lead)
	}
	if a.Spec.Rank() > 1 {
		lead, row = cutLast(lead)
	}
	k := a.Shape()[a.Spec.Rank()-1]
	if o.TransA {
		k = a.Shape()[a.Spec.Rank()-2]
	}
	return total([]int{k}, func(at []int) float64 {
		i, j := slices.Concat(row, at), slices.Concat(at, column)
		if o.TransA {
			slices.Reverse(i)
		}
		if o.TransB {
			slices.Reverse(j)
		}
		return a.At(slices.Concat(lead, i)...) * b.At(slices.Concat(lead, j)...)
	})
}

func cutLast(index []int) (rest, last []int) { return index[:len(index)-1], index[len(index)-1:] }
