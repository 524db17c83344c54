//go:build !amd64

package kernel

func (*depthwiseTables) fast(*chains[float32], int, int, int) bool { return false }

func (*depthwiseTables) fastWeights(*ConvPlan, int, []float32, []float32, []float32, []float32, int, int) bool {
	return false
}
