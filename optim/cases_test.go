package optim

import (
	"testing"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/nn"
	"github.com/mlodyssey/odyssey/tensor"
)

// steps is how many are compared.
const steps = 50

// shapes of the parameters on which optimisers are judged.
var shapes = [][]int{{3, 5}, {7}, {5, 3, 1, 2}, {}, {1, 4}}

// firstValue and gradientOf are those of testdata/pytorch/main.py.
func firstValue(parameter, i int) float64 { return float64((i*37+parameter*101+11)%41-20) / 20 }

func gradientOf(step, parameter, i int) float64 {
	return float64((i*7919+step*4801+parameter*1299)%2003-1001)/500 + firstValue(parameter, i)/8
}

func filledWith(d tensor.DType, shape []int, f func(i int) float64) *tensor.Tensor {
	t := tensor.New(tensor.Float64, shape...)
	for i := range tensor.Data[float64](t) {
		tensor.Data[float64](t)[i] = f(i)
	}
	return t.Convert(d)
}

// newParams returns parameters with their first values.
func newParams(d tensor.DType) (params []nn.Named) {
	for p, shape := range shapes {
		name := string(rune('a' + p))
		t := filledWith(d, shape, func(i int) float64 { return firstValue(p, i) })
		params = append(params, nn.Named{Name: name, Value: autograd.Variable(name, t)})
	}
	return params
}

// gradients returns those of a step.
func gradients(d tensor.DType, step int) (grads []*tensor.Tensor) {
	for p, shape := range shapes {
		grads = append(grads, filledWith(d, shape, func(i int) float64 { return gradientOf(step, p, i) }))
	}
	return grads
}

func constants(tensors []*tensor.Tensor) (values []*autograd.Value) {
	for _, t := range tensors {
		values = append(values, autograd.Const(t))
	}
	return values
}

// maker makes an optimiser of parameters.
type maker func(params []nn.Named) (Optimizer, error)

// with is a maker of an optimiser with settings.
func with[C any, O Optimizer](make func([]nn.Named, C) (O, error), c C) maker {
	return func(params []nn.Named) (Optimizer, error) {
		o, err := make(params, c)
		if err != nil {
			return nil, err
		}
		return o, nil
	}
}

// groups makes an SGD of matrices and an Adam of all else.
func groups(params []nn.Named) (Optimizer, error) {
	matrices, rest := Split(params, IsMatrix)
	a, err := with(NewSGD, SGDConfig{LR: 0.02, Momentum: 0.9, WeightDecay: 0.1})(matrices)
	if err != nil {
		return nil, err
	}
	b, err := with(NewAdamW, AdamConfig{LR: 0.05})(rest)
	if err != nil {
		return nil, err
	}
	return Join(a, b)
}

