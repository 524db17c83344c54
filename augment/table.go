package augment

import (
	"cmp"
	"reflect"
	"slices"
)

// Kind groups transforms.
type Kind string

// The kinds of transforms, in the order of the documentation.
const (
	Geometry Kind = "geometry"
	Size     Kind = "size"
	Pen      Kind = "pen"
	Light    Kind = "light"
	Colour   Kind = "colour"
	Filters  Kind = "filter"
	Noise    Kind = "noise"
	Patch    Kind = "patch"
	Mixture  Kind = "mixture"
	Paper    Kind = "policy"
)

// Kinds returns the kinds in the order of the documentation.
func Kinds() []Kind {
	return []Kind{Geometry, Size, Pen, Light, Colour, Filters, Noise, Patch, Mixture, Paper}
}

// Row is a transform's place in the table. A new transform is a struct whose
// fields have the tags that settings.go explains, a method Apply, and a row: tests,
// parser and documentation range over the table.
type Row struct {
	Name    string
	Kind    Kind
	Default any // a Transform or a BatchTransform, with the settings that a policy need not name
	Formula string
	Draws   string // how many numbers it takes from the stream
	Paper   string // where it is from; "" for what everybody does

	// Identity is the settings at which an image stays as it is. "p=0" where no
	// setting does that.
	Identity string

	// Show is the settings with which the documentation's picture shows it, where
	// the default would not be seen; "" for the default.
	Show string
}

var table []Row

// register adds a row to the table; each file calls it once for each transform.
func register(r Row) struct{} {
	table = append(table, r)
	return struct{}{}
}

// Table returns every transform, by kind and name.
func Table() []Row {
	t := slices.Clone(table)
	slices.SortFunc(t, func(a, b Row) int {
		return cmp.Or(cmp.Compare(slices.Index(Kinds(), a.Kind), slices.Index(Kinds(), b.Kind)), cmp.Compare(a.Name, b.Name))
	})
	return t
}

// Lookup returns the row of that name.
func Lookup(name string) (Row, bool) {
	for _, r := range table {
		if r.Name == name {
			return r, true
		}
	}
	return Row{}, false
}

// rowOf returns the row of a transform's type.
func rowOf(t any) (Row, bool) {
	for _, r := range table {
		if reflect.TypeOf(r.Default) == reflect.TypeOf(t) {
			return r, true
		}
	}
	return Row{}, false
}

// Settings returns what can be set of a row's transform, with the defaults.
func (r Row) Settings() []Setting { return settings(r.Default) }
