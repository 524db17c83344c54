package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// lanesLoop is a loop over windows of a block of 16 images, or of 8.
type lanesLoop struct {
	name     string
	formula  []string       // of one lane of a window
	numbered bool           // the formula has the numbers of taps
	window   func(w window) // emits the formula
}

var lanesLoops = []lanesLoop{
	{
		name:     "Max",
		formula:  []string{"y, tap = value, number of the first tap", "if above(x, y) {", "\ty, tap = x, number", "}"},
		numbered: true,
		window:   maxOfTaps,
	},
	{
		name:     "Gather",
		formula:  []string{"y = 0", "if tap == number {", "\ty = x", "}"},
		numbered: true,
		window:   gatherTap,
	},
	{
		name:    "Avg",
		formula: []string{"y = 0", "y += x", "y *= value"},
		window:  average,
	},
	{
		name:     "Scatter",
		formula:  []string{"x = 0", "if tap == number && (gate == nil || gate > 0) {", "\tx = 0 + y", "}"},
		numbered: true,
		window:   func(w window) { scatterTap(w, false) },
	},
	{
		name:     "ScatterAdd",
		formula:  []string{"if tap == number && (gate == nil || gate > 0) {", "\tx += y", "}"},
		numbered: true,
		window:   func(w window) { scatterTap(w, true) },
	},
	{
		name:    "Spread",
		formula: []string{"x = 0 + y*value"},
		window:  func(w window) { spread(w, false) },
	},
	{
		name:    "SpreadAdd",
		formula: []string{"x += y * value"},
		window:  func(w window) { spread(w, true) },
	},
}

// window is what a lanesLoop has at hand for the lanes of a window, which are in
// one register or in two.
type window struct {
	vectors
	images           int        // lanes of the block
	name             string     // of the loop that it is in
	y, tap           Register   // where its lanes lie
	gate             Mem        // and those of the gate, if there is one
	value            VecVirtual // the argument in every lane
	first, one, skip VecVirtual // numbers of taps: of the first, to the next, from row to row
	// taps emits code for each tap, given where its lanes lie and its number.
	taps func(do func(first bool, x Mem, number VecVirtual))
}

// parts returns where the registers of all lanes lie.
func (w window) parts(base Mem) []Mem {
	var parts []Mem
	for i := 0; i < w.images; i += w.lanes {
		parts = append(parts, base.Offset(4*i))
	}
	return parts
}

// vector sets up the registers of all lanes.
func (w window) vector(set func(i int, r VecVirtual)) []VecVirtual {
	v := make([]VecVirtual, w.images/w.lanes)
	for i := range v {
		v[i] = w.new()
		set(i, v[i])
	}
	return v
}

func (w window) loadLanes(base Mem) []VecVirtual {
	parts := w.parts(base)
	return w.vector(func(i int, r VecVirtual) { VMOVUPS(parts[i], r) })
}

func (w window) storeLanes(v []VecVirtual, base Mem) {
	for i, part := range w.parts(base) {
		VMOVUPS(v[i], part)
	}
}

func (w window) zeros() []VecVirtual {
	return w.vector(func(_ int, r VecVirtual) { w.zero(r) })
}

func maxOfTaps(w window) {
	best := w.vector(func(_ int, r VecVirtual) { VMOVAPS(w.value, r) })
	at := w.vector(func(_ int, r VecVirtual) { VMOVAPS(w.first, r) })
	w.taps(func(first bool, x Mem, number VecVirtual) {
		for i, part := range w.parts(x) {
			v := w.new()
			VMOVUPS(part, v)
			if first { // not below the least value, which is a number
				w.takeFirst(best[i], v)
			} else {
				w.take(best[i], at[i], v, number)
			}
		}
	})
	w.storeLanes(best, Mem{Base: w.y})
	w.storeLanes(at, Mem{Base: w.tap})
}

func gatherTap(w window) {
	tap, y := w.loadLanes(Mem{Base: w.tap}), w.zeros()
	w.taps(func(_ bool, x Mem, number VecVirtual) {
		for i, from := range w.parts(x) {
			if w.wide() {
				here := K()
				VPCMPEQD(number, tap[i], here)
				VMOVUPS(from, here, y[i])
				continue
			}
			v := w.new()
			VPCMPEQD(number, tap[i], v)
			VANDPS(from, v, v)
			VORPS(v, y[i], y[i])
		}
	})
	w.storeLanes(y, Mem{Base: w.y})
}

func average(w window) {
	sum := w.zeros()
	w.taps(func(_ bool, x Mem, _ VecVirtual) {
		for i, part := range w.parts(x) {
			VADDPS(part, sum[i], sum[i])
		}
	})
	for i := range sum {
		VMULPS(w.value, sum[i], sum[i])
	}
	w.storeLanes(sum, Mem{Base: w.y})
}

func scatterTap(w window, add bool) {
	zeros, y := w.zeros(), w.loadLanes(Mem{Base: w.y})
	CMPQ(param("gate"), U8(0))
	JEQ(LabelRef(w.name + "Open"))
	for i, gate := range w.loadLanes(w.gate) {
		w.keepPositive(y[i], gate, zeros[i])
	}
	Label(w.name + "Open")
	for i := range y {
		VADDPS(zeros[i], y[i], y[i])
	}
	tap := w.loadLanes(Mem{Base: w.tap})
	w.taps(func(_ bool, x Mem, number VecVirtual) {
		for i, to := range w.parts(x) {
			v := w.keepEqual(y[i], tap[i], number)
			if add {
				VADDPS(to, v, v)
			}
			VMOVUPS(v, to)
		}
	})
}