// cases are the settings on which optimisers are judged: against a reference in
// plain Go, and against PyTorch where it has them. NAdam is PyTorch's of many
// tensors at once: in 1.13 the other one has a factor of μ too many.
var cases = []struct {
	name      string
	make      maker
	reference reference
	torch     string
}{
	{"sgd", with(NewSGD, SGDConfig{LR: 0.05}), sgd(0.05, 0, 0, false), `torch.optim.SGD(params, lr=0.05)`},
	{"sgd with momentum", with(NewSGD, SGDConfig{LR: 0.01, Momentum: 0.9, WeightDecay: 0.1}), sgd(0.01, 0.9, 0.1, false), `torch.optim.SGD(params, lr=0.01, momentum=0.9, weight_decay=0.1)`},
	{"nesterov", with(NewSGD, SGDConfig{LR: 0.01, Momentum: 0.8, Nesterov: true, WeightDecay: 0.1}), sgd(0.01, 0.8, 0.1, true), `torch.optim.SGD(params, lr=0.01, momentum=0.8, nesterov=True, weight_decay=0.1)`},
	{"adam", with(NewAdam, AdamConfig{LR: 0.01}), adam(0.01, 0.9, 0.999, 1e-8, 0, 0, false), `torch.optim.Adam(params, lr=0.01)`},
	{"adam with decay", with(NewAdam, AdamConfig{LR: 0.1, Beta1: 0.8, Beta2: 0.99, Epsilon: 1e-3, WeightDecay: 0.1}), adam(0.1, 0.8, 0.99, 1e-3, 0.1, 0, false), `torch.optim.Adam(params, lr=0.1, betas=(0.8, 0.99), eps=1e-3, weight_decay=0.1)`},
	{"amsgrad", with(NewAdam, AdamConfig{LR: 0.02, Beta2: 0.9, AMSGrad: true}), adam(0.02, 0.9, 0.9, 1e-8, 0, 0, true), `torch.optim.Adam(params, lr=0.02, betas=(0.9, 0.9), amsgrad=True)`},
	{"adamw", with(NewAdamW, AdamConfig{LR: 0.01, WeightDecay: 0.1}), adam(0.01, 0.9, 0.999, 1e-8, 0, 0.1, false), `torch.optim.AdamW(params, lr=0.01, weight_decay=0.1)`},
	{"adamw with amsgrad", with(NewAdamW, AdamConfig{LR: 0.05, Beta1: 0.7, Beta2: 0.8, WeightDecay: 0.2, AMSGrad: true}), adam(0.05, 0.7, 0.8, 1e-8, 0, 0.2, true), `torch.optim.AdamW(params, lr=0.05, betas=(0.7, 0.8), weight_decay=0.2, amsgrad=True)`},
	{"adamax", with(NewAdamax, AdamaxConfig{LR: 0.02}), adamax(0.02, 0.9, 0.999, 1e-8, 0), `torch.optim.Adamax(params, lr=0.02)`},
	{"adamax with decay", with(NewAdamax, AdamaxConfig{LR: 0.1, Beta1: 0.7, Beta2: 0.9, Epsilon: 1e-2, WeightDecay: 0.1}), adamax(0.1, 0.7, 0.9, 1e-2, 0.1), `torch.optim.Adamax(params, lr=0.1, betas=(0.7, 0.9), eps=1e-2, weight_decay=0.1)`},
	{"nadam", with(NewNAdam, NAdamConfig{LR: 0.02}), nadam(0.02, 0.9, 0.999, 1e-8, 0, 0.004), `torch.optim.NAdam(params, lr=0.02, foreach=True)`},
	{"nadam with decay", with(NewNAdam, NAdamConfig{LR: 0.1, Beta1: 0.8, Beta2: 0.9, Epsilon: 1e-3, WeightDecay: 0.1, MomentumDecay: 0.1}), nadam(0.1, 0.8, 0.9, 1e-3, 0.1, 0.1), `torch.optim.NAdam(params, lr=0.1, betas=(0.8, 0.9), eps=1e-3, weight_decay=0.1, momentum_decay=0.1, foreach=True)`},
	{"radam", with(NewRAdam, RAdamConfig{LR: 0.02}), radam(0.02, 0.9, 0.999, 1e-8, 0), `torch.optim.RAdam(params, lr=0.02)`},
	{"radam with decay", with(NewRAdam, RAdamConfig{LR: 0.05, Beta1: 0.8, Beta2: 0.9, Epsilon: 1e-3, WeightDecay: 0.1}), radam(0.05, 0.8, 0.9, 1e-3, 0.1), `torch.optim.RAdam(params, lr=0.05, betas=(0.8, 0.9), eps=1e-3, weight_decay=0.1)`},
	{"rmsprop", with(NewRMSprop, RMSpropConfig{LR: 0.01}), rmsprop(0.01, 0.99, 1e-8, 0, 0, false), `torch.optim.RMSprop(params, lr=0.01)`},
	{"rmsprop, centred", with(NewRMSprop, RMSpropConfig{LR: 0.01, Alpha: 0.9, Epsilon: 1e-3, Centred: true}), rmsprop(0.01, 0.9, 1e-3, 0, 0, true), `torch.optim.RMSprop(params, lr=0.01, alpha=0.9, eps=1e-3, centered=True)`},
	{"rmsprop with momentum", with(NewRMSprop, RMSpropConfig{LR: 0.005, Momentum: 0.8, WeightDecay: 0.1, Centred: true, Epsilon: 1e-2}), rmsprop(0.005, 0.99, 1e-2, 0.1, 0.8, true), `torch.optim.RMSprop(params, lr=0.005, eps=1e-2, momentum=0.8, weight_decay=0.1, centered=True)`},
	{"adagrad", with(NewAdagrad, AdagradConfig{LR: 0.1}), adagrad(0.1, 0, 0, 1e-10, 0), `torch.optim.Adagrad(params, lr=0.1)`},
	{"adagrad with decay", with(NewAdagrad, AdagradConfig{LR: 0.2, Decay: 0.1, Initial: 0.5, Epsilon: 1e-3, WeightDecay: 0.1}), adagrad(0.2, 0.1, 0.5, 1e-3, 0.1), `torch.optim.Adagrad(params, lr=0.2, lr_decay=0.1, initial_accumulator_value=0.5, eps=1e-3, weight_decay=0.1)`},
	{"adadelta", with(NewAdadelta, AdadeltaConfig{LR: 1}), adadelta(1, 0.9, 1e-6, 0), `torch.optim.Adadelta(params)`},
	{"adadelta with decay", with(NewAdadelta, AdadeltaConfig{LR: 0.5, Rho: 0.8, Epsilon: 1e-3, WeightDecay: 0.1}), adadelta(0.5, 0.8, 1e-3, 0.1), `torch.optim.Adadelta(params, lr=0.5, rho=0.8, eps=1e-3, weight_decay=0.1)`},
	{"lars", with(NewLARS, LARSConfig{LR: 0.5, Trust: 0.1}), lars(0.5, 0, 0.1, 0), ""},
	{"lars with momentum", with(NewLARS, LARSConfig{LR: 1, Momentum: 0.9, WeightDecay: 0.1}), lars(1, 0.9, 0.001, 0.1), ""},
	{"lamb", with(NewLAMB, LAMBConfig{LR: 0.01}), lamb(0.01, 0.9, 0.999, 1e-6, 0), ""},
	{"lamb with decay", with(NewLAMB, LAMBConfig{LR: 0.05, Beta1: 0.8, Beta2: 0.9, Epsilon: 1e-3, WeightDecay: 0.1}), lamb(0.05, 0.8, 0.9, 1e-3, 0.1), ""},
	{"lion", with(NewLion, LionConfig{LR: 0.01}), lion(0.01, 0.9, 0.99, 0), ""},
	{"lion with decay", with(NewLion, LionConfig{LR: 0.05, Beta1: 0.8, Beta2: 0.9, WeightDecay: 0.1}), lion(0.05, 0.8, 0.9, 0.1), ""},
	{"muon", with(NewMuon, MuonConfig{LR: 0.02}), muon(0.02, 0.95, 5, 0, true), ""},
	{"muon with decay", with(NewMuon, MuonConfig{LR: 0.1, Momentum: 0.8, Iterations: 3, WeightDecay: 0.1, Plain: true}), muon(0.1, 0.8, 3, 0.1, false), ""},
	{"schedule-free", with(NewScheduleFree, ScheduleFreeConfig{LR: 0.02}), scheduleFree(0.02, 0.9, 0.999, 1e-8, 0, 0), ""},
	{"schedule-free with warm-up", with(NewScheduleFree, ScheduleFreeConfig{LR: 0.1, Beta1: 0.8, Beta2: 0.9, Epsilon: 1e-3, WeightDecay: 0.1, Warmup: 10}), scheduleFree(0.1, 0.8, 0.9, 1e-3, 0.1, 10), ""},
	{"groups", groups, byRank(sgd(0.02, 0.9, 0.1, false), adam(0.05, 0.9, 0.999, 1e-8, 0, 0, false)), `(lambda a, b: type('Both', (), {'step': lambda self: (a.step(), b.step())})())(torch.optim.SGD([p for p in params if p.dim() >= 2], lr=0.02, momentum=0.9, weight_decay=0.1), torch.optim.AdamW([p for p in params if p.dim() < 2], lr=0.05, weight_decay=0))`},
}

func mustMake(t *testing.T, make maker, params []nn.Named) Optimizer {
	t.Helper()
	o, err := make(params)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// path returns the elements of all parameters after each step.
func path(t *testing.T, make maker, d tensor.DType) (path []float64) {
	t.Helper()
	params := newParams(d)
	o := mustMake(t, make, params)
	order := nn.Values(o.Parameters())
	for step := range steps {
		o.Step(inOrder(params, order, gradients(d, step)))
		path = append(path, elements(params)...)
	}
	return path
}

// inOrder returns gradients in the order in which an optimiser takes them, that
// of its own parameters.
func inOrder(params []nn.Named, order []*autograd.Value, grads []*tensor.Tensor) []*autograd.Value {
	sorted := make([]*autograd.Value, len(order))
	for i, v := range order {
		for j, p := range params {
			if p.Value == v {
				sorted[i] = autograd.Const(grads[j])
			}
		}
	}
	return sorted
}

func elements(params []nn.Named) (all []float64) {
	for _, p := range params {
		all = append(all, tensor.Data[float64](p.Value.Tensor().Convert(tensor.Float64))...)
	}
	return all
}
