package main

import (
	"math"
	"strconv"
	"strings"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// function is an elementary function of package kernel. Its code follows the
// portable one, rounding for rounding; only what cannot be seen in the result
// is done in another way.
type function struct {
	name string
	emit func(m machine, x VecVirtual) VecVirtual
	ways int // how many registers AVX-512 works on at once, where that pays
}

// expWays is that number for exp.
const expWays = 4

var functions = []function{
	{"exp", machine.exp, expWays},
	{"log", machine.log, 1},
	{"tanh", machine.tanh, 2},
	{"sigmoid", machine.sigmoid, 1},
	{"erf", machine.erf, 1},
}

func (f function) generate(m machine) {
	start(f.name+m.name, "dst, x *"+m.goType()+", n int)",
		"for i := range n {", "\tdst[i] = "+f.goName(m)+"(x[i])", "}")
	dst, x, left := Load(Param("dst"), GP64()), Load(Param("x"), GP64()), Load(Param("n"), GP64())
	vectors := func(m machine, n int) {
		whilst("vectors", left, n*m.lanes(), func() {
			if n > 1 {
				prefetch(x, 2048, n*m.vector)
			}
			m.interleave(n, func(m machine, i int) {
				at := i * m.vector
				m.store(f.emit(m, m.load(Mem{Base: x, Disp: at}, nil)), nil, Mem{Base: dst, Disp: at})
			})
			ADDQ(U32(n*m.vector), x)
			ADDQ(U32(n*m.vector), dst)
		})
	}
	if m.wide() && f.ways > 1 {
		vectors(m.hold(m.expConstants()), f.ways)
	}
	vectors(m, 1)
	TESTQ(left, left)
	JZ(LabelRef("done"))
	mask := m.first(left)
	m.store(f.emit(m, m.load(Mem{Base: x}, mask)), mask, Mem{Base: dst})
	Label("done")
	end()
}

// goName returns the name of the portable function: exp is Exp32 or Exp64.
func (f function) goName(m machine) string {
	return strings.ToUpper(f.name[:1]) + f.name[1:] + strconv.Itoa(8*m.size)
}

// format is what the functions must know of an element's type.
type format struct {
	fraction     int     // bits
	bias         uint64  // of the exponent
	smallest     float64 // normal number
	largest      float64
	expHi        float64 // e^x is Inf from here on,
	expLo        float64 // and 0 down from here
	log2e        float64
	ln2Hi, ln2Lo float64
	expTerms     []float64 // of P in e^r = 1 + r + r^2 P(r), the highest first
	sqrtHalf     uint64    // the bits of sqrt(1/2)
}

func (m machine) format() format {
	if m.single() {
		return format{
			fraction: 23, bias: 127, smallest: 0x1p-126, largest: math.MaxFloat32,
			expHi: 90, expLo: -105,
			log2e: 0x1.715476p0, ln2Hi: 0x1.62e4p-1, ln2Lo: 0x1.7f7d1cp-20,
			expTerms: []float64{0x1.695414p-10, 0x1.123b04p-7, 0x1.555a22p-5, 0x1.55549p-3, 0x1.fffffap-2},
			sqrtHalf: 0x3F3504F3,
		}
	}
	return format{
		fraction: 52, bias: 1023, smallest: 0x1p-1022, largest: math.MaxFloat64,
		expHi: 711, expLo: -747,
		log2e: 0x1.71547652b82fep0, ln2Hi: 0x1.62e42ffp-1, ln2Lo: -0x1.718432a1b0e26p-35,
		expTerms: []float64{
			0x1.ad85b8e6c59eep-26, 0x1.28aeb476bf42dp-22, 0x1.71df22feeb18p-19, 0x1.a01998b27e7ecp-16, 0x1.a01a012aa85ebp-13,
			0x1.6c16c184a9d23p-10, 0x1.1111111127d0ap-7, 0x1.5555555550629p-5, 0x1.55555555554f9p-3, 0x1.000000000000ap-1,
		},
		sqrtHalf: 0x3FE6A09E667F3BCD,
	}
}

// whole returns the number of which the last bit counts ones.
func (f format) whole() float64 { return math.Ldexp(1, f.fraction) }

// exp follows Exp32 and Exp64. Bounding x first gives Inf, 0 and NaN by
// themselves.
func (m machine) exp(x VecVirtual) VecVirtual {
	f := m.format()
	x = m.least(m.number(f.expHi), x)
	x = m.most(m.number(f.expLo), x)
	magic := m.shared(m.number(1.5 * f.whole())) // adding it rounds to an integer, left in the low bits
	shifted := m.mulAdd(x, m.shared(m.number(f.log2e)), magic)
	n := m.sub(shifted, magic)
	r := m.mulAdd(n, m.shared(m.number(-f.ln2Hi)), x)
	r = m.mulAdd(n, m.shared(m.number(-f.ln2Lo)), r)

	p := m.horner(r, f.expTerms...)
	one := m.number(1)
	sum := m.add(r, one)
	p = m.mulAdd(p, m.mul(r, r), m.sub(r, m.sub(sum, one)))
	p = m.add(sum, p)
	return m.scale(p, n, shifted)
}

// expConstants are those of exp that are not as fast to take from memory.
func (m machine) expConstants() (all []constant) {
	f := m.format()
	for _, v := range []float64{f.expHi, f.expLo, 1.5 * f.whole(), f.log2e, -f.ln2Hi, -f.ln2Lo} {
		all = append(all, m.number(v))
	}
	return all
}

// scale returns p * 2^n, rounded once, given n also in the low bits of shifted.
func (m machine) scale(p, n, shifted VecVirtual) VecVirtual {
	if m.wide() {
		to := m.new()
		if m.single() {
			VSCALEFPS(n, p, to)
		} else {
			VSCALEFPD(n, p, to)
		}
		m.done()
		return to
	}
	half := m.shiftRight(shifted, 1) // what stands above the exponent's bits is shifted out
	return m.mul(m.mul(p, m.powerOfTwo(half)), m.powerOfTwo(m.subInt(shifted, half)))
}

// powerOfTwo returns 2^n for the integers in the low bits of n.
func (m machine) powerOfTwo(n VecVirtual) VecVirtual {
	f := m.format()
	return m.shiftLeft(m.addInt(n, m.pattern(f.bias)), f.fraction)
}

// log follows Log32 and Log64. The exponent k comes as the last bits of a
// number of which only a constant need be taken off.
func (m machine) log(x VecVirtual) VecVirtual {
	f := m.format()
	bias := f.whole() + float64(f.bias)
	subnormal := m.is(less, x, m.number(f.smallest))
	mantissa := m.choose(subnormal, m.mul(x, m.number(f.whole())), x)
	offset := m.choose(subnormal, m.number(bias+float64(f.fraction)), m.shared(m.number(bias)))
	bits := m.addInt(mantissa, m.pattern(f.bias<<f.fraction-f.sqrtHalf))
	k := m.sub(m.or(m.shiftRight(bits, f.fraction), m.number(f.whole())), offset)
	t := m.addInt(m.and(bits, m.pattern(1<<f.fraction-1)), m.pattern(f.sqrtHalf))
	t = m.sub(t, m.number(1))

	s := m.div(t, m.add(t, m.number(2)))
	z := m.mul(s, s)
	var r VecVirtual
	if m.single() {
		r = m.horner(z, 0x1.2ef58cp-2, 0x1.997ba2p-2, 0x1.55555cp-1)
	} else {
		r = m.horner(z, 0x1.2b59369f80f04p-3, 0x1.39fe5042f6843p-3, 0x1.7462b4feac93ap-3, 0x1.c71c62e56b49ep-3,
			0x1.2492492def90cp-2, 0x1.999999999531dp-2, 0x1.5555555555558p-1)
	}
	square := m.mul(m.mul(t, m.number(0.5)), t)
	y := m.mulAdd(m.mulAdd(r, z, square), s, m.mul(k, m.number(f.ln2Lo)))
	y = m.sub(t, m.sub(square, y))
	y = m.mulAdd(k, m.shared(m.number(f.ln2Hi)), y)

	zero := m.zero()
	y = m.choose(m.is(equal, x, zero), m.number(math.Inf(-1)), y)
	y = m.choose(m.is(less, x, zero), m.number(math.NaN()), y)
	return m.choose(m.is(notAtMost, x, m.number(f.largest)), x, y)
}

// signBit is the bits of -0.
func (m machine) signBit() uint64 { return 1 << (8*m.size - 1) }

// abs returns |x|.
func (m machine) abs(x VecVirtual) VecVirtual { return m.and(x, m.pattern(m.signBit()-1)) }

// signOf returns y, which is not negative, with the sign of x.
func (m machine) signOf(x, y VecVirtual) VecVirtual { return m.or(y, m.and(x, m.pattern(m.signBit()))) }

// tanh follows Tanh32 and Tanh64.
func (m machine) tanh(x VecVirtual) VecVirtual {
	a := m.abs(x)
	large := m.exp(m.add(a, a))
	large = m.div(m.number(2), m.add(large, m.number(1)))
	large = m.sub(m.number(1), large)

	z := m.mul(a, a)
	var p VecVirtual
	if m.single() {
		p = m.horner(z, -0x1.8f2868p-8, 0x1.57eddap-6, -0x1.b92222p-5, 0x1.110e04p-3, -0x1.555552p-2)
	} else {
		p = m.horner(z, -0x1.211f7a734a931p-16, 0x1.4dc33a264c0d6p-14, -0x1.e3ed71268af19p-13, 0x1.33fb1099b4d25p-11,
			-0x1.7d7fef92a3cd7p-10, 0x1.d6d17a4e46ec4p-9, -0x1.226e28f7fb5dbp-7, 0x1.664f48357edbp-6, -0x1.ba1ba1b922a03p-5,
			0x1.111111111071bp-3, -0x1.5555555555553p-2)
	}
	small := m.mulAdd(m.mul(z, p), a, a)
	return m.signOf(x, m.choose(m.is(less, a, m.number(0.625)), small, large))
}

// sigmoid follows Sigmoid32 and Sigmoid64, with one quotient for both signs.
func (m machine) sigmoid(x VecVirtual) VecVirtual {
	e := m.exp(m.or(x, m.pattern(m.signBit())))
	one := m.shared(m.number(1))
	negative := m.is(less, x, m.zero())
	q := m.div(m.choose(negative, e, one), m.add(e, one))
	return m.choose(negative, m.sub(e, m.mul(e, q)), q)
}

// erf follows Erf32 and Erf64.
func (m machine) erf(x VecVirtual) VecVirtual {
	a := m.abs(x)
	z := m.mul(a, a)
	var p, q VecVirtual
	if m.single() {
		q = m.horner(m.least(m.number(4), a), -0x1.6bfd52p-16, 0x1.cedf02p-12, -0x1.1394cp-8, 0x1.9d091ep-6, -0x1.bc17eap-4,
			-0x1.443504p-1, -0x1.212c2ap0, 0x1.8b39b2p-13)
	} else {
		q = m.horner(m.least(m.number(6), a), 0x1.6b6b0969a8bbap-46, -0x1.3fef1a9c098bp-40, 0x1.0a3129553192ep-35, -0x1.16741208f57cp-31, 0x1.9acc1b86f387fp-28,
			-0x1.c61708d998a32p-25, 0x1.85a06dea31e26p-22, -0x1.08b8453bc6b7dp-19, 0x1.1edb5ac9413f8p-17, -0x1.eb82f1ab2f40dp-16,
			0x1.404bc6a521b73p-14, -0x1.1639c2c2a9a68p-13, 0x1.d27223adf4a8p-15, 0x1.0bb42d7477ef6p-11, -0x1.ac2c995b32509p-10,
			0x1.639b905893fbbp-13, 0x1.39b8244070a85p-6, -0x1.a4fc6718a222cp-4, -0x1.45f2c859e07eep-1, -0x1.20dd7a1ef2c5p0,
			0x1.9346b4317da23p-26)
	}
	large := m.sub(m.number(1), m.exp(q))
	if m.single() {
		p = m.horner(z, 0x1.470674p-14, -0x1.a32adp-11, 0x1.53ed68p-8, -0x1.b7f6a2p-6, 0x1.ce2ce2p-4,
			-0x1.81273ep-2, 0x1.06eba8p-3)
	} else {
		p = m.horner(z, 0x1.0579a69d4bb26p-34, -0x1.386abe81bc097p-30, 0x1.f7a4112daf135p-27, -0x1.5f1d36a3432d6p-23, 0x1.b9def1995c1e6p-20,
			-0x1.f4d1df38db4aep-17, 0x1.f9a321a116d34p-14, -0x1.c02db3d8ecdbep-11, 0x1.565bcd0db02c7p-8, -0x1.b82ce3128499cp-6,
			0x1.ce2f21a042b2p-4, -0x1.812746b0379e6p-2, 0x1.06eba8214db69p-3)
	}
	small := m.mulAdd(p, a, a)
	return m.signOf(x, m.choose(m.is(less, a, m.number(1)), small, large))
}
