// Command perceptron trains a network of two layers to tell two interleaved
// half-moons apart, with the loop written out: scores, loss, gradients, step.
// The picture shows the points of both, o and x, and a dot wherever the network
// would say x.
//
//	go run ./examples/perceptron
package main

import (
	"fmt"
	"log"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/nn"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/optim"
	"github.com/mlodyssey/odyssey/random"
	"github.com/mlodyssey/odyssey/tensor"
)

func main() {
	x, labels := moons(random.New(1), 200)
	r := random.New(2)
	net := nn.Sequential{nn.NewLinear(2, 16, r), nn.Func(op.Tanh), nn.NewLinear(16, 2, r)}
	params := nn.Parameters(net)
	sgd, err := optim.NewSGD(params, optim.SGDConfig{LR: 0.3, Momentum: 0.9})
	if err != nil {
		log.Fatal(err)
	}
	for step := 0; step <= 200; step++ {
		scores := net.Forward(autograd.Const(x))
		loss := op.Mean(op.CrossEntropy(scores, autograd.Const(labels)))
		if step%50 == 0 {
			right := 0
			for i, class := range tensor.Data[int64](op.ArgMax(scores, -1).Tensor()) {
				if class == tensor.Data[int64](labels)[i] {
					right++
				}
			}
			fmt.Printf("step %3d  loss %.3f  accuracy %5.1f %%\n", step, loss.Tensor().Item(), 100*float64(right)/float64(labels.Len()))
		}
		sgd.Step(autograd.Grad(loss, nn.Values(params)...))
	}
	draw(net, x)
}

// moons returns n points [n 2] of the upper half of a ring and, every second
// one, of a lower half that reaches into it, with the labels [n] 0 and 1.
func moons(r *random.Stream, n int) (x, labels *tensor.Tensor) {
	x, labels = tensor.New(tensor.Float32, n, 2), tensor.New(tensor.Int64, n)
	for i := 0; i < n; {
		u, v := r.Uniform(-1.2, 1.2), r.Uniform(0, 1.2)
		if d := float64(u*u) + float64(v*v); d < 0.6 || d > 1.4 {
			continue
		}
		if i%2 == 1 {
			u, v = 1-u, 0.5-v
		}
		tensor.Data[int64](labels)[i] = int64(i % 2)
		copy(tensor.Data[float32](x)[2*i:], []float32{float32(u), float32(v)})
		i++
	}
	return x, labels
}

// draw prints the plane from (-1.5, -1) to (2.5, 1.5).
func draw(net nn.Module, x *tensor.Tensor) {
	const rows, cols = 20, 64
	plane := tensor.New(tensor.Float32, rows*cols, 2)
	for i := range rows * cols {
		at := []float32{-1.5 + float32(i%cols)/16, 1.5 - float32(i/cols)/8}
		copy(tensor.Data[float32](plane)[2*i:], at)
	}
	picture := make([]byte, rows*cols)
	for i, class := range tensor.Data[int64](op.ArgMax(net.Forward(autograd.Const(plane)), -1).Tensor()) {
		picture[i] = " ."[class]
	}
	for i := range x.Len() / 2 {
		p := tensor.Data[float32](x)[2*i:]
		picture[int((1.5-p[1])*8+0.5)*cols+int((p[0]+1.5)*16+0.5)] = "ox"[i%2]
	}
	for row := range rows {
		fmt.Printf("|%s|\n", picture[row*cols:(row+1)*cols])
	}
}
