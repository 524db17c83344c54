package data

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// write makes a directory of the files.
func write(t *testing.T, files map[string][]byte) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// Two images of two rows and three columns, and their labels.
var (
	someImages = encodeIDX(sequence(12), 2, 2, 3)
	someLabels = encodeIDX([]uint8{3, 1}, 2)
)

func values(t *testing.T, set Dataset, i int) (bytes []uint8, label int) {
	t.Helper()
	x := make([]float32, 6)
	label, err := set.Read(i, x)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range x {
		if v != float32(uint8(v*255+0.5))/255 {
			t.Errorf("value %v is not a byte over 255", v)
		}
		bytes = append(bytes, uint8(v*255+0.5))
	}
	return bytes, label
}

func TestOpenDirFindsEachLayout(t *testing.T) {
	for name, c := range map[string]struct {
		split string
		files map[string][]byte
	}{
		"MNIST's own names": {"train", map[string][]byte{
			"train-images-idx3-ubyte": someImages, "train-labels-idx1-ubyte": someLabels}},
		"MNIST's own test names": {"test", map[string][]byte{
			"t10k-images-idx3-ubyte": someImages, "t10k-labels-idx1-ubyte": someLabels}},
		"a prefix": {"test", map[string][]byte{
			"my-own-test-images-idx3-ubyte": someImages, "my-own-test-labels-idx1-ubyte": someLabels}},
		"gzip": {"train", map[string][]byte{
			"x-train-images-idx3-ubyte.gz": zip(someImages), "x-train-labels-idx1-ubyte.gz": zip(someLabels)}},
		"one of them gzip": {"train", map[string][]byte{
			"x-train-images-idx3-ubyte.gz": zip(someImages), "x-train-labels-idx1-ubyte": someLabels}},
		"both plain and gzip": {"train", map[string][]byte{
			"train-images-idx3-ubyte": someImages, "train-labels-idx1-ubyte": someLabels,
			"train-images-idx3-ubyte.gz": {1}, "train-labels-idx1-ubyte.gz": {1}}},
		"dots": {"train", map[string][]byte{
			"train-images.idx3-ubyte": someImages, "train-labels.idx1-ubyte": someLabels}},
		"others beside": {"train", map[string][]byte{
			"train-images-idx3-ubyte": someImages, "train-labels-idx1-ubyte": someLabels,
			"t10k-images-idx3-ubyte": {1}, "t10k-labels-idx1-ubyte": someLabels, "t10k-labels-idx1-ubyte.gz": {1},
			"y-test-labels-idx1-ubyte": {1},
			"README.md":                {1}, "retrain-images-idx3-ubyte": {1}, "train-images-idx3-ubyte.bak": {1}}},
	} {
		set, err := OpenDir(write(t, c.files), c.split)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if set.Len() != 2 || !slices.Equal(set.Shape(), []int{1, 2, 3}) || !slices.Equal(set.Classes(), []string{"0", "1", "2", "3"}) {
			t.Errorf("%s: %d examples of shape %v, classes %v", name, set.Len(), set.Shape(), set.Classes())
		}
		pixels, label := values(t, set, 1)
		if !slices.Equal(pixels, []uint8{6, 7, 8, 9, 10, 11}) || label != 1 {
			t.Errorf("%s: example 1 is %v, label %d", name, pixels, label)
		}
	}
}

func TestOpenDirTurnsEMNISTUpright(t *testing.T) {
	set, err := OpenDir(write(t, map[string][]byte{
		"emnist-tiny-train-images-idx3-ubyte": someImages,
		"emnist-tiny-train-labels-idx1-ubyte": someLabels,
	}), "train")
	if err != nil {
		t.Fatal(err)
	}
	pixels, _ := values(t, set, 1)
	if !slices.Equal(set.Shape(), []int{1, 3, 2}) || !slices.Equal(pixels, []uint8{6, 9, 7, 10, 8, 11}) {
		t.Errorf("shape %v, pixels %v", set.Shape(), pixels)
	}
}

