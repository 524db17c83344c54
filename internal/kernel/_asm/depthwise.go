package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// depthwise is a form of the convolution of channels by themselves with kernels
// three wide. See type depthwise in package kernel.
type depthwise struct {
	vectors
	name   string
	step   int  // bytes from one column to the next
	n      int  // columns that are computed at a time, or pairs of them
	stride int  // of what is read
	back   bool // the kernel's last tap reads the first column, not its first
	pairs  bool // the gradient of the input of a convolution with a stride of 2
}

// generateDepthwise writes all forms of an instruction set, for up to most columns.
func generateDepthwise(v vectors, most int) {
	for _, kind := range []depthwise{
		{name: "depthwise", stride: 1},
		{name: "depthwiseStride", stride: 2},
		{name: "depthwiseInput", stride: 1, back: true},
		{name: "depthwiseInputStride", stride: 1, pairs: true},
	} {
		for n := 1; n <= most; n++ {
			d := kind
			d.vectors, d.n, d.step = v, n, v.parts*v.width
			d.generate()
		}
	}
	for stride := 1; stride <= 2; stride++ {
		depthwiseWeight(v, stride)
	}
}

// The bits of the argument flags, beside those of chains.
const (
	leftEdge  = 8 << iota // the first column has no first input
	rightEdge             // the last column has no last input
	oddEdge               // the last column is not stored
)

// rowSize is the bytes of an entry of rows: where it reads, is stored and gated, the
// first tap and how many rows of taps it has.
const rowSize = 20

func (d *depthwise) generate() {
	TEXT(fmt.Sprintf("%s%d%s", d.name, d.n, d.vectors.name), NOSPLIT, "func(dst *float32, dstPlane int, in *float32, inPlane int, inRow int, w *float32, wPlane int, "+
		"start *float32, gate *float32, gatePlane int, rows *int32, count int, repeats int, channels int, flags int)")
	Pragma("noescape")
	reads, rowOfTaps := fmt.Sprintf("%d*i+kx", d.stride), 3
	if d.back {
		reads = "i+2-kx"
	}
	if d.pairs {
		reads, rowOfTaps = "(i+1-kx)/2, where that is whole", 6
	}
	Doc(
		fmt.Sprintf("%s%d%s computes %d*repeats columns of some rows of some channels. For the rows r,", d.name, d.n, d.vectors.name, d.columns()),
		fmt.Sprintf("columns i of %d lanes, which lie %d elements apart, and for j < r.taps and kx < 3 in order:", d.width/4, d.step/4),
		"",
		"\tsum[i] = start[channel] (0 where start is nil)",
		fmt.Sprintf("\tsum[i] = fma(w[channel*wPlane+r.w+%d*j+kx], in[channel*inPlane+r.in+j*inRow+column %s], sum[i])", rowOfTaps, reads),
		"",
		"but without the first column that is read (flag 8), or the last (flag 16). Then dst and",
		"gate are as in chains; the last column is not stored with flag 32.",
	)
	for _, name := range []string{"dstPlane", "inPlane", "inRow", "wPlane", "gatePlane"} {
		SHLQ(U8(2), argument(name))
	}
	inRow := Load(Param("inRow"), GP64())

	Label("channel")
	row, rows := Load(Param("rows"), GP64()), AllocLocal(8)
	count := Load(Param("count"), GP64())
	MOVQ(count, rows)

	Label("row")
	in, dst, gate, taps, first := d.entry("in", row, 0), d.entry("dst", row, 4), d.entry("gate", row, 8), GP64(), d.entry("w", row, 12)
	MOVLQSX(Mem{Base: row, Disp: 16}, taps)
	edges, left := Load(Param("flags"), GP64()), Load(Param("repeats"), GP64())

	// The left edge is the first group's, the right edge the last one's.
	Label("group")
	CMPQ(left, Imm(1))
	JEQ(LabelRef("last"))
	ANDQ(I32(^(rightEdge | oddEdge)), edges)
	JMP(LabelRef("begin"))
	Label("last")
	right := GP64()
	MOVQ(argument("flags"), right)
	ANDQ(Imm(rightEdge|oddEdge), right)
	ORQ(right, edges)
	Label("begin")

	sums := make([]VecVirtual, d.columns())
	for i := range sums {
		sums[i] = d.new()
	}
	d.begin(sums)
	d.addTaps(sums, in, inRow, first, taps, edges)
	d.store(sums, dst, gate, edges)

	ADDQ(I32(d.n*d.stride*d.step), in)
	ADDQ(I32(d.columns()*d.step), dst)
	ADDQ(I32(d.columns()*d.step), gate)
	ANDQ(I32(^leftEdge), edges)
	DECQ(left)
	JNZ(LabelRef("group"))

	ADDQ(Imm(rowSize), row)
	DECQ(rows)
	JNZ(LabelRef("row"))

	next := GP64()
	for _, p := range [][2]string{{"dst", "dstPlane"}, {"in", "inPlane"}, {"w", "wPlane"}, {"gate", "gatePlane"}} {
		MOVQ(argument(p[1]), next)
		ADDQ(next, argument(p[0]))
	}
	CMPQ(argument("start"), Imm(0))
	JEQ(LabelRef("started"))
	ADDQ(Imm(4), argument("start"))
	Label("started")
	DECQ(argument("channels"))
	JNZ(LabelRef("channel"))
	VZEROUPPER()
	RET()
}

