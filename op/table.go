// Package op holds every operation, one file each, registered in one table.
//
// A file has the struct whose fields are the operation's attributes, the typed
// function that users call, the methods of autograd.Op, and the cases on which
// the operation is judged. Tests, gradient checks and `odyssey gradcheck` range
// over the table, so a new operation is one new file: see docs/adding-an-op.md.
package op

import (
	"cmp"
	"slices"

	"github.com/mlodyssey/odyssey/tensor"
)

// Kind groups operations.
type Kind string

// The kinds of operations.
const (
	Arithmetic    Kind = "arithmetic"
	Elementwise   Kind = "elementwise"
	Logic         Kind = "logic"
	Activation    Kind = "activation"
	Matrix        Kind = "matrix"
	Convolution   Kind = "convolution"
	Reduction     Kind = "reduction"
	Sorting       Kind = "sorting"
	Normalisation Kind = "normalisation"
	Pooling       Kind = "pooling"
	Random        Kind = "dropout"
	Quantisation  Kind = "quantisation"
	Loss          Kind = "loss"
	Sequence      Kind = "sequence"
	Shape         Kind = "shape"
)

// Entry is an operation's row in the table.
type Entry struct {
	Name    string
	Kind    Kind
	Formula string
	Call    string // how users call it, such as "Conv2D(x, w, b, cfg)"; "" for what only gradients and programs are made of
	Shapes  string // of inputs and outputs, such as "[n c h w], [o c kh kw], [o] → [n o h w]"; "" for elementwise ones
	Kinks   string // what the gradient is where the function has none, such as "0 at 0"; "" for a smooth one
	Cases   []Case

	// Once says why there is no second derivative, where there is none: asking for
	// it is an error. "" where there are all.
	Once string

	// Reference is the plainest way to compute what the operation should give:
	// gradient checks tell that derivatives fit their function, the reference that
	// it is the right function.
	Reference Reference

	// Linear has the sets of inputs, by number, in which the operation is linear
	// together while the others stay as they are: {{0, 1}} for a + b, {{0}, {1}} for
	// a · b. Inputs that a case does not have do not count.
	Linear [][]int

	// Bound is the largest error of the float32 result, relative to
	// max(1, |float64 result|), that the cases may show. 0 means exact up to
	// the rounding of the inputs: DefaultBound.
	Bound float64

	// Whole says why a recorded program runs the operation on whole batches; "" for
	// one that works on blocks of a batch, or is made of others.
	Whole string

	// OneShape says why no axis can have size 0 or 1, where that is so.
	OneShape string
}

// DefaultBound is the float32 error of an entry that states none.
const DefaultBound = 1e-6

// Case is attributes, shapes and domains on which an operation is judged.
type Case struct {
	Op Operation
	In []Arg
}

// Arg describes an input of a case. Its values are drawn at random.
type Arg struct {
	Spec   tensor.Spec // floats are judged as float64 and as float32
	Lo, Hi float64     // the range of the values; integers are from Lo to Hi-1
	Gap    float64     // the least distance from 0
	Apart  bool        // keep the values off each other

	Matrices bool // the values are positive definite matrices, in place of all that
}

// In is a float input with values from -2 to 2.
func In(shape ...int) Arg {
	return Arg{Spec: tensor.NewSpec(tensor.Float64, shape...), Lo: -2, Hi: 2}
}

// From narrows the values to a range.
func (a Arg) From(lo, hi float64) Arg {
	a.Lo, a.Hi = lo, hi
	return a
}

// AwayFromZero keeps the values off 0, where a function has a kink or a pole.
func (a Arg) AwayFromZero() Arg {
	a.Gap = 0.05
	return a
}

// Distinct keeps the values off each other, where a function compares them.
func (a Arg) Distinct() Arg {
	a.Apart = true
	return a
}

// Definite makes the values symmetric positive definite matrices along the last two
// axes, not close to singular ones.
func (a Arg) Definite() Arg {
	a.Matrices = true
	return a
}

// Packed is an input of a packed type, made of values from -2 to 2.
func Packed(d tensor.DType, shape ...int) Arg {
	a := In(shape...)
	a.Spec.DType = d
	return a
}

// Index is an int64 input with values from 0 to n-1.
func Index(n int, shape ...int) Arg {
	return Arg{Spec: tensor.NewSpec(tensor.Int64, shape...), Hi: float64(n)}
}

// Mask is an input of bools.
func Mask(shape ...int) Arg {
	return Arg{Spec: tensor.NewSpec(tensor.Bool, shape...), Hi: 2}
}

var table []Entry

// register adds an entry to the table; each file of this package calls it once
// for each operation.
func register(e Entry) struct{} {
	table = append(table, e)
	return struct{}{}
}

// Table returns every operation of this package, by name.
func Table() []Entry {
	t := slices.Clone(table)
	slices.SortFunc(t, func(a, b Entry) int { return cmp.Compare(a.Name, b.Name) })
	return t
}

// Lookup returns the operation of that name.
func Lookup(name string) (Entry, bool) {
	for _, e := range table {
		if e.Name == name {
			return e, true
		}
	}
	return Entry{}, false
}
