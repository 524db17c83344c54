package report

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"html/template"
	"image"
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
	index = index[:min(mostMistakes, len(index))]
	pictures, err := picturesOf(set, index)
	if err != nil {
		return nil, err
	}
	classes := set.Classes()
	for k, i := range index {
		j := all[i]
		mistakes = append(mistakes, Mistake{i, classes[j.Label], classes[j.Guess], j.Probability, j.Loss, pictures[k]})
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

// picturesOf draws examples as data.Sheet does, each "" where they are no pictures.
func picturesOf(set data.Dataset, index []int) ([]template.URL, error) {
	shape := set.Shape()
	urls := make([]template.URL, len(index))
	if !isPicture(shape) {
		return urls, nil
	}
	var pictures []image.Image
	x := make([]float32, tensor.Elements(shape))
	for _, i := range index {
		if _, err := set.Read(i, x); err != nil {
			return nil, err
		}
		pictures = append(pictures, data.Picture(shape, x))
	}
	data.InkOnPaper(pictures)
	for k, p := range pictures {
		urls[k] = urlOf(p)
	}
	return urls, nil
}

// isPicture reports whether a shape is that of pictures, and of small ones.
func isPicture(shape []int) bool {
	return len(shape) == 3 && (shape[0] == 1 || shape[0] == 3) && max(shape[1], shape[2]) <= mostPixels && tensor.Elements(shape) > 0
}

// urlOf returns a picture as a data: URI.
func urlOf(picture image.Image) template.URL {
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
	levels := make([]float32, size)
	for k := range min(shape[0], mostFilters) {
		for i, w := range weights[k*size:][:size] {
			levels[i] = 0.5 + w/scale/2
		}
		f.Pictures = append(f.Pictures, urlOf(data.Picture(shape[1:], levels)))
	}
	return f
}
