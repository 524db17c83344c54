package data

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

func TestNewMemory(t *testing.T) {
	set, err := NewMemory([]int{2}, []uint8{0, 255, 51, 102}, []int{1, 0}, []string{"a", "b"})
	if err != nil {
		t.Fatal(err)
	}
	x := make([]float32, 2)
	if label, err := set.Read(1, x); err != nil || label != 0 || !slices.Equal(x, []float32{0.2, 0.4}) {
		t.Errorf("example 1 is %v of class %d, %v", x, label, err)
	}
	for want, f := range map[string]func() (Dataset, error){
		"4 values for 3 labels, want 2 for each": func() (Dataset, error) {
			return NewMemory([]int{2}, make([]float32, 4), make([]int, 3), []string{"a"})
		},
		"label 1 of example 0, want one of the 1 classes": func() (Dataset, error) {
			return NewMemory([]int{2}, make([]float32, 2), []int{1}, []string{"a"})
		},
		"no classes":         func() (Dataset, error) { return NewMemory[float32]([]int{2}, nil, nil, nil) },
		"at least one value": func() (Dataset, error) { return NewMemory[float32]([]int{0}, nil, nil, []string{"a"}) },
		"a negative size":    func() (Dataset, error) { return NewMemory[float32]([]int{-1}, nil, nil, []string{"a"}) },
	} {
		if _, err := f(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

func TestNewText(t *testing.T) {
	set, err := NewText("abcåa", TextConfig{Window: 2})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(set.Classes(), []string{"a", "b", "c", "å"}) || set.Len() != 3 || !slices.Equal(set.Shape(), []int{2}) {
		t.Errorf("%d of shape %v, classes %q", set.Len(), set.Shape(), set.Classes())
	}
	x := make([]float32, 2)
	if label, _ := set.Read(1, x); label != 3 || !slices.Equal(x, []float32{1, 2}) {
		t.Errorf("example 1 is %v and then %d", x, label)
	}
	hot, err := NewText("abcåa", TextConfig{Window: 2, OneHot: true})
	if err != nil {
		t.Fatal(err)
	}
	x = slices.Repeat([]float32{7}, 8)
	if label, _ := hot.Read(2, x); label != 0 || !slices.Equal(hot.Shape(), []int{2, 4}) || !slices.Equal(x, []float32{0, 0, 1, 0, 0, 0, 0, 1}) {
		t.Errorf("example 2 is %v and then %d", x, label)
	}
	path := filepath.Join(t.TempDir(), "a.txt")
	os.WriteFile(path, []byte("ab\xff"), 0o666)
	_, short := NewText("ab", TextConfig{Window: 2})
	_, none := NewText("ab", TextConfig{})
	_, unknown := NewText("abx", TextConfig{Window: 1, Classes: []string{"a", "b"}})
	_, invalid := ReadText(path, TextConfig{Window: 1})
	for want, err := range map[string]error{
		"a text of 2 characters, want more": short, "windows of 0 characters": none, "character 2, 'x', is none of the 2 classes": unknown,
		path + ": the text is not UTF-8": invalid,
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

func FuzzNewText(f *testing.F) {
	f.Add("some text", 3, true)
	f.Add("\xff", 1, false)
	f.Fuzz(func(t *testing.T, s string, window int, oneHot bool) {
		set, err := NewText(s, TextConfig{Window: window, OneHot: oneHot})
		if err != nil || len(s) > 1000 {
			return
		}
		n := 1
		for _, d := range set.Shape() {
			n *= d
		}
		x := make([]float32, n)
		for i := range set.Len() {
			if label, err := set.Read(i, x); err != nil || label < 0 || label >= len(set.Classes()) {
				t.Errorf("example %d: label %d, %v", i, label, err)
			}
		}
	})
}

// skewed has 70 examples of class 0, 25 of class 1 and 5 of class 2, mixed.
func skewed(t *testing.T) Dataset {
	var values []float32
	var labels []int
	for i := range 100 {
		values = append(values, float32(i))
		labels = append(labels, map[bool]int{true: 0, false: 1}[i%10 < 7])
		if i%20 == 19 {
			labels[i] = 2
		}
	}
	set, err := NewMemory([]int{1}, values, labels, numbers(3))
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func numbersOf(t *testing.T, set Dataset) (index []int) {
	x := make([]float32, 1)
	for i := range set.Len() {
		if _, err := set.Read(i, x); err != nil {
			t.Fatal(err)
		}
		index = append(index, int(x[0]))
	}
	return index
}

func TestSplit(t *testing.T) {
	set := skewed(t)
	var before []int
	for seed := range uint64(3) {
		first, rest, err := Split(set, 0.3, seed)
		if err != nil {
			t.Fatal(err)
		}
		a, b := numbersOf(t, first), numbersOf(t, rest)
		if !slices.IsSorted(a) || !slices.IsSorted(b) || len(a) != 30 {
			t.Errorf("parts %v and %v are not in order, or not 30", a, b)
		}
		if all := slices.Concat(a, b); !slices.Equal(slices.Sorted(slices.Values(all)), numbersOf(t, set)) {
			t.Error("the parts are not the whole")
		}
		counts := make([]int, 3)
		labels, _ := Labels(first)
		for _, label := range labels {
			counts[label]++
		}
		if counts[0] != 21 || counts[1]+counts[2] != 9 || counts[2] < 1 || counts[2] > 2 {
			t.Errorf("classes %v, want 21, 7 or 8, 1 or 2", counts)
		}
		again, _, _ := Split(set, 0.3, seed)
		if !slices.Equal(a, numbersOf(t, again)) || slices.Equal(a, before) {
			t.Error("the same seed gives another part, or another seed the same")
		}
		before = a
	}
	for share, want := range map[float64]int{0: 0, 1: 100, 0.005: 1} {
		if first, rest, err := Split(set, share, 1); err != nil || first.Len() != want || rest.Len() != 100-want {
			t.Errorf("share %v: %d and %d examples, %v", share, first.Len(), rest.Len(), err)
		}
	}
	if _, _, err := Split(broken{100, func() (int, error) { return 0, errBroken }}, 0.5, 1); !errors.Is(err, errBroken) {
		t.Errorf("a broken set: %v", err)
	}
	defer func() {
		if recover() == nil {
			t.Error("no panic for a share of 2")
		}
	}()
	Split(set, 2, 1)
}

// Classes are drawn from apart: of two alike, other examples.
func TestSplitDrawsEachClassAnew(t *testing.T) {
	set, err := NewMemory([]int{1}, make([]float32, 100), slices.Concat(make([]int, 50), slices.Repeat([]int{1}, 50)), numbers(2))
	if err != nil {
		t.Fatal(err)
	}
	for seed := range uint64(3) {
		first, _, err := Split(Map(set, []int{1}, func(i int, dst, _ []float32) error { dst[0] = float32(i); return nil }), 0.5, seed)
		if err != nil {
			t.Fatal(err)
		}
		var places [2][]int
		for _, i := range numbersOf(t, first) {
			places[i/50] = append(places[i/50], i%50)
		}
		if len(places[0]) != 25 || slices.Equal(places[0], places[1]) {
			t.Errorf("seed %d: of both classes those at %v", seed, places[0])
		}
	}
}

func TestConcatAndRepeat(t *testing.T) {
	all, err := Concat(Subset(numbered(10), []int{3, 4}), Limit(numbered(10), 0), Repeat(Limit(numbered(10), 2), 2))
	if err != nil {
		t.Fatal(err)
	}
	want := []int{3, 4, 0, 1, 0, 1}
	if got := labelsOf(t, all); !slices.Equal(got, want) {
		t.Errorf("labels %v, want %v", got, want)
	}
	if got, err := Labels(all); err != nil || !slices.Equal(got, want) {
		t.Errorf("Labels %v, %v, want %v", got, err, want)
	}
	for want, sets := range map[string][]Dataset{
		"no sets": nil, "set 1 has examples of shape [3 2 2], want [1 2 3]": {numbered(1), coloured{1}},
		"set 1 has other classes": {numbered(1), renamed{1}},
	} {
		if _, err := Concat(sets...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("no panic for 0 times")
		}
	}()
	Repeat(numbered(1), 0)
}

type renamed struct{ numbered }

func (renamed) Classes() []string { return []string{"x"} }

func TestMap(t *testing.T) {
	set := Map(numbered(10), []int{2}, func(i int, dst, src []float32) error {
		if i == 9 {
			return errBroken
		}
		dst[0], dst[1] = src[0]*1000, float32(len(src)+len(dst))
		return nil
	})
	x := make([]float32, 3)
	if label, err := set.Read(7, x); err != nil || label != 7 || !slices.Equal(x, []float32{7, 8, 0}) || !slices.Equal(set.Shape(), []int{2}) {
		t.Errorf("example 7 is %v of class %d, %v", x, label, err)
	}
	if _, err := set.Read(9, x); !errors.Is(err, errBroken) {
		t.Errorf("error %v", err)
	}
	if labels, err := Labels(set); err != nil || len(labels) != 10 || labels[9] != 9 {
		t.Errorf("labels %v, %v", labels, err)
	}
}

// counted counts how often it is read, and fails the first time.
type counted struct {
	numbered
	reads *atomic.Int64
}

func (c counted) Read(i int, x []float32) (label int, err error) {
	if c.reads.Add(1) == 1 {
		return 0, errBroken
	}
	return c.numbered.Read(i, x)
}

func TestCacheMemory(t *testing.T) {
	set := counted{20, new(atomic.Int64)}
	cache := CacheMemory(set)
	if _, err := cache.Read(3, make([]float32, 6)); !errors.Is(err, errBroken) {
		t.Errorf("error %v", err)
	}
	for range 2 {
		var wait sync.WaitGroup
		for i := range 20 {
			wait.Go(func() {
				x := make([]float32, 6)
				if label, err := cache.Read(i, x); err != nil || label != i%10 || x[5] != float32(i)/1000 {
					t.Errorf("example %d: %v of class %d, %v", i, x, label, err)
				}
			})
		}
		wait.Wait()
	}
	if n := set.reads.Load(); n != 21 {
		t.Errorf("%d reads, want 21: each once, and one that failed", n)
	}
}

func TestCacheDisk(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cache")
	set := counted{20, new(atomic.Int64)}
	open := func(key string) {
		t.Helper()
		cache, err := CacheDisk(set, path, key)
		if err != nil {
			t.Fatal(err)
		}
		defer cache.Close()
		for i := range 20 {
			x := make([]float32, 6)
			if label, err := cache.Read(i, x); err != nil || label != i%10 || x[5] != float32(i)/1000 || cache.Label(i) != label {
				t.Errorf("example %d: %v of class %d, %v", i, x, label, err)
			}
		}
		if cache.Len() != 20 || len(cache.Shape()) != 3 || len(cache.Classes()) != 10 {
			t.Error("length, shape or classes are not the set's")
		}
	}
	if _, err := CacheDisk(set, path, "a"); !errors.Is(err, errBroken) {
		t.Errorf("error %v", err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("a file is left that was not written to its end")
	}
	want := int64(1)
	check := func(name string, written bool) {
		t.Helper()
		if written {
			want += 20
		}
		if n := set.reads.Load(); n != want {
			t.Errorf("%s: %d reads of the set, want %d", name, n, want)
			want = n
		}
	}
	open("a")
	check("new", true)
	open("a")
	check("used", false)
	open("b")
	check("another key", true)
	b, _ := os.ReadFile(path)
	for name, harm := range map[string]func([]byte) []byte{
		"cut":          func(b []byte) []byte { return b[:len(b)/2] },
		"header's cut": func(b []byte) []byte { return b[:20] },
		"a bit":        func(b []byte) []byte { b[len(b)/2] ^= 1; return b },
		"longer":       func(b []byte) []byte { return append(b, 0) },
		"empty":        func([]byte) []byte { return nil },
	} {
		os.WriteFile(path, harm(slices.Clone(b)), 0o666)
		open("b")
		check(name, true)
	}
	os.WriteFile(path, []byte("a letter to my aunt, which nobody should write over"), 0o666)
	if _, err := CacheDisk(set, path, "b"); err == nil || !strings.HasPrefix(err.Error(), path+": no cache of examples") {
		t.Errorf("another file: %v", err)
	}
	if b, _ := os.ReadFile(path); !strings.HasPrefix(string(b), "a letter") {
		t.Error("another file was written over")
	}
}
