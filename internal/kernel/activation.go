package kernel

import "math"

// Activations, made of vector kernels in pieces that stay in the first-level cache.
// dst may be one of the inputs. A function with g sets dst to g times the derivative.

// activationRoom is room for three pieces, on the stack.
type activationRoom[T Float] [3][activationPiece]T

const activationPiece = 256

// cut returns room for three pieces of n elements.
func (r *activationRoom[T]) cut(n int) (a, b, c []T) { return r[0][:n], r[1][:n], r[2][:n] }

// SiLU sets dst = x / (1 + e^-x).
func SiLU[T Float](dst, x []T) {
	var room activationRoom[T]
	for lo := 0; lo < len(dst); lo += activationPiece {
		hi := min(lo+activationPiece, len(dst))
		s, _, _ := room.cut(hi - lo)
		x := x[lo:hi]
		Sigmoid(s, x)
		Mul(dst[lo:hi], s, x)
	}
}

// SiLUGrad sets dst = g (s + x s (1 - s)) with s = 1 / (1 + e^-x).
func SiLUGrad[T Float](dst, x, g []T) {
	var room activationRoom[T]
	for lo := 0; lo < len(dst); lo += activationPiece {
		hi := min(lo+activationPiece, len(dst))
		s, t, _ := room.cut(hi - lo)
		x := x[lo:hi]
		Sigmoid(s, x)
		Mul(t, s, s)
		Sub(t, s, t)
		Mul(t, t, x)
		Add(t, t, s)
		Mul(dst[lo:hi], t, g[lo:hi])
	}
}

// GELU sets dst = x/2 (1 + erf(x/√2)).
func GELU[T Float](dst, x []T) {
	var room activationRoom[T]
	for lo := 0; lo < len(dst); lo += activationPiece {
		hi := min(lo+activationPiece, len(dst))
		p, _, _ := room.cut(hi - lo)
		x := x[lo:hi]
		normal(p, x)
		Mul(dst[lo:hi], p, x)
	}
}

// GELUGrad sets dst = g (p + x e^(-x²/2) / √(2π)) with p = (1 + erf(x/√2)) / 2.
func GELUGrad[T Float](dst, x, g []T) {
	var room activationRoom[T]
	for lo := 0; lo < len(dst); lo += activationPiece {
		hi := min(lo+activationPiece, len(dst))
		p, d, _ := room.cut(hi - lo)
		x := x[lo:hi]
		normal(p, x)
		Mul(d, x, x)
		MulScalar(d, d, -0.5)
		Exp(d, d)
		Mul(d, d, x)
		MulScalar(d, d, T(math.Sqrt2/(2*math.SqrtPi)))
		Add(p, p, d)
		Mul(dst[lo:hi], p, g[lo:hi])
	}
}

// normal sets p = (1 + erf(x/√2)) / 2.
func normal[T Float](p, x []T) {
	MulScalar(p, x, T(1/math.Sqrt2))
	Erf(p, p)
	SubScalar(p, p, -1)
	MulScalar(p, p, 0.5)
}

// 2 √(2/π), and that times 0.044715: the coefficients of twice the argument of the
// hyperbolic tangent in GELUTanh.
const (
	geluLinear = 1.59576912160573071175978423973752747390343452466
	geluCubic  = geluLinear * 0.044715
)

// GELUTanh sets dst = x/2 (1 + tanh(√(2/π) (x + 0.044715 x³))), as x / (1 + e^-w).
func GELUTanh[T Float](dst, x []T) {
	var room activationRoom[T]
	for lo := 0; lo < len(dst); lo += activationPiece {
		hi := min(lo+activationPiece, len(dst))
		s, _, _ := room.cut(hi - lo)
		x := x[lo:hi]
		Mul(s, x, x)
		MulScalar(s, s, T(geluCubic))
		SubScalar(s, s, T(-geluLinear))
		Mul(s, s, x)
		Sigmoid(s, s)
		Mul(dst[lo:hi], s, x)
	}
}

// GELUTanhGrad sets dst = g (s + x s (1 - s) w') with s = 1 / (1 + e^-w), where w is
// that of GELUTanh.
func GELUTanhGrad[T Float](dst, x, g []T) {
	var room activationRoom[T]
	for lo := 0; lo < len(dst); lo += activationPiece {
		hi := min(lo+activationPiece, len(dst))
		s, d, t := room.cut(hi - lo)
		x := x[lo:hi]
		Mul(d, x, x)
		MulScalar(s, d, T(geluCubic))
		SubScalar(s, s, T(-geluLinear))
		Mul(s, s, x)
		Sigmoid(s, s)
		MulScalar(d, d, T(3*geluCubic))
		SubScalar(d, d, T(-geluLinear))
		Mul(d, d, x)
		Mul(t, s, s)
		Sub(t, s, t)
		Mul(d, d, t)
		Add(d, d, s)
		Mul(dst[lo:hi], d, g[lo:hi])
	}
}

// mishEnd is from where on mish and its derivative are x and 1.
const mishEnd = 22

