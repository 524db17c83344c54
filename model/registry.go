package model

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mlodyssey/odyssey/nn"
	"github.com/mlodyssey/odyssey/tensor"
)

// Entry is a network that New knows by its name.
type Entry struct {
	Name    string
	Paper   string
	Input   tensor.Spec // of one example, as in the paper
	Classes int         // as in the paper
	Takes   string      // what other examples it takes, in words
	Small   bool        // images of fewer than 64 rows or columns come to first layers that do not shrink them: ImageConfig.Small

	accepts func(input []int) bool
	make    func(input []int, classes int, m *maker) nn.Module
}

// smallImage is how many rows and columns an image must have for first layers that
// shrink it: ImageConfig.Small.
const smallImage = 64

// images returns the entry of a classifier of images of any number of channels.
func images(name, paper string, least int, small bool, make func(cfg ImageConfig, m *maker) nn.Module) Entry {
	takes := "images of any size"
	if least > 1 {
		takes = fmt.Sprintf("images of at least %d×%d", least, least)
	}
	return Entry{
		Name: name, Paper: paper, Input: tensor.NewSpec(tensor.Float32, 3, 224, 224), Classes: 1000, Takes: takes, Small: small,
		accepts: func(input []int) bool { return len(input) == 3 && input[0] > 0 && min(input[1], input[2]) >= least },
		make: func(input []int, classes int, m *maker) nn.Module {
			return make(ImageConfig{Channels: input[0], Classes: classes, Small: small && min(input[1], input[2]) < smallImage}, m)
		},
	}
}

var registry = []Entry{
	{
		Name: "lenet5", Paper: "LeCun et al., 1998", Input: tensor.NewSpec(tensor.Float32, 1, 28, 28), Classes: 10,
		Takes:   "grey images of 28×28",
		accepts: func(input []int) bool { return slices.Equal(input, []int{1, 28, 28}) },
		make:    func(_ []int, classes int, m *maker) nn.Module { return newLeNet5(classes, m) },
	},
	images("alexnet", "Krizhevsky, 2014", 63, false, func(cfg ImageConfig, m *maker) nn.Module {
		return newAlexNet(AlexNetConfig{ImageConfig: cfg}, m)
	}),
	images("vgg11", "Simonyan and Zisserman, 2014", 32, false, func(cfg ImageConfig, m *maker) nn.Module {
		return newVGG(VGGConfig{ImageConfig: cfg, Layers: 11}, m)
	}),
	images("vgg16", "Simonyan and Zisserman, 2014", 32, false, func(cfg ImageConfig, m *maker) nn.Module {
		return newVGG(VGGConfig{ImageConfig: cfg, Layers: 16}, m)
	}),
	images("googlenet", "Szegedy et al., 2014", 1, true, func(cfg ImageConfig, m *maker) nn.Module {
		return newGoogLeNet(GoogLeNetConfig{ImageConfig: cfg}, m)
	}),
	images("resnet18", "He et al., 2015", 1, true, func(cfg ImageConfig, m *maker) nn.Module {
		return newResNet(ResNetConfig{ImageConfig: cfg, Layers: 18}, m)
	}),
	images("resnet34", "He et al., 2015", 1, true, func(cfg ImageConfig, m *maker) nn.Module {
		return newResNet(ResNetConfig{ImageConfig: cfg, Layers: 34}, m)
	}),
	images("resnet50", "He et al., 2015", 1, true, func(cfg ImageConfig, m *maker) nn.Module {
		return newResNet(ResNetConfig{ImageConfig: cfg, Layers: 50}, m)
	}),
	cifar(images("resnet20", "He et al., 2015", 1, false, func(cfg ImageConfig, m *maker) nn.Module {
		return newResNetCIFAR(ResNetCIFARConfig{ImageConfig: cfg}, m)
	})),
	cifar(images("resnet32", "He et al., 2015", 1, false, func(cfg ImageConfig, m *maker) nn.Module {
		return newResNetCIFAR(ResNetCIFARConfig{ImageConfig: cfg, Layers: 32}, m)
	})),
	images("densenet121", "Huang et al., 2016", 8, true, func(cfg ImageConfig, m *maker) nn.Module {
		return newDenseNet(DenseNetConfig{ImageConfig: cfg}, m)
	}),
	images("mobilenetv1", "Howard et al., 2017", 1, true, func(cfg ImageConfig, m *maker) nn.Module {
		return newMobileNetV1(MobileNetV1Config{cfg}, m)
	}),
	images("mobilenetv2", "Sandler et al., 2018", 1, true, func(cfg ImageConfig, m *maker) nn.Module {
		return newMobileNetV2(MobileNetV2Config{cfg}, m)
	}),
	{
		Name: "gpt2", Paper: "Radford et al., 2019", Input: tensor.NewSpec(tensor.Int64, 1024), Classes: 50257,
		Takes:   "sequences of tokens",
		accepts: func(input []int) bool { return len(input) == 1 && input[0] > 0 },
		make: func(input []int, classes int, m *maker) nn.Module {
			return newGPT(GPTConfig{Vocabulary: classes, Context: input[0]}, m)
		},
	},
	vitTiny(),
}

