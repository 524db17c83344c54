package nn_test

import (
	"math"
	"slices"
	"testing"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/nn"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/program"
	"github.com/mlodyssey/odyssey/random"
	"github.com/mlodyssey/odyssey/tensor"
)

// A recorded program moves the running statistics as the layer itself does.
func TestRunningStatisticsInARecordedProgram(t *testing.T) {
	x := tensor.New(tensor.Float32, 19, 3, 5, 2)
	nn.Normal(3, 2)(x, random.New(1))
	eager, recorded := nn.NewBatchNorm2D(3), nn.NewBatchNorm2D(3)
	p := program.Record(nn.Values(nn.Variables(recorded)), []tensor.Spec{x.Spec()}, func(in []*autograd.Value) []*autograd.Value {
		return []*autograd.Value{recorded.Forward(in[0])}
	})
	for range 3 {
		want := eager.Forward(autograd.Const(x)).Tensor()
		if got := p.Run(x)[0]; !got.Equal(want) {
			t.Error("a recorded program gives other bits")
		}
	}
	for i, v := range nn.Variables(recorded) {
		if want := nn.Variables(eager)[i]; !v.Value.Tensor().Equal(want.Value.Tensor()) {
			t.Errorf("%s is %v, want %v", v.Name, v.Value.Tensor(), want.Value.Tensor())
		}
	}
	if got := recorded.NumBatchesTracked.Tensor().Item(); got != 3 {
		t.Errorf("%v batches tracked, want 3", got)
	}
}

func TestNormMistakes(t *testing.T) {
	of := func(shape ...int) *autograd.Value { return autograd.Const(tensor.New(tensor.Float32, shape...)) }
	wantMistake(t, "want 3 channels and [4] axes", func() { nn.NewBatchNorm2D(3).Forward(of(2, 3, 4)) })
	wantMistake(t, "want 3 channels and [2 3] axes", func() { nn.NewBatchNorm1D(3).Forward(of(2, 4)) })
	wantMistake(t, "at least two values", func() { nn.NewBatchNorm1D(3).Forward(of(1, 3)) })
	wantMistake(t, "want last axes [3 5]", func() { nn.NewLayerNormOver([]int{3, 5}).Forward(of(2, 5)) })
	wantMistake(t, "want channels in 2 equal groups, not 3", func() { nn.NewGroupNorm(2, 3).Forward(of(2, 3, 4)) })
}

func TestDroppingOfChannelsAndExamples(t *testing.T) {
	ones := autograd.Const(tensor.Full(tensor.Float32, 1, 40, 30, 2, 2))
	for _, c := range []struct {
		name  string
		layer nn.Module
		whole int // elements that are dropped together
	}{
		{"dropout2d", nn.NewDropout2D(0.25, random.New(5)), 4},
		{"drop path", nn.NewDropPath(0.25, random.New(5)), 120},
	} {
		first := tensor.Data[float32](c.layer.Forward(ones).Tensor())
		dropped, groups := 0, len(first)/c.whole
		for g := range groups {
			part := first[g*c.whole : (g+1)*c.whole]
			if v := part[0]; v != 0 && v != float32(1/0.75) || slices.ContainsFunc(part, func(w float32) bool { return w != v }) {
				t.Fatalf("%s: %v", c.name, part)
			}
			if part[0] == 0 {
				dropped++
			}
		}
		if want := groups / 4; dropped < want/2 || dropped > 2*want {
			t.Errorf("%s: %d of %d dropped, want %d or so", c.name, dropped, groups, want)
		}
		if slices.Equal(first, tensor.Data[float32](c.layer.Forward(ones).Tensor())) {
			t.Errorf("%s: two calls drop the same", c.name)
		}
		if got := names(nn.Variables(c.layer)); !slices.Equal(got, []string{"key"}) {
			t.Errorf("%s: variables %v, want its key", c.name, got)
		}
		nn.SetTraining(c.layer, false)
		if c.layer.Forward(ones) != ones {
			t.Errorf("%s: it drops outside of training", c.name)
		}
	}
}

// What cannot be a probability is refused where a layer is made, not at its first step.
func TestProbabilitiesOfDroppingAreChecked(t *testing.T) {
	r := random.New(1)
	for _, p := range []float64{-0.1, 1, math.NaN()} {
		wantMistake(t, "nn.NewDropout: want a probability", func() { nn.NewDropout(p, r) })
		wantMistake(t, "nn.NewDropout2D: want a probability", func() { nn.NewDropout2D(p, r) })
		wantMistake(t, "nn.NewDropPath: want a probability", func() { nn.NewDropPath(p, r) })
		wantMistake(t, "want a probability", func() { nn.NewMultiHeadAttention(4, nn.MultiHeadConfig{Heads: 2, Dropout: p}, r) })
		wantMistake(t, "want a probability", func() { nn.NewGRU(2, 3, nn.RecurrentConfig{Dropout: p}, r) })
	}
}

// A normalisation may have a weight or a bias alone.
func TestWeightOrBiasAlone(t *testing.T) {
	x := tensor.New(tensor.Float32, 4, 2, 3)
	nn.Normal(5, 3)(x, random.New(3))
	draw := func(t *tensor.Tensor, _ *random.Stream) { nn.Normal(0, 1)(t, random.New(4)) }
	for name, layer := range map[string]func(opts ...nn.Option) nn.Module{
		"batch norm":             func(o ...nn.Option) nn.Module { return nn.NewBatchNorm1D(2, o...) },
		"group norm":             func(o ...nn.Option) nn.Module { return nn.NewGroupNorm(2, 2, o...) },
		"instance norm":          func(o ...nn.Option) nn.Module { return nn.NewInstanceNorm(2, o...) },
		"layer norm":             func(o ...nn.Option) nn.Module { return nn.NewLayerNorm(3, o...) },
		"layer norm of two axes": func(o ...nn.Option) nn.Module { return nn.NewLayerNormOver([]int{2, 3}, o...) },
	} {
		for _, c := range []struct {
			name          string
			alone, beside []nn.Option
		}{
			{"bias", []nn.Option{nn.InitWeight(nil), nn.InitBias(draw)}, []nn.Option{nn.InitWeight(nn.Constant(1)), nn.InitBias(draw)}},
			{"weight", []nn.Option{nn.InitWeight(draw), nn.NoBias}, []nn.Option{nn.InitWeight(draw), nn.InitBias(nn.Constant(0))}},
		} {
			got, want := layer(c.alone...).Forward(autograd.Const(x)), layer(c.beside...).Forward(autograd.Const(x))
			if !got.Tensor().Equal(want.Tensor()) {
				t.Errorf("%s with a %s alone gives %v, want %v", name, c.name, got.Tensor(), want.Tensor())
			}
		}
	}
}

func TestRMSNorm(t *testing.T) {
	x := tensor.New(tensor.Float64, 2, 3, 7)
	nn.Normal(0, 1)(x, random.New(2))
	l := nn.NewRMSNorm(7, nn.OfType(tensor.Float64), nn.Eps(0.5))
	want := op.RMSNorm(autograd.Const(x), l.Weight, 0.5).Tensor()
	if got := l.Forward(autograd.Const(x)).Tensor(); !got.Equal(want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if without := nn.NewRMSNorm(7, nn.NoAffine, nn.OfType(tensor.Float64), nn.Eps(0.5)); without.Weight != nil || !without.Forward(autograd.Const(x)).Tensor().Equal(want) {
		t.Error("without a weight it gives something else")
	}
}
