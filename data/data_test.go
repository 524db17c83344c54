package data

import (
	"slices"
	"testing"
)

// numbered is a set whose example i is filled with i/1000 and labelled i%10.
type numbered int

func (n numbered) Len() int          { return int(n) }
func (n numbered) Shape() []int      { return []int{1, 2, 3} }
func (n numbered) Classes() []string { return numbers(10) }

func (n numbered) Read(i int, x []float32) (label int, err error) {
	for j := range x[:6] {
		x[j] = float32(i) / 1000
	}
	return i % 10, nil
}

func labelsOf(t *testing.T, set Dataset) (labels []int) {
	t.Helper()
	for i := range set.Len() {
		label, err := set.Read(i, make([]float32, 6))
		if err != nil {
			t.Fatal(err)
		}
		labels = append(labels, label)
	}
	return labels
}

func TestSubsetKeepsItsOrder(t *testing.T) {
	set := Subset(numbered(10), []int{7, 0, 7, 3})
	if got := labelsOf(t, set); !slices.Equal(got, []int{7, 0, 7, 3}) {
		t.Errorf("labels %v", got)
	}
	if len(set.Classes()) != 10 || len(set.Shape()) != 3 {
		t.Errorf("classes %v, shape %v are not the whole set's", set.Classes(), set.Shape())
	}
	for _, i := range []int{-1, 10} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("no panic for index %d", i)
				}
			}()
			Subset(numbered(10), []int{i})
		}()
	}
}

// A limit by classes has each class's share of the examples, in their order.
func TestLimitStratified(t *testing.T) {
	sorted := slices.Concat(slices.Repeat([]int{0}, 6), slices.Repeat([]int{1}, 3), []int{2}) // 6, 3 and 1 of 10
	for n, want := range map[int][]int{
		0: {}, 1: {0}, 2: {0, 6}, 3: {0, 1, 6}, 5: {0, 1, 2, 6, 7}, 6: {0, 1, 2, 3, 6, 7}, 9: {0, 1, 2, 3, 4, 6, 7, 8, 9}, 10: {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, 11: {0, 1, 2, 3, 4, 5, 6, 7, 8, 9},
	} {
		set, err := NewMemory([]int{1}, []float32{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, sorted, []string{"a", "b", "c", "none"})
		if err != nil {
			t.Fatal(err)
		}
		limited, err := LimitStratified(set, n)
		if err != nil {
			t.Fatal(err)
		}
		got, x := []int{}, make([]float32, 1)
		for i := range limited.Len() {
			if _, err := limited.Read(i, x); err != nil {
				t.Fatal(err)
			}
			got = append(got, int(x[0]))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%d examples are %v, want %v", n, got, want)
		}
	}
}

func TestLimitTakesTheFirst(t *testing.T) {
	if got := labelsOf(t, Limit(numbered(10), 3)); !slices.Equal(got, []int{0, 1, 2}) {
		t.Errorf("labels %v", got)
	}
	for _, n := range []int{10, 11} {
		if got := Limit(numbered(10), n); got != Dataset(numbered(10)) {
			t.Errorf("Limit %d of 10 is %v, want the set itself", n, got)
		}
	}
}
