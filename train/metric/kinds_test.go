package metric

import (
	"go/ast"
	"go/parser"
	"go/token"
	"math"
	"math/big"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// classes is how many classes the examples in these tests have, and bins how many bins.
const (
	classes = 4
	bins    = 5
)

// kind is a metric and what it ought to give, worked out from all examples at once, slowly and
// plainly.
type kind struct {
	make      func() Metric
	reference func(b Batch) float64
	tolerance float64 // relative; 0: the same bits
}

var kinds = []kind{
	{func() Metric { return NewLoss() }, meanLoss, 0},
	{func() Metric { return NewPerplexity() }, func(b Batch) float64 { return math.Exp(meanLoss(b)) }, 1e-13},
	{func() Metric { return NewAccuracy(1) }, shareInTop(1), 0},
	{func() Metric { return NewAccuracy(3) }, shareInTop(3), 0},
	{func() Metric { return NewConfusion(classes) }, shareInTop(1), 0},
	{func() Metric { return NewPrecision(classes, Macro) }, macro(func(p, r float64) float64 { return p }), 1e-14},
	{func() Metric { return NewRecall(classes, Macro) }, macro(func(p, r float64) float64 { return r }), 1e-14},
	{func() Metric { return NewF1(classes, Macro) }, macro(harmonic), 1e-14},
	{func() Metric { return NewPrecision(classes, Micro) }, micro, 0},
	{func() Metric { return NewRecall(classes, Micro) }, micro, 0},
	{func() Metric { return NewF1(classes, Micro) }, micro, 0},
	{func() Metric { return NewAUC(classes) }, pairs, 1e-14},
	{func() Metric { return NewCalibration(bins) }, calibrationError, 1e-12},
	{func() Metric { return NewMAE() }, func(b Batch) float64 { return meanOf(b, math.Abs) }, 1e-13},
	{func() Metric { return NewMSE() }, func(b Batch) float64 { return meanOf(b, func(d float64) float64 { return d * d }) }, 1e-13},
	{func() Metric { return NewR2() }, determination, 1e-14},
}

// TestEveryKindIsTested holds the table against the code: what has a method Value is a metric.
func TestEveryKindIsTested(t *testing.T) {
	tested := map[string]bool{}
	for _, k := range kinds {
		tested[reflect.TypeOf(k.make()).Elem().Name()] = true
	}
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, f := range files {
		if strings.HasSuffix(f.Name(), "_test.go") || !strings.HasSuffix(f.Name(), ".go") {
			continue
		}
		for _, name := range withValue(t, f.Name()) {
			found++
			if !tested[name] {
				t.Errorf("%s: %s is not in kinds", f.Name(), name)
			}
		}
	}
	if found != len(tested) {
		t.Errorf("%d metrics in the code, %d in the table", found, len(tested))
	}
}

// withValue returns the types in a file that have a method Value.
func withValue(t *testing.T, file string) (names []string) {
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range parsed.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && f.Recv != nil && f.Name.Name == "Value" {
			names = append(names, f.Recv.List[0].Type.(*ast.StarExpr).X.(*ast.Ident).Name)
		}
	}
	return names
}

func exactSum(values []float64) *big.Float {
	total := new(big.Float).SetPrec(3000)
	for _, v := range values {
		total.Add(total, new(big.Float).SetFloat64(v))
	}
	return total
}

func meanLoss(b Batch) float64 {
	if len(b.Losses) == 0 {
		return math.NaN()
	}
	mean, _ := new(big.Float).Quo(exactSum(b.Losses), new(big.Float).SetInt64(int64(len(b.Losses)))).Float64()
	return mean
}

// row returns the scores of an example.
func row(b Batch, example int) []float64 {
	return b.Scores[example*b.Classes : (example+1)*b.Classes]
}

// best returns the classes of an example from the best on.
func best(b Batch, example int) []int64 {
	order := make([]int64, b.Classes)
	for c := range order {
		order[c] = int64(c)
	}
	scores := row(b, example)
	slices.SortStableFunc(order, func(i, j int64) int {
		switch {
		case scores[i] > scores[j]:
			return -1
		case scores[i] < scores[j]:
			return 1
		}
		return 0
	})
	return order
}

