package op_test

import (
	"fmt"
	"math"
	"runtime"
	"slices"
	"testing"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/random"
	"github.com/mlodyssey/odyssey/tensor"
)

// drawn returns numbers over some binades, of either sign, a few of them 0.
func drawn(seed uint64, d tensor.DType, shape ...int) *tensor.Tensor {
	t, s := tensor.New(tensor.Float32, shape...), random.New(seed)
	for i := range tensor.Data[float32](t) {
		if s.IntN(9) > 0 {
			tensor.Data[float32](t)[i] = float32(s.Uniform(-1, 1) * math.Ldexp(1, s.IntN(9)-6))
		}
	}
	return t.Convert(d)
}

// onEveryPath calls what a test wants to be the same on all paths and some threads.
func onEveryPath(t *testing.T, test func(where string)) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	for _, path := range kernel.Paths() {
		for _, threads := range []int{1, 3} {
			runtime.GOMAXPROCS(threads)
			restore := kernel.Use(path)
			test(fmt.Sprintf("%s, %d threads", path, threads))
			restore()
		}
	}
}

func wantTensor(t *testing.T, what string, got, want *autograd.Value) {
	t.Helper()
	if !got.Tensor().Equal(want.Tensor()) {
		t.Errorf("%s: not the bits of the product with float weights", what)
	}
}

func packedTypes() (types []tensor.DType) {
	for d := tensor.Float16; d <= tensor.NVFP4; d++ {
		types = append(types, d)
	}
	return types
}

// Of any sizes, past those of tiles, and at any number of examples.
func TestProductsWithPackedMatrices(t *testing.T) {
	for i, d := range packedTypes() {
		for _, s := range [][3]int{{1, 300, 1100}, {1, 33, 64}, {1, 15, 40}, {3, 70, 1030}, {16, 40, 96}, {17, 33, 70}, {33, 300, 530}, {150, 40, 70}, {300, 1040, 37}} {
			m, n, k := s[0], s[1], s[2]
			if m*n*k > 1<<22 && i%5 > 0 {
				continue
			}
			floats := tensor.Float32
			if i%3 == 0 && m*n*k < 1<<20 {
				floats = tensor.Float64
			}
			x, b := autograd.Const(drawn(1, floats, m, k)), autograd.Const(drawn(2, floats, n))
			w, right, left := drawn(3, d, n, k), drawn(4, d, k, n), drawn(5, d, m, k)
			number := func(p *tensor.Tensor) *autograd.Value {
				return autograd.Const(p.Convert(tensor.Float32).Convert(floats))
			}
			linear, bare := op.Linear(x, number(w), b), op.Linear(x, number(w), nil)
			product, both := op.MatMul(x, number(right)), op.MatMul(number(left), number(right))
			wide := op.MatMul(number(left), autograd.Const(drawn(6, floats, k, n)))
			single := op.MatMul(autograd.Const(left.Convert(tensor.Float32)), autograd.Const(right.Convert(tensor.Float32)))
			onEveryPath(t, func(where string) {
				where = fmt.Sprintf("%v, %v, %dx%dx%d, %s", d, floats, m, n, k, where)
				wantTensor(t, where+", linear", op.Linear(x, autograd.Const(w), b), linear)
				wantTensor(t, where+", linear without bias", op.Linear(x, autograd.Const(w), nil), bare)
				wantTensor(t, where+", on the right", op.MatMul(x, autograd.Const(right)), product)
				wantTensor(t, where+", on the left", op.MatMul(autograd.Const(left), autograd.Const(drawn(6, floats, k, n))), wide)
				if floats == tensor.Float32 {
					wantTensor(t, where+", both", op.MatMul(autograd.Const(left), autograd.Const(right)), both)
				}
				wantTensor(t, where+", both", op.MatMul(autograd.Const(left), autograd.Const(right)), single)
			})
		}
	}
}

