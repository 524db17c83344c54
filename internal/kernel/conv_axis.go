package kernel

// convAxis is a convolution along one axis.
type convAxis struct{ size, outSize, kernel, stride, pad, dilation int }

func (s ConvShape) down() convAxis {
	return convAxis{s.Height, s.OutH(), s.KernelH, s.StrideH, s.PadH, s.dilationH()}
}

func (s ConvShape) across() convAxis {
	return convAxis{s.Width, s.OutW(), s.KernelW, s.StrideW, s.PadW, s.dilationW()}
}

// reach is a range from first up to and without end, along one axis.
type reach struct{ first, end int }

// reachFrom returns a reach, the same for all that are empty.
func reachFrom(first, end int) reach {
	if first >= end {
		return reach{}
	}
	return reach{first, end}
}

// inputsOf returns the taps through which an output reads inputs.
func (a convAxis) inputsOf(out int) reach {
	from := a.pad - out*a.stride // where the inputs begin, from tap 0
	return reachFrom(ceil(max(0, from), a.dilation), min(a.kernel, ceil(max(0, from+a.size), a.dilation)))
}

// outputsOf returns the outputs that read inputs through a tap.
func (a convAxis) outputsOf(k int) reach {
	k *= a.dilation
	if k >= a.size+a.pad {
		return reach{}
	}
	return reachFrom(ceil(max(0, a.pad-k), a.stride), min(a.outSize, (a.size+a.pad-k-1)/a.stride+1))
}

// What connects an input with outputs are some taps, every tapStep-th: the input
// lies at output o through tap k where o*stride + k*dilation is the input, padding
// counted. From one such tap to the next, the output goes back by outputStep.

func (a convAxis) tapStep() int    { return a.stride / gcd(a.stride, a.dilation) }
func (a convAxis) outputStep() int { return a.dilation / gcd(a.stride, a.dilation) }

// phase returns the first tap from which on some would connect an input with
// outputs, were there any number of them, and the output that it would be. There is
// none where the stride goes past the input.
func (a convAxis) phase(in int) (tap, out int, ok bool) {
	in += a.pad
	for k := range a.tapStep() {
		if rest := in - k*a.dilation; rest%a.stride == 0 {
			return k, rest / a.stride, true
		}
	}
	return 0, 0, false
}

// tapsOf returns the taps, first, first+tapStep and so on, that connect an input
// with outputs.
func (a convAxis) tapsOf(in int) reach {
	tap, out, ok := a.phase(in)
	if !ok || out < 0 {
		return reach{}
	}
	past := ceil(max(0, out-(a.outSize-1)), a.outputStep()) // taps whose outputs lie past the last
	end := tap + (out/a.outputStep()+1)*a.tapStep()         // one behind that of the first output
	return reachFrom(tap+past*a.tapStep(), min(a.kernel, end))
}

// firstOutput returns the output that tapsOf is counted from.
func (a convAxis) firstOutput(in int) int {
	_, out, _ := a.phase(in)
	return out
}

func gcd(a, b int) int {
	for b > 0 {
		a, b = b, a%b
	}
	return a
}
