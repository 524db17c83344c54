package augment

import "math"

// grey is how bright a colour looks (ITU-R BT.601).
func grey(r, g, b float32) float32 {
	return float32(0.2989*r) + float32(0.587*g) + float32(0.114*b)
}

// eachColour fills dst, of src's shape, with f of every pixel. An image without
// colours is copied.
func eachColour(dst, src *Image, f func(r, g, b float32) (float32, float32, float32)) {
	if !src.isColour() {
		dst.copyOf(src)
		return
	}
	dst.like(src)
	r, g, b := src.plane(0), src.plane(1), src.plane(2)
	toR, toG, toB := dst.plane(0), dst.plane(1), dst.plane(2)
	for i := range r {
		toR[i], toG[i], toB[i] = f(r[i], g[i], b[i])
	}
}

// Greyscale takes the colours from an image, which keeps its three channels.
type Greyscale struct{}

var _ = register(Row{
	Name: "greyscale", Kind: Colour, Default: Greyscale{}, Formula: "0.2989·r + 0.587·g + 0.114·b in each channel", Draws: "0", Identity: "p=0",
})

// Apply implements Transform.
func (Greyscale) Apply(dst, src *Image, w *Work) {
	eachColour(dst, src, func(r, g, b float32) (float32, float32, float32) {
		v := clamp(grey(r, g, b))
		return v, v, v
	})
}

// Saturation makes colours paler or stronger.
type Saturation struct {
	Factor Range `set:"factor" of:"0..10" one:"around 1" doc:"factor: 0 leaves no colours, 1 changes nothing"`
}

var _ = register(Row{
	Name: "saturation", Kind: Colour, Default: Saturation{Factor: Range{0.6, 1.4}},
	Formula: "factor·x + (1 − factor)·grey(x), clamped", Draws: "1", Identity: "factor=1..1", Show: "factor=2.5..2.5",
})

// Apply implements Transform.
func (t Saturation) Apply(dst, src *Image, w *Work) { saturate(dst, src, t.Factor.draw(w)) }

func saturate(dst, src *Image, factor float64) {
	f := float32(factor)
	eachColour(dst, src, func(r, g, b float32) (float32, float32, float32) {
		v := grey(r, g, b)
		return blend(r, v, f), blend(g, v, f), blend(b, v, f)
	})
}

// Hue turns colours around the circle of colours.
type Hue struct {
	Turn Range `set:"turn" of:"-0.5..0.5" one:"around 0" doc:"fraction of the colour circle, from red to green to blue"`
}

var _ = register(Row{
	Name: "hue", Kind: Colour, Default: Hue{Turn: Within(0.1)}, Formula: "hsv → rgb of (h + turn mod 1, s, v)", Draws: "1", Identity: "turn=0", Show: "turn=0.33..0.33",
})

// Apply implements Transform.
func (t Hue) Apply(dst, src *Image, w *Work) { turnHue(dst, src, t.Turn.draw(w)) }

func turnHue(dst, src *Image, turn float64) {
	if turn == 0 {
		dst.copyOf(src) // which a way there and back would round
		return
	}
	by := float32(turn)
	eachColour(dst, src, func(r, g, b float32) (float32, float32, float32) {
		h, s, v := hsv(r, g, b)
		h += by
		return rgb(h-floor(h), s, v)
	})
}

func floor(v float32) float32 { return float32(math.Floor(float64(v))) }

// hsv returns the hue, from 0 to 1, the saturation and the value of a colour.
func hsv(r, g, b float32) (h, s, v float32) {
	v = max(r, g, b)
	d := v - min(r, g, b)
	if d == 0 {
		return 0, 0, v
	}
	switch v {
	case r:
		h = (g - b) / d
	case g:
		h = 2 + (b-r)/d
	default:
		h = 4 + (r-g)/d
	}
	h /= 6
	return h - floor(h), d / v, v
}

func rgb(h, s, v float32) (r, g, b float32) {
	h = float32(6 * h)
	sector := floor(h)
	f := h - sector
	p := clamp(v * (1 - s))
	q := clamp(v * (1 - float32(s*f)))
	t := clamp(v * (1 - float32(s*(1-f))))
	switch int(sector) % 6 {
	case 0:
		return v, t, p
	case 1:
		return q, v, p
	case 2:
		return p, v, t
	case 3:
		return p, q, v
	case 4:
		return t, p, v
	}
	return v, p, q
}

// ColourJitter changes brightness, contrast, saturation and hue, in a random
// order.
type ColourJitter struct {
	Brightness Range `set:"brightness" of:"0..10" one:"around 1" doc:"factor"`
	Contrast   Range `set:"contrast" of:"0..10" one:"around 1" doc:"factor"`
	Saturation Range `set:"saturation" of:"0..10" one:"around 1" doc:"factor"`
	Hue        Range `set:"hue" of:"-0.5..0.5" one:"around 0" doc:"fraction of the colour circle"`
}

var _ = register(Row{
	Name: "jitter", Kind: Colour, Default: ColourJitter{Range{0.6, 1.4}, Range{0.6, 1.4}, Range{0.6, 1.4}, Within(0.1)},
	Formula: "brightness, contrast, saturation and hue, one after the other in an order drawn", Draws: "4, and 3 whole numbers",
	Identity: "brightness=1..1,contrast=1..1,saturation=1..1,hue=0", Show: "brightness=0.7..0.7,contrast=1.5..1.5,saturation=1.5..1.5,hue=-0.1..-0.1",
})

// Apply implements Transform.
func (t ColourJitter) Apply(dst, src *Image, w *Work) {
	amount := [4]float64{t.Brightness.draw(w), t.Contrast.draw(w), t.Saturation.draw(w), t.Hue.draw(w)}
	steps := [4]func(dst, src *Image, amount float64){brighten, contrast, saturate, turnHue}
	for i := 3; i > 0; i-- {
		j := w.Random.IntN(i + 1)
		amount[i], amount[j] = amount[j], amount[i]
		steps[i], steps[j] = steps[j], steps[i]
	}
	a, b := w.take(), w.take()
	defer w.give()
	defer w.give()
	steps[0](a, src, amount[0])
	steps[1](b, a, amount[1])
	steps[2](a, b, amount[2])
	steps[3](dst, a, amount[3])
}
