package op

import (
	"math"

	"github.com/mlodyssey/odyssey/numeric"
	"github.com/mlodyssey/odyssey/random"
)

// quantizeReference goes from row to row and from block to block with package numeric.
func quantizeReference(o Operation, in []Array) []Array {
	q, x, y := o.(quantize), in[0], NewArray(in[0].Shape()...)
	rows := x.Shape()[0]
	if len(x.Data) == 0 {
		return []Array{y}
	}
	n := len(x.Data) / rows
	for r := range rows {
		own := x.Data[r*n : (r+1)*n]
		largest := largestOf(own)
		if q.Together {
			largest = largestOf(x.Data)
		}
		var word func(i int) uint32
		if len(in) == 2 {
			word = func(i int) uint32 { return wordOf(q.Stream, in[1], r, i) }
		}
		quantizeRow(y.Data[r*n:(r+1)*n], own, q, largest, word)
	}
	return []Array{y}
}

func largestOf(x []float64) (largest float32) {
	for _, v := range x {
		largest = max(largest, float32(math.Abs(v)))
	}
	return largest
}

// wordOf returns the random bits of element i of a row.
func wordOf(stream int, key Array, row, i int) uint32 {
	seed, counter := uint64(key.At(0)), uint64(key.At(1))*maxStreams+uint64(stream)
	return random.Philox([4]uint32{uint32(i / 4), uint32(row), uint32(counter), uint32(counter >> 32)}, [2]uint32{uint32(seed), uint32(seed >> 32)})[i%4]
}

func quantizeRow(y, x []float64, q quantize, largest float32, word func(i int) uint32) {
	b := q.Format.Blocks()
	if b == nil {
		f, scale := q.Format.Float(), 1.0
		for largest > 0 && scale*float64(largest) > float64(f.Max()) {
			scale /= 2
		}
		for largest > 0 && 2*scale*float64(largest) <= float64(f.Max()) {
			scale *= 2
		}
		for i, v := range x {
			y[i] = float64(f.Decode(f.Encode(float32(v)*float32(scale), numeric.Saturate))) / scale
		}
		return
	}
	for at := 0; at < len(x); at += b.Size {
		n := min(b.Size, len(x)-at)
		values, codes, random := make([]float32, n), make([]byte, b.Bytes()), make([]uint32, n)
		for i := range values {
			values[i] = float32(x[at+i])
			if word != nil {
				random[i] = word(at + i)
			}
		}
		t, scale := b.TensorScale(largest), byte(0)
		if word == nil {
			scale = b.Encode(codes, values, t)
		} else {
			scale = b.EncodeStochastic(codes, values, t, random)
		}
		b.Decode(values, codes, scale, t)
		for i, v := range values {
			y[at+i] = float64(v)
		}
	}
}
