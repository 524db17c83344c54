package main

func Example() {
	main()
	// Output:
	//             autograd   by hand
	// y         0.42183394  0.42183394
	// dy/dx    -0.14764188  -0.14764188
	// d²y/dx²  -1.45110875 -1.45110875
}
