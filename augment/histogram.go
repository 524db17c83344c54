package augment

// Equalise spreads the values of each channel so that all are as frequent as
// each other.
type Equalise struct{}

var _ = register(Row{
	Name: "equalise", Kind: Light, Default: Equalise{}, Draws: "0", Identity: "p=0",
	Formula: "(⌊step/2⌋ + how many pixels of the channel are darker)/step, over 255, in steps of 1/255; step = ⌊pixels that are not of the brightest value/255⌋, and x where that is 0",
	Paper:   "Pillow's ImageOps.equalize",
})

// Apply implements Transform.
func (Equalise) Apply(dst, src *Image, w *Work) {
	dst.like(src)
	w.counts = grow(w.counts, 256)
	for c := range src.Channels {
		equalise(dst.plane(c), src.plane(c), w.counts)
	}
}

func equalise(dst, src []float32, counts []int) {
	clear(counts)
	for _, v := range src {
		counts[byteOf(v)]++
	}
	brightest := 0
	for i, n := range counts {
		if n > 0 {
			brightest = i
		}
	}
	step := (len(src) - counts[brightest]) / 255
	if step == 0 {
		copy(dst, src)
		return
	}
	darker := step / 2
	for i, n := range counts {
		counts[i] = min(darker/step, 255) // from here on what a value becomes
		darker += n
	}
	for i, v := range src {
		dst[i] = unit(uint8(counts[byteOf(v)]))
	}
}

// Autocontrast stretches the values of each channel so that they reach from 0 to
// 1.
type Autocontrast struct{}

var _ = register(Row{
	Name: "autocontrast", Kind: Light, Default: Autocontrast{}, Draws: "0", Identity: "p=0",
	Formula: "(x − least)/(largest − least), of a channel; x where they are the same", Paper: "Pillow's ImageOps.autocontrast",
})

// Apply implements Transform.
func (Autocontrast) Apply(dst, src *Image, w *Work) {
	dst.like(src)
	for c := range src.Channels {
		autocontrast(dst.plane(c), src.plane(c))
	}
}

func autocontrast(dst, src []float32) {
	if len(src) == 0 {
		return
	}
	least, largest := src[0], src[0]
	for _, v := range src {
		least, largest = min(least, v), max(largest, v)
	}
	if least == largest {
		copy(dst, src)
		return
	}
	for i, v := range src {
		dst[i] = (v - least) / (largest - least)
	}
}
