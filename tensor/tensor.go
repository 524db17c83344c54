// Package tensor holds arrays of numbers: a shape, an element type, storage
// and views of it. It has no gradients and no arithmetic; see packages op and
// autograd for those.
//
// Elements lie in row-major order unless a view (Permute, Slice, Step, Expand) says
// otherwise. A view shares the storage of the tensor it was made from.
package tensor

import (
	"fmt"
	"slices"
	"unsafe"
)

// Tensor is an array of elements of one type. The zero value is not usable:
// make one with New, FromSlice, Scalar or Full.
type Tensor struct {
	dtype   DType
	shape   []int
	strides []int // in elements; 0 along an expanded axis
	data    any   // []T of dtype, beginning at the tensor's first element, or *packed
}

// New returns a tensor of zeros.
func New(d DType, shape ...int) *Tensor {
	mustShape("tensor.New", d, shape)
	n := Elements(shape)
	switch d {
	case Float32:
		return wrap(aligned[float32](n), shape)
	case Float64:
		return wrap(aligned[float64](n), shape)
	case Int32:
		return wrap(aligned[int32](n), shape)
	case Int64:
		return wrap(aligned[int64](n), shape)
	case Uint8:
		return wrap(aligned[uint8](n), shape)
	case Bool:
		return wrap(aligned[bool](n), shape)
	}
	if d.IsPacked() {
		return newPacked(d, slices.Clone(shape))
	}
	Fail("tensor.New", nil, "%v is not a type of elements", d)
	return nil
}

// FromSlice returns a tensor over data, which it shares and does not copy.
func FromSlice[T Element](data []T, shape ...int) *Tensor {
	mustShape("tensor.FromSlice", TypeOf[T](), shape)
	if n := Elements(shape); n != len(data) {
		Fail("tensor.FromSlice", nil, "shape %v wants %d elements, the slice has %d", shape, n, len(data))
	}
	return wrap(data, shape)
}

// Scalar returns a tensor without axes that holds one value.
func Scalar[T Element](v T) *Tensor { return wrap([]T{v}, nil) }

// Full returns a tensor whose elements are all v, converted to the type.
func Full(d DType, v float64, shape ...int) *Tensor {
	if d.IsPacked() {
		return Full(Float64, v, shape...).Convert(d)
	}
	t := New(d, shape...)
	t.CopyFrom(Scalar(v).Convert(d).Expand(shape...))
	return t
}

func wrap[T Element](data []T, shape []int) *Tensor {
	shape = slices.Clone(shape)
	return &Tensor{dtype: TypeOf[T](), shape: shape, strides: rowMajor(shape), data: data}
}

func mustShape(op string, d DType, shape []int) {
	if err := CheckShape(d, shape); err != nil {
		Fail(op, nil, "%v", err)
	}
}

// cacheLine is what storage is aligned to, so that no vector load of a
// row-major tensor straddles two lines.
const cacheLine = 64

func aligned[T Element](n int) []T {
	var zero T
	size := int(unsafe.Sizeof(zero))
	s := make([]T, n+cacheLine/size)
	skip := 0
	if rest := int(uintptr(unsafe.Pointer(&s[0])) % cacheLine); rest != 0 {
		skip = (cacheLine - rest) / size
	}
	return s[skip : skip+n : skip+n]
}

func rowMajor(shape []int) []int {
	strides := make([]int, len(shape))
	step := 1
	for i := len(shape) - 1; i >= 0; i-- {
		strides[i] = step
		step *= shape[i]
	}
	return strides
}

// DType returns the type of the elements.
func (t *Tensor) DType() DType { return t.dtype }

// Shape returns the sizes of the axes. It must not be changed.
func (t *Tensor) Shape() []int { return t.shape }

// Rank returns the number of axes.
func (t *Tensor) Rank() int { return len(t.shape) }

// Len returns the number of elements.
func (t *Tensor) Len() int { return Elements(t.shape) }

// Spec returns type and shape.
func (t *Tensor) Spec() Spec { return Spec{t.dtype, t.shape} }

// IsContiguous reports whether the elements lie in row-major order without
// gaps.
func (t *Tensor) IsContiguous() bool {
	step := 1
	for i := len(t.shape) - 1; i >= 0; i-- {
		if t.shape[i] == 0 {
			return true
		}
		if t.shape[i] != 1 && t.strides[i] != step {
			return false
		}
		step *= t.shape[i]
	}
	return true
}

// Data returns the elements of a row-major tensor in order. The slice shares
// the tensor's storage.
func Data[T Element](t *Tensor) []T {
	data, ok := t.data.([]T)
	if !ok {
		Fail("tensor.Data", []Spec{t.Spec()}, "the elements are not %v", TypeOf[T]())
	}
	if !t.IsContiguous() {
		Fail("tensor.Data", []Spec{t.Spec()}, "the tensor is a view that is not row-major: call Contiguous first")
	}
	n := t.Len()
	return data[:n:n] // an append must not reach what lies behind
}

// At returns one element.
func At[T Element](t *Tensor, index ...int) T {
	data, ok := t.data.([]T)
	if !ok {
		Fail("tensor.At", []Spec{t.Spec()}, "the elements are not %v", TypeOf[T]())
	}
	if len(index) != len(t.shape) {
		Fail("tensor.At", []Spec{t.Spec()}, "want %d indices, not %d", len(t.shape), len(index))
	}
	at := 0
	for axis, i := range index {
		if i < 0 || i >= t.shape[axis] {
			Fail("tensor.At", []Spec{t.Spec()}, "index %d is outside axis %d", i, axis)
		}
		at += i * t.strides[axis]
	}
	return data[at]
}

