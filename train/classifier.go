package train

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"

	"github.com/mlodyssey/odyssey/autograd"
	"github.com/mlodyssey/odyssey/checkpoint"
	"github.com/mlodyssey/odyssey/data"
	"github.com/mlodyssey/odyssey/nn"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/precision"
	"github.com/mlodyssey/odyssey/tensor"
	"github.com/mlodyssey/odyssey/train/metric"
)

// Classifier is a network together with what its use needs.
type Classifier struct {
	Name      string    // of the network
	Net       nn.Module // maps [n, Input...] to scores [n, classes]
	Classes   []string
	Input     []int     // the shape of an example
	Mean, Std []float32 // examples become (x - Mean) / Std: see data.Normalise

	Photographs bool // grey examples are made of pictures by data.FromPhotograph, as coloured ones are, not by data.FromPicture

	Precision precision.Policy // how it computes; the parameters must be of its type
	Ranges    []float32        // largest magnitudes by calibration: see precision.Policy.Rewrite
}

// Evaluate returns how well the classifier does on a set, and lets metrics begin anew and take all of it in.
func (c *Classifier) Evaluate(ctx context.Context, set data.Dataset, metrics ...metric.Metric) (Result, error) {
	if err := c.Check(set); err != nil {
		return Result{}, err
	}
	r, err := evaluate(ctx, newEvaluator(c.Net, c.Precision, c.Ranges), c.Net, set, c.Mean, c.Std, metrics)
	if err == nil && !isFinite(r.Loss) {
		err = errors.New("the loss is not finite: want a network with finite parameters")
	}
	return r, err
}

// Guess is a class and the probability that an example is of it.
type Guess struct {
	Class       string  `json:"class"`
	Probability float64 `json:"probability"`
}

// Predict returns a guess for each class, the likeliest first. The example has
// as many values as the input's shape, as a Dataset reads them.
func (c *Classifier) Predict(example []float32) (guesses []Guess, err error) {
	defer recoverMistake(&err)
	if want := tensor.Elements(c.Input); len(example) != want {
		return nil, fmt.Errorf("an example of %d values, want %d: shape %v", len(example), want, c.Input)
	}
	x := tensor.New(tensor.Float32, append([]int{1}, c.Input...)...)
	values := tensor.Data[float32](x)
	copy(values, example)
	data.Normalise(values, c.Mean, c.Std)
	for i, p := range tensor.Data[float64](c.probabilities(x)) {
		if math.IsNaN(p) {
			return nil, errors.New("the network's scores are not finite")
		}
		guesses = append(guesses, Guess{c.Classes[i], p})
	}
	slices.SortStableFunc(guesses, func(a, b Guess) int { return cmp.Compare(b.Probability, a.Probability) })
	return guesses, nil
}

// probabilities returns those of the classes for a batch, in float64.
func (c *Classifier) probabilities(x *tensor.Tensor) *tensor.Tensor {
	return c.compile(x, func(scores *autograd.Value) *autograd.Value { return op.Softmax(op.Cast(scores, tensor.Float64)) }).Run(x)[0]
}

// PredictPicture returns guesses for a picture of any size and colours, made an example as c.Photographs says.
func (c *Classifier) PredictPicture(picture image.Image) ([]Guess, error) {
	example, err := c.example(picture)
	if err != nil {
		return nil, err
	}
	return c.Predict(example)
}

func (c *Classifier) example(picture image.Image) ([]float32, error) {
	switch in := c.Input; {
	case len(in) == 3 && (c.Photographs || in[0] == 3):
		return data.FromPhotograph(picture, in)
	case len(in) == 3 && in[0] == 1 && in[1] == in[2]:
		return data.FromPicture(picture, in[1])
	}
	return nil, fmt.Errorf("model %s takes examples of shape %v, want coloured images, square grey ones, or photographs", c.Name, c.Input)
}

// The keys of a saved classifier's metadata.
const (
	metaFormat  = "odyssey" // the version of what the others mean
	metaModel   = "model"
	metaClasses = "classes" // as JSON, like the next
	metaInput   = "input"
	metaMean    = "mean"
	metaStd     = "std"

	metaPictures  = "pictures"  // picturesAreResized, or missing
	metaPrecision = "precision" // what a file without it was made in is float32
	metaRanges    = "ranges"    // as JSON; may be missing
)

