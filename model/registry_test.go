package model

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/nn"
	"github.com/mlodyssey/odyssey/tensor"
)

// The numbers of parameters that are published: torchvision's; of resnet20 and
// resnet32 the paper's 0.27 and 0.46 million, with shortcuts without parameters; of mobilenetv1 the paper's
// 4.2 million; of the vision transformer timm's; of the GPT nanoGPT's.
var published = map[string]int{
	"lenet5":      61_706,
	"alexnet":     61_100_840,
	"vgg11":       132_863_336,
	"vgg16":       138_357_544,
	"googlenet":   6_624_904,
	"resnet18":    11_689_512,
	"resnet34":    21_797_672,
	"resnet50":    25_557_032,
	"resnet20":    269_722,
	"resnet32":    464_154,
	"densenet121": 7_978_856,
	"mobilenetv1": 4_231_976,
	"mobilenetv2": 3_504_872,
	"gpt2":        124_439_808,
	"vit_tiny":    5_717_416,
}

// torchvisions are names of parameters in torchvision, whose weights can so be read.
var torchvisions = map[string][]string{
	"alexnet":     {"features.0.weight", "features.10.bias", "classifier.1.weight", "classifier.6.bias"},
	"vgg11":       {"features.0.weight", "features.18.bias", "classifier.0.weight", "classifier.6.bias"},
	"googlenet":   {"conv1.conv.weight", "conv1.bn.weight", "inception3a.branch1.conv.weight", "inception5b.branch4.1.bn.bias", "fc.weight"},
	"resnet18":    {"conv1.weight", "bn1.weight", "layer1.0.conv1.weight", "layer2.0.downsample.0.weight", "layer4.1.bn2.bias", "fc.bias"},
	"resnet50":    {"layer1.0.downsample.1.bias", "layer3.5.conv3.weight"},
	"densenet121": {"features.conv0.weight", "features.norm0.bias", "features.denseblock1.denselayer1.norm1.weight", "features.denseblock3.denselayer24.conv2.weight", "features.transition2.conv.weight", "features.norm5.bias", "classifier.weight"},
	"mobilenetv2": {"features.0.0.weight", "features.1.conv.0.0.weight", "features.1.conv.1.weight", "features.2.conv.1.1.bias", "features.17.conv.3.weight", "features.18.1.weight", "classifier.1.weight"},
}

// Classifiers take the images that they say they take, and refuse others.
func TestNew(t *testing.T) {
	refuses := map[string]string{
		"gpt2": "sequences of tokens", "alexnet": "images of at least 63×63", "vgg11": "images of at least 32×32", "vgg16": "images of at least 32×32",
	}
	for _, e := range Entries() {
		m, err := build(e.Name, []int{1, 28, 28}, 47, &maker{blank: true})
		if want := refuses[e.Name]; want != "" {
			if err == nil || !strings.Contains(err.Error(), e.Name+" takes "+want+", not examples of shape [1 28 28]") {
				t.Errorf("%s: error %v, want %q in it", e.Name, err, want)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if got := scoresOf(m, tensor.NewSpec(tensor.Float32, 3, 1, 28, 28)); got != "float32[3 47]" {
			t.Errorf("%s gives %s", e.Name, got)
		}
	}
	for _, c := range []struct {
		name    string
		input   []int
		classes int
		want    string
	}{
		{"lenet9", []int{1, 28, 28}, 47, `"lenet9": want one of lenet5`},
		{"lenet5", []int{3, 32, 32}, 47, "grey images of 28×28, not examples of shape [3 32 32]"},
		{"resnet18", []int{28, 28}, 47, "not examples of shape [28 28]"},
		{"lenet5", []int{1, 28, 28}, 0, "not 0"},
	} {
		if _, err := New(c.name, c.input, c.classes, 1); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want %q in it", err, c.want)
		}
	}
}

// scoresOf returns what a network gives, without working it out.
func scoresOf(net nn.Module, x tensor.Spec) (scores string) {
	autograd.Record(nn.Values(nn.Variables(net)), []tensor.Spec{x}, func(in []*autograd.Value) []*autograd.Value {
		y := net.Forward(in[0])
		scores = y.Spec().String()
		return []*autograd.Value{y}
	})
	return scores
}

func TestNetworksAsInThePapers(t *testing.T) {
	for _, e := range Entries() {
		net := e.Outline()
		if got := nn.CountParameters(net); got != published[e.Name] {
			t.Errorf("%s has %d parameters, want %d", e.Name, got, published[e.Name])
		}
		names := map[string]bool{}
		for _, v := range nn.Variables(net) {
			names[v.Name] = true
		}
		for _, n := range torchvisions[e.Name] {
			if !names[n] {
				t.Errorf("%s has no %s", e.Name, n)
			}
		}
		x := tensor.NewSpec(e.Input.DType, append([]int{2}, e.Input.Shape...)...)
		want := fmt.Sprintf("float32[2 %d]", e.Classes)
		if e.Name == "gpt2" {
			want = "float32[2 1024 50257]"
		}
		if got := scoresOf(net, x); got != want {
			t.Errorf("%s gives %s, want %s", e.Name, got, want)
		}
	}
}

func TestAuxiliaryHeads(t *testing.T) {
	net := newGoogLeNet(GoogLeNetConfig{Auxiliary: true}, &maker{blank: true})
	if got := nn.CountParameters(net); got != 13_004_888 {
		t.Errorf("googlenet with auxiliary heads has %d parameters", got)
	}
	for i, scores := range func() []*autograd.Value {
		main, aux1, aux2 := net.ForwardAll(autograd.Const(tensor.New(tensor.Float32, 1, 3, 64, 64)))
		return []*autograd.Value{main, aux1, aux2}
	}() {
		if got := scores.Spec().String(); got != "float32[1 1000]" {
			t.Errorf("head %d gives %s", i, got)
		}
	}
}

func TestLeNet5CountsAndNames(t *testing.T) {
	for _, c := range []struct{ classes, want int }{{10, 61706}, {47, 64851}, {62, 66126}} {
		if got := nn.CountParameters(NewLeNet5(c.classes, 1)); got != c.want {
			t.Errorf("%d parameters at %d classes, want %d", got, c.classes, c.want)
		}
	}
	want := []string{
		"conv1.weight float32[6 1 5 5]", "conv1.bias float32[6]",
		"conv2.weight float32[16 6 5 5]", "conv2.bias float32[16]",
		"fc1.weight float32[120 400]", "fc1.bias float32[120]",
		"fc2.weight float32[84 120]", "fc2.bias float32[84]",
		"fc3.weight float32[47 84]", "fc3.bias float32[47]",
	}
	var got []string
	for _, p := range nn.Parameters(NewLeNet5(47, 1)) {
		got = append(got, p.Name+" "+p.Value.Spec().String())
	}
	if !slices.Equal(got, want) {
		t.Errorf("parameters\n%v, want\n%v", got, want)
	}
}
