package sweep

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"

	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/random"
)

// Space is the settings to be tried, in the order of their names.
type Space []Axis

// Axis is what one setting may be: one of Choices, or a number from Min to Max.
type Axis struct {
	Name    string   `json:"name"`
	Choices []string `json:"choices,omitempty"` // as flags take them
	Min     float64  `json:"min,omitempty"`
	Max     float64  `json:"max,omitempty"`
	Step    float64  `json:"step,omitempty"` // 0: any number between
	Log     bool     `json:"log,omitempty"`  // drawn evenly by its logarithm
	Whole   bool     `json:"whole,omitempty"`
}

// Values is a point of a space: what settings are, by their names.
type Values map[string]string

// ParseSpace reads a table that has, for each setting, a list of choices, or a table of min and max, with log or
// step. It asks which settings are whole numbers.
func ParseSpace(table map[string]any, isWhole func(name string) bool) (Space, error) {
	if len(table) == 0 {
		return nil, errors.New("nothing to search, want a setting with a list of choices, or with {min, max}")
	}
	var s Space
	for _, name := range slices.Sorted(maps.Keys(table)) {
		a, err := parseAxis(table[name])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		a.Name, a.Whole = name, a.Choices == nil && isWhole(name)
		if a.Whole && (a.Min != math.Trunc(a.Min) || a.Max != math.Trunc(a.Max) || a.Step != math.Trunc(a.Step)) {
			return nil, fmt.Errorf("%s: from %v to %v in steps of %v: want whole numbers", name, a.Min, a.Max, a.Step)
		}
		s = append(s, a)
	}
	return s, nil
}

func parseAxis(v any) (Axis, error) {
	switch v := v.(type) {
	case []any:
		return parseChoices(v)
	case map[string]any:
		return parseRange(v)
	}
	return Axis{}, fmt.Errorf("%v: want a list of choices, or {min, max} with log or step", v)
}

func parseChoices(list []any) (a Axis, err error) {
	for _, v := range list {
		text := fmt.Sprint(v)
		if f, ok := v.(float64); ok {
			text = strconv.FormatFloat(f, 'g', -1, 64)
		}
		if slices.Contains(a.Choices, text) {
			return a, fmt.Errorf("%s is there twice", text)
		}
		a.Choices = append(a.Choices, text)
	}
	if len(a.Choices) == 0 {
		return a, errors.New("no choices, want at least one")
	}
	return a, nil
}

func parseRange(table map[string]any) (a Axis, err error) {
	for key, v := range table {
		number, isNumber := v.(float64)
		if n, ok := v.(int64); ok {
			number, isNumber = float64(n), true
		}
		switch {
		case key == "min" && isNumber:
			a.Min = number
		case key == "max" && isNumber:
			a.Max = number
		case key == "step" && isNumber && number > 0:
			a.Step = number
		case key == "log" && v == true:
			a.Log = true
		case key == "log" && v == false:
		default:
			return a, fmt.Errorf("%s = %v: want numbers min and max, and a step above 0 or log = true", key, v)
		}
	}
	switch {
	case table["min"] == nil || table["max"] == nil || !(a.Min < a.Max) || math.IsInf(a.Max-a.Min, 0):
		return a, fmt.Errorf("from %v to %v: want a min below a max", table["min"], table["max"])
	case a.Log && a.Min <= 0:
		return a, fmt.Errorf("log from %v on: want a min above 0", a.Min)
	case a.Log && a.Step != 0:
		return a, errors.New("log and step: want only one of them")
	case a.Step != 0 && (a.Max-a.Min)/a.Step > mostRuns:
		return a, fmt.Errorf("more than %d steps of %v", mostRuns, a.Step)
	}
	return a, nil
}

// mostRuns is how many runs a sweep has at most.
const mostRuns = 100000

// Grid returns all points of a space, those of the last setting next to each other.
func (s Space) Grid() ([]Values, error) {
	points := []Values{{}}
	for _, a := range s {
		texts := a.Choices
		if texts == nil {
			if texts = a.steps(); texts == nil {
				return nil, fmt.Errorf("%s: a grid wants a list of choices, or {min, max, step}", a.Name)
			}
		}
		if len(points)*len(texts) > mostRuns {
			return nil, fmt.Errorf("more than %d points, want a smaller grid, or another method", mostRuns)
		}
		var more []Values
		for _, p := range points {
			for _, text := range texts {
				q := maps.Clone(p)
				q[a.Name] = text
				more = append(more, q)
			}
		}
		points = more
	}
	return points, nil
}

// Draw returns the i-th random point, from 0 on: it depends on the seed and on i alone.
func (s Space) Draw(seed uint64, i int) Values {
	v := Values{}
	for k, a := range s {
		v[a.Name] = a.draw(random.New(seed, uint64(i), uint64(k)))
	}
	return v
}

func (a Axis) draw(r *random.Stream) string {
	switch texts := a.steps(); {
	case a.Choices != nil:
		return a.Choices[r.IntN(len(a.Choices))]
	case texts != nil:
		return texts[r.IntN(len(texts))]
	case a.Log:
		return a.text(a.Min * power(a.Max/a.Min, r.Float64()))
	case a.Whole:
		return a.text(a.Min + math.Floor(r.Float64()*(a.Max-a.Min+1)))
	}
	return a.text(r.Uniform(a.Min, a.Max))
}

// steps returns the points of a range with a step, nil without one.
func (a Axis) steps() (texts []string) {
	if a.Step == 0 {
		return nil
	}
	for k := 0.0; k <= (a.Max-a.Min)/a.Step+1e-9; k++ {
		texts = append(texts, strconv.FormatFloat(a.Min+float64(k*a.Step), 'g', 12, 64)) // 0.3, and not what 3·0.1 is
	}
	return texts
}

// text writes a number to four digits, which is enough to choose by, within the range.
func (a Axis) text(v float64) string {
	if a.Whole {
		return strconv.FormatFloat(max(a.Min, min(math.RoundToEven(v), a.Max)), 'f', 0, 64)
	}
	v, _ = strconv.ParseFloat(strconv.FormatFloat(v, 'g', 4, 64), 64)
	return strconv.FormatFloat(max(a.Min, min(v, a.Max)), 'g', -1, 64)
}

// power returns x^y, with the same bits everywhere.
func power(x, y float64) float64 {
	out := []float64{x}
	kernel.Pow(out, out, []float64{y})
	return out[0]
}