// Convolutions with more filters than become numbers at a time, of every kind.
func TestConvolutionsWithPackedWeights(t *testing.T) {
	for i, c := range []struct {
		images, channels, side, filters, kernel int
		cfg                                     op.Conv2DConfig
	}{
		{1, 130, 6, 128, 3, op.Conv2DConfig{Stride: 2, Padding: 1}},
		{3, 130, 6, 128, 3, op.Conv2DConfig{Stride: 2, Padding: 1}},
		{1, 130, 8, 160, 3, op.Conv2DConfig{Padding: 1}}, // by tiles
		{9, 130, 6, 160, 3, op.Conv2DConfig{Padding: 1}},
		{1, 160, 12, 900, 1, op.Conv2DConfig{}},
		{2, 128, 5, 512, 3, op.Conv2DConfig{Groups: 4, Stride: 2}},
		{1, 128, 5, 512, 3, op.Conv2DConfig{Groups: 2, Padding: 1}},
		{2, 40, 9, 40, 3, op.Conv2DConfig{Groups: 40, Padding: 1}},
		{17, 3, 9, 4, 2, op.Conv2DConfig{Columns: op.ConvColumns{Stride: 2, Padding: 1, Dilation: 2}}},
	} {
		d := []tensor.DType{tensor.MXFP4, tensor.NVFP4, tensor.Float8E4M3, tensor.MXFP6E2M3}[i%4]
		seen := c.channels / max(1, c.cfg.Groups)
		x, b := autograd.Const(drawn(1, tensor.Float32, c.images, c.channels, c.side, c.side)), autograd.Const(drawn(2, tensor.Float32, c.filters))
		w := drawn(3, tensor.Float32, c.filters, seen*c.kernel*c.kernel)
		if i == 1 {
			tensor.Data[float32](w)[7] = float32(math.NaN()) // a block of NaN must not reach what it has no part in
		}
		w = w.Convert(d)
		numbers := autograd.Const(w.Convert(tensor.Float32).Reshape(c.filters, seen, c.kernel, c.kernel))
		want := op.Conv2D(x, numbers, b, c.cfg)
		onEveryPath(t, func(where string) {
			got := op.Conv2DPacked(x, autograd.Const(w), b, c.kernel, c.kernel, c.cfg)
			if !slices.EqualFunc(tensor.Data[float32](got.Tensor()), tensor.Data[float32](want.Tensor()), sameOrNaN) {
				t.Errorf("%s: %v of %+v: not the bits of the convolution with float weights", where, d, c)
			}
		})
	}
}

func sameOrNaN(a, b float32) bool {
	return math.Float32bits(a) == math.Float32bits(b) || a != a && b != b
}

// A scale of a tensor counts.
func TestProductsWithScaledMatrices(t *testing.T) {
	w := tensor.Pack(drawn(1, tensor.Float32, 40, 70), tensor.Float8E4M3, tensor.Packing{Scale: 0x1p-9})
	for _, m := range []int{1, 5} {
		x := autograd.Const(drawn(2, tensor.Float32, m, 70))
		wantTensor(t, fmt.Sprint(m), op.Linear(x, autograd.Const(w), nil), op.Linear(x, autograd.Const(w.Convert(tensor.Float32)), nil))
	}
}

// Packed weights have no gradient, and nothing else takes them unawares.
func TestPackedMistakes(t *testing.T) {
	x, w := zeros(2, 32), autograd.Const(tensor.New(tensor.MXFP4, 3, 32))
	for what, f := range map[string]func(){
		"float bias":   func() { op.Linear(x, w, autograd.Const(tensor.New(tensor.Float64, 3))) },
		"sizes":        func() { op.Linear(zeros(2, 31), w, nil) },
		"packed input": func() { op.Linear(w, w, nil) },
		"conv2d":       func() { op.Conv2D(zeros(1, 2, 4, 4), w, nil, op.Conv2DConfig{}) },
		"kernels":      func() { op.Conv2DPacked(zeros(1, 2, 4, 4), w, nil, 3, 3, op.Conv2DConfig{}) },
		"no kernel":    func() { op.Conv2DPacked(zeros(1, 2, 4, 4), w, nil, 0, 4, op.Conv2DConfig{}) },
		"batch":        func() { op.MatMul(zeros(2, 3, 3), autograd.Const(tensor.New(tensor.BFloat16, 2, 3, 3))) },
		"add":          func() { op.Add(w, w) },
	} {
		func() {
			defer func() {
				if _, ok := recover().(*tensor.Error); !ok {
					t.Errorf("%s: want a mistake", what)
				}
			}()
			f()
		}()
	}
}
