package main

func Example() {
	main()
	// Output:
	// fp32    loss of the last epoch 2.910
	// mxfp8   loss of the last epoch 2.936
	// nvfp4   loss of the last epoch 2.950
	// mxfp4   loss of the last epoch 3.064
}