func TestOpenDirMapsLabels(t *testing.T) {
	for name, c := range map[string]struct {
		mapping string // its file
		content string
		classes []string
		labels  []int
	}{
		"from 0":           {"x-mapping.txt", "0 48\n1 65\n2 97\n3 233\n", []string{"0", "A", "a", "é"}, []int{3, 1}},
		"letters, from 1":  {"x-mapping.txt", "1 65 97\r\n2 66 98\r\n3 67 99\r\n\r\n", []string{"A", "B", "C"}, []int{2, 0}},
		"another's prefix": {"y-mapping.txt", "3 51\n1 49", []string{"3", "1"}, []int{0, 1}},
	} {
		set, err := OpenDir(write(t, map[string][]byte{
			"x-train-images-idx3-ubyte": someImages, "x-train-labels-idx1-ubyte": someLabels, c.mapping: []byte(c.content),
		}), "train")
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := labelsOf(t, set); !slices.Equal(set.Classes(), c.classes) || !slices.Equal(got, c.labels) {
			t.Errorf("%s: classes %q, labels %v, want %q and %v", name, set.Classes(), got, c.classes, c.labels)
		}
	}
}

func TestOpenDirRefuses(t *testing.T) {
	good := map[string][]byte{
		"x-train-images-idx3-ubyte": someImages,
		"x-train-labels-idx1-ubyte": someLabels,
		"x-mapping.txt":             []byte("1 49\n2 50\n3 51\n"),
	}
	for name, c := range map[string]struct {
		changes map[string][]byte // nil takes a file away
		want    string            // after the directory
	}{
		"no images":        {map[string][]byte{"x-train-images-idx3-ubyte": nil}, ": no train images, want a file *train-images-idx3-ubyte[.gz]"},
		"no labels":        {map[string][]byte{"x-train-labels-idx1-ubyte": nil}, ": no labels beside the images, want a file x-train-labels-idx1-ubyte[.gz]"},
		"two sets":         {map[string][]byte{"y-train-images-idx3-ubyte.gz": {1}}, ": train images of several sets, want one set in a directory, or DIR/SET for the files DIR/SET-*: x-train-images-idx3-ubyte, y-train-images-idx3-ubyte.gz"},
		"several mappings": {map[string][]byte{"x-mapping.txt": nil, "a-mapping.txt": {1}, "b-mapping.txt": {1}}, ": several mappings, want x-mapping.txt or only one: a-mapping.txt, b-mapping.txt"},
		"images cut short": {map[string][]byte{"x-train-images-idx3-ubyte": someImages[:20]}, "/x-train-images-idx3-ubyte: the header says [2 2 3], 12 bytes of data: cut short after 4"},
		"labels cut short": {map[string][]byte{"x-train-labels-idx1-ubyte": someLabels[:9]}, "/x-train-labels-idx1-ubyte: the header says [2], 2 bytes of data: cut short after 1"},
		"labels as images": {map[string][]byte{"x-train-images-idx3-ubyte": someLabels}, "/x-train-images-idx3-ubyte: magic 0x00000801, want 0x00000803: IDX, unsigned bytes, 3 axes"},
		"no image":         {map[string][]byte{"x-train-images-idx3-ubyte": encodeIDX(nil, 0, 28, 28)}, "/x-train-images-idx3-ubyte: the header says [0 28 28], want at least one image of at least one pixel"},
		"no pixel":         {map[string][]byte{"x-train-images-idx3-ubyte": encodeIDX(nil, 2, 0, 28)}, "/x-train-images-idx3-ubyte: the header says [2 0 28], want at least one image of at least one pixel"},
		"too few labels":   {map[string][]byte{"x-train-labels-idx1-ubyte": encodeIDX([]uint8{1}, 1)}, "/x-train-labels-idx1-ubyte: 1 labels, want 2: one for each image of x-train-images-idx3-ubyte"},
		"unmapped label":   {map[string][]byte{"x-train-labels-idx1-ubyte": encodeIDX([]uint8{3, 0}, 2)}, "/x-train-labels-idx1-ubyte: label 0 of example 1 is not among the mapping's 3 classes"},
		"corrupt gzip":     {map[string][]byte{"x-train-images-idx3-ubyte": {0x1f, 0x8b, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}}, "/x-train-images-idx3-ubyte: corrupt gzip: gzip: invalid header"},
		"empty mapping":    {map[string][]byte{"x-mapping.txt": []byte(" \n")}, `/x-mapping.txt: no classes, want lines such as "10 65"`},
		"mapping's fields": {map[string][]byte{"x-mapping.txt": []byte("0 48\n1\n")}, "/x-mapping.txt: line 2: 1 fields, want a label and its character's code"},
		"mapping's label":  {map[string][]byte{"x-mapping.txt": []byte("256 48\n")}, `/x-mapping.txt: line 1: label "256", want a number up to 255`},
		"label twice":      {map[string][]byte{"x-mapping.txt": []byte("0 48\n0 49\n")}, "/x-mapping.txt: line 2: label 0 is there already, want each once"},
		"mapping's code":   {map[string][]byte{"x-mapping.txt": []byte("0 10\n")}, `/x-mapping.txt: line 1: code "10", want that of a printable character`},
		"one long line":    {map[string][]byte{"x-mapping.txt": make([]byte, 1<<17)}, "/x-mapping.txt: bufio.Scanner: token too long"},
	} {
		files := map[string][]byte{}
		for _, m := range []map[string][]byte{good, c.changes} {
			for file, content := range m {
				files[file] = content
				if content == nil {
					delete(files, file)
				}
			}
		}
		dir := write(t, files)
		if _, err := OpenDir(dir, "train"); err == nil || err.Error() != dir+filepath.FromSlash(c.want) {
			t.Errorf("%s: error %v, want DIR%s", name, err, c.want)
		}
	}
}

