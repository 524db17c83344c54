package data

import (
	archive "archive/zip"
	"bytes"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/mlodyssey/odyssey/tensor"
)

// The files in testdata/npy were written by NumPy 1.24.2. Those whose names begin
// with le- and be- hold [[0 1 100] [7 3 1]] in each type and byte order.
func npyFile(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", "npy", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestReadNPYOfAllTypes(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join("testdata", "npy", "?e-*.npy"))
	if err != nil || len(paths) != 12+9 {
		t.Fatalf("%d files, %v", len(paths), err)
	}
	types := map[string]tensor.DType{
		"b1": tensor.Bool, "u1": tensor.Uint8, "i1": tensor.Int32, "u2": tensor.Int32, "i2": tensor.Int32, "i4": tensor.Int32,
		"u4": tensor.Int64, "u8": tensor.Int64, "i8": tensor.Int64, "f2": tensor.Float32, "f4": tensor.Float32, "f8": tensor.Float64,
	}
	for _, path := range paths {
		name := filepath.Base(path)
		x, err := ReadNPY(bytes.NewReader(npyFile(t, name)))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		want := []float64{0, 1, 100, 7, 3, 1}
		if strings.Contains(name, "b1") {
			want = []float64{0, 1, 1, 1, 1, 1}
		}
		got := tensor.Data[float64](x.Convert(tensor.Float64))
		if !slices.Equal(x.Shape(), []int{2, 3}) || !slices.Equal(got, want) || x.DType() != types[name[3:5]] {
			t.Errorf("%s: %v, %v", name, x.Spec(), got)
		}
	}
}

func TestReadNPYOfOtherKinds(t *testing.T) {
	for name, want := range map[string]struct {
		shape  []int
		values []float64
	}{
		"version2.npy": {[]int{2, 3}, []float64{0, 1, 100, 7, 3, 1}},
		"version3.npy": {[]int{2, 3}, []float64{0, 1, 100, 7, 3, 1}},
		"scalar.npy":   {nil, []float64{2.5}},
		"negative.npy": {[]int{3}, []float64{-1, -128, 127}},
		"empty.npy":    {[]int{0, 3}, nil},
		"fortran.npy":  {[]int{2, 3, 4}, []float64{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23}},
	} {
		x, err := ReadNPY(bytes.NewReader(npyFile(t, name)))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := tensor.Data[float64](x.Convert(tensor.Float64)); !slices.Equal(x.Shape(), want.shape) || !slices.Equal(got, want.values) {
			t.Errorf("%s: %v, %v", name, x.Spec(), got)
		}
	}
}

// What WriteNPY writes is what NumPy writes.
func TestWriteNPYWritesNumPysBytes(t *testing.T) {
	for _, name := range []string{"le-b1", "le-u1", "le-i4", "le-i8", "le-f4", "le-f8", "scalar", "empty"} {
		file := npyFile(t, name+".npy")
		x, err := ReadNPY(bytes.NewReader(file))
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if err := WriteNPY(&b, x); err != nil {
			t.Fatal(err)
		}
		again, err := ReadNPY(&b)
		if err != nil || !again.Equal(x) {
			t.Errorf("%s: comes back as %v, %v", name, again, err)
		}
		b.Reset()
		if err := WriteNPY(&b, x); err != nil || !bytes.Equal(b.Bytes(), file) {
			t.Errorf("%s: %q, %v, want %q", name, b.Bytes(), err, file)
		}
	}
	if err := WriteNPY(&bytes.Buffer{}, tensor.New(tensor.MXFP4, 32)); err == nil {
		t.Error("a packed type: no error")
	}
}

func npyOf(header string, data ...byte) []byte {
	return append([]byte(npyMagic+"\x01\x00"+string([]byte{byte(len(header)), byte(len(header) >> 8)})+header), data...)
}