const classifierFormat = "1"

// picturesAreResized says that grey examples are made of pictures as of photographs; of colours there is no other way.
const picturesAreResized = "resized"

// Save writes the classifier to a safetensors file, atomically. Equal
// classifiers give equal bytes.
func (c *Classifier) Save(path string) error {
	_, err := c.save(path)
	return err
}

// save is Save, and returns the SHA-256 of the file.
func (c *Classifier) save(path string) (sum string, err error) {
	err = checkpoint.WriteFileAtomic(path, func(w io.Writer) error {
		sum, err = c.write(w)
		return err
	})
	return sum, err
}

// write writes what Save does, and returns its SHA-256.
func (c *Classifier) write(w io.Writer) (sum string, err error) {
	var tensors []checkpoint.Named
	for _, v := range nn.Variables(c.Net) {
		tensors = append(tensors, checkpoint.Named{Name: v.Name, Tensor: v.Value.Tensor()})
	}
	h := sha256.New()
	err = checkpoint.Write(io.MultiWriter(w, h), tensors, c.metadata())
	return hex.EncodeToString(h.Sum(nil)), err
}

// metadata returns what a file says of the classifier.
func (c *Classifier) metadata() map[string]string {
	m := map[string]string{
		metaFormat:  classifierFormat,
		metaModel:   c.Name,
		metaClasses: jsonOf(c.Classes),
		metaInput:   jsonOf(c.Input),
		metaMean:    numbersText(c.Mean, 0),
		metaStd:     numbersText(c.Std, 1),
	}
	if c.Photographs && c.Input[0] == 1 {
		m[metaPictures] = picturesAreResized
	}
	if p := c.Precision.String(); p != precision.FP32.Name {
		m[metaPrecision] = p
	}
	if c.Ranges != nil {
		m[metaRanges] = jsonOf(c.Ranges)
	}
	return m
}