func spread(w window, add bool) {
	zeros, y := w.zeros(), w.loadLanes(Mem{Base: w.y})
	for i := range y {
		VMULPS(w.value, y[i], y[i])
		VADDPS(zeros[i], y[i], y[i])
	}
	w.taps(func(_ bool, x Mem, _ VecVirtual) {
		for i, to := range w.parts(x) {
			if !add {
				VMOVUPS(y[i], to)
				continue
			}
			v := w.new()
			VADDPS(to, y[i], v)
			VMOVUPS(v, to)
		}
	})
}

// generate writes the loop for blocks of so many images.
func (l lanesLoop) generate(v vectors, images int, d poolData) {
	name := "lanes" + l.name + v.name
	if images == 8 {
		name += "Half"
	}
	TEXT(name, NOSPLIT, "func(x, y *float32, tap *int32, gate *float32, xRow, xStep, xNext, yNext, tapNext, rows, cols, kernelH, kernelW, number, skip int, value float32)")
	Pragma("noescape")
	Doc(l.doc(name, images)...)

	w := window{vectors: v, images: images, value: v.new(), first: v.new(), one: v.new(), skip: v.new()}
	VBROADCASTSS(param("value"), w.value)
	VPBROADCASTD(param("number"), w.first)
	VPBROADCASTD(param("skip"), w.skip)
	VPBROADCASTD(d.one, w.one)
	x, gate := Load(Param("x"), GP64()), Load(Param("gate"), GP64())
	w.y, w.tap = Load(Param("y"), GP64()), Load(Param("tap"), GP64())
	SUBQ(w.y, gate)
	w.gate = Mem{Base: w.y, Index: gate, Scale: 1}
	CMPQ(param("kernelH"), U8(2))
	JNE(LabelRef("other"))
	CMPQ(param("kernelW"), U8(2))
	JNE(LabelRef("other"))
	w.name = "two"
	w.taps = l.twoByTwo(w, x)
	l.windows(w, x)
	Label("other")
	w.name = "any"
	w.taps = l.anySize(w, x)
	l.windows(w, x)
}

func (l lanesLoop) doc(name string, images int) []string {
	doc := []string{
		fmt.Sprintf("%s visits rows x cols windows, at least one, of %d lanes. For each lane of each", name, images),
		"tap of each window it does",
		"",
	}
	for _, line := range l.formula {
		doc = append(doc, "\t"+line)
	}
	return append(doc,
		"",
		"where assignments of y before the first mention of x are done once, and those",
		"after the last. The taps of a window lie xRow and the lanes apart, and are",
		"numbered from number on, leaving out skip after each row; windows lie xStep and",
		"the lanes apart; Next is from the end of a row of windows to the next.")
}

// windows emits the loops over windows. The lanes of a window's first tap lie at x.
func (l lanesLoop) windows(w window, x Register) {
	rows, step := Load(Param("rows"), GP64()), Load(Param("xStep"), GP64())
	Label(w.name + "Row")
	left := Load(Param("cols"), GP64())
	Label(w.name + "Window")
	l.window(w)
	LEAQ(Mem{Base: x, Index: step, Scale: 4}, x)
	ADDQ(U8(4*w.images), w.y)
	ADDQ(U8(4*w.images), w.tap)
	DECQ(left)
	JNZ(LabelRef(w.name + "Window"))
	for i, name := range []string{"xNext", "yNext", "tapNext"} {
		p, next := []Register{x, w.y, w.tap}[i], Load(Param(name), GP64())
		LEAQ(Mem{Base: p, Index: next, Scale: 4}, p)
	}
	DECQ(rows)
	JNZ(LabelRef(w.name + "Row"))
	VZEROUPPER()
	RET()
}

// twoByTwo returns the way through four taps, unrolled.
func (l lanesLoop) twoByTwo(w window, x Register) func(func(bool, Mem, VecVirtual)) {
	row := Load(Param("xRow"), GP64())
	taps := [4]Mem{{Base: x}, {Base: x, Disp: 4 * w.images},
		{Base: x, Index: row, Scale: 4}, {Base: x, Index: row, Scale: 4, Disp: 4 * w.images}}
	numbers := [4]VecVirtual{w.first}
	for i := 1; l.numbered && i < 4; i++ {
		numbers[i] = w.new()
		VPADDD(w.one, numbers[i-1], numbers[i])
		if i == 2 {
			VPADDD(w.skip, numbers[i], numbers[i])
		}
	}
	return func(do func(bool, Mem, VecVirtual)) {
		for i, tap := range taps {
			do(i == 0, tap, numbers[i])
		}
	}
}

// anySize returns the way through any number of taps.
func (l lanesLoop) anySize(w window, x Register) func(func(bool, Mem, VecVirtual)) {
	gap, width := Load(Param("xRow"), GP64()), Load(Param("kernelW"), GP64())
	SHLQ(U8(2), gap) // from the end of a window's row to the next, in bytes
	size := GP64()
	MOVQ(width, size)
	IMUL3Q(U8(4*w.images), size, size)
	SUBQ(size, gap)
	return func(do func(bool, Mem, VecVirtual)) {
		tap, number := GP64(), w.new()
		MOVQ(x, tap)
		if l.numbered {
			VMOVAPS(w.first, number)
		}
		ky, kx := Load(Param("kernelH"), GP64()), GP64()
		Label(w.name + "Y")
		MOVQ(width, kx)
		Label(w.name + "X")
		do(false, Mem{Base: tap}, number)
		ADDQ(U8(4*w.images), tap)
		if l.numbered {
			VPADDD(w.one, number, number)
		}
		DECQ(kx)
		JNZ(LabelRef(w.name + "X"))
		ADDQ(gap, tap)
		if l.numbered {
			VPADDD(w.skip, number, number)
		}
		DECQ(ky)
		JNZ(LabelRef(w.name + "Y"))
	}
}
