package main

func Example() {
	main()
	// Output:
	// y      float64[4] [2.1623 0.0049876 0 1.2361]
	// dy/dx  float64[4] [-0.94868 -0.099504 0 0.89443]
	// its values and derivatives are right, and programs give the same bits
}
