package op

import (
	"errors"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/tensor"
)

type nextKey struct{ autograd.Constant }

// NextKey returns an int64[2] key of a seed and a counter with the counter one
// higher: the key of a layer's next random draw.
func NextKey(key *autograd.Value) *autograd.Value { return autograd.Apply1(nextKey{}, key) }

func (nextKey) Name() string { return "next_key" }

func (nextKey) Infer(in []tensor.Spec) ([]tensor.Spec, error) {
	if err := wantInputs(in, 1); err != nil {
		return nil, err
	}
	if in[0].DType != tensor.Int64 || in[0].Rank() != 1 || in[0].Shape[0] != 2 {
		return nil, errors.New("want an int64[2] key")
	}
	return in, nil
}

func (nextKey) Forward(in, out []*tensor.Tensor) {
	key, next := tensor.Data[int64](in[0]), tensor.Data[int64](out[0])
	next[0], next[1] = key[0], key[1]+1
}

var _ = register(Entry{
	Name: "next_key", Kind: Random, Formula: "a key with its counter one higher", Call: "NextKey(key)", Shapes: "[2] → [2]",
	OneShape: "a key has two elements",
	Whole:    "two integers",
	Reference: PerElement(func(_ nextKey, in []Array, index []int) float64 {
		return in[0].At(index...) + float64(index[0])
	}),
	Cases: []Case{{nextKey{}, []Arg{Index(1000, 2)}}},
})
