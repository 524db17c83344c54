package checkpoint

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/mlodyssey/odyssey/tensor"
)

// one is the header of a single tensor w.
func one(dtype, shape, offsets string) string {
	return fmt.Sprintf(`{"w":{"dtype":"%s","shape":%s,"data_offsets":%s}}`, dtype, shape, offsets)
}

// two is the header of two tensors of one byte for each unit of length.
func two(a, b [2]int) string {
	return fmt.Sprintf(`{"a":{"dtype":"U8","shape":[%d],"data_offsets":[%d,%d]},"b":{"dtype":"U8","shape":[%d],"data_offsets":[%d,%d]}}`,
		a[1]-a[0], a[0], a[1], b[1]-b[0], b[0], b[1])
}

// blocks returns the header of n bytes w that the metadata says are blocks.
func blocks(name, spec string, n int) string {
	return fmt.Sprintf(`{"__metadata__":{"packed:%s":"%s"},"w":{"dtype":"U8","shape":[%d],"data_offsets":[0,%d]}}`, name, spec, n, n)
}

var malformed = []struct {
	name, header, data string
	want               string
}{
	{"no header", "", "", "want a JSON object"},
	{"not an object", `["w"]`, "", "want a JSON object"},
	{"space first", ` {}`, "", "want a JSON object"},
	{"invalid JSON", `{"w":}`, "", "header: invalid JSON"},
	{"header cut short", `{"w":{"dtype":"F32"`, "", "header: invalid JSON"},
	{"text after the object", `{} x`, "", "header: invalid JSON"},
	{"deep nesting", `{"w":` + strings.Repeat("[", 100000), "", "header: invalid JSON"},
	{"invalid UTF-8", "{\"\xff\":1}", "", "header: not UTF-8"},
	{"name twice", `{"w":{"dtype":"U8","shape":[],"data_offsets":[0,1]},"w":{"dtype":"U8","shape":[],"data_offsets":[1,2]}}`, "ab", `header: "w" appears twice`},
	{"name twice by escape", `{"w":{"dtype":"U8","shape":[],"data_offsets":[0,1]},"\u0077":{"dtype":"U8","shape":[],"data_offsets":[1,2]}}`, "ab", `"w" appears twice`},
	{"key twice", `{"w":{"dtype":"U8","shape":[],"shape":[1],"data_offsets":[0,1]}}`, "a", `tensor "w": entry: "shape" appears twice`},
	{"metadata twice", `{"__metadata__":{},"__metadata__":{}}`, "", `"__metadata__" appears twice`},
	{"metadata key twice", `{"__metadata__":{"k":"1","k":"2"}}`, "", `__metadata__: "k" appears twice`},
	{"metadata is a list", `{"__metadata__":[]}`, "", "__metadata__: want a JSON object"},
	{"metadata is null", `{"__metadata__":null}`, "", "__metadata__: want a JSON object"},
	{"metadata value", `{"__metadata__":{"k":1}}`, "", `__metadata__: "k": want a string`},
	{"entry is a number", `{"w":1}`, "", `tensor "w": entry: want a JSON object`},
	{"missing dtype", `{"w":{"shape":[1],"data_offsets":[0,4]}}`, "abcd", `tensor "w": want all of dtype`},
	{"missing shape", `{"w":{"dtype":"U8","data_offsets":[0,1]}}`, "a", `tensor "w": want all of dtype`},
	{"missing offsets", `{"w":{"dtype":"U8","shape":[0]}}`, "", `tensor "w": want all of dtype`},
	{"unknown key", `{"w":{"dtype":"U8","shape":[1],"data_offsets":[0,1],"Shape":[1]}}`, "a", `unknown key "Shape"`},
	{"unknown dtype", one("F8_E8M0", "[1]", "[0,1]"), "a", `tensor "w": dtype "F8_E8M0" is not supported, want one of F64, F32`},
	{"bits short of a byte", one("F4", "[3]", "[0,1]"), "a", `tensor "w": F4[3] takes 2 bytes`},
	{"blocks of no tensor", blocks("v", "mxfp4 [3]", 17), string(make([]byte, 17)), `metadata "packed:v": there is no such tensor`},
	{"blocks of no type", blocks("w", "mxfp5 [3]", 17), string(make([]byte, 17)), `tensor "w": metadata "mxfp5 [3]": want a type of blocks`},
	{"blocks of a plain type", blocks("w", "float16 [3]", 6), "abcdef", "want a type of blocks"},
	{"blocks without a shape", blocks("w", "mxfp4", 17), string(make([]byte, 17)), "want a type of blocks and a shape"},
	{"blocks of no size", blocks("w", "mxfp4 [3 x]", 17), string(make([]byte, 17)), `"x" is no size`},
	{"blocks of a negative size", blocks("w", "mxfp4 [-3]", 17), string(make([]byte, 17)), "negative size"},
	{"blocks of a huge size", blocks("w", "mxfp4 [9223372036854775807]", 17), string(make([]byte, 17)), "too many elements"},
	{"blocks of other bytes", blocks("w", "mxfp4 [33]", 17), string(make([]byte, 17)), `want 34 bytes, not uint8[17]`},
	{"dtype in lower case", one("f32", "[1]", "[0,4]"), "abcd", `dtype "f32" is not supported`},
	{"dtype is a number", `{"w":{"dtype":4,"shape":[1],"data_offsets":[0,1]}}`, "a", `tensor "w": dtype: want a string`},
	{"shape is null", one("U8", "null", "[0,1]"), "a", `tensor "w": shape: want a JSON array`},
	{"shape holds null", one("U8", "[null]", "[0,0]"), "", "shape: want numbers only"},
	{"shape is a fraction", one("U8", "[1.0]", "[0,1]"), "a", "shape: 1.0 is no 64-bit integer"},
	{"shape with an exponent", one("U8", "[1e0]", "[0,1]"), "a", "shape: 1e0 is no 64-bit integer"},
	{"negative size", one("U8", "[-1]", "[0,1]"), "a", `tensor "w": shape [-1] has a negative size`},
	{"negative sizes that cancel", one("U8", "[-1,-1]", "[0,1]"), "a", "negative size"},
	{"size past 64 bits", one("U8", "[18446744073709551617]", "[0,1]"), "a", "is no 64-bit integer"},
	{"product past 64 bits", one("U8", "[4294967296,4294967296]", "[0,0]"), "", "too many elements"},
	{"bytes past 64 bits", one("F64", "[2305843009213693952]", "[0,0]"), "", "too many elements"},
	{"too many axes", one("U8", "[1"+strings.Repeat(",1", 64)+"]", "[0,1]"), "a", "shape: want at most 64 numbers"},
	{"four terabytes", one("F32", "[1099511627776]", "[0,4398046511104]"), "abcd", "reach past the data's end at 4"},
	{"one offset", one("U8", "[0]", "[0]"), "", "data_offsets [0]: want two"},
	{"three offsets", one("U8", "[1]", "[0,1,1]"), "a", "data_offsets: want at most 2 numbers"},
	{"reversed offsets", one("U8", "[1]", "[1,0]"), "a", "data_offsets [1 0] are no range"},
	{"negative offset", one("U8", "[1]", "[-1,0]"), "a", "data_offsets [-1 0] are no range"},
	{"range too long for its shape", one("F32", "[2]", "[0,12]"), "abcdefghijkl", "F32[2] takes 8 bytes, but data_offsets [0 12] give it 12"},
	{"range too short for its shape", one("F16", "[2]", "[0,2]"), "ab", "F16[2] takes 4 bytes, but data_offsets [0 2] give it 2"},
	{"past the end", one("F32", "[2]", "[0,8]"), "abcdefg", `tensor "w": data_offsets [0 8] reach past the data's end at 7`},
	{"overlap", two([2]int{0, 2}, [2]int{1, 3}), "abc", `tensor "b": data_offsets [1 3] overlap those of "a", which end at 2`},
	{"empty within another", two([2]int{0, 2}, [2]int{1, 1}), "ab", "overlap"},
	{"same range twice", two([2]int{0, 2}, [2]int{0, 2}), "ab", "overlap"},
	{"hole", two([2]int{0, 1}, [2]int{2, 3}), "abc", `tensor "b": data_offsets [2 3] leave a hole: want them to begin at 1`},
	{"hole at the start", two([2]int{1, 2}, [2]int{2, 3}), "abc", `tensor "a": data_offsets [1 2] leave a hole: want them to begin at 0`},
	{"trailing bytes", one("U8", "[1]", "[0,1]"), "abc", `2 bytes follow the last tensor, "w"`},
	{"data without a tensor", `{}`, "abc", "3 bytes of data, but no tensor"},
	{"bool of 2", one("BOOL", "[3]", "[0,3]"), "\x00\x01\x02", `tensor "w": byte 2 of bool[3] is 2, want 0 or 1`},
	{"long name", `{"` + strings.Repeat("n", 100000) + `":1}`, "", "want a JSON object"},
	{"line break in a name", `{"a\nb":1}`, "", `tensor "a\nb"`},
}

