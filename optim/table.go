package optim

import (
	"fmt"

	"github.com/mlodyssey/odyssey/nn"
)

// Row is an optimiser that has a name, or a schedule.
type Row struct {
	Name     string
	Formula  string
	Paper    string  // where it comes from; "" for what everybody knows
	LR       float64 // of an optimiser: a learning rate that mostly works
	Momentum float64 // of an optimiser: a momentum that mostly works, besides that of its zero settings
	Settings []string
}

// optimizer is a row with its constructor.
type optimizer struct {
	Row
	make func(params []nn.Named, s Settings) (Optimizer, error)
}

// row adds the settings and the constructor to a row.
func row[C any, O Optimizer](make func([]nn.Named, C) (O, error), r Row) optimizer {
	r.Settings = settingsOf(new(C))
	return optimizer{r, func(params []nn.Named, s Settings) (Optimizer, error) {
		var cfg C
		if err := s.fill(&cfg); err != nil {
			return nil, err
		}
		o, err := make(params, cfg)
		if err != nil {
			return nil, err // and no Optimizer that holds nil
		}
		return o, nil
	}}
}

var optimizers = []optimizer{
	row(NewSGD, Row{Name: "sgd", LR: 0.01, Momentum: 0.9,
		Formula: "m = momentum·m + g; w −= lr·m",
		Paper:   "Nesterov's momentum: Sutskever et al., “On the importance of initialization and momentum in deep learning”, 2013"}),
	row(NewAdam, Row{Name: "adam", LR: 0.001,
		Formula: "m = β1·m + (1−β1)·g; v = β2·v + (1−β2)·g²; w −= lr·m̂/(√v̂ + ε), where m̂ = m/(1−β1ᵗ) and v̂ = v/(1−β2ᵗ)",
		Paper:   "Kingma and Ba, “Adam: A Method for Stochastic Optimization”, 2014; AMSGrad: Reddi et al., 2018"}),
	row(NewAdamW, Row{Name: "adamw", LR: 0.001,
		Formula: "as adam, after w −= lr·decay·w",
		Paper:   "Loshchilov and Hutter, “Decoupled Weight Decay Regularization”, 2017"}),
	row(NewAdamax, Row{Name: "adamax", LR: 0.002,
		Formula: "u = max(β2·u, |g| + ε); w −= lr·m̂/u",
		Paper:   "Kingma and Ba, 2014"}),
	row(NewNAdam, Row{Name: "nadam", LR: 0.002,
		Formula: "w −= lr·((1−μ(t))/(1−Πμ)·g + μ(t+1)/(1−Πμ·μ(t+1))·m)/(√v̂ + ε), where μ(t) = β1·(1 − 0.96^(t·ψ)/2)",
		Paper:   "Dozat, “Incorporating Nesterov Momentum into Adam”, 2016"}),
	row(NewRAdam, Row{Name: "radam", LR: 0.001,
		Formula: "w −= lr·m̂·(ρ > 5 ? r·√(1−β2ᵗ)/(√v + ε) : 1)",
		Paper:   "Liu et al., “On the Variance of the Adaptive Learning Rate and Beyond”, 2019"}),
	row(NewRMSprop, Row{Name: "rmsprop", LR: 0.001,
		Formula: "v = α·v + (1−α)·g²; w −= lr·g/(√v + ε)",
		Paper:   "Hinton, lecture 6e of “Neural Networks for Machine Learning”, 2012; centred: Graves, 2013"}),
	row(NewAdagrad, Row{Name: "adagrad", LR: 0.01,
		Formula: "s += g²; w −= lr/(1 + (t−1)·decay)·g/(√s + ε)",
		Paper:   "Duchi et al., “Adaptive Subgradient Methods for Online Learning and Stochastic Optimization”, 2011"}),
	row(NewAdadelta, Row{Name: "adadelta", LR: 1,
		Formula: "d = √(u+ε)/√(v+ε)·g; u = ρ·u + (1−ρ)·d²; w −= lr·d, with v as rmsprop's",
		Paper:   "Zeiler, “ADADELTA: An Adaptive Learning Rate Method”, 2012"}),
	row(NewLARS, Row{Name: "lars", LR: 5, Momentum: 0.9,
		Formula: "m = momentum·m + lr·η·‖w‖/(‖g‖ + β·‖w‖)·(g + β·w); w −= m",
		Paper:   "You et al., “Large Batch Training of Convolutional Networks”, 2017"}),
	row(NewLAMB, Row{Name: "lamb", LR: 0.005,
		Formula: "u = m̂/(√v̂ + ε) + λ·w; w −= lr·‖w‖/‖u‖·u",
		Paper:   "You et al., “Large Batch Optimization for Deep Learning: Training BERT in 76 minutes”, 2019"}),
	row(NewLion, Row{Name: "lion", LR: 0.0003,
		Formula: "w −= lr·(sign(β1·m + (1−β1)·g) + decay·w); m = β2·m + (1−β2)·g",
		Paper:   "Chen et al., “Symbolic Discovery of Optimization Algorithms”, 2023"}),
	row(NewMuon, Row{Name: "muon", LR: 0.02,
		Formula: "w −= lr·√max(1, rows/columns)·O, where O is g + momentum·m made orthogonal; adamw with 0.015·lr for biases and the like",
		Paper:   "Jordan et al., “Muon: An optimizer for hidden layers in neural networks”, 2024"}),
	row(NewScheduleFree, Row{Name: "schedule-free", LR: 0.0025,
		Formula: "z −= γ·(g/(√v + ε) + decay·y); x = (1−c)·x + c·z; y = (1−β1)·z + β1·x; trains y and evaluates x",
		Paper:   "Defazio et al., “The Road Less Scheduled”, 2024"}),
}

