package program

import (
	"sync"
	"unsafe"

	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/tensor"
)

// stack keeps what goroutines take and give back. Unlike a sync.Pool it loses
// nothing.
type stack[T any] struct {
	mu      sync.Mutex
	free    []T
	newItem func() T
}

// newStack returns a stack of n new items. More are made when it is empty.
func newStack[T any](n int, newItem func() T) *stack[T] {
	s := &stack[T]{newItem: newItem}
	for range n {
		s.free = append(s.free, newItem())
	}
	return s
}

func (s *stack[T]) get() T {
	s.mu.Lock()
	defer s.mu.Unlock()
	last := len(s.free) - 1
	if last < 0 {
		return s.newItem()
	}
	item := s.free[last]
	s.free = s.free[:last]
	return item
}

func (s *stack[T]) put(item T) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.free = append(s.free, item)
}

// bits returns a tensor's elements as others of the same size, to be moved, not
// computed with.
func bits[T kernel.Element](t *tensor.Tensor) []T {
	switch t.DType() {
	case tensor.Bool:
		return as[T](tensor.Data[bool](t))
	case tensor.Int32:
		return as[T](tensor.Data[int32](t))
	case tensor.Int64:
		return as[T](tensor.Data[int64](t))
	}
	return tensor.Data[T](t)
}

func as[T, S any](s []S) []T { return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(s))), len(s)) }
