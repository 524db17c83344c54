package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/mlodyssey/odyssey/model"
)

func TestModels(t *testing.T) {
	stdout, stderr, status := command("models", "--json")
	if status != 0 {
		t.Fatalf("status %d: %s", status, stderr)
	}
	var all []outline
	if err := json.Unmarshal([]byte(stdout), &all); err != nil {
		t.Fatal(err)
	}
	if len(all) != len(model.Names()) {
		t.Errorf("%d networks, want %d", len(all), len(model.Names()))
	}
	for i, o := range all {
		if o.Name != model.Names()[i] || o.Parameters == 0 || o.FLOPs == 0 || o.Memory == 0 || len(o.Layers) > 0 {
			t.Errorf("network %d: %+v", i, o)
		}
	}
}

func TestOneModel(t *testing.T) {
	stdout, stderr, status := command("models", "lenet5")
	if status != 0 {
		t.Fatalf("status %d: %s", status, stderr)
	}
	for _, want := range []string{"lenet5 of LeCun et al., 1998", "conv1", "[1 6 28 28]", "156", "61706"} {
		if !strings.Contains(stdout, want) {
			t.Errorf("no %q in\n%s", want, stdout)
		}
	}
	stdout, _, _ = command("models", "lenet5", "--json")
	var o outline
	if err := json.Unmarshal([]byte(stdout), &o); err != nil {
		t.Fatal(err)
	}
	total := 0
	for _, l := range o.Layers {
		total += l.Parameters
	}
	if total != 61706 || o.Parameters != 61706 {
		t.Errorf("%d parameters, and %d in layers", o.Parameters, total)
	}
}

func TestModelsThatCannotBe(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"models", "lenet9"}, `unknown model "lenet9": want one of lenet5, alexnet`},
		{[]string{"train", "--model", "vgg16", "--limit", "8"}, "model vgg16 takes images of at least 32×32, not examples of shape [1 28 28]"},
		{[]string{"train", "--model", "gpt2", "--limit", "8"}, "model gpt2 takes sequences of tokens, not examples of shape [1 28 28]"},
	} {
		if _, stderr, status := command(c.args...); status != 1 || !strings.Contains(stderr, c.want) {
			t.Errorf("%v: status %d, %q, want %q in it", c.args, status, stderr, c.want)
		}
	}
}

// A network with batch normalisation is trained, kept and used.
func TestTrainResNet20(t *testing.T) {
	dir := t.TempDir()
	if _, stderr, status := command("train", "--model", "resnet20", "--limit", "32", "--batch", "16", "--epochs", "1", "--out", dir+"/run"); status != 0 {
		t.Fatalf("status %d: %s", status, stderr)
	}
	if _, stderr, status := command("eval", dir+"/run", "--limit", "32"); status != 0 {
		t.Errorf("status %d: %s", status, stderr)
	}
}
