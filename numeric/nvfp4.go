package numeric

// NVFP4 is NVIDIA's format of that name: blocks of 16 [E2M1] elements with an [E4M3]
// scale, and a float32 scale for the tensor: 4.5 bits a value. With largest the
// block's largest magnitude and each division rounded to float32,
//
//	tensor = TensorScale(largest of the tensor) = largest / (6 · 448)
//	scale  = E4M3(largest / 6 / tensor), nearest even and saturated
//
// so that the scales of the blocks use E4M3's whole range. In a tensor of zeros, and
// where the scale of the tensor is too small for float32, the scales are zero.
var NVFP4 = &Blocks{Name: "NVFP4", Size: 16, Element: E2M1, nvfp4: true}

// nvfp4Range is the largest element times the largest scale.
const nvfp4Range = 6 * 448

func nvfp4Scale(largest, tensor float32) byte {
	if tensor == 0 {
		return 0
	}
	return byte(E4M3.Encode(largest/6/tensor, Saturate))
}
