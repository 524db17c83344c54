package data

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// cifar makes records; pixel k of image i is i+k.
func cifar(labels ...[]uint8) (file []byte) {
	for i, label := range labels {
		file = append(file, label...)
		for k := range cifarPixels {
			file = append(file, uint8(i+k))
		}
	}
	return file
}

func readBytes(t *testing.T, set Dataset, i int) (pixels []uint8, label int) {
	t.Helper()
	n := 1
	for _, d := range set.Shape() {
		n *= d
	}
	x := make([]float32, n)
	label, err := set.Read(i, x)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range x {
		pixels = append(pixels, uint8(v*255+0.5))
	}
	return pixels, label
}

func TestOpenCIFAR(t *testing.T) {
	ten := write(t, map[string][]byte{
		"data_batch_2.bin": cifar([]uint8{3}), "data_batch_1.bin": cifar([]uint8{9}, []uint8{0}),
		"test_batch.bin": cifar([]uint8{1}), "readme.html": {1},
	})
	hundred := write(t, map[string][]byte{"train.bin": cifar([]uint8{4, 0}, []uint8{19, 99}), "test.bin": cifar([]uint8{1, 2})})
	for _, c := range []struct {
		dir, split string
		labels     []int
		classes    int
		first      string
	}{
		{ten, "train", []int{9, 0, 3}, 10, "airplane"},
		{ten, "test", []int{1}, 10, "airplane"},
		{hundred, "train", []int{0, 99}, 100, "apple"},
		{hundred + ":labels=coarse", "train", []int{4, 19}, 20, "aquatic_mammals"},
		{hundred, "test", []int{2}, 100, "apple"},
	} {
		set, err := OpenDir(c.dir, c.split)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(set.Shape(), []int{3, 32, 32}) || len(set.Classes()) != c.classes || set.Classes()[0] != c.first {
			t.Errorf("%s: shape %v, %d classes from %s", c.dir, set.Shape(), len(set.Classes()), set.Classes()[0])
		}
		labels, err := Labels(set)
		if err != nil || !slices.Equal(labels, c.labels) {
			t.Errorf("%s: labels %v, %v, want %v", c.dir, labels, err, c.labels)
		}
	}
	set, err := OpenDir(ten, "train")
	if err != nil {
		t.Fatal(err)
	}
	if pixels, label := readBytes(t, set, 1); label != 0 || !bytes.Equal(pixels, cifar([]uint8{9}, []uint8{0})[3074:]) {
		t.Errorf("image 1 is of class %d or has other pixels", label)
	}
}

func TestCIFARClassesHaveNames(t *testing.T) {
	for want, classes := range map[int][]string{10: cifar10Classes, 20: cifar100Coarse, 100: cifar100Fine} {
		sorted := slices.Clone(classes)
		slices.Sort(sorted)
		if len(slices.Compact(sorted)) != want {
			t.Errorf("%d different names, want %d", len(slices.Compact(sorted)), want)
		}
		if want > 10 && !slices.Equal(sorted[:len(classes)], classes) {
			t.Error("CIFAR-100's classes are in alphabetical order")
		}
	}
	names := strings.Repeat("x", 3) + "\nb\nc\nd\ne\nf\ng\nh\ni\nj\n\n"
	set, err := OpenDir(write(t, map[string][]byte{"data_batch_1.bin": cifar([]uint8{0}), "batches.meta.txt": []byte(names)}), "train")
	if err != nil || set.Classes()[0] != "xxx" {
		t.Errorf("%v: the file's names are not used", err)
	}
}

func TestOpenCIFARRefuses(t *testing.T) {
	good := cifar([]uint8{1})
	for name, c := range map[string]struct {
		files map[string][]byte
		want  string
	}{
		"cut":        {map[string][]byte{"data_batch_1.bin": good[:3000]}, "/data_batch_1.bin: 3000 bytes, want records of 3073"},
		"empty":      {map[string][]byte{"data_batch_1.bin": {}}, "/data_batch_1.bin: empty, want records of images"},
		"label":      {map[string][]byte{"data_batch_1.bin": cifar([]uint8{10})}, "/data_batch_1.bin: label 10 of image 0, want one of 10 classes"},
		"no split":   {map[string][]byte{"test_batch.bin": good}, ": no train images, want a file such as data_batch_1.bin"},
		"few names":  {map[string][]byte{"data_batch_1.bin": good, "batches.meta.txt": []byte("a\nb")}, "/batches.meta.txt: 2 classes, want 10"},
		"a gap":      {map[string][]byte{"data_batch_1.bin": good, "data_batch_3.bin": good}, ": no file data_batch_2.bin, want all from data_batch_1.bin on"},
		"the first":  {map[string][]byte{"data_batch_2.bin": good}, ": no file data_batch_1.bin, want all from data_batch_1.bin on"},
		"same names": {map[string][]byte{"data_batch_1.bin": good, "batches.meta.txt": []byte("a\na")}, `/batches.meta.txt: line 2: class "a" is there already, want each once`},
	} {
		dir := write(t, c.files)
		if _, err := OpenDir(dir, "train"); err == nil || err.Error() != dir+c.want {
			t.Errorf("%s: error %v, want DIR%s", name, err, c.want)
		}
	}
}

func TestCIFAR10HasNoCoarseLabels(t *testing.T) {
	dir := write(t, map[string][]byte{"data_batch_1.bin": cifar([]uint8{1})})
	for setting, want := range map[string]string{
		"labels=coarse": `setting "labels" does nothing here: CIFAR-10 has one label for each image`, "labels=x": "labels=x: want fine or coarse",
	} {
		if _, err := OpenDir(dir+":"+setting, "train"); err == nil || err.Error() != dir+": "+want {
			t.Errorf("%s: %v, want %q", setting, err, want)
		}
	}
}

func FuzzReadCIFAR(f *testing.F) {
	f.Add(cifar([]uint8{1}), uint8(1))
	f.Add(cifar([]uint8{1, 2}, []uint8{3, 4}), uint8(2))
	f.Add(cifar([]uint8{1})[:99], uint8(1))
	f.Fuzz(func(t *testing.T, file []byte, labels uint8) {
		n := 1 + int(labels%2)
		pixels, label, err := ReadCIFAR(bytes.NewReader(file), n)
		if err != nil {
			return
		}
		if len(pixels)+len(label) != len(file) || len(pixels)/cifarPixels*n != len(label) {
			t.Error(fmt.Sprint(len(pixels), " pixels and ", len(label), " labels of ", len(file), " bytes"))
		}
	})
}
