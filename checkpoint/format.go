package checkpoint

import (
	"errors"
	"fmt"
	"maps"
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
// its type and shape, such as "packed:fc1.weight": "mxfp4 [120 400]".

const packedKey = "packed:"

// packedMetadata returns metadata with the types of packed tensors.
func packedMetadata(tensors []Named, metadata map[string]string) map[string]string {
	all := maps.Clone(metadata)
	for _, t := range tensors {
		if t.Tensor != nil && t.Tensor.DType().Blocks() != nil {
			if all == nil {
				all = map[string]string{}
			}
			all[packedKey+t.Name] = fmt.Sprintf("%v %v", t.Tensor.DType(), t.Tensor.Shape())
		}
	}
	return all
}

// unpackMetadata makes packed tensors of the bytes that the metadata says are, and takes
// what it says out.
func (f *File) unpackMetadata() error {
	for key, value := range f.Metadata {
		name, ok := strings.CutPrefix(key, packedKey)
		if !ok {
			continue
		}
		i := slices.IndexFunc(f.Tensors, func(t Named) bool { return t.Name == name })
		if i < 0 {
			return fmt.Errorf("metadata %.100q: there is no such tensor", key)
		}
		t, err := repack(f.Tensors[i].Tensor, value)
		if err != nil {
			return tensorError(name, fmt.Errorf("metadata %.100q: %w", value, err))
		}
		f.Tensors[i].Tensor = t
		delete(f.Metadata, key)
	}
	return nil
}

// repack returns the tensor that bytes are, of a type and shape such as "mxfp4 [3 32]".
func repack(bytes *tensor.Tensor, spec string) (*tensor.Tensor, error) {
	name, sizes, _ := strings.Cut(spec, " ")
	sizes, open := strings.CutPrefix(sizes, "[")
	sizes, closed := strings.CutSuffix(sizes, "]")
	d, known := tensor.DTypeNamed(name)
	if !open || !closed || !known || d.Blocks() == nil {
		return nil, errors.New("want a type of blocks and a shape, such as mxfp4 [120 400]")
	}
	var shape []int
	for _, size := range strings.Fields(sizes) {
		n, err := strconv.Atoi(size)
		if err != nil {
			return nil, fmt.Errorf("%.40q is no size", size)
		}
		shape = append(shape, n)
	}
	if err := tensor.CheckShape(d, shape); err != nil {
		return nil, err
	}
	want := tensor.NewSpec(d, shape...).Bytes()
	if bytes.DType() != tensor.Uint8 || bytes.Len() != want {
		return nil, fmt.Errorf("want %d bytes, not %v", want, bytes.Spec())
	}
	t := tensor.New(d, shape...)
	return t, t.SetBytes(bytes.Bytes())
}

// entry is one tensor of a header.
type entry struct {
	name       string
	format     format
	shape      []int
	begin, end int64 // of its bytes, counted from the header's end
}

func (e *entry) errorf(format string, args ...any) error {
	return tensorError(e.name, fmt.Errorf(format, args...))
}

// tensorError names the tensor in an error. A name from a file may be long, or
// hold a line break.
func tensorError(name string, err error) error {
	return fmt.Errorf("tensor %.100q: %w", name, err)
}
