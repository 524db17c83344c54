package kernel

import (
	"syscall"
	"testing"
	"unsafe"
)

// fenced returns n elements that end where memory may not be touched, so that
// even an unused read past them stops the test, and what frees them.
func fenced[T any](t *testing.T, n int) (s []T, free func()) {
	page := syscall.Getpagesize()
	size := (n*int(unsafe.Sizeof(*new(T))) + page - 1) / page * page
	memory, err := syscall.Mmap(-1, 0, size+page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	free = func() { syscall.Munmap(memory) }
	if err := syscall.Mprotect(memory[size:], syscall.PROT_NONE); err != nil {
		t.Fatal(err)
	}
	if n == 0 {
		return nil, free
	}
	all := unsafe.Slice((*T)(unsafe.Pointer(&memory[0])), size/int(unsafe.Sizeof(*new(T))))
	return all[len(all)-n:], free
}
