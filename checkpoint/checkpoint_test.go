package checkpoint

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mlodyssey/odyssey/tensor"
)

// build puts a file together by hand: length, header, data.
func build(header, data string) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(b, header...), data...)
}

func read(b []byte) (*File, error) { return Read(bytes.NewReader(b), int64(len(b))) }

func write(t testing.TB, tensors []Named, metadata map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, tensors, metadata); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func samples() []Named {
	return []Named{
		{"flags", tensor.FromSlice([]bool{true, false, true}, 3)},
		{"conv1.weight", tensor.FromSlice([]float32{1, -0.5, float32(math.Inf(1)),
			math.Float32frombits(0x7FC00123), math.Float32frombits(1 << 31), 0x1p-149}, 2, 1, 3)},
		{"step", tensor.Scalar(int64(-1 << 40))},
		{"empty", tensor.New(tensor.Float32, 0, 7)},
		{"labels", tensor.FromSlice([]int32{-2, 46}, 2)},
		{"mean", tensor.FromSlice([]float64{0.1736}, 1)},
		{"pixels", tensor.FromSlice([]uint8{0, 128, 255, 7}, 2, 2)},
		{"é \"quoted\"\n<&>", tensor.Scalar(float32(3))},
	}
}

func TestEveryTypeComesBack(t *testing.T) {
	metadata := map[string]string{"epoch": "3", "format": "pt", "odd \\ \x00 ☃": "\t"}
	b := write(t, samples(), metadata)
	f, err := read(b)
	if err != nil {
		t.Fatal(err)
	}
	if len(f.Tensors) != len(samples()) {
		t.Errorf("%d tensors, want %d", len(f.Tensors), len(samples()))
	}
	for _, want := range samples() {
		got := f.Tensor(want.Name)
		if got == nil {
			t.Errorf("%q is missing", want.Name)
		} else if !got.Equal(want.Tensor) {
			t.Errorf("%q is %v, want %v", want.Name, got, want.Tensor)
		}
	}
	if f.Tensor("conv1") != nil {
		t.Error("there is no conv1")
	}
	if len(f.Metadata) != len(metadata) {
		t.Errorf("metadata %q", f.Metadata)
	}
	for key, value := range metadata {
		if f.Metadata[key] != value {
			t.Errorf("metadata %q is %q, want %q", key, f.Metadata[key], value)
		}
	}
	if again := write(t, f.Tensors, f.Metadata); !bytes.Equal(again, b) {
		t.Error("written again, the bytes differ")
	}
}

