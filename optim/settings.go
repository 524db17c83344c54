package optim

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// Settings are values by name: the fields of a struct of settings in lower case
// with hyphens, such as "weight-decay". Several values are separated by "/".
type Settings map[string]string

// ParseSettings reads a name and settings, such as "adam:beta2=0.99,amsgrad". A
// setting without a value is true.
func ParseSettings(text string) (name string, s Settings, err error) {
	name, rest, some := strings.Cut(text, ":")
	s = Settings{}
	if !some {
		return name, s, nil
	}
	for _, part := range strings.Split(rest, ",") {
		key, value, given := strings.Cut(strings.TrimSpace(part), "=")
		if !given {
			value = "true"
		}
		if _, twice := s[key]; twice || key == "" {
			return "", nil, fmt.Errorf("%q: want %s:setting=value,…, each setting once", text, name)
		}
		s[key] = value
	}
	return name, s, nil
}

// fill sets fields of a struct.
func (s Settings) fill(config any) error {
	v := reflect.ValueOf(config).Elem()
	fields := map[string]reflect.Value{}
	for i := range v.NumField() {
		fields[hyphened(v.Type().Field(i).Name)] = v.Field(i)
	}
	for _, key := range slices.Sorted(maps.Keys(s)) {
		text := s[key]
		f, ok := fields[key]
		if !ok || !settable(f.Type()) {
			return fmt.Errorf("no setting %q: want %s", key, oneOf(settingsOf(config)))
		}
		if want := setField(f, text); want != "" {
			return fmt.Errorf("%s is %q: want %s", key, text, want)
		}
	}
	return nil
}

// settingsOf returns the names of a struct's settings, in their order.
func settingsOf(config any) (names []string) {
	t := reflect.TypeOf(config).Elem()
	for i := range t.NumField() {
		if f := t.Field(i); settable(f.Type) {
			names = append(names, hyphened(f.Name))
		}
	}
	return names
}

var spans = reflect.TypeFor[[]Span]()

func settable(t reflect.Type) bool {
	return t.Kind() == reflect.Float64 || t.Kind() == reflect.Int || t.Kind() == reflect.Bool || t == spans
}

// setField sets a field, or returns what is wanted.
func setField(f reflect.Value, text string) (want string) {
	switch {
	case f.Kind() == reflect.Bool:
		b, err := strconv.ParseBool(text)
		if err != nil {
			return "true or false"
		}
		f.SetBool(b)
	case f.Kind() == reflect.Int:
		n, err := strconv.Atoi(text)
		if err != nil {
			return "a whole number"
		}
		f.SetInt(int64(n))
	case f.Type() == spans:
		parts := strings.Split(text, "/")
		list := reflect.MakeSlice(spans, len(parts), len(parts))
		for i, part := range parts {
			if setField(list.Index(i), part) != "" {
				return "numbers with / between them"
			}
		}
		f.Set(list)
	default:
		x, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return "a number"
		}
		f.SetFloat(x)
	}
	return ""
}

// hyphened returns WeightDecay as weight-decay, and AMSGrad as amsgrad.
func hyphened(name string) string {
	var b strings.Builder
	before := 'A'
	for _, r := range name {
		if unicode.IsUpper(r) && unicode.IsLower(before) {
			b.WriteByte('-')
		}
		b.WriteRune(unicode.ToLower(r))
		before = r
	}
	return b.String()
}

func oneOf(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	if len(names) == 1 {
		return names[0]
	}
	return "one of " + strings.Join(names, ", ")
}
