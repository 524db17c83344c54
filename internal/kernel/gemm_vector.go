package kernel

import "math"

// vectorChunk is how many elements of a vector lie in scratch at a time.
const vectorChunk = 4096

// matVec is the product y = w x of a matrix and a vector, whose elements lie
// some steps apart.
type matVec[T Float] struct {
	rows, terms  int
	w            []T
	ldw          int
	x            []T
	xStep        int
	y            []T
	yStep        int
	from         origin
	chunkX       []T // scratch
	chunkY, tail []T
}

// vector computes the product if it is one of a vector and a matrix whose rows
// are the chains, and if there is assembly for it. Else it returns false.
func (p *product[T]) vector() bool {
	v := matVec[T]{terms: p.k, y: p.c, from: p.first}
	switch {
	case active == portable || p.packed.data != nil || p.next == addDst || p.k == 0:
		return false
	case p.m == 1 && p.b.trans && p.n >= Lanes:
		v.rows, v.w, v.ldw, v.x, v.yStep = p.n, p.b.data, p.b.ld, p.a.data, 1
		_, v.xStep = p.a.strides()
	case p.n == 1 && !p.a.trans && p.m >= Lanes:
		v.rows, v.w, v.ldw, v.x, v.yStep = p.m, p.a.data, p.a.ld, p.b.data, p.ldc
		v.xStep, _ = p.b.strides()
	default:
		return false
	}
	v.chunkX, v.chunkY, v.tail = p.block[:vectorChunk], p.block[vectorChunk:][:vectorChunk], p.panel
	for i := 0; i < v.rows; i += vectorChunk {
		v.run(i, min(vectorChunk, v.rows-i))
	}
	return true
}

// run computes some rows from row i on.
func (v *matVec[T]) run(i, rows int) {
	y := v.chunkY[:rows]
	if v.from == fromDst {
		gather(y, v.y[i*v.yStep:], v.yStep)
	} else {
		clear(y)
	}
	for l := 0; l < v.terms; l += vectorChunk {
		x := v.chunkX[:min(vectorChunk, v.terms-l)]
		gather(x, v.x[l*v.xStep:], v.xStep)
		dots(y, v.w[i*v.ldw+l:], v.ldw, x, v.tail)
	}
	scatter(v.y[i*v.yStep:], v.yStep, y)
}

// gather copies elements that lie a step apart.
func gather[T Float](dst, src []T, step int) {
	if step == 1 {
		copy(dst, src)
		return
	}
	for i := range dst {
		dst[i] = src[i*step]
	}
}

// scatter copies elements to places a step apart.
func scatter[T Float](dst []T, step int, src []T) {
	if step == 1 {
		copy(dst, src)
		return
	}
	for i, v := range src {
		dst[i*step] = v
	}
}

// dots sets y[j] = fma(x[l], w[j*wRow+l], y[j]) for each l in order. The tail is
// scratch of a panel's width.
func dots[T Float](y, w []T, wRow int, x, tail []T) {
	if dotsFast(y, w, wRow, x, tail) {
		return
	}
	for j := range y {
		for l, v := range x {
			y[j] = fma(v, w[j*wRow+l], y[j])
		}
	}
}

// fma returns x*y + z, rounded once.
func fma[T Float](x, y, z T) T {
	if isFloat32[T]() {
		return T(FMA32(float32(x), float32(y), float32(z)))
	}
	return T(math.FMA(float64(x), float64(y), float64(z)))
}
