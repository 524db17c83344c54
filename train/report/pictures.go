package report

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"html/template"
	"image"
	"image/color"
	"image/png"
	"slices"

	"github.com/mlodyssey/odyssey/data"
	"github.com/mlodyssey/odyssey/nn"
	"github.com/mlodyssey/odyssey/tensor"
	"github.com/mlodyssey/odyssey/train"
)

// How many are shown.
const (
	mostMistakes = 24
	mostFilters  = 64
	mostPixels   = 256 // along a side of a picture; larger examples are shown without
)

// Mistake is an example that was taken for another class.
type Mistake struct {
	Index        int // in the test set
	Class, Guess string
	Probability  float64      // of the guess
	Loss         float64      // the cross-entropy
	Picture      template.URL // a data: URI; "" for what is no picture
}

// worst returns the mistakes of the highest loss.
func worst(all []train.Judgement, set data.Dataset) (mistakes []Mistake, err error) {
	var index []int
	for i, j := range all {
		if j.Label != j.Guess {
			index = append(index, i)
		}
	}
	slices.SortStableFunc(index, func(a, b int) int { return cmp.Compare(all[b].Loss, all[a].Loss) })
	shape, classes := set.Shape(), set.Classes()
	x := make([]float32, tensor.Elements(shape))
	for _, i := range index[:min(mostMistakes, len(index))] {
		if _, err := set.Read(i, x); err != nil {
			return nil, err
		}
		j := all[i]
		mistakes = append(mistakes, Mistake{i, classes[j.Label], classes[j.Guess], j.Probability, j.Loss, pictureOf(x, shape)})
	}
	return mistakes, nil
}

// meanLoss adds as an evaluation does, example by example.
func meanLoss(all []train.Judgement) (mean float64) {
	for _, j := range all {
		mean += j.Loss
	}
	return mean / float64(max(1, len(all)))
}

// pictureOf draws an example as data.Sheet does handwriting: grey ones as dark ink on white paper.
func pictureOf(x []float32, shape []int) template.URL {
	if len(shape) != 3 || shape[0] != 1 && shape[0] != 3 || max(shape[1], shape[2]) > mostPixels || len(x) == 0 {
		return ""
	}
	if shape[0] == 1 {
		return planes(x, shape, func(v float32) float32 { return 1 - v })
	}
	return planes(x, shape, func(v float32) float32 { return v })
}

// planes draws [1 h w] in grey and [3 h w] in red, green and blue, of values from 0 to 1.
func planes(x []float32, shape []int, value func(float32) float32) template.URL {
	height, width := shape[1], shape[2]
	level := func(i int) uint8 { return uint8(255*min(max(value(x[i]), 0), 1) + 0.5) }
	var picture image.Image
	if shape[0] == 1 {
		grey := image.NewGray(image.Rect(0, 0, width, height))
		for i := range height * width {
			grey.Pix[i] = level(i)
		}
		picture = grey
	} else {
		colours := image.NewRGBA(image.Rect(0, 0, width, height))
		for i := range height * width {
			colours.SetRGBA(i%width, i/width, color.RGBA{level(i), level(height*width + i), level(2*height*width + i), 255})
		}
		picture = colours
	}
	var b bytes.Buffer
	if err := png.Encode(&b, picture); err != nil {
		return "" // it has no pixels
	}
	return template.URL("data:image/png;base64," + base64.StdEncoding.EncodeToString(b.Bytes()))
}

// Filters are the weights of a convolution as pictures, all on one scale.
type Filters struct {
	Name     string // of the parameter
	Shape    []int  // [filters channels height width]
	Largest  float32
	Pictures []template.URL // of the first of them
}

// filtersOf returns those of the first convolution of a network, or nil where it sees neither grey nor
// coloured images.
func filtersOf(net nn.Module) *Filters {
	for _, v := range nn.Variables(net) {
		shape := v.Value.Shape()
		if len(shape) != 4 {
			continue
		}
		if shape[1] != 1 && shape[1] != 3 || max(shape[2], shape[3]) < 2 || max(shape[2], shape[3]) > mostPixels {
			return nil
		}
		return drawFilters(v.Name, shape, tensor.Data[float32](v.Value.Tensor().Convert(tensor.Float32)))
	}
	return nil
}

// drawFilters draws 0 as middle grey, and the weight furthest from it as black or white.
func drawFilters(name string, shape []int, weights []float32) *Filters {
	f := &Filters{Name: name, Shape: shape}
	for _, w := range weights {
		f.Largest = max(f.Largest, w, -w)
	}
	scale := cmp.Or(f.Largest, 1)
	size := tensor.Elements(shape[1:])
	for k := range min(shape[0], mostFilters) {
		f.Pictures = append(f.Pictures, planes(weights[k*size:][:size], shape[1:], func(v float32) float32 { return 0.5 + v/scale/2 }))
	}
	return f
}
