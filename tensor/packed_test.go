package tensor

import (
	"fmt"
	"math"
	"testing"

	"github.com/mlodyssey/odyssey/numeric"
	"github.com/mlodyssey/odyssey/random"
)

func packedTypes() (types []DType) {
	for d := Float16; d <= NVFP4; d++ {
		types = append(types, d)
	}
	return types
}

// drawn returns numbers over some binades, a few of them 0.
func drawn(seed uint64, shape ...int) *Tensor {
	t, s := New(Float32, shape...), random.New(seed)
	for i := range Data[float32](t) {
		if s.IntN(9) > 0 {
			Data[float32](t)[i] = float32(s.Uniform(-1, 1) * math.Ldexp(1, s.IntN(7)-3))
		}
	}
	return t
}

// plain returns what package numeric makes of numbers in a row.
func plain(d DType, row []float32, scale float32) []float32 {
	out := make([]float32, len(row))
	if f := d.Float(); f != nil {
		for i, v := range row {
			out[i] = f.Decode(f.Encode(v, numeric.Saturate))
		}
		return out
	}
	b := d.Blocks()
	for lo := 0; lo < len(row); lo += b.Size {
		hi := min(lo+b.Size, len(row))
		codes := make([]byte, b.Bytes())
		s := b.Encode(codes, row[lo:hi], scale)
		b.Decode(out[lo:hi], codes, s, scale)
	}
	return out
}

// largestFinite returns the largest finite magnitude.
func largestFinite(values []float32) (largest float32) {
	for _, v := range values {
		if v = float32(math.Abs(float64(v))); v <= math.MaxFloat32 {
			largest = max(largest, v)
		}
	}
	return largest
}

func TestPackedTypesHoldWhatTheirFormatsDo(t *testing.T) {
	for _, d := range packedTypes() {
		for _, shape := range [][]int{{}, {0}, {1}, {3, 0}, {5}, {3, 17}, {2, 3, 32}, {4, 33}, {1, 100}, {3, 16400}, {1030, 33}, {64, 1024}} {
			x := drawn(uint64(d), shape...)
			p := x.Convert(d)
			if got := p.Spec(); got.DType != d || fmt.Sprint(got.Shape) != fmt.Sprint(x.Shape()) || p.Len() != x.Len() {
				t.Fatalf("%v became %v", x.Spec(), got)
			}
			scale := float32(0)
			if d == NVFP4 {
				scale = numeric.NVFP4.TensorScale(largestFinite(Data[float32](x)))
			}
			row := rowLength(shape)
			got := Data[float32](p.Convert(Float32))
			for i := 0; i < x.Len(); i += row {
				want := plain(d, Data[float32](x)[i:i+row], scale)
				for j, v := range want {
					if math.Float32bits(got[i+j]) != math.Float32bits(v) {
						t.Fatalf("%v: element %d is %v, want %v", p.Spec(), i+j, got[i+j], v)
					}
				}
			}
			if again := p.Convert(Float32).Convert(d); d != NVFP4 && !again.Equal(p) {
				t.Errorf("%v: its values pack to something else", p.Spec())
			}
		}
	}
}

func TestPackedTypesTakeTheBytesTheySay(t *testing.T) {
	for d, want := range map[DType]int{
		Float16: 2 * 3 * 40, BFloat16: 2 * 3 * 40, Float8E4M3: 3 * 40, Float8E5M2: 3 * 40, Float6E3M2: 90, Float6E2M3: 90, Float4E2M1: 60,
		MXFP8E4M3: 6 * 33, MXFP8E5M2: 6 * 33, MXFP6E3M2: 6 * 25, MXFP6E2M3: 6 * 25, MXFP4: 6 * 17, MXINT8: 6 * 33, NVFP4: 9*9 + 4,
	} {
		x := drawn(1, 3, 40).Convert(d)
		if got := len(x.Bytes()); got != want || x.Spec().Bytes() != want {
			t.Errorf("%v takes %d bytes and says %d, want %d", x.Spec(), got, x.Spec().Bytes(), want)
		}
		y := New(d, 3, 40)
		if y.Equal(x) || y.SetBytes(x.Bytes()) != nil || !y.Equal(x) || !y.Clone().Equal(x) {
			t.Errorf("%v does not come back from its bytes", x.Spec())
		}
		if y.SetBytes(x.Bytes()[1:]) == nil {
			t.Errorf("%v takes a byte less", x.Spec())
		}
	}
}

func TestPackedTypesConvertIntoEachOther(t *testing.T) {
	x := drawn(2, 2, 35)
	for _, from := range append(packedTypes(), Float32, Float64) {
		for _, to := range append(packedTypes(), Float32, Float64, Int32, Bool) {
			p := x.Convert(from)
			want := p.Convert(Float32).Convert(to)
			if got := p.Convert(to); !got.Equal(want) {
				t.Errorf("%v to %v is not the way through float32", from, to)
			}
			into := New(to, 2, 35)
			ConvertInto(into, p)
			if !into.Equal(want) {
				t.Errorf("%v into %v is not the way through float32", from, to)
			}
		}
	}
}

