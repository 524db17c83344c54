package op_test

import (
	"fmt"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/tensor"
)

// interleaved times functions in turn, and reports the median of each and by how much the
// first takes longer.
func interleaved(b *testing.B, names []string, run ...func()) {
	times := make([][]float64, len(run))
	for b.Loop() {
		for i, f := range run {
			start := time.Now()
			f()
			times[i] = append(times[i], float64(time.Since(start).Microseconds()))
		}
	}
	for i := range times {
		slices.Sort(times[i])
	}
	median := func(i int) float64 { return times[i][len(times[i])/2] }
	for i, name := range names {
		b.ReportMetric(median(i), "µs-"+name)
		if i > 0 {
			b.ReportMetric(median(0)/median(i), "×-"+name)
			b.ReportMetric(times[0][len(times[0])/10]/times[i][len(times[i])/10], "×best-"+name)
		}
	}
	b.ReportMetric(0, "ns/op")
}

func onThreads(b *testing.B, f func(b *testing.B)) {
	for _, n := range []int{1, 2} {
		b.Run(fmt.Sprintf("threads=%d", n), func(b *testing.B) {
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(n))
			f(b)
		})
	}
}

// The same layer with weights of 32 and of 4 bits.
func BenchmarkLinearOfOneExample(b *testing.B) { benchmarkLinear(b, 1) }

func BenchmarkLinearOfExamples(b *testing.B) {
	for _, batch := range []int{2, 4, 16, 64, 256} {
		b.Run(fmt.Sprintf("batch=%d", batch), func(b *testing.B) { benchmarkLinear(b, batch) })
	}
}

func benchmarkLinear(b *testing.B, batch int) {
	const n = 4096
	x, w := drawnMatrix(batch, n), drawnMatrix(n, n)
	names := []string{"float32"}
	run := []func(){func() { op.Linear(x, w, nil) }}
	for _, d := range []tensor.DType{tensor.MXFP4, tensor.NVFP4, tensor.MXFP8E4M3, tensor.BFloat16} {
		p := autograd.Const(w.Tensor().Convert(d))
		names, run = append(names, d.String()), append(run, func() { op.Linear(x, p, nil) })
	}
	onThreads(b, func(b *testing.B) { interleaved(b, names, run...) })
}

// A large product of float32 and of bfloat16 matrices.
func BenchmarkMatMulOfBFloat16(b *testing.B) {
	const n = 1024
	x, y := drawnMatrix(n, n), drawnMatrix(n, n)
	xb, yb := autograd.Const(x.Tensor().Convert(tensor.BFloat16)), autograd.Const(y.Tensor().Convert(tensor.BFloat16))
	onThreads(b, func(b *testing.B) {
		interleaved(b, []string{"float32", "bfloat16", "right", "linear32", "linear16"},
			func() { op.MatMul(x, y) }, func() { op.MatMul(xb, yb) }, func() { op.MatMul(x, yb) },
			func() { op.Linear(x, y, nil) }, func() { op.Linear(x, yb, nil) })
	})
}

func drawnMatrix(rows, cols int) *autograd.Value {
	t := tensor.New(tensor.Float32, rows, cols)
	for i := range tensor.Data[float32](t) {
		tensor.Data[float32](t)[i] = float32(i*7919%1000)/1000 - 0.5
	}
	return autograd.Const(t)
}
