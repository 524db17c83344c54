package kernel

//go:generate go run -C _asm ./math -out ../math_amd64.s -stubs ../math_amd64.go -pkg kernel

// Exp sets dst = e^x.
func Exp[T Float](dst, x []T) { apply(fnExp, dst, x) }

// Log sets dst to the natural logarithm of x.
func Log[T Float](dst, x []T) { apply(fnLog, dst, x) }

// Tanh sets dst to the hyperbolic tangent of x.
func Tanh[T Float](dst, x []T) { apply(fnTanh, dst, x) }

// Sigmoid sets dst = 1 / (1 + e^-x).
func Sigmoid[T Float](dst, x []T) { apply(fnSigmoid, dst, x) }

// Erf sets dst to the error function of x.
func Erf[T Float](dst, x []T) { apply(fnErf, dst, x) }

// function is an elementary function, in both precisions.
type function int

const (
	fnExp function = iota
	fnLog
	fnTanh
	fnSigmoid
	fnErf
)

var functions = [...]struct {
	f32 func(float32) float32
	f64 func(float64) float64
}{
	fnExp:     {Exp32, Exp64},
	fnLog:     {Log32, Log64},
	fnTanh:    {Tanh32, Tanh64},
	fnSigmoid: {Sigmoid32, Sigmoid64},
	fnErf:     {Erf32, Erf64},
}

// asmStretch is how many elements a call of assembly takes at most, which the
// scheduler cannot interrupt.
const asmStretch = 1 << 16

// apply sets dst = f(x).
func apply[T Float](f function, dst, x []T) {
	x = x[:len(dst)]
	for len(dst) > asmStretch {
		applyPart(f, dst[:asmStretch], x[:asmStretch])
		dst, x = dst[asmStretch:], x[asmStretch:]
	}
	applyPart(f, dst, x)
}

func applyPart[T Float](f function, dst, x []T) {
	switch dst := any(dst).(type) {
	case []float32:
		x := any(x).([]float32)
		if functionFast32(f, dst, x) {
			return
		}
		for i, v := range x {
			dst[i] = functions[f].f32(v)
		}
	case []float64:
		x := any(x).([]float64)
		if functionFast64(f, dst, x) {
			return
		}
		for i, v := range x {
			dst[i] = functions[f].f64(v)
		}
	}
}
