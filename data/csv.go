package data

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"

	"github.com/mlodyssey/odyssey/tensor"
)

// CSVConfig says what the columns of a CSV file are.
type CSVConfig struct {
	Label   string   // the column of classes: its name, or its number from 0; "": see ReadCSV
	Shape   []int    // of an example; nil: one axis
	Scale   float32  // by which values are divided; 0: 1, and images must have theirs in [0, 1]
	Classes []string // in the order of their labels; nil: all that occur

	Separator rune   // of fields; 0: a comma
	Header    string // "yes" or "no": whether the first line names the columns; "": see ReadCSV
}

// maxColumns bounds what one line can ask for.
const maxColumns = 1 << 20

// ReadCSV reads examples, a line each: one column is the class, all others are
// numbers. The first line may name the columns; it does if it has a word, and no sign of a
// missing value, where the second has a number, or if it has the name of the classes' column or
// "label" or "class". Where no column is chosen for the classes, it is the
// one called label, class, target or y, or else the only one that is not made of
// numbers. Classes are in the order of numbers, if all are numbers (then 1 and 1.0 are one
// class, below 2^53, from where on numbers are told apart by their digits), or else of
// the alphabet. Fields may stand in quotes, as package encoding/csv reads them.
func ReadCSV(r io.Reader, c CSVConfig) (Dataset, error) {
	t, err := readTable(r, c, nil)
	if err != nil {
		return nil, err
	}
	if c.Classes == nil {
		c.Classes = classesOf(t.labels)
	}
	return t.set(c)
}

// table is the content of a CSV file.
type table struct {
	columns int      // of numbers
	names   []string // of those; nil without a header
	label   string   // the name of the classes' column; "" without a header
	values  []float32
	labels  []string
}

// set makes examples of the lines.
func (t *table) set(c CSVConfig) (Dataset, error) {
	if c.Shape == nil {
		c.Shape = []int{t.columns}
	}
	if err := tensor.CheckShape(tensor.Float32, c.Shape); err != nil {
		return nil, err
	}
	if n := tensor.Elements(c.Shape); n != t.columns {
		return nil, fmt.Errorf("%s of numbers, want %d for examples of shape %v", columns(t.columns), n, c.Shape)
	}
	if err := divide(t.values, c.Shape, c.Scale); err != nil {
		return nil, err
	}
	find := classFinder(c.Classes)
	labels := make([]int, len(t.labels))
	for i, name := range t.labels {
		label, ok := find(name)
		if !ok {
			return nil, fmt.Errorf("class %.40q of example %d is none of the %d classes", name, i, len(c.Classes))
		}
		labels[i] = label
	}
	return NewMemory(c.Shape, t.values, labels, c.Classes)
}

// arrange puts the columns in the order of another table, where both have names.
func (t *table) arrange(as *table) error {
	if t.columns != as.columns {
		return fmt.Errorf("%s of numbers, want %d", columns(t.columns), as.columns)
	}
	if t.names == nil || as.names == nil || slices.Equal(t.names, as.names) {
		return nil
	}
	for _, names := range [][]string{t.names, as.names} {
		if name, ok := sharedName(names); ok {
			return fmt.Errorf("columns share the name %.40q, want all names in the same order", name)
		}
	}
	place := map[string]int{}
	for i, name := range t.names {
		place[name] = i
	}
	from := make([]int, t.columns)
	for i, name := range as.names {
		at, ok := place[name]
		if !ok {
			return fmt.Errorf("no column %.40q, want the same names", name)
		}
		from[i] = at
	}
	line := make([]float32, t.columns)
	for lo := 0; lo < len(t.values); lo += t.columns {
		copy(line, t.values[lo:])
		for i, at := range from {
			t.values[lo+i] = line[at]
		}
	}
	return nil
}

// sharedName returns a name that is there twice.
func sharedName(names []string) (name string, ok bool) {
	seen := map[string]bool{}
	for _, name := range names {
		if seen[name] {
			return name, true
		}
		seen[name] = true
	}
	return "", false
}

// columns counts them in words.
func columns(n int) string {
	if n == 1 {
		return "1 column"
	}
	return fmt.Sprintf("%d columns", n)
}

// classesOf returns the distinct names in order. Of those that are the same number it takes the
// shortest.
func classesOf(labels []string) []string {
	names := slices.Clone(labels)
	slices.Sort(names)
	names = slices.Compact(names)
	numbers := parseNumbers(names)
	if numbers == nil {
		return names
	}
	slices.SortStableFunc(names, func(a, b string) int {
		return cmp.Or(cmp.Compare(numbers[a], numbers[b]), cmp.Compare(len(a), len(b)))
	})
	return slices.CompactFunc(names, func(a, b string) bool { return numbers[a] == numbers[b] && isExact(numbers[a]) })
}

// isExact reports whether a number stands for one whole number alone, as from 2^53 on none does.
func isExact(n float64) bool { return math.Abs(n) < 1<<53 }

// parseNumbers returns the number that each name is, or nil if one is none.
func parseNumbers(names []string) map[string]float64 {
	numbers := map[string]float64{}
	for _, name := range names {
		n, err := strconv.ParseFloat(name, 64)
		if err != nil || n != n {
			return nil
		}
		numbers[name] = n
	}
	return numbers
}

// classFinder returns what finds the label of a name, or of the same number in other digits.
func classFinder(classes []string) func(name string) (label int, ok bool) {
	byName, byNumber := map[string]int{}, map[float64]int{}
	numbers := parseNumbers(classes)
	for i, name := range classes {
		byName[name] = i
		if numbers != nil && isExact(numbers[name]) {
			byNumber[numbers[name]] = i
		}
	}
	return func(name string) (label int, ok bool) {
		if label, ok = byName[name]; ok {
			return label, ok
		}
		if n, err := strconv.ParseFloat(name, 64); err == nil && isExact(n) {
			label, ok = byNumber[n]
		}
		return label, ok
	}
}
