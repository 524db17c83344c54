//go:build !amd64

package kernel

func winogradTilesFast(bool, tileRow, []float32, *lines[float32], bool, int) bool { return false }

func winogradOutFast(tileRow, *lines[float32], []float32, []float32, Epilogue) bool { return false }
