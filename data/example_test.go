package data_test

import (
	"context"
	"fmt"

	"github.com/mlodyssey/odyssey/data"
	"github.com/mlodyssey/odyssey/data/glyphs"
)

func ExampleLoader() {
	set := glyphs.New(100, 1, glyphs.Train)
	loader, err := data.NewLoader(set, data.LoaderConfig{Batch: 40, Shuffle: true, Seed: 1, Mean: 0.1307, Std: 0.3081})
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
