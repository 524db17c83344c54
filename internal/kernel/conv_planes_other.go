//go:build !amd64

package kernel

func (*planeTables) fast() bool { return false }

func (*planeTables) fastPlanes(*planeCall[float32], int, int, []float32) bool { return false }
