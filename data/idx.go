package data

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"

	"github.com/mlodyssey/odyssey/tensor"
)

// IDX is the content of an IDX file of unsigned bytes, the format of MNIST and
// EMNIST. The elements lie in row-major order.
type IDX struct {
	Shape []int
	Data  []uint8
}

const (
	idxUint8   = 0x08    // the type code of unsigned bytes
	idxInt32   = 0x0c    // that of 32-bit integers
	firstChunk = 1 << 20 // bytes taken before any data has been seen
	believable = 8       // times its own size that a file's data may well have
)

var gzipMagic = []byte{0x1f, 0x8b}

// idxKind is what a reader of IDX files wants: elements of a type, and how many
// axes.
type idxKind struct {
	code, size int // the type's, and the bytes of an element
	name       string
	rank       int
}

func idxBytes(rank int) idxKind { return idxKind{idxUint8, 1, "unsigned bytes", rank} }

// ReadIDXFile reads a file as ReadIDX does.
func ReadIDXFile(path string, rank int) (*IDX, error) { return readIDXFile(path, idxBytes(rank)) }

func readIDXFile(path string, kind idxKind) (*IDX, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	x, err := readIDX(f, kind, max(firstChunk, believable*int(min(info.Size(), 1<<27))))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return x, nil
}

// readIDXClasses reads labels as QMNIST has them: 32-bit integers [n, 8], of
// which the first of each row is the class and the others say where the image
// is from.
func readIDXClasses(path string) ([]uint8, error) {
	x, err := readIDXFile(path, idxKind{idxInt32, 4, "32-bit integers", 2})
	if err != nil {
		return nil, err
	}
	n, columns := x.Shape[0], x.Shape[1]
	if columns == 0 && n > 0 {
		return nil, fmt.Errorf("%s: the header says %v, want at least one column", path, x.Shape)
	}
	labels := make([]uint8, n)
	for i := range labels {
		v := binary.BigEndian.Uint32(x.Data[4*i*columns:])
		if v > math.MaxUint8 {
			return nil, fmt.Errorf("%s: label %d of example %d, want at most %d", path, int32(v), i, math.MaxUint8)
		}
		labels[i] = uint8(v)
	}
	return labels, nil
}

// ReadIDX reads unsigned bytes in IDX format with the given number of axes,
// plain or compressed by gzip, up to the end of r. A header that claims more
// than is there costs no memory beyond a small multiple of what is.
//
// The format: two zero bytes, the type code 0x08, the number of axes, the
// length of each axis as a big-endian uint32, and the data.
// http://yann.lecun.com/exdb/mnist
func ReadIDX(r io.Reader, rank int) (*IDX, error) { return readIDX(r, idxBytes(rank), firstChunk) }

// readIDX is ReadIDX that takes memory for so many bytes at once.
func readIDX(r io.Reader, kind idxKind, atOnce int) (*IDX, error) {
	buffered := bufio.NewReaderSize(r, 1<<16)
	if start, _ := buffered.Peek(len(gzipMagic)); !bytes.Equal(start, gzipMagic) {
		return readPlainIDX(buffered, kind, atOnce)
	}
	unzipped, err := gzip.NewReader(buffered)
	if err != nil {
		return nil, fmt.Errorf("corrupt gzip: %w", err)
	}
	return readPlainIDX(unzipped, kind, atOnce)
}

func readPlainIDX(r io.Reader, kind idxKind, atOnce int) (*IDX, error) {
	shape, err := readIDXHeader(r, kind)
	if err != nil {
		return nil, err
	}
	size := kind.size * tensor.Elements(shape)
	data, err := readExactly(r, size, atOnce)
	if err != nil {
		return nil, fmt.Errorf("the header says %v, %d bytes of data: %w", shape, size, err)
	}
	return &IDX{shape, data}, nil
}

func readIDXHeader(r io.Reader, kind idxKind) (shape []int, err error) {
	header := make([]byte, 4+4*kind.rank)
	n, err := io.ReadFull(r, header)
	if n >= 4 {
		want := uint32(kind.code<<8 | kind.rank)
		if magic := binary.BigEndian.Uint32(header); magic != want {
			return nil, fmt.Errorf("magic 0x%08x, want 0x%08x: IDX, %s, %d axes", magic, want, kind.name, kind.rank)
		}
	}
	if isEnd(err) {
		return nil, fmt.Errorf("cut short: %d bytes, want a header of %d", n, len(header))
	}
	if err != nil {
		return nil, fmt.Errorf("reading the header: %w", err)
	}
	shape = make([]int, kind.rank)
	for i := range shape {
		shape[i] = int(binary.BigEndian.Uint32(header[4+4*i:]))
	}
	if kind.size == 4 {
		return shape, tensor.CheckShape(tensor.Int32, shape)
	}
	return shape, tensor.CheckShape(tensor.Uint8, shape)
}

// readExactly reads the n bytes that r must end after. Beyond the first it takes
// memory as data arrives, never on the word of a header alone.
func readExactly(r io.Reader, n, atOnce int) ([]uint8, error) {
	data := make([]uint8, 0, min(n, atOnce))
	for len(data) < n {
		if len(data) == cap(data) {
			data = append(make([]uint8, 0, min(n, 2*len(data))), data...)
		}
		k, err := io.ReadFull(r, data[len(data):cap(data)])
		data = data[:len(data)+k]
		if isEnd(err) {
			return nil, fmt.Errorf("cut short after %d", len(data))
		}
		if err != nil {
			return nil, fmt.Errorf("unreadable after %d: %w", len(data), err)
		}
	}
	// Only at its end does gzip compare the checksum.
	switch k, err := io.ReadFull(r, make([]byte, 1)); {
	case k > 0:
		return nil, errors.New("more follow, want the file to end")
	case err != io.EOF:
		return nil, fmt.Errorf("unreadable at the end: %w", err)
	}
	return data, nil
}

func isEnd(err error) bool { return err == io.EOF || err == io.ErrUnexpectedEOF }
