//go:build !amd64

package kernel

// Without assembly all is left to portable Go.

func chainRows(left, _ int, _ bool, _ int) int { return left }

func chainsFast(*chains[float32], int, int) bool { return false }

func transposeFast([]float32, int, []float32, int, int, int) bool { return false }

func sumLanesFast(_, _ []float32) bool { return false }

func sumHalvesFast(_, _, _ []float32) bool { return false }
