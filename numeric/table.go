package numeric

// Floats returns the formats of single values, the widest first, and of equally wide
// ones that with the longer mantissa.
func Floats() []*Float { return []*Float{F16, BF16, E4M3, E5M2, E2M3, E3M2, E2M1} }

// BlockFormats returns the formats of blocks, in the same order, with integers after
// floating-point numbers and NVFP4 last.
func BlockFormats() []*Blocks {
	return []*Blocks{MXFP8E4M3, MXFP8E5M2, MXINT8, MXFP6E2M3, MXFP6E3M2, MXFP4, NVFP4}
}
