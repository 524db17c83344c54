package wire

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

func TestServeAnswersEachRequest(t *testing.T) {
	var out strings.Builder
	steps := 0
	err := serve(strings.NewReader(`{"work":"train","seconds":0.001}
{"seconds":0.001}
`), &out, func() float32 {
		steps++
		time.Sleep(time.Millisecond)
		return 3.5
	})
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if err != nil || len(lines) != 2 || steps < 2 {
		t.Fatalf("%v, %d steps, answers %q", err, steps, lines)
	}
	for _, l := range lines {
		var a Answer
		if err := json.Unmarshal([]byte(l), &a); err != nil || a.Seconds < 0.001 || a.Loss != 3.5 {
			t.Errorf("%q is %+v, %v", l, a, err)
		}
	}
}

func TestServeRefusesWhatIsNotARequest(t *testing.T) {
	var out strings.Builder
	if err := serve(strings.NewReader("train!\n"), &out, func() float32 { return 0 }); err == nil {
		t.Errorf("answered %q", out.String())
	}
}

func TestExamples(t *testing.T) {
	if n := len(Images(3)); n != 3*28*28 {
		t.Errorf("3 images have %d pixels", n)
	}
	seen := map[int32]bool{}
	for _, l := range Labels[int32](1000) {
		if l < 0 || l >= Classes {
			t.Fatalf("class %d", l)
		}
		seen[l] = true
	}
	if len(seen) != Classes {
		t.Errorf("%d classes occur, want %d", len(seen), Classes)
	}
}
