// Package precision makes recorded programs compute in formats of few bits: it writes a
// program down anew with roundings in it. What the table in this package names reads
// operands that are rounded to the policy's formats, and adds up in float32 as before;
// all else, the parameters and the optimiser among it, stays as it is.
//
// Gradients are those of the program without roundings: a rounding passes the gradient of its
// output on as that of its input (the straight-through estimator of Bengio, Léonard
// and Courville, "Estimating or Propagating Gradients Through Stochastic Neurons", 2013), while
// whatever a gradient is computed from is rounded in turn.
package precision

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/mlodyssey/odyssey/tensor"
)

// Policy says in which formats a network is trained. The zero value is float32 throughout.
type Policy struct {
	Name  string
	DType tensor.DType // of parameters and of all that is not rounded: Float32 or Float64

	// Forward is the format of weights and activations where products read them, Gradient
	// that of gradients; both are packed types, or 0 in a policy that rounds nothing.
	Forward, Gradient tensor.DType

	// Results rounds what products give as well, but for gradients of weights.
	Results bool

	// Packed rounds nothing but what products with packed weights read: for inference.
	Packed bool

	// KeepEnds leaves the first and the last layer with weights in float32.
	KeepEnds bool

	// History is how many steps the scale of a tensor looks back on: it brings the
	// largest magnitude of these to the format's. 0: formats have no such scales.
	History int

	// Scaled multiplies the loss so that small gradients do not vanish: see Scaler.
	Scaled bool
}

// The policies.
var (
	// FP64 computes in float64 throughout, with float64 parameters.
	FP64 = Policy{Name: "fp64", DType: tensor.Float64}

	// FP32 computes in float32 throughout.
	FP32 = Policy{Name: "fp32", DType: tensor.Float32}

	// BF16 and FP16 round what products read and give, without scales: Micikevicius et
	// al., "Mixed Precision Training", 2018; Kalamkar et al., "A Study of BFLOAT16 for Deep Learning
	// Training", 2019. What is too large becomes Inf.
	BF16 = Policy{Name: "bf16", DType: tensor.Float32, Forward: tensor.BFloat16, Gradient: tensor.BFloat16, Results: true}
	FP16 = Policy{Name: "fp16", DType: tensor.Float32, Forward: tensor.Float16, Gradient: tensor.Float16, Results: true, Scaled: true}

	// FP8 rounds to E4M3, and gradients to E5M2, with a scale for each tensor that follows
	// from its largest magnitudes in the last 16 steps: Micikevicius et al., "FP8 Formats for Deep
	// Learning", 2022.
	FP8 = Policy{Name: "fp8", DType: tensor.Float32, Forward: tensor.Float8E4M3, Gradient: tensor.Float8E5M2, History: 16}

	// The MX formats and NVFP4 scale each block of values; gradients are rounded
	// stochastically: Rouhani et al., "Microscaling Data Formats for Deep Learning", 2023; NVIDIA,
	// "Pretraining Large Language Models with NVFP4", 2025.
	MXFP8 = Policy{Name: "mxfp8", DType: tensor.Float32, Forward: tensor.MXFP8E4M3, Gradient: tensor.MXFP8E4M3, KeepEnds: true}
	MXFP6 = Policy{Name: "mxfp6", DType: tensor.Float32, Forward: tensor.MXFP6E2M3, Gradient: tensor.MXFP6E3M2, KeepEnds: true}
	MXFP4 = Policy{Name: "mxfp4", DType: tensor.Float32, Forward: tensor.MXFP4, Gradient: tensor.MXFP4, KeepEnds: true}
	NVFP4 = Policy{Name: "nvfp4", DType: tensor.Float32, Forward: tensor.NVFP4, Gradient: tensor.NVFP4, KeepEnds: true}
)

// activations begins the names of policies of inference.
const activations = "activations-"

// Activations returns the policy of inference with quantised weights whose products read activations of
// the same format, a packed type.
func Activations(format tensor.DType) Policy {
	p := Policy{Name: activations + format.String(), DType: tensor.Float32, Forward: format, Packed: true}
	if scaledAsTensor(format) {
		p.History = FP8.History
	}
	return p
}

// scaledAsTensor reports whether a format needs a scale for each tensor: it has few exponents, and no
// scales of blocks.
func scaledAsTensor(format tensor.DType) bool {
	return format.Blocks() == nil && format.Float().Bits() <= 8
}

// Policies returns all policies, from the most bits to the fewest.
func Policies() []Policy { return []Policy{FP64, FP32, BF16, FP16, FP8, MXFP8, MXFP6, NVFP4, MXFP4} }

// everyLayer ends the names of policies that round in the first and the last layer too.
const everyLayer = "-every-layer"

// EveryLayer returns the policy without an exception for the first and the last layer.
func (p Policy) EveryLayer() Policy {
	if p.KeepEnds {
		p.Name, p.KeepEnds = p.Name+everyLayer, false
	}
	return p
}

// String returns the policy's name.
func (p Policy) String() string { return cmp.Or(p.Name, FP32.Name) }

// Named returns the policy of a name; "" is FP32.
func Named(name string) (Policy, error) {
	if name == "" {
		return FP32, nil
	}
	var names []string
	for _, p := range Policies() {
		if p.Name == name {
			return p, nil
		}
		if all := p.EveryLayer(); all.Name == name {
			return all, nil
		}
		names = append(names, p.Name)
	}
	if format, ok := strings.CutPrefix(name, activations); ok {
		if d, ok := tensor.DTypeNamed(format); ok && d.IsPacked() {
			return Activations(d), nil
		}
	}
	return Policy{}, fmt.Errorf("precision %.40q: want one of %s", name, strings.Join(names, ", "))
}

// Type returns the type of parameters: DType, or Float32 where there is none.
func (p Policy) Type() tensor.DType { return cmp.Or(p.DType, tensor.Float32) }

// Rounds reports whether the policy puts roundings into programs.
func (p Policy) Rounds() bool { return p.Forward != 0 }
