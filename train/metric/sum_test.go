package metric

import (
	"math"
	"math/big"
	"testing"

	"pgregory.net/rapid"
)

// wide draws finite numbers of all magnitudes, subnormal ones too, so that most sums cancel or round.
func wide() *rapid.Generator[float64] {
	return rapid.Custom(func(t *rapid.T) float64 {
		fraction := rapid.Uint64Range(0, 1<<52-1).Draw(t, "fraction")
		exponent := rapid.OneOf(rapid.Uint64Range(0, 2046), rapid.Uint64Range(0, 2), rapid.Uint64Range(1020, 1060)).Draw(t, "exponent")
		return math.Float64frombits(rapid.Uint64Range(0, 1).Draw(t, "sign")<<63 | exponent<<52 | fraction)
	})
}

func TestSumIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(wide(), 0, 20).Draw(t, "values")
		if rapid.Bool().Draw(t, "cancel") {
			for _, v := range values {
				values = append(values, -v/2, -v/2)
			}
		}
		parts := make([]sum, 3)
		for _, v := range values {
			s := &parts[rapid.IntRange(0, 2).Draw(t, "part")]
			s.add(v)
			if rapid.IntRange(0, 3).Draw(t, "carry") == 0 {
				s.carry()
			}
		}
		parts[0].merge(&parts[1])
		parts[0].merge(&parts[2])
		want, _ := exactSum(values).Rat(nil)
		if want == nil {
			want = new(big.Rat)
		}
		if got := parts[0].exact(); got.Cmp(want) != 0 {
			t.Fatalf("%v, want %v", got, want)
		}
	})
}

func TestProductsAreExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x, y := rapid.Float64Range(-1e100, 1e100).Draw(t, "x"), rapid.Float64Range(-1e100, 1e100).Draw(t, "y")
		var s sum
		s.addProduct(x, y)
		want := new(big.Rat).Mul(new(big.Rat).SetFloat64(x), new(big.Rat).SetFloat64(y))
		if math.Abs(x*y) > 0x1p-969 && s.exact().Cmp(want) != 0 {
			t.Fatalf("%v, want %v", s.exact(), want)
		}
	})
}

// TestDigitsCarryInTime adds as often as fits, of the numbers that fill digits most.
func TestDigitsCarryInTime(t *testing.T) {
	for _, v := range []float64{math.MaxFloat64, -math.MaxFloat64, 0x1.fffffffffffffp-1022} {
		var s sum
		s.add(v)
		for i := range s.digits {
			s.digits[i] *= most - 1
		}
		s.pending = most - 1
		s.add(v)
		s.add(v)
		var merged sum
		merged.merge(&s)
		for i, d := range merged.digits[:digits-1] {
			if d < 0 || d > math.MaxUint32 {
				t.Errorf("%v: digit %d is %d after merging", v, i, d)
			}
		}
		want := new(big.Rat).Mul(new(big.Rat).SetFloat64(v), new(big.Rat).SetInt64(most+1))
		if got := s.exact(); got.Cmp(want) != 0 || s.pending != 1 {
			t.Errorf("%v: %v after %d, want %v", v, got, s.pending, want)
		}
	}
}

func TestSumsThatAreNotFinite(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	for _, c := range []struct {
		values []float64
		want   float64
	}{
		{[]float64{1, inf, 2}, inf},
		{[]float64{1, -inf, -inf}, -inf},
		{[]float64{inf, -inf}, nan},
		{[]float64{-inf, 1, inf, 1}, nan},
		{[]float64{nan, 1}, nan},
		{[]float64{nan, inf}, nan},
		{[]float64{math.MaxFloat64, math.MaxFloat64}, math.MaxFloat64}, // their mean
	} {
		var whole sum
		merged := make([]sum, len(c.values)+1)
		for i, v := range c.values {
			whole.add(v)
			merged[i+1].add(v)
			merged[0].merge(&merged[i+1])
		}
		n := int64(len(c.values))
		if got, again := whole.mean(n), merged[0].mean(n); !sameBits(got, c.want) || !sameBits(again, c.want) {
			t.Errorf("%v: %v, merged %v, want %v", c.values, got, again, c.want)
		}
	}
}

// TestLossesOfOneSizeAreNotLost adds what a float64 sum would swallow.
func TestLossesOfOneSizeAreNotLost(t *testing.T) {
	m := NewLoss()
	m.Add(Batch{Losses: []float64{1e20, 1, 1, 1, -1e20}})
	if got := m.Value(); got != 0.6 || m.Count() != 5 {
		t.Errorf("%v of %d, want 0.6 of 5", got, m.Count())
	}
}

func BenchmarkSum(b *testing.B) {
	var s sum
	for i := range b.N {
		s.add(float64(i) / 7)
	}
	if s.pending == 0 {
		b.Fatal("nothing was added")
	}
}
