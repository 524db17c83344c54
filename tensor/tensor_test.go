package tensor

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"unsafe"

	_ "github.com/mlodyssey/odyssey/internal/fixedseed"
	"pgregory.net/rapid"
)

func wantMistake(t *testing.T, f func(), what ...string) {
	t.Helper()
	defer func() {
		t.Helper()
		err, _ := recover().(error)
		var mistake *Error
		if !errors.As(err, &mistake) {
			t.Fatalf("want an *Error, got %v", err)
		}
		for _, w := range what {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("error %q does not say %q", err, w)
			}
		}
	}()
	f()
}

func iota32(shape ...int) *Tensor {
	t := New(Float32, shape...)
	for i := range Data[float32](t) {
		Data[float32](t)[i] = float32(i)
	}
	return t
}

func TestStorageBeginsAtCacheLines(t *testing.T) {
	for n := range 70 {
		for _, d := range []DType{Float32, Float64, Int32, Int64, Uint8, Bool} {
			x := New(d, n+1)
			var at uintptr
			switch data := x.data.(type) {
			case []float32:
				at = uintptr(unsafe.Pointer(&data[0]))
			case []float64:
				at = uintptr(unsafe.Pointer(&data[0]))
			case []int32:
				at = uintptr(unsafe.Pointer(&data[0]))
			case []int64:
				at = uintptr(unsafe.Pointer(&data[0]))
			case []uint8:
				at = uintptr(unsafe.Pointer(&data[0]))
			case []bool:
				at = uintptr(unsafe.Pointer(&data[0]))
			}
			if at%cacheLine != 0 {
				t.Fatalf("%v[%d] begins at %#x", d, n+1, at)
			}
		}
	}
}

// Every chain of views shows the elements that indexing the base by hand does.
func TestViewsAgainstIndexing(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		shape := rapid.SliceOfN(rapid.IntRange(0, 4), 1, 4).Draw(r, "shape")
		x := iota32(shape...)
		want := slices.Clone(Data[float32](x)) // row-major elements of the view
		for range rapid.IntRange(1, 4).Draw(r, "views") {
			switch rapid.IntRange(0, 2).Draw(r, "kind") {
			case 0:
				axes := rapid.Permutation(index(x.Rank())).Draw(r, "axes")
				want = permuted(want, x.Shape(), axes)
				x = x.Permute(axes...)
			case 1:
				axis := rapid.IntRange(0, x.Rank()-1).Draw(r, "axis")
				lo := rapid.IntRange(0, x.Shape()[axis]).Draw(r, "lo")
				hi := rapid.IntRange(lo, x.Shape()[axis]).Draw(r, "hi")
				want = cut(want, x.Shape(), axis, lo, hi)
				x = x.Slice(axis, lo, hi)
			case 2:
				axis := rapid.IntRange(0, x.Rank()-1).Draw(r, "axis")
				step := rapid.IntRange(1, 5).Draw(r, "step")
				want = stepped(want, x.Shape(), axis, step)
				x = x.Step(axis, step)
			}
		}
		if got := Data[float32](x.Contiguous()); !slices.Equal(got, want) {
			r.Fatalf("view %v holds %v, want %v", x.Spec(), got, want)
		}
		if !x.Clone().Equal(x) || !slices.Equal(x.Bytes(), x.Clone().Bytes()) {
			r.Fatal("a view differs from its copy")
		}
	})
}

func index(n int) []int {
	s := make([]int, n)
	for i := range s {
		s[i] = i
	}
	return s
}

// permuted and cut work element by element, by another way than strides.
func permuted(x []float32, shape, axes []int) []float32 {
	out := make([]int, len(shape))
	for i, a := range axes {
		out[i] = shape[a]
	}
	y := make([]float32, len(x))
	for i := range y {
		at := make([]int, len(shape))
		rest := i
		for k := len(out) - 1; k >= 0; k-- {
			at[axes[k]] = rest % out[k]
			rest /= out[k]
		}
		from := 0
		for k, a := range at {
			from = from*shape[k] + a
		}
		y[i] = x[from]
	}
	return y
}

