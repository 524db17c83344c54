package op

import (
	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/parallel"
	"github.com/mlodyssey/odyssey/tensor"
)

// grain is how many elements a goroutine takes at a time where each costs about
// a nanosecond: below it a second goroutine costs more than it saves.
var grain = 16384

// forward calls the function for the type of the tensors: every kernel is
// generic, and this is where a dtype picks its instance.
func forward(d tensor.DType, f32, f64 func()) {
	if d == tensor.Float64 {
		f64()
		return
	}
	f32()
}

// Preparer is an operation that gets ready for tensors that stay where they are:
// running it again and again then allocates nothing.
type Preparer interface {
	autograd.Op
	Prepare(in, out []*tensor.Tensor) (run func())
}

// Prepare returns a function that does what Forward of an operation does. fixed
// says of which inputs the elements stay as they are until the next call.
func Prepare(o autograd.Op, in, out []*tensor.Tensor, fixed []bool) (run func()) {
	switch o := o.(type) {
	case FixedPreparer:
		return o.PrepareFixed(in, out, fixed)
	case Preparer:
		return o.Prepare(in, out)
	case Pointwise:
		return preparePointwise(o, in, out)
	case mixed:
		return prepareMixed(o, in, out)
	}
	return func() { o.Forward(in, out) }
}

// prepare is forward for Prepare.
func prepare(d tensor.DType, f32, f64 func() func()) func() {
	if d == tensor.Float64 {
		return f64()
	}
	return f32()
}

// Temporary values of kernels.
var (
	scratch32 parallel.Scratch[float32]
	scratch64 parallel.Scratch[float64]

	scratches = [...]any{&scratch32, &scratch64, new(parallel.Scratch[int64]), new(parallel.Scratch[bool])}
)

// scratchOf returns where temporary values of a type are kept.
func scratchOf[T any]() *parallel.Scratch[T] {
	for _, s := range scratches {
		if s, ok := s.(*parallel.Scratch[T]); ok {
			return s
		}
	}
	panic("op: a type without temporary values")
}

// expGrain is grain where each element costs an exponential.
var expGrain = 8192

// fill is how many columns of a row a sum takes at a time.
const fill = 256
