//go:build !amd64

package kernel

func prefetchFast(*float32, int) {}

func prefetchRowsFast([]float32, int, int, int) {}
