package data

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/mlodyssey/odyssey/numeric"
	"github.com/mlodyssey/odyssey/tensor"
)

const (
	npyMagic  = "\x93NUMPY"
	npyHeader = 1 << 16 // the most bytes of a header that are read
	npyRank   = 64      // NumPy's own limit
)

// npyType is how a file's elements become a tensor's.
type npyType struct {
	to     tensor.DType
	size   int
	decode func(t *tensor.Tensor, i int, b []byte, order binary.ByteOrder) error
}

// npyTypes are NumPy's numeric types, without the byte order. Those that tensors
// do not have become the next wider one that holds all their values; unsigned
// integers of 64 bits must fit into signed ones.
var npyTypes = map[string]npyType{
	"b1": {tensor.Bool, 1, func(t *tensor.Tensor, i int, b []byte, _ binary.ByteOrder) error {
		if b[0] > 1 {
			return fmt.Errorf("element %d is %d, want a bool, 0 or 1", i, b[0])
		}
		tensor.Data[bool](t)[i] = b[0] == 1
		return nil
	}},
	"u1": integer(tensor.Uint8, 1, func(b []byte, _ binary.ByteOrder) uint8 { return b[0] }),
	"i1": integer(tensor.Int32, 1, func(b []byte, _ binary.ByteOrder) int32 { return int32(int8(b[0])) }),
	"u2": integer(tensor.Int32, 2, func(b []byte, o binary.ByteOrder) int32 { return int32(o.Uint16(b)) }),
	"i2": integer(tensor.Int32, 2, func(b []byte, o binary.ByteOrder) int32 { return int32(int16(o.Uint16(b))) }),
	"u4": integer(tensor.Int64, 4, func(b []byte, o binary.ByteOrder) int64 { return int64(o.Uint32(b)) }),
	"i4": integer(tensor.Int32, 4, func(b []byte, o binary.ByteOrder) int32 { return int32(o.Uint32(b)) }),
	"i8": integer(tensor.Int64, 8, func(b []byte, o binary.ByteOrder) int64 { return int64(o.Uint64(b)) }),
	"u8": {tensor.Int64, 8, func(t *tensor.Tensor, i int, b []byte, o binary.ByteOrder) error {
		v := o.Uint64(b)
		if v > math.MaxInt64 {
			return fmt.Errorf("element %d is %d, want at most %d", i, v, int64(math.MaxInt64))
		}
		tensor.Data[int64](t)[i] = int64(v)
		return nil
	}},
	"f2": integer(tensor.Float32, 2, func(b []byte, o binary.ByteOrder) float32 { return numeric.Float16(o.Uint16(b)).Float32() }),
	"f4": integer(tensor.Float32, 4, func(b []byte, o binary.ByteOrder) float32 { return math.Float32frombits(o.Uint32(b)) }),
	"f8": integer(tensor.Float64, 8, func(b []byte, o binary.ByteOrder) float64 { return math.Float64frombits(o.Uint64(b)) }),
}

// integer is a type whose every bit pattern is a value.
func integer[E tensor.Element](to tensor.DType, size int, value func([]byte, binary.ByteOrder) E) npyType {
	return npyType{to, size, func(t *tensor.Tensor, i int, b []byte, o binary.ByteOrder) error {
		tensor.Data[E](t)[i] = value(b, o)
		return nil
	}}
}

// npySpec is what a header says.
type npySpec struct {
	npyType
	order   binary.ByteOrder
	fortran bool // the first axis varies fastest
	shape   []int
}

// ReadNPY reads a NumPy array, version 1 to 3 of the format, of any type of
// integers, floating-point numbers or bools, in either byte order and either
// order of axes, up to the end of r. Where tensors have no such type it becomes
// the next wider one: float16 float32, int8, int16 and uint16 int32, uint32 and
// uint64 int64.
// https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
func ReadNPY(r io.Reader) (*tensor.Tensor, error) {
	buffered := bufio.NewReaderSize(r, 1<<16)
	spec, err := readNPYHeader(buffered)
	if err != nil {
		return nil, err
	}
	n := tensor.Elements(spec.shape)
	b, err := readExactly(buffered, n*spec.size, firstChunk)
	if err != nil {
		return nil, fmt.Errorf("the header says shape %v, %d bytes of data: %w", spec.shape, n*spec.size, err)
	}
	shape := spec.shape
	if spec.fortran {
		shape = slices.Clone(shape)
		slices.Reverse(shape)
	}
	t := tensor.New(spec.to, shape...)
	for i := range n {
		if err := spec.decode(t, i, b[i*spec.size:], spec.order); err != nil {
			return nil, err
		}
	}
	if spec.fortran && len(shape) > 1 {
		axes := make([]int, len(shape))
		for i := range axes {
			axes[i] = len(shape) - 1 - i
		}
		t = t.Permute(axes...).Contiguous()
	}
	return t, nil
}

