//go:build !amd64

package kernel

func peakFast([]float32, int) (elements int) { return 0 }
