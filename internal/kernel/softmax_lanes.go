package kernel

// Kernels of 16 examples side by side, or 8: x[i*lanes+e] is element i of example
// e. Each example gets the bits that the kernel of rows gives it.

// SoftmaxLanes sets y[i*lanes+e] to
// exp(x[i*lanes+e] - max) * (1 / sum(exp(x[i*lanes+e] - max))), for each example e
// the maximum and the sum over i below n. dst may be x.
func SoftmaxLanes[T Float](lanes int, y, x []T, n int) {
	y, x = y[:n*lanes], x[:n*lanes]
	sum, _ := shiftedExpLanes(lanes, y, x, n)
	for e := range sum {
		sum[e] = 1 / sum[e]
	}
	scaleBy(y, &sum)
}

// LogSoftmaxLanes sets y[i*lanes+e] to
// (x[i*lanes+e] - max) - log(sum(exp(x[i*lanes+e] - max))), as SoftmaxLanes does.
func LogSoftmaxLanes[T Float](lanes int, y, x []T, n int) {
	y, x = y[:n*lanes], x[:n*lanes]
	sum, top := shiftedExpLanes(lanes, y, x, n)
	Log(sum[:], sum[:])
	for i := 0; i < len(y); i += lanes {
		Sub(y[i:i+lanes], x[i:i+lanes], top[:lanes])
		Sub(y[i:i+lanes], y[i:i+lanes], sum[:lanes])
	}
}

// CrossEntropyLanes sets loss[e], for each example, to
// log(sum(exp(x[i*lanes+e]))) - x[label[e]*lanes+e], the sum over i below n. label
// and loss have an element a lane, scratch has n*lanes.
func CrossEntropyLanes[T Float](lanes int, loss, x []T, label []int64, n int, scratch []T) {
	loss, x, label = loss[:lanes], x[:n*lanes], label[:lanes]
	sum, top := shiftedExpLanes(lanes, scratch[:n*lanes], x, n)
	Log(loss, sum[:lanes])
	for e, l := range label {
		loss[e] -= x[int(l)*lanes+e] - top[e]
	}
}

// ArgMaxLanes sets index[e], for each example, to the i below n of the first
// largest x[i*lanes+e], or of the first NaN. n is at least 1.
func ArgMaxLanes[T Float](lanes int, index []int64, x []T, n int) {
	_, at := largestLanes(lanes, x[:n*lanes])
	for e := range index[:lanes] {
		index[e] = int64(at[e])
	}
}

// shiftedExpLanes is shiftedExp for several examples. What it returns repeats
// itself if they are 8, and so fits any 16 elements in a row.
func shiftedExpLanes[T Float](lanes int, y, x []T, n int) (sum, top [Lanes]T) {
	if n == 0 {
		return sum, top
	}
	top, _ = largestLanes(lanes, x)
	copy(top[lanes:], top[:])
	for lo := 0; lo < len(x); lo += asmStretch {
		hi := min(lo+asmStretch, len(x))
		shiftExp(y[lo:hi], x[lo:hi], &top)
	}
	SumRows(sum[:lanes], y, n, lanes)
	copy(sum[lanes:], sum[:])
	return sum, top
}

// largestLanes returns the largest of each example, of which there is at least
// one element, and where the first is.
func largestLanes[T Float](lanes int, x []T) (top [Lanes]T, at [Lanes]int32) {
	if lanes == HalfLanes {
		return largestHalfLanes(x)
	}
	if isFloat32[T]() && argMaxLanesFast(asFloat32(top[:]), at[:], asFloat32(x)) {
		return top, at
	}
	top = [Lanes]T(x)
	for i := range len(x) / Lanes {
		for e, v := range x[i*Lanes:][:Lanes] {
			if above(v, top[e]) {
				top[e], at[e] = v, int32(i)
			}
		}
	}
	return top, at
}

// largestHalfLanes is largestLanes of 8 examples: the largest of their even and
// of their odd elements, which are those of 16 lanes, and then of the two.
func largestHalfLanes[T Float](x []T) (top [Lanes]T, at [Lanes]int32) {
	n := len(x) / HalfLanes
	if n == 1 {
		copy(top[:], x)
		return top, at
	}
	top, at = largestLanes(Lanes, x[:n/2*Lanes])
	for e := range HalfLanes {
		even, odd := 2*at[e], 2*at[HalfLanes+e]+1
		at[e] = even
		if v := top[HalfLanes+e]; above(v, top[e]) || !above(top[e], v) && odd < even {
			top[e], at[e] = v, odd
		}
		if n%2 == 1 {
			if v := x[(n-1)*HalfLanes+e]; above(v, top[e]) {
				top[e], at[e] = v, int32(n-1)
			}
		}
	}
	return top, at
}
