package data

import (
	archive "archive/zip"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/mlodyssey/odyssey/tensor"
)

// ReadNPZ reads arrays of an archive as numpy.savez and savez_compressed write
// them, by name: those among names, or all where there are none. Each is read as
// [ReadNPY] does.
func ReadNPZ(r io.ReaderAt, size int64, names ...string) (map[string]*tensor.Tensor, error) {
	files, err := archive.NewReader(r, size)
	if err != nil {
		return nil, fmt.Errorf("no archive of NumPy arrays: %w", err)
	}
	arrays := map[string]*tensor.Tensor{}
	for _, file := range files.File {
		name, ok := strings.CutSuffix(file.Name, ".npy")
		if !ok || len(names) > 0 && !slices.Contains(names, name) {
			continue
		}
		if _, ok := arrays[name]; ok {
			return nil, fmt.Errorf("array %.40q is there twice", name)
		}
		if arrays[name], err = readEntry(file); err != nil {
			return nil, fmt.Errorf("array %.40q: %w", name, err)
		}
	}
	return arrays, nil
}

func readEntry(file *archive.File) (*tensor.Tensor, error) {
	f, err := file.Open()
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return ReadNPY(f)
}

// ReadNPZFile reads a file as ReadNPZ does.
func ReadNPZFile(path string, names ...string) (map[string]*tensor.Tensor, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	arrays, err := ReadNPZ(f, info.Size(), names...)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return arrays, nil
}

func hasNPZ(l listing) bool { return l.hasTable(".npz") }

func openNPZ(l listing, split string, s settings) (Dataset, []string, error) {
	path, whole, err := l.splitFile(split, ".npz")
	if err != nil {
		return nil, nil, err
	}
	arrays, err := ReadNPZFile(path, "x", "y", "x_train", "y_train", "x_test", "y_test")
	if err != nil {
		return nil, nil, err
	}
	x, y, both := arrays["x"], arrays["y"], arrays["y"]
	if whole && x == nil {
		x, y = arrays["x_"+split], arrays["y_"+split]
		both, whole = arrays["y_"+map[string]string{"train": "test", "test": "train"}[split]], false
	} else if !whole {
		if both, err = l.otherLabelsNPZ(split); err != nil {
			return nil, nil, err
		}
	}
	if x == nil || y == nil {
		return nil, nil, fmt.Errorf("%s: want arrays x and y, or x_train, y_train, x_test and y_test", path)
	}
	set, err := newArrays(x, y, both, l)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	if whole {
		set, err = s.part(set, split)
	}
	return set, []string{path}, err
}

// otherLabelsNPZ returns the labels of the other split's file, nil without one.
func (l listing) otherLabelsNPZ(split string) (*tensor.Tensor, error) {
	other := map[string]string{"train": "test.npz", "test": "train.npz"}[split]
	if !l.has(other) {
		return nil, nil
	}
	arrays, err := ReadNPZFile(l.path(other), "y")
	return arrays["y"], err
}

// newArrays makes a set of arrays: examples x, labels y, and labels of the other split,
// which may be nil, for the number of classes.
func newArrays(x, y, other *tensor.Tensor, l listing) (Dataset, error) {
	labels, err := labelsOfArray(y)
	if err != nil {
		return nil, err
	}
	all := labels
	if other != nil {
		more, err := labelsOfArray(other)
		if err != nil {
			return nil, err
		}
		all = slices.Concat(labels, more)
	}
	if len(labels) == 0 || x.Rank() < 2 || x.Shape()[0] != len(labels) {
		return nil, fmt.Errorf("x of shape %v and y of shape %v: want an example and more axes for each label", x.Shape(), y.Shape())
	}
	classes := numbers(slices.Max(all) + 1)
	if l.has(classesFile) {
		if classes, err = readNames(l.path(classesFile), len(classes)); err != nil {
			return nil, err
		}
	}
	x = channelsFirst(x)
	if x.DType() == tensor.Uint8 {
		return NewMemory(x.Shape()[1:], tensor.Data[uint8](x), labels, classes)
	}
	return NewMemory(x.Shape()[1:], tensor.Data[float32](x.Convert(tensor.Float32)), labels, classes)
}

// labelsOfArray returns whole numbers of shape [n] or [n, 1].
func labelsOfArray(y *tensor.Tensor) ([]int, error) {
	if y.Rank() == 0 || y.Rank() > 2 || y.Rank() == 2 && y.Shape()[1] != 1 || y.DType().IsFloat() {
		return nil, fmt.Errorf("y is %v, want whole numbers of shape [n]", y.Spec())
	}
	labels := make([]int, y.Len())
	for i, v := range tensor.Data[int64](y.Convert(tensor.Int64)) {
		if v < 0 || v >= 1<<16 {
			return nil, fmt.Errorf("y has %d for example %d, want a label from 0 to %d", v, i, 1<<16-1)
		}
		labels[i] = int(v)
	}
	return labels, nil
}

// channelsFirst makes images [n channels height width] of those without
// channels, [n height width], and with channels last.
func channelsFirst(x *tensor.Tensor) *tensor.Tensor {
	s := x.Shape()
	isColour := func(n int) bool { return n == 1 || n == 3 }
	switch {
	case len(s) == 3:
		return x.Reshape(s[0], 1, s[1], s[2])
	case len(s) == 4 && !isColour(s[1]) && isColour(s[3]):
		return x.Permute(0, 3, 1, 2).Contiguous()
	}
	return x
}
