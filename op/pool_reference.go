package op

// The references of the poolings: from an element of the output to the elements of
// the images that its window has.

// oblong is a config with all that a config can have.
var oblong = Pool2DConfig{Kernel: 2, Columns: PoolColumns{3, 2, 1}, Ceil: true, ExcludePadding: true}

// poolWindow is the reference of the poolings: the elements of a window along an
// axis, from first up to and without end, of those in the image, and how many
// count in an average. kernel is how far apart in taps two rows are.
func poolWindow(p pool2D, columns bool, size, o int) (begin, first, end, counted, kernel int) {
	c := PoolColumns{p.Kernel, p.Stride, p.Padding}
	bins := p.BinsH
	if columns {
		bins = p.BinsW
		if p.Columns != (PoolColumns{}) {
			c = p.Columns
		}
	}
	if bins > 0 {
		widest := 0
		for i := range bins {
			widest = max(widest, ((i+1)*size+bins-1)/bins-i*size/bins)
		}
		first, end = o*size/bins, ((o+1)*size+bins-1)/bins
		return first, first, end, end - first, widest
	}
	if c.Stride == 0 {
		c.Stride = c.Kernel
	}
	begin = o*c.Stride - c.Padding
	first, end = max(begin, 0), min(begin+c.Kernel, size)
	counted = min(begin+c.Kernel, size+c.Padding) - begin
	if p.ExcludePadding {
		counted = end - first
	}
	return begin, first, end, counted, c.Kernel
}

// eachPoolTap calls f with each tap of a window on images of h x w that lies in
// them, with where it lies, and with how many an average counts.
func eachPoolTap(p pool2D, h, w, oy, ox int, f func(tap, y, x, counted int)) {
	top, y0, y1, rows, _ := poolWindow(p, false, h, oy)
	left, x0, x1, cols, kernel := poolWindow(p, true, w, ox)
	for y := y0; y < y1; y++ {
		for x := x0; x < x1; x++ {
			f((y-top)*kernel+x-left, y, x, rows*cols)
		}
	}
}

// spreadOverWindows is the reference of what gives images of h x w from pooled
// ones: share says what a tap of a window gets.
func spreadOverWindows(p pool2D, h, w int, pooled []int, share func(window []int, tap, counted int) float64) []Array {
	x := NewArray(pooled[0], pooled[1], h, w)
	Each(pooled, func(window []int) {
		eachPoolTap(p, h, w, window[2], window[3], func(tap, iy, ix, counted int) {
			at := []int{window[0], window[1], iy, ix}
			x.Set(x.At(at...)+share(window, tap, counted), at...)
		})
	})
	return []Array{x}
}
