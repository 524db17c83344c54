package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// partials is how many interleaved sums a reduction keeps.
const partials = 16

// rows generates the passes over a row of which softmax, the cross-entropy and
// the normalisation are made.
func rows(m machine) {
	maxOf(m)
	find(m)
	shiftExp(m)
	scaleBy(m)
	squares(m)
	normalise(m)
	normGradSums(m)
	normGradRow(m)
}

// start begins a kernel with this signature, documented by the equivalent loop.
func start(name, signature string, body ...string) {
	TEXT(name, NOSPLIT, "func("+signature)
	Pragma("noescape")
	doc := []string{name + " computes", ""}
	for _, line := range body {
		doc = append(doc, "\t"+line)
	}
	Doc(doc...)
}

func end() {
	VZEROUPPER()
	RET()
}

// groups returns how many registers hold the partial sums.
func (m machine) groups() int { return partials / m.lanes() }

// inGroups calls body for every group of sixteen elements with the registers of
// a group in turn, and for what is left with masks.
func (m machine) inGroups(left Register, pointers []Register, body func(group int, mask Register)) {
	whilst("groups", left, partials, func() {
		for g := range m.groups() {
			body(g, nil)
		}
		for _, p := range pointers {
			ADDQ(U32(4*partials), p)
		}
	})
	TESTQ(left, left)
	JZ(LabelRef("done"))
	for g := range m.groups() {
		body(g, m.first(left))
		SUBQ(U8(m.lanes()), left)
	}
	Label("done")
}

func (m machine) group(base Register, g int) Mem { return Mem{Base: base, Disp: g * m.vector} }

func (m machine) loadGroups(from Register) (all []VecVirtual) {
	for g := range m.groups() {
		all = append(all, m.load(m.group(from, g), nil))
	}
	return all
}

func (m machine) zeroGroups() (all []VecVirtual) {
	for range m.groups() {
		all = append(all, m.zero())
	}
	return all
}

func (m machine) storeGroups(all []VecVirtual, to Register) {
	for g, r := range all {
		m.store(r, nil, m.group(to, g))
	}
}

// into adds x to a sum that a loop carries on.
func (m machine) into(sum, x VecVirtual) { m.pick(addition)(x, sum, sum) }

func shiftExp(m machine) {
	start("shiftExp"+m.name, "y, x *float32, n int, top, sum *float32)",
		"sum[0:16] = 0", "for i := range n {", "\ty[i] = Exp32(x[i] - top[i%16])", "\tsum[i%16] += y[i]", "}")
	y, x, left := Load(Param("y"), GP64()), Load(Param("x"), GP64()), Load(Param("n"), GP64())
	top, sums := m.loadGroups(Load(Param("top"), GP64())), m.zeroGroups()
	each := func(m machine, at, g int, mask Register) {
		e := m.exp(m.sub(m.load(m.group(x, at), mask), top[g]))
		m.store(e, mask, m.group(y, at))
		m.into(sums[g], m.keep(e, mask))
	}
	if m.wide() {
		several := m.hold(m.expConstants())
		whilst("several", left, expWays*partials, func() {
			several.interleave(expWays, func(m machine, i int) { each(m, i, 0, nil) })
			ADDQ(U32(4*expWays*partials), x)
			ADDQ(U32(4*expWays*partials), y)
		})
	}
	m.inGroups(left, []Register{y, x}, func(g int, mask Register) { each(m, g, g, mask) })
	m.storeGroups(sums, Load(Param("sum"), GP64()))
	end()
}

func scaleBy(m machine) {
	start("scaleBy"+m.name, "y *float32, n int, by *float32)",
		"for i := range n {", "\ty[i] *= by[i%16]", "}")
	y, left := Load(Param("y"), GP64()), Load(Param("n"), GP64())
	by := m.loadGroups(Load(Param("by"), GP64()))
	m.inGroups(left, []Register{y}, func(g int, mask Register) {
		at := m.group(y, g)
		m.store(m.mul(m.load(at, mask), by[g]), mask, at)
	})
	end()
}

