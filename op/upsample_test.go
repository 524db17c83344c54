package op_test

import (
	"testing"

	"github.com/mlodyssey/odyssey/op"
)

func TestMistakesOfUpsampling(t *testing.T) {
	wantMistakes(t, map[string]func(){
		"upsample2d of float32[2 1 4 4]: want images and upsampled images that are not empty": func() { op.Upsample2D(zeros(2, 1, 4, 4), op.Upsample2DConfig{}) },
		"upsample2d of float32[2 1 4 4]: want a scale, or a height and width":                 func() { op.Upsample2D(zeros(2, 1, 4, 4), op.Upsample2DConfig{Scale: 2, Width: 3}) },
		"upsample2d of float32[2 1 4 4]: want aligned corners with linear upsampling only":    func() { op.Upsample2D(zeros(2, 1, 4, 4), op.Upsample2DConfig{Scale: 2, AlignCorners: true}) },
		"upsample1d of float32[2 4]: want 3 axes [n c w], not 2":                              func() { op.Upsample1D(zeros(2, 4), op.Upsample1DConfig{Width: 2}) },
	})
}
