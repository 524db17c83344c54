package checkpoint

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/mlodyssey/odyssey/tensor"
)

// The limits that the format's reference implementation and common sense set.
const (
	maxHeader   = 100_000_000 // bytes
	maxRank     = 64          // as NumPy
	metadataKey = "__metadata__"
)

// format is an element type as files have it.
type format struct {
	name  string
	dtype tensor.DType
}

var formats = []format{
	{"F64", tensor.Float64},
	{"F32", tensor.Float32},
	{"I64", tensor.Int64},
	{"I32", tensor.Int32},
	{"U8", tensor.Uint8},
	{"BOOL", tensor.Bool},
	{"F16", tensor.Float16},
	{"BF16", tensor.BFloat16},
	{"F8_E4M3", tensor.Float8E4M3},
	{"F8_E5M2", tensor.Float8E5M2},
	{"F6_E3M2", tensor.Float6E3M2},
	{"F6_E2M3", tensor.Float6E2M3},
	{"F4", tensor.Float4E2M1},
}

func formatNamed(name string) (format, error) {
	var names []string
	for _, f := range formats {
		if f.name == name {
			return f, nil
		}
		names = append(names, f.name)
	}
	return format{}, fmt.Errorf("dtype %.40q is not supported, want one of %s", name, strings.Join(names, ", "))
}

// formatOf returns the format in which a type's elements are written: those of blocks
// as bytes.
func formatOf(d tensor.DType) format {
	if d.Blocks() != nil {
		d = tensor.Uint8
	}
	for _, f := range formats {
		if f.dtype == d {
			return f
		}
	}
	panic(fmt.Sprintf("checkpoint: no format for %v", d))
}

// shapeOf returns the shape that a tensor has in a file.
func shapeOf(t *tensor.Tensor) []int {
	if t.DType().Blocks() != nil {
		return []int{t.Spec().Bytes()}
	}
	return t.Shape()
}

// The format has no types of blocks. A tensor of one is written as its bytes (codes,
// scales, and in NVFP4 the tensor's scale, as tensor.Bytes gives them), and the metadata has
// its type and shape, such as "packed:fc1.weight": "mxfp4 [120 400]". For a tensor of another
// packed type whose scale is not 1 it has that: "scale:fc1.weight": "0.00390625".

const (
	packedKey = "packed:"
	scaleKey  = "scale:"
)

// packedMetadata returns metadata with what it has to say of packed tensors.
func packedMetadata(tensors []Named, metadata map[string]string) map[string]string {
	all := maps.Clone(metadata)
	if all == nil {
		all = map[string]string{}
	}
	for _, t := range tensors {
		if !t.Tensor.DType().IsPacked() {
			continue
		}
		if t.Tensor.DType().Blocks() != nil {
			all[packedKey+t.Name] = fmt.Sprintf("%v %v", t.Tensor.DType(), t.Tensor.Shape())
		} else if _, _, scale := tensor.Packed(t.Tensor); scale != 1 {
			all[scaleKey+t.Name] = strconv.FormatFloat(float64(scale), 'g', -1, 32)
		}
	}
	return all
}

// applyMetadata makes entries what the metadata says that their bytes are, and takes what
// it says out.
func applyMetadata(entries []entry, metadata map[string]string) error {
	for key, value := range metadata {
		name, packed := strings.CutPrefix(key, packedKey)
		scaled := false
		if !packed {
			name, scaled = strings.CutPrefix(key, scaleKey)
		}
		if !packed && !scaled {
			continue
		}
		i := slices.IndexFunc(entries, func(e entry) bool { return e.name == name })
		if i < 0 {
			return fmt.Errorf("metadata %.100q: there is no such tensor", key)
		}
		apply := entries[i].repack
		if scaled {
			apply = entries[i].rescale
		}
		if err := apply(value); err != nil {
			return entries[i].errorf("metadata %.100q: %w", value, err)
		}
		delete(metadata, key)
	}
	return nil
}

// repack makes bytes a tensor of a type and shape such as "mxfp4 [3 32]".
func (e *entry) repack(spec string) error {
	name, sizes, _ := strings.Cut(spec, " ")
	sizes, open := strings.CutPrefix(sizes, "[")
	sizes, closed := strings.CutSuffix(sizes, "]")
	d, known := tensor.DTypeNamed(name)
	if !open || !closed || !known || d.Blocks() == nil {
		return errors.New("want a type of blocks and a shape, such as mxfp4 [120 400]")
	}
	var shape []int
	for _, size := range strings.Fields(sizes) {
		n, err := strconv.Atoi(size)
		if err != nil {
			return fmt.Errorf("%.40q is no size", size)
		}
		shape = append(shape, n)
	}
	if err := tensor.CheckShape(d, shape); err != nil {
		return err
	}
	want, got := tensor.NewSpec(d, shape...).Bytes(), tensor.NewSpec(e.format.dtype, e.shape...)
	if got.DType != tensor.Uint8 || got.Elements() != want {
		return fmt.Errorf("want %d bytes, not %v", want, got)
	}
	e.format.dtype, e.shape = d, shape
	return nil
}

// rescale gives a tensor a scale, such as "0.00390625".
func (e *entry) rescale(value string) error {
	scale, err := strconv.ParseFloat(value, 32)
	if err != nil || !(scale > 0 && scale <= math.MaxFloat32) || e.format.dtype.Float() == nil {
		return errors.New("want a positive number for a scale, of a tensor of few bits")
	}
	e.scale = float32(scale)
	return nil
}

// entry is one tensor of a header.
type entry struct {
	name       string
	format     format
	shape      []int
	begin, end int64 // of its bytes, counted from the header's end

	scale float32 // that the metadata gives it, or 0
}

func (e *entry) errorf(format string, args ...any) error {
	return tensorError(e.name, fmt.Errorf(format, args...))
}

// tensorError names the tensor in an error. A name from a file may be long, or
// hold a line break.
func tensorError(name string, err error) error {
	return fmt.Errorf("tensor %.100q: %w", name, err)
}
