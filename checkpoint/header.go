package checkpoint

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/mlodyssey/odyssey/tensor"
)

// parseHeader reads the JSON header into its entries, ordered by their data,
// and the metadata. It checks each entry in itself and against its neighbours.
func parseHeader(header []byte) ([]entry, map[string]string, error) {
	if err := checkJSON(header); err != nil {
		return nil, nil, fmt.Errorf("header: %w", err)
	}
	d := json.NewDecoder(bytes.NewReader(header))
	d.UseNumber()
	var entries []entry
	var metadata map[string]string
	err := eachMember(d, "header", func(name string) (err error) {
		if name == metadataKey {
			metadata, err = parseMetadata(d)
			return err
		}
		e, err := parseEntry(d, name)
		if err != nil {
			return tensorError(name, err)
		}
		entries = append(entries, e)
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	return entries, metadata, checkLayout(entries)
}

// checkJSON makes sure of the syntax, so that later code can only meet values
// of the wrong kind.
func checkJSON(header []byte) error {
	if !utf8.Valid(header) {
		return errors.New("not UTF-8")
	}
	if len(header) == 0 || header[0] != '{' {
		return errors.New("want a JSON object, which begins with {")
	}
	var raw json.RawMessage
	if err := json.Unmarshal(header, &raw); err != nil {
		return fmt.Errorf("invalid JSON: %w", err)
	}
	return nil
}

// eachMember reads an object and calls member for each name, to read the value.
func eachMember(d *json.Decoder, what string, member func(name string) error) error {
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return fmt.Errorf("%s: want a JSON object", what)
	}
	seen := map[string]bool{}
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return err
		}
		name := token.(string) // as JSON's syntax has it
		if seen[name] {
			return fmt.Errorf("%s: %.100q appears twice", what, name)
		}
		seen[name] = true
		if err := member(name); err != nil {
			return err
		}
	}
	_, err := d.Token()
	return err
}

func parseMetadata(d *json.Decoder) (map[string]string, error) {
	metadata := map[string]string{}
	err := eachMember(d, metadataKey, func(key string) (err error) {
		if metadata[key], err = parseString(d); err != nil {
			return fmt.Errorf("%s: %.100q: %w", metadataKey, key, err)
		}
		return nil
	})
	return metadata, err
}

func parseEntry(d *json.Decoder, name string) (entry, error) {
	e := entry{name: name}
	var dtype string
	var offsets []int64
	members := 0
	err := eachMember(d, "entry", func(key string) (err error) {
		members++
		switch key {
		case "dtype":
			dtype, err = parseString(d)
		case "shape":
			e.shape, err = parseShape(d)
		case "data_offsets":
			offsets, err = parseInts(d, 2)
		default:
			return fmt.Errorf("unknown key %.40q, want dtype, shape and data_offsets", key)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
		return nil
	})
	if err != nil {
		return e, err
	}
	if members != 3 {
		return e, errors.New("want all of dtype, shape and data_offsets")
	}
	if len(offsets) != 2 {
		return e, fmt.Errorf("data_offsets %v: want two", offsets)
	}
	e.begin, e.end = offsets[0], offsets[1]
	if e.format, err = formatNamed(dtype); err != nil {
		return e, err
	}
	return e, e.checkSize()
}

func (e *entry) checkSize() error {
	if err := tensor.CheckShape(e.format.dtype, e.shape); err != nil {
		return err
	}
	if e.begin < 0 || e.end < e.begin {
		return fmt.Errorf("data_offsets [%d %d] are no range", e.begin, e.end)
	}
	want := int64(tensor.NewSpec(e.format.dtype, e.shape...).Bytes())
	if got := e.end - e.begin; got != want {
		return fmt.Errorf("%s%v takes %d bytes, but data_offsets [%d %d] give it %d",
			e.format.name, e.shape, want, e.begin, e.end, got)
	}
	return nil
}

func parseString(d *json.Decoder) (string, error) {
	token, err := d.Token()
	if err != nil {
		return "", err
	}
	if s, ok := token.(string); ok {
		return s, nil
	}
	return "", errors.New("want a string")
}

func parseShape(d *json.Decoder) ([]int, error) {
	sizes, err := parseInts(d, maxRank)
	if err != nil {
		return nil, err
	}
	shape := make([]int, len(sizes))
	for i, s := range sizes {
		shape[i] = int(s)
		if int64(shape[i]) != s {
			return nil, fmt.Errorf("size %d is too large for this machine", s)
		}
	}
	return shape, nil
}

// parseInts reads an array of at most limit integers.
func parseInts(d *json.Decoder, limit int) ([]int64, error) {
	if open, err := d.Token(); err != nil || open != json.Delim('[') {
		return nil, errors.New("want a JSON array")
	}
	var values []int64
	for d.More() {
		if len(values) == limit {
			return nil, fmt.Errorf("want at most %d numbers", limit)
		}
		token, err := d.Token()
		if err != nil {
			return nil, err
		}
		number, ok := token.(json.Number)
		if !ok {
			return nil, errors.New("want numbers only")
		}
		v, err := strconv.ParseInt(number.String(), 10, 64)
		if err != nil {
			return nil, fmt.Errorf("%.40s is no 64-bit integer", number)
		}
		values = append(values, v)
	}
	_, err := d.Token()
	return values, err
}

// checkLayout orders entries by their data and makes sure that they follow one
// another without overlaps and holes.
func checkLayout(entries []entry) error {
	slices.SortStableFunc(entries, func(a, b entry) int {
		return slices.Compare([]int64{a.begin, a.end}, []int64{b.begin, b.end})
	})
	end := int64(0)
	for i, e := range entries {
		switch {
		case e.begin < end:
			return e.errorf("data_offsets [%d %d] overlap those of %.100q, which end at %d", e.begin, e.end, entries[i-1].name, end)
		case e.begin > end:
			return e.errorf("data_offsets [%d %d] leave a hole: want them to begin at %d", e.begin, e.end, end)
		}
		end = e.end
	}
	return nil
}
