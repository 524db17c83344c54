// Package nn has layers: structs that hold parameters and apply operations to
// them. A model is any struct made of layers and parameters; their names follow
// from its fields.
package nn

import (
	"reflect"
	"strconv"
	"strings"
	"unicode"

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

// Named is a variable of a model with its name in it, such as "conv1.weight".
type Named struct {
	Name  string
	Value *autograd.Value
}

// Variables returns all variables of a model in the order of its fields:
// parameters and buffers. It finds those that can be reached through exported
// fields, slices, arrays and interfaces, each once, under the first name that
// leads to it. A name is the path of fields, in lower case with underscores, as
// in PyTorch, joined by dots; elements of slices go by their index, or by the name
// that a method ElementName(index) of the slice gives them.
func Variables(model any) []Named {
	var found []Named
	visit(model, func(path string, v any) {
		if value, ok := v.(*autograd.Value); ok && value.IsVariable() {
			value.SetName(path)
			found = append(found, Named{path, value})
		}
	})
	return found
}

// Parameters returns the variables of a model that are trained: those made by
// autograd.Variable, unless Freeze has frozen them.
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

// visit calls f once for every pointer that can be reached in a model, with the
// path to it.
func visit(model any, f func(path string, v any)) {
	w := walker{f: f, seen: map[any]bool{}}
	w.walk(reflect.ValueOf(model), "")
}

type walker struct {
	f    func(path string, v any)
	seen map[any]bool // pointers: layers may be shared, and models have cycles

	again func(v any) // is called for pointers that were seen before, unless it is nil
}

func (w *walker) walk(v reflect.Value, path string) {
	switch v.Kind() {
	case reflect.Interface:
		w.walk(v.Elem(), path)
	case reflect.Pointer:
		if v.IsNil() || !w.meet(v, path) {
			return
		}
		if _, leaf := v.Interface().(*autograd.Value); !leaf {
			w.walk(v.Elem(), path)
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			w.walk(v.Index(i), join(path, elementName(v, i)))
		}
	case reflect.Struct:
		if v.CanAddr() {
			w.meet(v.Addr(), path) // a layer may be held by value
		}
		for i := range v.NumField() {
			switch field := v.Type().Field(i); {
			case field.Anonymous:
				w.walk(v.Field(i), path)
			case field.IsExported():
				w.walk(v.Field(i), join(path, snake(field.Name)))
			}
		}
	}
}

func elementName(slice reflect.Value, i int) string {
	if named, ok := slice.Interface().(interface{ ElementName(i int) string }); ok {
		return named.ElementName(i)
	}
	return strconv.Itoa(i)
}

// meet calls f for a pointer, and reports whether it is the first time.
func (w *walker) meet(p reflect.Value, path string) bool {
	if !p.CanInterface() {
		return false
	}
	if w.seen[p.Interface()] {
		if w.again != nil {
			w.again(p.Interface())
		}
		return false
	}
	w.seen[p.Interface()] = true
	w.f(path, p.Interface())
	return true
}

// snake turns a field's name into Python's spelling: RunningMean and FC1 become
// running_mean and fc1.
func snake(name string) string {
	var b strings.Builder
	before := '_'
	for _, r := range name {
		if unicode.IsUpper(r) && unicode.IsLower(before) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
		before = r
	}
	return b.String()
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}
