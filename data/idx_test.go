package data

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"
)

// Axis lengths that a 32-bit int does not hold.
const (
	claim   int64 = 1 << 31
	longest int64 = 1<<32 - 1
)

// encodeIDX writes what ReadIDX reads.
func encodeIDX[D int | int64](data []uint8, shape ...D) []byte {
	b := []byte{0, 0, idxUint8, byte(len(shape))}
	for _, d := range shape {
		b = binary.BigEndian.AppendUint32(b, uint32(d))
	}
	return append(b, data...)
}

func zip(plain []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Write(plain)
	w.Close()
	return b.Bytes()
}

func sequence(n int) []uint8 {
	s := make([]uint8, n)
	for i := range s {
		s[i] = uint8(i)
	}
	return s
}

func TestReadIDX(t *testing.T) {
	for _, shape := range [][]int{{5}, {0}, {2, 3, 4}, {3, 0, 4}, {3 * firstChunk}, {firstChunk}} {
		n := 1
		for _, d := range shape {
			n *= d
		}
		plain := encodeIDX(sequence(n), shape...)
		for _, file := range [][]byte{plain, zip(plain)} {
			x, err := ReadIDX(bytes.NewReader(file), len(shape))
			if err != nil {
				t.Fatalf("%v: %v", shape, err)
			}
			if !slices.Equal(x.Shape, shape) || !bytes.Equal(x.Data, sequence(n)) {
				t.Errorf("%v: got %v and other data", shape, x.Shape)
			}
		}
	}
}

func TestReadIDXRefuses(t *testing.T) {
	good := encodeIDX(sequence(24), 2, 3, 4)
	zipped := zip(good)
	change := func(b []byte, at int, v byte) []byte {
		b = slices.Clone(b)
		b[at] = v
		return b
	}
	for name, c := range map[string]struct {
		file []byte
		want string
	}{
		"empty":              {nil, "cut short: 0 bytes, want a header of 16"},
		"cut in the header":  {good[:9], "cut short: 9 bytes, want a header of 16"},
		"cut in the data":    {good[:30], "the header says [2 3 4], 24 bytes of data: cut short after 14"},
		"trailing byte":      {append(slices.Clone(good), 0), "the header says [2 3 4], 24 bytes of data: more follow, want the file to end"},
		"first byte":         {change(good, 0, 1), "magic 0x01000803, want 0x00000803: IDX, unsigned bytes, 3 axes"},
		"type":               {change(good, 2, 0x0d), "magic 0x00000d03, want 0x00000803: IDX, unsigned bytes, 3 axes"},
		"axes":               {encodeIDX(sequence(24), 24), "magic 0x00000801, want 0x00000803: IDX, unsigned bytes, 3 axes"},
		"2^31 images":        {change(good, 4, 0x80), "the header says [2147483650 3 4], 25769803800 bytes of data: cut short after 24"},
		"more than memory":   {encodeIDX(nil, longest, longest, longest), "shape [4294967295 4294967295 4294967295] has too many elements"},
		"gzip header":        {change(zipped, 2, 9), "corrupt gzip: gzip: invalid header"},
		"gzip cut short":     {zipped[:len(zipped)/2], "cut short"},
		"gzip without end":   {zipped[:len(zipped)-1], "unreadable at the end: unexpected EOF"},
		"gzip checksum":      {change(zipped, len(zipped)-8, zipped[len(zipped)-8]+1), "unreadable at the end: gzip: invalid checksum"},
		"gzip trailing":      {append(slices.Clone(zipped), 1), "unreadable at the end: unexpected EOF"},
		"gzip of a short":    {zip(good[:30]), "cut short after 14"},
		"gzip of a long":     {zip(append(slices.Clone(good), 1)), "more follow, want the file to end"},
		"gzip of a gzip":     {zip(zipped), "want 0x00000803"},
		"gzip broken inside": {change(zip(encodeIDX(bytes.Repeat([]byte{1}, 1<<16), 1, 256, 256)), 10, 0xff), "corrupt input"},
	} {
		if strconv.IntSize < 64 && (name == "2^31 images" || name == "more than memory") {
			c.want = "has a negative size" // as an int of 32 bits reads it
		}
		_, err := ReadIDX(bytes.NewReader(c.file), 3)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: error %v, want %s", name, err, c.want)
		}
	}
}

func TestReadIDXPassesOnReadErrors(t *testing.T) {
	good := encodeIDX(sequence(24), 2, 3, 4)
	for cut, want := range map[int]string{
		9:  "reading the header: disk on fire",
		20: "the header says [2 3 4], 24 bytes of data: unreadable after 4: disk on fire",
		40: "the header says [2 3 4], 24 bytes of data: unreadable at the end: disk on fire",
	} {
		_, err := ReadIDX(io.MultiReader(bytes.NewReader(good[:cut]), iotest.ErrReader(errors.New("disk on fire"))), 3)
		if err == nil || err.Error() != want {
			t.Errorf("after %d bytes: error %v, want %s", cut, err, want)
		}
	}
}

func TestReadIDXTakesNoMemoryOnAHeadersWord(t *testing.T) {
	for _, file := range [][]byte{
		encodeIDX(sequence(100), claim, 28, 28),
		zip(encodeIDX(sequence(100), claim, 28, 28)),
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if _, err := ReadIDX(bytes.NewReader(file), 3); err == nil {
			t.Error("no error")
		}
		runtime.ReadMemStats(&after)
		if taken := after.TotalAlloc - before.TotalAlloc; taken > 8*firstChunk {
			t.Errorf("took %d bytes for a file of %d", taken, len(file))
		}
	}
}

func TestReadIDXFileNamesTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x-idx1-ubyte.gz")
	if _, err := ReadIDXFile(path, 1); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("missing: %v", err)
	}
	if err := os.WriteFile(path, []byte("GIF89a"), 0o600); err != nil {
		t.Fatal(err)
	}
	want := path + ": magic 0x47494638, want 0x00000801: IDX, unsigned bytes, 1 axes"
	if _, err := ReadIDXFile(path, 1); err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
	if _, err := ReadIDXFile(filepath.Dir(path), 1); err == nil || !strings.Contains(err.Error(), "reading the header") {
		t.Errorf("directory: %v", err)
	}
}

func FuzzReadIDX(f *testing.F) {
	for _, plain := range [][]byte{
		encodeIDX(sequence(24), 2, 3, 4),
		encodeIDX(sequence(5), 5),
		encodeIDX(nil, 0, 28, 28),
		encodeIDX(sequence(3), claim, 28, 28),
		encodeIDX(nil, longest, longest, longest),
		encodeIDX(sequence(24), 2, 3, 4)[:20],
		nil,
	} {
		for _, rank := range []uint8{1, 3} {
			f.Add(plain, rank)
			f.Add(zip(plain), rank)
		}
	}
	f.Fuzz(func(t *testing.T, file []byte, rank uint8) {
		rank %= 8
		x, err := ReadIDX(bytes.NewReader(file), int(rank))
		if err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("an error of several lines: %q", err)
			}
			return
		}
		plain := file
		if bytes.HasPrefix(file, gzipMagic) {
			z, err := gzip.NewReader(bytes.NewReader(file))
			if err != nil {
				t.Fatal(err)
			}
			var b bytes.Buffer
			if _, err := b.ReadFrom(z); err != nil {
				t.Fatal(err)
			}
			plain = b.Bytes()
		}
		if !bytes.Equal(encodeIDX(x.Data, x.Shape...), plain) {
			t.Errorf("%v of %d bytes is not what the file holds", x.Shape, len(x.Data))
		}
	})
}
