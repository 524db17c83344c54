package op

// unaryCases are the shapes that a function of one input, element by element,
// is judged on.
func unaryCases(op Operation, domain func(Arg) Arg) []Case {
	var cases []Case
	for _, shape := range [][]int{{}, {1}, {7}, {3, 0, 2}, {3, 5, 4}} {
		cases = append(cases, Case{op, []Arg{domain(In(shape...))}})
	}
	return cases
}

func positive(a Arg) Arg { return a.From(0.2, 3) }
