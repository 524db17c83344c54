package kernel

import "math"

// SoftmaxRow is [Softmax] of one row that also returns log(sum(exp(x))). A row of
// -Inf alone becomes 0, and 0 is returned.
func SoftmaxRow[T Float](y, x []T) (logSum T) {
	if len(x) == 0 || MaxOf(x) == T(math.Inf(-1)) {
		clear(y)
		return 0
	}
	sum, top := shiftedExp(y, x)
	scale := repeat(1 / sum)
	scaleBy(y, &scale)
	one := [1]T{sum}
	Log(one[:], one[:])
	return one[0] + top
}

// ExpMinus sets y = exp(x - c).
func ExpMinus[T Float](y, x []T, c T) {
	shift := repeat(c)
	for len(x) > asmStretch {
		shiftExp(y[:asmStretch], x[:asmStretch], &shift)
		y, x = y[asmStretch:], x[asmStretch:]
	}
	shiftExp(y, x, &shift)
}
