package nn_test

import (
	"math"
	"slices"
	"testing"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/nn"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/random"
	"github.com/mlodyssey/odyssey/tensor"
)

// Each layer of convolution or pooling makes the shapes that it says, and has
// weights within PyTorch's bounds.
func TestLayersOfImagesAndRows(t *testing.T) {
	r := random.New(3)
	images, rows := []int{2, 6, 9, 8}, []int{2, 6, 9}
	for name, c := range map[string]struct {
		layer   nn.Module
		x, want []int
		bound   float64 // of parameters
	}{
		"Conv1D":            {nn.NewConv1D(6, 40, 3, op.Conv1DConfig{Groups: 2, Stride: 2, Padding: 1}, r), rows, []int{2, 40, 5}, 1 / math.Sqrt(9)},
		"ConvTranspose1D":   {nn.NewConvTranspose1D(6, 40, 3, op.ConvTranspose1DConfig{Stride: 2}, r), rows, []int{2, 40, 19}, 1 / math.Sqrt(120)},
		"ConvTranspose2D":   {nn.NewConvTranspose2D(6, 40, 3, op.ConvTranspose2DConfig{Groups: 2, Stride: 2, Padding: 1, OutputPadding: 1}, r), images, []int{2, 40, 18, 16}, 1 / math.Sqrt(180)},
		"MaxPool2D":         {nn.MaxPool2D{Config: op.Pool2DConfig{Kernel: 2}}, images, []int{2, 6, 4, 4}, 0},
		"AvgPool2D":         {nn.AvgPool2D{Config: op.Pool2DConfig{Kernel: 2, Ceil: true}}, images, []int{2, 6, 5, 4}, 0},
		"MaxPool1D":         {nn.MaxPool1D{Config: op.Pool1DConfig{Kernel: 2}}, rows, []int{2, 6, 4}, 0},
		"AvgPool1D":         {nn.AvgPool1D{Config: op.Pool1DConfig{Kernel: 3, Stride: 1}}, rows, []int{2, 6, 7}, 0},
		"AdaptiveMaxPool2D": {nn.AdaptiveMaxPool2D{Height: 2, Width: 3}, images, []int{2, 6, 2, 3}, 0},
		"AdaptiveAvgPool2D": {nn.AdaptiveAvgPool2D{Height: 2, Width: 3}, images, []int{2, 6, 2, 3}, 0},
		"AdaptiveMaxPool1D": {nn.AdaptiveMaxPool1D{Width: 2}, rows, []int{2, 6, 2}, 0},
		"AdaptiveAvgPool1D": {nn.AdaptiveAvgPool1D{Width: 2}, rows, []int{2, 6, 2}, 0},
		"GlobalMaxPool":     {nn.GlobalMaxPool{}, images, []int{2, 6}, 0},
		"Upsample2D":        {nn.Upsample2D{Config: op.Upsample2DConfig{Scale: 2}}, images, []int{2, 6, 18, 16}, 0},
		"Upsample1D":        {nn.Upsample1D{Config: op.Upsample1DConfig{Width: 4, Linear: true}}, rows, []int{2, 6, 4}, 0},
		"GlobalAvgPool":     {nn.GlobalAvgPool{}, rows, []int{2, 6}, 0},
	} {
		y := c.layer.Forward(autograd.Const(tensor.New(tensor.Float32, c.x...)))
		if got := y.Shape(); !slices.Equal(got, c.want) {
			t.Errorf("%s maps %v to %v, want %v", name, c.x, got, c.want)
		}
		for _, p := range nn.Parameters(c.layer) {
			var top float64
			for _, v := range tensor.Data[float32](p.Value.Tensor()) {
				top = max(top, math.Abs(float64(v)))
			}
			if top > c.bound || top < 0.8*c.bound {
				t.Errorf("%s: %s is up to %v, want up to %v", name, p.Name, top, c.bound)
			}
		}
		if c.bound > 0 != (nn.CountParameters(c.layer) > 0) {
			t.Errorf("%s has %d parameters", name, nn.CountParameters(c.layer))
		}
	}
}
