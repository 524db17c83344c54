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

func names(named []nn.Named) []string {
	var s []string
	for _, n := range named {
		s = append(s, n.Name)
	}
	return s
}

func TestNamesFollowFields(t *testing.T) {
	r := random.New(1)
	shared := nn.NewLinear(2, 2, r)
	m := &struct {
		Body     nn.Sequential
		Head     *nn.Linear
		OutScale *autograd.Value
		Nothing  *nn.Linear
		hidden   *nn.Linear
		Const    *autograd.Value
	}{
		Body:     nn.Sequential{nn.NewConv2D(1, 2, 3, op.Conv2DConfig{}, r), nn.Func(op.ReLU), nn.NewDropout(0.5, r), nn.Sequential{shared}},
		Head:     nn.NewLinear(2, 3, r),
		OutScale: autograd.Variable("", tensor.New(tensor.Float32, 1)),
		hidden:   shared,
		Const:    op.Scalar(tensor.Float32, 1),
	}
	want := []string{"body.0.weight", "body.0.bias", "body.2.key", "body.3.0.weight", "body.3.0.bias", "head.weight", "head.bias", "out_scale"}
	if got := names(nn.Variables(m)); !slices.Equal(got, want) {
		t.Errorf("variables %v, want %v", got, want)
	}
	want = slices.DeleteFunc(want, func(s string) bool { return s == "body.2.key" })
	if got := names(nn.Parameters(m)); !slices.Equal(got, want) {
		t.Errorf("parameters %v, want %v", got, want)
	}
	if m.Head.Weight.Name() != "head.weight" {
		t.Errorf("the weight calls itself %q", m.Head.Weight.Name())
	}
	if n := nn.CountParameters(m); n != (2*9+2)+(4+2)+(6+3)+1 {
		t.Errorf("%d parameters", n)
	}
}

type base struct{ Scale *autograd.Value }

func TestModelsOfAnyShape(t *testing.T) {
	r := random.New(1)
	shared := nn.NewLinear(2, 2, r)
	tied := &struct{ A, B *nn.Linear }{shared, shared}
	if got := names(nn.Parameters(tied)); !slices.Equal(got, []string{"a.weight", "a.bias"}) {
		t.Errorf("a shared layer has parameters %v", got)
	}
	type ring struct {
		Layer *nn.Linear
		Next  *ring
	}
	cycle := &ring{Layer: shared}
	cycle.Next = cycle
	if got := len(nn.Parameters(cycle)); got != 2 {
		t.Errorf("a cycle has %d parameters", got)
	}
	embedded := &struct {
		*base
		ÄrmelFC1 *nn.Linear
	}{&base{autograd.Variable("", tensor.New(tensor.Float32, 1))}, shared}
	if got := names(nn.Parameters(embedded)); !slices.Equal(got, []string{"ärmel_fc1.weight", "ärmel_fc1.bias"}) {
		t.Errorf("beside an unexported embedded struct: %v", got)
	}
	held := &struct{ Drop nn.Dropout }{*nn.NewDropout(0.5, r)}
	nn.SetTraining(held, false)
	ones := autograd.Const(tensor.Full(tensor.Float32, 1, 10))
	if held.Drop.Forward(ones) != ones {
		t.Error("a layer held by value is not told that training is over")
	}
}

func TestDefaultInitialisation(t *testing.T) {
	l := nn.NewLinear(400, 300, random.New(1))
	c := nn.NewConv2D(16, 100, 5, op.Conv2DConfig{}, random.New(2))
	for _, v := range []*autograd.Value{l.Weight, l.Bias, c.Weight, c.Bias} {
		const bound = 0.05 // 1/√400 for both
		var top, sum, square float64
		data := tensor.Data[float32](v.Tensor())
		for _, x := range data {
			top = max(top, math.Abs(float64(x)))
			sum += float64(x)
			square += float64(x) * float64(x)
		}
		n := float64(len(data))
		if top > bound || top < 0.9*bound || math.Abs(sum/n) > 4*bound/math.Sqrt(3*n) || math.Abs(square/n/(bound*bound/3)-1) > 4/math.Sqrt(n) {
			t.Errorf("%v: largest %v, mean %v, mean square %v", v.Spec(), top, sum/n, square/n)
		}
	}
	again := nn.NewLinear(400, 300, random.New(1))
	if !again.Weight.Tensor().Equal(l.Weight.Tensor()) {
		t.Error("the same stream gives other weights")
	}
}

func TestConv2DGroups(t *testing.T) {
	c := nn.NewConv2D(6, 9, 3, op.Conv2DConfig{Groups: 3, Padding: 1}, random.New(2))
	if got, want := c.Weight.Shape(), []int{9, 2, 3, 3}; !slices.Equal(got, want) {
		t.Errorf("weights %v, want %v", got, want)
	}
	y := c.Forward(autograd.Const(tensor.New(tensor.Float32, 2, 6, 5, 4)))
	if got, want := y.Shape(), []int{2, 9, 5, 4}; !slices.Equal(got, want) {
		t.Errorf("output %v, want %v", got, want)
	}
}

func TestDropout(t *testing.T) {
	ones := autograd.Const(tensor.Full(tensor.Float32, 1, 100, 100))
	run := func(d *nn.Dropout) []float32 { return tensor.Data[float32](d.Forward(ones).Tensor()) }
	d := nn.NewDropout(0.3, random.New(5))
	first, second := run(d), run(d)
	kept := 0
	for _, v := range first {
		switch v {
		case 0:
		case float32(1 / (1 - 0.3)):
			kept++
		default:
			t.Fatalf("an element became %v", v)
		}
	}
	if math.Abs(float64(kept)-7000) > 4*math.Sqrt(10000*0.3*0.7) {
		t.Errorf("%d of 10000 elements kept, want 7000 or so", kept)
	}
	if slices.Equal(first, second) {
		t.Error("two calls drop the same elements")
	}
	if !slices.Equal(first, run(nn.NewDropout(0.3, random.New(5)))) {
		t.Error("the same seed drops other elements")
	}

	twin := nn.NewDropout(0.3, random.New(5))
	p := program.Record(nn.Values(nn.Variables(twin)), []tensor.Spec{ones.Spec()}, func(in []*autograd.Value) []*autograd.Value {
		return []*autograd.Value{twin.Forward(in[0])}
	})
	for i, want := range [][]float32{first, second} {
		if got := tensor.Data[float32](p.Run(ones.Tensor())[0]); !slices.Equal(got, want) {
			t.Errorf("run %d of a recorded program drops other elements", i)
		}
	}

	nn.SetTraining(nn.Sequential{d}, false)
	if d.Forward(ones) != ones {
		t.Error("it drops outside of training")
	}
	nn.SetTraining(nn.Sequential{d}, true)
	if d.Forward(ones) == ones {
		t.Error("it does not drop in training")
	}
}

func TestSequential(t *testing.T) {
	average := nn.AvgPool2D{Config: op.Pool2DConfig{Kernel: 1}}
	double := nn.Func(func(x *autograd.Value) *autograd.Value { return op.Scale(x, 2) })
	pool := nn.MaxPool2D{Config: op.Pool2DConfig{Kernel: 2}}
	x := autograd.Const(tensor.FromSlice([]float64{1, 2, 3, -4}, 1, 1, 2, 2))
	y := nn.Sequential{double, average, pool, nn.Func(op.Flatten)}.Forward(x)
	if got := y.Tensor(); got.Rank() != 2 || got.Item() != 6 {
		t.Errorf("got %v", got)
	}
}
