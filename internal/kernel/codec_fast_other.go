//go:build !amd64

package kernel

// Without assembly all is left to portable Go.

func roundFast(_, _ []float32, _ *floatState) (done int) { return 0 }

func encodeFast(_ []byte, _ []float32, _ int, _ *floatState) (done int) { return 0 }

func decodeFast(_ []float32, _ []byte, _ int, _ *decodeState) (done int) { return 0 }

func decodeBlocksFast(_ []float32, _ []byte, _ []float32, _ float32, _ int, _ *decodeState) bool {
	return false
}

func roundBlocksFast(_, _ []float32, _ int, _ []uint32, _ *blockState) bool { return false }

func encodeBlocksFast(_, _ []byte, _ []float32, _ []uint32, _ *blockState) bool { return false }

func roundLanesFast(_, _ []float32, _ int, _ []float32, _ []uint32, _ *blockState) bool {
	return false
}

func largestFast(_, _ []float32, _ int) bool { return false }

func wordsFast(_ []uint32, _ dropState) (done int) { return 0 }

func wordsLanesFast(_ []uint32, _ int, _ dropState) (done int) { return 0 }
