package optim

import (
	"math"

	"github.com/mlodyssey/odyssey/tensor"
)

// reference is the formula of an optimiser in plain Go: it changes the elements
// w of a parameter of a shape in step t, counted from 1. Slices of s are zeros at
// first.
type reference func(t float64, shape []int, w, g []float64, s slots)

// slots is what a reference keeps for a parameter.
type slots map[string][]float64

func (s slots) get(name string, n int) []float64 {
	if s[name] == nil {
		s[name] = make([]float64, n)
	}
	return s[name]
}

func sgd(lr, momentum, decay float64, nesterov bool) reference {
	return func(t float64, shape []int, w, g []float64, s slots) {
		m := s.get("m", len(w))
		for i := range w {
			g := g[i] + decay*w[i]
			m[i] = momentum*m[i] + g
			if nesterov {
				w[i] -= lr * (g + momentum*m[i])
			} else {
				w[i] -= lr * m[i]
			}
		}
	}
}

func adam(lr, beta1, beta2, epsilon, l2, decay float64, amsgrad bool) reference {
	return func(t float64, shape []int, w, g []float64, s slots) {
		m, v, top := s.get("m", len(w)), s.get("v", len(w)), s.get("top", len(w))
		for i := range w {
			w[i] -= lr * decay * w[i]
			g := g[i] + l2*w[i]
			m[i] = beta1*m[i] + (1-beta1)*g
			v[i] = beta2*v[i] + (1-beta2)*g*g
			top[i] = max(top[i], v[i])
			square := v[i]
			if amsgrad {
				square = top[i]
			}
			w[i] -= lr * m[i] / (1 - math.Pow(beta1, t)) / (math.Sqrt(square/(1-math.Pow(beta2, t))) + epsilon)
		}
	}
}

func adamax(lr, beta1, beta2, epsilon, l2 float64) reference {
	return func(t float64, shape []int, w, g []float64, s slots) {
		m, u := s.get("m", len(w)), s.get("u", len(w))
		for i := range w {
			g := g[i] + l2*w[i]
			m[i] = beta1*m[i] + (1-beta1)*g
			u[i] = max(beta2*u[i], math.Abs(g)+epsilon)
			w[i] -= lr / (1 - math.Pow(beta1, t)) * m[i] / u[i]
		}
	}
}

func nadam(lr, beta1, beta2, epsilon, l2, psi float64) reference {
	mu := func(t float64) float64 { return beta1 * (1 - 0.5*math.Pow(0.96, t*psi)) }
	return func(t float64, shape []int, w, g []float64, s slots) {
		m, v := s.get("m", len(w)), s.get("v", len(w))
		product := 1.0
		for k := 1.0; k <= t; k++ {
			product *= mu(k)
		}
		for i := range w {
			g := g[i] + l2*w[i]
			m[i] = beta1*m[i] + (1-beta1)*g
			v[i] = beta2*v[i] + (1-beta2)*g*g
			ahead := (1-mu(t))/(1-product)*g + mu(t+1)/(1-product*mu(t+1))*m[i]
			w[i] -= lr * ahead / (math.Sqrt(v[i]/(1-math.Pow(beta2, t))) + epsilon)
		}
	}
}

func radam(lr, beta1, beta2, epsilon, l2 float64) reference {
	return func(t float64, shape []int, w, g []float64, s slots) {
		m, v := s.get("m", len(w)), s.get("v", len(w))
		n := 2/(1-beta2) - 1
		power := math.Pow(beta2, t)
		rho := n - 2*t*power/(1-power)
		r := math.Sqrt((rho - 4) * (rho - 2) * n / ((n - 4) * (n - 2) * rho))
		for i := range w {
			g := g[i] + l2*w[i]
			m[i] = beta1*m[i] + (1-beta1)*g
			v[i] = beta2*v[i] + (1-beta2)*g*g
			d := lr * m[i] / (1 - math.Pow(beta1, t))
			if rho > 5 {
				d *= r * math.Sqrt(1-power) / (math.Sqrt(v[i]) + epsilon)
			}
			w[i] -= d
		}
	}
}

func rmsprop(lr, alpha, epsilon, l2, momentum float64, centred bool) reference {
	return func(t float64, shape []int, w, g []float64, s slots) {
		v, mean, m := s.get("v", len(w)), s.get("mean", len(w)), s.get("m", len(w))
		for i := range w {
			g := g[i] + l2*w[i]
			v[i] = alpha*v[i] + (1-alpha)*g*g
			mean[i] = alpha*mean[i] + (1-alpha)*g
			variance := v[i]
			if centred {
				variance -= mean[i] * mean[i]
			}
			m[i] = momentum*m[i] + g/(math.Sqrt(variance)+epsilon)
			w[i] -= lr * m[i]
		}
	}
}

func adagrad(lr, decay, initial, epsilon, l2 float64) reference {
	return func(t float64, shape []int, w, g []float64, s slots) {
		sum := s.get("sum", len(w))
		for i := range w {
			g := g[i] + l2*w[i]
			sum[i] += g * g
			w[i] -= lr / (1 + (t-1)*decay) * g / (math.Sqrt(initial+sum[i]) + epsilon)
		}
	}
}

func adadelta(lr, rho, epsilon, l2 float64) reference {
	return func(t float64, shape []int, w, g []float64, s slots) {
		v, u := s.get("v", len(w)), s.get("u", len(w))
		for i := range w {
			g := g[i] + l2*w[i]
			v[i] = rho*v[i] + (1-rho)*g*g
			d := math.Sqrt(u[i]+epsilon) / math.Sqrt(v[i]+epsilon) * g
			u[i] = rho*u[i] + (1-rho)*d*d
			w[i] -= lr * d
		}
	}
}