// Mish sets dst = x tanh(ln(1 + e^x)), as x n / (n + 2) with n = e^x (e^x + 2).
func Mish[T Float](dst, x []T) {
	var room activationRoom[T]
	for lo := 0; lo < len(dst); lo += activationPiece {
		hi := min(lo+activationPiece, len(dst))
		e, n, _ := room.cut(hi - lo)
		x := x[lo:hi]
		Clip(e, x, T(math.Inf(-1)), mishEnd)
		Exp(e, e)
		SubScalar(n, e, -2)
		Mul(n, n, e)
		SubScalar(e, n, -2)
		Div(n, n, e)
		Mul(dst[lo:hi], n, x)
	}
}

// MishGrad sets dst = g (n / (n + 2) + 4 x e^x (e^x + 1) / (n + 2)²), with the n of
// Mish.
func MishGrad[T Float](dst, x, g []T) {
	var room activationRoom[T]
	for lo := 0; lo < len(dst); lo += activationPiece {
		hi := min(lo+activationPiece, len(dst))
		c, e, n := room.cut(hi - lo)
		Clip(c, x[lo:hi], T(math.Inf(-1)), mishEnd)
		Exp(e, c)
		Mul(c, c, e)
		MulScalar(c, c, 4)
		SubScalar(n, e, -1)
		Mul(c, c, n) // 4 x e^x (e^x + 1)
		SubScalar(n, e, -2)
		Mul(n, n, e)
		SubScalar(e, n, -2)
		Div(c, c, e)
		Add(c, c, n)
		Div(c, c, e)
		Mul(dst[lo:hi], c, g[lo:hi])
	}
}

// Softplus sets dst = ln(1 + e^(beta x)) / beta, but to x where beta x is above the
// threshold.
func Softplus[T Float](dst, x []T, beta, threshold T) {
	var room activationRoom[T]
	for lo := 0; lo < len(dst); lo += activationPiece {
		hi := min(lo+activationPiece, len(dst))
		z, l, u := room.cut(hi - lo)
		x, dst := x[lo:hi], dst[lo:hi]
		MulScalar(z, x, beta)
		logOfOnePlusExp(l, z, u)
		for i, v := range x {
			dst[i] = pick(z[i] > threshold, v, (max(z[i], 0)+l[i])/beta)
		}
	}
}

// LogSigmoid sets dst = -ln(1 + e^-x).
func LogSigmoid[T Float](dst, x []T) {
	var room activationRoom[T]
	for lo := 0; lo < len(dst); lo += activationPiece {
		hi := min(lo+activationPiece, len(dst))
		l, u, _ := room.cut(hi - lo)
		x, dst := x[lo:hi], dst[lo:hi]
		logOfOnePlusExp(l, x, u)
		for i, v := range x {
			dst[i] = min(v, 0) - l[i]
		}
	}
}

// logOfOnePlusExp sets l = ln(1 + e^-|x|), as ln u + (e^-|x| - (u - 1)) / u with u the
// rounded 1 + e^-|x|. u is room.
func logOfOnePlusExp[T Float](l, x, u []T) {
	Abs(l, x)
	Neg(l, l)
	Exp(l, l)
	SubScalar(u, l, -1)
	for i, v := range u {
		l[i] = (l[i] - (v - 1)) / v
	}
	Log(u, u)
	Add(l, l, u)
}

// ELU sets dst = scale x where x > 0, else scale alpha (e^(rate x) - 1).
func ELU[T Float](dst, x []T, alpha, scale, rate T) {
	var room activationRoom[T]
	for lo := 0; lo < len(dst); lo += activationPiece {
		hi := min(lo+activationPiece, len(dst))
		z, e, l := room.cut(hi - lo)
		x, dst := x[lo:hi], dst[lo:hi]
		MulScalar(z, x, rate)
		Exp(e, z)
		Log(l, e)
		for i, v := range x {
			dst[i] = scale * pick(v > 0, v, alpha*expLess1(z[i], e[i], l[i]))
		}
	}
}

// expLess1 returns e^z - 1, given e, the rounded e^z, and ln e. That the exponential
// was rounded counts as much in e - 1 as in ln e (Kahan).
func expLess1[T Float](z, e, ln T) T {
	y := pick(e == 1, z, (e-1)*(z/ln))
	return pick(e == 0, -1, y)
}

// ELUGrad sets dst = scale g where x > 0, else scale alpha rate e^(rate x) g.
func ELUGrad[T Float](dst, x, g []T, alpha, scale, rate T) {
	var room activationRoom[T]
	for lo := 0; lo < len(dst); lo += activationPiece {
		hi := min(lo+activationPiece, len(dst))
		e, _, _ := room.cut(hi - lo)
		x, dst, g := x[lo:hi], dst[lo:hi], g[lo:hi]
		MulScalar(e, x, rate)
		Exp(e, e)
		for i, v := range x {
			d := pick(v > 0, 1, alpha*rate*e[i])
			dst[i] = scale * d * g[i]
		}
	}
}

// Leak sets dst = g where x > 0, else w g.
func Leak[T Float](dst, x, w, g []T) {
	x, w, g = x[:len(dst)], w[:len(dst)], g[:len(dst)]
	for i, v := range x {
		dst[i] = pick(v > 0, g[i], w[i]*g[i])
	}
}
