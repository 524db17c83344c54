// Package odyssey is the root of a library that trains neural networks in plain
// Go; it has no code of its own. Begin with the README, the examples, and the
// packages nn, op and train.
package odyssey
