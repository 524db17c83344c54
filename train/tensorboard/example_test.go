package tensorboard_test

import (
	"fmt"
	"log"
	"os"
	"path/filepath"
	"time"

	"github.com/mlodyssey/odyssey/train/tensorboard"
)

// A run of two steps, which `tensorboard --logdir runs` shows.
func Example() {
	runs, err := os.MkdirTemp("", "runs")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(runs)
	w, err := tensorboard.Create(filepath.Join(runs, "first"), tensorboard.Config{
		Now: func() time.Time { return time.Unix(1700000000, 0) }, Host: "laptop",
	})
	if err != nil {
		log.Fatal(err)
	}
	for step, loss := range []float64{2.3, 1.7} {
		if err := w.Scalar("loss/train", step, loss); err != nil {
			log.Fatal(err)
		}
	}
	weights, err := tensorboard.NewHistogram([]float32{-0.5, 0.1, 0.1, 0.4})
	if err != nil {
		log.Fatal(err)
	}
	if err := w.Histogram("weights", 1, weights); err != nil {
		log.Fatal(err)
	}
	if err := w.Close(); err != nil {
		log.Fatal(err)
	}
	fmt.Println(filepath.Base(w.Path()))
	// Output: events.out.tfevents.1700000000.laptop.0
}
