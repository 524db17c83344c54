// Package checkpoint keeps tensors in files: the safetensors format, and the
// atomic writing of any file.
//
// A safetensors file is an 8-byte little-endian header length, a JSON header
// that gives each tensor's name, dtype, shape and byte range, and the tensors'
// elements, row-major and little-endian, without gaps. See
// https://github.com/huggingface/safetensors for the format.
//
// Files come from anywhere, so reading takes nothing on trust: every size is
// checked against the file before memory is taken for it, and every error says
// in one line what is wrong and where.
package checkpoint

import (
	"fmt"
	"io"
	"os"

	"github.com/mlodyssey/odyssey/tensor"
)

// Named is a tensor with its name, such as "conv1.weight".
type Named struct {
	Name   string
	Tensor *tensor.Tensor
}

// File is what a safetensors file holds: tensors in the order of their data,
// and free-form strings.
type File struct {
	Tensors  []Named
	Metadata map[string]string
}

// Tensor returns the tensor of that name, or nil if the file has none.
func (f *File) Tensor(name string) *tensor.Tensor {
	for _, t := range f.Tensors {
		if t.Name == name {
			return t.Tensor
		}
	}
	return nil
}

// Load reads a safetensors file.
func Load(path string) (*File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: want a safetensors file, not a directory or device", path)
	}
	file, err := Read(f, info.Size())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return file, nil
}

// Save writes a safetensors file as Write does, atomically.
func Save(path string, tensors []Named, metadata map[string]string) error {
	return WriteFileAtomic(path, func(w io.Writer) error { return Write(w, tensors, metadata) })
}
