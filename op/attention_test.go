package op

import (
	"math"
	"runtime"
	"slices"
	"testing"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/tensor"
)

func normalValue(shape ...int) *autograd.Value {
	return autograd.Variable("", tensor.FromSlice(normal(tensor.Elements(shape)), shape...))
}

// Tiles do not show: attention has the bits of products and a softmax of whole
// matrices.
func TestAttentionHasTheBitsOfItsParts(t *testing.T) {
	const length = 203
	q, k, v := normalValue(2, 3, length, 16), normalValue(2, 3, length, 16), normalValue(2, 3, length, 9)
	mask := tensor.New(tensor.Float32, length, length)
	for i := range length {
		for j := i + 1; j < length; j++ {
			tensor.Data[float32](mask)[i*length+j] = float32(math.Inf(-1))
		}
	}
	scores := matMulT(Scale(q, 0.25), k, false, true)
	for name, c := range map[string]struct{ got, scores *autograd.Value }{
		"all keys": {Attention(q, k, v, AttentionConfig{}), scores},
		"causal":   {Attention(q, k, v, AttentionConfig{Causal: true}), Add(scores, autograd.Const(mask))},
		"masked":   {Attention(q, k, v, AttentionConfig{Mask: autograd.Const(mask)}), Add(scores, autograd.Const(mask))},
	} {
		if want := MatMul(Softmax(c.scores), v); !c.got.Tensor().Equal(want.Tensor()) {
			t.Errorf("%s: other bits than those of softmax(q·kᵀ)·v", name)
		}
	}
}

// A head alone is shared out otherwise than many heads; its gradients are the same.
func TestGradientsOfFewHeadsAndOfMany(t *testing.T) {
	const length, keys, heads = 150, 210, 2 * partsWhole
	q, k, v := normalValue(1, 2, length, 8), normalValue(1, 1, keys, 8), normalValue(1, 1, keys, 5)
	for _, causal := range []bool{false, true} {
		gradients := func(batch int) (first []*tensor.Tensor) {
			var in []*autograd.Value
			for _, x := range []*autograd.Value{q, k, v} {
				shape := append([]int{batch}, x.Shape()[1:]...)
				in = append(in, autograd.Variable("", BroadcastTo(x.Detach(), shape...).Tensor()))
			}
			y := Attention(in[0], in[1], in[2], AttentionConfig{Causal: causal})
			up := autograd.Const(tensor.Full(tensor.Float32, 0.5, y.Shape()...))
			for _, g := range autograd.Backward([]*autograd.Value{y}, []*autograd.Value{up}, in, false) {
				first = append(first, g.Tensor().Slice(0, 0, 1).Contiguous())
			}
			return first
		}
		one, many := gradients(1), gradients(heads)
		for i := range one {
			if !one[i].Equal(many[i]) {
				t.Errorf("causal %v: gradient %d of one head has other bits than that among %d", causal, i, heads)
			}
		}
	}
}

// What a long sequence takes grows with its length: the scores would be 64 MiB. Each goroutine takes memory to work in,
// so one is measured.
func TestMemoryOfAttention(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	const length, limit = 4096, 6 << 20
	q, k, v := normalValue(1, 1, length, 4), normalValue(1, 1, length, 4), normalValue(1, 1, length, 4)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	y := Attention(q, k, v, AttentionConfig{Causal: true})
	autograd.Grad(Sum(y), q, k, v)
	runtime.ReadMemStats(&after)
	if took := after.TotalAlloc - before.TotalAlloc; took > limit {
		t.Errorf("it takes %d bytes, want at most %d", took, limit)
	}
}

// A planned step takes nothing at all.
func TestPreparedAttentionAllocatesNothing(t *testing.T) {
	in := []*tensor.Tensor{normalValue(2, 2, 100, 8).Tensor(), normalValue(2, 2, 100, 8).Tensor(), normalValue(2, 2, 100, 8).Tensor()}
	o := attention{Scale: 1, Causal: true}
	out := []*tensor.Tensor{tensor.New(tensor.Float32, 2, 2, 100, 8), tensor.New(tensor.Float32, 2, 2, 100)}
	grads := []*tensor.Tensor{in[0].Clone(), in[1].Clone(), in[2].Clone()}
	forward, back := o.Prepare(in, out), attentionGrad{o}.Prepare(slices.Concat(in, []*tensor.Tensor{out[0], out[1], out[1]}), grads)
	for name, run := range map[string]func(){"forward": forward, "back": back} {
		if n := testing.AllocsPerRun(10, run); n > 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

// A query that looks at no key gives 0, and so do its gradients.
func TestAQueryWithoutKeys(t *testing.T) {
	q, k, v := normalValue(1, 1, 2, 3), normalValue(1, 1, 2, 3), normalValue(1, 1, 2, 3)
	inf := float32(math.Inf(-1))
	for name, mask := range map[string]*tensor.Tensor{
		"bools":  tensor.FromSlice([]bool{false, false, true, true}, 2, 2),
		"floats": tensor.FromSlice([]float32{inf, inf, 0, 0}, 2, 2),
	} {
		y := Attention(q, k, v, AttentionConfig{Mask: autograd.Const(mask)})
		all := append(autograd.Grad(Sum(y), q, k, v), y)
		for i, x := range all {
			for j, e := range tensor.Data[float32](x.Tensor()) {
				if e != e || (i == 0 || i == 3) && j < 3 && e != 0 {
					t.Errorf("%s: value %d is %v", name, i, x.Tensor())
					break
				}
			}
		}
	}
}

func BenchmarkAttention(b *testing.B) {
	q, k, v := normalValue(12, 6, 256, 64), normalValue(12, 6, 256, 64), normalValue(12, 6, 256, 64)
	in := []*tensor.Tensor{q.Tensor(), k.Tensor(), v.Tensor()}
	o := attention{Scale: 0.125, Causal: true}
	out := []*tensor.Tensor{tensor.New(tensor.Float32, q.Shape()...), tensor.New(tensor.Float32, 12, 6, 256)}
	grads := []*tensor.Tensor{in[0].Clone(), in[1].Clone(), in[2].Clone()}
	run := map[string]func(){
		"forward": o.Prepare(in, out),
		"back":    attentionGrad{o}.Prepare(slices.Concat(in, []*tensor.Tensor{out[0], out[1], out[1]}), grads),
	}
	for _, name := range []string{"forward", "back"} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				run[name]()
			}
		})
	}
}
