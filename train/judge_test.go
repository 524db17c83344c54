package train

import (
	"context"
	"testing"

	"github.com/mlodyssey/odyssey/nn"
)

// What is said of each example adds up to what Evaluate says of all.
func TestJudgementsAreThoseOfEvaluate(t *testing.T) {
	for _, precision := range []string{"fp32", "fp64", "mxfp8"} {
		s := smallRun()
		s.Limit, s.Precision = 300, precision // more than a batch
		net, c := prepare(t, s)
		want, err := net.Evaluate(context.Background(), c.Test)
		if err != nil {
			t.Fatal(err)
		}
		all, err := net.Judge(context.Background(), c.Test)
		if err != nil {
			t.Fatal(err)
		}
		var sum tally
		for i, j := range all {
			x := make([]float32, 28*28)
			if label, err := c.Test.Read(i, x); err != nil || label != j.Label {
				t.Fatalf("%s: example %d is of class %d, want %d, %v", precision, i, j.Label, label, err)
			}
			if i%50 == 0 {
				guesses, err := net.Predict(x)
				if err != nil || guesses[0].Class != net.Classes[j.Guess] || !near(guesses[0].Probability, j.Probability) {
					t.Errorf("%s: example %d: %+v, want the guess %+v, %v", precision, i, j, guesses[0], err)
				}
			}
			sum.loss += j.Loss
			sum.count++
			if j.Label == j.Guess {
				sum.correct++
			}
		}
		if got := sum.result(); got != want {
			t.Errorf("%s: the judgements add up to %+v, want %+v", precision, got, want)
		}
	}
}

func near(a, b float64) bool { return a-b < 1e-5 && b-a < 1e-5 }

func TestJudgeWantsExamplesThatFit(t *testing.T) {
	net, c := prepare(t, smallRun())
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := net.Judge(ctx, c.Test); err == nil {
		t.Error("no error of a context that is done")
	}
	net.Input = []int{1, 2, 3}
	if _, err := net.Judge(context.Background(), c.Test); err == nil {
		t.Error("examples of another shape were judged")
	}
}

// Layers that train otherwise, such as dropout, are judged as they are used.
func TestJudgeDoesNotTrain(t *testing.T) {
	s := smallRun()
	s.Model = "resnet20"
	net, c := prepare(t, s)
	nn.SetTraining(net.Net, true)
	got, err := net.Judge(context.Background(), c.Test)
	if err != nil {
		t.Fatal(err)
	}
	want, err := net.Evaluate(context.Background(), c.Test)
	if err != nil {
		t.Fatal(err)
	}
	sum := tally{}
	for _, j := range got {
		sum.loss += j.Loss
		sum.count++
	}
	if r := sum.result(); r.Loss != want.Loss {
		t.Errorf("loss %v, want %v", r.Loss, want.Loss)
	}
}
