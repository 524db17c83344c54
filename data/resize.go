package data

import (
	"errors"
	"fmt"
	"image"
	"math"
	"slices"
	"sync"

	"golang.org/x/image/draw"

	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/tensor"
)

// mostScalers bounds the sizes that what resizes them is kept for.
const mostScalers = 256

// resizer makes examples of pictures of any size.
type resizer struct {
	channels, height, width int

	scratch sync.Pool // of *image.RGBA
	mu      sync.Mutex
	scalers map[image.Point]draw.Scaler // by the size of what they scale
	filters map[planeSizes]*planeFilter // likewise

	lines sync.Pool // of *planeWork
}

// FromPhotograph makes an example of a shape, [1 height width] or [3 height width], of a picture as a Folder does:
// resized bilinearly, with all pixels that an output covers, to values in [0, 1].
func FromPhotograph(picture image.Image, shape []int) ([]float32, error) {
	if len(shape) != 3 || shape[0] != 1 && shape[0] != 3 || slices.Min(shape) < 1 {
		return nil, fmt.Errorf("an example of shape %v, want grey or coloured images, [1 height width] or [3 height width]", shape)
	}
	if picture.Bounds().Empty() {
		return nil, errors.New("the picture has no pixels")
	}
	x := make([]float32, tensor.Elements(shape))
	(&resizer{channels: shape[0], height: shape[1], width: shape[2]}).convert(picture, x)
	return x, nil
}

// convert makes planes of values in [0, 1] of a picture.
func (r *resizer) convert(picture image.Image, x []float32) {
	b, w, h := picture.Bounds(), r.width, r.height
	same := b.Dx() == w && b.Dy() == h
	if grey, ok := picture.(*image.Gray); ok && same && r.channels == 1 && grey.Stride == w {
		kernel.Unit(x, grey.Pix[:w*h])
		return
	}
	if photo, ok := picture.(*image.YCbCr); ok && !same && b.Min == (image.Point{}) {
		r.convertPlanes(photo, x)
		return
	}
	canvas, ok := r.scratch.Get().(*image.RGBA)
	if !ok {
		canvas = image.NewRGBA(image.Rect(0, 0, w, h))
	}
	defer r.scratch.Put(canvas)
	if same {
		draw.Draw(canvas, canvas.Rect, picture, b.Min, draw.Src)
	} else {
		r.scaler(b.Size()).Scale(canvas, canvas.Rect, picture, b, draw.Src, nil)
	}
	if r.channels == 1 {
		luma(x[:w*h], canvas.Pix)
		return
	}
	for i := range w * h {
		p := canvas.Pix[4*i:][:3:3]
		x[i], x[w*h+i], x[2*w*h+i] = float32(p[0])/255, float32(p[1])/255, float32(p[2])/255
	}
}

// scaler returns one for pictures of a size, whose weights need not be worked out
// for each.
func (r *resizer) scaler(from image.Point) draw.Scaler {
	r.mu.Lock()
	defer r.mu.Unlock()
	s, ok := r.scalers[from]
	if !ok {
		s = draw.BiLinear.NewScaler(r.width, r.height, from.X, from.Y)
		if r.scalers == nil {
			r.scalers = map[image.Point]draw.Scaler{}
		}
		if len(r.scalers) < mostScalers {
			r.scalers[from] = s
		}
	}
	return s
}

// luma makes greys of colours, with the weights of color.GrayModel: grey stays
// as it is.
func luma(x []float32, rgba []uint8) {
	for i := range x {
		p := rgba[4*i:][:3:3]
		x[i] = float32(lumaOf(p[0], p[1], p[2])) / 255
	}
}

func lumaOf(r, g, b uint8) uint8 {
	return uint8((19595*uint32(r) + 38470*uint32(g) + 7471*uint32(b) + 1<<15) >> 16)
}

// planeSizes are those of a photograph in planes.
type planeSizes struct {
	size  image.Point
	ratio image.YCbCrSubsampleRatio
}

// planeFilter resizes photographs plane by plane, before their colours are worked out: that of a
// JPEG has a quarter of the samples for each of its colours. It does what a draw.Scaler does, which
// looks up the colour of each pixel first, in a fifth of the time.
type planeFilter struct {
	light, colour struct{ rows, columns taps }
}

// planeWork is the memory for a line of a photograph and for the planes of the result.
type planeWork struct {
	line   []float32
	planes [3][]float32
	bytes  []uint8
}

func (r *resizer) convertPlanes(photo *image.YCbCr, x []float32) {
	w, h := r.width, r.height
	work, ok := r.lines.Get().(*planeWork)
	if !ok {
		work = &planeWork{bytes: make([]uint8, 3*w*h)}
		for k := range work.planes {
			work.planes[k] = make([]float32, w*h)
		}
	}
	defer r.lines.Put(work)
	filter := r.filter(planeSizes{photo.Rect.Size(), photo.SubsampleRatio})
	work.resize(work.planes[0], photo.Y, photo.YStride, filter.light.rows, filter.light.columns)
	work.resize(work.planes[1], photo.Cb, photo.CStride, filter.colour.rows, filter.colour.columns)
	work.resize(work.planes[2], photo.Cr, photo.CStride, filter.colour.rows, filter.colour.columns)
	n := w * h
	pix := work.bytes
	for i := range n {
		pix[i], pix[n+i], pix[2*n+i] = rgb(work.planes[0][i], work.planes[1][i]-128, work.planes[2][i]-128)
		if r.channels == 1 {
			pix[i] = lumaOf(pix[i], pix[n+i], pix[2*n+i])
		}
	}
	kernel.Unit(x, pix[:r.channels*n])
}

