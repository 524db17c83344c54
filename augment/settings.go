package augment

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Setting is one field of a transform, as text.
type Setting struct {
	Name, Default string
	Want          string // what values it takes, such as "0..1" or "bilinear, nearest, bicubic"
	Doc           string
}

// A field that can be set has these tags: set, its name; of, the least and the
// largest number, "0..1"; doc, what it is; and for a Range one, what a single
// number v means: "around 0" is -v..v, "around 1" is 1-v..1+v, and else v..v.
type field struct {
	reflect.StructField
	value reflect.Value
}

// enumeration is a type of a few named values, counted from 0.
type enumeration interface{ names() []string }

func nameOf(e enumeration, i uint64) string {
	if i >= uint64(len(e.names())) {
		return fmt.Sprintf("%T(%d)", e, i)
	}
	return e.names()[i]
}

// checker is a transform with conditions beyond the ranges of its settings.
type checker interface{ check() error }

// fields returns what can be set of a struct, with that of embedded ones.
func fields(v reflect.Value) []field {
	if v.Kind() != reflect.Struct {
		return nil
	}
	var found []field
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if f.Anonymous {
			found = append(found, fields(v.Field(i))...)
		} else if f.Tag.Get("set") != "" {
			found = append(found, field{f, v.Field(i)})
		}
	}
	return found
}

func settings(t any) []Setting {
	var all []Setting
	for _, f := range fields(reflect.ValueOf(t)) {
		all = append(all, Setting{f.name(), f.text(), f.want(), f.Tag.Get("doc")})
	}
	return all
}

func (f field) name() string { return f.Tag.Get("set") }

func (f field) bounds() Range {
	lo, hi, ok := strings.Cut(f.Tag.Get("of"), "..")
	if !ok {
		return Range{math.Inf(-1), math.Inf(1)}
	}
	a, err := strconv.ParseFloat(lo, 64)
	b, err2 := strconv.ParseFloat(hi, 64)
	if err := errors.Join(err, err2); err != nil {
		panic(err) // a mistake in this package
	}
	return Range{a, b}
}

// want says what values the field takes.
func (f field) want() string {
	switch v := f.value.Interface().(type) {
	case enumeration:
		return strings.Join(v.names(), ", ")
	case bool:
		return "true, false"
	case int:
		return "a whole number of " + f.Tag.Get("of")
	case Range:
		single := map[string]string{"around 0": "v for ±v", "around 1": "v of at most 1 for 1±v", "": "v"}[f.Tag.Get("one")]
		return single + " or a..b, within " + f.Tag.Get("of")
	}
	return f.Tag.Get("of")
}

func (f field) text() string {
	switch v := f.value.Interface().(type) {
	case Range:
		if f.Tag.Get("one") == "around 0" && v.Lo == -v.Hi {
			return number(v.Hi)
		}
		if f.Tag.Get("one") != "" {
			return number(v.Lo) + ".." + number(v.Hi) // a single number would mean something else
		}
		return v.String()
	case enumeration:
		return nameOf(v, f.value.Uint())
	case float64:
		return number(v)
	}
	return fmt.Sprint(f.value.Interface())
}

// parse sets the field.
func (f field) parse(text string) error {
	ok := false
	switch v := f.value.Interface().(type) {
	case Range:
		if err := f.checkFactor(text); err != nil {
			return err
		}
		var r Range
		r, ok = f.parseRange(text)
		f.value.Set(reflect.ValueOf(r))
	case enumeration:
		i := slices.Index(v.names(), text)
		ok = i >= 0
		f.value.SetUint(uint64(max(i, 0)))
	case float64:
		x, err := strconv.ParseFloat(text, 64)
		ok = err == nil
		f.value.SetFloat(x)
	case int:
		x, err := strconv.Atoi(text)
		ok = err == nil
		f.value.SetInt(int64(x))
	case bool:
		x, err := strconv.ParseBool(text)
		ok = err == nil
		f.value.SetBool(x)
	}
	if !ok || !f.valid() {
		return fmt.Errorf("%s=%s, want %s", f.name(), text, f.want())
	}
	return nil
}

