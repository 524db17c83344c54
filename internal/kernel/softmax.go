package kernel

// Softmax sets each row of y, of n elements, to
// exp(x - max) * (1 / sum(exp(x - max))).
func Softmax[T Float](y, x []T, rows, n int) {
	for r := range rows {
		out := y[r*n : (r+1)*n]
		sum, _ := shiftedExp(out, x[r*n:(r+1)*n])
		scale := repeat(1 / sum)
		scaleBy(out, &scale)
	}
}

// CrossEntropy sets loss[r] to log(sum(exp(x[r]))) - x[r][label[r]], for rows of
// n elements. scratch has n elements.
func CrossEntropy[T Float](loss, x []T, label []int64, n int, scratch []T) {
	for r := range loss {
		row := x[r*n : (r+1)*n]
		sum, top := shiftedExp(scratch[:n], row)
		loss[r] = sum
		Log(loss[r:r+1], loss[r:r+1])
		loss[r] -= row[label[r]] - top
	}
}

// shiftedExp sets y = exp(x - max(x)) and returns the sum of y and max(x).
func shiftedExp[T Float](y, x []T) (sum, top T) {
	if len(x) == 0 {
		return 0, 0
	}
	top = MaxOf(x)
	shift := repeat(top)
	sum = inPieces(len(x), func(lo, hi int) T {
		sums := shiftExp(y[lo:hi], x[lo:hi], &shift)
		return tree(&sums)
	})
	return sum, top
}

// repeat returns v for all of sixteen interleaved parts of a row.
func repeat[T Float](v T) (all [partials]T) {
	for i := range all {
		all[i] = v
	}
	return all
}

// shiftExp sets y[i] = exp(x[i] - top[i%16]) and returns the partial sums of y.
func shiftExp[T Float](y, x []T, top *[partials]T) (sums [partials]T) {
	y = y[:len(x)]
	if isFloat32[T]() && shiftExpFast(asFloat32(y), asFloat32(x), asFloat32(top[:]), asFloat32(sums[:])) {
		return sums
	}
	for i, v := range x {
		y[i] = v - top[i%partials]
	}
	Exp(y, y)
	sumInto(&sums, y)
	return sums
}

// scaleBy sets y[i] = y[i] * by[i%16].
func scaleBy[T Float](y []T, by *[partials]T) {
	for len(y) > asmStretch {
		scaleByPart(y[:asmStretch], by)
		y = y[asmStretch:]
	}
	scaleByPart(y, by)
}

func scaleByPart[T Float](y []T, by *[partials]T) {
	if isFloat32[T]() && scaleByFast(asFloat32(y), asFloat32(by[:])) {
		return
	}
	for i := range y {
		y[i] *= by[i%partials]
	}
}

// LogSoftmax sets each row of y, of n elements, to
// (x - max) - log(sum(exp(x - max))).
func LogSoftmax[T Float](y, x []T, rows, n int) {
	for r := range rows {
		out, row := y[r*n:(r+1)*n], x[r*n:(r+1)*n]
		sum, top := shiftedExp(out, row)
		l := [1]T{sum}
		Log(l[:], l[:])
		SubScalar(out, row, top)
		SubScalar(out, out, l[0])
	}
}
