package augment

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// FromTables makes a policy of tables, as decoders of TOML, JSON and the like give
// them: a list of
//
//	{name = "rotate", degrees = [5, 10], fill = 0.5, p = 0.5}
//
// with a setting's number, word, truth value or list of two numbers, for a range;
// a group's transforms are a list too, under "of".
func FromTables(tables []map[string]any) (*Policy, error) {
	text, err := tablesText(tables, "+", 0)
	if err != nil {
		return nil, fmt.Errorf("augment: policy: %w", err)
	}
	return Parse(text)
}

// tablesText returns what Parse would read.
func tablesText(tables []map[string]any, by string, depth int) (string, error) {
	if len(tables) == 0 || depth > maxDepth {
		return "", errors.New("a list of transforms is empty or too deep, want tables with a name")
	}
	var items []string
	for i, t := range tables {
		item, err := tableText(t, depth)
		if err != nil {
			return "", fmt.Errorf("transform %d: %w", i+1, err)
		}
		items = append(items, item)
	}
	return strings.Join(items, by), nil
}

func tableText(table map[string]any, depth int) (string, error) {
	if table["name"] == nil {
		return "", errors.New(`no name, want one such as name = "rotate"`)
	}
	name, err := word(table["name"])
	if err != nil {
		return "", fmt.Errorf("name=%v: %w", table["name"], err)
	}
	settings, group := "", ""
	for _, key := range slices.Sorted(maps.Keys(table)) {
		switch key {
		case "name":
		case "of":
			list, ok := tablesOf(table[key])
			if !ok {
				return "", fmt.Errorf("%s: of=%v, want a list of tables", name, table[key])
			}
			inner, err := tablesText(list, "|", depth+1)
			if err != nil {
				return "", fmt.Errorf("%s: %w", name, err)
			}
			group = "(" + inner + ")"
		default:
			value, err := valueText(table[key])
			if err != nil {
				return "", fmt.Errorf("%s: %s=%v: %w", name, key, table[key], err)
			}
			settings = join(settings, key+"="+value)
		}
	}
	return colon(name, settings) + group, nil
}

// tablesOf returns a list of tables, of whichever of two types it is.
func tablesOf(v any) ([]map[string]any, bool) {
	if list, ok := v.([]map[string]any); ok {
		return list, true
	}
	list, ok := v.([]any)
	var tables []map[string]any
	for _, e := range list {
		t, isTable := e.(map[string]any)
		ok = ok && isTable
		tables = append(tables, t)
	}
	return tables, ok
}

func valueText(v any) (string, error) {
	if list, ok := v.([]any); ok && len(list) == 2 {
		lo, err := numberText(list[0])
		hi, err2 := numberText(list[1])
		return lo + ".." + hi, cmp.Or(err, err2)
	}
	switch v := v.(type) {
	case bool:
		return fmt.Sprint(v), nil
	case string:
		return word(v)
	}
	return numberText(v)
}

func numberText(v any) (string, error) {
	switch v := v.(type) {
	case float64:
		return number(v), nil
	case int, int64:
		return fmt.Sprint(v), nil
	}
	return "", errors.New("want a number, a word, true, false, or a list of two numbers")
}

// word returns a string that ends no setting.
func word(v any) (string, error) {
	s, ok := v.(string)
	if !ok || s == "" || strings.ContainsAny(s, ":+|(),= ") {
		return "", errors.New("want a word")
	}
	return s, nil
}
