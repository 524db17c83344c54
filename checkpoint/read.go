package checkpoint

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"unsafe"

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
	if err := applyMetadata(entries, metadata); err != nil {
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
	return f, nil
}

const lengthSize = 8 // bytes of the header's length

func readHeader(r io.ReaderAt, size int64) ([]byte, error) {
	if size < lengthSize {
		return nil, fmt.Errorf("a safetensors file has at least %d bytes, not %d", lengthSize, size)
	}
	var length [lengthSize]byte
	if err := readFull(io.NewSectionReader(r, 0, lengthSize), length[:]); err != nil {
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
	return header, readFull(io.NewSectionReader(r, lengthSize, int64(n)), header)
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

// readTensor reads a tensor into its own memory: there is no copy of the whole.
func readTensor(r io.ReaderAt, start int64, e entry) (*tensor.Tensor, error) {
	t, from := tensor.New(e.format.dtype, e.shape...), io.NewSectionReader(r, start+e.begin, e.end-e.begin)
	var err error
	switch d := t.DType(); {
	case d.IsPacked():
		err = readPacked(from, t, e.scale)
	case d == tensor.Bool:
		b := make([]byte, e.end-e.begin)
		if err = readFull(from, b); err == nil {
			err = t.SetBytes(b)
		}
	case d.Size() == 1:
		err = readFull(from, tensor.Bits[uint8](t))
	case d.Size() == 4:
		err = readWords(from, tensor.Bits[uint32](t), binary.LittleEndian.Uint32)
	default:
		err = readWords(from, tensor.Bits[uint64](t), binary.LittleEndian.Uint64)
	}
	return t, err
}

// readPacked reads what tensor.Bytes gives of a packed tensor.
func readPacked(r *io.SectionReader, t *tensor.Tensor, scale float32) error {
	codes, scales, _ := tensor.Packed(t)
	if err := cmp.Or(readFull(r, codes), readFull(r, scales)); err != nil {
		return err
	}
	if t.DType() == tensor.NVFP4 {
		var b [4]byte
		if err := readFull(r, b[:]); err != nil {
			return err
		}
		scale = math.Float32frombits(binary.LittleEndian.Uint32(b[:]))
	} else if scale == 0 {
		return nil
	}
	t.SetScale(scale)
	return nil
}

// readBytes is how many bytes are read at a time where they have to become numbers.
const readBytes = 1 << 16

// readWords reads little-endian words.
func readWords[T tensor.Word](r *io.SectionReader, words []T, word func(b []byte) T) error {
	size := int(unsafe.Sizeof(*new(T)))
	buffer := make([]byte, min(readBytes, len(words)*size))
	for len(words) > 0 {
		b := buffer[:min(len(buffer), len(words)*size)]
		if err := readFull(r, b); err != nil {
			return err
		}
		n := len(b) / size
		for i := range words[:n] {
			words[i] = word(b[i*size:])
		}
		words = words[n:]
	}
	return nil
}

func readFull(r *io.SectionReader, b []byte) error {
	n, err := io.ReadFull(r, b)
	if err == nil {
		return nil
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		at, _ := r.Seek(0, io.SeekCurrent)
		_, offset, _ := r.Outer()
		return fmt.Errorf("the file ends at byte %d, want %d", offset+at, offset+at-int64(n)+int64(len(b)))
	}
	return err
}
