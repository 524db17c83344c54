package data

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// The real set is no part of this repository: it is looked for beside it.
func realEMNIST(t *testing.T) (dir string) {
	t.Helper()
	dir = filepath.Join("..", "..", "shared", "data", "emnist")
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("EMNIST ByMerge is not there to be read: %v", err)
	}
	return dir
}

func TestRealEMNIST(t *testing.T) {
	dir := realEMNIST(t)
	for _, c := range []struct {
		split string
		count int
		mean  string // of all pixels
		first string // SHA-256 of the first 100 images, upright, as bytes, each followed by its label
	}{
		{"train", 98000, "0.173458", "abc7e0b1444686a5b3641ac72da43f628b89094fc6d4ed891007de1a8ace0859"},
		{"test", 17023, "0.174177", "bb5119d252ae5530a1ef0c610d8b885a0b9bed7ade2b86708aba49cec1afd2a6"},
	} {
		set, err := OpenDir(dir, c.split)
		if err != nil {
			t.Fatal(err)
		}
		if set.Len() != c.count || fmt.Sprint(set.Shape()) != "[1 28 28]" || len(set.Classes()) != 47 {
			t.Errorf("%s: %d examples of shape %v in %d classes", c.split, set.Len(), set.Shape(), len(set.Classes()))
		}
		hash := sha256.New()
		x := make([]float32, 28*28)
		for i := range 100 {
			label, err := set.Read(i, x)
			if err != nil {
				t.Fatal(err)
			}
			for _, v := range x {
				hash.Write([]byte{uint8(v*255 + 0.5)})
			}
			hash.Write([]byte{uint8(label)})
		}
		sum := int64(0)
		for _, p := range set.(*images).pixels {
			sum += int64(p)
		}
		if mean := fmt.Sprintf("%.6f", float64(sum)/255/float64(len(x)*set.Len())); mean != c.mean {
			t.Errorf("%s: mean pixel %s, want %s", c.split, mean, c.mean)
		}
		if first := fmt.Sprintf("%x", hash.Sum(nil)); first != c.first {
			t.Errorf("%s: the first images are %s, want %s", c.split, first, c.first)
		}
	}
}

// Debian's package of Fashion-MNIST.
func TestRealFashionMNIST(t *testing.T) {
	dir := filepath.Join("/", "usr", "share", "datasets", "fashion-mnist")
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("Fashion-MNIST is not there to be read: %v", err)
	}
	for split, want := range map[string]int{"train": 6000, "test": 1000} {
		set, err := OpenDir(dir, split)
		if err != nil {
			t.Fatal(err)
		}
		labels, err := Labels(set)
		if err != nil {
			t.Fatal(err)
		}
		counts := map[string]int{}
		for _, label := range labels {
			counts[set.Classes()[label]]++
		}
		if len(counts) != 10 || counts["Ankle boot"] != want || counts["T-shirt/top"] != want {
			t.Errorf("%s: %v, want %d of each", split, counts, want)
		}
	}
}
