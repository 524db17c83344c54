package tensor

import "slices"

// Reshape returns a view of a row-major tensor with another shape of as many
// elements. One size may be -1: it is worked out from the others.
func (t *Tensor) Reshape(shape ...int) *Tensor {
	shape, ok := InferShape(t.Len(), shape)
	if !ok {
		Fail("tensor.Reshape", []Spec{t.Spec()}, "%v has another number of elements", shape)
	}
	if !t.IsContiguous() {
		Fail("tensor.Reshape", []Spec{t.Spec()}, "the tensor is a view that is not row-major: call Contiguous first")
	}
	if t.dtype.Blocks() != nil && rowLength(shape) != rowLength(t.shape) {
		Fail("tensor.Reshape", []Spec{t.Spec()}, "%v has rows of another length, which blocks would not fit: Convert it first", shape)
	}
	return &Tensor{t.dtype, shape, rowMajor(shape), t.data}
}

// InferShape replaces a single -1 in shape so that it has n elements, and
// reports whether the result does.
func InferShape(n int, shape []int) ([]int, bool) {
	shape = slices.Clone(shape)
	free := slices.Index(shape, -1)
	if free >= 0 {
		shape[free] = 1
		rest := Elements(shape)
		if rest <= 0 || n%rest != 0 {
			shape[free] = -1
			return shape, false
		}
		shape[free] = n / rest
	}
	for _, s := range shape {
		if s < 0 {
			return shape, false
		}
	}
	return shape, CheckShape(Uint8, shape) == nil && Elements(shape) == n
}

// Permute returns a view whose axis i is the tensor's axis axes[i].
func (t *Tensor) Permute(axes ...int) *Tensor {
	t.wantUnpacked("tensor.Permute")
	if !IsPermutation(axes, t.Rank()) {
		Fail("tensor.Permute", []Spec{t.Spec()}, "want each axis once, not %v", axes)
	}
	v := &Tensor{t.dtype, make([]int, len(axes)), make([]int, len(axes)), t.data}
	for i, a := range axes {
		v.shape[i], v.strides[i] = t.shape[a], t.strides[a]
	}
	return v
}

// IsPermutation reports whether axes names each of 0 to rank-1 once.
func IsPermutation(axes []int, rank int) bool {
	seen := make([]bool, rank)
	for _, a := range axes {
		if a < 0 || a >= rank || seen[a] {
			return false
		}
		seen[a] = true
	}
	return len(axes) == rank
}

// Slice returns a view of the indices lo to hi-1 of an axis.
func (t *Tensor) Slice(axis, lo, hi int) *Tensor {
	t.wantUnpacked("tensor.Slice")
	if axis < 0 || axis >= t.Rank() || lo < 0 || hi < lo || hi > t.shape[axis] {
		Fail("tensor.Slice", []Spec{t.Spec()}, "axis %d has no range %d:%d", axis, lo, hi)
	}
	v := &Tensor{t.dtype, slices.Clone(t.shape), t.strides, t.data}
	v.shape[axis] = hi - lo
	if v.Len() > 0 {
		v.data = t.from(lo * t.strides[axis])
	}
	return v
}

// Step returns a view of every step-th index of an axis, from the first on.
func (t *Tensor) Step(axis, step int) *Tensor {
	t.wantUnpacked("tensor.Step")
	if axis < 0 || axis >= t.Rank() || step < 1 {
		Fail("tensor.Step", []Spec{t.Spec()}, "axis %d has no steps of %d", axis, step)
	}
	v := &Tensor{t.dtype, slices.Clone(t.shape), slices.Clone(t.strides), t.data}
	v.shape[axis] = (t.shape[axis] + step - 1) / step
	v.strides[axis] *= step
	return v
}

func (t *Tensor) from(at int) any {
	switch data := t.data.(type) {
	case []float32:
		return data[at:]
	case []float64:
		return data[at:]
	case []int32:
		return data[at:]
	case []int64:
		return data[at:]
	case []uint8:
		return data[at:]
	default:
		return t.data.([]bool)[at:]
	}
}

// Expand returns a view broadcast to a shape under NumPy's rule: axes of size
// 1 are repeated and missing leading axes added, without copying.
func (t *Tensor) Expand(shape ...int) *Tensor {
	t.wantUnpacked("tensor.Expand")
	mustShape("tensor.Expand", t.dtype, shape)
	both, err := Broadcast(t.shape, shape)
	if err != nil || !slices.Equal(both, shape) {
		Fail("tensor.Expand", []Spec{t.Spec()}, "does not broadcast to %v", shape)
	}
	v := &Tensor{t.dtype, slices.Clone(shape), make([]int, len(shape)), t.data}
	lead := len(shape) - t.Rank()
	for i, s := range t.shape {
		if s == shape[lead+i] {
			v.strides[lead+i] = t.strides[i]
		}
	}
	return v
}
