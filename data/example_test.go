package data_test

import (
	"context"
	"fmt"
	"math/bits"

	"github.com/mlodyssey/odyssey/data"
	"github.com/mlodyssey/odyssey/data/glyphs"
	"github.com/mlodyssey/odyssey/tensor"
)

// parity is a set of one's own: four bits, and whether an odd number of them is 1.
type parity struct{}

func (parity) Len() int          { return 16 }
func (parity) Shape() []int      { return []int{4} }
func (parity) Classes() []string { return []string{"even", "odd"} }

func (parity) Read(i int, x []float32) (label int, err error) {
	for k := range 4 {
		x[k] = float32(i >> k & 1)
	}
	return bits.OnesCount(uint(i)) % 2, nil
}

func ExampleDataset() {
	train, test, err := data.Split(parity{}, 0.75, 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	x := make([]float32, 4)
	label, err := parity{}.Read(7, x)
	fmt.Println(train.Len(), test.Len(), x, train.Classes()[label], err)
	// Output: 12 4 [1 1 1 0] odd <nil>
}

func ExampleMap() {
	set, err := data.NewMemory([]int{2}, []uint8{0, 255, 51, 102}, []int{0, 1}, []string{"no", "yes"})
	if err != nil {
		fmt.Println(err)
		return
	}
	inverted := data.Map(set, set.Shape(), func(i int, dst, src []float32) error {
		for k, v := range src {
			dst[k] = 1 - v
		}
		return nil
	})
	x := make([]float32, 2)
	label, err := inverted.Read(0, x)
	fmt.Println(x, label, err)
	// Output: [1 0] 0 <nil>
}

func ExampleLoader() {
	set := glyphs.New(100, 1, glyphs.Train)
	loader, err := data.NewLoader(set, data.LoaderConfig{Batch: 40, Shuffle: true, Seed: 1, Mean: []float32{0.1307}, Std: []float32{0.3081}})
	if err != nil {
		fmt.Println(err)
		return
	}
	for batch, err := range loader.Batches(context.Background(), 0) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(batch.Images.Spec(), batch.Labels.Spec())
	}
	// Output:
	// float32[40 1 28 28] int64[40]
	// float32[40 1 28 28] int64[40]
	// float32[20 1 28 28] int64[20]
}

func ExampleLoaderConfig_collate() {
	// Labels as rows with a 1 at the class.
	oneHot := func(b *data.Batch) error {
		rows := tensor.New(tensor.Float32, len(b.Index), 2)
		for k, label := range tensor.Data[int64](b.Labels) {
			tensor.Data[float32](rows)[2*k+int(label)] = 1
		}
		b.Labels = rows
		return nil
	}
	loader, err := data.NewLoader(parity{}, data.LoaderConfig{Batch: 3, Collate: oneHot, DropLast: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	for batch, err := range loader.Batches(context.Background(), 0) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(tensor.Data[float32](batch.Labels))
	}
	// Output:
	// [1 0 0 1 0 1]
	// [1 0 0 1 1 0]
	// [1 0 0 1 0 1]
	// [1 0 1 0 0 1]
	// [1 0 0 1 0 1]
}
