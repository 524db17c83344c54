//go:build !amd64

package kernel

// Without assembly all is left to portable Go.

func functionFast32(function, []float32, []float32) bool { return false }

func functionFast64(function, []float64, []float64) bool { return false }

func scalarFast32(scalarOperation, []float32, []float32, float32) bool { return false }

func scalarFast64(scalarOperation, []float64, []float64, float64) bool { return false }

func shiftExpFast(y, x, top, sums []float32) bool { return false }

func scaleByFast(y, by []float32) bool { return false }

func squaresFast(sums, x []float32, mean float32) bool { return false }

func normGradSumsFast(sums, dgain, dbias, x, g, gain []float32, mean, scale float32) bool {
	return false
}

func normGradRowFast(dx, x, g, gain []float32, mean, scale, level, share float32) {}

func normaliseFast(y, x, gain, bias []float32, mean, scale float32) bool { return false }

func maxOfFast([]float32) (float32, bool) { return 0, false }

func findFast([]float32, float32) (int, bool) { return 0, false }

func argMaxLanesFast([]float32, []int32, []float32) bool { return false }

func sumColumnsFast(dst, x []float32, n, stride int) int { return 0 }