func TestOverflowOfPackedTypes(t *testing.T) {
	huge := Full(Float32, 1e30, 1)
	for d, want := range map[DType]float64{
		Float16: math.Inf(1), BFloat16: 1e30, Float8E4M3: 448, Float8E5M2: 57344, Float6E3M2: 28, Float6E2M3: 7.5, Float4E2M1: 6,
	} {
		if got := huge.Convert(d).Item(); math.Abs(got/want-1) > 0.01 && got != want {
			t.Errorf("1e30 in %v is %v, want %v", d, got, want)
		}
	}
	for d, want := range map[DType]float64{Float16: 65504, Float8E5M2: 57344} {
		if got := Pack(huge, d, Packing{}).Item(); got != want {
			t.Errorf("1e30 packed in %v is %v, want %v", d, got, want)
		}
	}
	if got := Pack(huge, Float8E4M3, Packing{Overflow: numeric.ToInf}).Item(); got == got {
		t.Errorf("1e30 in E4M3 without saturation is %v, want NaN", got)
	}
}

// Rounding stochastically, the mean of many is the number itself.
func TestPackStochastically(t *testing.T) {
	const n = 1 << 14
	for _, d := range packedTypes() {
		x := Full(Float32, 0.61803, n)
		Data[float32](x)[0] = 1 // the largest of its block
		s := random.New(uint64(d))
		mean := 0.0
		for _, v := range Data[float32](Pack(x, d, Packing{Random: func(int) uint32 { return s.Uint32() }}).Convert(Float32))[1:] {
			mean += float64(v) / (n - 1)
		}
		if math.Abs(mean-0.61803) > 4*0.25/math.Sqrt(n) {
			t.Errorf("%v: mean %v, want 0.61803", d, mean)
		}
	}
}

func TestMistakesWithPackedTypes(t *testing.T) {
	x := drawn(3, 4, 32).Convert(MXFP4)
	if got := x.Reshape(2, 2, 32); fmt.Sprint(got.Shape()) != "[2 2 32]" || !got.Convert(Float32).Equal(x.Convert(Float32).Reshape(2, 2, 32)) {
		t.Errorf("reshaped: %v", got)
	}
	wantMistake(t, func() { x.Reshape(8, 16) }, "tensor.Reshape", "mxfp4[4 32]", "rows")
	wantMistake(t, func() { x.Permute(1, 0) }, "tensor.Permute", "Convert")
	wantMistake(t, func() { x.Slice(0, 0, 1) }, "tensor.Slice", "Convert")
	wantMistake(t, func() { x.Step(0, 2) }, "tensor.Step", "Convert")
	wantMistake(t, func() { x.Expand(2, 4, 32) }, "tensor.Expand", "Convert")
	wantMistake(t, func() { Data[float32](x) }, "tensor.Data", "mxfp4[4 32]")
	wantMistake(t, func() { Pack(x, Float32, Packing{}) }, "tensor.Pack", "float32")
	if got := Full(Float4E2M1, 1.6, 2).String(); got != "float4_e2m1[2] [1.5 1.5]" {
		t.Errorf("printed as %q", got)
	}
}

// Element i is rounded by word i, in rows that end within a block too.
func TestPackAsksForTheBitsOfEachElementInTurn(t *testing.T) {
	for _, d := range packedTypes() {
		for _, shape := range [][]int{{5, 37}, {2, 20000}, {70, 512}} {
			x, next := drawn(5, shape...), 0
			word := func(i int) uint32 { return uint32(i) * 0x9E3779B9 }
			got := Pack(x, d, Packing{Random: func(i int) uint32 {
				if i != next {
					t.Fatalf("%v: element %d after %d", d, i, next-1)
				}
				next++
				return word(i)
			}})
			if next != x.Len() {
				t.Fatalf("%v: asked for %d of %d elements", d, next, x.Len())
			}
			last := x.Len() - 1
			if want := lastRounded(d, x, word(last), got.data.(*packed).scale); Data[float32](got.Convert(Float32))[last] != want {
				t.Errorf("%v%v: the last element is %v, want %v", d, shape, Data[float32](got.Convert(Float32))[last], want)
			}
		}
	}
}

// lastRounded returns what package numeric makes of the last element.
func lastRounded(d DType, x *Tensor, word uint32, scale float32) float32 {
	values := Data[float32](x)
	if f := d.Float(); f != nil {
		return f.Decode(f.EncodeStochastic(values[len(values)-1], word, numeric.Saturate))
	}
	b, row := d.Blocks(), rowLength(x.shape)
	block := values[len(values)-row:][(row-1)/b.Size*b.Size:]
	codes, words := make([]byte, b.Bytes()), make([]uint32, len(block))
	words[len(words)-1] = word
	s := b.EncodeStochastic(codes, block, scale, words)
	b.Decode(block, codes, s, scale)
	return block[len(block)-1]
}

func BenchmarkPack(b *testing.B) {
	x := New(Float32, 1024, 4096)
	s := random.New(1)
	for i := range Data[float32](x) {
		Data[float32](x)[i] = float32(s.Uniform(-1, 1) * s.Uniform(-1, 1))
	}
	for _, d := range packedTypes() {
		packed, back := x.Convert(d), New(Float32, x.shape...)
		for name, run := range map[string]func(){
			"pack":   func() { Pack(x, d, Packing{}) },
			"unpack": func() { ConvertInto(back, packed) },
		} {
			b.Run(d.String()+"/"+name, func(b *testing.B) {
				b.SetBytes(4 * int64(x.Len()))
				for b.Loop() {
					run()
				}
			})
		}
	}
}
