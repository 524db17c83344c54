// Command gorgonia trains LeNet-5 with Gorgonia: its tape machine, SGD with
// momentum. Run it with ASSUME_NO_MOVING_GC_UNSAFE_RISK_IT_WITH set to the
// version of Go, such as go1.26: one of its dependencies refuses to start
// otherwise.
package main

import (
	"log"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/mlodyssey/odyssey/bench/wire"
	"github.com/mlodyssey/odyssey/internal/measure"
)

// net is a graph under construction.
type net struct {
	*G.ExprGraph
	learnables G.Nodes
}

func (n *net) learnable(name string, shape ...int) *G.Node {
	w := G.NewTensor(n.ExprGraph, tensor.Float32, len(shape), G.WithShape(shape...), G.WithName(name), G.WithInit(G.GlorotU(1)))
	n.learnables = append(n.learnables, w)
	return w
}

func (n *net) conv(name string, x *G.Node, in, out, padding int) *G.Node {
	w, b := n.learnable(name+".weight", out, in, 5, 5), n.learnable(name+".bias", 1, out, 1, 1)
	y := G.Must(G.Conv2d(x, w, tensor.Shape{5, 5}, []int{padding, padding}, []int{1, 1}, []int{1, 1}))
	y = G.Must(G.Rectify(G.Must(G.BroadcastAdd(y, b, nil, []byte{0, 2, 3}))))
	return G.Must(G.MaxPool2D(y, tensor.Shape{2, 2}, []int{0, 0}, []int{2, 2}))
}

func (n *net) linear(name string, x *G.Node, in, out int) *G.Node {
	w, b := n.learnable(name+".weight", in, out), n.learnable(name+".bias", 1, out)
	return G.Must(G.BroadcastAdd(G.Must(G.Mul(x, w)), b, nil, []byte{0}))
}

// loss is cross-entropy with the labels as rows that are 1 at the class.
func (n *net) loss(images, labels *G.Node) *G.Node {
	x := n.conv("conv1", images, 1, 6, 2)
	x = n.conv("conv2", x, 6, 16, 0)
	x = G.Must(G.Reshape(x, tensor.Shape{wire.Batch, 400}))
	x = G.Must(G.Rectify(n.linear("fc1", x, 400, 120)))
	x = G.Must(G.Rectify(n.linear("fc2", x, 120, 84)))
	logs := G.Must(G.LogSoftMax(n.linear("fc3", x, 84, wire.Classes)))
	return G.Must(G.Neg(G.Must(G.Mean(G.Must(G.Sum(G.Must(G.HadamardProd(logs, labels)), 1))))))
}

func main() {
	n := &net{ExprGraph: G.NewGraph()}
	images := G.NewTensor(n.ExprGraph, tensor.Float32, 4, G.WithShape(wire.Batch, 1, 28, 28), G.WithName("images"))
	labels := G.NewMatrix(n.ExprGraph, tensor.Float32, G.WithShape(wire.Batch, wire.Classes), G.WithName("labels"))
	loss := n.loss(images, labels)
	if _, err := G.Grad(loss, n.learnables...); err != nil {
		log.Fatal(err)
	}
	var value G.Value
	G.Read(loss, &value)
	vm := G.NewTapeMachine(n.ExprGraph, G.BindDualValues(n.learnables...))
	sgd := G.NewMomentum(G.WithLearnRate(measure.LearningRate), G.WithMomentum(measure.Momentum))
	next := batches()
	wire.Serve(func() float32 {
		x, y := next()
		check(G.Let(images, x))
		check(G.Let(labels, y))
		check(vm.RunAll())
		check(sgd.Step(G.NodesToValueGrads(n.learnables)))
		vm.Reset()
		return value.Data().(float32)
	})
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// batches returns what hands out one batch after the other.
func batches() func() (images, labels *tensor.Dense) {
	pixels, classes := wire.Images(measure.Examples), wire.Labels[int](measure.Examples)
	oneHot := make([]float32, measure.Examples*wire.Classes)
	for i, c := range classes {
		oneHot[i*wire.Classes+c] = 1
	}
	at := 0
	return func() (images, labels *tensor.Dense) {
		if at == measure.Examples {
			at = 0
		}
		from := at
		at += wire.Batch
		return tensor.New(tensor.WithShape(wire.Batch, 1, 28, 28), tensor.WithBacking(pixels[from*784:at*784])),
			tensor.New(tensor.WithShape(wire.Batch, wire.Classes), tensor.WithBacking(oneHot[from*wire.Classes:at*wire.Classes]))
	}
}
