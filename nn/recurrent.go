package nn

import (
	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/random"
)

// RecurrentConfig says how a recurrent network is built.
type RecurrentConfig struct {
	Layers        int     // 0 means 1
	Bidirectional bool    // each layer has two directions, whose outputs lie side by side
	BatchFirst    bool    // sequences are [b t in] in place of [t b in]
	ReLU          bool    // in place of tanh, for RNN alone
	Dropout       float64 // of what a layer gives the next, in training
}

// Recurrent has the parameters of a recurrent network. The names of PyTorch's are,
// for layer l, weight_ih_l…, and those of the second direction end in _reverse.
type Recurrent struct {
	Layers []*RecurrentLayer // by layer, and then by direction
	Drop   *Dropout          // nil where nothing is dropped
	Config RecurrentConfig
}

// RecurrentLayer has those of one direction of one layer.
type RecurrentLayer struct {
	WeightIH *autograd.Value // [gates·hidden in]
	WeightHH *autograd.Value // [gates·hidden hidden]
	BiasIH   *autograd.Value // [gates·hidden], or nil
	BiasHH   *autograd.Value // [gates·hidden], or nil
}

// newRecurrent draws all parameters from ±1/√hidden, PyTorch's default.
func newRecurrent(gates, in, hidden int, cfg RecurrentConfig, r *random.Stream, opts []Option) Recurrent {
	o := newOptions(withinFan(hidden), withinFan(hidden), opts)
	net := Recurrent{Config: cfg}
	directions := 1
	if cfg.Bidirectional {
		directions = 2
	}
	for l := range max(1, cfg.Layers) {
		if l > 0 {
			in = directions * hidden
		}
		for range directions {
			net.Layers = append(net.Layers, &RecurrentLayer{
				WeightIH: o.draw(o.weight, r, gates*hidden, in),
				WeightHH: o.draw(o.weight, r, gates*hidden, hidden),
				BiasIH:   o.draw(o.bias, r, gates*hidden),
				BiasHH:   o.draw(o.bias, r, gates*hidden),
			})
		}
	}
	if cfg.Dropout != 0 {
		net.Drop = NewDropout(cfg.Dropout, r)
	}
	return net
}

// parts returns what op's functions take.
func (n *Recurrent) parts() ([]op.RecurrentWeights, op.RecurrentConfig) {
	var weights []op.RecurrentWeights
	for _, l := range n.Layers {
		weights = append(weights, op.RecurrentWeights{Input: l.WeightIH, Hidden: l.WeightHH, InputBias: l.BiasIH, HiddenBias: l.BiasHH})
	}
	cfg := op.RecurrentConfig{Bidirectional: n.Config.Bidirectional, BatchFirst: n.Config.BatchFirst, ReLU: n.Config.ReLU}
	if n.Drop != nil {
		cfg.Between = n.Drop.Forward
	}
	return weights, cfg
}

// RNN is a recurrent network of Elman's kind: see op.RNN.
type RNN struct{ Recurrent }

// NewRNN returns a network whose parameters are drawn from ±1/√hidden.
func NewRNN(in, hidden int, cfg RecurrentConfig, r *random.Stream, opts ...Option) *RNN {
	return &RNN{newRecurrent(1, in, hidden, cfg, r, opts)}
}

// Forward maps a sequence to the states of the last layer, from states of 0.
func (n *RNN) Forward(x *autograd.Value) *autograd.Value {
	y, _ := n.Run(x, nil)
	return y
}

// Run goes on from states h0 [layers b hidden], or nil for 0, and returns the last ones
// too.
func (n *RNN) Run(x, h0 *autograd.Value) (y, h *autograd.Value) {
	weights, cfg := n.parts()
	return op.RNN(x, h0, weights, cfg)
}

// GRU is a recurrent network of gated units: see op.GRU.
type GRU struct{ Recurrent }

// NewGRU returns a network whose parameters are drawn from ±1/√hidden.
func NewGRU(in, hidden int, cfg RecurrentConfig, r *random.Stream, opts ...Option) *GRU {
	return &GRU{newRecurrent(3, in, hidden, cfg, r, opts)}
}

// Forward maps a sequence to the states of the last layer, from states of 0.
func (n *GRU) Forward(x *autograd.Value) *autograd.Value {
	y, _ := n.Run(x, nil)
	return y
}

// Run goes on from states h0 [layers b hidden], or nil for 0, and returns the last ones
// too.
func (n *GRU) Run(x, h0 *autograd.Value) (y, h *autograd.Value) {
	weights, cfg := n.parts()
	return op.GRU(x, h0, weights, cfg)
}

// LSTM is a recurrent network with memory cells: see op.LSTM.
type LSTM struct{ Recurrent }

// NewLSTM returns a network whose parameters are drawn from ±1/√hidden.
func NewLSTM(in, hidden int, cfg RecurrentConfig, r *random.Stream, opts ...Option) *LSTM {
	return &LSTM{newRecurrent(4, in, hidden, cfg, r, opts)}
}

// Forward maps a sequence to the states of the last layer, from states of 0.
func (n *LSTM) Forward(x *autograd.Value) *autograd.Value {
	y, _, _ := n.Run(x, nil, nil)
	return y
}

// Run goes on from states h0 and c0 [layers b hidden], or nil for 0, and returns the
// last ones too.
func (n *LSTM) Run(x, h0, c0 *autograd.Value) (y, h, c *autograd.Value) {
	weights, cfg := n.parts()
	return op.LSTM(x, h0, c0, weights, cfg)
}