func TestMalformedFiles(t *testing.T) {
	for _, c := range malformed {
		t.Run(c.name, func(t *testing.T) {
			_, err := read(build(c.header, c.data))
			if err == nil {
				t.Fatal("no error")
			}
			checkMessage(t, err)
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
		})
	}
}

func checkMessage(t *testing.T, err error) {
	t.Helper()
	if m := err.Error(); strings.ContainsAny(m, "\n\r") || len(m) > 2000 {
		t.Errorf("want an error of one line, got %d bytes: %.200q", len(m), m)
	}
}

func TestHeaderLength(t *testing.T) {
	for b, want := range map[string]string{
		"":                                    "at least 8 bytes, not 0",
		"\x02\x00\x00\x00\x00\x00\x00":        "at least 8 bytes, not 7",
		"\x03\x00\x00\x00\x00\x00\x00\x00{}":  "header of 3 bytes, but the file has only 2",
		"\x00\xe1\xf5\x05\x00\x00\x00\x00{}":  "header of 100000000 bytes, but the file has only 2",
		"\x01\xe1\xf5\x05\x00\x00\x00\x00{}":  "header of 100000001 bytes, want at most 100000000",
		"\xff\xff\xff\xff\xff\xff\xff\xff{}":  "header of 18446744073709551615 bytes, want at most",
		"\x00\x00\x00\x00\x00\x00\x00\x80{}":  "header of 9223372036854775808 bytes, want at most",
		"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR": "not a safetensors file?",
	} {
		if _, err := read([]byte(b)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want one with %q", b, err, want)
		}
	}
}

