package model

import (
	"cmp"
	"math"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/nn"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/tensor"
)

// GPT is the network of Radford et al., "Language Models are Unsupervised Multitask
// Learners", 2019, GPT-2, in the shape of Karpathy's nanoGPT: the scores of the next
// token come from the table that tokens go in by.
type GPT struct {
	Wte     *nn.Embedding           // of tokens
	Wpe     *nn.PositionalEmbedding // of places
	Dropout *nn.Dropout
	Blocks  nn.List[*transformerBlock]
	Norm    *nn.LayerNorm
}

// GPTConfig is the configuration of a GPT: by default the smallest GPT-2.
type GPTConfig struct {
	Vocabulary int     // tokens there are; 0 means 50257
	Context    int     // the longest sequence; 0 means 1024
	Layers     int     // 0 means 12
	Heads      int     // 0 means 12
	Width      int     // of a token; 0 means 768
	Dropout    float64 // of what goes in, of the weights of attention, and of what blocks add
}

// NewGPT returns a network with parameters drawn from a seed as nanoGPT does:
// 124,439,808 unless the configuration says otherwise.
func NewGPT(cfg GPTConfig, seed uint64) *GPT { return newGPT(cfg, &maker{seed: seed}) }

func newGPT(cfg GPTConfig, m *maker) *GPT {
	width, layers, heads := cmp.Or(cfg.Width, 768), cmp.Or(cfg.Layers, 12), cmp.Or(cfg.Heads, 12)
	if width%heads != 0 {
		tensor.Fail("model.NewGPT", nil, "want a width that %d heads divide, not %d", heads, width)
	}
	normal := nn.Normal(0, 0.02)
	drawn := m.options([]nn.Option{nn.InitWeight(normal)})
	g := &GPT{
		Wte:     nn.NewEmbedding(cmp.Or(cfg.Vocabulary, 50257), width, m.stream(), drawn...),
		Wpe:     nn.NewPositionalEmbedding(cmp.Or(cfg.Context, 1024), width, m.stream(), drawn...),
		Dropout: m.dropout(cfg.Dropout),
	}
	for range layers {
		g.Blocks = append(g.Blocks, newTransformerBlock(transformerConfig{
			width: width, heads: heads, causal: true, dropout: cfg.Dropout, eps: 1e-5,
			weight: normal, out: nn.Normal(0, 0.02/math.Sqrt(float64(2*layers))),
		}, m))
	}
	g.Norm = m.layerNorm(width, 1e-5)
	return g
}

// Forward maps int64 tokens [n t] to scores of the next token at each place,
// [n t vocabulary].
func (m *GPT) Forward(tokens *autograd.Value) *autograd.Value {
	x := m.Dropout.Forward(m.Wpe.Forward(m.Wte.Forward(tokens)))
	for _, b := range m.Blocks {
		x = b.Forward(x)
	}
	return op.Linear(m.Norm.Forward(x), m.Wte.Weight, nil)
}

// NextTokenLoss returns the mean cross-entropy of scores [n t vocabulary], of the token
// that follows at each place, for the tokens that do, [n t].
func NextTokenLoss(scores, next *autograd.Value) *autograd.Value {
	vocabulary := scores.Shape()[len(scores.Shape())-1]
	return op.Mean(op.CrossEntropy(op.Reshape(scores, -1, vocabulary), op.Reshape(next, -1)))
}
