package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/mlodyssey/odyssey/numeric"
)

// blockKinds draw the values of a block.
var blockKinds = []func(r *rand.Rand) numbers{
	func(*rand.Rand) numbers { return ordinary },
	func(*rand.Rand) numbers { return tiny },
	func(*rand.Rand) numbers { return wild },
	func(*rand.Rand) numbers { return func(*rand.Rand) float64 { return 0 } },
	func(*rand.Rand) numbers { return func(*rand.Rand) float64 { return math.Copysign(0, -1) } },
	func(*rand.Rand) numbers { // subnormals
		return func(r *rand.Rand) float64 { return float64(math.Float32frombits(r.Uint32() &^ float32Inf)) }
	},
	func(*rand.Rand) numbers { // anything finite
		return func(r *rand.Rand) float64 { return float64(math.Float32frombits(r.Uint32() &^ float32Leading)) }
	},
	func(*rand.Rand) numbers { // over 40 binades
		return func(r *rand.Rand) float64 { return math.Ldexp(r.NormFloat64(), r.IntN(40)-20) }
	},
	func(*rand.Rand) numbers { // one is huge now and then
		return func(r *rand.Rand) float64 {
			if r.IntN(20) == 0 {
				return math.Copysign(math.MaxFloat32, r.Float64()-0.5)
			}
			return r.NormFloat64()
		}
	},
	func(r *rand.Rand) numbers { // elements and midpoints, as any power of two scales them
		exponent := r.IntN(277) - 149
		return func(r *rand.Rand) float64 {
			v := float32(math.Ldexp(float64(r.IntN(257)-128)/16, exponent))
			return float64(math.Float32frombits(math.Float32bits(v) + uint32(r.IntN(3)) - 1))
		}
	},
	func(r *rand.Rand) numbers { // at an end of the scales
		exponent := []int{-149, -130, -126, 118, 124}[r.IntN(5)]
		return func(r *rand.Rand) float64 { return math.Ldexp(r.Float64()*4-2, exponent) }
	},
}

// blockNumbers returns n values, each block of a kind of its own.
func blockNumbers(a *arena[float32], n, size int) []float32 {
	x := a.make(n)
	for lo := 0; lo < n; lo += size {
		kind := blockKinds[a.random.IntN(len(blockKinds))](a.random)
		for i := lo; i < min(lo+size, n); i++ {
			x[i] = float32(kind(a.random))
		}
	}
	return x
}

// tensorScales are those that a tensor may have, and some that only a mistake gives it.
var tensorScales = []float32{1, 0.01, 3e-5, 1e30, math.MaxFloat32, 1e-38, math.SmallestNonzeroFloat32, 0, float32(math.Copysign(0, -1)), -1, float32(math.Inf(1)), float32(math.NaN())}

func TestBlocks(t *testing.T) {
	forEachPath(t, func(t *testing.T) {
		for _, b := range numeric.BlockFormats() {
			for _, n := range append(lengths(), 512, 513, 1055) {
				for _, tensor := range tensorScales {
					for _, stochastic := range []bool{false, true} {
						testBlocks(t, b, n, tensor, stochastic)
					}
					if b != numeric.NVFP4 {
						break
					}
				}
			}
		}
	})
}

func testBlocks(t *testing.T, b *numeric.Blocks, n int, tensor float32, stochastic bool) {
	what := fmt.Sprintf("%s with %v, %d numbers, stochastic %v", b.Name, tensor, n, stochastic)
	a := newArena[float32](t, uint64(n))
	x, dst := blockNumbers(a, n, b.Size), a.make(n)
	blocks := (n + b.Size - 1) / b.Size
	codes, scales := a.bytes(blocks*b.Bytes()), a.bytes(blocks)
	var random []uint32
	if stochastic {
		random = a.words(n)
	}
	want := slowBlocks(x, b, tensor, random)

	EncodeBlocks(codes, scales, x, b, tensor, random)
	sameBytes(t, what+", scales", scales, want.scales)
	sameBytes(t, what+", codes", codes, want.codes)
	DecodeBlocks(dst, codes, scales, b, tensor)
	sameBits(t, what+", decoded", x, dst, want.values)
	clear(dst)
	RoundBlocks(dst, x, b, tensor, random)
	sameBits(t, what+", rounded", x, dst, want.values)
	RoundBlocks(x, x, b, tensor, random)
	sameBits(t, what+", rounded in place", x, x, want.values)
	a.check()
}

// slowlyPacked is what package numeric makes of a row.
type slowlyPacked struct {
	codes, scales []byte
	values        []float32
}

func slowBlocks(x []float32, b *numeric.Blocks, tensor float32, random []uint32) slowlyPacked {
	p := slowlyPacked{values: make([]float32, len(x))}
	for lo := 0; lo < len(x); lo += b.Size {
		hi := min(lo+b.Size, len(x))
		codes, scale := make([]byte, b.Bytes()), byte(0)
		if random == nil {
			scale = b.Encode(codes, x[lo:hi], tensor)
		} else {
			scale = b.EncodeStochastic(codes, x[lo:hi], tensor, random[lo:hi])
		}
		b.Decode(p.values[lo:hi], codes, scale, tensor)
		p.codes, p.scales = append(p.codes, codes...), append(p.scales, scale)
	}
	return p
}