func TestReadNPYRefuses(t *testing.T) {
	header := func(descr, shape string) string {
		return "{'descr': '" + descr + "', 'fortran_order': False, 'shape': (" + shape + "), }\n"
	}
	for name, c := range map[string]struct {
		file []byte
		want string
	}{
		"empty":         {nil, "want the start of a NumPy array"},
		"another file":  {[]byte("<html><body>"), "want the start of a NumPy array"},
		"version":       {[]byte(npyMagic + "\x04\x00"), "version 4.0, want 1 to 3"},
		"no header":     {[]byte(npyMagic + "\x01\x00"), "the header is cut short"},
		"half a header": {npyOf(header("<f4", "3"))[:30], "the header is cut short after 20 of"},
		"long header":   {[]byte(npyMagic + "\x02\x00\xff\xff\xff\xff"), "a header of 4294967295 bytes, want at most 65536"},
		"complex":       {npyFile(t, "complex.npy"), `elements of type "<c16"`},
		"record":        {npyFile(t, "record.npy"), "want descr (of one type)"},
		"objects":       {npyOf(header("|O", "3")), `elements of type "|O"`},
		"cut":           {npyOf(header("<f4", "3"), 1, 2, 3, 4), "the header says shape [3], 12 bytes of data: cut short after 4"},
		"more":          {npyOf(header("|u1", "1"), 1, 2), "more follow"},
		"huge":          {npyOf(header("<f4", "9223372036854775807, 2")), "too many elements"},
		"larger":        {npyOf(header("<f4", "92233720368547758070")), "want whole numbers"},
		"bool":          {npyOf(header("|b1", "2"), 1, 2), "element 1 is 2, want a bool, 0 or 1"},
		"uint64":        {npyOf(header("<u8", "1"), 0, 0, 0, 0, 0, 0, 0, 128), "element 0 is 9223372036854775808, want at most"},
		"many axes":     {npyOf(header("<f4", strings.Repeat("1,", 65)), 0, 0, 0, 0), "65 axes, want at most 64"},
	} {
		if _, err := ReadNPY(bytes.NewReader(c.file)); err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: error %v, want one line with %q", name, err, c.want)
		}
	}
}

func TestReadNPYTakesNoMemoryForAClaim(t *testing.T) {
	file := npyOf("{'descr': '<f8', 'fortran_order': False, 'shape': (1099511627776,), }", make([]byte, 100)...)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := ReadNPY(bytes.NewReader(file)); err == nil {
		t.Error("no error")
	}
	runtime.ReadMemStats(&after)
	if taken := after.TotalAlloc - before.TotalAlloc; taken > 8*firstChunk {
		t.Errorf("took %d bytes for a file of %d", taken, len(file))
	}
}

// npz makes an archive of arrays.
func npz(arrays map[string]*tensor.Tensor) []byte {
	var b bytes.Buffer
	w := archive.NewWriter(&b)
	for name, x := range arrays {
		f, err := w.Create(name + ".npy")
		if err == nil {
			err = WriteNPY(f, x)
		}
		if err != nil {
			panic(err)
		}
	}
	w.Close()
	return b.Bytes()
}

func ints(values ...int64) *tensor.Tensor { return tensor.FromSlice(values, len(values)) }

func TestOpenNPZ(t *testing.T) {
	images := tensor.FromSlice(sequence(24), 2, 3, 4)
	floats := tensor.FromSlice([]float32{-1, 2, 3, 4, 5, 6}, 3, 2)
	last := tensor.FromSlice(sequence(2*2*2*3), 2, 2, 2, 3)
	for name, c := range map[string]struct {
		files map[string][]byte
		split string
		shape []int
		first []float32
		label []int
		names int
	}{
		"as NumPy writes it, compressed": {map[string][]byte{"train.npz": npyFile(t, "set.npz")}, "train", []int{1, 3, 4}, []float32{0, 1. / 255}, []int{1, 0}, 2},
		"classes of both": {map[string][]byte{"train.npz": npz(map[string]*tensor.Tensor{"x": images, "y": ints(1, 0)}), "test.npz": npz(map[string]*tensor.Tensor{"y": ints(4)})},
			"train", []int{1, 3, 4}, []float32{0}, []int{1, 0}, 5},
		"Keras's": {map[string][]byte{"mnist.npz": npz(map[string]*tensor.Tensor{"x_train": images, "y_train": ints(1, 9), "x_test": floats, "y_test": ints(0, 1, 2)})},
			"test", []int{2}, []float32{-1, 2}, []int{0, 1, 2}, 10},
		"channels last": {map[string][]byte{"train.npz": npz(map[string]*tensor.Tensor{"x": last, "y": ints(0, 1)})}, "train", []int{3, 2, 2},
			[]float32{0, 3. / 255, 6. / 255, 9. / 255, 1. / 255}, []int{0, 1}, 2},
	} {
		set, err := OpenDir(write(t, c.files), c.split)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		x := make([]float32, tensor.Elements(set.Shape()))
		if _, err := set.Read(0, x); err != nil {
			t.Fatal(err)
		}
		labels, err := Labels(set)
		if err != nil || !slices.Equal(labels, c.label) || !slices.Equal(set.Shape(), c.shape) || len(set.Classes()) != c.names || !slices.Equal(x[:len(c.first)], c.first) {
			t.Errorf("%s: labels %v, shape %v, %d classes, %v", name, labels, set.Shape(), len(set.Classes()), x)
		}
	}
}

