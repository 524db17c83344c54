package checkpoint

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/mlodyssey/odyssey/tensor"
)

// Read reads the safetensors file of size bytes that r holds. It
// fails on anything that the format does not allow, and on dtypes that package
// tensor has no type for.
func Read(r io.ReaderAt, size int64) (*File, error) {
	header, err := readHeader(r, size)
	if err != nil {
		return nil, err
	}
	entries, metadata, err := parseHeader(header)
	if err != nil {
		return nil, err
	}
	start := lengthSize + int64(len(header))
	if err := checkEnd(entries, size-start); err != nil {
		return nil, err
	}
	f := &File{Metadata: metadata}
	for _, e := range entries {
		t, err := readTensor(r, start, e)
		if err != nil {
			return nil, tensorError(e.name, err)
		}
		f.Tensors = append(f.Tensors, Named{e.name, t})
	}
	return f, f.unpackMetadata()
}

const lengthSize = 8 // bytes of the header's length

func readHeader(r io.ReaderAt, size int64) ([]byte, error) {
	if size < lengthSize {
		return nil, fmt.Errorf("a safetensors file has at least %d bytes, not %d", lengthSize, size)
	}
	var length [lengthSize]byte
	if err := readFull(r, length[:], 0); err != nil {
		return nil, err
	}
	n := binary.LittleEndian.Uint64(length[:])
	if n > maxHeader {
		return nil, fmt.Errorf("header of %d bytes, want at most %d: not a safetensors file?", n, maxHeader)
	}
	if int64(n) > size-lengthSize {
		return nil, fmt.Errorf("header of %d bytes, but the file has only %d after its length", n, size-lengthSize)
	}
	header := make([]byte, n)
	return header, readFull(r, header, lengthSize)
}

// checkEnd makes sure that the last tensor ends where the data does.
func checkEnd(entries []entry, dataSize int64) error {
	if len(entries) == 0 {
		if dataSize != 0 {
			return fmt.Errorf("%d bytes of data, but no tensor", dataSize)
		}
		return nil
	}
	last := entries[len(entries)-1]
	switch {
	case last.end > dataSize:
		return last.errorf("data_offsets [%d %d] reach past the data's end at %d", last.begin, last.end, dataSize)
	case last.end < dataSize:
		return fmt.Errorf("%d bytes follow the last tensor, %.100q", dataSize-last.end, last.name)
	}
	return nil
}

func readTensor(r io.ReaderAt, start int64, e entry) (*tensor.Tensor, error) {
	b := make([]byte, e.end-e.begin)
	if err := readFull(r, b, start+e.begin); err != nil {
		return nil, err
	}
	t := tensor.New(e.format.dtype, e.shape...)
	return t, t.SetBytes(b)
}

func readFull(r io.ReaderAt, b []byte, offset int64) error {
	n, err := r.ReadAt(b, offset)
	if n == len(b) {
		return nil
	}
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("the file ends at byte %d, want %d", offset+int64(n), offset+int64(len(b)))
	}
	return err
}
