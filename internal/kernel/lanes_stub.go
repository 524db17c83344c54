package kernel

func rowsOf[T Float](x []T, n, lane int) []T {
	r := make([]T, n)
	for i := range r {
		r[i] = x[i*Lanes+lane]
	}
	return r
}

// SoftmaxLanes stub.
func SoftmaxLanes[T Float](y, x []T, n int) {
	o := make([]T, n)
	for l := range Lanes {
		Softmax(o, rowsOf(x, n, l), 1, n)
		for i, v := range o {
			y[i*Lanes+l] = v
		}
	}
}

// CrossEntropyLanes stub.
func CrossEntropyLanes[T Float](loss []T, x []T, label []int64, n int, scratch []T) {
	for l := range Lanes {
		CrossEntropy(loss[l:l+1], rowsOf(x, n, l), label[l:l+1], n, scratch)
	}
}

// ArgMaxLanes stub.
func ArgMaxLanes[T Float](index []int64, x []T, n int) {
	for l := range Lanes {
		index[l] = int64(ArgMax(rowsOf(x, n, l)))
	}
}

// MulScalar stub.
func MulScalar[T Float](dst, x []T, c T) {
	for i, v := range x {
		dst[i] = v * c
	}
}

// SumTrees adds the 16 values of each vector.
func SumTrees[T Float](dst, src []T) { sumLanes(dst, src) }
