package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"slices"
	"time"

	"github.com/mlodyssey/odyssey/internal/measure"
)

// threads is how many both sides may use where the case does not say.
const threads = 2

// A comparison is one row of the table. It is made when its turn has come, so
// that the data of one is gone before the next.
type comparison struct {
	name   string
	rounds int // 0: as many as asked for
	// sides returns Odyssey and those that it is held against.
	sides func(h *harness) (ours contender, rivals []contender, err error)
}

// A contender is one side of a comparison.
type contender struct {
	setting string
	measure func(seconds float64) (float64, error) // seconds a step, or MiB
}

// harness holds what the comparisons need.
type harness struct {
	flags
	ctx   context.Context
	dir   string // for what is built and written
	torch *pytorch
	peers []*process // of the case at hand
}

func newHarness(ctx context.Context, f flags) (*harness, error) {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return nil, err
	}
	h := &harness{flags: f, ctx: ctx, dir: dir}
	if h.torch, err = startPyTorch(ctx, f.python); err != nil {
		h.close()
		return nil, err
	}
	return h, nil
}

func (h *harness) close() {
	if h.torch != nil {
		h.torch.close()
	}
	os.RemoveAll(h.dir)
}

func (h *harness) closePeers() {
	for _, p := range h.peers {
		p.close()
	}
	h.peers = nil
}

// rest is a pause between measurements: the threads of the last one may be
// awake for some time, in case there is more to do.
const rest = 60 * time.Millisecond

// compare measures the sides in turn, several rounds of them.
func (h *harness) compare(c comparison) (result, error) {
	r := result{Case: c.name, Target: target(c.name), Unit: unit(c.name)}
	defer h.closePeers()
	ours, rivals, err := c.sides(h)
	if err != nil {
		return r, err
	}
	all := append([]contender{ours}, rivals...)
	figures := make([][]float64, len(all))
	rounds := c.rounds
	if rounds == 0 {
		rounds = h.rounds
	}
	for range rounds {
		for i, side := range all {
			if h.ctx.Err() != nil {
				return r, h.ctx.Err()
			}
			time.Sleep(rest)
			v, err := side.measure(h.seconds)
			if err != nil {
				return r, err
			}
			figures[i] = append(figures[i], v)
		}
	}
	r.Ours, r.OurRounds = median(figures[0]), figures[0]
	for i, rival := range rivals {
		if m := median(figures[i+1]); i == 0 || m < r.Peer {
			r.Peer, r.PeerRounds, r.PeerSetting = m, figures[i+1], rival.setting
		}
	}
	r.Ratio = r.Peer / r.Ours
	r.Met = r.Ratio >= r.Target
	return r, nil
}

func median(v []float64) float64 {
	s := slices.Sorted(slices.Values(v))
	n := len(s)
	return (s[(n-1)/2] + s[n/2]) / 2
}

// odyssey is our side: work in this process, on so many threads.
func odyssey(w measure.Work, threads int) contender {
	return contender{threadsName(threads), func(seconds float64) (float64, error) {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(threads))
		return measure.Time(w, time.Duration(seconds*float64(time.Second))).Seconds(), nil
	}}
}

func threadsName(n int) string {
	if n == 1 {
		return "1 thread"
	}
	return fmt.Sprintf("%d threads", n)
}
