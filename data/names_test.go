package data

import (
	"encoding/binary"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// An image a label, all of one pixel.
func idxSet(prefix string, labels ...uint8) map[string][]byte {
	n := len(labels)
	return map[string][]byte{
		prefix + "train-images-idx3-ubyte": encodeIDX(make([]uint8, n), n, 1, 1),
		prefix + "train-labels-idx1-ubyte": encodeIDX(labels, n),
	}
}

func TestEMNISTsSplitsHaveTheirClasses(t *testing.T) {
	for split, c := range map[string]struct {
		count       int
		first, last uint8 // labels
		names       string
	}{
		"balanced": {47, 0, 46, "0t"}, "bymerge": {47, 0, 46, "0t"}, "byclass": {62, 0, 61, "0z"},
		"letters": {26, 1, 26, "AZ"}, "digits": {10, 0, 9, "09"}, "mnist": {10, 0, 9, "09"},
	} {
		set, err := OpenDir(write(t, idxSet("emnist-"+split+"-", c.first, c.last)), "train")
		if err != nil {
			t.Fatal(err)
		}
		labels, _ := Labels(set)
		classes := set.Classes()
		if len(classes) != c.count || classes[labels[0]]+classes[labels[1]] != c.names {
			t.Errorf("%s: %d classes, labels %v", split, len(classes), labels)
		}
		dir := write(t, idxSet("emnist-"+split+"-", c.last+1))
		if _, err := OpenDir(dir, "train"); err == nil || !strings.Contains(err.Error(), "is not among the mapping's") {
			t.Errorf("%s: label %d: %v", split, c.last+1, err)
		}
	}
}

func TestSetsKnownByTheirDirectory(t *testing.T) {
	for name, want := range map[string]string{"fashion-mnist": "T-shirt/top", "FashionMNIST": "T-shirt/top", "kmnist": "o", "mnist": "0"} {
		dir := filepath.Join(t.TempDir(), name)
		os.Mkdir(dir, 0o777)
		for file, b := range idxSet("", 0, 9) {
			os.WriteFile(filepath.Join(dir, file), b, 0o666)
		}
		set, err := OpenDir(dir, "train")
		if err != nil || len(set.Classes()) != 10 || set.Classes()[0] != want {
			t.Errorf("%s: %v, %v", name, set, err)
		}
		t.Chdir(dir)
		if here, err := OpenDir(".", "train"); err != nil || here.Classes()[0] != want {
			t.Errorf("%s from within: %v", name, err)
		}
		os.WriteFile(filepath.Join(dir, "classes.txt"), []byte("x\ny\nz\n1\n2\n3\n4\n5\n6\n7\n"), 0o666)
		if set, err := OpenDir(dir, "train"); err != nil || set.Classes()[2] != "z" {
			t.Errorf("%s with classes.txt: %v", name, err)
		}
		t.Chdir(t.TempDir())
	}
}

func TestClassesFileRefuses(t *testing.T) {
	for content, want := range map[string]string{
		"":                               "no classes",
		"a\n\nb\n":                       "line 2 is empty",
		"a\na\n":                         `line 2: class "a" is there already`,
		strings.Repeat("x\n", 2):         `line 2: class "x"`,
		"only\n":                         "label 9 of example 1 is not among the mapping's 1 classes",
		strings.Join(numbers(300), "\n"): "more than 256 lines",
	} {
		files := idxSet("", 0, 9)
		files["classes.txt"] = []byte(content)
		if _, err := OpenDir(write(t, files), "train"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.20q: %v, want %q", content, err, want)
		}
	}
}

func qmnistLabels(rows ...[]uint32) []byte {
	b := []byte{0, 0, idxInt32, 2}
	b = binary.BigEndian.AppendUint32(b, uint32(len(rows)))
	b = binary.BigEndian.AppendUint32(b, uint32(len(rows[0])))
	for _, row := range rows {
		for _, v := range row {
			b = binary.BigEndian.AppendUint32(b, v)
		}
	}
	return b
}

func TestOpenDirOfQMNIST(t *testing.T) {
	files := map[string][]byte{
		"qmnist-train-images-idx3-ubyte": someImages, "qmnist-train-labels-idx2-int.gz": zip(qmnistLabels([]uint32{5, 9, 9}, []uint32{0, 9, 9})),
		"qmnist-test-images-idx3-ubyte": someImages, "qmnist-test-labels-idx2-int": qmnistLabels([]uint32{7, 9, 9}, []uint32{1, 9, 9}),
	}
	for split, want := range map[string][]int{"train": {5, 0}, "test": {7, 1}} {
		set, err := OpenDir(write(t, files), split)
		if err != nil {
			t.Fatal(err)
		}
		if labels, _ := Labels(set); !slices.Equal(labels, want) || len(set.Classes()) != 8 {
			t.Errorf("%s: labels %v, %d classes, want both splits' 8", split, labels, len(set.Classes()))
		}
	}
	for want, labels := range map[string][]byte{
		"label 256 of example 1, want at most 255":       qmnistLabels([]uint32{5}, []uint32{256}),
		"the header says [2 0], want at least one":       qmnistLabels([]uint32{}, []uint32{}),
		"the header says [2 1], 8 bytes of data: cut":    qmnistLabels([]uint32{5}, []uint32{1})[:17],
		"magic 0x00000801, want 0x00000c02: IDX, 32-bit": someLabels,
	} {
		files["qmnist-train-labels-idx2-int.gz"] = labels
		if _, err := OpenDir(write(t, files), "train"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

func TestOpenDirSaysWhatItLooksFor(t *testing.T) {
	for _, files := range []map[string][]byte{{}, {"notes.txt": {1}, "sub/notes.txt": {1}}} {
		dir := tree(t, files)
		_, err := OpenDir(dir, "train")
		if err == nil || !strings.HasPrefix(err.Error(), dir+": no data set, want files ") {
			t.Fatalf("error %v", err)
		}
		for _, want := range []string{"*train-images-idx3-ubyte[.gz]", "data_batch_*.bin", "train.bin", "train.npz", "train.csv", "folder of PNG or JPEG images for each class", "or train.txt"} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("error %v, want %q too", err, want)
			}
		}
	}
	if _, err := OpenDir(write(t, idxSet("", 1))+":size=3", "train"); err == nil || !strings.Contains(err.Error(), `setting "size": IDX files have none`) {
		t.Errorf("a setting of another format: %v", err)
	}
}

func FuzzReadClasses(f *testing.F) {
	f.Add("a\nb\n\n")
	f.Add("0 48\n1 65 97\n")
	f.Fuzz(func(t *testing.T, file string) {
		for _, read := range []func(io.Reader) (*mapping, error){readMapping, readClasses} {
			m, err := read(strings.NewReader(file))
			if err != nil {
				if strings.Contains(err.Error(), "\n") {
					t.Errorf("an error of several lines: %q", err)
				}
				continue
			}
			if len(m.classes) == 0 || len(m.classes) != len(m.class) {
				t.Errorf("%d classes, %d labels", len(m.classes), len(m.class))
			}
		}
	})
}
