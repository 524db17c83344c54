package kernel

import "unsafe"

// Number is the set of types that are compared.
type Number interface{ Float | int64 }

// Equal sets dst = a == b.
func Equal[T Number](dst []bool, a, b []T) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		dst[i] = a[i] == b[i]
	}
}

// NotEqual sets dst = a != b.
func NotEqual[T Number](dst []bool, a, b []T) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		dst[i] = a[i] != b[i]
	}
}

// Less sets dst = a < b.
func Less[T Number](dst []bool, a, b []T) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		dst[i] = a[i] < b[i]
	}
}

// LessEqual sets dst = a <= b.
func LessEqual[T Number](dst []bool, a, b []T) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		dst[i] = a[i] <= b[i]
	}
}

// Greater sets dst = a > b.
func Greater[T Number](dst []bool, a, b []T) { Less(dst, b, a) }

// GreaterEqual sets dst = a >= b.
func GreaterEqual[T Number](dst []bool, a, b []T) { LessEqual(dst, b, a) }

// IsNaN sets dst to whether x is NaN.
func IsNaN[T Float](dst []bool, x []T) { NotEqual(dst, x, x) }

// IsInf sets dst to whether x is +Inf or -Inf.
func IsInf[T Float](dst []bool, x []T) {
	x = x[:len(dst)]
	for i, v := range x {
		dst[i] = v == v && v-v != 0
	}
}

// IsFinite sets dst to whether x is neither NaN nor infinite.
func IsFinite[T Float](dst []bool, x []T) {
	x = x[:len(dst)]
	for i, v := range x {
		dst[i] = v-v == 0
	}
}

// And sets dst = a && b.
func And(dst, a, b []bool) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		dst[i] = a[i] && b[i]
	}
}

// Or sets dst = a || b.
func Or(dst, a, b []bool) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		dst[i] = a[i] || b[i]
	}
}

// Xor sets dst = a != b.
func Xor(dst, a, b []bool) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		dst[i] = a[i] != b[i]
	}
}

// Not sets dst = !x.
func Not(dst, x []bool) {
	x = x[:len(dst)]
	for i, v := range x {
		dst[i] = !v
	}
}

// Where sets dst = a where cond is true, else b.
func Where[T any](dst []T, cond []bool, a, b []T) {
	switch unsafe.Sizeof(*new(T)) {
	case 4:
		where(as[uint32](dst), cond, as[uint32](a), as[uint32](b))
	case 8:
		where(as[uint64](dst), cond, as[uint64](a), as[uint64](b))
	default:
		where(dst, cond, a, b)
	}
}

// where chooses without a branch where the elements are integers.
func where[T any](dst []T, cond []bool, a, b []T) {
	cond, a, b = cond[:len(dst)], a[:len(dst)], b[:len(dst)]
	for i, c := range cond {
		u, v := a[i], b[i]
		if c {
			v = u
		}
		dst[i] = v
	}
}

// as returns a slice as one of another type of the same size.
func as[W, T any](s []T) []W { return *(*[]W)(unsafe.Pointer(&s)) }
