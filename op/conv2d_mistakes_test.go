package op_test

import (
	"testing"

	"github.com/mlodyssey/odyssey/op"
)

func TestMistakesOfConvolutions(t *testing.T) {
	conv := func(x, w []int, cfg op.Conv2DConfig) func() {
		return func() { op.Conv2D(zeros(x...), zeros(w...), nil, cfg) }
	}
	transposed := func(x, w []int, cfg op.ConvTranspose2DConfig) func() {
		return func() { op.ConvTranspose2D(zeros(x...), zeros(w...), nil, cfg) }
	}
	images, w := []int{2, 1, 4, 4}, []int{4, 1, 3, 3}
	wantMistakes(t, map[string]func(){
		"conv2d of float32[2 3 8 8], float32[4 1 3 3]: want an input of 1 channels":                conv([]int{2, 3, 8, 8}, w, op.Conv2DConfig{}),
		"conv2d of float32[2 1 2 2], float32[4 1 3 3]: want images of at least 3×3":                conv([]int{2, 1, 2, 2}, w, op.Conv2DConfig{}),
		"conv2d of float32[2 1 4 4], float32[4 1 3 3]: want images of at least 3×5":                conv(images, w, op.Conv2DConfig{Columns: op.ConvColumns{Dilation: 2}}),
		"conv2d of float32[2 1 4 4], float32[4 1 3 3]: want no negative":                           conv(images, w, op.Conv2DConfig{Stride: -1}),
		"conv2d of float32[2 1 4 4], float32[4 1 3 3]: want no negative stride, padding, dilation": conv(images, w, op.Conv2DConfig{Groups: -1}),
		"and none above 1048576, not {Stride:0 Padding:0 Dilation:1073741824":                      conv(images, w, op.Conv2DConfig{Dilation: 1 << 30}),
		"conv2d of float32[2 4 4 4], float32[4 1 3 3]: want an input of 2 channels":                conv([]int{2, 4, 4, 4}, w, op.Conv2DConfig{Groups: 2}),
		"conv2d of float32[2 2 4 4], float32[3 1 3 3]: want filters that make 2 equal groups":      conv([]int{2, 2, 4, 4}, []int{3, 1, 3, 3}, op.Conv2DConfig{Groups: 2}),
		"conv1d of float32[2 1 4], float32[4 1 3 3]: want 3 axes [o c/groups k], not 4":            func() { op.Conv1D(zeros(2, 1, 4), zeros(4, 1, 3, 3), nil, op.Conv1DConfig{}) },
		"conv1d of float32[2 1 2], float32[4 1 3]: want images of at least 1×3":                    func() { op.Conv1D(zeros(2, 1, 2), zeros(4, 1, 3), nil, op.Conv1DConfig{}) },
		"conv_transpose2d of float32[2 1 4 4], float32[4 1 3 3]: want an input of 4 channels":      transposed(images, w, op.ConvTranspose2DConfig{}),
		"want an output padding from 0 to below the stride, not 2":                                 transposed([]int{2, 4, 4, 4}, w, op.ConvTranspose2DConfig{Stride: 2, OutputPadding: 2}),
		"want an output that is not empty, not one of 0×0":                                         transposed([]int{2, 4, 4, 4}, w, op.ConvTranspose2DConfig{Padding: 3}),
		"conv_transpose2d of float32[2 4 4 4], float32[4 1 3 3], float32[2]: want a bias [1]": func() {
			op.ConvTranspose2D(zeros(2, 4, 4, 4), zeros(4, 1, 3, 3), zeros(2), op.ConvTranspose2DConfig{})
		},
	})
}
