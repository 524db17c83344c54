package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

const (
	lanes  = 8 // of a YMM register
	unroll = 4 // registers in the main loop
)

// Comparisons, quiet on NaN: greater than is false for it, not at most is true.
const (
	greater   = U8(0x1e)
	notAtMost = U8(0x16)
)

// loop is an elementwise kernel: dst[i] is a function of a[i], of a[i] and b[i], or
// of c[i] too.
type loop struct {
	name     string
	wide     bool                                   // AVX-512 is faster, on data in the first-level cache
	formula  []string                               // the body of the equivalent Go loop
	inputs   []string                               // their names
	constant func(r VecVirtual)                     // sets the register that emit gets as c, if c is no input
	emit     func(v vectors, a VecVirtual, b, c Op) // computes into a
}

var loops = []loop{
	binary("add", "+", true, VADDPS),
	binary("sub", "-", true, VSUBPS),
	binary("mul", "*", true, VMULPS),
	binary("div", "/", false, VDIVPS),
	{
		name:    "mulAdd",
		wide:    true,
		formula: []string{"dst[i] = float32(a[i] * b[i]) + c[i]"},
		inputs:  []string{"a", "b", "c"},
		emit: func(_ vectors, a VecVirtual, b, c Op) {
			VMULPS(b, a, a)
			VADDPS(c, a, a)
		},
	},
	{
		name:     "gate",
		wide:     true,
		formula:  []string{"v := b[i]", "if !(a[i] > 0) {", "\tv = 0", "}", "dst[i] = v"},
		inputs:   []string{"a", "b"},
		constant: zero,
		emit: func(v vectors, a VecVirtual, b, c Op) {
			if v.wide() {
				keep := K()
				VCMPPS(greater, c, a, keep)
				VMOVUPS_Z(b, keep, a)
				return
			}
			VCMPPS(greater, c, a, a)
			VANDPS(b, a, a)
		},
	},
	{
		name:     "relu",
		wide:     true,
		formula:  []string{"dst[i] = max(a[i], 0)"},
		inputs:   []string{"a"},
		constant: zero,
		emit: func(v vectors, a VecVirtual, _, c Op) {
			if v.wide() {
				keep := K() // NaN too, but not -0
				VCMPPS(notAtMost, c, a, keep)
				VMOVAPS_Z(a, keep, a)
				return
			}
			keep := v.new()
			VCMPPS(notAtMost, c, a, keep)
			VANDPS(keep, a, a)
		},
	},
	{
		name:     "neg",
		formula:  []string{"dst[i] = -a[i]"},
		inputs:   []string{"a"},
		constant: signs,
		emit:     func(_ vectors, a VecVirtual, _, c Op) { VXORPS(c, a, a) },
	},
	{
		name:    "sqrt",
		formula: []string{"dst[i] = float32(math.Sqrt(float64(a[i])))"},
		inputs:  []string{"a"},
		emit:    func(_ vectors, a VecVirtual, _, _ Op) { VSQRTPS(a, a) },
	},
}

func binary(name, operator string, wide bool, instruction func(...Op)) loop {
	return loop{
		name:    name,
		wide:    wide,
		formula: []string{"dst[i] = a[i] " + operator + " b[i]"},
		inputs:  []string{"a", "b"},
		emit:    func(_ vectors, a VecVirtual, b, _ Op) { instruction(b, a, a) },
	}
}

func zero(r VecVirtual) { VXORPS(r, r, r) }

func signs(r VecVirtual) {
	VPCMPEQD(r, r, r)
	VPSLLD(U8(31), r, r)
}

func (l loop) generate(v vectors, m masks) {
	name := l.name + v.name
	parameters := "dst"
	for _, in := range l.inputs {
		parameters += ", " + in
	}
	TEXT(name, NOSPLIT, "func("+parameters+" *float32, n int)")
	Pragma("noescape")
	doc := []string{name + " computes", "", "\tfor i := range n {"}
	for _, line := range l.formula {
		doc = append(doc, "\t\t"+line)
	}
	Doc(append(doc, "\t}")...)

	constant := v.new()
	if l.constant != nil {
		l.constant(constant)
	}
	dst := Load(Param("dst"), GP64())
	in := []Register{}
	for _, name := range l.inputs {
		in = append(in, Load(Param(name), GP64()))
	}
	left := Load(Param("n"), GP64())
	for _, registers := range []int{unroll, 1} {
		whilst(left, registers*v.lanes, func() {
			for i := range registers {
				at := 4 * v.lanes * i
				a := v.new()
				b, c := l.operands(constant, func(i int) Op { return Mem{Base: in[i], Disp: at} })
				VMOVUPS(Mem{Base: in[0], Disp: at}, a)
				l.emit(v, a, b, c)
				VMOVUPS(a, Mem{Base: dst, Disp: at})
			}
			for _, p := range append(in, dst) {
				ADDQ(U32(4*v.lanes*registers), p)
			}
		})
	}
	TESTQ(left, left)
	JZ(LabelRef("done"))
	mask := v.loadMask(m.first(left, 0))
	a := v.load(Mem{Base: in[0]}, mask)
	b, c := l.operands(constant, func(i int) Op { return v.load(Mem{Base: in[i]}, mask) })
	l.emit(v, a, b, c)
	v.store(a, mask, Mem{Base: dst})
	Label("done")
	VZEROUPPER()
	RET()
}

// operands returns what emit gets besides a: the further inputs, and the constant
// where there is no third.
func (l loop) operands(constant VecVirtual, input func(i int) Op) (b, c Op) {
	c = constant
	if len(l.inputs) > 1 {
		b = input(1)
	}
	if len(l.inputs) > 2 {
		c = input(2)
	}
	return b, c
}

// whilst repeats body, which does n elements, while so many are left.
func whilst(left Register, n int, body func()) {
	again, past := fmt.Sprintf("again%d", n), fmt.Sprintf("past%d", n)
	SUBQ(U8(n), left)
	JL(LabelRef(past))
	Label(again)
	body()
	SUBQ(U8(n), left)
	JGE(LabelRef(again))
	Label(past)
	ADDQ(U8(n), left)
}
