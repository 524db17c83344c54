package data

import (
	"fmt"
	"math"
	"sort"

	"github.com/mlodyssey/odyssey/random"
)

// Sampler says which examples an epoch has, and in what order. It depends on its arguments
// alone, and may be used by several goroutines.
type Sampler interface {
	// Len returns how many examples an epoch of a set of n has.
	Len(n int) int
	// Order returns their indices in the set, Len of them.
	Order(n int, seed uint64, epoch int) []int
}

// fitted is a sampler that is for sets of one size alone.
type fitted interface {
	// fits returns an error unless the sampler is for sets of n examples.
	fits(n int) error
}

// checkFit returns an error for a sampler that was made for another set.
func checkFit(s Sampler, n int) error {
	if s, ok := s.(fitted); ok {
		return s.fits(n)
	}
	return nil
}

// mustFit panics where checkFit returns an error.
func mustFit(s Sampler, n int) {
	if err := checkFit(s, n); err != nil {
		panic("data: " + err.Error())
	}
}

// oneForEach returns an error unless a sampler has something for each of n examples.
func oneForEach(has int, what string, n int) error {
	if has != n {
		return fmt.Errorf("a sampler of %d %s for a set of %d examples: want one for each", has, what, n)
	}
	return nil
}

// orderStream keeps the draws for an epoch's order apart from all others of
// the same seed.
const orderStream = 0x6f72646572

func orderDraws(seed uint64, epoch int) *random.Stream {
	return random.New(seed, orderStream, uint64(epoch))
}

// everything has all examples, in the set's order or shuffled.
type everything bool

func (everything) Len(n int) int { return n }

func (shuffle everything) Order(n int, seed uint64, epoch int) []int {
	if shuffle {
		return orderDraws(seed, epoch).Perm(n)
	}
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	return order
}

type weighted struct {
	sums  []float64 // of the weights up to each example
	draws int
}

// Weighted returns a sampler that draws examples with replacement, each with a probability
// in proportion to its weight. It panics unless the weights are finite, none is negative and
// one is positive, and there is at least one draw.
func Weighted(weights []float64, draws int) Sampler {
	w := weighted{draws: draws}
	sum := 0.0
	for i, v := range weights {
		if !(v >= 0 && v <= math.MaxFloat64) {
			panic(fmt.Sprintf("data: Weighted wants finite weights of at least 0, not %v for example %d", v, i))
		}
		sum += v
		w.sums = append(w.sums, sum)
	}
	if !(sum > 0) || draws < 1 {
		panic(fmt.Sprintf("data: Weighted wants a positive weight and at least one draw, not %d of a sum of %v", draws, sum))
	}
	return w
}

// Balanced returns Weighted with the same probability for each class of a set that is there, and
// as many draws as the set has examples. See [Labels].
func Balanced(set Dataset) (Sampler, error) {
	labels, err := Labels(set)
	if err != nil {
		return nil, err
	}
	counts := map[int]float64{}
	for _, label := range labels {
		counts[label]++
	}
	weights := make([]float64, len(labels))
	for i, label := range labels {
		weights[i] = 1 / counts[label]
	}
	return Weighted(weights, len(labels)), nil
}

func (w weighted) Len(int) int { return w.draws }

func (w weighted) fits(n int) error { return oneForEach(len(w.sums), "weights", n) }

func (w weighted) Order(n int, seed uint64, epoch int) []int {
	mustFit(w, n)
	r, order := orderDraws(seed, epoch), make([]int, w.draws)
	for i := range order {
		at := r.Float64() * w.sums[n-1]
		order[i] = min(sort.Search(n, func(k int) bool { return w.sums[k] > at }), n-1)
	}
	return order
}

type stratified struct{ labels []int }

// Stratified returns a sampler that shuffles all examples so that each class is spread
// evenly over the epoch: any part of it has the classes in proportion, but for rounding.
func Stratified(labels []int) Sampler { return stratified{labels} }

func (s stratified) Len(n int) int { return n }

func (s stratified) fits(n int) error { return oneForEach(len(s.labels), "labels", n) }

// Order gives the k-th of m examples of a class, in a random order, the place (k + u) / m, with a
// random u for each class, and goes by these.
func (s stratified) Order(n int, seed uint64, epoch int) []int {
	mustFit(s, n)
	r := orderDraws(seed, epoch)
	order := r.Perm(n)
	counts := map[int]int{}
	for _, label := range s.labels {
		counts[label]++
	}
	starts, seen, place := map[int]float64{}, map[int]int{}, make([]float64, n)
	for _, i := range order {
		label := s.labels[i]
		if _, ok := starts[label]; !ok {
			starts[label] = r.Float64()
		}
		place[i] = (float64(seen[label]) + starts[label]) / float64(counts[label])
		seen[label]++
	}
	sort.SliceStable(order, func(a, b int) bool { return place[order[a]] < place[order[b]] })
	return order
}

type share struct {
	Sampler
	rank, of int
}

// Share returns the part of another sampler's epochs that one of several processes takes:
// every of-th example from the rank-th on. All get as many, so up to of-1 examples are left
// out. It panics unless 0 <= rank < of.
func Share(s Sampler, rank, of int) Sampler {
	if rank < 0 || rank >= of {
		panic(fmt.Sprintf("data: Share wants a rank from 0 to %d, not %d", of-1, rank))
	}
	return share{s, rank, of}
}

// Shuffled returns the sampler of all examples in a new random order each epoch.
func Shuffled() Sampler { return everything(true) }

func (s share) Len(n int) int { return s.Sampler.Len(n) / s.of }

func (s share) fits(n int) error { return checkFit(s.Sampler, n) }

func (s share) Order(n int, seed uint64, epoch int) []int {
	return s.part(s.Sampler.Order(n, seed, epoch))
}

// part returns what the process takes of something about each example of an epoch.
func (s share) part(all []int) []int {
	part := make([]int, len(all)/s.of)
	for i := range part {
		part[i] = all[i*s.of+s.rank]
	}
	return part
}

// orderOf returns the order of an epoch, and how often each example of it came before, whichever
// process took it.
func orderOf(s Sampler, n int, seed uint64, epoch int) (order, before []int) {
	if s, ok := s.(share); ok {
		order, before = orderOf(s.Sampler, n, seed, epoch)
		return s.part(order), s.part(before)
	}
	order = s.Order(n, seed, epoch)
	before, seen := make([]int, len(order)), make([]int, n)
	for k, i := range order {
		before[k] = seen[i]
		seen[i]++
	}
	return order, before
}
