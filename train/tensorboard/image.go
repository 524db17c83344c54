package tensorboard

import (
	"bytes"
	"errors"
	"image"
	"image/png"
)

// The colour spaces of an image, as summary.proto numbers them.
const (
	grey = 1
	rgb  = 3
	rgba = 4
)

// Image writes a picture, as PNG.
func (w *Writer) Image(tag string, step int, m image.Image) error {
	size := m.Bounds().Size()
	if size.X <= 0 || size.Y <= 0 {
		return w.refuse("image", tag, step, errors.New("want at least one pixel"))
	}
	var encoded bytes.Buffer
	if err := png.Encode(&encoded, m); err != nil {
		return w.refuse("image", tag, step, err)
	}
	return w.summary("image", tag, step, picture(size.X, size.Y, colorspaceOf(m), encoded.Bytes()))
}

func colorspaceOf(m image.Image) int {
	switch m := m.(type) {
	case *image.Gray, *image.Gray16:
		return grey
	case interface{ Opaque() bool }:
		if m.Opaque() {
			return rgb
		}
	}
	return rgba
}
