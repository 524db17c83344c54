// Command dataset trains on a data set of its own: points on two spirals, told apart by a small network,
// which then paints what it takes each place for.
//
//	go run ./examples/dataset
package main

import (
	"context"
	"fmt"
	"log"
	"math"

	"github.com/mlodyssey/odyssey/nn"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/optim"
	"github.com/mlodyssey/odyssey/random"
	"github.com/mlodyssey/odyssey/train"
)

// spirals is a data.Dataset of that many points; the seed is of their noise.
type spirals struct {
	points int
	seed   uint64
}

func (s spirals) Len() int          { return s.points }
func (s spirals) Shape() []int      { return []int{2} }
func (s spirals) Classes() []string { return []string{".", "#"} }

// Read fills x with point i. The same i always gives the same point, whoever asks and when.
func (s spirals) Read(i int, x []float32) (label int, err error) {
	r := random.New(s.seed, uint64(i))
	label = i % 2
	t := math.Sqrt(r.Float64()) * 3 * math.Pi
	sin, cos := math.Sincos(t + math.Pi*float64(label))
	x[0] = float32(t*cos/10 + r.Uniform(-0.03, 0.03))
	x[1] = float32(t*sin/10 + r.Uniform(-0.03, 0.03))
	return label, nil
}

func main() {
	r := random.New(1)
	net := nn.Sequential{
		nn.NewLinear(2, 64, r), nn.Func(op.Tanh), nn.NewLinear(64, 64, r), nn.Func(op.Tanh), nn.NewLinear(64, 2, r),
	}
	adam, err := optim.NewAdam(nn.Parameters(net), optim.AdamConfig{LR: 0.01})
	if err != nil {
		log.Fatal(err)
	}
	set := spirals{2000, 1}
	epochs, err := train.Run(context.Background(), train.Config{
		Model: net, Optimizer: adam, Train: set, Test: spirals{1000, 2}, Epochs: 30, Batch: 50, Seed: 1,
	})
	if err != nil {
		log.Fatal(err)
	}
	c := train.Classifier{Name: "spirals", Net: net, Classes: set.Classes(), Input: set.Shape()}
	for y := float32(1); y > -1; y -= 0.1 {
		for x := float32(-1); x < 1; x += 0.05 {
			guesses, err := c.Predict([]float32{x, y})
			if err != nil {
				log.Fatal(err)
			}
			fmt.Print(guesses[0].Class)
		}
		fmt.Println()
	}
	fmt.Printf("%.1f %% of points that it has not seen are told apart\n", 100*epochs[len(epochs)-1].TestAccuracy)
}