func squares(m machine) {
	start("squares"+m.name, "sum, x *float32, n int, mean float32)",
		"sum[0:16] = 0", "for i := range n {", "\tsum[i%16] += (x[i] - mean) * (x[i] - mean)", "}")
	x, left := Load(Param("x"), GP64()), Load(Param("n"), GP64())
	mean, sums := m.broadcast(param("mean")), m.zeroGroups()
	m.inGroups(left, []Register{x}, func(g int, mask Register) {
		d := m.keep(m.sub(m.load(m.group(x, g), mask), mean), mask)
		m.into(sums[g], m.mul(d, d))
	})
	m.storeGroups(sums, Load(Param("sum"), GP64()))
	end()
}

func normalise(m machine) {
	start("normalise"+m.name, "y, x, gain, bias *float32, n int, mean, scale float32)",
		"for i := range n {", "\ty[i] = (x[i]-mean)*scale*gain[i] + bias[i]", "}")
	y, x, gain, bias := Load(Param("y"), GP64()), Load(Param("x"), GP64()), Load(Param("gain"), GP64()), Load(Param("bias"), GP64())
	left := Load(Param("n"), GP64())
	mean, scale := m.broadcast(param("mean")), m.broadcast(param("scale"))
	m.inGroups(left, []Register{y, x, gain, bias}, func(g int, mask Register) {
		v := m.mul(m.sub(m.load(m.group(x, g), mask), mean), scale)
		v = m.add(m.mul(v, m.load(m.group(gain, g), mask)), m.load(m.group(bias, g), mask))
		m.store(v, mask, m.group(y, g))
	})
	end()
}

// normGradSums generates what the gradient of a normalised row adds up.
func normGradSums(m machine) {
	start("normGradSums"+m.name, "sum, dgain, dbias, x, dy, gain *float32, n int, mean, scale float32)",
		"sum[0:32] = 0", "for i := range n {",
		"\tz, h := (x[i]-mean)*scale, dy[i]*gain[i]",
		"\tsum[i%16] += h", "\tsum[16+i%16] += h * z", "\tdgain[i] += dy[i] * z", "\tdbias[i] += dy[i]", "}")
	dgain, dbias, x := Load(Param("dgain"), GP64()), Load(Param("dbias"), GP64()), Load(Param("x"), GP64())
	g, gain, left := Load(Param("dy"), GP64()), Load(Param("gain"), GP64()), Load(Param("n"), GP64())
	mean, scale := m.broadcast(param("mean")), m.broadcast(param("scale"))
	levels, shares := m.zeroGroups(), m.zeroGroups()
	m.inGroups(left, []Register{dgain, dbias, x, g, gain}, func(i int, mask Register) {
		z := m.mul(m.sub(m.load(m.group(x, i), mask), mean), scale)
		up := m.load(m.group(g, i), mask)
		h := m.mul(up, m.load(m.group(gain, i), mask))
		m.into(levels[i], m.keep(h, mask))
		m.into(shares[i], m.keep(m.mul(h, z), mask))
		m.store(m.add(m.load(m.group(dgain, i), mask), m.mul(up, z)), mask, m.group(dgain, i))
		m.store(m.add(m.load(m.group(dbias, i), mask), up), mask, m.group(dbias, i))
	})
	sum := Load(Param("sum"), GP64())
	m.storeGroups(append(levels, shares...), sum)
	end()
}

// normGradRow generates the gradient of a normalised row from what it adds up to.
func normGradRow(m machine) {
	start("normGradRow"+m.name, "dx, x, dy, gain *float32, n int, mean, scale, level, share float32)",
		"for i := range n {", "\tz, h := (x[i]-mean)*scale, dy[i]*gain[i]", "\tdx[i] = (h - level - z*share) * scale", "}")
	dx, x, g, gain := Load(Param("dx"), GP64()), Load(Param("x"), GP64()), Load(Param("dy"), GP64()), Load(Param("gain"), GP64())
	left := Load(Param("n"), GP64())
	mean, scale := m.broadcast(param("mean")), m.broadcast(param("scale"))
	level, share := m.broadcast(param("level")), m.broadcast(param("share"))
	m.inGroups(left, []Register{dx, x, g, gain}, func(i int, mask Register) {
		z := m.mul(m.sub(m.load(m.group(x, i), mask), mean), scale)
		h := m.mul(m.load(m.group(g, i), mask), m.load(m.group(gain, i), mask))
		m.store(m.mul(m.sub(m.sub(h, level), m.mul(z, share)), scale), mask, m.group(dx, i))
	})
	end()
}

