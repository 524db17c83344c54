package model

import (
	"os"
	"slices"
	"testing"
	"time"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/data/glyphs"
	"github.com/mlodyssey/odyssey/nn"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/optim"
	"github.com/mlodyssey/odyssey/program"
	"github.com/mlodyssey/odyssey/tensor"
)

// sample is a network of some configuration, and how to train it.
type sample struct {
	name  string
	net   func() nn.Module
	size  int     // rows and columns of images; 0: a line of text
	heavy bool    // a step takes long
	slow  bool    // learning takes long
	rate  float64 // of learning
	steps int     // that are enough
}

// samples are networks with less of the dense layers that hold nearly all of the
// parameters of some, and on images about as small as they take. Most have the first
// layers of large images, as these make little work of the rest.
func samples() []sample {
	grey := ImageConfig{Channels: 1, Classes: len(glyphs.Labels())}
	return []sample{
		{"lenet5", func() nn.Module { return NewLeNet5(grey.Classes, 1) }, 28, false, false, 0.002, 60},
		{"alexnet", func() nn.Module { return NewAlexNet(AlexNetConfig{grey, 512}, 1) }, 63, false, true, 0.001, 300},
		{"vgg11", func() nn.Module { return NewVGG(VGGConfig{grey, 11, 512}, 1) }, 32, true, true, 0.0003, 400},
		{"vgg16", func() nn.Module { return NewVGG(VGGConfig{grey, 16, 512}, 1) }, 32, true, true, 0.0003, 900},
		{"googlenet", func() nn.Module { return NewGoogLeNet(GoogLeNetConfig{grey, false}, 1) }, 28, true, true, 0.001, 60},
		{"resnet18", func() nn.Module { return NewResNet(ResNetConfig{grey, 18}, 1) }, 28, true, true, 0.001, 60},
		{"resnet34", func() nn.Module { return NewResNet(ResNetConfig{grey, 34}, 1) }, 28, true, true, 0.001, 60},
		{"resnet50", func() nn.Module { return NewResNet(ResNetConfig{grey, 50}, 1) }, 28, true, true, 0.001, 60},
		{"resnet20", func() nn.Module { return NewResNetCIFAR(ResNetCIFARConfig{grey, 20}, 1) }, 28, false, false, 0.003, 60},
		{"resnet32", func() nn.Module { return NewResNetCIFAR(ResNetCIFARConfig{grey, 32}, 1) }, 28, true, true, 0.003, 60},
		{"densenet121", func() nn.Module { return NewDenseNet(DenseNetConfig{ImageConfig: grey}, 1) }, 32, true, true, 0.001, 60},
		{"mobilenetv1", func() nn.Module { return NewMobileNetV1(MobileNetV1Config{grey}, 1) }, 28, false, true, 0.001, 60},
		{"mobilenetv2", func() nn.Module { return NewMobileNetV2(MobileNetV2Config{grey}, 1) }, 28, false, true, 0.001, 60},
		{"gpt2", func() nn.Module {
			return NewGPT(GPTConfig{Vocabulary: 128, Context: 64, Layers: 2, Heads: 4, Width: 64, Dropout: 0.1}, 1)
		}, 0, false, false, 0.003, 200},
		{"vit_tiny", func() nn.Module { return NewViT(ViTConfig{ImageConfig: grey, Size: 28, Patch: 7}, 1) }, 28, true, true, 0.0005, 100},
	}
}

// long skips a test that takes long, unless it is asked for.
func long(t *testing.T, takes bool) {
	if takes && os.Getenv("ODYSSEY_LONG") == "" {
		t.Skip("takes long: set ODYSSEY_LONG=1")
	}
}

func TestEveryModelHasASample(t *testing.T) {
	var names []string
	for _, s := range samples() {
		names = append(names, s.name)
	}
	if !slices.Equal(names, Names()) {
		t.Errorf("samples of %v, want %v", names, Names())
	}
}

// Which streams the layers of a ResNet-50 draw from is what a seed means: 52 convolutions in bottlenecks and, without a
// layer, 47 in basic blocks.
func TestStreamsOfResNet50(t *testing.T) {
	m := &maker{blank: true}
	newResNet(ResNetConfig{Layers: 50}, m)
	if m.layers != 1+52+47+1 {
		t.Errorf("%d streams, want 101", m.layers)
	}
}

