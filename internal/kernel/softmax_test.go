package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// logits are scores among which some are equal, infinite or NaN.
func logits(r *rand.Rand) float64 {
	switch r.IntN(400) {
	case 0:
		return math.NaN()
	case 1:
		return math.Inf(1)
	case 2, 3:
		return math.Inf(-1)
	}
	return math.Round(r.NormFloat64()*64) / 8
}

func exponential[T Float](x T) T {
	switch x := any(x).(type) {
	case float32:
		return T(Exp32(x))
	case float64:
		return T(Exp64(x))
	}
	panic("unreachable")
}

func logarithm[T Float](x T) T {
	switch x := any(x).(type) {
	case float32:
		return T(Log32(x))
	case float64:
		return T(Log64(x))
	}
	panic("unreachable")
}

// naiveSoftmax returns softmax and the loss of each label.
func naiveSoftmax[T Float](x []T) (y, loss []T) {
	if len(x) == 0 {
		return nil, nil
	}
	top := x[0]
	for _, v := range x {
		top = max(top, v)
	}
	y, loss = make([]T, len(x)), make([]T, len(x))
	sum := sumInOrder(len(x), func(i int) T { return exponential(x[i] - top) })
	for i, v := range x {
		y[i] = exponential(v-top) * (1 / sum)
		loss[i] = logarithm(sum) - (v - top)
	}
	return y, loss
}

func TestSoftmaxAndCrossEntropy(t *testing.T) {
	forEachPath(t, func(t *testing.T) {
		testSoftmax[float32](t)
		testSoftmax[float64](t)
	})
}

func testSoftmax[T Float](t *testing.T) {
	const rows = 3
	for name, kind := range map[string]numbers{"logits": logits, "special": special} {
		for _, n := range lengths() {
			a := newArena[T](t, uint64(n))
			x, y, loss, scratch := a.numbers(rows*n, kind), a.make(rows*n), a.make(rows), a.make(n)
			what := fmt.Sprintf("%s, %d classes", name, n)
			Softmax(y, x, rows, n)
			label := make([]int64, rows)
			for r := range label {
				label[r] = int64(r * n / rows)
			}
			if n > 0 {
				CrossEntropy(loss, x, label, n, scratch)
			}
			for r := range rows {
				want, losses := naiveSoftmax(x[r*n : (r+1)*n])
				wantSame(t, "Softmax, "+what, y[r*n:(r+1)*n], want)
				if n > 0 {
					wantSame(t, "CrossEntropy, "+what, loss[r:r+1], losses[label[r]:label[r]+1])
				}
			}
			a.check()
		}
	}
}

// The kernels of 16 examples give the bits of those of rows.
func TestSoftmaxLanes(t *testing.T) {
	forEachPath(t, func(t *testing.T) {
		for _, lanes := range []int{Lanes, HalfLanes} {
			testSoftmaxLanes[float32](t, lanes)
			testSoftmaxLanes[float64](t, lanes)
		}
	})
}

