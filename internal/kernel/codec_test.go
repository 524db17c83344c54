package kernel

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"runtime"
	"sync"
	"testing"
	"unsafe"

	"github.com/mlodyssey/odyssey/numeric"
)

// codecFormats are those of package numeric and some with other widths, ranges and
// special codes.
func codecFormats() []*numeric.Float {
	return append(numeric.Floats(),
		&numeric.Float{Name: "E4M3 as IEEE", Exponent: 4, Mantissa: 3, Bias: 7, Special: numeric.IEEE},
		&numeric.Float{Name: "E8M3", Exponent: 8, Mantissa: 3, Bias: 127, Special: numeric.IEEE},
		&numeric.Float{Name: "E6M9", Exponent: 6, Mantissa: 9, Bias: 31, Special: numeric.OnlyNaN},
		&numeric.Float{Name: "E2M4", Exponent: 2, Mantissa: 4, Bias: 1, Special: numeric.Finite},
		&numeric.Float{Name: "E5M1", Exponent: 5, Mantissa: 1, Bias: 20, Special: numeric.OnlyNaN},
	)
}

var overflows = map[string]numeric.Overflow{"saturating": numeric.Saturate, "to Inf": numeric.ToInf}

// bytesOf returns n bytes that end where a slice of an arena does.
func (a *arena[T]) bytes(n int) []byte {
	size := int(unsafe.Sizeof(*new(T)))
	s := a.make((n + size - 1) / size)
	if n == 0 {
		return nil
	}
	all := unsafe.Slice((*byte)(unsafe.Pointer(&s[0])), size*len(s))
	return all[len(all)-n:]
}

// words returns n random words.
func (a *arena[T]) words(n int) []uint32 {
	if unsafe.Sizeof(*new(T)) != 4 {
		panic("an arena of other elements")
	}
	s := a.make(n)
	if n == 0 {
		return []uint32{}
	}
	words := unsafe.Slice((*uint32)(unsafe.Pointer(&s[0])), n)
	for i := range words {
		words[i] = a.random.Uint32()
		if a.random.IntN(8) == 0 { // the ends, and the middle
			words[i] = []uint32{0, 1, 1<<31 - 1, 1 << 31, math.MaxUint32 - 1, math.MaxUint32}[a.random.IntN(6)]
		}
	}
	return words
}

// nearCodes draws what lies on, between and beside the values of a format, and now and
// then what it cannot hold.
func nearCodes(f *numeric.Float) numbers {
	return func(r *rand.Rand) float64 {
		code := uint16(r.UintN(1 << f.Bits()))
		bits := math.Float32bits(f.Decode(code))
		switch r.IntN(8) {
		case 0:
			return wild(r)
		case 1:
			return float64(math.Float32frombits(r.Uint32())) // anything
		case 2:
			return math.Ldexp(r.NormFloat64(), r.IntN(40)-20)
		case 3:
			bits += 1 << (float32Drop - 1 - f.Mantissa) // a midpoint
		}
		return float64(math.Float32frombits(bits + uint32(r.IntN(3)) - 1))
	}
}

// sameBits fails unless got is want, NaNs with their bits.
func sameBits(t *testing.T, what string, x, got, want []float32) {
	t.Helper()
	for i := range want {
		if math.Float32bits(got[i]) != math.Float32bits(want[i]) {
			t.Fatalf("%s: %v (%08x) at %d of %d becomes %v (%08x), want %v (%08x)", what, x[i], math.Float32bits(x[i]), i, len(want),
				got[i], math.Float32bits(got[i]), want[i], math.Float32bits(want[i]))
		}
	}
}

func sameBytes(t *testing.T, what string, got, want []byte) {
	t.Helper()
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("%s: byte %d of %d is %02x, want %02x", what, i, len(want), got[i], want[i])
		}
	}
}

func TestFloatsOfLowPrecision(t *testing.T) {
	forEachPath(t, func(t *testing.T) {
		for _, f := range codecFormats() {
			for mode, o := range overflows {
				for _, n := range append(lengths(), 600) {
					testFloats(t, fmt.Sprintf("%s %s, %d numbers", f.Name, mode, n), f, o, n)
				}
			}
		}
	})
}

func testFloats(t *testing.T, what string, f *numeric.Float, o numeric.Overflow, n int) {
	a := newArena[float32](t, uint64(n))
	x, dst := a.numbers(n, nearCodes(f)), a.make(n)
	codes := a.bytes((n*f.Bits() + 7) / 8)
	wantValues, wantCodes := make([]float32, n), make([]byte, len(codes))
	for i, v := range x {
		code := f.Encode(v, o)
		f.Put(wantCodes, i, code)
		wantValues[i] = f.Decode(code)
	}
	RoundFloat(dst, x, f, o)
	sameBits(t, what+" rounded", x, dst, wantValues)
	EncodeFloat(codes, x, f, o)
	sameBytes(t, what+" encoded", codes, wantCodes)
	clear(dst)
	DecodeFloat(dst, codes, f)
	sameBits(t, what+" decoded", x, dst, wantValues)
	RoundFloat(x, x, f, o)
	sameBits(t, what+" rounded in place", x, x, wantValues)
	a.check()
}