// Item returns the value of a tensor that has one element.
func (t *Tensor) Item() float64 {
	if t.Len() != 1 {
		Fail("tensor.Item", []Spec{t.Spec()}, "want a tensor of one element")
	}
	return Data[float64](t.Convert(Float64))[0]
}

// Clone returns a row-major copy.
func (t *Tensor) Clone() *Tensor {
	c := New(t.dtype, t.shape...)
	c.CopyFrom(t)
	return c
}

// Contiguous returns the tensor itself where it is row-major, else a copy that
// is.
func (t *Tensor) Contiguous() *Tensor {
	if t.IsContiguous() {
		return t
	}
	return t.Clone()
}

// CopyFrom copies the elements of a tensor of the same type and shape.
func (t *Tensor) CopyFrom(src *Tensor) {
	if !t.Spec().Equal(src.Spec()) {
		Fail("tensor.CopyFrom", []Spec{src.Spec()}, "want %v", t.Spec())
	}
	switch dst := t.data.(type) {
	case []float32:
		copyStrided(dst, t, src)
	case []float64:
		copyStrided(dst, t, src)
	case []int32:
		copyStrided(dst, t, src)
	case []int64:
		copyStrided(dst, t, src)
	case []uint8:
		copyStrided(dst, t, src)
	case []bool:
		copyStrided(dst, t, src)
	case *packed:
		dst.copyFrom(src.data.(*packed))
	}
}

func copyStrided[T Element](dst []T, t, src *Tensor) {
	from := src.data.([]T)
	if t.IsContiguous() && src.IsContiguous() {
		copy(dst[:t.Len()], from[:t.Len()])
		return
	}
	copyAxis(dst, t.strides, from, src.strides, t.shape)
}

func copyAxis[T Element](dst []T, dstStrides []int, src []T, srcStrides []int, shape []int) {
	if slices.Contains(shape, 0) {
		return
	}
	if len(shape) == 0 {
		dst[0] = src[0]
		return
	}
	if len(shape) == 1 {
		copyRow(dst, dstStrides[0], src, srcStrides[0], shape[0])
		return
	}
	for i := range shape[0] {
		copyAxis(dst[i*dstStrides[0]:], dstStrides[1:], src[i*srcStrides[0]:], srcStrides[1:], shape[1:])
	}
}

// copyRow copies n elements, which lie so far apart.
func copyRow[T Element](dst []T, dstStride int, src []T, srcStride, n int) {
	switch {
	case dstStride == 1 && srcStride == 1:
		copy(dst[:n], src)
	case dstStride == 1 && srcStride == 0: // one element, repeated
		dst[0] = src[0]
		for done := 1; done < n; done *= 2 {
			copy(dst[done:n], dst[:done])
		}
	default:
		for i := range n {
			dst[i*dstStride] = src[i*srcStride]
		}
	}
}

// Equal reports whether two tensors have the same type, shape and bits, so
// that NaN equals itself and 0 differs from -0.
func (t *Tensor) Equal(o *Tensor) bool {
	if !t.Spec().Equal(o.Spec()) {
		return false
	}
	if p, ok := t.data.(*packed); ok && p.scale != o.data.(*packed).scale {
		return false
	}
	return slices.Equal(t.Bytes(), o.Bytes())
}

// Bytes returns the elements in row-major order as little-endian bytes; of a packed type
// the codes, the scales of the blocks and, in NVFP4, the tensor's. It copies.
func (t *Tensor) Bytes() []byte {
	b := make([]byte, 0, t.Spec().Bytes())
	switch data := t.Contiguous().data.(type) {
	case []float32:
		b = appendBytes(b, data[:t.Len()])
	case []float64:
		b = appendBytes(b, data[:t.Len()])
	case []int32:
		b = appendBytes(b, data[:t.Len()])
	case []int64:
		b = appendBytes(b, data[:t.Len()])
	case []uint8:
		b = append(b, data[:t.Len()]...)
	case []bool:
		b = appendBytes(b, data[:t.Len()])
	case *packed:
		b = data.appendTo(b, t.dtype)
	}
	return b
}

// SetBytes fills a row-major tensor from little-endian bytes, the inverse of
// Bytes. A bool's byte must be 0 or 1.
func (t *Tensor) SetBytes(b []byte) error {
	if want := t.Spec().Bytes(); len(b) != want {
		return fmt.Errorf("%v takes %d bytes, not %d", t.Spec(), want, len(b))
	}
	if t.dtype == Bool {
		for i, v := range b {
			if v > 1 {
				return fmt.Errorf("byte %d of %v is %d, want 0 or 1", i, t.Spec(), v)
			}
		}
	}
	switch t.dtype {
	case Float32:
		decodeBytes(Data[float32](t), b)
	case Float64:
		decodeBytes(Data[float64](t), b)
	case Int32:
		decodeBytes(Data[int32](t), b)
	case Int64:
		decodeBytes(Data[int64](t), b)
	case Uint8:
		copy(Data[uint8](t), b)
	case Bool:
		decodeBytes(Data[bool](t), b)
	default:
		t.data.(*packed).setBytes(t.dtype, b)
	}
	return nil
}