func TestOpenNPZRefuses(t *testing.T) {
	x := tensor.FromSlice(sequence(6), 2, 3)
	for name, c := range map[string]struct {
		file []byte
		want string
	}{
		"no archive":     {[]byte("<html>"), "/train.npz: no archive of NumPy arrays: "},
		"no labels":      {npz(map[string]*tensor.Tensor{"x": x}), "/train.npz: want arrays x and y"},
		"too few labels": {npz(map[string]*tensor.Tensor{"x": x, "y": ints(1)}), "/train.npz: x of shape [2 3] and y of shape [1]: want an example"},
		"negative":       {npz(map[string]*tensor.Tensor{"x": x, "y": ints(1, -1)}), "/train.npz: y has -1 for example 1"},
		"float labels":   {npz(map[string]*tensor.Tensor{"x": x, "y": tensor.FromSlice([]float32{1, 2}, 2)}), "/train.npz: y is float32[2], want whole numbers"},
		"no axis":        {npz(map[string]*tensor.Tensor{"x": ints(1, 2), "y": ints(1, 0)}), "/train.npz: x of shape [2]"},
		"cut":            {npz(map[string]*tensor.Tensor{"x": x, "y": ints(1, 0)})[:200], "/train.npz: no archive"},
	} {
		dir := write(t, map[string][]byte{"train.npz": c.file})
		if _, err := OpenDir(dir, "train"); err == nil || !strings.HasPrefix(err.Error(), dir+c.want) {
			t.Errorf("%s: error %v, want DIR%s", name, err, c.want)
		}
	}
	for settings, c := range map[string]struct {
		x    *tensor.Tensor
		want string
	}{
		"":                {tensor.FromSlice([]int64{0, 255}, 2, 1, 1), "values from 0 to 255 in images of shape [1 1 1], want them in [0, 1]: the setting scale=255 divides bytes"},
		":scale=1":        {tensor.New(tensor.Uint8, 2, 5, 6, 4), "x of shape [2 5 6 4] looks like images with transparency, four channels last: want one or three, such as x[..., :3], or the setting channels=first if the 5 are the channels"},
		":channels=first": {tensor.New(tensor.Uint8, 2, 3, 6, 4), `setting "channels" does nothing here: x of shape [2 3 6 4] does not look like images with channels last`},
		":channels=last":  {tensor.New(tensor.Uint8, 2, 5, 6, 4), "channels=last: want first"},
		":share=0.5":      {x, `setting "share" does nothing here: the arrays are split already`},
		":share=abc":      {x, "share=abc: want a positive number"},
		":scale=x":        {x, "scale=x: want a positive number"},
	} {
		dir := write(t, map[string][]byte{"train.npz": npz(map[string]*tensor.Tensor{"x": c.x, "y": ints(1, 0)})})
		if _, err := OpenDir(dir+settings, "train"); err == nil || !strings.HasPrefix(err.Error(), dir) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", settings, err, c.want)
		}
	}
	two := write(t, map[string][]byte{"a.npz": {1}, "b.npz": {1}})
	if _, err := OpenDir(two, "train"); err == nil || !strings.Contains(err.Error(), "want a file train.npz, or only one that is split: a.npz, b.npz") {
		t.Errorf("two files: %v", err)
	}
}

