package kernel

//go:generate go run -C _asm ./elementwise -out ../vector_amd64.s -stubs ../vector_amd64.go -pkg kernel

import "math"

// Elementwise kernels take slices of one length. dst may be one of the inputs.

// Add sets dst = a + b.
func Add[T Float](dst, a, b []T) {
	a, b = a[:len(dst)], b[:len(dst)]
	if fastBinary(opAdd, dst, a, b) {
		return
	}
	for i := range dst {
		dst[i] = a[i] + b[i]
	}
}

// Sub sets dst = a - b.
func Sub[T Float](dst, a, b []T) {
	a, b = a[:len(dst)], b[:len(dst)]
	if fastBinary(opSub, dst, a, b) {
		return
	}
	for i := range dst {
		dst[i] = a[i] - b[i]
	}
}

// Mul sets dst = a * b.
func Mul[T Float](dst, a, b []T) {
	a, b = a[:len(dst)], b[:len(dst)]
	if fastBinary(opMul, dst, a, b) {
		return
	}
	for i := range dst {
		dst[i] = a[i] * b[i]
	}
}

// Div sets dst = a / b.
func Div[T Float](dst, a, b []T) {
	a, b = a[:len(dst)], b[:len(dst)]
	if fastBinary(opDiv, dst, a, b) {
		return
	}
	for i := range dst {
		dst[i] = a[i] / b[i]
	}
}

// MulAdd sets dst = a * b + c; the product is rounded before the sum.
func MulAdd[T Float](dst, a, b, c []T) {
	a, b, c = a[:len(dst)], b[:len(dst)], c[:len(dst)]
	if isFloat32[T]() && mulAddFast(asFloat32(dst), asFloat32(a), asFloat32(b), asFloat32(c)) {
		return
	}
	for i := range dst {
		dst[i] = T(a[i]*b[i]) + c[i]
	}
}

// Gate sets dst = b where a > 0, else 0.
func Gate[T Float](dst, a, b []T) {
	a, b = a[:len(dst)], b[:len(dst)]
	if fastBinary(opGate, dst, a, b) {
		return
	}
	for i := range dst {
		v := b[i]
		if !(a[i] > 0) {
			v = 0
		}
		dst[i] = v
	}
}

// Neg sets dst = -x.
func Neg[T Float](dst, x []T) {
	x = x[:len(dst)]
	if fastUnary(opNeg, dst, x) {
		return
	}
	for i := range dst {
		dst[i] = -x[i]
	}
}

// ReLU sets dst = max(x, 0); NaN stays NaN and -0 becomes 0.
func ReLU[T Float](dst, x []T) {
	x = x[:len(dst)]
	if fastUnary(opReLU, dst, x) {
		return
	}
	for i := range dst {
		dst[i] = max(x[i], 0)
	}
}

// Sqrt sets dst to the correctly rounded square root of x.
func Sqrt[T Float](dst, x []T) {
	x = x[:len(dst)]
	if fastUnary(opSqrt, dst, x) {
		return
	}
	for i := range dst {
		dst[i] = T(math.Sqrt(float64(x[i]))) // exact for float32 too: 53 >= 2*24+2
	}
}

// operation is an elementwise kernel that there is assembly for.
type operation int

const (
	opAdd operation = iota
	opSub
	opMul
	opDiv
	opGate
	opNeg
	opReLU
	opSqrt
)

// fastBinary computes in assembly, or returns false. The slices have one length.
func fastBinary[T Float](op operation, dst, a, b []T) bool {
	return isFloat32[T]() && binaryFast(op, asFloat32(dst), asFloat32(a), asFloat32(b))
}

// fastUnary is fastBinary for one input.
func fastUnary[T Float](op operation, dst, x []T) bool {
	return isFloat32[T]() && unaryFast(op, asFloat32(dst), asFloat32(x))
}
