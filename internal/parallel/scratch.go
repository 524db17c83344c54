package parallel

import "sync"

// Scratch hands out slices for a kernel's temporary values and takes them back,
// so that a loop's steady state allocates nothing.
type Scratch[T any] struct{ pool sync.Pool }

// Get returns a slice of n elements whose values are undefined. Give it back
// with Put.
func (s *Scratch[T]) Get(n int) *[]T {
	b, _ := s.pool.Get().(*[]T)
	if b == nil {
		b = new([]T)
	}
	if cap(*b) < n {
		*b = make([]T, n)
	}
	*b = (*b)[:n]
	return b
}

// Put takes back a slice that Get gave.
func (s *Scratch[T]) Put(b *[]T) { s.pool.Put(b) }
