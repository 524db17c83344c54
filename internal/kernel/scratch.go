package kernel

import (
	"fmt"
	"unsafe"
)

// alignment in bytes of the blocks in scratch: a cache line, so that no load of
// 16 lanes straddles two.
const alignment = 64

// alignSlack is how many elements aligned may skip.
const alignSlack = alignment / 4

// aligned returns s without its first elements, up to alignment.
func aligned[T Float](s []T) []T {
	misfit := uintptr(unsafe.Pointer(unsafe.SliceData(s))) % alignment
	if misfit == 0 {
		return s
	}
	return s[min(int((alignment-misfit)/unsafe.Sizeof(s[0])), len(s)):]
}

// cut takes the first n elements off s, whose length it checks.
func cut[T Float](s *[]T, n int) []T {
	wantLen("scratch", len(*s), n)
	head := (*s)[:n:n]
	*s = (*s)[n:]
	return head
}

// wantLen panics unless a slice is long enough.
func wantLen(name string, got, want int) {
	if got < want {
		panic(fmt.Sprintf("kernel: %s wants %d elements, got %d", name, want, got))
	}
}

// AlignSlack is how many elements Aligned may skip.
const AlignSlack = alignSlack

// Aligned returns s without its first elements, up to one at the begin of a
// cache line, where blocks are read fastest.
func Aligned[T Float](s []T) []T { return aligned(s) }