// columns returns how many columns are computed at a time.
func (d *depthwise) columns() int {
	if d.pairs {
		return 2 * d.n
	}
	return d.n
}

// entry returns where a row's place in an argument lies.
func (d *depthwise) entry(arg string, row Register, disp int) Register {
	at, base := GP64(), GP64()
	MOVLQSX(Mem{Base: row, Disp: disp}, at)
	MOVQ(argument(arg), base)
	LEAQ(Mem{Base: base, Index: at, Scale: 4}, at)
	return at
}

// begin gives the sums their first values.
func (d *depthwise) begin(sums []VecVirtual) {
	start := Load(Param("start"), GP64())
	for _, s := range sums {
		VXORPS(s, s, s)
	}
	TESTQ(start, start)
	JZ(LabelRef("begun"))
	VBROADCASTSS(Mem{Base: start}, sums[0])
	for _, s := range sums[1:] {
		VMOVAPS(sums[0], s)
	}
	Label("begun")
}

// addTaps adds the taps of all rows of the kernel.
func (d *depthwise) addTaps(sums []VecVirtual, in, inRow, first, taps, edges Register) {
	x, w, left := GP64(), GP64(), GP64()
	MOVQ(in, x)
	MOVQ(first, w)
	MOVQ(taps, left)
	TESTQ(left, left)
	JZ(LabelRef("summed"))
	Label("taps")
	first0, last := 0, (d.n-1)*d.stride+2 // columns that are read, those at the edges but once
	rowOfTaps := 12
	if d.pairs {
		first0, last, rowOfTaps = -1, d.n, 24
	}
	columns := make([]VecVirtual, last)
	for i := first0 + 1; i < last; i++ {
		columns[i] = d.new()
		VMOVUPS(Mem{Base: x, Disp: i * d.step}, columns[i])
	}
	for kx := range 3 {
		weight := d.new()
		VBROADCASTSS(Mem{Base: w, Disp: 4 * kx}, weight)
		for i, s := range sums {
			switch column, ok := d.reads(i, kx); {
			case !ok:
			case column == first0:
				d.addEdge(s, weight, Mem{Base: x}, edges, leftEdge, "left")
			case column == last:
				d.addEdge(s, weight, Mem{Base: x, Disp: column * d.step}, edges, rightEdge, "right")
			default:
				VFMADD231PS(weight, columns[column], s)
			}
		}
	}
	ADDQ(inRow, x)
	ADDQ(Imm(uint64(rowOfTaps)), w)
	DECQ(left)
	JNZ(LabelRef("taps"))
	Label("summed")
}

// reads returns the column that a column reads through a tap, if it does.
func (d *depthwise) reads(i, kx int) (column int, ok bool) {
	switch {
	case d.pairs:
		return (i + 1 - kx) / 2, (i+1-kx)%2 == 0
	case d.back:
		return i + 2 - kx, true
	}
	return i*d.stride + kx, true
}

// addEdge adds a tap that may be in the padding.
func (d *depthwise) addEdge(sum, weight VecVirtual, column Mem, edges Register, flag int, name string) {
	TESTQ(U32(flag), edges)
	JNZ(LabelRef(name))
	VFMADD231PS(column, weight, sum)
	Label(name)
}

// store stores the sums.
func (d *depthwise) store(sums []VecVirtual, dst, gate, edges Register) {
	none := d.new()
	VXORPS(none, none, none)
	TESTQ(U32(relu), argument("flags"))
	JZ(LabelRef("any"))
	for _, s := range sums {
		VMAXPS(s, none, s) // of NaN and zero, or two zeros, the sum
	}
	Label("any")
	TESTQ(U32(zero), argument("flags"))
	JZ(LabelRef("ungated"))
	for _, s := range sums {
		VADDPS(none, s, s)
	}
	Label("ungated")
	CMPQ(argument("gate"), U8(0))
	JEQ(LabelRef("open"))
	g := chainsGroup{chains: &chains{vectors: d.vectors}}
	for i, s := range sums {
		d.unlessOdd(i, edges, "open")
		g.gate(s, Mem{Base: gate, Disp: i * d.step}, none)
	}
	Label("open")
	for i, s := range sums {
		d.unlessOdd(i, edges, "stored")
		VMOVUPS(s, Mem{Base: dst, Disp: i * d.step})
	}
	Label("stored")
}

// unlessOdd leaves the last column out where there is none.
func (d *depthwise) unlessOdd(i int, edges Register, label string) {
	if d.pairs && i == d.columns()-1 {
		TESTQ(U32(oddEdge), edges)
		JNZ(LabelRef(label))
	}
}

