package data

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mlodyssey/odyssey/augment"
	"github.com/mlodyssey/odyssey/internal/parallel"
	"github.com/mlodyssey/odyssey/tensor"
)

func mustLoader(t *testing.T, set Dataset, c LoaderConfig) *Loader {
	t.Helper()
	l, err := NewLoader(set, c)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// copyEpoch copies an epoch's batches, whose memory is used again.
func copyEpoch(t *testing.T, l *Loader, epoch int) (batches []Batch) {
	t.Helper()
	for b, err := range l.Batches(t.Context(), epoch) {
		if err != nil {
			t.Fatal(err)
		}
		batches = append(batches, Batch{Images: b.Images.Clone(), Labels: b.Labels.Clone(), Index: slices.Clone(b.Index)})
	}
	return batches
}

func indices(batches []Batch) (all []int) {
	for _, b := range batches {
		all = append(all, b.Index...)
	}
	return all
}

func TestLoaderBatches(t *testing.T) {
	for _, c := range []struct {
		dropLast bool
		sizes    []int
	}{{false, []int{4, 4, 2}}, {true, []int{4, 4}}} {
		l := mustLoader(t, numbered(10), LoaderConfig{Batch: 4, DropLast: c.dropLast})
		batches := copyEpoch(t, l, 0)
		if l.Len() != len(c.sizes) || len(batches) != len(c.sizes) {
			t.Fatalf("DropLast %v: Len %d, %d batches, want %d", c.dropLast, l.Len(), len(batches), len(c.sizes))
		}
		next := 0
		for k, b := range batches {
			n := c.sizes[k]
			if got := fmt.Sprint(b.Images.Spec(), b.Labels.Spec()); got != fmt.Sprintf("float32[%d 1 2 3] int64[%d]", n, n) {
				t.Errorf("batch %d is %s", k, got)
			}
			for j, i := range b.Index {
				if i != next || tensor.At[int64](b.Labels, j) != int64(i) || tensor.At[float32](b.Images, j, 0, 1, 2) != float32(i)/1000 {
					t.Errorf("batch %d holds %d at %d, want %d with its values and label", k, i, j, next)
				}
				next++
			}
		}
	}
}

func TestLoaderNormalises(t *testing.T) {
	l := mustLoader(t, numbered(256), LoaderConfig{Batch: 256, Mean: []float32{0.1307}, Std: []float32{0.3081}})
	b := copyEpoch(t, l, 0)[0]
	for i := range 256 {
		mean, std := float32(0.1307), float32(0.3081)
		difference := float32(i)/1000 - mean
		if got, want := tensor.At[float32](b.Images, i, 0, 0, 0), difference/std; got != want {
			t.Fatalf("value %v becomes %v, want %v", float32(i)/1000, got, want)
		}
	}
}

func TestLoaderShufflesByEpochAndSeed(t *testing.T) {
	seen := map[string]string{}
	for seed := range uint64(3) {
		for epoch := range 3 {
			l := mustLoader(t, numbered(100), LoaderConfig{Batch: 8, Shuffle: true, Seed: seed})
			order := indices(copyEpoch(t, l, epoch))
			name := fmt.Sprintf("seed %d, epoch %d", seed, epoch)
			if other, ok := seen[fmt.Sprint(order)]; ok {
				t.Errorf("%s has the order of %s", name, other)
			}
			seen[fmt.Sprint(order)] = name
			slices.Sort(order)
			if !slices.Equal(order, everything(false).Order(100, 0, 0)) {
				t.Errorf("%s leaves examples out: %v", name, order)
			}
		}
	}
}

// A stored order: runs are to be repeated by later versions too.
func TestLoaderOrderIsStable(t *testing.T) {
	if got, want := everything(true).Order(10, 1, 3), []int{6, 0, 8, 3, 5, 4, 2, 9, 7, 1}; !slices.Equal(got, want) {
		t.Errorf("order %v, want %v", got, want)
	}
}

func TestLoaderIsTheSameWithAnyNumberOfWorkersAndProcessors(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	config := LoaderConfig{Batch: 70, Shuffle: true, Seed: 5, Mean: []float32{0.1}, Std: []float32{0.3}, Workers: 1}
	want := copyEpoch(t, mustLoader(t, numbered(200), config), 2)
	for _, c := range []struct{ workers, procs int }{{0, 1}, {0, 2}, {0, 5}, {2, 2}, {3, 1}, {16, 5}, {100, 2}} {
		config.Workers = c.workers
		runtime.GOMAXPROCS(c.procs)
		got := copyEpoch(t, mustLoader(t, numbered(200), config), 2)
		if !slices.EqualFunc(got, want, func(a, b Batch) bool {
			return a.Images.Equal(b.Images) && a.Labels.Equal(b.Labels) && slices.Equal(a.Index, b.Index)
		}) {
			t.Errorf("%d workers and %d processors give other batches", c.workers, c.procs)
		}
	}
}

func TestLoaderServesSeveralConsumers(t *testing.T) {
	l := mustLoader(t, numbered(50), LoaderConfig{Batch: 10, Shuffle: true})
	want := copyEpoch(t, l, 1)
	for b, err := range l.Batches(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		before := b.Images.Clone()
		if got := copyEpoch(t, l, 1); !got[0].Images.Equal(want[0].Images) || len(got) != len(want) {
			t.Error("an iteration within another gives other batches")
		}
		if !b.Images.Equal(before) {
			t.Error("another iteration changed a batch")
		}
	}
}

func TestLoaderUsesMemoryAgain(t *testing.T) {
	l := mustLoader(t, numbered(1000), LoaderConfig{Batch: 10, Workers: 2})
	memory := map[*float32]int{}
	for b, err := range l.Batches(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		memory[&tensor.Data[float32](b.Images)[0]]++
	}
	if len(memory) != 3 {
		t.Errorf("2 workers and the consumer share %d buffers, want 3", len(memory))
	}
}

func TestLoaderAllocatesNothingForABatch(t *testing.T) {
	epoch := func(batches int) float64 {
		l := mustLoader(t, numbered(64*batches), LoaderConfig{Batch: 64, Shuffle: true})
		return testing.AllocsPerRun(20, func() {
			for _, err := range l.Batches(t.Context(), 0) {
				if err != nil {
					t.Fatal(err)
				}
			}
		})
	}
	if few, many := epoch(2), epoch(20); few != many {
		t.Errorf("%v allocations for 2 batches, %v for 20", few, many)
	}
}

// Within a bubble of synctest, a goroutine that is left behind is a deadlock,
// and fails the test.
func TestLoaderLeavesNoGoroutineBehind(t *testing.T) {
	for name, consume := range map[string]func(t *testing.T, l *Loader){
		"to the end":    func(t *testing.T, l *Loader) { copyEpoch(t, l, 0) },
		"never started": func(t *testing.T, l *Loader) { l.Batches(t.Context(), 0) },
		"first batch": func(t *testing.T, l *Loader) {
			for range l.Batches(t.Context(), 0) {
				break
			}
		},
		"panic of the consumer": func(t *testing.T, l *Loader) {
			defer func() {
				if recover() != "mine" {
					t.Error("the consumer's panic is lost")
				}
			}()
			for range l.Batches(t.Context(), 0) {
				panic("mine")
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				consume(t, mustLoader(t, numbered(100), LoaderConfig{Batch: 3, Workers: 4}))
			})
		})
	}
}

