// Package nn has layers: structs that hold parameters and apply operations to
// them. A model is any struct made of layers and parameters; their names follow
// from its fields.
package nn

import (
	"reflect"
	"strconv"
	"strings"

	"github.com/mlodyssey/odyssey/autograd"
)

// Module is what maps one batch to another.
type Module interface {
	Forward(x *autograd.Value) *autograd.Value
}

// Func makes a module of a function without parameters, such as op.ReLU.
type Func func(x *autograd.Value) *autograd.Value

// Forward calls the function.
func (f Func) Forward(x *autograd.Value) *autograd.Value { return f(x) }

// Sequential applies modules one after the other.
type Sequential []Module

// Forward returns what the last module makes of what those before it made.
func (s Sequential) Forward(x *autograd.Value) *autograd.Value {
	for _, m := range s {
		x = m.Forward(x)
	}
	return x
}

// Named is a variable of a model with its name in it, such as "conv1.weight".
type Named struct {
	Name  string
	Value *autograd.Value
}

// Variables returns all variables of a model in the order of its fields:
// parameters and buffers. A name is the path of fields, each beginning in lower
// case, joined by dots; elements of slices go by their index.
func Variables(model any) []Named {
	var found []Named
	walk(reflect.ValueOf(model), "", func(path string, v any) {
		if value, ok := v.(*autograd.Value); ok && value.IsVariable() {
			value.SetName(path)
			found = append(found, Named{path, value})
		}
	})
	return found
}

// Parameters returns the variables of a model that are trained.
func Parameters(model any) []Named {
	var found []Named
	for _, n := range Variables(model) {
		if n.Value.IsTrainable() {
			found = append(found, n)
		}
	}
	return found
}

// Values returns the values of named variables.
func Values(named []Named) []*autograd.Value {
	values := make([]*autograd.Value, len(named))
	for i, n := range named {
		values[i] = n.Value
	}
	return values
}

// CountParameters returns the number of trained elements of a model.
func CountParameters(model any) int {
	n := 0
	for _, p := range Parameters(model) {
		n += p.Value.Spec().Elements()
	}
	return n
}

// SetTraining tells the layers of a model that behave differently in training,
// those with a method SetTraining(bool), which of the two it is.
func SetTraining(model any, training bool) {
	walk(reflect.ValueOf(model), "", func(_ string, v any) {
		if m, ok := v.(interface{ SetTraining(bool) }); ok {
			m.SetTraining(training)
		}
	})
}

// walk visits every pointer that can be reached through exported fields, slices
// and interfaces, except into values.
func walk(v reflect.Value, path string, visit func(path string, v any)) {
	switch v.Kind() {
	case reflect.Interface:
		if !v.IsNil() {
			walk(v.Elem(), path, visit)
		}
	case reflect.Pointer:
		if v.IsNil() {
			return
		}
		visit(path, v.Interface())
		if _, leaf := v.Interface().(*autograd.Value); !leaf {
			walk(v.Elem(), path, visit)
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			walk(v.Index(i), join(path, strconv.Itoa(i)), visit)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			f := v.Type().Field(i)
			switch {
			case f.Anonymous:
				walk(v.Field(i), path, visit)
			case f.IsExported():
				walk(v.Field(i), join(path, strings.ToLower(f.Name[:1])+f.Name[1:]), visit)
			}
		}
	}
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}
