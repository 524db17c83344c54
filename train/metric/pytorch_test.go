package metric

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/mlodyssey/odyssey/internal/python"
)

func TestMetricsAgainstPyTorch(t *testing.T) {
	var answers []map[string]json.RawMessage
	python.PyTorch.Ask(t, "testdata/pytorch/main.py", sets(), &answers)
	compared := 0
	for i, s := range sets() {
		compared += compare(t, i, s, answers[i], 1e-12)
		var softmax []float64
		decode(t, answers[i]["softmax"], &softmax)
		for j, want := range softmax {
			if got := s.batch.Probabilities[j]; math.Abs(got-want) > 1e-15 {
				t.Errorf("set %d, softmax: %v at %d, want %v", i, got, j, want)
			}
		}
	}
	if compared != 7*len(sets()) {
		t.Errorf("%d values were compared, want %d", compared, 7*len(sets()))
	}
}
