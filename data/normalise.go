package data

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/internal/parallel"
	"github.com/mlodyssey/odyssey/tensor"
)

// Normalise makes (value - mean) / std of the values of an example, as a Loader does. Each of mean and std has one
// number for all values, or one for each channel, which lie one after the other; without any they are 0 and 1.
func Normalise(x, mean, std []float32) {
	n := countChannels(mean, std)
	size := len(x) / n
	for k := range n {
		channel := x[k*size:][:size]
		kernel.SubScalar(channel, channel, numberOf(mean, k, 0))
		kernel.DivScalar(channel, channel, numberOf(std, k, 1))
	}
}

// countChannels returns how many channels have numbers of their own.
func countChannels(mean, std []float32) int { return max(1, len(mean), len(std)) }

// numberOf returns that of a channel.
func numberOf(numbers []float32, channel int, otherwise float32) float32 {
	switch len(numbers) {
	case 0:
		return otherwise
	case 1:
		return numbers[0]
	}
	return numbers[channel]
}

// CheckNormalise returns an error unless examples of a shape can be normalised so. Its first axis is that of channels.
func CheckNormalise(shape []int, mean, std []float32) error {
	channels := 1
	if len(shape) > 0 {
		channels = shape[0]
	}
	for _, numbers := range [][]float32{mean, std} {
		if n := len(numbers); n > 1 && n != channels {
			return fmt.Errorf("means or deviations of %d channels, want 1 or %d for examples of shape %v", n, channels, shape)
		}
	}
	for k := range countChannels(mean, std) {
		if m, s := numberOf(mean, k, 0), numberOf(std, k, 1); !isFinite(m) || !isFinite(s) || s <= 0 {
			return fmt.Errorf("mean %v and standard deviation %v: want finite numbers, the second positive", m, s)
		}
	}
	return nil
}

// FormatNormalise writes means and deviations as ParseNormalise reads them, all of their bits.
func FormatNormalise(mean, std []float32) string {
	var channels []string
	for k := range countChannels(mean, std) {
		channels = append(channels, fmt.Sprintf("%v/%v", numberOf(mean, k, 0), numberOf(std, k, 1)))
	}
	return strings.Join(channels, ",")
}

// ParseNormalise reads MEAN/DEVIATION, such as 0.1307/0.3081, or several of these with commas between them, one for each
// channel.
func ParseNormalise(text string) (mean, std []float32, err error) {
	for channel := range strings.SplitSeq(text, ",") {
		before, after, _ := strings.Cut(channel, "/")
		m, err := strconv.ParseFloat(before, 32)
		if err != nil {
			return nil, nil, errNormalise
		}
		s, err := strconv.ParseFloat(after, 32)
		if err != nil {
			return nil, nil, errNormalise
		}
		mean, std = append(mean, float32(m)), append(std, float32(s))
	}
	return mean, std, nil
}

var errNormalise = errors.New("MEAN/DEVIATION such as 0.1307/0.3081, or one of these for each channel: 0.49/0.25,0.48/0.24,0.45/0.26")

// measureBatch is how many examples Measure reads at a time. Its result does not depend on it.
const measureBatch = 256

// Measure returns the means and the standard deviations of a set's values, as LoaderConfig takes them: of each channel
// of images, or else of all values. They are rounded: see Moments.Rounded. It reads all examples, on all processors, and
// gives the same bits on every machine.
func Measure(ctx context.Context, set Dataset) (mean, std []float32, err error) {
	if set.Len() == 0 {
		return nil, nil, errors.New("no examples, want at least one")
	}
	loader, err := NewLoader(set, LoaderConfig{Batch: min(measureBatch, set.Len())})
	if err != nil {
		return nil, nil, err
	}
	all := make([]Moments, Channels(set.Shape()))
	for batch, err := range loader.Batches(ctx, 0) {
		if err != nil {
			return nil, nil, err
		}
		if err := addBatch(all, batch); err != nil {
			return nil, nil, err
		}
	}
	for _, m := range all {
		channelMean, channelStd := m.Rounded()
		mean, std = append(mean, channelMean), append(std, channelStd)
	}
	return mean, std, nil
}

// Channels returns how many channels examples of a shape have: those of images, or else one.
func Channels(shape []int) int {
	if len(shape) == 3 {
		return shape[0]
	}
	return 1
}

// addBatch adds examples in their order. All processors share in working out the moments of each.
func addBatch(all []Moments, b *Batch) error {
	values := tensor.Data[float32](b.Images)
	each := make([]Moments, len(b.Index)*len(all)) // of a channel of an example
	size := len(values) / len(each)
	parallel.For(len(each), len(all), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			each[i] = momentsOf(values[i*size:][:size])
		}
	})
	for i, m := range each {
		if !(m.squares <= math.MaxFloat64) { // NaN is not
			return fmt.Errorf("example %d: its values are not all finite", b.Index[i/len(all)])
		}
		all[i%len(all)].merge(m)
	}
	return nil
}