// cifar is the entry of a network that was made for CIFAR-10.
func cifar(e Entry) Entry {
	e.Input, e.Classes, e.Takes = tensor.NewSpec(tensor.Float32, 3, 32, 32), 10, "images of any size"
	return e
}

// vitTiny is the entry of a network whose patches must divide the image.
func vitTiny() Entry {
	e := images("vit_tiny", "Touvron et al., 2020", 4, true, nil)
	e.Takes = "square images of a multiple of 16 rows, or below 64 of a multiple of 4"
	e.accepts = func(input []int) bool {
		if len(input) != 3 || input[0] < 1 || input[1] != input[2] {
			return false
		}
		return input[1] >= smallImage && input[1]%16 == 0 || input[1] > 0 && input[1] < smallImage && input[1]%4 == 0
	}
	e.make = func(input []int, classes int, m *maker) nn.Module {
		return newViT(ViTConfig{ImageConfig: ImageConfig{input[0], classes, input[1] < smallImage}, Size: input[1]}, m)
	}
	return e
}

// Entries returns the networks that New knows, the oldest first.
func Entries() []Entry { return slices.Clone(registry) }

// Names lists the networks that New knows.
func Names() []string {
	var names []string
	for _, e := range registry {
		names = append(names, e.Name)
	}
	return names
}

// Find returns the entry of a network by its name.
func Find(name string) (Entry, error) {
	for _, e := range registry {
		if e.Name == name {
			return e, nil
		}
	}
	return Entry{}, fmt.Errorf("unknown model %q: want one of %s", name, strings.Join(Names(), ", "))
}

// Outline returns the network as in the paper with all parameters 0: for who asks
// what it is made of.
func (e Entry) Outline() nn.Module {
	return e.make(e.Input.Shape, e.Classes, &maker{blank: true})
}

// New returns a network by name, for examples of a shape and a number of
// classes, with parameters drawn from a seed.
func New(name string, input []int, classes int, seed uint64) (nn.Module, error) {
	return build(name, input, classes, &maker{seed: seed})
}

// NewBlank is New with parameters of 0, which take memory when they are looked at or set:
// for who sets them all. The seed means nothing.
func NewBlank(name string, input []int, classes int, _ uint64) (nn.Module, error) {
	return build(name, input, classes, &maker{blank: true})
}

func build(name string, input []int, classes int, m *maker) (nn.Module, error) {
	e, err := Find(name)
	if err != nil {
		return nil, err
	}
	if !e.accepts(input) {
		return nil, fmt.Errorf("model %s takes %s, not examples of shape %v", name, e.Takes, input)
	}
	if classes < 1 {
		return nil, fmt.Errorf("model %s wants at least one class, not %d", name, classes)
	}
	return e.make(input, classes, m), nil
}