// depthwiseWeight writes the gradient of kernels of three by three.
func depthwiseWeight(v vectors, stride int) {
	name := "depthwiseWeight"
	if stride == 2 {
		name += "Stride"
	}
	step := v.parts * v.width
	TEXT(name+v.name, NOSPLIT, "func(sums *float32, in *float32, inPlane int, inRow int, dy *float32, dyPlane int, rows *int32, count int, columns int, channels int)")
	Pragma("noescape")
	Doc(
		name+v.name+" sums the gradient of the weights of some channels. For the rows r and columns x, in",
		fmt.Sprintf("order, %d lanes that lie %d elements apart, and the ky from r.w/3 to below r.w/3+r.taps:", v.width/4, step/4),
		"",
		fmt.Sprintf("\tsums[channel][ky][kx] = fma(dy[channel*dyPlane+r.dst+column x], in[channel*inPlane+r.in+ky*inRow+column %d*x+kx], sums[channel][ky][kx])", stride),
		"",
		"where r.in counts from row r.w/3, and sums begin at 0.",
	)
	for _, p := range []string{"inPlane", "inRow", "dyPlane"} {
		SHLQ(U8(2), argument(p))
	}
	inRow := Load(Param("inRow"), GP64())
	sums := make([]VecVirtual, 9)
	for i := range sums {
		sums[i] = v.new()
	}
	left := AllocLocal(8)

	Label("channel")
	for _, s := range sums {
		VXORPS(s, s, s)
	}
	row, count := Load(Param("rows"), GP64()), Load(Param("count"), GP64())
	MOVQ(count, left)
	Label("row")
	in, dy, base := GP64(), GP64(), GP64()
	MOVLQSX(Mem{Base: row}, in)
	MOVQ(argument("in"), base)
	LEAQ(Mem{Base: base, Index: in, Scale: 4}, in)
	MOVLQSX(Mem{Base: row, Disp: 4}, dy)
	MOVQ(argument("dy"), base)
	LEAQ(Mem{Base: base, Index: dy, Scale: 4}, dy)
	columns := Load(Param("columns"), GP64())
	code, taps := GP64(), GP64()
	MOVLQSX(Mem{Base: row, Disp: 12}, code) // three times the first ky
	MOVLQSX(Mem{Base: row, Disp: 16}, taps)
	LEAQ(Mem{Base: code, Index: taps, Scale: 1}, code) // tells the two: 3*first + taps
	for first := range 3 {
		for n := 1; first+n <= 3; n++ {
			CMPQ(code, Imm(uint64(3*first+n)))
			JEQ(LabelRef(fmt.Sprintf("rows%d%d", first, n)))
		}
	}
	JMP(LabelRef("next"))
	for first := range 3 {
		for n := 1; first+n <= 3; n++ {
			label := fmt.Sprintf("rows%d%d", first, n)
			Label(label)
			SUBQ(Imm(2), columns)
			JL(LabelRef(label + "odd"))
			addPixels(v, stride, 2, in, inRow, dy, sums[3*first:][:3*n])
			JNZ(LabelRef(label))
			JMP(LabelRef("next"))
			Label(label + "odd")
			addPixels(v, stride, 1, in, inRow, dy, sums[3*first:][:3*n])
			JMP(LabelRef("next"))
		}
	}
	Label("next")
	ADDQ(Imm(rowSize), row)
	DECQ(left)
	JNZ(LabelRef("row"))

	to, plane := Load(Param("sums"), GP64()), GP64()
	for i, s := range sums {
		VMOVUPS(s, Mem{Base: to, Disp: i * step})
	}
	ADDQ(I32(9*step), argument("sums"))
	MOVQ(argument("inPlane"), plane)
	ADDQ(plane, argument("in"))
	MOVQ(argument("dyPlane"), plane)
	ADDQ(plane, argument("dy"))
	DECQ(argument("channels"))
	JNZ(LabelRef("channel"))
	VZEROUPPER()
	RET()
}

// addPixels adds some columns to the gradients of rows of weights, each input being
// loaded once. It leaves the flags alone.
func addPixels(v vectors, stride, columns int, in, inRow, dy Register, sums []VecVirtual) {
	step := v.parts * v.width
	g := make([]VecVirtual, columns)
	for i := range g {
		g[i] = v.new()
		VMOVUPS(Mem{Base: dy, Disp: i * step}, g[i])
	}
	for ky := range len(sums) / 3 {
		for column := range (columns-1)*stride + 3 {
			at := Mem{Base: in, Disp: column * step}
			if ky > 0 {
				at.Index, at.Scale = inRow, uint8(ky)
			}
			x := v.new()
			VMOVUPS(at, x)
			for i := range g {
				if kx := column - i*stride; 0 <= kx && kx < 3 {
					VFMADD231PS(x, g[i], sums[3*ky+kx])
				}
			}
		}
	}
	LEAQ(Mem{Base: in, Disp: columns * stride * step}, in)
	LEAQ(Mem{Base: dy, Disp: columns * step}, dy)
}
