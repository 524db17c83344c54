package random

import (
	"math"
	"slices"
	"testing"
)

// The known answers of the Random123 distribution (kat_vectors).
func TestPhiloxKnownAnswers(t *testing.T) {
	for _, c := range []struct {
		counter [4]uint32
		key     [2]uint32
		want    [4]uint32
	}{
		{[4]uint32{}, [2]uint32{}, [4]uint32{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
		{[4]uint32{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, [2]uint32{0xffffffff, 0xffffffff},
			[4]uint32{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
		{[4]uint32{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, [2]uint32{0xa4093822, 0x299f31d0},
			[4]uint32{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
	} {
		if got := Philox(c.counter, c.key); got != c.want {
			t.Errorf("Philox(%x, %x) = %x, want %x", c.counter, c.key, got, c.want)
		}
	}
}

func TestStreamsAreFixedByTheirPath(t *testing.T) {
	draw := func(s *Stream) [8]uint32 {
		var d [8]uint32
		for i := range d {
			d[i] = s.Uint32()
		}
		return d
	}
	seen := map[[8]uint32]string{}
	for name, make := range map[string]func() *Stream{
		"1":     func() *Stream { return New(1) },
		"1/0":   func() *Stream { return New(1, 0) },
		"1/0/0": func() *Stream { return New(1, 0, 0) },
		"1/1/0": func() *Stream { return New(1, 1, 0) },
		"1/0/1": func() *Stream { return New(1, 0, 1) },
		"2/0/1": func() *Stream { return New(2, 0, 1) },
	} {
		d := draw(make())
		if d != draw(make()) {
			t.Errorf("%s: two streams of the same path differ", name)
		}
		if other, ok := seen[d]; ok {
			t.Errorf("streams %s and %s are the same", name, other)
		}
		seen[d] = name
	}
}

func TestFloatsFillTheUnitInterval(t *testing.T) {
	s := New(3)
	var sum, square float64
	const n = 100000
	for range n {
		v := s.Float64()
		if v < 0 || v >= 1 {
			t.Fatalf("Float64 = %v", v)
		}
		if f := s.Float32(); f < 0 || f >= 1 {
			t.Fatalf("Float32 = %v", f)
		}
		sum += v
		square += v * v
	}
	mean, variance := sum/n, square/n-sum/n*sum/n
	// Four standard errors of the mean and of the second moment.
	if math.Abs(mean-0.5) > 4*math.Sqrt(1.0/12/n) || math.Abs(variance-1.0/12) > 0.002 {
		t.Errorf("mean %v, variance %v", mean, variance)
	}
}

func TestIntNAndPermAreUniform(t *testing.T) {
	s := New(4)
	var counts [7]int
	const n = 70000
	for range n {
		counts[s.IntN(7)]++
	}
	for i, c := range counts {
		if math.Abs(float64(c)-n/7) > 4*math.Sqrt(n/7) {
			t.Errorf("IntN(7) gave %d %d times of %d", i, c, n)
		}
	}
	p := s.Perm(1000)
	slices.Sort(p)
	for i, v := range p {
		if i != v {
			t.Fatalf("Perm is no permutation at %d", i)
		}
	}
}