// maxOf generates the largest of a slice. The instruction is careless with zeros
// and NaN, so that these are looked at apart: the maximum has the sign bit that
// all elements have, and is NaN where an element is.
func maxOf(m machine) {
	start("maxOf"+m.name, "x *float32, n int) float32",
		"top := x[0]", "for i := range n {", "\ttop = max(top, x[i])", "}", "return top")
	x, left := Load(Param("x"), GP64()), Load(Param("n"), GP64())
	begin := m.broadcast(Mem{Base: x})
	var top, bits []VecVirtual
	for g := range m.groups() {
		top, bits = append(top, m.new()), append(bits, m.new())
		VMOVAPS(begin, top[g])
		VMOVAPS(begin, bits[g])
	}
	nan := m.zero()
	m.inGroups(left, []Register{x}, func(g int, mask Register) {
		v := m.load(m.group(x, g), mask)
		if mask != nil {
			v = m.choose(mask, v, begin)
		}
		VMAXPS(top[g], v, top[g])
		VANDPS(v, bits[g], bits[g])
		m.collectNaN(nan, v)
	})
	if m.groups() == 2 {
		VMAXPS(top[1], top[0], top[0])
		VANDPS(bits[1], bits[0], bits[0])
	}
	m.fold(top[0], VMAXPS)
	m.fold(bits[0], VANDPS)
	m.fold(nan, VORPS)
	t, b := top[0].AsX(), bits[0].AsX()
	VANDPS(m.pattern(m.signBit()).Mem, b, b)
	VANDPS(m.pattern(m.signBit()-1).Mem, t, t)
	VORPS(b, t, t)
	VORPS(nan.AsX(), t, t) // ones are a NaN
	result, _ := ReturnIndex(0).Resolve()
	VMOVSS(t, result.Addr)
	end()
}

// collectNaN sets all bits of the lanes of nan where v is NaN.
func (m machine) collectNaN(nan, v VecVirtual) {
	mask := m.is(unordered, v, v)
	if m.wide() {
		VPTERNLOGD(U8(0xff), nan, nan, mask, nan)
	} else {
		VORPS(mask, nan, nan)
	}
}

// fold combines all lanes of r in its first.
func (m machine) fold(r VecVirtual, combine func(...Op)) {
	x, y, half := r.AsX(), r.AsY(), YMM()
	if m.wide() {
		VEXTRACTF64X4(U8(1), r, half)
		combine(half, y, y)
	}
	h := half.AsX()
	VEXTRACTF128(U8(1), y, h)
	combine(h, x, x)
	VMOVHLPS(x, x, h)
	combine(h, x, x)
	VMOVSHDUP(x, h)
	combine(h, x, x)
}

// find generates the search for an element.
func find(m machine) {
	start("find"+m.name, "x *float32, n int, v float32) int",
		"for i := range n {", "\tif x[i] == v || x[i] != x[i] && v != v {", "\t\treturn i", "\t}", "}", "return n")
	x, n, at := Load(Param("x"), GP64()), Load(Param("n"), GP64()), GP64()
	v := m.broadcast(param("v"))
	XORQ(at, at)
	left, bits := GP64(), GP64()
	Label("again")
	MOVQ(n, left)
	SUBQ(at, left)
	JLE(LabelRef("absent"))
	mask := m.first(left)
	w := m.load(Mem{Base: x, Index: at, Scale: 4}, mask)
	if m.wide() {
		same, nan := K(), K()
		VCMPPS(equal, v, w, same)
		VCMPPS(unordered, v, v, nan)
		VCMPPS(unordered, w, w, nan, nan)
		KORW(same, nan, same)
		KANDW(same, mask, same)
		KMOVW(same, bits.As32())
	} else {
		same, nan := m.is(equal, w, v), YMM()
		VANDPS(m.is(unordered, w, w), m.is(unordered, v, v), nan)
		VORPS(nan, same, same)
		VANDPS(mask, same, same)
		VMOVMSKPS(same, bits.As32())
	}
	TESTL(bits.As32(), bits.As32())
	JNZ(LabelRef("found"))
	ADDQ(U8(m.lanes()), at)
	JMP(LabelRef("again"))
	Label("found")
	BSFL(bits.As32(), bits.As32())
	ADDQ(bits, at)
	Store(at, ReturnIndex(0))
	end()
	Label("absent")
	Store(n, ReturnIndex(0))
	end()
}
