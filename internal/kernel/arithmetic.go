package kernel

import "math"

// pick returns a if c is true, else b, without a branch that a processor would have to
// guess.
func pick[T Float](c bool, a, b T) T {
	if isFloat32[T]() {
		u, v := math.Float32bits(float32(a)), math.Float32bits(float32(b))
		if c {
			v = u
		}
		return T(math.Float32frombits(v))
	}
	u, v := math.Float64bits(float64(a)), math.Float64bits(float64(b))
	if c {
		v = u
	}
	return T(math.Float64frombits(v))
}

// Reciprocal sets dst = 1 / x.
func Reciprocal[T Float](dst, x []T) {
	x = x[:len(dst)]
	for i, v := range x {
		dst[i] = 1 / v
	}
}

// Rsqrt sets dst = 1 / √x, both rounded.
func Rsqrt[T Float](dst, x []T) {
	Sqrt(dst, x)
	Reciprocal(dst, dst)
}

// Square sets dst = x².
func Square[T Float](dst, x []T) { Mul(dst, x, x) }

// Abs sets dst = |x|.
func Abs[T Float](dst, x []T) {
	x = x[:len(dst)]
	for i, v := range x {
		dst[i] = T(math.Abs(float64(v)))
	}
}

// Sign sets dst to 1 with the sign of x, or to x where that is 0 or NaN.
func Sign[T Float](dst, x []T) {
	x = x[:len(dst)]
	for i, v := range x {
		v = pick(v > 0, 1, v)
		dst[i] = pick(v < 0, -1, v)
	}
}

// Maximum sets dst to the larger of a and b; NaN is larger than all, and 0 than -0.
func Maximum[T Float](dst, a, b []T) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		dst[i] = max(a[i], b[i])
	}
}

// Minimum sets dst to the smaller of a and b; NaN is smaller than all, and -0 than 0.
func Minimum[T Float](dst, a, b []T) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		dst[i] = min(a[i], b[i])
	}
}

// Share sets dst to what a gets of a gradient g of the larger of a and b: all where
// it is that or one is NaN, half where they are equal, 0 where it is not.
func Share[T Float](dst, a, b, g []T) {
	a, b, g = a[:len(dst)], b[:len(dst)], g[:len(dst)]
	for i := range dst {
		v := pick(a[i] == b[i], 0.5*g[i], g[i])
		dst[i] = pick(a[i] < b[i], 0, v)
	}
}

// Clip sets dst to x, but to lo below it and to hi above; NaN stays NaN.
func Clip[T Float](dst, x []T, lo, hi T) {
	x = x[:len(dst)]
	for i, v := range x {
		dst[i] = min(max(v, lo), hi)
	}
}

// Within sets dst = g where lo ≤ x ≤ hi, or lo < x < hi if open, else 0.
func Within[T Float](dst, x, g []T, lo, hi T, open bool) {
	x, g = x[:len(dst)], g[:len(dst)]
	if open {
		for i, v := range x {
			d := pick(v > lo, g[i], 0)
			dst[i] = pick(v < hi, d, 0)
		}
		return
	}
	for i, v := range x {
		d := pick(v >= lo, g[i], 0)
		dst[i] = pick(v <= hi, d, 0)
	}
}

// FMod sets dst to what is left of a after whole multiples of b, with the sign of a:
// exactly.
func FMod[T Float](dst, a, b []T) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		dst[i] = T(math.Mod(float64(a[i]), float64(b[i])))
	}
}

// Mod is FMod, but with the sign of b: b is added, rounded, where they differ.
func Mod[T Float](dst, a, b []T) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		d := b[i]
		rest := T(math.Mod(float64(a[i]), float64(d)))
		if rest != 0 && (rest < 0) != (d < 0) {
			rest += d
		}
		dst[i] = rest
	}
}
