//go:build !amd64

package kernel

// Without assembly all is left to portable Go.

func chainRows(left, _ int, _ bool) int { return left }

func chainsFast(*chains[float32], int, int) bool { return false }
