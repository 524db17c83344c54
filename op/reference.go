package op

import (
	"math"
	"slices"

	"github.com/mlodyssey/odyssey/tensor"
)

// Array is a tensor in the plainest form, for references that share nothing
// with what they judge.
type Array struct {
	Spec tensor.Spec
	Data []float64 // row-major
}

// NewArray returns an array of zeros.
func NewArray(shape ...int) Array {
	s := tensor.NewSpec(tensor.Float64, shape...)
	return Array{s, make([]float64, s.Elements())}
}

// Shape returns the sizes of the axes.
func (a Array) Shape() []int { return a.Spec.Shape }

// At returns the element at an index, whose axes of size 1 repeat and whose
// surplus leading axes are dropped, as in broadcasting.
func (a Array) At(index ...int) float64 {
	index = index[len(index)-a.Spec.Rank():]
	at := 0
	for axis, size := range a.Spec.Shape {
		at *= size
		if size != 1 {
			at += index[axis]
		}
	}
	return a.Data[at]
}

// Set changes the element at an index.
func (a Array) Set(v float64, index ...int) { a.Data[a.offset(index)] = v }

// offset returns where the element at an index lies.
func (a Array) offset(index []int) (at int) {
	for axis, size := range a.Spec.Shape {
		at = at*size + index[axis]
	}
	return at
}

// row returns the elements along the last axis, at an index of the others.
func (a Array) row(index []int) []float64 {
	at, last := 0, a.Spec.Rank()-1
	for axis, size := range a.Shape()[:last] {
		at = at*size + index[axis]
	}
	n := a.Shape()[last]
	return a.Data[at*n : (at+1)*n]
}

// along returns the elements along an axis, at an index of the others.
func (a Array) along(axis int, index []int) []float64 {
	axis, _ = resolveAxis(axis, a.Spec.Rank())
	line, at := make([]float64, a.Shape()[axis]), slices.Clone(index)
	for i := range line {
		at[axis] = i
		line[i] = a.At(at...)
	}
	return line
}

// Reference works out what an operation should give, in float64 and in the
// plainest way: all of its outputs, or the first few of them.
type Reference func(o Operation, in []Array) []Array

// Each calls f with every index of a shape, in order. f may keep the index.
func Each(shape []int, f func(index []int)) {
	for i := range tensor.Elements(shape) {
		index := make([]int, len(shape))
		for axis := len(shape) - 1; axis >= 0; axis-- {
			index[axis] = i % shape[axis]
			i /= shape[axis]
		}
		f(index)
	}
}

// PerElement is a reference that gives each element of the first output.
func PerElement[O Operation](f func(o O, in []Array, index []int) float64) Reference {
	return func(o Operation, in []Array) []Array {
		specs := make([]tensor.Spec, len(in))
		for i, a := range in {
			specs[i] = a.Spec
		}
		out, err := Infer(o, specs)
		if err != nil {
			panic(err)
		}
		y := NewArray(out[0].Shape...)
		next := 0
		Each(y.Shape(), func(index []int) {
			y.Data[next] = f(o.(O), in, index)
			next++
		})
		return []Array{y}
	}
}

// OfOne is the reference of a function of one number.
func OfOne(f func(x float64) float64) Reference {
	return PerElement(func(_ Operation, in []Array, index []int) float64 { return f(in[0].At(index...)) })
}

// OfTwo is the reference of a function of two numbers.
func OfTwo(f func(a, b float64) float64) Reference {
	return PerElement(func(_ Operation, in []Array, index []int) float64 {
		return f(in[0].At(index...), in[1].At(index...))
	})
}

// total returns the sum of f over every index of a shape.
func total(shape []int, f func(index []int) float64) (sum float64) {
	Each(shape, func(index []int) { sum += f(index) })
	return sum
}

// logTotal returns ln Σ exp(x).
func logTotal(x []float64) float64 {
	var sum float64
	for _, v := range x {
		sum += math.Exp(v)
	}
	return math.Log(sum)
}

// momentsOf returns the mean of numbers and their variance around it.
func momentsOf(x []float64) (mean, variance float64) {
	for _, v := range x {
		mean += v / float64(len(x))
	}
	for _, v := range x {
		variance += (v - mean) * (v - mean) / float64(len(x))
	}
	return mean, variance
}

// eachReduced calls f with the elements of x that a reduction over axes, or over
// all, makes one element of its output of. keep says whether the axes stay.
func eachReduced(x Array, axes []int, keep bool, index []int, f func(v float64)) {
	axes, _ = resolveAxes(axes, x.Spec.Rank())
	Each(x.Shape(), func(at []int) {
		next := 0
		for a, i := range at {
			reduced := slices.Contains(axes, a)
			if !reduced && index[next] != i {
				return
			}
			if !reduced || keep {
				next++
			}
		}
		f(x.At(at...))
	})
}

// reducedOf returns the elements that eachReduced gives, in order.
func reducedOf(x Array, axes []int, keep bool, index []int) (elements []float64) {
	eachReduced(x, axes, keep, index, func(v float64) { elements = append(elements, v) })
	return elements
}
