package kernel

import (
	"fmt"
	"testing"
)

// testChains runs the micro-kernel against one chain at a time, with positions
// and taps at random.
func testChains[T Float](t *testing.T, lanes, rows, positions, terms int, wLanes bool, kind numbers) {
	t.Helper()
	mem := newArena[T](t, uint64(rows*10_000+positions*100+terms))
	defer mem.check()
	r := mem.random
	const reach = 40 // of positions and of taps, each
	c := chains[T]{
		lanes: lanes,
		in:    mem.numbers(2*reach+lanes, kind), wLanes: wLanes, wRow: r.IntN(50), wStep: r.IntN(3),
		dstRow: positions*lanes + r.IntN(3), gateRow: r.IntN(50),
		goOn: r.IntN(3) == 0, then: Epilogue(r.IntN(3)),
	}
	for i := range positions {
		c.pos = append(c.pos, position{in: int32(r.IntN(reach + 1)), dst: int32(i * lanes), gate: int32(r.IntN(reach + 1))})
	}
	for range terms {
		c.taps = append(c.taps, tap{in: int32(r.IntN(reach + 1)), w: int32(r.IntN(reach + 1))})
	}
	c.w = mem.numbers(rows*c.wRow+terms*c.wStep+reach+lanes, kind)
	if r.IntN(3) == 0 {
		c.gate = mem.numbers(rows*c.gateRow+reach+lanes, kind)
	}
	if r.IntN(3) > 0 {
		c.start = mem.numbers(rows, kind)
	}
	c.dst = mem.numbers(rows*c.dstRow, kind)
	want := append([]T(nil), c.dst...)
	for m := range rows {
		for _, p := range c.pos {
			for lane := range lanes {
				at := m*c.dstRow + int(p.dst) + lane
				want[at] = naiveChain(&c, m, p, lane, want[at])
			}
		}
	}
	c.run(0, rows)
	wantSame(t, fmt.Sprintf("%T %d rows, %d positions, %d terms, lanes %d, %v", T(0), rows, positions, terms, lanes, wLanes), c.dst, want)
}

// naiveChain returns one lane of one of the vectors of c, given what dst holds.
func naiveChain[T Float](c *chains[T], m int, p position, lane int, sum T) T {
	if !c.goOn {
		sum = 0
		if c.start != nil {
			sum = c.start[m]
		}
	}
	for k, tap := range c.taps {
		at := m*c.wRow + k*c.wStep + int(tap.w)
		if c.wLanes {
			at += lane
		}
		sum = exact(c.w[at], c.in[int(p.in)+int(tap.in)+lane], sum)
	}
	if c.then == ThenReLU {
		sum = max(sum, 0)
	}
	if c.then == thenZero && sum == 0 {
		sum = 0
	}
	if c.gate != nil && !(c.gate[m*c.gateRow+int(p.gate)+lane] > 0) {
		sum = 0
	}
	return sum
}

func TestChains(t *testing.T) {
	forEachPath(t, func(t *testing.T) {
		for _, rows := range []int{0, 1, 2, 3, 4, 5, 6, 7, 11, 12, 13, 24, 25, 41} {
			for positions := range 21 {
				for _, terms := range []int{0, 1, 7} {
					for _, wLanes := range []bool{false, true} {
						for _, lanes := range []int{Lanes, HalfLanes} {
							for _, kind := range numberKinds {
								testChains[float32](t, lanes, rows, positions, terms, wLanes, kind)
							}
							testChains[float64](t, lanes, rows, positions, terms, wLanes, ordinary)
						}
					}
				}
			}
		}
	})
}

func TestPieces(t *testing.T) {
	for n := range 50 {
		for unit := 1; unit < 7; unit++ {
			for count := 1; count < 9; count++ {
				next := 0
				for i := range count {
					lo, hi := pieces(n, unit, count, i)
					if lo != next || hi < lo || lo%unit != 0 && lo != n {
						t.Fatalf("piece %d of %d of %d in units of %d is %d:%d, after %d", i, count, n, unit, lo, hi, next)
					}
					next = hi
				}
				if next != n {
					t.Fatalf("%d pieces of %d in units of %d end at %d", count, n, unit, next)
				}
			}
		}
	}
}
