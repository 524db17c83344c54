package op

import (
	"math"

	"github.com/mlodyssey/odyssey/random"
	"github.com/mlodyssey/odyssey/tensor"
)

// plainScores is attention as it is written, for references.
type plainScores struct {
	attention
	attentionSizes
	in, extras []Array
}

func newPlainScores(o attention, in, extras []Array) plainScores {
	n, err := o.sizes([]tensor.Spec{in[0].Spec, in[1].Spec, in[2].Spec})
	if err != nil {
		panic(err)
	}
	return plainScores{o, n, in, extras}
}

// at returns an element of a tensor with heads.
func (a plainScores) at(x Array, b, h, i, c int) float64 { return x.At(a.shape(b, h, i, c)...) }

// dot returns the product of a query's row and a key's.
func (a plainScores) dot(x, y Array, b, h, i, j int) (sum float64) {
	for c := range x.Shape()[3] {
		sum += a.at(x, b, h, i, c) * a.at(y, b, h/(a.h/a.g), j, c)
	}
	return sum
}

func (a plainScores) score(b, h, i, j int) float64 {
	s := a.Scale * a.dot(a.in[0], a.in[1], b, h, i, j)
	if a.Causal && j > i {
		return math.Inf(-1)
	}
	if !a.Masked {
		return s
	}
	switch m := a.extras[0].At(b, h, i, j); {
	case a.extras[0].Spec.DType.IsFloat():
		return s + m
	case m == 0:
		return math.Inf(-1)
	}
	return s
}

// logSum returns log Σ exp of a query's scores, 0 where it looks at no key.
func (a plainScores) logSum(b, h, i int) float64 {
	var sum float64
	for j := range a.s {
		sum += math.Exp(a.score(b, h, i, j))
	}
	if sum == 0 {
		return 0
	}
	return math.Log(sum)
}

// kept returns what dropout multiplies a weight by.
func (a plainScores) kept(b, h, i, j int) float64 {
	if a.Dropout == 0 {
		return 1
	}
	key := a.extras[len(a.extras)-1].Data
	element := ((b*a.h+h)*a.t+i)*a.s + j
	words := random.Philox([4]uint32{uint32(element / 4), 0, uint32(key[1]), 0}, [2]uint32{uint32(key[0]), 0})
	if float64(words[element%4])/(1<<32) < a.Dropout {
		return 0
	}
	return 1 / (1 - a.Dropout)
}

func attentionReference(op Operation, in []Array) []Array {
	a := newPlainScores(op.(attention), in, in[3:])
	y, lse := NewArray(a.shape(a.b, a.h, a.t, a.e)...), NewArray(a.b, a.h, a.t)
	Each([]int{a.b, a.h, a.t}, func(index []int) {
		b, h, i := index[0], index[1], index[2]
		logSum := a.logSum(b, h, i)
		lse.Set(logSum, b, h, i)
		for c := range a.e {
			var sum float64
			for j := range a.s {
				sum += math.Exp(a.score(b, h, i, j)-logSum) * a.kept(b, h, i, j) * a.at(in[2], b, h/(a.h/a.g), j, c)
			}
			y.Set(sum, a.shape(b, h, i, c)...)
		}
	})
	return []Array{y, lse}
}

func attentionGradReference(op Operation, in []Array) []Array {
	a := newPlainScores(op.(attentionGrad).attention, in, in[6:])
	dq, dk, dv := NewArray(in[0].Shape()...), NewArray(in[1].Shape()...), NewArray(in[2].Shape()...)
	add := func(x Array, v float64, b, h, i, c int) { x.Set(a.at(x, b, h, i, c)+v, a.shape(b, h, i, c)...) }
	Each([]int{a.b, a.h, a.t, a.s}, func(index []int) {
		b, h, i, j := index[0], index[1], index[2], index[3]
		group := h / (a.h / a.g)
		p, kept := math.Exp(a.score(b, h, i, j)-in[4].At(b, h, i)), a.kept(b, h, i, j)
		ds := a.Scale * p * (a.dot(in[3], in[2], b, h, i, j)*kept - in[5].At(b, h, i))
		for c := range a.d {
			add(dq, ds*a.at(in[1], b, group, j, c), b, h, i, c)
			add(dk, ds*a.at(in[0], b, h, i, c), b, group, j, c)
		}
		for c := range a.e {
			add(dv, p*kept*a.at(in[3], b, h, i, c), b, group, j, c)
		}
	})
	return []Array{dq, dk, dv}
}
