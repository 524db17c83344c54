package op

import (
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

// Temporary values of kernels.
var (
	scratch32 parallel.Scratch[float32]
	scratch64 parallel.Scratch[float64]
)

// expGrain is grain where each element costs an exponential.
var expGrain = 8192

// fill is how many columns of a row a sum takes at a time.
const fill = 256
