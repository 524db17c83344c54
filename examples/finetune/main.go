// Command finetune takes a network that has learnt one task and teaches it another, with its first layers
// frozen: only the last ones are trained anew.
//
//	go run ./examples/finetune
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"

	"github.com/mlodyssey/odyssey/data"
	"github.com/mlodyssey/odyssey/model"
	"github.com/mlodyssey/odyssey/nn"
	"github.com/mlodyssey/odyssey/optim"
	"github.com/mlodyssey/odyssey/random"
	"github.com/mlodyssey/odyssey/train"
)

func main() {
	dir, err := os.MkdirTemp("", "finetune")
	check(err)
	defer os.RemoveAll(dir)
	checkpoint := filepath.Join(dir, "characters.safetensors")

	// The first task: 47 characters.
	settings := train.Settings{
		Model: "lenet5", Data: train.Glyphs, Seed: 1, Epochs: 4, Batch: 64,
		Optimizer: "sgd", LR: 0.01, Momentum: 0.9, Schedule: "linear",
	}
	first, config, err := settings.Prepare(model.New)
	check(err)
	fmt.Printf("47 characters:              %.1f %%\n", accuracy(config, first.Net.(*model.LeNet5)))
	check(first.Save(checkpoint))

	// The second: vowel or not, of few examples.
	config.Train, config.Test = vowelSet{data.Limit(config.Train, 500)}, vowelSet{config.Test}
	loaded, err := train.Load(checkpoint, model.New)
	check(err)
	lenet := loaded.Net.(*model.LeNet5)
	lenet.Fc3 = nn.NewLinear(84, 2, random.New(1))
	nn.Freeze(lenet, func(name string) bool { return strings.HasPrefix(name, "conv") })
	config.Mean, config.Std = loaded.Mean, loaded.Std // as what it learnt from was normalised
	config.Epochs, config.Metrics = 8, train.DefaultMetrics(2)
	fmt.Printf("vowel or not, fine-tuned:   %.1f %% with %d of %d parameters trained\n",
		accuracy(config, lenet), len(nn.Parameters(lenet)), len(nn.Variables(lenet)))
	fmt.Printf("vowel or not, from scratch: %.1f %%\n", accuracy(config, model.NewLeNet5(2, 1)))
}

// vowelSet is a set with two classes in the place of its own.
type vowelSet struct{ data.Dataset }

func (vowelSet) Classes() []string { return []string{"other", "vowel"} }

func (v vowelSet) Read(i int, x []float32) (label int, err error) {
	label, err = v.Dataset.Read(i, x)
	if strings.Contains("AEIOUae", v.Dataset.Classes()[label]) {
		return 1, err
	}
	return 0, err
}

func accuracy(c train.Config, net *model.LeNet5) float64 {
	sgd, err := optim.NewSGD(nn.Parameters(net), optim.SGDConfig{LR: 0.01, Momentum: 0.9})
	check(err)
	c.Model, c.Optimizer = net, sgd
	epochs, err := train.Run(context.Background(), c)
	check(err)
	return 100 * epochs[len(epochs)-1].TestAccuracy
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
