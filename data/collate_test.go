package data

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/mlodyssey/odyssey/augment"
	"github.com/mlodyssey/odyssey/internal/parallel"
	"github.com/mlodyssey/odyssey/tensor"
)

// soft writes labels as rows of the classes' weights, and leaves a batch the upper half of its images.
func soft(b *Batch) error {
	n := b.Labels.Shape()[0]
	rows := tensor.New(tensor.Float32, n, 3)
	for k, label := range tensor.Data[int64](b.Labels) {
		row, weight := tensor.Data[float32](rows)[3*k:][:3], tensor.Data[float32](b.Weights)[k]
		row[label] += weight
		row[tensor.Data[int64](b.Others)[k]] += 1 - weight
	}
	b.Labels = rows
	b.Images = b.Images.Slice(2, 0, 6).Contiguous()
	return nil
}

// Collate finds a batch mixed and normalised, whoever fills it, and what it makes is the same for any
// number of workers and where an epoch goes on in the middle.
func TestCollatedBatchesDependOnTheirPlaceAlone(t *testing.T) {
	policy, err := augment.Parse("noise+mixup:alpha=1")
	if err != nil {
		t.Fatal(err)
	}
	read := func(workers, first int, collate func(*Batch) error) (all []Batch) {
		c := LoaderConfig{Batch: 16, Shuffle: true, Seed: 3, Mean: []float32{0.1}, Std: []float32{0.3}, Augment: policy, Collate: collate, Workers: workers}
		for b, err := range mustLoader(t, bars(90), c).BatchesFrom(t.Context(), 2, first) {
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, Batch{Images: b.Images.Clone(), Labels: b.Labels.Clone(), Others: b.Others.Clone(), Weights: b.Weights.Clone()})
		}
		return all
	}
	same := func(a, b Batch) bool { return a.Images.Equal(b.Images) && a.Labels.Equal(b.Labels) }
	var want []Batch
	for _, b := range read(0, 0, nil) { // done after the loader, instead of within it
		if err := soft(&b); err != nil {
			t.Fatal(err)
		}
		want = append(want, b)
	}
	if got := fmt.Sprint(want[5].Images.Spec(), want[5].Labels.Spec()); got != "float32[10 1 6 12] float32[10 3]" {
		t.Fatalf("the last batch is %s", got)
	}
	for _, workers := range []int{0, 1, 2, 8} {
		for first := range 7 {
			if got := read(workers, first, soft); !slices.EqualFunc(got, want[first:], same) {
				t.Errorf("%d workers, from batch %d: other batches", workers, first)
			}
		}
	}
}

// What Collate puts in a batch's place is gone with it: the next one in that memory begins anew.
func TestCollateKnowsThePlaceOfABatch(t *testing.T) {
	for _, workers := range []int{0, 3} {
		c := LoaderConfig{Batch: 4, Workers: workers, Collate: func(b *Batch) error {
			if b.Images.Shape()[0] != len(b.Index) || b.Index[0] != 4*b.Number {
				return fmt.Errorf("%v of examples %v", b.Images.Shape(), b.Index)
			}
			b.Images, b.Index = tensor.Full(tensor.Float32, float64(b.Number), 1), []int{b.Epoch}
			return nil
		}}
		number := 0
		for b, err := range mustLoader(t, numbered(50), c).Batches(t.Context(), 7) {
			if err != nil {
				t.Fatal(err)
			}
			if tensor.At[float32](b.Images, 0) != float32(number) || b.Index[0] != 7 || b.Number != number || b.Epoch != 7 {
				t.Errorf("batch %d is %v, number %d of epoch %v", number, b.Images, b.Number, b.Index)
			}
			number++
		}
		if number != 13 {
			t.Errorf("%d batches, want 13", number)
		}
	}
}

func TestLoaderPassesOnFailuresOfCollate(t *testing.T) {
	cause := errors.New("too long")
	for _, workers := range []int{0, 1, 4} {
		synctest.Test(t, func(t *testing.T) {
			n := 0
			var last error
			c := LoaderConfig{Batch: 8, Workers: workers, Collate: func(b *Batch) error {
				if b.Number >= 2 {
					return cause
				}
				return nil
			}}
			for b, err := range mustLoader(t, numbered(100), c).Batches(t.Context(), 5) {
				if n, last = n+1, err; err != nil && b != nil {
					t.Error("a batch beside the error")
				}
			}
			if n != 3 || !errors.Is(last, cause) || last.Error() != "batch 2 of epoch 5: collate: too long" {
				t.Errorf("%d workers: %d iterations, the last with %v", workers, n, last)
			}
		})
	}
}

// A batch that cannot be read is not collated.
func TestCollateFollowsReading(t *testing.T) {
	c := LoaderConfig{Batch: 8, Collate: func(b *Batch) error {
		if b.Number > 1 {
			t.Errorf("batch %d is collated", b.Number)
		}
		return nil
	}}
	set := broken{100, func() (int, error) { return 0, errors.New("disk on fire") }}
	for _, err := range mustLoader(t, set, c).Batches(t.Context(), 0) {
		if err != nil && err.Error() != "example 20: disk on fire" {
			t.Error(err)
		}
	}
}

func TestLoaderPassesOnPanicsOfCollate(t *testing.T) {
	for _, workers := range []int{0, 2} {
		func() {
			defer func() {
				p, ok := recover().(*parallel.Panic)
				if !ok || p.Value != "not my kind of batch" || !strings.Contains(string(p.Stack), "TestLoaderPassesOnPanicsOfCollate") {
					t.Errorf("%d workers: recovered %v", workers, p)
				}
			}()
			c := LoaderConfig{Batch: 8, Workers: workers, Collate: func(*Batch) error { panic("not my kind of batch") }}
			for range mustLoader(t, numbered(100), c).Batches(t.Context(), 0) {
				t.Error("a batch")
			}
			t.Error("no panic")
		}()
	}
}
