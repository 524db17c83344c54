package op

import "github.com/mlodyssey/odyssey/autograd"

// SetGrain makes goroutines take n elements at a time, so that small cases are
// cut into many pieces too. n is a multiple of 16.
func SetGrain(n int) (restore func()) {
	g, e := grain, expGrain
	grain, expGrain = n, n
	return func() { grain, expGrain = g, e }
}

// BroadcastToOp returns the operation of BroadcastTo.
func BroadcastToOp(shape ...int) autograd.Op { return broadcastTo{shape} }

// SumOp returns the operation of Sum.
func SumOp(axes ...int) autograd.Op { return sum{Axes: axes} }
