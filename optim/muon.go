package optim

import (
	"cmp"
	"fmt"
	"math"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/nn"
	"github.com/mlodyssey/odyssey/op"
)

// MuonConfig sets Muon. Zero values of Momentum and Iterations mean 0.95 and 5.
type MuonConfig struct {
	LR          float64 // 0.02 is usual
	Momentum    float64
	Plain       bool // no look ahead, which Nesterov's momentum is
	Iterations  int  // of Newton and Schulz
	WeightDecay float64

	// Match says which parameters to take as matrices; all others go to AdamW. Those
	// of embeddings and of the last layer are better left to AdamW. Nil means
	// IsMatrix.
	Match func(nn.Named) bool

	// AdamW sets the optimiser of all others. Its learning rate is 0.015·LR if it
	// is 0 here, and its weight decay that of Muon.
	AdamW AdamConfig
}

// Muon makes every step orthogonal, of Jordan et al., "Muon: An optimizer for
// hidden layers in neural networks", 2024:
//
//	m = momentum·m + g;  x = (g + momentum·m)/‖g + momentum·m‖
//	x = 3.4445·x + (-4.7750·x·xᵀ + 2.0315·(x·xᵀ)²)·x, five times
//	w = w - lr·√max(1, rows/columns)·x - lr·decay·w
//
// A parameter of more than two axes, such as the weights of a convolution, is a
// matrix with the first axis as its rows.
type Muon struct {
	base
	cfg      MuonConfig
	velocity buffers
}

// NewMuon returns an optimiser of the parameters: of the matrices among them a
// Muon, of all others an Adam.
func NewMuon(params []nn.Named, cfg MuonConfig) (Optimizer, error) {
	if cfg.Match == nil {
		cfg.Match = IsMatrix
	}
	cfg.AdamW.LR = cmp.Or(cfg.AdamW.LR, 0.015*cfg.LR)
	cfg.AdamW.WeightDecay = cfg.WeightDecay
	matrices, others := Split(params, cfg.Match)
	var groups []Optimizer
	if len(matrices) > 0 || len(params) == 0 {
		muon, err := newMuon(matrices, cfg)
		if err != nil {
			return nil, err
		}
		groups = append(groups, muon)
	}
	if len(others) > 0 {
		adam, err := NewAdamW(others, cfg.AdamW)
		if err != nil {
			return nil, fmt.Errorf("adamw: %w", err)
		}
		groups = append(groups, adam)
	}
	return Join(groups...)
}

func newMuon(params []nn.Named, cfg MuonConfig) (*Muon, error) {
	cfg.Momentum, cfg.Iterations = cmp.Or(cfg.Momentum, 0.95), cmp.Or(cfg.Iterations, 5)
	b, err := newBase(params, cfg.LR,
		fraction("momentum", cfg.Momentum),
		notNegative("iterations", float64(cfg.Iterations)),
		notNegative("weight decay", cfg.WeightDecay),
		wantMatrices(params))
	if err != nil {
		return nil, err
	}
	o := &Muon{base: b, cfg: cfg}
	o.velocity = o.velocities(cfg.Momentum)
	return o, nil
}

func wantMatrices(params []nn.Named) error {
	for _, p := range params {
		if !IsMatrix(p) {
			return fmt.Errorf("%s is %v: muon wants parameters of two axes or more", p.Name, p.Value.Spec())
		}
	}
	return nil
}

// Step assigns new values to the parameters.
func (o *Muon) Step(grads []*autograd.Value) {
	momentum := o.rates.Momentum
	kept := oneMinus(op.Scale(o.rates.LR, o.cfg.WeightDecay))
	o.each(grads, func(p param) *autograd.Value {
		m := p.push(o.velocity, p.g, momentum)
		if !o.cfg.Plain {
			m = op.Add(p.g, p.scale(m, momentum))
		}
		shape := m.Shape()
		x := op.Reshape(m, shape[0], -1)
		rows, columns := float64(x.Shape()[0]), float64(x.Shape()[1])
		x = op.Scale(orthogonal(x, o.cfg.Iterations), math.Sqrt(max(1, rows/columns)))
		return p.minus(p.scale(p.w, kept), op.Reshape(x, shape...), o.rates.LR)
	})
}

// orthogonal brings the singular values of a matrix near 1, by iterations of
// Newton and Schulz with the paper's coefficients.
func orthogonal(x *autograd.Value, iterations int) *autograd.Value {
	shape := x.Shape()
	tall := shape[0] > shape[1]
	if tall { // x·xᵀ is then the smaller product
		x = op.Permute(x, 1, 0)
	}
	x = op.Div(x, op.Cast(op.Add(norm(x), constant(1e-7)), x.DType()))
	for range iterations {
		a := op.MatMul(x, op.Permute(x, 1, 0))
		b := op.Add(op.Scale(a, -4.7750), op.Scale(op.MatMul(a, a), 2.0315))
		x = op.Add(op.Scale(x, 3.4445), op.MatMul(b, x))
	}
	if tall {
		x = op.Permute(x, 1, 0)
	}
	return x
}