func testSoftmaxLanes[T Float](t *testing.T, lanes int) {
	for name, kind := range map[string]numbers{"logits": logits, "special": special} {
		for _, n := range []int{0, 1, 2, 3, 10, 15, 16, 17, 31, 32, 33, 47, 100, 257} {
			a := newArena[T](t, uint64(n))
			x, y, loss, scratch := a.numbers(n*lanes, kind), a.make(n*lanes), a.make(lanes), a.make(n*lanes)
			what := fmt.Sprintf("%s, %d classes of %d", name, n, lanes)
			label, index, largest := make([]int64, lanes), make([]int64, lanes), make([]int64, lanes)
			rows, wantY, wantLoss := make([]T, n*lanes), make([]T, n*lanes), make([]T, lanes)
			Transpose(rows, n, x, lanes, n, lanes)
			for e := range label {
				label[e] = int64(e * n / lanes)
			}
			SoftmaxLanes(lanes, y, x, n)
			Softmax(wantY, rows, lanes, n)
			Transpose(rows, lanes, wantY, n, lanes, n)
			wantSame(t, "SoftmaxLanes, "+what, y, rows)
			if n > 0 {
				Transpose(rows, n, x, lanes, n, lanes)
				CrossEntropyLanes(lanes, loss, x, label, n, scratch)
				CrossEntropy(wantLoss, rows, label, n, make([]T, n))
				wantSame(t, "CrossEntropyLanes, "+what, loss, wantLoss)
				ArgMaxLanes(lanes, index, x, n)
				for e := range largest {
					largest[e] = int64(naiveArgMax(rows[e*n : (e+1)*n]))
				}
				if fmt.Sprint(index) != fmt.Sprint(largest) {
					t.Fatalf("ArgMaxLanes, %s: got %v, want %v", what, index, largest)
				}
				SoftmaxLanes(lanes, x, x, n)
				wantSame(t, "SoftmaxLanes in place, "+what, x, y)
			}
			a.check()
		}
	}
}

func TestShortSlicesOfSoftmaxPanic(t *testing.T) {
	forEachPath(t, func(t *testing.T) {
		x, short, label := make([]float32, 32), make([]float32, 31), make([]int64, 16)
		for name, call := range map[string]func(){
			"Softmax, y":              func() { Softmax(short, x, 2, 16) },
			"Softmax, x":              func() { Softmax(x, short, 2, 16) },
			"SoftmaxLanes, y":         func() { SoftmaxLanes(Lanes, short[:31:31], x, 2) },
			"SoftmaxLanes, x":         func() { SoftmaxLanes(Lanes, x, short[:31:31], 2) },
			"CrossEntropyLanes, x":    func() { CrossEntropyLanes(Lanes, x, short[:31:31], label, 2, x) },
			"CrossEntropyLanes, loss": func() { CrossEntropyLanes(Lanes, x[:15:15], x, label, 2, x) },
			"CrossEntropyLanes, s":    func() { CrossEntropyLanes(Lanes, x, x, label, 2, short[:31:31]) },
			"ArgMaxLanes, x":          func() { ArgMaxLanes(Lanes, label, short[:31:31], 2) },
			"LayerNorm, gain":         func() { LayerNorm(x, x, short[:15:15], x, 2, 16, 1) },
			"LayerNorm, bias":         func() { LayerNorm(x, x, x, short[:15:15], 2, 16, 1) },
			"LayerNorm, y":            func() { LayerNorm(short, x, x, x, 2, 16, 1) },
			"SumRows":                 func() { SumRows(short[:16], short, 2, 16) },
		} {
			if !panics(call) {
				t.Errorf("%s: took a short slice", name)
			}
		}
	})
}

func naiveLayerNorm[T Float](x, gain, bias []T, eps T) []T {
	n := len(x)
	mean := sumInOrder(n, func(i int) T { return x[i] }) / T(n)
	variance := sumInOrder(n, func(i int) T { return T((x[i] - mean) * (x[i] - mean)) }) / T(n)
	scale := 1 / T(math.Sqrt(float64(variance+eps)))
	y := make([]T, n)
	for i, v := range x {
		y[i] = T(T(T(v-mean)*scale)*gain[i]) + bias[i]
	}
	return y
}

func TestLayerNorm(t *testing.T) {
	forEachPath(t, func(t *testing.T) {
		testLayerNorm[float32](t)
		testLayerNorm[float64](t)
	})
}

func testLayerNorm[T Float](t *testing.T) {
	const rows, eps = 3, 1e-5
	for name, kind := range numberKinds {
		for _, n := range lengths() {
			a := newArena[T](t, uint64(n))
			x, gain, bias, y := a.numbers(rows*n, kind), a.numbers(n, ordinary), a.numbers(n, ordinary), a.make(rows*n)
			LayerNorm(y, x, gain, bias, rows, n, eps)
			want := make([]T, rows*n)
			for r := range rows {
				copy(want[r*n:], naiveLayerNorm(x[r*n:(r+1)*n], gain, bias, eps))
			}
			wantSame(t, fmt.Sprintf("LayerNorm of %d %s numbers", n, name), y, want)
			a.check()
		}
	}
}

