package op

import (
	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/tensor"
)

// Dot returns Σ a·b of two vectors of one length: a chain of fused multiply-adds.
func Dot(a, b *autograd.Value) *autograd.Value { return Apply1(dot{}, a, b) }

type dot struct{}

func (dot) Name() string { return "dot" }

func (dot) Compose(in []*autograd.Value) []*autograd.Value {
	if len(in[0].Shape()) != 1 || len(in[1].Shape()) != 1 {
		tensor.Fail("dot", specsOf(in), "want two vectors")
	}
	return []*autograd.Value{MatMul(in[0], in[1])}
}

// Outer returns the products of each element of a vector a with each of b.
func Outer(a, b *autograd.Value) *autograd.Value { return Apply1(outer{}, a, b) }

type outer struct{}

func (outer) Name() string { return "outer" }

func (outer) Compose(in []*autograd.Value) []*autograd.Value {
	a, b := in[0], in[1]
	if len(a.Shape()) != 1 || len(b.Shape()) != 1 {
		tensor.Fail("outer", specsOf(in), "want two vectors")
	}
	return []*autograd.Value{Mul(Reshape(a, a.Shape()[0], 1), b)}
}

// vectorCases are pairs of vectors.
func vectorCases(o Operation, sizes ...[2]int) (cases []Case) {
	for _, n := range sizes {
		cases = append(cases, Case{o, []Arg{In(n[0]), In(n[1])}})
	}
	return cases
}

var _ = register(Entry{
	Name: "dot", Kind: Matrix, Formula: "Σ a·b", Call: "Dot(a, b)", Shapes: "[n], [n] → []", Bound: 4e-6,
	Linear: [][]int{{0}, {1}},
	Reference: PerElement(func(_ Operation, in []Array, _ []int) float64 {
		return total(in[0].Shape(), func(i []int) float64 { return in[0].At(i...) * in[1].At(i...) })
	}),
	Cases: vectorCases(dot{}, [2]int{7, 7}, [2]int{1, 1}, [2]int{0, 0}, [2]int{33, 33}, [2]int{5, 5}),
})

var _ = register(Entry{
	Name: "outer", Kind: Matrix, Formula: "aᵢ·bⱼ", Call: "Outer(a, b)", Shapes: "[m], [n] → [m n]",
	Linear:    [][]int{{0}, {1}},
	Reference: PerElement(func(_ Operation, in []Array, at []int) float64 { return in[0].At(at[0]) * in[1].At(at[1]) }),
	Cases:     vectorCases(outer{}, [2]int{5, 7}, [2]int{1, 3}, [2]int{3, 0}, [2]int{17, 2}, [2]int{4, 1}),
})