// slow takes a second of the bubble's time for an example.
type slow struct {
	numbered
	begun, done *atomic.Int64
}

func (s slow) Read(i int, x []float32) (int, error) {
	s.begun.Add(1)
	time.Sleep(time.Second)
	s.done.Add(1)
	return s.numbered.Read(i, x)
}

func TestLoaderReadsNoFurtherOnceStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var begun, done atomic.Int64
		l := mustLoader(t, slow{100, &begun, &done}, LoaderConfig{Batch: 10, Workers: 4})
		for range l.Batches(t.Context(), 0) {
			time.Sleep(time.Second / 2) // four batches are ready, the fifth is begun
			break
		}
		if begun.Load() != 41 || done.Load() != 41 {
			t.Errorf("%d reads begun and %d done at the end of the iteration, want 41", begun.Load(), done.Load())
		}
		time.Sleep(time.Hour)
		if begun.Load() != 41 {
			t.Errorf("%d reads begun after the iteration", begun.Load()-41)
		}
	})
}

func TestLoaderStopsWhenCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := mustLoader(t, numbered(100), LoaderConfig{Batch: 3, Workers: 4})
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var last error
		n := 0
		for b, err := range l.Batches(ctx, 0) {
			if last = err; err != nil {
				if b != nil {
					t.Error("a batch beside the error")
				}
				continue
			}
			if n++; n == 5 {
				synctest.Wait() // the next batches are ready, and must not be given out
				cancel()
			}
		}
		if n != 5 || !errors.Is(last, context.Canceled) {
			t.Errorf("%d batches, then %v, want 5, then that it was cancelled", n, last)
		}
	})
}

