package augment_test

import (
	"fmt"

	"github.com/mlodyssey/odyssey/augment"
)

func Example() {
	policy, err := augment.Parse("shift:x=0.25..0.25,y=0+brightness:factor=0.5..0.5+invert:p=0.5")
	if err != nil {
		fmt.Println(err)
		return
	}
	src := augment.Image{Channels: 1, Height: 1, Width: 4, Pix: []float32{1, 0.5, 0.25, 0}}
	var work augment.Work
	var dst augment.Image
	for index := range 3 {
		work.Apply(policy.Each, &dst, &src, augment.ExampleStream(1, 0, index))
		fmt.Println(dst.Pix)
	}
	// Output:
	// [1 0.5 0.75 0.875]
	// [0 0.5 0.25 0.125]
	// [0 0.5 0.25 0.125]
}

func ExampleParse() {
	_, err := augment.Parse("rotate:degres=10")
	fmt.Println(err)
	// Output: augment: policy "rotate:degres=10": rotate: no setting "degres", want one of p, degrees, interpolation, fill
}
