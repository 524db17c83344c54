package precision

// rule says what of an operation is rounded.
type rule struct {
	operands []int // inputs, by number
	results  []int // outputs, where the policy rounds results
	planes   bool  // operands have channels of planes, so that an example is a row; else the last axis is one
	packed   bool  // of inference: an operand has a packed type already
}

// table has the operations that work in low precision: those that add up products. An
// operation that is not here stays in float32 with all that it reads and gives: sums
// and means, normalisations, softmax and losses, activation functions, pooling, the
// arithmetic of the optimiser, and the biases of the operations below. The gradients of weights
// are results that stay in float32.
var table = map[string]rule{
	"conv2d":         {operands: []int{0, 1}, results: []int{0}, planes: true},
	"conv2d_input":   {operands: []int{0, 1}, results: []int{0}, planes: true},
	"conv2d_weight":  {operands: []int{0, 1}, planes: true},
	"linear":         {operands: []int{0, 1}, results: []int{0}},
	"linear_weight":  {operands: []int{0, 1}},
	"matmul":         {operands: []int{0, 1}, results: []int{0}},
	"attention":      {operands: []int{0, 1, 2}, results: []int{0}},          // softmax within is float32
	"attention_grad": {operands: []int{0, 1, 2, 3}, results: []int{0, 1, 2}}, // of q, k, v and the gradient

	"conv2d_packed": {operands: []int{0}, planes: true, packed: true},
	"linear_packed": {operands: []int{0}, packed: true},
}

// unrounded are the other operations on matrices, convolutions and sequences, with the reason.
// Compositions are in neither list: what they are made of is.
var unrounded = map[string]string{
	"cholesky":          "errors grow from column to column",
	"solve":             "errors grow from row to row",
	"tril":              "moves elements",
	"triu":              "moves elements",
	"matmul_packed":     "reads packed operands as they are",
	"rotary":            "turns pairs of elements by angles",
	"conv2d_relu":       "what conv2d becomes when the program is compiled, after it was rounded",
	"conv2d_input_gate": "what conv2d_input becomes",
	"linear_relu":       "what linear becomes",
}
