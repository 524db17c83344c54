package gradcheck

import (
	"fmt"
	"maps"
	"reflect"
	"slices"

	"github.com/mlodyssey/odyssey/op"
)

// audit fails an entry whose cases leave something out: an operation that is
// judged on too little is not judged.
func audit(r *Report, e op.Entry) {
	if len(e.Cases) == 0 {
		r.fail("there is no case")
		return
	}
	empty, single, kinked := false, false, false
	values := map[string][]string{} // of each attribute over the cases
	for i, c := range e.Cases {
		if c.Op.Name() != e.Name {
			r.fail("case %d is of %q, not %q", i, c.Op.Name(), e.Name)
		}
		for _, a := range c.In {
			empty = empty || slices.Contains(a.Spec.Shape, 0)
			kinked = kinked || a.Gap > 0 || a.Apart
			single = single || slices.Contains(a.Spec.Shape, 1)
		}
		attributes(values, "", reflect.Indirect(reflect.ValueOf(c.Op)))
	}
	if kinked && e.Kinks == "" {
		r.fail("a case keeps off a kink, and Kinks does not say what the gradient is there")
	}
	if !(single && empty) && e.OneShape == "" {
		r.fail("no case has an axis of size 1, or none has one of size 0, and OneShape does not say why")
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		seen := values[name]
		slices.Sort(seen)
		if len(slices.Compact(seen)) < 2 {
			r.fail("attribute %s is the same in all cases", name)
		}
	}
}

// attributes collects the value of each exported field of an operation, under
// its name.
func attributes(values map[string][]string, prefix string, v reflect.Value) {
	for i := range v.NumField() {
		f, field := v.Field(i), v.Type().Field(i)
		name := prefix + field.Name
		if field.Anonymous && f.Kind() == reflect.Struct {
			attributes(values, prefix, f)
			continue
		}
		if !field.IsExported() {
			continue
		}
		if f.Kind() == reflect.Struct {
			attributes(values, name+".", f)
			continue
		}
		values[name] = append(values[name], fmt.Sprint(f))
	}
}