// rgb is JFIF's conversion.
func rgb(y, cb, cr float32) (r, g, b uint8) {
	return toByte(y + float32(1.402*cr)), toByte(y - float32(0.344136*cb) - float32(0.714136*cr)), toByte(y + float32(1.772*cb))
}

func toByte(v float32) uint8 { return uint8(min(255, max(0, v)) + 0.5) }

// filter returns the one for photographs of a size.
func (r *resizer) filter(of planeSizes) *planeFilter {
	r.mu.Lock()
	defer r.mu.Unlock()
	p, ok := r.filters[of]
	if !ok {
		p = newPlaneFilter(of, r.width, r.height)
		if r.filters == nil {
			r.filters = map[planeSizes]*planeFilter{}
		}
		if len(r.filters) < mostScalers {
			r.filters[of] = p
		}
	}
	return p
}

func newPlaneFilter(of planeSizes, width, height int) *planeFilter {
	p := &planeFilter{}
	p.light.rows, p.light.columns = newTaps(of.size.Y, height, 1), newTaps(of.size.X, width, 1)
	across, down := subsampling(of.ratio)
	p.colour.rows, p.colour.columns = newTaps(of.size.Y, height, down), newTaps(of.size.X, width, across)
	return p
}

// subsampling returns how many columns and rows share a sample of colour.
func subsampling(r image.YCbCrSubsampleRatio) (across, down int) {
	switch r {
	case image.YCbCrSubsampleRatio422:
		return 2, 1
	case image.YCbCrSubsampleRatio420:
		return 2, 2
	case image.YCbCrSubsampleRatio440:
		return 1, 2
	case image.YCbCrSubsampleRatio411:
		return 4, 1
	case image.YCbCrSubsampleRatio410:
		return 4, 2
	}
	return 1, 1
}

// taps say which samples of a line make each pixel of another: from first[i] on, with weight[i].
type taps struct {
	first  []int
	weight [][]float32
}

// newTaps works out a triangle of at least two pixels, and so wide that all of n count where m are
// fewer. Each sample of the line stands for so many pixels in a row.
func newTaps(n, m, pixels int) taps {
	scale := float64(n) / float64(m)
	reach := max(1, scale)
	t := taps{make([]int, m), make([][]float32, m)}
	for i := range m {
		centre := float64((float64(i) + 0.5) * scale)
		lo, hi := max(0, int(centre-reach+0.5)), min(n, int(centre+reach+0.5))
		t.first[i] = lo / pixels
		weights, total := make([]float64, (hi-1)/pixels-lo/pixels+1), 0.0
		for k := lo; k < hi; k++ {
			w := max(0, 1-math.Abs((float64(k)-centre+0.5)/reach))
			weights[k/pixels-lo/pixels] += w
			total += w
		}
		for _, w := range weights {
			t.weight[i] = append(t.weight[i], float32(w/total))
		}
	}
	return t
}

// resize makes a plane of another. Lines are added up first: what is left to do along them is one
// line for each of the result.
func (p *planeWork) resize(dst []float32, src []uint8, stride int, rows, columns taps) {
	last := len(columns.first) - 1
	width := columns.first[last] + len(columns.weight[last])
	if cap(p.line) < width {
		p.line = make([]float32, width)
	}
	line := p.line[:width]
	for y, first := range rows.first {
		clear(line)
		weights := rows.weight[y]
		for k := 0; k+1 < len(weights); k += 2 {
			addLines(line, src[(first+k)*stride:], src[(first+k+1)*stride:], weights[k], weights[k+1])
		}
		if k := len(weights) - 1; k%2 == 0 {
			addLine(line, src[(first+k)*stride:], weights[k])
		}
		out := dst[y*len(columns.first):][:len(columns.first)]
		for x := range out {
			sum := float32(0)
			weights := columns.weight[x]
			for k, v := range line[columns.first[x]:][:len(weights)] {
				sum += float32(weights[k] * v)
			}
			out[x] = sum
		}
	}
}

// addLines is addLine of two lines, with the sums in memory once.
func addLines(line []float32, a, b []uint8, v, w float32) {
	a, b = a[:len(line)], b[:len(line)]
	for i := range line {
		line[i] = line[i] + float32(v*float32(a[i])) + float32(w*float32(b[i]))
	}
}

func addLine(line []float32, src []uint8, w float32) {
	for i, v := range src[:len(line)] {
		line[i] += float32(w * float32(v))
	}
}
