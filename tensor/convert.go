package tensor

import (
	"math"

	"github.com/mlodyssey/odyssey/numeric"
)

// Convert returns a row-major copy with another element type. Float to float
// rounds to the nearest, ties to even. Float to integer truncates, saturates at
// the type's ends and takes NaN to 0, the same on every processor. Integers
// that do not fit wrap around, as in Go. Anything but 0 becomes true. To a packed type,
// and from one, the way is through float32.
func (t *Tensor) Convert(d DType) *Tensor {
	if d == t.dtype {
		return t.Clone()
	}
	if d.IsPacked() {
		p := Packing{}
		if d == Float16 || d == BFloat16 {
			p.Overflow = numeric.ToInf
		}
		return Pack(t, d, p)
	}
	out := New(d, t.shape...)
	ConvertInto(out, t.Contiguous())
	return out
}

// ConvertInto converts the elements of a row-major tensor into another of the
// same length, as Convert does.
func ConvertInto(dst, src *Tensor) {
	if dst.Len() != src.Len() {
		Fail("tensor.ConvertInto", []Spec{src.Spec()}, "want %d elements", dst.Len())
	}
	if dst.dtype.IsPacked() {
		dst.CopyFrom(src.Reshape(dst.shape...).Convert(dst.dtype))
		return
	}
	n := src.Len()
	switch from := src.data.(type) {
	case *packed:
		if to, ok := dst.data.([]float32); ok {
			unpack(to[:n], src)
			return
		}
		values := make([]float32, n)
		unpack(values, src)
		convertFloat(dst, values)
	case []float32:
		convertFloat(dst, from[:n])
	case []float64:
		convertFloat(dst, from[:n])
	case []int32:
		convertInt(dst, from[:n])
	case []int64:
		convertInt(dst, from[:n])
	case []uint8:
		convertInt(dst, from[:n])
	case []bool:
		bytes := make([]uint8, n)
		for i, v := range from[:n] {
			if v {
				bytes[i] = 1
			}
		}
		convertInt(dst, bytes)
	}
}

func convertFloat[S float32 | float64](dst *Tensor, src []S) {
	switch to := dst.data.(type) {
	case []float32:
		convert(to, src, func(v S) float32 { return float32(v) })
	case []float64:
		convert(to, src, func(v S) float64 { return float64(v) })
	case []int32:
		convert(to, src, func(v S) int32 { return int32(saturate(float64(v), math.MinInt32, math.MaxInt32)) })
	case []int64:
		convert(to, src, func(v S) int64 { return saturate(float64(v), math.MinInt64, math.MaxInt64) })
	case []uint8:
		convert(to, src, func(v S) uint8 { return uint8(saturate(float64(v), 0, math.MaxUint8)) })
	case []bool:
		convert(to, src, func(v S) bool { return v != 0 })
	}
}

func convertInt[S int32 | int64 | uint8](dst *Tensor, src []S) {
	switch to := dst.data.(type) {
	case []float32:
		convert(to, src, func(v S) float32 { return float32(v) })
	case []float64:
		convert(to, src, func(v S) float64 { return float64(v) })
	case []int32:
		convert(to, src, func(v S) int32 { return int32(v) })
	case []int64:
		convert(to, src, func(v S) int64 { return int64(v) })
	case []uint8:
		convert(to, src, func(v S) uint8 { return uint8(v) })
	case []bool:
		convert(to, src, func(v S) bool { return v != 0 })
	}
}

func convert[D, S Element](dst []D, src []S, f func(S) D) {
	for i, v := range src {
		dst[i] = f(v)
	}
}

// saturate truncates towards zero; what Go itself does with values out of
// range differs between processors.
func saturate(v float64, lo, hi int64) int64 {
	switch {
	case v != v:
		return 0
	case v <= float64(lo):
		return lo
	case v >= float64(hi):
		return hi
	}
	return int64(v)
}
