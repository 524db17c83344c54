package checkpoint

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/mlodyssey/odyssey/tensor"
)

// Write writes tensors and metadata, which may be nil, in the safetensors
// format. Equal arguments give equal bytes, on any machine: tensors keep their
// order, except that those with larger elements come first, which keeps every
// one aligned; metadata is sorted. The bytes do not depend on how a tensor lies
// in memory.
func Write(w io.Writer, tensors []Named, metadata map[string]string) error {
	if err := checkNames(tensors, metadata); err != nil {
		return err
	}
	metadata = packedMetadata(tensors, metadata)
	tensors = slices.Clone(tensors)
	slices.SortStableFunc(tensors, func(a, b Named) int {
		return cmp.Compare(elementBits(b.Tensor.DType()), elementBits(a.Tensor.DType()))
	})
	header := formatHeader(tensors, metadata)
	if len(header) > maxHeader {
		return fmt.Errorf("the safetensors header takes %d bytes, want at most %d", len(header), maxHeader)
	}
	if _, err := w.Write(binary.LittleEndian.AppendUint64(nil, uint64(len(header)))); err != nil {
		return err
	}
	if _, err := w.Write(header); err != nil {
		return err
	}
	for _, t := range tensors {
		if _, err := w.Write(t.Tensor.Bytes()); err != nil {
			return err
		}
	}
	return nil
}

// elementBits returns the bits of an element, or of what elements of blocks are written as.
func elementBits(d tensor.DType) int {
	if f := d.Float(); f != nil {
		return f.Bits()
	}
	return 8 * max(1, d.Size())
}

func checkNames(tensors []Named, metadata map[string]string) error {
	seen := make(map[string]bool, len(tensors))
	for _, t := range tensors {
		switch {
		case t.Tensor == nil:
			return tensorError(t.Name, errors.New("it is nil"))
		case t.Name == metadataKey:
			return tensorError(t.Name, errors.New("the name is reserved for metadata"))
		case !utf8.ValidString(t.Name):
			return tensorError(t.Name, errors.New("the name is not UTF-8"))
		case seen[t.Name]:
			return tensorError(t.Name, errors.New("two tensors have this name"))
		case t.Tensor.Rank() > maxRank:
			return tensorError(t.Name, fmt.Errorf("it has %d axes, want at most %d", t.Tensor.Rank(), maxRank))
		}
		seen[t.Name] = true
	}
	for key, value := range metadata {
		if strings.HasPrefix(key, packedKey) || strings.HasPrefix(key, scaleKey) {
			return fmt.Errorf("metadata %.100q: names that begin with %s or %s are reserved for packed tensors", key, packedKey, scaleKey)
		}
		if !utf8.ValidString(key) || !utf8.ValidString(value) {
			return fmt.Errorf("metadata %.100q: %.100q is not UTF-8", key, value)
		}
	}
	return nil
}

// formatHeader writes the JSON itself, for its bytes to stay the same with any
// version of a JSON package. Spaces fill it up so that the data is aligned.
func formatHeader(tensors []Named, metadata map[string]string) []byte {
	b := []byte{'{'}
	if len(metadata) > 0 {
		b = append(appendString(b, metadataKey), ':', '{')
		for i, key := range slices.Sorted(maps.Keys(metadata)) {
			b = appendComma(b, i)
			b = append(appendString(b, key), ':')
			b = appendString(b, metadata[key])
		}
		b = append(b, '}')
	}
	offset := 0
	for i, t := range tensors {
		b = appendComma(b, i+len(metadata))
		end := offset + t.Tensor.Spec().Bytes()
		b = appendEntry(b, t, offset, end)
		offset = end
	}
	b = append(b, '}')
	for len(b)%8 != 0 {
		b = append(b, ' ')
	}
	return b
}

func appendEntry(b []byte, t Named, begin, end int) []byte {
	b = appendString(b, t.Name)
	b = append(b, `:{"dtype":"`...)
	b = append(b, formatOf(t.Tensor.DType()).name...)
	b = append(b, `","shape":`...)
	b = appendInts(b, shapeOf(t.Tensor))
	b = append(b, `,"data_offsets":`...)
	b = appendInts(b, []int{begin, end})
	return append(b, '}')
}

func appendInts(b []byte, values []int) []byte {
	b = append(b, '[')
	for i, v := range values {
		b = strconv.AppendInt(appendComma(b, i), int64(v), 10)
	}
	return append(b, ']')
}

// appendComma separates the i-th item from those before it.
func appendComma(b []byte, i int) []byte {
	if i > 0 {
		b = append(b, ',')
	}
	return b
}

// appendString appends a JSON string with the fewest escapes that JSON allows.
func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c < ' ':
			b = fmt.Appendf(b, `\u%04x`, c)
		default:
			b = append(b, c)
		}
	}
	return append(b, '"')
}