// A file that shrank after its size was taken.
func TestFileShorterThanItsSize(t *testing.T) {
	b := write(t, samples(), nil)
	for size := range b {
		_, err := Read(bytes.NewReader(b[:size]), int64(len(b)))
		if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("the file ends at byte %d", size)) {
			t.Fatalf("%d of %d bytes: error %v", size, len(b), err)
		}
	}
}

// Empty tensors share an offset with what follows; any order of the header's
// entries will do; sizes around a zero may be large.
func TestUnusualButValid(t *testing.T) {
	for name, c := range map[string]struct{ header, data string }{
		"empty tensors":  {`{"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},"b":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"c":{"dtype":"U8","shape":[5,0],"data_offsets":[1,1]}}`, "a"},
		"empty is last":  {two([2]int{0, 1}, [2]int{0, 0}), "a"},
		"header order":   {two([2]int{2, 3}, [2]int{0, 2}), "abc"},
		"key order":      {`{"w":{"data_offsets":[0,1],"shape":[],"dtype":"U8"}}`, "a"},
		"white space":    {"{ \"w\" :\t{\"dtype\":\"U8\",\n\"shape\":[ 1 ],\"data_offsets\":[0, 1]}}\n  ", "a"},
		"zero and large": {one("F64", "[9223372036854775807,0,9223372036854775807]", "[0,0]"), ""},
		"empty name":     {`{"":{"dtype":"BOOL","shape":[],"data_offsets":[0,1]}}`, "\x01"},
	} {
		if _, err := read(build(c.header, c.data)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// FuzzRead: a file is refused in one line, or it can be written again, and then
// comes back the same, bit for bit.
func FuzzRead(f *testing.F) {
	f.Add(write(f, samples(), map[string]string{"epoch": "3"}))
	f.Add(write(f, nil, nil))
	f.Add(write(f, []Named{{"w", tensor.New(tensor.Float64, 2, 0, 3)}, {"b", tensor.New(tensor.Bool, 2)}}, nil))
	f.Add(build(`{"h":{"dtype":"F16","shape":[2],"data_offsets":[0,4]},"b":{"dtype":"BF16","shape":[],"data_offsets":[4,6]}}`, "\x00\x3c\x01\x7c\x80\x7f"))
	f.Add(write(f, []Named{{"w", tensor.Full(tensor.MXFP4, 3, 2, 33)}, {"v", tensor.Full(tensor.NVFP4, 3, 5)}, {"u", tensor.Full(tensor.Float6E2M3, 3, 3)}}, nil))
	f.Add(write(f, []Named{{"w", tensor.Pack(tensor.Full(tensor.Float32, 3, 2, 3), tensor.Float8E4M3, tensor.Packing{Scale: 0x1p-7})}}, nil))
	for _, c := range malformed {
		if len(c.header) < 1000 {
			f.Add(build(c.header, c.data))
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		first, err := read(b)
		if err != nil {
			checkMessage(t, err)
			return
		}
		written := write(t, first.Tensors, first.Metadata)
		second, err := read(written)
		if err != nil {
			t.Fatalf("refused what it wrote: %v", err)
		}
		if len(second.Tensors) != len(first.Tensors) {
			t.Fatalf("%d tensors became %d", len(first.Tensors), len(second.Tensors))
		}
		for _, want := range first.Tensors {
			if got := second.Tensor(want.Name); got == nil || !got.Equal(want.Tensor) {
				t.Fatalf("%q changed from %v to %v", want.Name, want.Tensor, got)
			}
		}
		if !bytes.Equal(write(t, second.Tensors, second.Metadata), written) {
			t.Fatal("written twice, the bytes differ")
		}
	})
}
