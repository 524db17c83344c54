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

// loop is an elementwise kernel: dst[i] is a function of a[i], or of a[i] and
// b[i].
type loop struct {
	name     string
	formula  []string                    // the body of the equivalent Go loop
	inputs   []string                    // their names
	constant func(r VecVirtual)          // sets the register that emit gets as c
	emit     func(a VecVirtual, b, c Op) // computes into a
}

var loops = []loop{
	binary("add", "+", VADDPS),
	binary("sub", "-", VSUBPS),
	binary("mul", "*", VMULPS),
	binary("div", "/", VDIVPS),
	{
		name:     "gate",
		formula:  []string{"v := b[i]", "if !(a[i] > 0) {", "\tv = 0", "}", "dst[i] = v"},
		inputs:   []string{"a", "b"},
		constant: zero,
		emit: func(a VecVirtual, b, c Op) {
			VCMPPS(greater, c, a, a)
			VANDPS(b, a, a)
		},
	},
	{
		name:     "relu",
		formula:  []string{"dst[i] = max(a[i], 0)"},
		inputs:   []string{"a"},
		constant: zero,
		emit: func(a VecVirtual, _, c Op) {
			keep := YMM() // NaN too, but not -0
			VCMPPS(notAtMost, c, a, keep)
			VANDPS(keep, a, a)
		},
	},
	{
		name:     "neg",
		formula:  []string{"dst[i] = -a[i]"},
		inputs:   []string{"a"},
		constant: signs,
		emit:     func(a VecVirtual, _, c Op) { VXORPS(c, a, a) },
	},
	{
		name:    "sqrt",
		formula: []string{"dst[i] = float32(math.Sqrt(float64(a[i])))"},
		inputs:  []string{"a"},
		emit:    func(a VecVirtual, _, _ Op) { VSQRTPS(a, a) },
	},
}

func binary(name, operator string, instruction func(...Op)) loop {
	return loop{
		name:    name,
		formula: []string{"dst[i] = a[i] " + operator + " b[i]"},
		inputs:  []string{"a", "b"},
		emit:    func(a VecVirtual, b, _ Op) { instruction(b, a, a) },
	}
}

func zero(r VecVirtual) { VXORPS(r, r, r) }

func signs(r VecVirtual) {
	VPCMPEQD(r, r, r)
	VPSLLD(U8(31), r, r)
}

func (l loop) generate(m masks) {
	parameters := "dst"
	for _, in := range l.inputs {
		parameters += ", " + in
	}
	TEXT(l.name+"AVX2", NOSPLIT, "func("+parameters+" *float32, n int)")
	Pragma("noescape")
	doc := []string{l.name + "AVX2 computes", "", "\tfor i := range n {"}
	for _, line := range l.formula {
		doc = append(doc, "\t\t"+line)
	}
	Doc(append(doc, "\t}")...)

	c := YMM()
	if l.constant != nil {
		l.constant(c)
	}
	dst := Load(Param("dst"), GP64())
	in := []Register{}
	for _, name := range l.inputs {
		in = append(in, Load(Param(name), GP64()))
	}
	left := Load(Param("n"), GP64())
	for _, registers := range []int{unroll, 1} {
		whilst(left, registers*lanes, func() {
			for i := range registers {
				at := 32 * i
				a, b := YMM(), Mem{Base: in[len(in)-1], Disp: at}
				VMOVUPS(Mem{Base: in[0], Disp: at}, a)
				l.emit(a, b, c)
				VMOVUPS(a, Mem{Base: dst, Disp: at})
			}
			for _, p := range append(in, dst) {
				ADDQ(U32(32*registers), p)
			}
		})
	}
	TESTQ(left, left)
	JZ(LabelRef("done"))
	mask, a, b := YMM(), YMM(), YMM()
	VMOVUPS(m.first(left, 0), mask)
	VMASKMOVPS(Mem{Base: in[0]}, mask, a)
	if len(in) > 1 {
		VMASKMOVPS(Mem{Base: in[1]}, mask, b)
	}
	l.emit(a, b, c)
	VMASKMOVPS(a, mask, Mem{Base: dst})
	Label("done")
	VZEROUPPER()
	RET()
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
