// Command chargpt trains a small GPT, character by character, on text: by default on
// the documentation of this project. It tells the loss on text that it has not seen,
// in nats a character, and goes on writing in the style of what it has read.
//
//	go run ./examples/chargpt
//	go run ./examples/chargpt -steps 3000 book.txt
package main

import (
	"bytes"
	"flag"
	"fmt"
	"log"
	"math"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/model"
	"github.com/mlodyssey/odyssey/nn"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/optim"
	"github.com/mlodyssey/odyssey/program"
	"github.com/mlodyssey/odyssey/random"
	"github.com/mlodyssey/odyssey/tensor"
)

const (
	batch   = 16 // sequences
	context = 64 // characters of each
	rate    = 2e-3
)

func main() {
	steps := flag.Int("steps", 1500, "how many `batches` to learn from")
	every := flag.Int("every", 250, "how many `steps` lie between two evaluations")
	flag.Parse()
	text, err := read(flag.Args())
	if err != nil {
		log.Fatal(err)
	}
	if err := train(text, *steps, *every); err != nil {
		log.Fatal(err)
	}
}

// read returns the text of files, or of the documentation.
func read(files []string) (text []byte, err error) {
	if len(files) == 0 {
		files, _ = filepath.Glob("docs/*.md")
		more, _ := filepath.Glob("docs/decisions/*.md")
		files = append(files, more...)
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			return nil, err
		}
		text = append(text, b...)
	}
	if len(text) < 100*context {
		return nil, fmt.Errorf("%d bytes of text, want at least %d: name files, or run it where docs/ is", len(text), 100*context)
	}
	return text, nil
}

func train(text []byte, steps, every int) error {
	characters := vocabulary(text)
	tokens := make([]int64, len(text))
	for i, c := range text {
		tokens[i] = int64(bytes.IndexByte(characters, c))
	}
	seen, unseen := tokens[:len(tokens)*9/10], tokens[len(tokens)*9/10:]
	gpt := model.NewGPT(model.GPTConfig{Vocabulary: len(characters), Context: context, Layers: 3, Heads: 4, Width: 96}, 1)
	adam, err := optim.NewAdam(nn.Parameters(gpt), optim.AdamConfig{LR: rate, Beta2: 0.99, WeightDecay: 0.1, Decoupled: true})
	if err != nil {
		return err
	}
	fmt.Printf("%d characters of %d kinds, %d parameters\n", len(text), len(characters), nn.CountParameters(gpt))
	spec := tensor.NewSpec(tensor.Int64, batch, context)
	variables := nn.Values(append(nn.Variables(gpt), adam.State()...))
	learn := program.Record(variables, []tensor.Spec{spec, spec}, func(in []*autograd.Value) []*autograd.Value {
		loss := model.NextTokenLoss(gpt.Forward(in[0]), in[1])
		adam.Step(autograd.Grad(loss, nn.Values(adam.Parameters())...))
		return []*autograd.Value{loss}
	})
	judge := program.Record(nn.Values(nn.Variables(gpt)), []tensor.Spec{spec, spec}, func(in []*autograd.Value) []*autograd.Value {
		return []*autograd.Value{model.NextTokenLoss(gpt.Forward(in[0]), in[1])}
	})
	r, start := random.New(1), time.Now()
	var sum float64
	for step := 1; step <= steps; step++ {
		optim.SetLearningRate(adam, rate*min(float64(step)/50, (1+math.Cos(math.Pi*float64(step)/float64(steps)))/2))
		sum += learn.Run(batchOf(seen, r))[0].Item()
		if step%every == 0 || step == steps {
			n := (step-1)%every + 1
			fmt.Printf("step %d  loss %.3f  on unseen text %.3f nats a character  %.0f characters/s\n",
				step, sum/float64(n), evaluate(judge, unseen), float64(step*batch*context)/time.Since(start).Seconds())
			sum = 0
		}
	}
	fmt.Printf("\n%s\n", write(gpt, characters, seen[:1], 300, r))
	return nil
}

// vocabulary returns the characters of a text, each once.
func vocabulary(text []byte) []byte {
	c := slices.Clone(text)
	slices.Sort(c)
	return slices.Compact(c)
}

// batchOf draws sequences, and what follows each of their characters.
func batchOf(tokens []int64, r *random.Stream) (in, next *tensor.Tensor) {
	starts := make([]int, batch)
	for i := range starts {
		starts[i] = r.IntN(len(tokens) - context)
	}
	return sequences(tokens, starts)
}

func sequences(tokens []int64, starts []int) (in, next *tensor.Tensor) {
	in, next = tensor.New(tensor.Int64, batch, context), tensor.New(tensor.Int64, batch, context)
	for i, at := range starts {
		copy(tensor.Data[int64](in)[i*context:], tokens[at:at+context])
		copy(tensor.Data[int64](next)[i*context:], tokens[at+1:at+context+1])
	}
	return in, next
}

// evaluate returns the mean loss over a text, cut into batches.
func evaluate(judge *program.Program, tokens []int64) float64 {
	var sum, n float64
	for at := 0; at+batch*context < len(tokens); at += batch * context {
		starts := make([]int, batch)
		for i := range starts {
			starts[i] = at + i*context
		}
		in, next := sequences(tokens, starts)
		sum, n = sum+judge.Run(in, next)[0].Item(), n+1
	}
	return sum / n
}

// write continues a text by n characters, each drawn as the network thinks likely.
func write(gpt *model.GPT, characters []byte, tokens []int64, n int, r *random.Stream) string {
	tokens = slices.Clone(tokens)
	for range n {
		last := tokens[max(0, len(tokens)-context):]
		scores := gpt.Forward(autograd.Const(tensor.FromSlice(last, 1, len(last))))
		p := tensor.Data[float32](op.Softmax(scores).Tensor())
		tokens = append(tokens, draw(p[len(p)-len(characters):], r))
	}
	var b []byte
	for _, t := range tokens {
		b = append(b, characters[t])
	}
	return string(b)
}

// draw returns an index with the probabilities p.
func draw(p []float32, r *random.Stream) int64 {
	u := float32(r.Uniform(0, 1))
	for i, v := range p {
		if u -= v; u < 0 {
			return int64(i)
		}
	}
	return int64(len(p) - 1)
}