func TestAllCodesAreDecoded(t *testing.T) {
	forEachPath(t, func(t *testing.T) {
		for _, f := range codecFormats() {
			n := 1 << f.Bits()
			packed, want, got := make([]byte, n*f.Bits()/8), make([]float32, n), make([]float32, n)
			for code := range n {
				f.Put(packed, code, uint16(code))
				want[code] = f.Decode(uint16(code))
			}
			DecodeFloat(got, packed, f)
			sameBits(t, f.Name, want, got, want)
		}
	})
}

// Of each upper half of a float32 some lower halves, those next to midpoints among them.
func TestFloatsOfAllUpperHalves(t *testing.T) {
	lows := []uint32{0, 1, 0xFFF, 0x1000, 0x1001, 0x7FFF, 0x8000, 0x8001, 0xFFFF}
	x := make([]float32, 0, len(lows)<<16)
	for high := range uint32(1 << 16) {
		for _, low := range lows {
			x = append(x, math.Float32frombits(high<<16|low))
		}
	}
	for _, f := range numeric.Floats() {
		for mode, o := range overflows {
			compareFloats(t, f.Name+" "+mode, x, f, o)
		}
	}
}

func TestFloatsOfAllNumbers(t *testing.T) {
	if os.Getenv("ODYSSEY_LONG") == "" {
		t.Skip("takes minutes: set ODYSSEY_LONG=1")
	}
	const some = 1 << 24
	x := make([]float32, some)
	for first := uint64(0); first < 1<<32; first += some {
		for i := range x {
			x[i] = math.Float32frombits(uint32(first) + uint32(i))
		}
		for _, f := range []*numeric.Float{numeric.F16, numeric.BF16, numeric.E4M3, numeric.E5M2} {
			for mode, o := range overflows {
				compareFloats(t, f.Name+" "+mode, x, f, o)
			}
		}
	}
}

// compareFloats compares the codes and the values of numbers on all paths with package
// numeric, on all processors.
func compareFloats(t *testing.T, what string, x []float32, f *numeric.Float, o numeric.Overflow) {
	t.Helper()
	bits := f.Bits()
	values := make([]float32, 1<<bits)
	for code := range values {
		values[code] = f.Decode(uint16(code))
	}
	want, wantCodes := make([]float32, len(x)), make([]byte, len(x)*bits/8)
	inParts(len(x), func(lo, hi int) {
		for i, v := range x[lo:hi] {
			code := f.Encode(v, o)
			want[lo+i] = values[code]
			f.Put(wantCodes[lo*bits/8:], i, code)
		}
	})
	for _, path := range Paths() {
		restore := Use(path)
		inParts(len(x), func(lo, hi int) {
			got, codes := make([]float32, hi-lo), make([]byte, (hi-lo)*bits/8)
			RoundFloat(got, x[lo:hi], f, o)
			EncodeFloat(codes, x[lo:hi], f, o)
			if at := differs(got, want[lo:hi]); at >= 0 {
				v := x[lo+at]
				t.Errorf("%s, %s: %v (%08x) becomes %v, want %v", path, what, v, math.Float32bits(v), got[at], want[lo+at])
			}
			if !bytes.Equal(codes, wantCodes[lo*bits/8:hi*bits/8]) {
				t.Errorf("%s, %s: other codes for some of the numbers from %08x on", path, what, math.Float32bits(x[lo]))
			}
		})
		restore()
	}
	if t.Failed() {
		t.FailNow()
	}
}

// differs returns the first place where the bits do, or -1.
func differs(got, want []float32) int {
	for i := range want {
		if math.Float32bits(got[i]) != math.Float32bits(want[i]) {
			return i
		}
	}
	return -1
}

// inParts calls body with parts of [0, n), on all processors.
func inParts(n int, body func(lo, hi int)) {
	const part = 1 << 14
	var wait sync.WaitGroup
	workers := runtime.GOMAXPROCS(0)
	for w := range workers {
		wait.Go(func() {
			for lo := w * part; lo < n; lo += workers * part {
				body(lo, min(lo+part, n))
			}
		})
	}
	wait.Wait()
}

func TestCodesArePackedWithoutGaps(t *testing.T) {
	for _, f := range codecFormats() {
		bits := f.Bits()
		if bits >= 8 {
			continue
		}
		for n := range 100 {
			a := newArena[float32](t, uint64(n))
			codes, packed, back := a.bytes(n), a.bytes((n*bits+7)/8), a.bytes(n)
			want := make([]byte, len(packed))
			for i := range codes {
				codes[i] = byte(a.random.UintN(1 << bits))
				f.Put(want, i, uint16(codes[i]))
			}
			packCodes(packed, codes, bits)
			sameBytes(t, fmt.Sprintf("%d codes of %d bits", n, bits), packed, want)
			unpackCodes(back, packed, bits)
			sameBytes(t, fmt.Sprintf("%d codes of %d bits, unpacked", n, bits), back, codes)
			a.check()
		}
	}
}

func BenchmarkFloats(b *testing.B) {
	x := make([]float32, 1<<22)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	dst, codes := make([]float32, len(x)), make([]byte, 2*len(x))
	for _, f := range numeric.Floats() {
		for name, run := range map[string]func(){
			"round":  func() { RoundFloat(dst, x, f, numeric.Saturate) },
			"encode": func() { EncodeFloat(codes, x, f, numeric.Saturate) },
			"decode": func() { DecodeFloat(dst, codes, f) },
		} {
			b.Run(f.Name+"/"+name, func(b *testing.B) {
				b.SetBytes(4 * int64(len(x)))
				for b.Loop() {
					run()
				}
			})
		}
	}
}