func TestOpenDirRefusesBeforeReading(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "nowhere")
	_, err := OpenDir(missing, "train")
	if err == nil || !strings.HasPrefix(err.Error(), "data directory "+strconv.Quote(missing)+": ") || !strings.Contains(err.Error(), "*train-images-idx3-ubyte[.gz]") {
		t.Errorf("missing directory: %v", err)
	}
	if _, err := OpenDir(t.TempDir(), "validation"); err == nil || err.Error() != `split "validation": want train or test` {
		t.Errorf("unknown split: %v", err)
	}
}

func TestOpenDirCountsTheClassesOfBothSplits(t *testing.T) {
	dir := write(t, map[string][]byte{
		"train-images-idx3-ubyte": someImages, "train-labels-idx1-ubyte": someLabels,
		"t10k-images-idx3-ubyte": someImages, "t10k-labels-idx1-ubyte.gz": zip(encodeIDX([]uint8{9, 0}, 2)),
	})
	for _, split := range []string{"train", "test"} {
		set, err := OpenDir(dir, split)
		if err != nil || len(set.Classes()) != 10 {
			t.Errorf("%s: %v, want 10 classes", split, err)
		}
	}
	other := filepath.Join(dir, "t10k-labels-idx1-ubyte.gz")
	if err := os.WriteFile(other, someLabels[:9], 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenDir(dir, "train"); err == nil || !strings.HasPrefix(err.Error(), other+": ") {
		t.Errorf("labels of the other split cut short: %v", err)
	}
}

func TestOpenDirPicksOneSetOfSeveral(t *testing.T) {
	dir := write(t, map[string][]byte{
		"emnist-a-train-images-idx3-ubyte": {1}, "emnist-a-train-labels-idx1-ubyte": {1}, "emnist-a-mapping.txt": {1},
		"emnist-b-train-images-idx3-ubyte": someImages, "emnist-b-train-labels-idx1-ubyte": someLabels,
		"emnist-b-mapping.txt": []byte("1 65\n3 66\n"),
	})
	set, err := OpenDir(filepath.Join(dir, "emnist-b"), "train")
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(set.Classes(), []string{"A", "B"}) || !slices.Equal(set.Shape(), []int{1, 3, 2}) {
		t.Errorf("classes %q, shape %v", set.Classes(), set.Shape())
	}
	for name, want := range map[string]string{"emnist": "of several sets", "emnist-": "no such", "emnist-c": "no such"} {
		if _, err := OpenDir(filepath.Join(dir, name), "train"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
	}
}
