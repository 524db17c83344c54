package op_test

import (
	"testing"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/tensor"
)

func TestMistakesOfAttention(t *testing.T) {
	ints := autograd.Const(tensor.New(tensor.Int64, 2))
	attend := func(q, k, v *autograd.Value, cfg op.AttentionConfig) func() {
		return func() { op.Attention(q, k, v, cfg) }
	}
	x := zeros(2, 3, 4, 1)
	wantMistakes(t, map[string]func(){
		"attention of float32[1 2 3 4], float32[1 3 5 4], float32[1 3 5 2]: want heads of queries, 2, that are a multiple of those of keys, 3": attend(zeros(1, 2, 3, 4), zeros(1, 3, 5, 4), zeros(1, 3, 5, 2), op.AttentionConfig{}),
		"attention of float32[1 2 3 4], float32[1 2 5 3], float32[1 2 5 2]: want keys of batch 1 and size 4":                                   attend(zeros(1, 2, 3, 4), zeros(1, 2, 5, 3), zeros(1, 2, 5, 2), op.AttentionConfig{}),
		"attention of float32[1 2 3 4], float32[1 2 5 4], float32[1 2 4 2]: want a value for each key":                                         attend(zeros(1, 2, 3, 4), zeros(1, 2, 5, 4), zeros(1, 2, 4, 2), op.AttentionConfig{}),
		"attention of float32[2 3], float32[2 3], float32[2 3]: want 4 axes [batch heads length size], not 2":                                  attend(zeros(2, 3), zeros(2, 3), zeros(2, 3), op.AttentionConfig{}),
		"float32[2 3 4 1], float32[5]: want a mask that broadcasts to [2 3 4 4]":                                                               attend(x, x, x, op.AttentionConfig{Mask: zeros(5)}),
		"int64[2]: want a mask of bool or float32":                                                                                             attend(zeros(2, 3, 2, 1), zeros(2, 3, 2, 1), zeros(2, 3, 2, 1), op.AttentionConfig{Mask: ints}),
		"float32[1]: want an int64[2] key":                     attend(x, x, x, op.AttentionConfig{Dropout: 0.5, Key: zeros(1)}),
		"want a probability of at least 0 and below 1, not -1": attend(x, x, x, op.AttentionConfig{Dropout: -1, Key: ints}),
	})
}

func TestMistakesOfRotary(t *testing.T) {
	wantMistakes(t, map[string]func(){
		"rotary of float32[4]: want axes [… t d]":                          func() { op.Rotary(zeros(4), op.RotaryConfig{}) },
		"rotary of float32[3 4]: want axes [… t h d]":                      func() { op.Rotary(zeros(3, 4), op.RotaryConfig{Rows: true}) },
		"rotary of float32[3 5]: want an even number of elements in a row": func() { op.Rotary(zeros(3, 5), op.RotaryConfig{}) },
		"rotary of float32[3 4]: want a base above 0, not -1":              func() { op.Rotary(zeros(3, 4), op.RotaryConfig{Base: -1}) },
	})
}

func TestMistakesOfRecurrentNetworks(t *testing.T) {
	w := op.RecurrentWeights{Input: zeros(8, 3), Hidden: zeros(8, 2)}
	run := func(x, h *autograd.Value, cfg op.RecurrentConfig, w ...op.RecurrentWeights) func() {
		return func() { op.LSTM(x, h, nil, w, cfg) }
	}
	wantMistakes(t, map[string]func(){
		"lstm of float32[5 3]: want a sequence [t b in]":                            run(zeros(5, 3), nil, op.RecurrentConfig{}, w),
		"lstm of float32[5 3]: want a sequence [b t in]":                            run(zeros(5, 3), nil, op.RecurrentConfig{BatchFirst: true}, w),
		"lstm of float32[5 1 3]: want weights for each layer and direction, not 1":  run(zeros(5, 1, 3), nil, op.RecurrentConfig{Bidirectional: true}, w),
		"lstm of float32[5 1 3]: want weights for each layer and direction, not 0":  run(zeros(5, 1, 3), nil, op.RecurrentConfig{}),
		"lstm of float32[5 1 3], float32[1 1 3]: want states float32[1 1 2]":        run(zeros(5, 1, 3), zeros(1, 1, 3), op.RecurrentConfig{}, w),
		"lstm of float32[5 1 4]: want an input [n 3] for these weights":             run(zeros(5, 1, 4), nil, op.RecurrentConfig{}, w),
		"lstm of float32[5 1 3]: want 4 equal parts of the 9 elements along axis 1": run(zeros(5, 1, 3), nil, op.RecurrentConfig{}, op.RecurrentWeights{Input: zeros(9, 3), Hidden: zeros(9, 2)}),
		"lstm of float32[5 1 3]: sizes 8 and 12 at axis -1":                         run(zeros(5, 1, 3), nil, op.RecurrentConfig{}, op.RecurrentWeights{Input: zeros(8, 3), Hidden: zeros(12, 2)}),
	})
}
