package kernel

// Kernels of 16 examples side by side, x[i*16+e] being element i of example e.
// Each example gets the bits that the kernel of rows gives it.

// SoftmaxLanes sets y[i*16+e] to exp(x[i*16+e] - max) * (1 / sum(exp(x[i*16+e] - max))),
// for each example e the maximum and the sum over i below n. dst may be x.
func SoftmaxLanes[T Float](y, x []T, n int) {
	y, x = y[:n*Lanes], x[:n*Lanes]
	sum, _ := shiftedExpLanes(y, x, n)
	for e := range sum {
		sum[e] = 1 / sum[e]
	}
	scaleBy(y, &sum)
}

// CrossEntropyLanes sets loss[e], for 16 examples, to
// log(sum(exp(x[i*16+e]))) - x[label[e]*16+e], the sum over i below n. label and
// loss have 16 elements, scratch has n*16.
func CrossEntropyLanes[T Float](loss, x []T, label []int64, n int, scratch []T) {
	loss, x, label = loss[:Lanes], x[:n*Lanes], label[:Lanes]
	sum, top := shiftedExpLanes(scratch[:n*Lanes], x, n)
	Log(loss, sum[:])
	for e, l := range label {
		loss[e] -= x[int(l)*Lanes+e] - top[e]
	}
}

// ArgMaxLanes sets index[e], for 16 examples, to the i below n of the first
// largest x[i*16+e], or of the first NaN. n is at least 1.
func ArgMaxLanes[T Float](index []int64, x []T, n int) {
	_, at := largestLanes(x[:n*Lanes], n)
	for e := range index[:Lanes] {
		index[e] = int64(at[e])
	}
}

// shiftedExpLanes is shiftedExp for 16 examples.
func shiftedExpLanes[T Float](y, x []T, n int) (sum, top [Lanes]T) {
	if n == 0 {
		return sum, top
	}
	top, _ = largestLanes(x, n)
	for lo := 0; lo < len(x); lo += asmStretch {
		hi := min(lo+asmStretch, len(x))
		shiftExp(y[lo:hi], x[lo:hi], &top)
	}
	SumRows(sum[:], y, n, Lanes)
	return sum, top
}

// largestLanes returns the largest of each example and where the first is.
func largestLanes[T Float](x []T, n int) (top [Lanes]T, at [Lanes]int32) {
	x = x[:n*Lanes]
	if isFloat32[T]() && argMaxLanesFast(asFloat32(top[:]), at[:], asFloat32(x)) {
		return top, at
	}
	top = [Lanes]T(x)
	for i := range n {
		for e, v := range x[i*Lanes:][:Lanes] {
			if above(v, top[e]) {
				top[e], at[e] = v, int32(i)
			}
		}
	}
	return top, at
}