// Images may be as wide as others have channels.
func TestChannelsFirst(t *testing.T) {
	for _, shape := range [][]int{{8, 5, 4}, {8, 5, 3}, {2, 1, 1}} {
		file := npz(map[string]*tensor.Tensor{"x": tensor.New(tensor.Uint8, append([]int{2}, shape...)...), "y": ints(0, 1)})
		set, err := OpenDir(write(t, map[string][]byte{"train.npz": file})+":channels=first", "train")
		if err != nil || !slices.Equal(set.Shape(), shape) {
			t.Errorf("%v: %v", shape, err)
		}
	}
}

func TestScaleOfArrays(t *testing.T) {
	for _, c := range []struct {
		x       *tensor.Tensor
		setting string
		want    []float32
	}{
		{tensor.FromSlice([]int64{51, 255}, 2, 1, 1), ":scale=255", []float32{0.2, 1}},
		{tensor.FromSlice([]float32{-3, 9}, 2, 1, 1), ":scale=1", []float32{-3, 9}},
		{tensor.FromSlice([]uint8{51, 255}, 2, 1, 1), ":scale=255", []float32{0.2, 1}},
		{tensor.FromSlice([]uint8{4, 16}, 2, 1, 1), ":scale=16", []float32{0.25, 1}},
		{tensor.FromSlice([]int64{51, 255}, 2, 1), "", []float32{51, 255}},
	} {
		set, err := OpenDir(write(t, map[string][]byte{"train.npz": npz(map[string]*tensor.Tensor{"x": c.x, "y": ints(0, 1)})})+c.setting, "train")
		if err != nil {
			t.Error(err)
			continue
		}
		x := make([]float32, 2)
		set.Read(0, x[:1])
		set.Read(1, x[1:])
		if !slices.Equal(x, c.want) {
			t.Errorf("%v with %q: %v, want %v", c.x, c.setting, x, c.want)
		}
	}
}

// classes.txt may name more classes than bytes have, and some without examples.
func TestNamesOfTheClassesOfArrays(t *testing.T) {
	file := npz(map[string]*tensor.Tensor{"x": tensor.New(tensor.Uint8, 2, 3), "y": ints(0, 7)})
	for n, want := range map[int]string{300: "", 8: "", 7: "classes.txt: 7 classes, want at least 8"} {
		dir := write(t, map[string][]byte{"train.npz": file, "classes.txt": []byte(strings.Join(numbers(n), "\n"))})
		set, err := OpenDir(dir, "train")
		switch {
		case want != "":
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%d names: %v, want %q", n, err, want)
			}
		case err != nil || len(set.Classes()) != n:
			t.Errorf("%d names: %v", n, err)
		}
	}
}

func FuzzReadNPY(f *testing.F) {
	paths, _ := filepath.Glob(filepath.Join("testdata", "npy", "*.npy"))
	for _, path := range paths {
		f.Add(npyFile(f, filepath.Base(path)))
	}
	f.Add(npyOf("{'descr': '<f4', 'fortran_order': True, 'shape': (0, 9223372036854775807), }"))
	f.Add(npyOf("{'descr': '<f8', 'fortran_order': False, 'shape': (2\n 3), }"))
	f.Fuzz(func(t *testing.T, file []byte) {
		x, err := ReadNPY(bytes.NewReader(file))
		if err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("an error of several lines: %q", err)
			}
			return
		}
		var b bytes.Buffer
		if err := WriteNPY(&b, x); err != nil {
			t.Fatal(err)
		}
		again, err := ReadNPY(&b)
		if err != nil || !again.Equal(x) && !hasNaN(x) {
			t.Errorf("%v comes back as %v, %v", x.Spec(), again, err)
		}
	})
}

func hasNaN(x *tensor.Tensor) bool {
	return slices.ContainsFunc(tensor.Data[float64](x.Convert(tensor.Float64)), math.IsNaN)
}

func FuzzReadNPZ(f *testing.F) {
	f.Add(npyFile(f, "set.npz"))
	f.Add(npz(map[string]*tensor.Tensor{"x": ints(1, 2), "y": ints(0)}))
	f.Fuzz(func(t *testing.T, file []byte) {
		arrays, err := ReadNPZ(bytes.NewReader(file), int64(len(file)))
		if err == nil {
			for name, x := range arrays {
				_ = fmt.Sprint(name, x.Spec())
			}
		}
	})
}