func cut(x []float32, shape []int, axis, lo, hi int) []float32 {
	var y []float32
	inner := Elements(shape[axis+1:])
	for i, v := range x {
		if at := i / inner % shape[axis]; at >= lo && at < hi {
			y = append(y, v)
		}
	}
	return y
}

func stepped(x []float32, shape []int, axis, step int) []float32 {
	var y []float32
	inner := Elements(shape[axis+1:])
	for i, v := range x {
		if i/inner%shape[axis]%step == 0 {
			y = append(y, v)
		}
	}
	return y
}

func TestExpandRepeats(t *testing.T) {
	x := iota32(2, 1).Expand(3, 2, 2)
	if got := Data[float32](x.Contiguous()); !slices.Equal(got, []float32{0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1}) {
		t.Errorf("expanded to %v", got)
	}
	wantMistake(t, func() { iota32(2, 3).Expand(2, 4) }, "float32[2 3]", "[2 4]")
	wantMistake(t, func() { iota32(2, 3).Expand(3) }, "float32[2 3]")
	wantMistake(t, func() { iota32(2, 3).Step(1, 0) }, "float32[2 3]", "steps of 0")
}

func TestAViewSharesStorage(t *testing.T) {
	x := iota32(3, 4)
	Data[float32](x.Slice(0, 1, 2))[2] = 100
	if got := At[float32](x, 1, 2); got != 100 {
		t.Errorf("the base holds %v", got)
	}
	if got := At[float32](x.Permute(1, 0), 2, 1); got != 100 {
		t.Errorf("a transposed view holds %v", got)
	}
	wantMistake(t, func() { Data[float32](x.Permute(1, 0)) }, "tensor_test.go:", "Contiguous")
	wantMistake(t, func() { x.Permute(1, 0).Reshape(12) }, "Contiguous")
}

func TestAppendingToDataLeavesTheTensorAlone(t *testing.T) {
	x := iota32(4)
	_ = append(Data[float32](x.Slice(0, 0, 2)), 99)
	if got := At[float32](x, 2); got != 2 {
		t.Errorf("element 2 became %v", got)
	}
}

func TestReshapeInfersASize(t *testing.T) {
	if got := iota32(3, 4).Reshape(2, -1).Shape(); !slices.Equal(got, []int{2, 6}) {
		t.Errorf("shape %v", got)
	}
	for _, shape := range [][]int{{5}, {-1, 5}, {-1, -1}, {-2, -6}, {0, -1}} {
		wantMistake(t, func() { iota32(3, 4).Reshape(shape...) }, "float32[3 4]")
	}
}

func TestConvertIsTheSameEverywhere(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	from := FromSlice([]float64{1.9, -1.9, 300, -300, 1e30, -1e30, inf, -inf, nan, 0.1}, 10)
	for _, c := range []struct {
		to   DType
		want []float64
	}{
		{Int32, []float64{1, -1, 300, -300, math.MaxInt32, math.MinInt32, math.MaxInt32, math.MinInt32, 0, 0}},
		{Int64, []float64{1, -1, 300, -300, math.MaxInt64, math.MinInt64, math.MaxInt64, math.MinInt64, 0, 0}},
		{Uint8, []float64{1, 0, 255, 0, 255, 0, 255, 0, 0, 0}},
		{Bool, []float64{1, 1, 1, 1, 1, 1, 1, 1, 1, 1}},
		{Float32, []float64{float64(float32(1.9)), float64(float32(-1.9)), 300, -300, float64(float32(1e30)), float64(float32(-1e30)), inf, -inf, nan, float64(float32(0.1))}},
	} {
		got := Data[float64](from.Convert(c.to).Convert(Float64))
		for i := range got {
			if got[i] != c.want[i] && !(got[i] != got[i] && c.want[i] != c.want[i]) {
				t.Errorf("%v as %v is %v, want %v", Data[float64](from)[i], c.to, got[i], c.want[i])
			}
		}
	}
	if got := At[bool](FromSlice([]float64{0}, 1).Convert(Bool), 0); got {
		t.Error("0 converts to true")
	}
}

