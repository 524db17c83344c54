package kernel

import (
	"fmt"
	"math"
	"os"
	"strings"
	"testing"
	"time"
)

func TestZZ(t *testing.T) {
	only := os.Getenv("ZZ")
	mk := func(c, hw, f, k, st, pad int) ConvShape {
		return ConvShape{Channels: c, Height: hw, Width: hw, Filters: f, KernelH: k, KernelW: k, StrideH: st, StrideW: st, PadH: pad, PadW: pad}
	}
	names := []string{"lenet1", "lenet2", "3->12", "12->20s2", "20->37 1x1", "5->12 7x7", "64@56", "256@14", "dw32"}
	dw := mk(32, 28, 32, 3, 1, 1)
	dw.Groups = 32
	shapes := []ConvShape{mk(1, 28, 6, 5, 1, 2), mk(6, 14, 16, 5, 1, 0), mk(3, 32, 12, 3, 1, 1), mk(12, 32, 20, 3, 2, 1), mk(20, 14, 37, 1, 1, 0), mk(5, 28, 12, 7, 1, 3), mk(64, 56, 64, 3, 1, 1), mk(256, 14, 256, 3, 1, 1), dw}
	f := func(n int) []float32 { return aligned(make([]float32, n+alignSlack)) }
	pc := chains[float32]{dst: f(24 * Lanes), dstRow: 4 * Lanes, in: f(64), w: f(6), wRow: 1, pos: []position{{}, {0, 16}, {0, 32}, {0, 48}}, taps: make([]tap, 20000)}
	peakFlops := 20000.0 * 24 * 16 * 2
	best := func(runs []func(), rounds int) []float64 {
		m := make([]float64, len(runs))
		for i := range m {
			m[i] = math.Inf(1)
		}
		for range rounds {
			for i, r := range runs {
				s := time.Now()
				r()
				m[i] = min(m[i], time.Since(s).Seconds())
			}
		}
		return m
	}
	for i, s := range shapes {
		if only != "" && !strings.Contains(names[i], only) {
			continue
		}
		p, in := NewConvPlan(s, s.X(), s.Y()), NewConvPlan(s, s.DX(), s.Y())
		x, y, dx, dy := f(p.X.Len()), f(p.Y.Len()), f(in.X.Len()), f(p.Y.Len())
		w, scratch := f(s.Filters*s.weights()), f(p.WeightLanesScratch())
		flops := 2 * 16 * float64(s.terms()*s.groups())
		inFlops := 0.0
		for _, part := range in.planInput().parts {
			for _, r := range part {
				inFlops += 2 * 16 * float64(len(r.inputs)*len(r.taps)*s.channels()*s.groups())
			}
		}
		if s.StrideH == 1 {
			img, fl, sc, yo := f(s.X().image()), f(p.FlatInput()), f(p.FlatScratch()), f(s.Y().image())
			m := best([]func(){func() { FlattenImage(p, fl, img) }, func() {
				for part := range p.FlatParts() {
					ConvForwardFlat(p, part, yo, fl, w, nil, sc, None)
				}
			}}, 300)
			fmt.Printf("%-12s flat peak flatten %.2f us, forward %.2f us, %.1f GFLOP/s\n", names[i], m[0]*1e6, m[1]*1e6, flops/16/m[1]/1e9)
		}
		rounds := 200
		if flops > 1e9 {
			rounds = 12
		}
		m := best([]func(){func() { pc.run(0, 6) },
			func() { ConvForwardLanes(p, y, x, w, nil, None) },
			func() { ConvInputLanes(in, dx, dy, w) },
			func() { ConvWeightLanes(p, 16, w, x, dy, scratch) }}, rounds)
		peak := peakFlops / m[0]
		fmt.Printf("%-12s peak %.0f  MFLOP %8.2f  forward %5.1f%%  input %5.1f%%  weight %5.1f%%  parts %d %d %d\n", names[i], peak/1e9, flops/1e6, 100*flops/m[1]/peak, 100*inFlops/m[2]/peak, 100*flops/m[3]/peak, p.ForwardParts(), in.InputParts(), p.WeightParts())
	}
}