func (f field) parseRange(text string) (Range, bool) {
	if lo, hi, ok := strings.Cut(text, ".."); ok {
		a, err := strconv.ParseFloat(lo, 64)
		b, err2 := strconv.ParseFloat(hi, 64)
		return Range{a, b}, err == nil && err2 == nil
	}
	v, err := strconv.ParseFloat(text, 64)
	r := Exactly(v)
	switch f.Tag.Get("one") {
	case "around 0":
		r = Within(v)
	case "around 1":
		r = Range{max(f.bounds().Lo, 1-v), 1 + v}
	}
	return r, err == nil
}

// checkFactor refuses 1.2 as a factor: whoever writes that hardly wants -0.2..2.2.
func (f field) checkFactor(text string) error {
	v, err := strconv.ParseFloat(text, 64)
	if f.Tag.Get("one") != "around 1" || err != nil || v <= 1 {
		return nil
	}
	return fmt.Errorf("%s=%s would mean 1±%s, want a number of at most 1, for 1±that, or a range: always %s is %s=%s..%s",
		f.name(), text, text, text, f.name(), text, text)
}

// valid reports whether the value is within its bounds.
func (f field) valid() bool {
	b := f.bounds()
	switch v := f.value.Interface().(type) {
	case Range:
		return v.Lo <= v.Hi && b.holds(v.Lo) && b.holds(v.Hi)
	case float64:
		return b.holds(v)
	case int:
		return b.holds(float64(v))
	case enumeration:
		return f.value.Uint() < uint64(len(v.names()))
	}
	return true
}

// Check returns an error where a setting of a transform, or of one within it,
// is out of its range. Values that come from Parse and New are in range.
func Check(t any) error {
	if t == nil {
		return errors.New("augment: no transform where there should be one")
	}
	if g, ok := t.(group); ok {
		for _, part := range g.parts() {
			if err := Check(part); err != nil {
				return err
			}
		}
	}
	if err := checkSettings(t); err != nil {
		return fmt.Errorf("augment: %s: %w", nameOfType(t), err)
	}
	if s, ok := t.(SometimesBatch); ok {
		return Check(s.T)
	}
	return nil
}

// nameOfType returns a transform's name in the table, or its type's.
func nameOfType(t any) string {
	if r, ok := rowOf(t); ok {
		return r.Name
	}
	return fmt.Sprintf("%T", t)
}

func checkSettings(t any) error {
	for _, f := range fields(reflect.ValueOf(t)) {
		if !f.valid() {
			return fmt.Errorf("%s=%s, want %s", f.name(), f.text(), f.want())
		}
	}
	if c, ok := t.(checker); ok {
		return c.check()
	}
	return nil
}

// set returns a transform with some settings changed, as "degrees=10,fill=1"
// says.
func set(t any, text string) (any, error) {
	v := reflect.New(reflect.TypeOf(t)).Elem()
	v.Set(reflect.ValueOf(t))
	all := fields(v)
	seen := map[string]bool{}
	for _, s := range splitSettings(text) {
		name, value, ok := strings.Cut(s, "=")
		if !ok {
			return nil, fmt.Errorf("%q, want setting=value", s)
		}
		i := slices.IndexFunc(all, func(f field) bool { return f.name() == name })
		if i < 0 {
			return nil, fmt.Errorf("no setting %q, want one of %s", name, settingNames(all))
		}
		if seen[name] {
			return nil, errTwice(name)
		}
		seen[name] = true
		if err := all[i].parse(value); err != nil {
			return nil, err
		}
	}
	return v.Interface(), checkSettings(v.Interface())
}

func errTwice(setting string) error {
	return fmt.Errorf("setting %s is there twice, want it once", setting)
}

func splitSettings(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, ",")
}

func settingNames(all []field) string {
	names := []string{"p"}
	for _, f := range all {
		names = append(names, f.name())
	}
	return strings.Join(names, ", ")
}
