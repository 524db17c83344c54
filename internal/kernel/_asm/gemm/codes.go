package main

import (
	"fmt"
	"math"

	"github.com/mmcloughlin/avo/attr"
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// stepTerms is how many codes of 4 bits a step of dotsCodes takes of each row: four words.
const stepTerms = 32

// codeTables are what the codes of E2M1 stand for, and the bit of a sign. For VPERMW the
// values are upper halves of float32s, twice: it looks at five bits of a code.
type codeTables struct{ values, halves, sign Mem }

func newCodeTables() (t codeTables) {
	magnitudes := []float32{0, 0.5, 1, 1.5, 2, 3, 4, 6}
	t.values = GLOBL("gemmE2M1", attr.RODATA|attr.NOPTR)
	for i, v := range magnitudes {
		DATA(4*i, U32(math.Float32bits(v)))
	}
	t.halves = GLOBL("gemmE2M1Halves", attr.RODATA|attr.NOPTR)
	for i := range 32 {
		value := math.Float32bits(magnitudes[i%8]) | uint32(i/8%2)<<31
		DATA(2*i, U16(value>>16))
	}
	t.sign = GLOBL("gemmSign", attr.RODATA|attr.NOPTR)
	for i := range 8 {
		DATA(4*i, U32(1<<31))
	}
	return t
}

// dotsCodes generates products of rows of codes with a vector, for two groups of lanes
// rows, which hide each other's latency. Blocks of some codes have a scale; where shared is
// set, all have another one in common.
func dotsCodes(v vectors, t codeTables, name string, block int, shared bool) {
	const groups = 2
	rows := groups * v.width / 4
	name = "dots" + name + v.name
	TEXT(name, NOSPLIT, "func(y *float32, codes *uint32, scales *float32, shared float32, x *float32, ahead *byte, steps int)")
	Pragma("noescape")
	product := fmt.Sprintf("code(j, l) * scales[l/%d*%d+j]", block, rows)
	if shared {
		product = "(" + product + ") * shared"
	}
	Doc(
		fmt.Sprintf("%s multiplies %d rows of codes of E2M1 by a vector: for j < %d and l < %d*steps in", name, rows, rows, stepTerms),
		"order, with each product rounded,",
		"",
		"\ty[j] = fma(x[l], "+product+", y[j])",
		"",
		fmt.Sprintf("where code(j, l) is what bits l%%8*4 to l%%8*4+3 of codes[l/8*%d+j] stand for. It fetches", rows),
		fmt.Sprintf("%d bytes a step, from ahead on, into the second cache.", 16*rows),
	)
	codes, steps := Load(Param("codes"), GP64()), Load(Param("steps"), GP64())
	scales, x, y, ahead := Load(Param("scales"), GP64()), Load(Param("x"), GP64()), Load(Param("y"), GP64()), Load(Param("ahead"), GP64())
	d := decoder{vectors: v, sign: t.sign, table: v.new()}
	if v.width == 64 {
		VMOVUPS(t.halves, d.table)
		d.high = v.new()
		ones := GP32()
		MOVL(U32(0xffff0000), ones)
		VPBROADCASTD(ones, d.high)
	} else {
		VMOVUPS(t.values, d.table)
	}
	if shared {
		d.shared = v.new()
		at, _ := Param("shared").Resolve()
		VBROADCASTSS(at.Addr, d.shared)
	}
	sums := make([]VecVirtual, groups)
	for g := range sums {
		sums[g] = v.new()
		VMOVUPS(Mem{Base: y, Disp: g * v.width}, sums[g])
	}
	Label("step")
	for i := 0; i < 16*rows; i += 64 {
		PREFETCHT1(Mem{Base: ahead, Disp: i})
	}
	d.step(sums, codes, scales, x, block)
	ADDQ(U32(16*rows), ahead)
	ADDQ(U32(16*rows), codes)
	ADDQ(U32(4*rows*stepTerms/block), scales)
	ADDQ(U32(4*stepTerms), x)
	DECQ(steps)
	JNE(LabelRef("step"))
	for g, sum := range sums {
		VMOVUPS(sum, Mem{Base: y, Disp: g * v.width})
	}
	VZEROUPPER()
	RET()
}

// decoder makes values of codes.
type decoder struct {
	vectors
	table, shared Register
	high          Register // AVX-512: a mask of upper halves
	sign          Mem      // AVX2
}

// step adds the terms of four words of each row.
func (d decoder) step(sums []VecVirtual, codes, scales, x Register, block int) {
	groups := len(sums)
	scale := make([]VecVirtual, groups)
	for word := range stepTerms / 8 {
		value := make([]func(i int) VecVirtual, groups)
		for g := range sums {
			value[g] = d.values(Mem{Base: codes, Disp: (word*groups + g) * d.width})
		}
		for i := range 8 {
			term := 8*word + i
			for g, sum := range sums {
				if term%block == 0 {
					scale[g] = d.new()
					VMOVUPS(Mem{Base: scales, Disp: (term/block*groups + g) * d.width}, scale[g])
				}
				v := value[g](i)
				VMULPS(scale[g], v, v)
				if d.shared != nil {
					VMULPS(d.shared, v, v)
				}
				d.add(Mem{Base: x, Disp: 4 * term}, v, sum)
			}
		}
	}
}

// values returns what gives the values of each of the eight codes of words in memory.
func (d decoder) values(words Mem) func(i int) VecVirtual {
	column := d.new()
	VMOVUPS(words, column)
	if d.width == 64 {
		all := d.eight(column)
		return func(i int) VecVirtual { return all[i] }
	}
	return func(i int) VecVirtual { return d.value(column, i) }
}

// eight returns the values of the codes of each number of a column, in order: those of
// the lower half of a number and of its upper half two by two.
func (d decoder) eight(column VecVirtual) []VecVirtual {
	values := make([]VecVirtual, 8)
	for i := range 4 {
		code, both := column, d.new()
		if i > 0 {
			code = d.new()
			VPSRLD(U8(4*i), column, code)
		}
		VPERMW(d.table, code, both)
		values[i] = d.new()
		VPSLLD(U8(16), both, values[i])
		VPANDD(d.high, both, both)
		values[4+i] = both
	}
	return values
}

// value returns the values of the codes at 4·i bits of each number of a column, in AVX2.
func (d decoder) value(column VecVirtual, i int) VecVirtual {
	code, value, sign := column, d.new(), d.new()
	if i > 0 {
		code = d.new()
		VPSRLD(U8(4*i), column, code)
	}
	VPERMPS(d.table, code, value) // looks at the lowest three bits alone
	VPSLLD(U8(28-4*i), column, sign)
	VPAND(d.sign, sign, sign)
	VPOR(sign, value, value)
	return value
}

// add adds the product of a number in memory and values.
func (d decoder) add(x Mem, value, sum VecVirtual) {
	if d.width == 64 {
		VFMADD231PS_BCST(x, value, sum)
		return
	}
	factor := d.new()
	VBROADCASTSS(x, factor)
	VFMADD231PS(factor, value, sum)
}