// broken fails at example 20.
type broken struct {
	numbered
	fail func() (int, error)
}

func (b broken) Read(i int, x []float32) (int, error) {
	if i == 20 {
		return b.fail()
	}
	return b.numbered.Read(i, x)
}

func TestLoaderPassesOnFailures(t *testing.T) {
	cause := errors.New("disk on fire")
	for name, c := range map[string]struct {
		fail func() (int, error)
		want string
	}{
		"error":          {func() (int, error) { return 0, cause }, "example 20: disk on fire"},
		"label past end": {func() (int, error) { return 10, nil }, "example 20: label 10, want one of the set's 10 classes"},
		"negative label": {func() (int, error) { return -1, nil }, "example 20: label -1, want one of the set's 10 classes"},
	} {
		synctest.Test(t, func(t *testing.T) {
			n := 0
			var last error
			for _, err := range mustLoader(t, broken{100, c.fail}, LoaderConfig{Batch: 8, Workers: 3}).Batches(t.Context(), 0) {
				n, last = n+1, err
			}
			if n != 3 || last == nil || last.Error() != c.want || (name == "error" && !errors.Is(last, cause)) {
				t.Errorf("%s: %d iterations, the last with %v, want 3 with %s", name, n, last, c.want)
			}
		})
	}
}

// Processors that share in a batch may each meet a failure, in any order.
func TestLoaderPassesOnTheFirstFailureOfASharedBatch(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4))
	index := slices.Concat(make([]int, 30), slices.Repeat([]int{20}, 50))
	set := Subset(broken{100, func() (int, error) { return 0, errors.New("disk on fire") }}, index)
	for range 20 {
		for b, err := range mustLoader(t, set, LoaderConfig{Batch: 80}).Batches(t.Context(), 0) {
			if b != nil || err == nil || err.Error() != "example 30: disk on fire" {
				t.Fatalf("error %v, want that of example 30", err)
			}
		}
	}
}

func TestLoaderPassesOnAPanicInASharedBatch(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4))
	defer func() {
		p, ok := recover().(*parallel.Panic)
		if !ok || p.Value != "index out of this world" || !bytes.Contains(p.Stack, []byte("broken.Read")) {
			t.Errorf("recovered %v", p)
		}
	}()
	set := broken{100, func() (int, error) { panic("index out of this world") }}
	for range mustLoader(t, set, LoaderConfig{Batch: 100}).Batches(t.Context(), 0) {
		t.Error("a batch")
	}
	t.Error("no panic")
}

func TestLoaderPassesOnPanics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := 0
		defer func() {
			p, ok := recover().(*parallel.Panic)
			if !ok || p.Value != "index out of this world" || !bytes.Contains(p.Stack, []byte("broken.Read")) || n != 2 {
				t.Errorf("after %d batches: %v", n, p)
			}
		}()
		set := broken{100, func() (int, error) { panic("index out of this world") }}
		for range mustLoader(t, set, LoaderConfig{Batch: 8, Workers: 3}).Batches(t.Context(), 0) {
			n++
		}
		t.Error("no panic")
	})
}

func TestNewLoaderRefuses(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	for _, c := range []struct {
		set    Dataset
		config LoaderConfig
		want   string
	}{
		{numbered(10), LoaderConfig{}, "batch 0: want at least 1"},
		{numbered(10), LoaderConfig{Batch: -1}, "batch -1: want at least 1"},
		{numbered(10), LoaderConfig{Batch: 64}, "batch 64 is larger than an epoch's 10 examples"},
		{numbered(0), LoaderConfig{Batch: 1}, "batch 1 is larger than an epoch's 0 examples"},
		{numbered(10), LoaderConfig{Batch: 1, Workers: -1}, "-1 workers: want at least 0"},
		{numbered(10), LoaderConfig{Batch: 1, Mean: []float32{nan}}, "mean NaN"},
		{numbered(10), LoaderConfig{Batch: 1, Std: []float32{nan}}, "deviation NaN"},
		{numbered(10), LoaderConfig{Batch: 1, Std: []float32{inf}}, "deviation +Inf"},
		{numbered(10), LoaderConfig{Batch: 1, Std: []float32{-1}}, "deviation -1"},
	} {
		if _, err := NewLoader(c.set, c.config); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: error %v, want %s", c.config, err, c.want)
		}
	}
	if _, err := NewLoader(numbered(10), LoaderConfig{Batch: 10}); err != nil {
		t.Errorf("a batch of the whole set: %v", err)
	}
}

