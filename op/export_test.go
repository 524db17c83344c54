package op

import "github.com/mlodyssey/odyssey/autograd"

// SetGrain makes goroutines take n elements at a time, so that small cases are
// cut into many pieces too. n is a multiple of 16.
func SetGrain(n int) (restore func()) {
	g, e := grain, expGrain
	grain, expGrain = n, n
	return func() { grain, expGrain = g, e }
}

// SetManyBlocks makes batches of n blocks of 16 images and more be shared out
// by the block.
func SetManyBlocks(n int) (restore func()) {
	before := manyBlocks
	manyBlocks = n
	return func() { manyBlocks = before }
}

// BroadcastToOp returns the operation of BroadcastTo.
func BroadcastToOp(shape ...int) autograd.Op { return broadcastTo{shape} }

// SumOp returns the operation of Sum.
func SumOp(axes ...int) autograd.Op { return sum{Axes: axes} }

// PlaceOp returns the gradient of a slice.
func PlaceOp(value float64, shape []int, ranges ...Range) autograd.Op {
	return place{ranges, shape, value}
}
