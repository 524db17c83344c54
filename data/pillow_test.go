package data

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"testing"

	"github.com/mlodyssey/odyssey/internal/python"
	"github.com/mlodyssey/odyssey/random"
)

// photograph is smooth, with edges and noise.
func photograph(width, height int) *image.NRGBA {
	r, m := random.New(5), image.NewNRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			c := color.NRGBA{uint8(255 * x / width), uint8(255 * y / height), uint8(127 * (x/16 + y/16) % 256), 255}
			c.R, c.G = c.R/2+uint8(r.IntN(100)), c.G/2+uint8(r.IntN(100))
			m.SetNRGBA(x, y, c)
		}
	}
	return m
}

func encodePNG(t *testing.T, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func encodeJPEG(t *testing.T, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, &jpeg.Options{Quality: 90}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// pillowCase is a picture that both resize.
type pillowCase struct {
	File   []byte `json:"file"`
	Mode   string `json:"mode"`
	Width  int    `json:"width"`
	Height int    `json:"height"`

	name string
	most int     // by which a byte may be off
	mean float64 // likewise, of all
}

// PyTorch's loaders of images resize with Pillow.
func TestResizingAgainstPyTorchsPillow(t *testing.T) {
	photo := photograph(150, 100)
	grey := image.NewGray(photo.Rect)
	for i := range grey.Pix {
		grey.Pix[i] = photo.Pix[4*i]
	}
	var cases []pillowCase
	for _, size := range []struct {
		width, height int
		most          int     // by which a byte of the colour JPEG may be off: Pillow 9.4 is by 12, 36 and 54
		mean          float64 // likewise: by 1.37, 3.69 and 4.46
	}{{32, 32, 16, 1.5}, {149, 60, 40, 4}, {224, 224, 58, 4.8}} {
		for _, c := range []pillowCase{
			{name: "grey PNG", File: encodePNG(t, grey), Mode: "L", most: 1, mean: 0.3},
			{name: "PNG", File: encodePNG(t, photo), Mode: "RGB", most: 1, mean: 0.3},
			{name: "grey JPEG", File: encodeJPEG(t, grey), Mode: "L", most: 2, mean: 0.3}, // decoders differ by 1
			// Pillow's decoder smooths colours of which there are fewer samples, and this picture is full of edges between colours.
			{name: "JPEG", File: encodeJPEG(t, photo), Mode: "RGB", most: size.most, mean: size.mean},
		} {
			c.Width, c.Height = size.width, size.height
			cases = append(cases, c)
		}
	}
	var answers [][]int
	python.Pillow.Ask(t, "testdata/pillow/main.py", cases, &answers)
	for i, c := range cases {
		most, mean := c.compare(t, answers[i])
		t.Logf("%s to %d×%d: at most %d, %.2f on average", c.name, c.Width, c.Height, most, mean)
		if most > c.most || mean > c.mean {
			t.Errorf("%s to %d×%d: bytes off by %d at most and %.2f on average, want %d and %v", c.name, c.Width, c.Height, most, mean, c.most, c.mean)
		}
	}
}

// compare reads the picture as a set does, and tells by how much bytes are off.
func (c pillowCase) compare(t *testing.T, want []int) (most int, mean float64) {
	t.Helper()
	set, err := OpenFolder(tree(t, map[string][]byte{"a/1.png": c.File, "b/1.png": c.File}), FolderConfig{Width: c.Width, Height: c.Height})
	if err != nil {
		t.Fatal(err)
	}
	pixels, _ := readBytes(t, set, 0)
	if len(pixels) != len(want) {
		t.Fatalf("%s: %d bytes, Pillow has %d", c.name, len(pixels), len(want))
	}
	for i, v := range pixels {
		d := max(int(v)-want[i], want[i]-int(v))
		most, mean = max(most, d), mean+float64(d)/float64(len(want))
	}
	return most, mean
}