func length(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += v * v
	}
	return math.Sqrt(sum)
}

func lars(lr, momentum, eta, beta float64) reference {
	return func(t float64, shape []int, w, g []float64, s slots) {
		m := s.get("m", len(w))
		lambda := 1.0
		if nw, ng := length(w), length(g); nw > 0 && ng > 0 {
			lambda = eta * nw / (ng + beta*nw)
		}
		for i := range w {
			m[i] = momentum*m[i] + lr*lambda*(g[i]+beta*w[i])
			w[i] -= m[i]
		}
	}
}

func lamb(lr, beta1, beta2, epsilon, lambda float64) reference {
	return func(t float64, shape []int, w, g []float64, s slots) {
		m, v, u := s.get("m", len(w)), s.get("v", len(w)), make([]float64, len(w))
		for i := range w {
			m[i] = beta1*m[i] + (1-beta1)*g[i]
			v[i] = beta2*v[i] + (1-beta2)*g[i]*g[i]
			u[i] = m[i]/(1-math.Pow(beta1, t))/(math.Sqrt(v[i]/(1-math.Pow(beta2, t)))+epsilon) + lambda*w[i]
		}
		trust := 1.0
		if nw, nu := length(w), length(u); nw > 0 && nu > 0 {
			trust = nw / nu
		}
		for i := range w {
			w[i] -= lr * trust * u[i]
		}
	}
}

func lion(lr, beta1, beta2, decay float64) reference {
	return func(t float64, shape []int, w, g []float64, s slots) {
		m := s.get("m", len(w))
		for i := range w {
			u := beta1*m[i] + (1-beta1)*g[i]
			if u != 0 {
				u /= math.Abs(u)
			}
			m[i] = beta2*m[i] + (1-beta2)*g[i]
			w[i] -= lr * (u + decay*w[i])
		}
	}
}

// muon is Muon for parameters of two axes or more, and AdamW for all others.
func muon(lr, momentum float64, iterations int, decay float64, nesterov bool) reference {
	matrices := func(t float64, shape []int, w, g []float64, s slots) {
		m := s.get("m", len(w))
		rows := shape[0]
		columns := len(w) / rows
		x := make([][]float64, rows)
		d := make([]float64, len(w))
		for i := range w {
			m[i] = momentum*m[i] + g[i]
			d[i] = m[i]
			if nesterov {
				d[i] = g[i] + momentum*m[i]
			}
		}
		norm := length(d) + 1e-7
		for r := range rows {
			for c := range columns {
				x[r] = append(x[r], d[r*columns+c]/norm)
			}
		}
		for range iterations {
			a := product(x, transposed(x))
			ax, aax := product(a, x), product(a, product(a, x))
			for r := range x {
				for c := range x[r] {
					x[r][c] = 3.4445*x[r][c] - 4.7750*ax[r][c] + 2.0315*aax[r][c]
				}
			}
		}
		scale := math.Sqrt(max(1, float64(rows)/float64(columns)))
		for i := range w {
			w[i] -= lr*decay*w[i] + lr*scale*x[i/columns][i%columns]
		}
	}
	return byRank(matrices, adam(0.015*lr, 0.9, 0.999, 1e-8, 0, decay, false))
}

func product(a, b [][]float64) [][]float64 {
	out := make([][]float64, len(a))
	for i := range a {
		out[i] = make([]float64, len(b[0]))
		for j := range b[0] {
			for k := range b {
				out[i][j] += a[i][k] * b[k][j]
			}
		}
	}
	return out
}

func transposed(a [][]float64) [][]float64 {
	out := make([][]float64, len(a[0]))
	for i := range a {
		for j := range a[i] {
			out[j] = append(out[j], a[i][j])
		}
	}
	return out
}

func scheduleFree(lr, beta1, beta2, epsilon, decay, warmup float64) reference {
	return func(t float64, shape []int, w, g []float64, s slots) {
		if t == 1 {
			s["x"], s["z"] = append([]float64{}, w...), append([]float64{}, w...)
		}
		v, x, z, sum := s.get("v", len(w)), s["x"], s["z"], s.get("sum", 1)
		rate := lr * math.Sqrt(1-math.Pow(beta2, t))
		if t < warmup {
			rate *= t / warmup
		}
		sum[0] += rate * rate
		c := rate * rate / sum[0]
		for i := range w {
			v[i] = beta2*v[i] + (1-beta2)*g[i]*g[i]
			z[i] -= rate*g[i]/(math.Sqrt(v[i])+epsilon) + rate*decay*w[i]
			x[i] = (1-c)*x[i] + c*z[i]
			w[i] = (1-beta1)*z[i] + beta1*x[i]
		}
	}
}

// byRank is one formula for parameters of two axes or more and another for all
// others.
func byRank(matrices, others reference) reference {
	return func(t float64, shape []int, w, g []float64, s slots) {
		if len(shape) >= 2 {
			matrices(t, shape, w, g, s)
		} else {
			others(t, shape, w, g, s)
		}
	}
}

// path returns the elements of all parameters after each step.
func (f reference) path() (path []float64) {
	w := make([][]float64, len(shapes))
	kept := make([]slots, len(shapes))
	for p, shape := range shapes {
		w[p], kept[p] = make([]float64, tensor.Elements(shape)), slots{}
		for i := range w[p] {
			w[p][i] = firstValue(p, i)
		}
	}
	for step := range steps {
		for p, shape := range shapes {
			g := make([]float64, len(w[p]))
			for i := range g {
				g[i] = gradientOf(step, p, i)
			}
			f(float64(step+1), shape, w[p], g, kept[p])
			path = append(path, w[p]...)
		}
	}
	return path
}
