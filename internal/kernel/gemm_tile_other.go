//go:build !amd64

package kernel

// Without assembly all is left to portable Go.

func sliverRows() int { return portableRows }

func exactCols[T Float](cols int) bool { return cols%Lanes == 0 }

func (s *sliver[T]) runFast() bool { return false }

func copyRows[T Float](dst []T, dstRow int, src []T, srcRow, rows, cols int) {
	copyMatrix(dst, dstRow, src, srcRow, rows, cols)
}

func packColumnsFast[T Float](_ []T, _ int, _ []T, _, _, _ int) int { return 0 }

func dotsFast[T Float](_, _ []T, _ int, _, _ []T) bool { return false }