// The layout is fixed down to the byte: larger elements first, else the given
// order; sorted metadata; a header filled up to 8 bytes.
func TestWrittenBytes(t *testing.T) {
	got := write(t, []Named{
		{"b", tensor.FromSlice([]uint8{7}, 1)},
		{"z", tensor.FromSlice([]float32{1, -2}, 2, 1)},
		{"a", tensor.Scalar(int32(258))},
	}, map[string]string{"y": "2", "x": "1"})
	const header = `{"__metadata__":{"x":"1","y":"2"},` +
		`"z":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]},` +
		`"a":{"dtype":"I32","shape":[],"data_offsets":[8,12]},` +
		`"b":{"dtype":"U8","shape":[1],"data_offsets":[12,13]}}    `
	want := build(header, "\x00\x00\x80\x3f\x00\x00\x00\xc0\x02\x01\x00\x00\x07")
	if len(header)%8 != 0 || !bytes.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// More tensors than a sort that is stable by accident keeps in order.
func TestTensorsKeepTheirOrder(t *testing.T) {
	var tensors []Named
	var names [2][]string // of each type
	types := []tensor.DType{tensor.Uint8, tensor.Float32}
	for i := range 40 {
		name := fmt.Sprint("n", i*17%40)
		tensors = append(tensors, Named{name, tensor.New(types[i%2], 1)})
		names[i%2] = append(names[i%2], name)
	}
	given := slices.Clone(tensors)
	f, err := read(write(t, tensors, nil))
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range append(names[1], names[0]...) {
		if got := f.Tensors[i].Name; got != want {
			t.Errorf("tensor %d is %q, want %q", i, got, want)
		}
	}
	if !slices.Equal(tensors, given) {
		t.Error("Write reordered its argument")
	}
}

func TestViewsAreWrittenInOrder(t *testing.T) {
	matrix := tensor.FromSlice([]float32{1, 2, 3, 4, 5, 6}, 2, 3)
	f, err := read(write(t, []Named{{"t", matrix.Permute(1, 0)}}, nil))
	if err != nil {
		t.Fatal(err)
	}
	want := tensor.FromSlice([]float32{1, 4, 2, 5, 3, 6}, 3, 2)
	if got := f.Tensor("t"); !got.Equal(want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// The layout that Python's safetensors writes, and its older unpadded one.
func TestReadsPythonsFiles(t *testing.T) {
	padded := []byte("\xa0\x00\x00\x00\x00\x00\x00\x00" +
		`{"__metadata__":{"format":"pt"},"fc.bias":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},` +
		`"fc.weight":{"dtype":"F32","shape":[2,1],"data_offsets":[8,16]}}     ` +
		"\x00\x00\x80\x3f\x00\x00\x00\x40\x00\x00\x40\x40\x00\x00\x80\xc0")
	f, err := read(padded)
	if err != nil {
		t.Fatal(err)
	}
	if !f.Tensor("fc.bias").Equal(tensor.FromSlice([]float32{1, 2}, 2)) ||
		!f.Tensor("fc.weight").Equal(tensor.FromSlice([]float32{3, -4}, 2, 1)) ||
		f.Metadata["format"] != "pt" {
		t.Errorf("read %v", f)
	}

	unpadded := []byte("\x3c\x00\x00\x00\x00\x00\x00\x00" +
		`{"ids0":{"dtype":"I32","shape":[2,2],"data_offsets":[0,16]}}` +
		"\x01\x00\x00\x00\x02\x00\x00\x00\x03\x00\x00\x00\xff\xff\xff\xff")
	f, err = read(unpadded)
	if err != nil {
		t.Fatal(err)
	}
	if !f.Tensor("ids0").Equal(tensor.FromSlice([]int32{1, 2, 3, -1}, 2, 2)) {
		t.Errorf("read %v", f)
	}
}

func TestHalfPrecision(t *testing.T) {
	f, err := read(build(`{"h":{"dtype":"F16","shape":[3],"data_offsets":[0,6]},`+
		`"b":{"dtype":"BF16","shape":[2],"data_offsets":[6,10]}}`,
		"\x00\x3c\xff\x7b\x01\x80"+"\x80\x3f\x80\xff"))
	if err != nil {
		t.Fatal(err)
	}
	h, b := f.Tensor("h"), f.Tensor("b")
	if want := tensor.FromSlice([]float32{1, 65504, -0x1p-24}, 3); h.DType() != tensor.Float16 || !h.Convert(tensor.Float32).Equal(want) {
		t.Errorf("F16: %v, want %v", h, want)
	}
	if want := tensor.FromSlice([]float32{1, float32(math.Inf(-1))}, 2); b.DType() != tensor.BFloat16 || !b.Convert(tensor.Float32).Equal(want) {
		t.Errorf("BF16: %v, want %v", b, want)
	}
}

// Every packed type comes back as it was, by the format's own name where it has one.
func TestPackedTypes(t *testing.T) {
	for d := tensor.Float16; d <= tensor.NVFP4; d++ {
		x := tensor.New(tensor.Float32, 3, 37)
		for i := range tensor.Data[float32](x) {
			tensor.Data[float32](x)[i] = float32(i-50) / 7
		}
		want := []Named{{"w", x.Convert(d)}, {"b", tensor.Full(tensor.Float32, 1, 2)}}
		file := write(t, want, map[string]string{"epoch": "3"})
		if name := formatOf(d).name; !bytes.Contains(file, []byte(`"`+name+`"`)) {
			t.Errorf("%v is not written as %s", d, name)
		}
		f, err := read(file)
		if err != nil {
			t.Fatalf("%v: %v", d, err)
		}
		for _, w := range want {
			if got := f.Tensor(w.Name); !got.Equal(w.Tensor) {
				t.Errorf("%v: %s is %v, want %v", d, w.Name, got, w.Tensor)
			}
		}
		if fmt.Sprint(f.Metadata) != "map[epoch:3]" {
			t.Errorf("%v: metadata %v", d, f.Metadata)
		}
	}
}

// A scale of a tensor is kept beside its codes.
func TestScaledTensors(t *testing.T) {
	x := tensor.Pack(tensor.FromSlice([]float32{0.001, -0.004, 0, 0.0022}, 2, 2), tensor.Float8E4M3, tensor.Packing{Scale: 0x1p-16})
	file := write(t, []Named{{"w", x}}, nil)
	if !bytes.Contains(file, []byte(`"scale:w":"1.5258789e-05"`)) || !bytes.Contains(file, []byte(`"F8_E4M3"`)) {
		t.Errorf("wrote %q", file)
	}
	f, err := read(file)
	if err != nil {
		t.Fatal(err)
	}
	if got := f.Tensor("w"); !got.Equal(x) || got.Convert(tensor.Float32).Equal(tensor.New(tensor.Float32, 2, 2)) || len(f.Metadata) != 0 {
		t.Errorf("read %v with %v, want %v", got, f.Metadata, x)
	}
	if unscaled := x.Clone(); true {
		unscaled.SetScale(1)
		if unscaled.Equal(x) {
			t.Error("a tensor equals one of another scale")
		}
	}
	for _, scale := range []string{"0", "-1", "Inf", "NaN", "x", ""} {
		bad := bytes.Replace(file, []byte("1.5258789e-05"), []byte(fmt.Sprintf("%-13s", scale)), 1)
		bad = bytes.Replace(bad, []byte(fmt.Sprintf("%-13s\"", scale)), []byte(scale+"\""+strings.Repeat(" ", 13-len(scale))), 1)
		if _, err := read(bad); err == nil || !strings.Contains(err.Error(), "want a positive number for a scale") {
			t.Errorf("a scale of %q gives %v", scale, err)
		}
	}
	other := write(t, []Named{{"w", tensor.New(tensor.Float32, 1)}}, map[string]string{"skale:w": "2"})
	if _, err := read(bytes.Replace(other, []byte("skale"), []byte("scale"), 1)); err == nil || !strings.Contains(err.Error(), "of few bits") {
		t.Errorf("a scale of float32 gives %v", err)
	}
	if err := Write(io.Discard, nil, map[string]string{"scale:w": "1"}); err == nil {
		t.Error("a reserved name was written")
	}
}

func TestEmptyFile(t *testing.T) {
	b := write(t, nil, nil)
	if !bytes.Equal(b, build("{}      ", "")) {
		t.Errorf("wrote %q", b)
	}
	if f, err := read(b); err != nil || len(f.Tensors) != 0 || len(f.Metadata) != 0 {
		t.Errorf("read %v, %v", f, err)
	}
}

func TestWriteRefuses(t *testing.T) {
	one := tensor.Scalar(float32(1))
	for _, c := range []struct {
		tensors  []Named
		metadata map[string]string
		want     string
	}{
		{[]Named{{"w", one}, {"w", one}}, nil, `tensor "w": two tensors have this name`},
		{[]Named{{"__metadata__", one}}, nil, "reserved"},
		{[]Named{{"\xff", one}}, nil, `tensor "\xff": the name is not UTF-8`},
		{[]Named{{"w", nil}}, nil, `tensor "w": it is nil`},
		{[]Named{{"w", tensor.New(tensor.Float32, make([]int, maxRank+1)...)}}, nil, "65 axes"},
		{nil, map[string]string{"k": "\xff"}, `metadata "k": "\xff" is not UTF-8`},
		{nil, map[string]string{"\xff": ""}, "not UTF-8"},
		{nil, map[string]string{"k": strings.Repeat("x", maxHeader)}, "want at most 100000000"},
	} {
		var b bytes.Buffer
		if err := Write(&b, c.tensors, c.metadata); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want one with %q", err, c.want)
		}
		if b.Len() > 0 {
			t.Errorf("%q: wrote %d bytes before it failed", c.want, b.Len())
		}
	}
}

// brokenWriter takes a number of bytes and then fails.
type brokenWriter struct{ left int }

var errFull = errors.New("no space left on device")

func (w *brokenWriter) Write(b []byte) (int, error) {
	if len(b) > w.left {
		return w.left, errFull
	}
	w.left -= len(b)
	return len(b), nil
}

func TestWriteReportsAFullDisk(t *testing.T) {
	size := len(write(t, samples(), nil))
	for left := range size {
		if err := Write(&brokenWriter{left}, samples(), nil); !errors.Is(err, errFull) {
			t.Fatalf("room for %d of %d bytes: error %v", left, size, err)
		}
	}
}

func TestSaveAndLoad(t *testing.T) {
	path := filepath.Join(t.TempDir(), "model.safetensors")
	if err := Save(path, samples(), map[string]string{"epoch": "1"}); err != nil {
		t.Fatal(err)
	}
	f, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(f.Tensors) != len(samples()) || f.Metadata["epoch"] != "1" {
		t.Errorf("loaded %v", f)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	checkDir(t, path, string(b))

	if err := Save(path, []Named{{"w", nil}}, nil); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("saving nil: error %v", err)
	}
	checkDir(t, path, string(b))
}

func TestLoadErrorsNameTheFile(t *testing.T) {
	dir := t.TempDir()
	cut := filepath.Join(dir, "cut.safetensors")
	whole := write(t, samples(), nil)
	if err := os.WriteFile(cut, whole[:len(whole)-1], 0o666); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		cut:                           `tensor "pixels": data_offsets`,
		dir:                           "not a directory",
		filepath.Join(dir, "nothing"): "nothing",
	} {
		_, err := Load(path)
		if err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q and %q", err, path, want)
		}
	}
}

// Names that look like the keys of metadata are names all the same.
func TestNamesLikeKeysOfMetadata(t *testing.T) {
	x := tensor.FromSlice([]float32{0.5, 300, 3, 4}, 2, 2)
	small := tensor.Pack(x, tensor.Float8E4M3, tensor.Packing{Scale: 0.25})
	want := []Named{{"a", small}, {"packed:a", x.Convert(tensor.MXFP4)}, {"scale:a", x.Convert(tensor.NVFP4)}, {"scale:packed:a", small}}
	var b bytes.Buffer
	if err := Write(&b, want, nil); err != nil {
		t.Fatal(err)
	}
	got, err := Read(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range want {
		if x := got.Tensor(w.Name); x == nil || !x.Equal(w.Tensor) {
			t.Errorf("%s is %v, want %v", w.Name, x, w.Tensor)
		}
	}
}
