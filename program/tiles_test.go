package program

import (
	"fmt"
	"testing"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/tensor"
)

// Convolutions by tiles give the bits of operations one by one from batches of every kind
// of blocks, with their gates and gradients.
func TestConvolutionsByTiles(t *testing.T) {
	for _, batch := range []int{3, 8, 13, 16, 21, 64} {
		t.Run(fmt.Sprint(batch), func(t *testing.T) {
			wantSameRuns(t, func(m *model, in values) values {
				first := m.variable(true, func() *tensor.Tensor { return draw(tensor.Float32, 1, 17, 16, 3, 3) })
				second := m.variable(true, func() *tensor.Tensor { return draw(tensor.Float32, 2, 16, 17, 3, 3) })
				bias := m.variable(true, func() *tensor.Tensor { return draw(tensor.Float32, 3, 17) })
				x := op.ReLU(op.Mul(in[0], in[0]))
				x = op.ReLU(op.Conv2D(x, first, bias, op.Conv2DConfig{Padding: 1}))
				y := op.Conv2D(x, second, nil, op.Conv2DConfig{})
				loss := op.Sum(op.Mul(y, y))
				return append(autograd.Grad(loss, first, second, bias), y)
			}, func(run int) []*tensor.Tensor {
				return []*tensor.Tensor{draw(tensor.Float32, uint64(run), batch, 16, 9, 8)}
			})
		})
	}
}
