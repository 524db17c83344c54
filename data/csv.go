package data

import (
	"bufio"
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/mlodyssey/odyssey/tensor"
)

// CSVConfig says what the columns of a CSV file are.
type CSVConfig struct {
	Label   string   // the column of classes: its name, or its number from 0; "": see ReadCSV
	Shape   []int    // of an example; nil: one axis
	Scale   float32  // by which values are divided; 0: 1
	Classes []string // in the order of their labels; nil: all that occur

	Separator rune // of fields; 0: a comma
}

// maxColumns bounds what one line can ask for.
const maxColumns = 1 << 20

// ReadCSV reads examples, a line each: one column is the class, all others are
// numbers. The first line may name the columns; it does if the other lines have a
// number where it has none. Where no column is chosen for the classes, it is the
// one called label, class, target or y, or else the only one that is not made of
// numbers. Classes are in the order of numbers, if all are numbers, or else of
// the alphabet. Fields may stand in quotes, as package encoding/csv reads them.
func ReadCSV(r io.Reader, c CSVConfig) (Dataset, error) {
	t, err := readTable(r, c)
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
	columns int // of numbers
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
		return nil, fmt.Errorf("%d columns of numbers, want %d for examples of shape %v", t.columns, n, c.Shape)
	}
	if c.Scale != 0 {
		for i := range t.values {
			t.values[i] /= c.Scale
		}
	}
	index := map[string]int{}
	for i, name := range c.Classes {
		index[name] = i
	}
	labels := make([]int, len(t.labels))
	for i, name := range t.labels {
		label, ok := index[name]
		if !ok {
			return nil, fmt.Errorf("class %.40q of example %d is none of the %d classes", name, i, len(c.Classes))
		}
		labels[i] = label
	}
	return NewMemory(c.Shape, t.values, labels, c.Classes)
}

// classesOf returns the distinct names in order.
func classesOf(labels []string) []string {
	names := slices.Clone(labels)
	slices.Sort(names)
	names = slices.Compact(names)
	numbers := map[string]float64{}
	for _, name := range names {
		n, err := strconv.ParseFloat(name, 64)
		if err != nil || n != n {
			return names
		}
		numbers[name] = n
	}
	slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(numbers[a], numbers[b]) })
	return names
}

// byteOrderMark is what some spreadsheets begin a file with.
const byteOrderMark = "\ufeff"

// csvReader reads the lines of a table one by one.
type csvReader struct {
	*csv.Reader
	label int
	names []string // of the columns, nil without a header
}

type csvLine struct {
	number int
	fields []string // until the next line is read
}

func (c *csvReader) next() (csvLine, error) {
	fields, err := c.Read()
	if err != nil {
		return csvLine{}, err
	}
	number, _ := c.FieldPos(0)
	return csvLine{number, fields}, nil
}

// checkSeparator returns an error for what cannot be told from the fields.
func (c CSVConfig) checkSeparator() error {
	if s := c.Separator; strings.ContainsRune("\"\r\n", s) || s == utf8.RuneError || s != 0 && !utf8.ValidRune(s) {
		return fmt.Errorf("separator %q: want a character such as ; but no quote and no end of a line", c.Separator)
	}
	return nil
}

func readTable(r io.Reader, config CSVConfig) (*table, error) {
	if err := config.checkSeparator(); err != nil {
		return nil, err
	}
	buffered := bufio.NewReader(r)
	if start, _ := buffered.Peek(len(byteOrderMark)); string(start) == byteOrderMark {
		buffered.Discard(len(byteOrderMark))
	}
	c := &csvReader{Reader: csv.NewReader(buffered)}
	c.ReuseRecord = true
	c.Comma = cmp.Or(config.Separator, ',')
	start, err := c.begin(config.Label)
	if err != nil {
		return nil, err
	}
	t := &table{}
	for _, line := range start {
		if err := c.add(t, line); err != nil {
			return nil, err
		}
	}
	for {
		line, err := c.next()
		if err == io.EOF {
			return t, nil
		}
		if err == nil {
			err = c.add(t, line)
		}
		if err != nil {
			return nil, err
		}
	}
}

// begin reads the first two lines, which tell whether there is a header and
// which column is the label's. It returns those of them that are examples.
func (c *csvReader) begin(label string) (lines []csvLine, err error) {
	for range 2 {
		line, err := c.next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		line.fields = slices.Clone(line.fields)
		lines = append(lines, line)
	}
	if len(lines) == 0 {
		return nil, errors.New("empty, want a line for each example")
	}
	if n := len(lines[0].fields); n < 2 || n > maxColumns {
		return nil, fmt.Errorf("%d columns with %q between them, want a class and numbers, at most %d", n, c.Comma, maxColumns)
	}
	if len(lines) == 2 && isHeader(lines[0].fields, lines[1].fields) {
		c.names, lines = lines[0].fields, lines[1:]
	}
	c.label, err = c.findLabel(label, lines[0].fields)
	return lines, err
}