// BenchmarkLoader is for one processor: -cpu 1.
func BenchmarkLoader(b *testing.B) {
	set := &images{28, 28, make([]uint8, 4096*784), make([]uint8, 4096), numbers(10)}
	affine := "affine:degrees=8,x=0.07,y=0.07,scale=0.9..1.1" // shift, rotation and scale
	for _, policy := range []string{"", affine, "default"} {
		b.Run(cmp.Or(policy, "plain"), func(b *testing.B) {
			c := LoaderConfig{Batch: 64, Shuffle: true, Mean: []float32{0.1307}, Std: []float32{0.3081}}
			if policy != "" {
				var err error
				if c.Augment, err = augment.Parse(policy); err != nil {
					b.Fatal(err)
				}
			}
			l, err := NewLoader(set, c)
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				for _, err := range l.Batches(b.Context(), 0) {
					if err != nil {
						b.Fatal(err)
					}
				}
			}
			b.ReportMetric(float64(b.N*set.Len())/b.Elapsed().Seconds(), "images/s")
		})
	}
}

// bars has grey images of 12×12, each with a bar of its own.
type bars int

func (p bars) Len() int        { return int(p) }
func (bars) Shape() []int      { return []int{1, 12, 12} }
func (bars) Classes() []string { return []string{"a", "b", "c"} }

func (bars) Read(i int, x []float32) (label int, err error) {
	clear(x)
	for k := range 12 {
		x[k*12+i%12] = float32(i%5+1) / 5
	}
	return i % 3, nil
}

// Augmented batches, mixtures too, are the same with any number of workers and when an epoch goes on
// after any batch; they differ from epoch to epoch and from seed to seed.
func TestAugmentedBatchesDependOnTheirPlaceAlone(t *testing.T) {
	policy, err := augment.Parse("default+noise+mixup+cutmix")
	if err != nil {
		t.Fatal(err)
	}
	config := LoaderConfig{Batch: 16, Shuffle: true, Seed: 3, Mean: []float32{0.1}, Std: []float32{0.3}, Augment: policy}
	read := func(c LoaderConfig, epoch, first int) (all []Batch) {
		for b, err := range mustLoader(t, bars(90), c).BatchesFrom(t.Context(), epoch, first) {
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, Batch{Images: b.Images.Clone(), Labels: b.Labels.Clone(), Index: slices.Clone(b.Index), Others: b.Others.Clone(), Weights: b.Weights.Clone()})
		}
		return all
	}
	same := func(a, b Batch) bool {
		return a.Images.Equal(b.Images) && a.Labels.Equal(b.Labels) && slices.Equal(a.Index, b.Index) && a.Others.Equal(b.Others) && a.Weights.Equal(b.Weights)
	}
	want := read(config, 2, 0)
	if len(want) != 6 {
		t.Fatalf("%d batches, want 6", len(want))
	}
	for _, workers := range []int{0, 1, 2, 8} {
		config.Workers = workers
		for first := range 7 {
			if got := read(config, 2, first); !slices.EqualFunc(got, want[first:], same) {
				t.Errorf("%d workers, from batch %d: other batches", workers, first)
			}
		}
	}
	for name, other := range map[string][]Batch{"epoch": read(config, 3, 0), "seed": read(LoaderConfig{Batch: 16, Shuffle: true, Seed: 4, Mean: []float32{0.1}, Std: []float32{0.3}, Augment: policy}, 2, 0)} {
		if same(other[0], want[0]) {
			t.Errorf("another %s gives the same batch", name)
		}
	}
	for k, w := range tensor.Data[float32](want[0].Weights) {
		if label := int64(want[0].Index[k] % 3); w < 0 || w > 1 || tensor.Data[int64](want[0].Labels)[k] != label {
			t.Errorf("image %d of class %d: class %d with weight %v", k, label, tensor.Data[int64](want[0].Labels)[k], w)
		}
	}
}

// Without mixtures an image of a batch is what Augmented shows.
func TestAugmentedShowsWhatTheLoaderMakes(t *testing.T) {
	policy, err := augment.Parse("default+noise")
	if err != nil {
		t.Fatal(err)
	}
	shown, err := Augmented(bars(40), policy.Each, 3, 2)
	if err != nil {
		t.Fatal(err)
	}
	x := make([]float32, 144)
	for b, err := range mustLoader(t, bars(40), LoaderConfig{Batch: 8, Shuffle: true, Seed: 3, Augment: policy}).Batches(t.Context(), 2) {
		if err != nil {
			t.Fatal(err)
		}
		for k, i := range b.Index {
			if _, err := shown.Read(i, x); err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(tensor.Data[float32](b.Images)[k*144:][:144], x) {
				t.Errorf("image %d of the set differs", i)
			}
		}
		if b.Others != nil || b.Weights != nil {
			t.Error("a batch without mixtures has other labels")
		}
	}
}