// batch returns n characters as large as they fit, in the middle of images.
func (s sample) batch(t testing.TB, n int) (x, labels *tensor.Tensor) {
	if s.size == 0 {
		return line()
	}
	set := glyphs.New(n, 1, glyphs.Train)
	side := set.Shape()[1]
	times := s.size / side
	at := (s.size - times*side) / 2
	x, labels = tensor.New(tensor.Float32, n, 1, s.size, s.size), tensor.New(tensor.Int64, n)
	pixels, drawn := tensor.Data[float32](x), make([]float32, side*side)
	for i := range n {
		label, err := set.Read(i, drawn)
		if err != nil {
			t.Fatal(err)
		}
		tensor.Data[int64](labels)[i] = int64(label)
		for row := range times * side {
			for column := range times * side {
				pixels[(i*s.size+at+row)*s.size+at+column] = (drawn[row/times*side+column/times] - 0.13) / 0.31
			}
		}
	}
	return x, labels
}

// line returns the letters of a line of text, as long as a sequence may be, and for
// each the next.
func line() (x, labels *tensor.Tensor) {
	text := []byte("A network is plain Go calling operations: each runs at once or is written down.")[:65]
	letters := make([]int64, len(text))
	for i, letter := range text {
		letters[i] = int64(letter)
	}
	n := len(letters) - 1
	return tensor.FromSlice(letters[:n], 1, n), tensor.FromSlice(letters[1:], n)
}

// training is a network, and what trains it.
type training struct {
	net       nn.Module
	optimizer optim.Optimizer
	variables []nn.Named
}

func (s sample) training(t testing.TB) training {
	net := s.net()
	optimizer, err := optim.NewAdam(nn.Parameters(net), optim.AdamConfig{LR: s.rate})
	if err != nil {
		t.Fatal(err)
	}
	nn.SetTraining(net, true)
	return training{net, optimizer, append(nn.Variables(net), optimizer.State()...)}
}

func (tr training) step(in []*autograd.Value) []*autograd.Value {
	scores := tr.scores(in[0])
	loss := op.CrossEntropy(scores, in[1])
	tr.optimizer.Step(autograd.Grad(op.Mean(loss), nn.Values(tr.optimizer.Parameters())...))
	return []*autograd.Value{loss}
}

// scores returns a row for each label: those of a text are at all of its places.
func (tr training) scores(x *autograd.Value) *autograd.Value {
	y := tr.net.Forward(x)
	return op.Reshape(y, -1, y.Shape()[len(y.Shape())-1])
}

func (tr training) record(x, labels *tensor.Tensor) *program.Program {
	return program.Record(nn.Values(tr.variables), []tensor.Spec{x.Spec(), labels.Spec()}, tr.step)
}

// A step of a recorded program gives the bits of one that runs operation by
// operation.
func TestPlannedStepsHaveTheBitsOfEagerOnes(t *testing.T) {
	for _, s := range samples() {
		t.Run(s.name, func(t *testing.T) {
			long(t, s.heavy)
			x, labels := s.batch(t, 9)
			eager, planned := s.training(t), s.training(t)
			want := eager.step([]*autograd.Value{autograd.Const(x), autograd.Const(labels)})[0].Tensor()
			if got := planned.record(x, labels).Run(x, labels)[0]; !got.Equal(want) {
				t.Errorf("losses %v, want %v", got, want)
			}
			for i, v := range planned.variables {
				if !v.Value.Tensor().Equal(eager.variables[i].Value.Tensor()) {
					t.Fatalf("%s differs after a step", v.Name)
				}
			}
		})
	}
}

// A network that works can learn 32 examples by heart.
func TestEveryModelLearns32ExamplesByHeart(t *testing.T) {
	for _, s := range samples() {
		t.Run(s.name, func(t *testing.T) {
			long(t, s.slow)
			start := time.Now()
			x, labels := s.batch(t, 32)
			tr := s.training(t)
			p := tr.record(x, labels)
			settle := program.Record(nn.Values(tr.variables), []tensor.Spec{x.Spec()}, func(in []*autograd.Value) []*autograd.Value {
				return []*autograd.Value{tr.net.Forward(in[0])}
			})
			var share, loss float64
			steps := 0
			for ; share <= 0.95 && steps < s.steps; steps++ {
				loss = op.Mean(autograd.Const(p.Run(x, labels)[0])).Tensor().Item()
				if loss < 1 && steps%10 == 9 {
					for range 30 { // running statistics come to be those of the parameters
						settle.Run(x)
					}
					share = tr.accuracy(x, labels)
				}
			}
			t.Logf("%.1f %% right, loss %.3f, after %d steps in %.1f s", 100*share, loss, steps, time.Since(start).Seconds())
			if share <= 0.95 {
				t.Errorf("want more than 95 %%")
			}
		})
	}
}

func (tr training) accuracy(x, labels *tensor.Tensor) float64 {
	nn.SetTraining(tr.net, false)
	defer nn.SetTraining(tr.net, true)
	right := 0
	predicted := tensor.Data[int64](op.ArgMax(tr.scores(autograd.Const(x)), -1).Tensor())
	for i, label := range tensor.Data[int64](labels) {
		if predicted[i] == label {
			right++
		}
	}
	return float64(right) / float64(labels.Len())
}
