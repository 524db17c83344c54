package op

// SetGrain makes goroutines take n elements at a time, so that small cases are
// cut into many pieces too. n is a multiple of 16.
func SetGrain(n int) (restore func()) {
	g, e := grain, expGrain
	grain, expGrain = n, n
	return func() { grain, expGrain = g, e }
}