func shareInTop(k int) func(Batch) float64 {
	return func(b Batch) float64 {
		in := 0
		for i, l := range b.Labels {
			if slices.Contains(best(b, i)[:k], l) {
				in++
			}
		}
		return float64(in) / float64(len(b.Labels))
	}
}

func micro(b Batch) float64 {
	if len(b.Labels) == 0 {
		return 0
	}
	return shareInTop(1)(b)
}

// precisionRecall of a class, by asking every example.
func precisionRecall(b Batch, class int64) (precision, recall float64) {
	both, predicted, support := 0.0, 0.0, 0.0
	for i, l := range b.Labels {
		p := best(b, i)[0]
		if p == class {
			predicted++
		}
		if l == class {
			support++
		}
		if p == class && l == class {
			both++
		}
	}
	return orZero(both / predicted), orZero(both / support)
}

func orZero(v float64) float64 {
	if math.IsNaN(v) {
		return 0
	}
	return v
}

func harmonic(p, r float64) float64 { return orZero(2 * p * r / (p + r)) }

func macro(of func(precision, recall float64) float64) func(Batch) float64 {
	return func(b Batch) float64 {
		total := 0.0
		for c := range int64(classes) {
			total += of(precisionRecall(b, c))
		}
		return total / classes
	}
}

// pairs is the mean over classes of the share of pairs that are in order.
func pairs(b Batch) float64 {
	total, n := 0.0, 0.0
	for c := range classes {
		if a := pairsOf(b, c); !math.IsNaN(a) {
			total += a
			n++
		}
	}
	return total / n
}

func pairsOf(b Batch, class int) float64 {
	inOrder, all := 0.0, 0.0
	for i, in := range b.Labels {
		for j, out := range b.Labels {
			if in != int64(class) || out == int64(class) {
				continue
			}
			all++
			switch p, q := b.Probabilities[i*b.Classes+class], b.Probabilities[j*b.Classes+class]; {
			case p > q:
				inOrder++
			case p == q:
				inOrder += 0.5
			}
		}
	}
	return inOrder / all
}

func calibrationError(b Batch) float64 {
	total := 0.0
	for m := range bins {
		low, high := float64(m)/bins, float64(m+1)/bins
		right, confidence := 0.0, 0.0
		for i, l := range b.Labels {
			probabilities := b.Probabilities[i*b.Classes : (i+1)*b.Classes]
			p := slices.Max(probabilities)
			if !(low < p && p <= high) {
				continue
			}
			confidence += p
			if slices.Index(probabilities, p) == int(l) {
				right++
			}
		}
		total += math.Abs(right - confidence)
	}
	return total / float64(len(b.Labels))
}

func meanOf(b Batch, of func(difference float64) float64) float64 {
	total := 0.0
	for i, p := range b.Predictions {
		total += of(p - b.Targets[i])
	}
	return total / float64(len(b.Targets))
}

// determination is worked out in rational numbers, which nothing is lost from.
func determination(b Batch) float64 {
	n := len(b.Targets)
	if n < 2 {
		return math.NaN()
	}
	rat := func(v float64) *big.Rat { return new(big.Rat).SetFloat64(v) }
	mean := new(big.Rat)
	for _, t := range b.Targets {
		mean.Add(mean, rat(t))
	}
	mean.Quo(mean, rat(float64(n)))
	residual, spread := new(big.Rat), new(big.Rat)
	for i, t := range b.Targets {
		d := new(big.Rat).Sub(rat(t), rat(b.Predictions[i]))
		residual.Add(residual, d.Mul(d, d))
		d = new(big.Rat).Sub(rat(t), mean)
		spread.Add(spread, d.Mul(d, d))
	}
	switch {
	case spread.Sign() != 0:
		r2, _ := new(big.Rat).Sub(rat(1), residual.Quo(residual, spread)).Float64()
		return r2
	case residual.Sign() == 0:
		return 1
	}
	return 0
}
