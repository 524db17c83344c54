package nn

import (
	"reflect"
	"slices"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/tensor"
)

// Pack gives layers weights of packed types in place of their own: those that packed returns
// for the name of a weight, nil for one to leave as it is. Linear takes a tensor [out in],
// Conv2D one of [out in/groups·kernel·kernel]; packed is asked for the weights of these alone
// that no other layer or field has too. The layers compute with
// packed weights as they are, with the bits that the same numbers give as float32. They
// have no gradient, so that the model can no longer be trained. Nobody else may use the
// tensors from then on. Pack before a program is recorded.
func Pack(model any, packed func(name string, shape []int) *tensor.Tensor) {
	shared := sharedValues(model)
	visit(model, func(path string, v any) {
		switch layer := v.(type) {
		case *Linear:
			if !shared[layer.Weight] {
				packWeight(layer.Weight, join(path, "weight"), packed)
			}
		case *Conv2D:
			shape := layer.Weight.Shape()
			if !shared[layer.Weight] && packWeight(layer.Weight, join(path, "weight"), packed) {
				layer.kernel = [2]int(shape[2:])
			}
		}
	})
}

// sharedValues returns the values that several fields of a model have.
func sharedValues(model any) map[*autograd.Value]bool {
	shared := map[*autograd.Value]bool{}
	w := walker{f: func(string, any) {}, seen: map[any]bool{}, again: func(v any) {
		if value, ok := v.(*autograd.Value); ok {
			shared[value] = true
		}
	}}
	w.walk(reflect.ValueOf(model), "")
	return shared
}

// packWeight reports whether there was a tensor to pack a weight in.
func packWeight(w *autograd.Value, name string, packed func(name string, shape []int) *tensor.Tensor) bool {
	shape := []int{w.Shape()[0], tensor.Elements(w.Shape()[1:])}
	t := packed(name, w.Shape())
	if t == nil {
		return false
	}
	if !t.DType().IsPacked() || !slices.Equal(t.Shape(), shape) {
		tensor.Fail("nn.Pack", []tensor.Spec{t.Spec()}, "%s: want a packed tensor of shape %v", name, shape)
	}
	autograd.Adopt(w, t)
	return true
}
