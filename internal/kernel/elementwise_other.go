//go:build !amd64

package kernel

// Without assembly all is left to portable Go.

func binaryFast(operation, []float32, []float32, []float32) bool { return false }

func mulAddFast([]float32, []float32, []float32, []float32) bool { return false }

func unaryFast(operation, []float32, []float32) bool { return false }

func sumFast([]float32) (float32, bool) { return 0, false }

func (pooling) maxFast([]float32, []int32, []float32) bool { return false }

func (pooling) scatterFast([]float32, []float32, []int32) bool { return false }

func (pooling) lanesFast(lanesLoop, []float32, []float32, []int32, []float32) bool {
	return false
}