// Optimizers returns all optimisers that New makes.
func Optimizers() (rows []Row) {
	for _, o := range optimizers {
		rows = append(rows, o.Row)
	}
	return rows
}

// New makes an optimiser of parameters by its name.
func New(params []nn.Named, name string, s Settings) (Optimizer, error) {
	for _, o := range optimizers {
		if o.Name == name {
			made, err := o.make(params, s)
			if err != nil {
				return nil, fmt.Errorf("optimizer %s: %w", name, err)
			}
			return made, nil
		}
	}
	return nil, fmt.Errorf("unknown optimizer %q: want %s", name, oneOf(names(Optimizers())))
}

func names(rows []Row) (names []string) {
	for _, r := range rows {
		names = append(names, r.Name)
	}
	return names
}

// plan is a row of a schedule with its constructor.
type plan struct {
	Row
	make func(s Settings) (Plan, error)
}

// planned is a row of a schedule whose settings begin as first.
func planned[C any](make func(C) (Plan, error), first C, r Row) plan {
	r.Settings = settingsOf(&first)
	return plan{r, func(s Settings) (Plan, error) {
		cfg := first
		if err := s.fill(&cfg); err != nil {
			return Plan{}, err
		}
		return make(cfg)
	}}
}

// scheduled is such a row, of learning rates alone.
func scheduled[C any](make func(C) (Schedule, error), first C, r Row) plan {
	return planned(func(cfg C) (Plan, error) {
		lr, err := make(cfg)
		return Plan{LR: lr}, err
	}, first, r)
}

var schedules = []plan{
	scheduled(func(struct{}) (Schedule, error) { return Constant, nil }, struct{}{}, Row{Name: "constant", Formula: "1"}),
	scheduled(NewLinear, LinearConfig{From: 1}, Row{Name: "linear", Formula: "from + (to − from)·t/T, from 1 to 0"}),
	scheduled(NewStep, StepConfig{}, Row{Name: "step", Formula: "gamma^⌊t/every⌋, 0.1 after each third"}),
	scheduled(NewMultiStep, MultiStepConfig{}, Row{Name: "multi-step", Formula: "gamma^(milestones reached), 0.1 at 0.5 and 0.75"}),
	scheduled(NewExponential, ExponentialConfig{}, Row{Name: "exponential", Formula: "gamma^(t/every), to 0.01 over the run"}),
	scheduled(NewPolynomial, PolynomialConfig{}, Row{Name: "polynomial", Formula: "to + (1 − to)·(1 − t/T)^power, of power 2"}),
	scheduled(NewCosine, CosineConfig{}, Row{Name: "cosine",
		Formula: "to + (1 − to)·(1 + cos(π·t/T))/2, T the run or, with restarts, a period",
		Paper:   "Loshchilov and Hutter, “SGDR: Stochastic Gradient Descent with Warm Restarts”, 2017"}),
	planned(func(c OneCycleConfig) (Plan, error) {
		lr, momentum, err := NewOneCycle(c)
		return Plan{LR: lr, Momentum: momentum}, err
	}, OneCycleConfig{}, Row{Name: "one-cycle",
		Formula: "from start up to 1 and down to end, along halves of cosines; the momentum against it",
		Paper:   "Smith and Topin, “Super-Convergence: Very Fast Training of Neural Networks Using Large Learning Rates”, 2018"}),
	planned(func(c PlateauConfig) (Plan, error) {
		p, err := NewPlateau(c)
		return Plan{Plateau: p}, err
	}, PlateauConfig{Patience: 2}, Row{Name: "plateau", Formula: "times gamma when the loss has not fallen, or with larger=true the accuracy not risen, for more than 2 epochs"}),
}

// Schedules returns all schedules that NewPlan makes.
func Schedules() (rows []Row) {
	for _, s := range schedules {
		rows = append(rows, s.Row)
	}
	return rows
}

// NewPlan makes a plan of a schedule by its name.
func NewPlan(name string, s Settings) (Plan, error) {
	for _, p := range schedules {
		if p.Name == name {
			made, err := p.make(s)
			if err != nil {
				return Plan{}, fmt.Errorf("schedule %s: %w", name, err)
			}
			return made, nil
		}
	}
	return Plan{}, fmt.Errorf("unknown schedule %q: want %s", name, oneOf(names(Schedules())))
}