func isHeader(first, second []string) bool {
	for i, field := range second {
		if i < len(first) && isNumber(field) && !isNumber(first[i]) {
			return true
		}
	}
	return false
}

func isNumber(field string) bool {
	_, err := strconv.ParseFloat(strings.TrimSpace(field), 32)
	return err == nil
}

func (c *csvReader) findLabel(label string, line []string) (int, error) {
	if label != "" {
		if i := slices.Index(c.names, label); i >= 0 {
			return i, nil
		}
		i, err := strconv.Atoi(label)
		if err != nil || i < 0 || i >= len(line) {
			return 0, fmt.Errorf("no column %.40q for the classes, want the name or the number, from 0, of one of %d", label, len(line))
		}
		return i, nil
	}
	for _, name := range []string{"label", "class", "target", "y"} {
		if i := slices.IndexFunc(c.names, func(n string) bool { return strings.EqualFold(n, name) }); i >= 0 {
			return i, nil
		}
	}
	var words []int
	for i, field := range line {
		if !isNumber(field) {
			words = append(words, i)
		}
	}
	if len(words) != 1 {
		return 0, fmt.Errorf("%d of %d columns are no numbers: want to be told which is the classes'", len(words), len(line))
	}
	return words[0], nil
}

// add takes a line into the table.
func (c *csvReader) add(t *table, line csvLine) error {
	for i, field := range line.fields {
		field = strings.TrimSpace(field)
		if i == c.label {
			t.labels = append(t.labels, strings.Clone(field))
			continue
		}
		v, err := strconv.ParseFloat(field, 32)
		if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Errorf("line %d, column %s: %.40q, want a finite number", line.number, c.column(i), field)
		}
		t.values = append(t.values, float32(v))
	}
	t.columns = len(line.fields) - 1
	return nil
}

func (c *csvReader) column(i int) string {
	if i < len(c.names) {
		return fmt.Sprintf("%.40q", c.names[i])
	}
	return strconv.Itoa(i)
}

func hasCSV(l listing) bool { return l.hasTable(".csv") }

func openCSV(l listing, split string, s settings) (Dataset, []string, error) {
	c := CSVConfig{Label: s["label"]}
	var err error
	if c.Shape, err = s.sizes("shape"); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", l.dir, err)
	}
	scale, err := s.number("scale", 1)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", l.dir, err)
	}
	c.Scale = float32(scale)
	if c.Separator, err = separator(s); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", l.dir, err)
	}
	path, whole, err := l.splitFile(split, ".csv")
	if err != nil {
		return nil, nil, err
	}
	set, err := readCSVFile(l, path, whole, c)
	if err != nil {
		return nil, nil, err
	}
	if whole {
		set, err = s.part(set, split)
	}
	return set, []string{path}, err
}

// separatorNames are the separators that shells and our settings have other uses for.
var separatorNames = map[string]rune{"": 0, "comma": ',', "semicolon": ';', "tab": '\t', "space": ' '}

// separator returns the setting of that name: one character, or its name.
func separator(s settings) (rune, error) {
	value := s["separator"]
	if r, ok := separatorNames[value]; ok {
		return r, nil
	}
	r, size := utf8.DecodeRuneInString(value)
	if size != len(value) {
		return 0, fmt.Errorf("separator=%s: want one character, or comma, semicolon, tab or space", value)
	}
	return r, CSVConfig{Separator: r}.checkSeparator()
}

// readCSVFile reads a split, with the classes of both.
func readCSVFile(l listing, path string, whole bool, c CSVConfig) (Dataset, error) {
	t, err := readTableFile(path, c)
	if err != nil {
		return nil, err
	}
	labels := t.labels
	for _, name := range []string{"train.csv", "test.csv"} {
		other := l.path(name)
		if whole || other == path || !l.has(name) {
			continue
		}
		o, err := readTableFile(other, c)
		if err != nil {
			return nil, err
		}
		labels = append(slices.Clone(labels), o.labels...)
	}
	c.Classes = classesOf(labels)
	set, err := t.set(c)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return set, nil
}

func readTableFile(path string, c CSVConfig) (*table, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	t, err := readTable(f, c)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return t, nil
}
