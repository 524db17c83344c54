package kernel

import (
	"math"
	"testing"

	"github.com/mlodyssey/odyssey/random"
)

const testSeed, testCounter = 0x123456789ABCDEF0, 0xFEDCBA9876543210

// naiveWord asks Philox about a position.
func naiveWord(row uint32, position int) uint32 {
	seed, counter, at := uint64(testSeed), uint64(testCounter), uint64(position)
	words := random.Philox([4]uint32{uint32(at / 4), row, uint32(counter), uint32(counter >> 32)}, [2]uint32{uint32(seed), uint32(seed >> 32)})
	return words[at%4]
}

// farPositions are where words begin in the tests, past 32 bits too.
func farPositions() []int {
	firsts := []int{0, 1, 4, 38}
	if far := int64(1) << 34; int64(int(far)) == far {
		firsts = append(firsts, int(far)-64, int(far)+10)
	}
	return firsts
}

func TestWords(t *testing.T) {
	forEachPath(t, func(t *testing.T) {
		for _, n := range lengths() {
			for i, first := range farPositions() {
				a := newArena[float32](t, uint64(n))
				row := []uint32{0, 5, math.MaxUint32}[(n+i)%3]
				got := a.words(n)
				Words(got, testSeed, testCounter, row, first)
				for i, word := range got {
					if want := naiveWord(row, first+i); word != want {
						t.Fatalf("word %d of %d from %d of row %d is %x, want %x", i, n, first, row, word, want)
					}
				}
				a.check()
			}
		}
	})
}

func TestWordsInLanes(t *testing.T) {
	forEachPath(t, func(t *testing.T) {
		for _, lanes := range []int{8, 16} {
			for n := range 30 {
				for i, first := range farPositions() {
					a := newArena[float32](t, uint64(n))
					row := []uint32{0, 5, math.MaxUint32 - 6}[(n+i)%3]
					got := a.words(n * lanes)
					WordsLanes(got, lanes, testSeed, testCounter, row, first)
					for i, word := range got {
						if want := naiveWord(row+uint32(i%lanes), first+i/lanes); word != want {
							t.Fatalf("word %d of %d in %d lanes from %d of row %d is %x, want %x", i, n, lanes, first, row, word, want)
						}
					}
					a.check()
				}
			}
		}
	})
}

func BenchmarkWords(b *testing.B) {
	dst := make([]uint32, 1<<16)
	for name, run := range map[string]func(){
		"row":   func() { Words(dst, 1, 2, 3, 0) },
		"lanes": func() { WordsLanes(dst, 16, 1, 2, 3, 0) },
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(4 * int64(len(dst)))
			for b.Loop() {
				run()
			}
		})
	}
}
