package data

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"math"
	"os"
	"sync"
	"sync/atomic"

	"github.com/mlodyssey/odyssey/checkpoint"
	"github.com/mlodyssey/odyssey/tensor"
)

// cached is a set whose examples stay in memory once they are read.
type cached struct {
	Dataset
	size   int
	mu     sync.Mutex // of writing
	values []float32
	of     []int
	there  []atomic.Bool
}

// CacheMemory returns a set that reads each example of another once and keeps
// it: 4 bytes a value. What could not be read is tried again.
func CacheMemory(set Dataset) Dataset {
	n, size := set.Len(), tensor.Elements(set.Shape())
	return &cached{Dataset: set, size: size, values: make([]float32, n*size), of: make([]int, n), there: make([]atomic.Bool, n)}
}

func (c *cached) Read(i int, x []float32) (label int, err error) {
	own := c.values[i*c.size:][:c.size]
	if c.there[i].Load() {
		copy(x, own)
		return c.of[i], nil
	}
	if label, err = c.Dataset.Read(i, x); err != nil {
		return 0, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.there[i].Load() {
		copy(own, x)
		c.of[i] = label
		c.there[i].Store(true)
	}
	return label, nil
}

func (c *cached) labels() ([]int, error) { return Labels(c.Dataset) }

// A cache on disk: the header, for each example its label and its values, and the
// CRC-32C of the examples' bytes.
const cacheMagic = "odyssey cache 1\n"

type cacheHeader struct {
	Magic    [len(cacheMagic)]byte
	Len      uint64
	Elements uint64
	Key      [sha256.Size]byte // of all that the content should depend on
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// DiskCache is a set whose examples lie in a file.
type DiskCache struct {
	set    Dataset // for shape and classes
	file   *os.File
	header cacheHeader
	pool   sync.Pool // of *[]byte, one example
	of     []int
}

// CacheDisk returns the examples of set from the file path, which it writes
// first, whole or not at all, unless it is there already. A file is used if its
// checksum is right and it was made with the same key, of a set of the same
// length, shape and classes; or else it is written anew. The key is to tell what the
// content depends on, such as a directory and a size. A file that is no
// cache is an error. Close the cache after use.
func CacheDisk(set Dataset, path, key string) (*DiskCache, error) {
	header := headerOf(set, key)
	c, err := openCache(set, path, header)
	if err == nil || !errors.Is(err, errStale) {
		return c, err
	}
	if err := checkpoint.WriteFileAtomic(path, func(w io.Writer) error { return writeCache(w, set, header) }); err != nil {
		return nil, err
	}
	return openCache(set, path, header)
}

// errStale says that a cache is to be written.
var errStale = errors.New("not the cache of this set")

func headerOf(set Dataset, key string) cacheHeader {
	h := cacheHeader{Len: uint64(set.Len()), Elements: uint64(tensor.Elements(set.Shape()))}
	copy(h.Magic[:], cacheMagic)
	h.Key = sha256.Sum256(fmt.Appendf(nil, "%q %v %q", key, set.Shape(), set.Classes()))
	return h
}

func (h cacheHeader) example() int { return 4 + 4*int(h.Elements) }

func writeCache(w io.Writer, set Dataset, h cacheHeader) error {
	if err := binary.Write(w, binary.LittleEndian, h); err != nil {
		return err
	}
	sum := crc32.New(castagnoli)
	w2 := io.MultiWriter(w, sum)
	x := make([]float32, h.Elements)
	b := make([]byte, 0, h.example())
	for i := range set.Len() {
		label, err := set.Read(i, x)
		if err != nil {
			return fmt.Errorf("example %d: %w", i, err)
		}
		b = binary.LittleEndian.AppendUint32(b[:0], uint32(label))
		for _, v := range x {
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
		}
		if _, err := w2.Write(b); err != nil {
			return err
		}
	}
	return binary.Write(w, binary.LittleEndian, sum.Sum32())
}

// openCache opens a file and checks all of it.
func openCache(set Dataset, path string, want cacheHeader) (*DiskCache, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errStale
	}
	if err != nil {
		return nil, err
	}
	c := &DiskCache{set: set, file: f, header: want}
	c.pool.New = func() any {
		b := make([]byte, want.example())
		return &b
	}
	if err := c.check(); err != nil {
		f.Close()
		if errors.Is(err, errStale) {
			return nil, err
		}
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}

func (c *DiskCache) check() error {
	info, err := c.file.Stat()
	if err != nil {
		return err
	}
	start := make([]byte, binary.Size(c.header))
	n, err := io.ReadFull(c.file, start)
	if err != nil && !isEnd(err) {
		return err
	}
	if n > 0 && !bytes.HasPrefix(start, []byte(cacheMagic)[:min(n, len(cacheMagic))]) {
		return errors.New("no cache of examples, want the name of one or of a new file")
	}
	var want bytes.Buffer
	binary.Write(&want, binary.LittleEndian, c.header)
	size := int64(len(start)) + int64(c.header.Len)*int64(c.header.example()) + 4
	if !bytes.Equal(start, want.Bytes()) || info.Size() != size {
		return errStale
	}
	return c.checkExamples()
}

// checkExamples compares the checksum and takes the labels.
func (c *DiskCache) checkExamples() error {
	sum := crc32.New(castagnoli)
	b := make([]byte, c.header.example())
	c.of = make([]int, c.header.Len)
	for i := range c.of {
		if _, err := io.ReadFull(c.file, b); err != nil {
			return err
		}
		sum.Write(b)
		c.of[i] = int(int32(binary.LittleEndian.Uint32(b)))
	}
	if _, err := io.ReadFull(c.file, b[:4]); err != nil {
		return err
	}
	if binary.LittleEndian.Uint32(b) != sum.Sum32() {
		return errStale
	}
	return nil
}

// Len returns the number of examples.
func (c *DiskCache) Len() int { return len(c.of) }

// Shape returns the set's.
func (c *DiskCache) Shape() []int { return c.set.Shape() }

// Classes returns the set's.
func (c *DiskCache) Classes() []string { return c.set.Classes() }

// Label returns the label of example i.
func (c *DiskCache) Label(i int) int { return c.of[i] }

// Read reads an example from the file.
func (c *DiskCache) Read(i int, x []float32) (label int, err error) {
	b := c.pool.Get().(*[]byte)
	defer c.pool.Put(b)
	at := int64(binary.Size(c.header)) + int64(i)*int64(len(*b))
	if _, err := c.file.ReadAt(*b, at); err != nil {
		return 0, err
	}
	for k := range x[:c.header.Elements] {
		x[k] = math.Float32frombits(binary.LittleEndian.Uint32((*b)[4+4*k:]))
	}
	return c.of[i], nil
}

// Close closes the file.
func (c *DiskCache) Close() error { return c.file.Close() }
