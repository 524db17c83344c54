package kernel

import (
	"math"
	"math/rand/v2"
	"testing"
)

// forEachPath runs a test once for every path that this processor can take.
func forEachPath(t *testing.T, test func(t *testing.T)) {
	for _, name := range Paths() {
		t.Run(name, func(t *testing.T) {
			defer Use(name)()
			test(t)
		})
	}
}

// arena hands out slices between guard zones of a NaN that no computation
// makes: reading one shows in the result, writing one in check.
type arena[T Float] struct {
	t      *testing.T
	random *rand.Rand
	zones  [][]T
	frees  []func()
}

const guardLen = 40

var guardValue = math.Float64frombits(0x7ff8_dead_a000_0000) // kept by float32

func newArena[T Float](t *testing.T, seed uint64) *arena[T] {
	return &arena[T]{t: t, random: rand.New(rand.NewPCG(seed, 0))}
}

// make returns n elements filled with the guard value, at any alignment: half of
// them before a fence in place of a zone.
func (a *arena[T]) make(n int) []T {
	if a.random.IntN(2) == 0 {
		s, free := fenced[T](a.t, n)
		a.frees = append(a.frees, free)
		for i := range s {
			s[i] = T(guardValue)
		}
		return s
	}
	before := guardLen + a.random.IntN(Lanes)
	all := make([]T, before+n+guardLen)
	for i := range all {
		all[i] = T(guardValue)
	}
	a.zones = append(a.zones, all[:before], all[before+n:])
	return all[before : before+n]
}

// numbers returns n random elements of a kind.
func (a *arena[T]) numbers(n int, kind numbers) []T {
	s := a.make(n)
	for i := range s {
		s[i] = T(kind(a.random))
	}
	return s
}

// check ends the use of the slices, and fails the test where a guard zone was
// written to.
func (a *arena[T]) check() {
	a.t.Helper()
	for _, free := range a.frees {
		free()
	}
	for _, zone := range a.zones {
		for _, v := range zone {
			if bitsOf(v) != bitsOf(T(guardValue)) {
				a.t.Fatalf("wrote %v outside its slices", v)
			}
		}
	}
}

// numbers draws test values.
type numbers func(r *rand.Rand) float64

// ordinary numbers, many of them zero of either sign.
func ordinary(r *rand.Rand) float64 {
	switch r.IntN(8) {
	case 0:
		return 0
	case 1:
		return math.Copysign(0, -1)
	}
	return r.NormFloat64()
}

// tiny numbers have products around the smallest float32.
func tiny(r *rand.Rand) float64 { return r.NormFloat64() * 0x1p-74 }

// wild numbers overflow, and some are no numbers.
func wild(r *rand.Rand) float64 {
	switch r.IntN(200) {
	case 0:
		return math.Inf(1 - 2*r.IntN(2))
	case 1:
		return math.NaN()
	case 2:
		return math.Copysign(math.MaxFloat32, r.Float64()-0.5)
	}
	return r.NormFloat64()
}

var numberKinds = map[string]numbers{"ordinary": ordinary, "tiny": tiny, "wild": wild}

func bitsOf[T Float](v T) uint64 {
	switch v := any(v).(type) {
	case float32:
		return uint64(math.Float32bits(v))
	case float64:
		return math.Float64bits(v)
	}
	panic("unreachable")
}

// wantSame fails unless got has the bits of want; all NaN are one.
func wantSame[T Float](t *testing.T, what string, got, want []T) {
	t.Helper()
	for i := range want {
		if bitsOf(got[i]) != bitsOf(want[i]) && (got[i] == got[i] || want[i] == want[i]) {
			t.Fatalf("%s: element %d of %d is %v, want %v", what, i, len(want), got[i], want[i])
		}
	}
}

// exact is x*y + z rounded once.
func exact[T Float](x, y, z T) T {
	switch x := any(x).(type) {
	case float32:
		return any(FMA32(x, any(y).(float32), any(z).(float32))).(T)
	case float64:
		return any(math.FMA(x, any(y).(float64), any(z).(float64))).(T)
	}
	panic("unreachable")
}

func TestPaths(t *testing.T) {
	if err := PathError(); err != nil {
		t.Error(err)
	}
	all := Paths()
	if all[len(all)-1] != "portable" {
		t.Errorf("Paths() = %v, want portable last", all)
	}
	if p, err := choosePath(""); err != nil || pathNames[p] != all[0] {
		t.Errorf("no choice gives %v, %v, want %v", p, err, all[0])
	}
	for _, name := range all {
		restore := Use(name)
		if Path() != name {
			t.Errorf("Use(%q) gives %q", name, Path())
		}
		restore()
	}
	if p, err := choosePath("sse9"); err == nil || pathNames[p] != all[0] {
		t.Errorf("an unknown path gives %v, %v, want %v and an error", p, err, all[0])
	}
}
