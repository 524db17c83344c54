package op_test

import (
	"testing"

	"github.com/mlodyssey/odyssey/op"
)

func TestMistakesOfPoolings(t *testing.T) {
	wantMistakes(t, map[string]func(){
		"max_pool2d of float32[2 1 4 4]: want a kernel of at least 1": func() { op.MaxPool2D(zeros(2, 1, 4, 4), op.Pool2DConfig{}) },
		"max_pool2d of float32[2 1 2 4]: want images of at least 3×3": func() { op.MaxPool2D(zeros(2, 1, 2, 4), op.Pool2DConfig{Kernel: 3}) },
		"avg_pool2d of float32[2 1 2 4]: want images of at least 3×3": func() { op.AvgPool2D(zeros(2, 1, 2, 4), op.Pool2DConfig{Kernel: 3}) },
		"max_pool2d of float32[2 1 0 4]: want images of at least 2×2": func() { op.MaxPool2D(zeros(2, 1, 0, 4), op.Pool2DConfig{Kernel: 2, Padding: 1}) },
		"max_pool2d of float32[2 1 4 2]: want images of at least 2×3": func() {
			op.MaxPool2D(zeros(2, 1, 4, 2), op.Pool2DConfig{Kernel: 2, Columns: op.PoolColumns{Kernel: 3}})
		},
		"avg_pool2d of float32[2 1 4 4]: want a kernel of at least 1": func() {
			op.AvgPool2D(zeros(2, 1, 4, 4), op.Pool2DConfig{Kernel: 2, Columns: op.PoolColumns{Stride: 3}})
		},
		"max_pool1d of float32[2 1 4]: want a kernel of at least 1, not 0":         func() { op.MaxPool1D(zeros(2, 1, 4), op.Pool1DConfig{Stride: 2}) },
		"avg_pool1d of float32[2 4]: want 3 axes [n c w], not 2":                   func() { op.AvgPool1D(zeros(2, 4), op.Pool1DConfig{Kernel: 2}) },
		"adaptive_max_pool2d of float32[2 4]: want 4 axes [n c h w], not 2":        func() { op.AdaptiveMaxPool2D(zeros(2, 4), 1, 1) },
		"adaptive_avg_pool2d of float32[2 1 4 4]: want at least one bin":           func() { op.AdaptiveAvgPool2D(zeros(2, 1, 4, 4), 0, 1) },
		"adaptive_avg_pool1d of float32[2 1 0]: want images that are not empty":    func() { op.AdaptiveAvgPool1D(zeros(2, 1, 0), 2) },
		"global_avg_pool of float32[2 1 0 3]: want channels that are not empty":    func() { op.GlobalAvgPool(zeros(2, 1, 0, 3)) },
		"global_max_pool of float32[2 1]: want 3 axes [n c w] or 4 axes [n c h w]": func() { op.GlobalMaxPool(zeros(2, 1)) },
	})
}