// A norm is LayerNorm with its gradient, or RMSNorm.
type norm[T Float] struct {
	name    string
	centred bool
	forward func(y, x, gain, bias []T, rows, n int, eps T)
	grad    func(dx, dgain, dbias, x, g, gain []T, rows, n int, eps T, scratch []T)
}

func norms[T Float]() []norm[T] {
	return []norm[T]{{"LayerNorm", true, LayerNorm[T], LayerNormGrad[T]}, {"RMSNorm", false, RMSNorm[T], RMSNormGrad[T]}}
}

// naive returns what forward should give with a gain alone, and then dx, dgain and
// dbias.
func (m norm[T]) naive(x, g, gain []T, rows, n int, eps T) (y, dx, dgain, dbias []T) {
	y, dx, dgain, dbias = make([]T, rows*n), make([]T, rows*n), make([]T, n), make([]T, n)
	for r := range rows {
		x, g, y, dx := x[r*n:(r+1)*n], g[r*n:(r+1)*n], y[r*n:(r+1)*n], dx[r*n:(r+1)*n]
		mean := func(f func(i int) T) T { return sumInOrder(n, f) / T(n) }
		var centre, level T
		if m.centred {
			centre, level = mean(func(i int) T { return x[i] }), mean(func(i int) T { return T(g[i] * gain[i]) })
		}
		variance := mean(func(i int) T { return T((x[i] - centre) * (x[i] - centre)) })
		scale := 1 / T(math.Sqrt(float64(variance+eps)))
		z := func(i int) T { return T((x[i] - centre) * scale) }
		share := mean(func(i int) T { return T(T(g[i]*gain[i]) * z(i)) })
		for i := range n {
			y[i] = T(z(i) * gain[i])
			dx[i] = T((T(g[i]*gain[i]) - level - T(z(i)*share)) * scale)
			dgain[i] += T(g[i] * z(i))
			dbias[i] += g[i]
		}
	}
	return y, dx, dgain, dbias
}

func TestNormsAndTheirGradients(t *testing.T) {
	forEachPath(t, func(t *testing.T) {
		testNorms[float32](t)
		testNorms[float64](t)
	})
}

func testNorms[T Float](t *testing.T) {
	const rows, eps = 3, 0.01
	for _, m := range norms[T]() {
		for _, n := range lengths() {
			a := newArena[T](t, uint64(n))
			x, g, gain, ones := a.numbers(rows*n, ordinary), a.numbers(rows*n, ordinary), a.numbers(n, ordinary), a.make(n)
			y, dx, dgain, dbias, scratch := a.make(rows*n), a.make(rows*n), a.make(n), a.make(n), a.make(2*n)
			for i := range n {
				ones[i], dgain[i], dbias[i] = 1, 0, 0
			}
			wantY, wantDX, wantGain, wantBias := m.naive(x, g, gain, rows, n, eps)
			m.forward(y, x, gain, nil, rows, n, eps)
			m.grad(dx, dgain, dbias, x, g, gain, rows, n, eps, scratch)
			wantSame(t, fmt.Sprintf("%s of %d", m.name, n), y, wantY)
			wantSame(t, fmt.Sprintf("%sGrad of %d", m.name, n), dx, wantDX)
			wantSame(t, fmt.Sprintf("%sGrad of %d, gain", m.name, n), dgain, wantGain)
			wantSame(t, fmt.Sprintf("%sGrad of %d, bias", m.name, n), dbias, wantBias)

			wantY, wantDX, _, _ = m.naive(x, g, ones, rows, n, eps)
			m.forward(y, x, nil, nil, rows, n, eps)
			m.grad(dx, nil, nil, x, g, nil, rows, n, eps, scratch)
			wantSame(t, fmt.Sprintf("%s of %d without gain", m.name, n), y, wantY)
			wantSame(t, fmt.Sprintf("%sGrad of %d without gain", m.name, n), dx, wantDX)
			a.check()
		}
	}
}

