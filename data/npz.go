package data

import (
	archive "archive/zip"
	"fmt"
	"io"
	"math"
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
	scale, err := s.number("scale", 0)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", l.dir, err)
	}
	path, whole, err := l.splitFile(split, ".npz")
	if err != nil {
		return nil, nil, err
	}
	a, err := readArrays(l, path, split, whole)
	if err != nil {
		return nil, nil, err
	}
	set, err := a.set(l, s, float32(scale))
	switch {
	case err != nil:
	case a.whole:
		set, err = s.part(set, split)
	default:
		err = s.unused("the arrays are split already", "share", "seed")
	}
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	return set, []string{path}, nil
}

// arrays are those of a split, or of a set that is to be split.
type arrays struct {
	x, y  *tensor.Tensor
	other *tensor.Tensor // the labels of the other split, for the number of classes; nil: there is none
	whole bool           // to be split
}

var otherSplit = map[string]string{"train": "test", "test": "train"}

// readArrays reads a split's own file, or the only one, which may have arrays for each split.
func readArrays(l listing, path, split string, only bool) (a arrays, err error) {
	found, err := ReadNPZFile(path, "x", "y", "x_train", "y_train", "x_test", "y_test")
	if err != nil {
		return a, err
	}
	switch {
	case !only:
		a = arrays{x: found["x"], y: found["y"]}
		a.other, err = l.otherLabelsNPZ(split)
	case found["x"] == nil:
		a = arrays{x: found["x_"+split], y: found["y_"+split], other: found["y_"+otherSplit[split]]}
	default:
		a = arrays{x: found["x"], y: found["y"], whole: true}
	}
	if err == nil && (a.x == nil || a.y == nil) {
		err = fmt.Errorf("%s: want arrays x and y, or x_train, y_train, x_test and y_test", path)
	}
	return a, err
}

// otherLabelsNPZ returns the labels of the other split's file, nil without one.
func (l listing) otherLabelsNPZ(split string) (*tensor.Tensor, error) {
	other := otherSplit[split] + ".npz"
	if !l.has(other) {
		return nil, nil
	}
	arrays, err := ReadNPZFile(l.path(other), "y")
	return arrays["y"], err
}

// set makes examples of the arrays. A scale of 0 stands for none.
func (a arrays) set(l listing, s settings, scale float32) (Dataset, error) {
	labels, err := labelsOfArray(a.y)
	if err != nil {
		return nil, err
	}
	if len(labels) == 0 || a.x.Rank() < 2 || a.x.Shape()[0] != len(labels) {
		return nil, fmt.Errorf("x of shape %v and y of shape %v: want an example and more axes for each label", a.x.Shape(), a.y.Shape())
	}
	classes, err := a.classes(l, labels)
	if err != nil {
		return nil, err
	}
	x, err := channelsFirst(a.x, s)
	if err != nil {
		return nil, err
	}
	shape := x.Shape()[1:]
	if x.DType() == tensor.Uint8 && (scale == 0 || scale == math.MaxUint8) {
		return NewMemory(shape, tensor.Data[uint8](x), labels, classes)
	}
	values := tensor.Data[float32](x.Convert(tensor.Float32))
	if err := divide(values, shape, scale); err != nil {
		return nil, err
	}
	return NewMemory(shape, values, labels, classes)
}

// classes returns the names in classes.txt, which may name some that have no examples, or else
// numbers up to the largest label of both splits.
func (a arrays) classes(l listing, labels []int) ([]string, error) {
	n := slices.Max(labels) + 1
	if a.other != nil {
		more, err := labelsOfArray(a.other)
		if err != nil {
			return nil, err
		}
		for _, label := range more {
			n = max(n, label+1)
		}
	}
	if !l.has(ClassesFile) {
		return numbers(n), nil
	}
	names, err := readNames(l.path(ClassesFile), maxLabels)
	if err == nil && len(names) < n {
		err = fmt.Errorf("%s: %d classes, want at least %d: a line for each label from 0", l.path(ClassesFile), len(names), n)
	}
	return names, err
}

// maxLabels bounds the labels of an array, as all classes up to the largest have names.
const maxLabels = 1 << 16

// divide divides values by a scale. Without one, 0, those of images must be what networks
// learn from, for 0 to 255 would be learnt from without a word, and badly.
func divide(values []float32, shape []int, scale float32) error {
	if scale == 0 {
		return checkPixels(values, shape)
	}
	for i := range values {
		values[i] /= scale
	}
	return nil
}

func checkPixels(values []float32, shape []int) error {
	if len(shape) != 3 || len(values) == 0 {
		return nil
	}
	if lo, hi := slices.Min(values), slices.Max(values); lo < 0 || hi > 1 {
		return fmt.Errorf("values from %v to %v in images of shape %v, want them in [0, 1]: the setting scale=255 divides bytes, and scale=1 takes values as they are", lo, hi, shape)
	}
	return nil
}

// labelsOfArray returns whole numbers of shape [n] or [n, 1].
func labelsOfArray(y *tensor.Tensor) ([]int, error) {
	if y.Rank() == 0 || y.Rank() > 2 || y.Rank() == 2 && y.Shape()[1] != 1 || y.DType().IsFloat() {
		return nil, fmt.Errorf("y is %v, want whole numbers of shape [n]", y.Spec())
	}
	labels := make([]int, y.Len())
	for i, v := range tensor.Data[int64](y.Convert(tensor.Int64)) {
		if v < 0 || v >= maxLabels {
			return nil, fmt.Errorf("y has %d for example %d, want a label from 0 to %d", v, i, maxLabels-1)
		}
		labels[i] = int(v)
	}
	return labels, nil
}

// channelsFirst makes images [n channels height width] of those without
// channels, [n height width], and with one or three channels last. Four channels last are an error.
// With the setting channels=first, four axes stay as they are.
func channelsFirst(x *tensor.Tensor, s settings) (*tensor.Tensor, error) {
	shape := x.Shape()
	first, err := s.choice("channels", "", "first")
	switch {
	case err != nil:
		return nil, err
	case !looksChannelsLast(shape):
		if len(shape) == 3 {
			x = x.Reshape(shape[0], 1, shape[1], shape[2])
		}
		return x, s.unused(fmt.Sprintf("x of shape %v does not look like images with channels last", shape), "channels")
	case first != "":
		return x, nil
	case shape[3] == 4:
		return nil, fmt.Errorf("x of shape %v looks like images with transparency, four channels last: want one or three, such as x[..., :3], or the setting channels=first if the %d are the channels", shape, shape[1])
	}
	return x.Permute(0, 3, 1, 2).Contiguous(), nil
}

// looksChannelsLast reports whether the last of four axes is as long as images have channels, and the
// others are not.
func looksChannelsLast(shape []int) bool {
	isColour := func(n int) bool { return n == 1 || n == 3 }
	if len(shape) != 4 || isColour(shape[1]) {
		return false
	}
	return isColour(shape[3]) || shape[3] == 4 && shape[1] != 4 && shape[2] != 4
}
