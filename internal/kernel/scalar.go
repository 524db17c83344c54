package kernel

// Arithmetic with one operand that is the same for all elements: the bits are
// those of the kernels of two slices. dst may be x.

// SubScalar sets dst = x - c.
func SubScalar[T Float](dst, x []T, c T) {
	x = x[:len(dst)]
	if fastScalar(opSubScalar, dst, x, c) {
		return
	}
	for i, v := range x {
		dst[i] = v - c
	}
}

// MulScalar sets dst = x * c.
func MulScalar[T Float](dst, x []T, c T) {
	x = x[:len(dst)]
	if fastScalar(opMulScalar, dst, x, c) {
		return
	}
	for i, v := range x {
		dst[i] = v * c
	}
}

// DivScalar sets dst = x / c.
func DivScalar[T Float](dst, x []T, c T) {
	x = x[:len(dst)]
	if fastScalar(opDivScalar, dst, x, c) {
		return
	}
	for i, v := range x {
		dst[i] = v / c
	}
}

// fastScalar computes in assembly, or returns false. The slices have one length.
func fastScalar[T Float](op scalarOperation, dst, x []T, c T) bool {
	switch dst := any(dst).(type) {
	case []float32:
		return scalarFast32(op, dst, any(x).([]float32), float32(c))
	case []float64:
		return scalarFast64(op, dst, any(x).([]float64), float64(c))
	}
	return false
}

// scalarOperation is a kernel of this file.
type scalarOperation int

const (
	opSubScalar scalarOperation = iota
	opMulScalar
	opDivScalar
)