func BenchmarkRows(b *testing.B) {
	const rows, n = 64, 1000
	r := rand.New(rand.NewPCG(1, 2))
	x, y := make([]float32, rows*n), make([]float32, rows*n)
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	label, loss := make([]int64, rows), make([]float32, rows)
	for _, c := range []struct {
		name string
		run  func()
	}{
		{"Softmax", func() { Softmax(y, x, rows, n) }},
		{"CrossEntropy", func() { CrossEntropy(loss, x, label, n, y) }},
		{"LayerNorm", func() { LayerNorm(y, x, x[:n], x[n:2*n], rows, n, 1e-5) }},
		{"MaxOf", func() { MaxOf(x) }},
		{"ArgMax", func() { ArgMax(x) }},
		{"SumRows", func() { SumRows(y[:n], x, rows, n) }},
		{"SumRows16", func() { SumRows(y[:Lanes], x, rows*n/Lanes, Lanes) }},
		{"SumRows64", func() { SumRows(y[:64], x, rows*n/64, 64) }},
		{"SoftmaxLanes47", func() {
			for i := range rows * n / (47 * Lanes) {
				SoftmaxLanes(Lanes, y[i*47*Lanes:], x[i*47*Lanes:], 47)
			}
		}},
		{"CrossEntropyLanes47", func() {
			for i := range rows * n / (47 * Lanes) {
				CrossEntropyLanes(Lanes, loss, x[i*47*Lanes:], label, 47, y)
			}
		}},
		{"ArgMaxLanes", func() { ArgMaxLanes(Lanes, label, x, rows*n/Lanes) }},
	} {
		for _, path := range Paths() {
			b.Run(c.name+"/"+path, func(b *testing.B) {
				defer Use(path)()
				for b.Loop() {
					c.run()
				}
				reportEach(b, rows*n, "element")
			})
		}
	}
}

func TestRowsAllocateNothing(t *testing.T) {
	const n = Piece + 1
	x, y, label, loss := make([]float32, n*Lanes), make([]float32, n*Lanes), make([]int64, Lanes), make([]float32, Lanes)
	wide := make([]float64, n)
	forEachPath(t, func(t *testing.T) {
		for name, call := range map[string]func(){
			"Softmax":           func() { Softmax(y[:n], x[:n], 1, n) },
			"Softmax, float64":  func() { Softmax(wide, wide, 1, n) },
			"CrossEntropy":      func() { CrossEntropy(loss[:1], x[:n], label[:1], n, y[:n]) },
			"SoftmaxLanes":      func() { SoftmaxLanes(Lanes, y[:47*Lanes], x, 47) },
			"CrossEntropyLanes": func() { CrossEntropyLanes(Lanes, loss, x, label, 47, y) },
			"ArgMaxLanes":       func() { ArgMaxLanes(Lanes, label, x, 47) },
			"LayerNorm":         func() { LayerNorm(y[:n], x[:n], x[:n], x[:n], 1, n, 1) },
			"LayerNormGrad":     func() { LayerNormGrad(y[:n], x[:n], x[:n], x[:n], x[:n], x[:n], 1, n, 1, x[n:]) },
			"Dropout":           func() { Dropout(y, x, 0.5, 1, 2, 0) },
			"Sum":               func() { Sum(x[:n]) },
			"SumRows":           func() { SumRows(y[:3], x, n, 3) },
			"MaxOf":             func() { MaxOf(x) },
			"Exp":               func() { Exp(y[:n], x[:n]) },
			"MulScalar":         func() { MulScalar(y, x, 2) },
		} {
			if got := testing.AllocsPerRun(10, call); got > 0 {
				t.Errorf("%s allocates %v times", name, got)
			}
		}
	})
}
