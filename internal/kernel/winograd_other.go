//go:build !amd64

package kernel

func winogradTilesFast(bool, tileRow, []float32, *lines[float32], bool, int) bool { return false }

func winogradOutFast(_ tileRow, _, _ *lines[float32], _, _ []float32, _ Epilogue) bool { return false }