// rare draws example 0 of 40 about as often as all others together.
func rare() Sampler {
	weights := slices.Repeat([]float64{1}, 40)
	weights[0] = 39
	return Weighted(weights, 64)
}

// An example that an epoch has again looks another way; the first time it is what Augmented shows.
// That is the same with any number of workers, and when the epoch goes on in its midst.
func TestRepeatedExamplesAreChangedAnew(t *testing.T) {
	policy, err := augment.Parse("noise:sigma=0.1")
	if err != nil {
		t.Fatal(err)
	}
	shown, err := Augmented(bars(40), policy.Each, 3, 2)
	if err != nil {
		t.Fatal(err)
	}
	config := LoaderConfig{Batch: 8, Sampler: rare(), Seed: 3, Augment: policy}
	read := func(c LoaderConfig, first int) (index []int, images [][]float32) {
		for b, err := range mustLoader(t, bars(40), c).BatchesFrom(t.Context(), 2, first) {
			if err != nil {
				t.Fatal(err)
			}
			index = append(index, b.Index...)
			for k := range b.Index {
				images = append(images, slices.Clone(tensor.Data[float32](b.Images)[k*144:][:144]))
			}
		}
		return index, images
	}
	index, want := read(config, 0)
	first, x := map[int]bool{}, make([]float32, 144)
	for k, i := range index {
		if _, err := shown.Read(i, x); err != nil {
			t.Fatal(err)
		}
		if slices.Equal(x, want[k]) == first[i] {
			t.Errorf("image %d, of example %d: seen before: %v, what Augmented shows: %v", k, i, first[i], !first[i])
		}
		first[i] = true
		for j := range k {
			if slices.Equal(want[j], want[k]) {
				t.Errorf("images %d and %d, of example %d, are the same", j, k, i)
			}
		}
	}
	if len(first) == len(index) {
		t.Fatalf("%d examples in an epoch of as many, want some again", len(first))
	}
	for _, config.Workers = range []int{0, 1, 2, 8} {
		for batch := range 9 {
			if _, got := read(config, batch); !slices.EqualFunc(got, want[batch*8:], slices.Equal) {
				t.Errorf("%d workers, from batch %d: other images", config.Workers, batch)
			}
		}
	}
	for rank := range 2 {
		config.Sampler = Share(rare(), rank, 2)
		_, part := read(config, 0)
		for k, x := range part {
			if !slices.Equal(x, want[2*k+rank]) {
				t.Errorf("process %d of two: image %d is not that of all", rank, k)
			}
		}
	}
}

// lines has examples that are no images.
type lines struct{ bars }

func (lines) Shape() []int { return []int{144} }

// tooWide has images of a side that no transform takes.
type tooWide struct{ bars }

func (tooWide) Shape() []int { return []int{1, 1, 40000} }

// A change of size that is taken back fits, and a policy may do nothing to each image.
func TestPoliciesThatFit(t *testing.T) {
	back, err := augment.Parse("pad:p=0.5+resize:height=12,width=12")
	if err != nil {
		t.Fatal(err)
	}
	for name, policy := range map[string]*augment.Policy{"back": back, "nil": {}, "mixtures alone": {Mix: []augment.BatchTransform{augment.CutMix{Alpha: 1}}}} {
		for _, err := range mustLoader(t, bars(40), LoaderConfig{Batch: 8, Augment: policy}).Batches(t.Context(), 1) {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	if _, err := NewLoader(tooWide{bars(10)}, LoaderConfig{Batch: 2, Augment: &augment.Policy{}}); err == nil {
		t.Error("images of 40,000 pixels a side, and a policy: no error")
	}
}

func TestPoliciesThatDoNotFit(t *testing.T) {
	for text, set := range map[string]Dataset{
		"resize:height=5,width=5": bars(10), "pad:p=0.5": bars(10), "oneof(hflip|pad)": bars(10), "someof:n=1(hflip|pad)": bars(10),
		"default": lines{bars(10)}, "light": tooWide{bars(10)},
	} {
		policy, err := augment.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := NewLoader(set, LoaderConfig{Batch: 2, Augment: policy}); err == nil {
			t.Errorf("%s of examples %v: no error", text, set.Shape())
		}
		if _, err := Augmented(set, policy.Each, 1, 1); err == nil {
			t.Errorf("%s of examples %v: no error", text, set.Shape())
		}
	}
}
