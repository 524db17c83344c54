package metric

import (
	"math"
	"testing"

	_ "github.com/mlodyssey/odyssey/internal/fixedseed"
	"pgregory.net/rapid"
)

// drawBatch draws examples with many ties: scores, losses, predictions and targets of a coarse grid
// among others.
func drawBatch(t *rapid.T) Batch {
	n := rapid.IntRange(0, 30).Draw(t, "examples")
	grid := rapid.Map(rapid.IntRange(-6, 6), func(i int) float64 { return float64(i) / 4 })
	number := rapid.Map(rapid.Float64Range(-8, 8), func(v float64) float64 {
		if math.Abs(v) < 1e-100 {
			return 0 // as squares of these are not exact
		}
		return v
	})
	score := rapid.OneOf(grid, grid, number)
	b := Batch{
		Classes:     classes,
		Scores:      rapid.SliceOfN(score, n*classes, n*classes).Draw(t, "scores"),
		Labels:      rapid.SliceOfN(rapid.Int64Range(0, classes-1), n, n).Draw(t, "labels"),
		Losses:      rapid.SliceOfN(rapid.Float64Range(0, 12), n, n).Draw(t, "losses"),
		Predictions: rapid.SliceOfN(score, n, n).Draw(t, "predictions"),
		Targets:     rapid.SliceOfN(score, n, n).Draw(t, "targets"),
	}
	b.Probabilities = Softmax(nil, b.Scores, classes)
	return b
}

// cut returns the examples from one to before another.
func (b Batch) cut(from, to int) Batch {
	return Batch{
		Classes: b.Classes, Labels: b.Labels[from:to], Losses: b.Losses[from:to],
		Scores: b.Scores[from*b.Classes : to*b.Classes], Probabilities: b.Probabilities[from*b.Classes : to*b.Classes],
		Predictions: b.Predictions[from:to], Targets: b.Targets[from:to],
	}
}

// poison makes the numbers of an example such that they spoil what is worked out from all.
func (b Batch) poison(example int) {
	b.Losses[example] = math.NaN()
	b.Probabilities[example*b.Classes] = math.NaN()
	b.Targets[example] = math.Inf(1)
}

func TestEveryKindGivesWhatItsReferenceDoes(t *testing.T) {
	for _, k := range kinds {
		t.Run(k.make().Name(), func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				b := drawBatch(t)
				m := k.make()
				m.Add(b)
				if got, want := m.Value(), k.reference(b); !near(got, want, k.tolerance) {
					t.Fatalf("%v, the reference says %v", got, want)
				}
			})
		})
	}
}

// near allows for a tolerance that is relative to numbers beyond 1.
func near(got, want, tolerance float64) bool {
	return got == want || got != got && want != want || math.Abs(got-want) <= tolerance*max(1, math.Abs(want))
}

func TestBatchesAndPartsDoNotShow(t *testing.T) {
	for _, k := range kinds {
		t.Run(k.make().Name(), func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				b := drawBatch(t)
				if len(b.Labels) > 0 && rapid.IntRange(0, 9).Draw(t, "poison") == 0 {
					b.poison(len(b.Labels) - 1)
				}
				whole := k.make()
				whole.Add(b)
				parts := []Metric{k.make(), k.make(), k.make()}
				for _, piece := range drawPieces(t, b) {
					parts[rapid.IntRange(0, len(parts)-1).Draw(t, "part")].Add(piece)
				}
				order := rapid.Permutation([]int{0, 1, 2}).Draw(t, "order")
				first := parts[order[0]]
				for _, i := range order[1:] {
					before := parts[i].Value()
					if err := first.Merge(parts[i]); err != nil {
						t.Fatal(err)
					}
					if !sameBits(parts[i].Value(), before) {
						t.Fatalf("merging changed the other from %v to %v", before, parts[i].Value())
					}
				}
				if got, want := first.Value(), whole.Value(); !sameBits(got, want) {
					t.Fatalf("%v merged, %v in one batch", got, want)
				}
			})
		})
	}
}

// drawPieces cuts examples into batches, in an order of their own.
func drawPieces(t *rapid.T, b Batch) (pieces []Batch) {
	for at := 0; at < len(b.Labels); {
		to := rapid.IntRange(at+1, len(b.Labels)).Draw(t, "cut")
		pieces = append(pieces, b.cut(at, to))
		at = to
	}
	if len(pieces) == 0 {
		return nil
	}
	return rapid.Permutation(pieces).Draw(t, "pieces")
}

func sameBits(a, b float64) bool { return a == b || a != a && b != b }

func TestResetForgetsAll(t *testing.T) {
	for _, k := range kinds {
		t.Run(k.make().Name(), func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				m, fresh := k.make(), k.make()
				b := drawBatch(t)
				for i := range b.Labels {
					b.poison(i)
				}
				m.Add(b)
				m.Reset()
				if got, want := m.Value(), fresh.Value(); !sameBits(got, want) {
					t.Fatalf("%v after Reset, %v when new", got, want)
				}
				b = drawBatch(t)
				m.Add(b)
				fresh.Add(b)
				if got, want := m.Value(), fresh.Value(); !sameBits(got, want) {
					t.Fatalf("%v after Reset and a batch, %v without what was forgotten", got, want)
				}
			})
		})
	}
}

// TestBatchesAreNotKept overwrites a batch after it was added, as one does who fills it again.
func TestBatchesAreNotKept(t *testing.T) {
	for _, k := range kinds {
		b := someBatch(50)
		m := k.make()
		m.Add(b)
		want := m.Value()
		for _, s := range [][]float64{b.Scores, b.Probabilities, b.Losses, b.Predictions, b.Targets} {
			clear(s)
		}
		clear(b.Labels)
		if got := m.Value(); got != want {
			t.Errorf("%s: %v became %v when the batch was filled again", m.Name(), want, got)
		}
	}
}

func TestAddingAllocatesNothing(t *testing.T) {
	for _, k := range kinds {
		b := someBatch(64)
		m := k.make()
		for range 300 { // so that an AUC has room
			m.Add(b)
		}
		m.Reset()
		if n := testing.AllocsPerRun(100, func() { m.Add(b) }); n > 0 {
			t.Errorf("%s: %v allocations a batch", m.Name(), n)
		}
	}
}
