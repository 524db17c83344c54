package nn

import (
	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/tensor"
)

// Convert makes the float variables of a model ones of another float type. Whatever was
// made of them before, such as an optimiser, is to be made anew.
func Convert(model any, d tensor.DType) {
	for _, v := range Variables(model) {
		if v.Value.DType().IsFloat() {
			autograd.Retype(v.Value, d)
		}
	}
}