func TestBytesThereAndBack(t *testing.T) {
	x := FromSlice([]float32{1, -2, float32(math.NaN()), 0}, 4)
	if got := x.Bytes(); !slices.Equal(got[:8], []byte{0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0}) {
		t.Errorf("bytes %x", got)
	}
	for _, d := range []DType{Float32, Float64, Int32, Int64, Uint8, Bool} {
		want := FromSlice([]float64{0, 1, 5, 250}, 2, 2).Convert(d)
		got := New(d, 2, 2)
		if err := got.SetBytes(want.Bytes()); err != nil || !got.Equal(want) {
			t.Errorf("%v: %v, %v", want, got, err)
		}
	}
	if err := New(Float32, 2).SetBytes(make([]byte, 7)); err == nil || !strings.Contains(err.Error(), "8 bytes, not 7") {
		t.Errorf("error %v", err)
	}
	if err := New(Bool, 2).SetBytes([]byte{1, 2}); err == nil || !strings.Contains(err.Error(), "byte 1") {
		t.Errorf("error %v", err)
	}
}

func TestEqualTellsBits(t *testing.T) {
	nan, zero := FromSlice([]float64{math.NaN()}, 1), FromSlice([]float64{0}, 1)
	if !nan.Equal(nan.Clone()) || zero.Equal(FromSlice([]float64{math.Copysign(0, -1)}, 1)) {
		t.Error("Equal compares numbers, not bits")
	}
	if zero.Equal(zero.Reshape()) || zero.Equal(zero.Convert(Int64)) {
		t.Error("Equal overlooks shape or type")
	}
}

func TestMistakes(t *testing.T) {
	wantMistake(t, func() { New(Float32, 2, -1) }, "negative")
	wantMistake(t, func() { New(Float32, math.MaxInt/4) }, "too many")
	wantMistake(t, func() { iota32(16).Reshape(math.MaxInt/2+1+4, 4) }, "another number of elements") // 16 if it wraps around
	wantMistake(t, func() { Scalar[int32](1).Expand(-2) }, "[-2]")
	wantMistake(t, func() { New(Float32, math.MaxInt, 3) }, "too many")
	wantMistake(t, func() { New(Invalid, 1) }, "invalid")
	wantMistake(t, func() { FromSlice([]int32{1, 2}, 3) }, "wants 3", "has 2")
	wantMistake(t, func() { Data[int64](iota32(2)) }, "float32[2]", "int64")
	wantMistake(t, func() { At[float32](iota32(2), 2) }, "index 2")
	wantMistake(t, func() { At[float32](iota32(2)) }, "want 1 indices")
	wantMistake(t, func() { iota32(2).Item() }, "one element")
	wantMistake(t, func() { iota32(2).Slice(0, 1, 3) }, "1:3")
	wantMistake(t, func() { iota32(2, 2).Permute(0, 0) }, "[0 0]")
	wantMistake(t, func() { iota32(2).CopyFrom(iota32(3)) }, "float32[3]", "float32[2]")
	if got := New(Float32, 0, math.MaxInt).Len(); got != 0 {
		t.Errorf("an empty tensor has %d elements", got)
	}
}

func TestString(t *testing.T) {
	for _, c := range []struct {
		x    *Tensor
		want string
	}{
		{Scalar[int32](7), "int32[] 7"},
		{Scalar[int64](1<<53 + 1), "int64[] 9007199254740993"},
		{iota32(2, 2), "float32[2 2] [[0 1]\n [2 3]]"},
		{FromSlice([]bool{true, false}, 2), "bool[2] [true false]"},
		{New(Float32, 0), "float32[0] []"},
		{New(Uint8, 2000), "uint8[2000] [0 0 0 ... 0 0 0]"},
		{iota32(2, 2).Permute(1, 0), "float32[2 2] [[0 2]\n [1 3]]"},
	} {
		if got := c.x.String(); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}

func TestFull(t *testing.T) {
	if got := Data[int64](Full(Int64, 3, 2, 2)); !slices.Equal(got, []int64{3, 3, 3, 3}) {
		t.Errorf("full of %v", got)
	}
	if Full(Float32, 1, 0).Len() != 0 {
		t.Error("not empty")
	}
}