// Codes that no encoder writes have values too.
func TestAllBlocksAreDecoded(t *testing.T) {
	forEachPath(t, func(t *testing.T) {
		for _, b := range numeric.BlockFormats() {
			a := newArena[float32](t, 1)
			const blocks = 512 // each scale twice
			codes, scales, dst := a.bytes(blocks*b.Bytes()), a.bytes(blocks), a.make(blocks*b.Size)
			for i := range codes {
				codes[i] = byte(a.random.Uint32())
			}
			for i := range scales {
				scales[i] = byte(i)
			}
			for _, tensor := range tensorScales {
				want := make([]float32, len(dst))
				for i, scale := range scales {
					b.Decode(want[i*b.Size:][:b.Size], codes[i*b.Bytes():][:b.Bytes()], scale, tensor)
				}
				DecodeBlocks(dst, codes, scales, b, tensor)
				wantSame(t, fmt.Sprintf("%s with %v", b.Name, tensor), dst, want)
			}
			a.check()
		}
	})
}

func TestBlocksInLanes(t *testing.T) {
	forEachPath(t, func(t *testing.T) {
		for _, b := range numeric.BlockFormats() {
			for _, lanes := range []int{8, 16} {
				for positions := range b.Size + 1 {
					for kind := range 8 {
						testBlocksInLanes(t, b, lanes, positions, uint64(kind))
					}
				}
			}
		}
	})
}

func testBlocksInLanes(t *testing.T, b *numeric.Blocks, lanes, positions int, kind uint64) {
	a := newArena[float32](t, uint64(positions)<<8|kind)
	rows := blockNumbers(newArena[float32](t, a.random.Uint64()), lanes*positions, max(positions, 1))
	x, dst := a.make(lanes*positions), a.make(lanes*positions)
	var random []uint32
	if kind%2 == 1 {
		random = a.words(len(x))
	}
	var tensor []float32
	if kind > 1 {
		tensor = a.make(lanes)
		sound := len(tensorScales) - 4*int(kind%4/2) // half of the time none that is a mistake
		for l := range tensor {
			tensor[l] = tensorScales[a.random.IntN(sound)]
		}
	}
	for l := range lanes {
		for i := range positions {
			x[i*lanes+l] = rows[l*positions+i]
		}
	}
	want := slowLanes(x, lanes, b, tensor, random)
	what := fmt.Sprintf("%s in %d lanes, %d positions, kind %d", b.Name, lanes, positions, kind)
	RoundBlockLanes(dst, x, lanes, b, tensor, random)
	sameBits(t, what, x, dst, want)
	RoundBlockLanes(x, x, lanes, b, tensor, random)
	sameBits(t, what+", in place", x, x, want)
	a.check()
}

// slowLanes rounds each lane with package numeric.
func slowLanes(x []float32, lanes int, b *numeric.Blocks, tensor []float32, random []uint32) []float32 {
	want := make([]float32, len(x))
	for l := range lanes {
		var row []float32
		var words []uint32
		for i := l; i < len(x); i += lanes {
			row = append(row, x[i])
			if random != nil {
				words = append(words, random[i])
			}
		}
		scale := float32(1)
		if tensor != nil {
			scale = tensor[l]
		}
		for i, v := range slowBlocks(row, b, scale, words).values {
			want[i*lanes+l] = v
		}
	}
	return want
}

// A format that package numeric does not have goes through it all the same.
func TestBlocksOfAnotherFormat(t *testing.T) {
	b := &numeric.Blocks{Name: "blocks of 8", Size: 8, Element: numeric.E3M2}
	for _, stochastic := range []bool{false, true} {
		testBlocks(t, b, 37, 1, stochastic)
	}
	testBlocksInLanes(t, b, 8, 5, 0)
	testBlocksInLanes(t, b, 16, 8, 3)
}

func TestMistakesWithBlocks(t *testing.T) {
	x, bytes := make([]float32, 40), make([]byte, 64)
	for name, mistake := range map[string]func(){
		"few codes":    func() { EncodeBlocks(bytes[:31], bytes, x, numeric.MXFP4, 1, nil) },
		"few scales":   func() { DecodeBlocks(x, bytes, bytes[:1], numeric.MXFP4, 1) },
		"few words":    func() { RoundBlocks(x, x, numeric.MXFP4, 1, make([]uint32, 39)) },
		"lanes":        func() { RoundBlockLanes(x, x, 4, numeric.MXFP4, nil, nil) },
		"ragged lanes": func() { RoundBlockLanes(x[:39], x, 8, numeric.MXFP4, nil, nil) },
		"large block":  func() { RoundBlockLanes(make([]float32, 33*8), make([]float32, 33*8), 8, numeric.MXFP4, nil, nil) },
		"few floats":   func() { EncodeFloat(bytes, x, numeric.F16, numeric.Saturate) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			mistake()
		}()
	}
}

func BenchmarkBlocks(b *testing.B) {
	x := make([]float32, 1<<22)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	dst, codes, scales := make([]float32, len(x)), make([]byte, len(x)), make([]byte, len(x)/16)
	random := make([]uint32, len(x))
	Words(random, 1, 2, 3, 0)
	for _, f := range numeric.BlockFormats() {
		tensor := f.TensorScale(LargestFinite(x))
		lanes := make([]float32, 16)
		for l := range lanes {
			lanes[l] = tensor
		}
		inLanes := func(random []uint32) {
			for lo := 0; lo < len(x); lo += 16 * f.Size {
				RoundBlockLanes(dst[lo:lo+16*f.Size], x[lo:], 16, f, lanes, part(random, lo, min(lo+16*f.Size, len(random))))
			}
		}
		for name, run := range map[string]func(){
			"encode":           func() { EncodeBlocks(codes, scales, x, f, tensor, nil) },
			"encodeStochastic": func() { EncodeBlocks(codes, scales, x, f, tensor, random) },
			"decode":           func() { DecodeBlocks(dst, codes, scales, f, tensor) },
			"round":            func() { RoundBlocks(dst, x, f, tensor, nil) },
			"roundStochastic":  func() { RoundBlocks(dst, x, f, tensor, random) },
			"lanes":            func() { inLanes(nil) },
			"lanesStochastic":  func() { inLanes(random) },
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
