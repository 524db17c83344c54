package main

import (
	"context"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"math"
	"os"
	"path/filepath"

	"github.com/mlodyssey/odyssey/bench/wire"
	"github.com/mlodyssey/odyssey/data"
	"github.com/mlodyssey/odyssey/internal/measure"
	"github.com/mlodyssey/odyssey/random"
	"github.com/mlodyssey/odyssey/tensor"
)

// pictures are a folder of JPEG files of two classes.
type pictures struct {
	name     string
	count    int
	size     int
	grey     bool
	resizeTo int // rows and columns; 0: they are read as they are
}

var folders = []pictures{
	{name: "images-28-grey", count: 2048, size: 28, grey: true},
	{name: "images-256", count: 384, size: 256},
	{name: "images-256-to-64", count: 384, size: 256, resizeTo: 64},
}

// imageBatch is how many images a batch has.
const imageBatch = 64

// loading compares an epoch of a loader with PyTorch's DataLoader over an ImageFolder, with two workers.
func loading(p pictures) comparison {
	return comparison{name: p.name, sides: func(h *harness) (contender, []contender, error) {
		dir := filepath.Join(h.dir, p.name)
		if err := p.write(dir); err != nil {
			return contender{}, nil, err
		}
		l, err := p.loader(dir)
		if err != nil {
			return contender{}, nil, err
		}
		r := wire.Request{Work: "images", Dir: dir, Sizes: []int{p.channels(), p.resizeTo, threads}, Batch: imageBatch}
		if err := checkImages(h, r, l); err != nil {
			return contender{}, nil, err
		}
		rivals, err := h.torch.contenders(r, threads)
		return odyssey(measure.Work{Step: func() { epoch(l, func(*data.Batch) {}) }}, threads), rivals, err
	}}
}

func (p pictures) channels() int {
	if p.grey {
		return 1
	}
	return 3
}

func (p pictures) loader(dir string) (*data.Loader, error) {
	set, err := data.OpenFolder(dir, data.FolderConfig{Width: p.resizeTo, Height: p.resizeTo})
	if err != nil {
		return nil, err
	}
	if set.Shape()[0] != p.channels() {
		return nil, fmt.Errorf("examples of shape %v, want %d channels", set.Shape(), p.channels())
	}
	return data.NewLoader(set, data.LoaderConfig{Batch: imageBatch, Shuffle: true})
}

// epoch reads all batches.
func epoch(l *data.Loader, use func(*data.Batch)) {
	for b, err := range l.Batches(context.Background(), 0) {
		if err != nil {
			panic(err) // the files were there a moment ago
		}
		use(b)
	}
}

// checkImages returns an error unless both sides read the same: the mean of all values must agree.
func checkImages(h *harness, r wire.Request, l *data.Loader) error {
	r.Work = "images-mean"
	a, err := h.torch.processes[0].ask(r)
	if err != nil {
		return err
	}
	sum, n := 0.0, 0
	epoch(l, func(b *data.Batch) {
		for _, v := range tensor.Data[float32](b.Images) {
			sum += float64(v)
		}
		n += len(tensor.Data[float32](b.Images))
	})
	if ours := sum / float64(n); math.Abs(ours-float64(a.Loss)) > 0.002 {
		return fmt.Errorf("PyTorch's images have the mean %v, ours %v", a.Loss, ours)
	}
	return nil
}

// write makes the files, half of them in each class.
func (p pictures) write(dir string) error {
	for i := range p.count {
		folder := filepath.Join(dir, fmt.Sprintf("class-%d", i%2))
		if err := os.MkdirAll(folder, 0o777); err != nil {
			return err
		}
		f, err := os.Create(filepath.Join(folder, fmt.Sprintf("%d.jpg", i)))
		if err != nil {
			return err
		}
		err = jpeg.Encode(f, p.draw(random.New(uint64(i))), &jpeg.Options{Quality: 90})
		if cerr := f.Close(); err == nil {
			err = cerr
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// draw makes what compresses like a photograph: waves with some noise.
func (p pictures) draw(r *random.Stream) image.Image {
	grey, colour := image.NewGray(image.Rect(0, 0, p.size, p.size)), image.NewRGBA(image.Rect(0, 0, p.size, p.size))
	var wave [3][4]float64
	for c := range wave {
		for k := range wave[c] {
			wave[c][k] = r.Float64()
		}
	}
	for y := range p.size {
		for x := range p.size {
			noise := 24 * (r.Float64() - 0.5)
			var v [3]uint8
			for c, w := range wave {
				phase := 2 * math.Pi * ((6*w[0]*float64(x)+6*w[1]*float64(y))/float64(p.size) + w[2])
				v[c] = uint8(128 + 90*math.Sin(phase)*w[3] + noise)
			}
			grey.SetGray(x, y, color.Gray{v[0]})
			colour.SetRGBA(x, y, color.RGBA{v[0], v[1], v[2], 255})
		}
	}
	if p.grey {
		return grey
	}
	return colour
}
