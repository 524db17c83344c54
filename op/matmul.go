package op

import (
	"errors"
	"slices"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/tensor"
)

type matMul struct{ TransA, TransB bool }

// MatMul returns the matrix product a·b of [m k] and [k n]. Each element is one
// chain of fused multiply-adds along k.
func MatMul(a, b *autograd.Value) *autograd.Value { return matMulT(a, b, false, false) }

// matMulT is MatMul of a or its transpose and b or its transpose.
func matMulT(a, b *autograd.Value, transA, transB bool) *autograd.Value {
	return autograd.Apply1(matMul{transA, transB}, a, b)
}

func (matMul) Name() string { return "matmul" }

func (o matMul) Infer(in []tensor.Spec) ([]tensor.Spec, error) {
	if err := wantFloats(in, 2); err != nil {
		return nil, err
	}
	if err := wantRank(in, 2, "[rows columns]"); err != nil {
		return nil, err
	}
	m, n, k, kb := o.sizes(in[0].Shape, in[1].Shape)
	if k != kb {
		return nil, errors.New("want as many columns on the left as rows on the right, after transposing where asked")
	}
	return one(in[0].DType, m, n), nil
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
	m, n, k, _ := o.sizes(in[0].Shape(), in[1].Shape())
	return product[T]{
		transA: o.TransA, transB: o.TransB, m: m, n: n, k: k,
		c: tensor.Data[T](out), a: tensor.Data[T](in[0]), b: tensor.Data[T](in[1]),
	}.prepare(pool)
}

// Block is that of a dense layer, forwards or backwards, where the rows of a are
// examples and b is the same for all.
func (o matMul) Block(in, out []tensor.Spec, ready []bool) *Block {
	if !ready[0] || o.TransA || in[1].Elements() > maxLaneWeights {
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
	}
	if call.Needs[1] {
		if o.TransB {
			down[1] = matMulT(g, a, true, o.TransA)
		} else {
			down[1] = matMulT(a, g, !o.TransA, false)
		}
	}
	return down
}

var _ = register(Entry{
	Name: "matmul", Kind: Matrix, Formula: "a · b", Call: "MatMul(a, b)", Shapes: "[m k], [k n] → [m n]", Bound: 4e-6,
	Reference: PerElement(func(o matMul, in []Array, index []int) float64 {
		a, b := in[0], in[1]
		k := a.Shape()[1]
		if o.TransA {
			k = a.Shape()[0]
		}
		return total([]int{k}, func(at []int) float64 {
			i, j := []int{index[0], at[0]}, []int{at[0], index[1]}
			if o.TransA {
				slices.Reverse(i)
			}
			if o.TransB {
				slices.Reverse(j)
			}
			return a.At(i...) * b.At(j...)
		})
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
	},
})
