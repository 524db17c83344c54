package nn

import (
	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/tensor"
)

// SetTraining tells the layers of a model that behave differently in training,
// those with a method SetTraining(bool), which of the two it is. A model with packed
// weights cannot be trained.
func SetTraining(model any, training bool) {
	visit(model, func(path string, v any) {
		if w, ok := v.(*autograd.Value); ok && training && w.DType().IsPacked() {
			tensor.Fail("nn.SetTraining", []tensor.Spec{w.Spec()}, "%s is packed: training wants float weights, as they were before they were quantised", path)
		}
		if m, ok := v.(interface{ SetTraining(bool) }); ok {
			m.SetTraining(training)
		}
	})
}

// Freeze stops the training of the parameters of a model whose names match: no
// gradient flows to them, Parameters leaves them out, and so does an optimiser made
// of those. They stay variables of the model and of its checkpoints. Freeze before
// an optimiser is made or a program recorded: both keep to what they began with.
func Freeze(model any, match func(name string) bool) { setFrozen(model, match, true) }

// Unfreeze lets the parameters whose names match be trained again.
func Unfreeze(model any, match func(name string) bool) { setFrozen(model, match, false) }

func setFrozen(model any, match func(name string) bool, frozen bool) {
	visit(model, func(path string, v any) {
		if value, ok := v.(*autograd.Value); ok && value.IsParameter() && match(path) {
			value.SetFrozen(frozen)
		}
	})
}
