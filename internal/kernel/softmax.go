package kernel

// Softmax sets each row of y, of n elements, to exp(x - max) / sum(exp(x - max)).
func Softmax[T Float](y, x []T, rows, n int) {
	for r := range rows {
		out := y[r*n : (r+1)*n]
		sum, _ := shiftedExp(out, x[r*n:(r+1)*n])
		for i := range out {
			out[i] /= sum
		}
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
	for i, v := range x {
		y[i] = v - top
	}
	Exp(y, y)
	return Sum(y), top
}