func readNPYHeader(r io.Reader) (*npySpec, error) {
	start := make([]byte, len(npyMagic)+2)
	if n, err := io.ReadFull(r, start); err != nil || string(start[:len(npyMagic)]) != npyMagic {
		if err != nil && !isEnd(err) {
			return nil, err
		}
		return nil, fmt.Errorf("%.8q, want the start of a NumPy array, %q", start[:n], npyMagic)
	}
	version := start[len(npyMagic)]
	length := make([]byte, 2)
	switch version {
	case 1:
	case 2, 3:
		length = make([]byte, 4)
	default:
		return nil, fmt.Errorf("version %d.%d, want 1 to 3", version, start[len(npyMagic)+1])
	}
	if _, err := io.ReadFull(r, length); err != nil {
		return nil, fmt.Errorf("the header is cut short: %w", err)
	}
	size := uint32(binary.LittleEndian.Uint16(length))
	if version > 1 {
		size = binary.LittleEndian.Uint32(length)
	}
	if size > npyHeader {
		return nil, fmt.Errorf("a header of %d bytes, want at most %d", size, npyHeader)
	}
	header := make([]byte, size)
	if n, err := io.ReadFull(r, header); err != nil {
		return nil, fmt.Errorf("the header is cut short after %d of %d bytes", n, size)
	}
	return parseNPYHeader(string(header))
}

var (
	npyDescr   = regexp.MustCompile(`['"]descr['"]\s*:\s*['"]([^'"]*)['"]`)
	npyFortran = regexp.MustCompile(`['"]fortran_order['"]\s*:\s*(True|False)\b`)
	npyShape   = regexp.MustCompile(`['"]shape['"]\s*:\s*\(([\d\sL,]*)\)`)
)

// parseNPYHeader reads the dictionary that a header is, a Python literal such as
// {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }.
func parseNPYHeader(header string) (*npySpec, error) {
	descr, fortran, shape := npyDescr.FindStringSubmatch(header), npyFortran.FindStringSubmatch(header), npyShape.FindStringSubmatch(header)
	if descr == nil || fortran == nil || shape == nil {
		return nil, fmt.Errorf("header %.80q, want descr (of one type), fortran_order and shape", header)
	}
	s := &npySpec{order: binary.LittleEndian, fortran: fortran[1] == "True"}
	name := descr[1]
	if strings.HasPrefix(name, ">") {
		s.order = binary.BigEndian
	}
	kind, ok := npyTypes[strings.TrimLeft(name, "<>|=")]
	if !ok {
		return nil, fmt.Errorf("elements of type %.20q, want integers, floating-point numbers or bools", name)
	}
	s.npyType = kind
	for size := range strings.SplitSeq(shape[1], ",") {
		size = strings.TrimSuffix(strings.TrimSpace(size), "L") // as Python 2 wrote it
		if size == "" {
			continue
		}
		n, err := strconv.Atoi(size)
		if err != nil {
			return nil, fmt.Errorf("shape %.42q: want whole numbers", "("+shape[1]+")")
		}
		s.shape = append(s.shape, n)
	}
	if len(s.shape) > npyRank {
		return nil, fmt.Errorf("%d axes, want at most %d", len(s.shape), npyRank)
	}
	return s, tensor.CheckShape(tensor.Float64, s.shape) // the widest of all
}

var npyNames = map[tensor.DType]string{
	tensor.Bool: "|b1", tensor.Uint8: "|u1", tensor.Int32: "<i4", tensor.Int64: "<i8", tensor.Float32: "<f4", tensor.Float64: "<f8",
}

// WriteNPY writes a tensor as a NumPy array, version 1, in C order. It wants a
// type that NumPy has too: none that is packed.
func WriteNPY(w io.Writer, t *tensor.Tensor) error {
	name, ok := npyNames[t.DType()]
	if !ok {
		return fmt.Errorf("NumPy has no type %v: want one of plain elements", t.DType())
	}
	var sizes []string
	for _, n := range t.Shape() {
		sizes = append(sizes, strconv.Itoa(n))
	}
	shape := strings.Join(sizes, ", ")
	if len(sizes) == 1 {
		shape += "," // or it would be a number in Python
	}
	header := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': (%s), }", name, shape)
	const before = len(npyMagic) + 4
	padding := 63 - (before+len(header))%64 // data begins at a multiple of 64
	header += strings.Repeat(" ", padding) + "\n"
	if len(header) > math.MaxUint16 {
		return errors.New("too many axes for a NumPy array")
	}
	start := binary.LittleEndian.AppendUint16([]byte(npyMagic+"\x01\x00"), uint16(len(header)))
	for _, b := range [][]byte{start, []byte(header), t.Bytes()} {
		if _, err := w.Write(b); err != nil {
			return err
		}
	}
	return nil
}