// Load reads a classifier from a file that Save wrote, or from the directory of
// a run.
func Load(path string, newNet NewNet) (*Classifier, error) {
	file := path
	if isDir(path) {
		file = filepath.Join(path, ModelFile)
	}
	f, err := checkpoint.Load(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: no such file, want the directory of a run or a safetensors file", file)
	}
	if err != nil {
		return nil, err
	}
	c, err := restore(f, newNet)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return c, nil
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

func restore(f *checkpoint.File, newNet NewNet) (*Classifier, error) {
	c := &Classifier{Name: f.Metadata[metaModel]}
	if err := c.readMetadata(f.Metadata); err != nil {
		return nil, err
	}
	net, err := newNet(c.Name, c.Input, len(c.Classes), 0)
	if err != nil {
		return nil, err
	}
	nn.Convert(net, c.Precision.Type())
	c.Net = net
	keepPacked(c, f)
	return c, assignAll(nn.Variables(net), f)
}

// keepPacked gives the layers that compute with packed weights those of the file. With a
// precision that rounds weights they are to be numbers.
func keepPacked(c *Classifier, f *checkpoint.File) {
	if c.Precision.Rounds() && !c.Precision.Packed || c.Precision.Type() != tensor.Float32 {
		return
	}
	nn.Pack(c.Net, func(name string, shape []int) *tensor.Tensor {
		t := f.Tensor(name)
		if t == nil || !t.DType().IsPacked() {
			return nil
		}
		flat := flattened(shape)
		if t.DType().Blocks() == nil && slices.Equal(t.Shape(), shape) {
			return t.Reshape(flat...)
		}
		if !slices.Equal(t.Shape(), flat) {
			return nil
		}
		return t
	})
}

func (c *Classifier) readMetadata(metadata map[string]string) error {
	for _, key := range []string{metaFormat, metaModel, metaClasses, metaInput, metaMean, metaStd} {
		if _, ok := metadata[key]; !ok {
			return fmt.Errorf("the metadata has no %q, want a model that odyssey saved", key)
		}
	}
	if got := metadata[metaFormat]; got != classifierFormat {
		return fmt.Errorf("metadata %q is %.40q, want %q", metaFormat, got, classifierFormat)
	}
	if how, ok := metadata[metaPictures]; ok && how != picturesAreResized {
		return fmt.Errorf("metadata %q is %.40q, want %q or none", metaPictures, how, picturesAreResized)
	}
	c.Photographs = metadata[metaPictures] != ""
	var unknown error
	c.Precision, unknown = precision.Named(metadata[metaPrecision])
	err := cmp.Or(
		unknown,
		parse(metadata, metaClasses, &c.Classes, "a list of strings"),
		parse(metadata, metaInput, &c.Input, "a list of sizes"),
		parse(metadata, metaMean, (*numbers)(&c.Mean), "a number, or one for each channel"),
		parse(metadata, metaStd, (*numbers)(&c.Std), "a number, or one for each channel"))
	if _, ok := metadata[metaRanges]; ok {
		err = cmp.Or(err, parse(metadata, metaRanges, &c.Ranges, "a list of numbers"))
	}
	switch {
	case err != nil:
		return err
	case len(c.Classes) > metric.MaxClasses: // a file's few bytes would ask for a huge last layer
		return fmt.Errorf("metadata %q has %d names, want at most %d", metaClasses, len(c.Classes), metric.MaxClasses)
	case c.Ranges != nil && !(c.Precision.Packed && c.Precision.History > 0):
		return fmt.Errorf("metadata %q is for activations with a scale, not for precision %v", metaRanges, c.Precision)
	case slices.ContainsFunc(c.Ranges, func(v float32) bool { return !(v >= 0 && v <= math.MaxFloat32) }):
		return fmt.Errorf("metadata %q has %v, want numbers of at least 0", metaRanges, c.Ranges)
	}
	if err := data.CheckNormalise(c.Input, c.Mean, c.Std); err != nil {
		return fmt.Errorf("metadata %q and %q: %w", metaMean, metaStd, err)
	}
	return nil
}

// numbers are a number in JSON, as there was one alone before channels had their own, or a list of them.
type numbers []float32

// UnmarshalJSON implements json.Unmarshaler.
func (n *numbers) UnmarshalJSON(text []byte) error {
	var one float32
	if json.Unmarshal(text, &one) != nil {
		err := json.Unmarshal(text, (*[]float32)(n))
		if err == nil && len(*n) == 0 {
			err = errors.New("no numbers")
		}
		return err
	}
	*n = numbers{one}
	return nil
}

// numbersText writes numbers so; otherwise is what none stand for.
func numbersText(n []float32, otherwise float32) string {
	switch len(n) {
	case 0:
		return jsonOf(otherwise)
	case 1:
		return jsonOf(n[0])
	}
	return jsonOf(n)
}

func parse(metadata map[string]string, key string, v any, want string) error {
	if err := json.Unmarshal([]byte(metadata[key]), v); err != nil || metadata[key] == "null" {
		return fmt.Errorf("metadata %q is %.40q, want %s", key, metadata[key], want)
	}
	return nil
}

func jsonOf(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // strings and finite numbers can be marshalled
	}
	return string(b)
}

// flattened is the shape in which SaveQuantized packs a parameter.
func flattened(shape []int) []int {
	if len(shape) == 0 {
		return shape
	}
	return []int{shape[0], tensor.Elements(shape[1:])}
}

// assignAll gives each variable that has no packed tensor the tensor of its name. Nothing
// may be missing or left over.
func assignAll(variables []nn.Named, f *checkpoint.File) error {
	for _, v := range variables {
		if v.Value.DType().IsPacked() {
			continue
		}
		t := f.Tensor(v.Name)
		if t == nil {
			return fmt.Errorf("%s is missing, want %v", v.Name, v.Value.Spec())
		}
		if t.DType().IsPacked() && slices.Equal(t.Shape(), flattened(v.Value.Shape())) {
			t = t.Convert(v.Value.DType()).Reshape(v.Value.Shape()...)
		} else if t.DType().IsPacked() && slices.Equal(t.Shape(), v.Value.Shape()) {
			t = t.Convert(v.Value.DType())
		}
		if !t.Spec().Equal(v.Value.Spec()) {
			return fmt.Errorf("%s is %v, want %v", v.Name, t.Spec(), v.Value.Spec())
		}
		autograd.Adopt(v.Value, t)
	}
	for _, t := range f.Tensors {
		if !slices.ContainsFunc(variables, func(v nn.Named) bool { return v.Name == t.Name }) {
			return fmt.Errorf("tensor %.100q is no part of this model, want only its %d", t.Name, len(variables))
		}
	}
	return nil
}
