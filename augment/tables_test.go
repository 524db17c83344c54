package augment

import (
	"encoding/json"
	"strings"
	"testing"
)

func fromJSON(t *testing.T, text string) (*Policy, error) {
	t.Helper()
	var tables []map[string]any
	if err := json.Unmarshal([]byte(text), &tables); err != nil {
		t.Fatal(err)
	}
	return FromTables(tables)
}

func TestPoliciesAsTables(t *testing.T) {
	for text, want := range map[string]string{
		`[{"name": "rotate", "degrees": [5, 10.5], "fill": 0.5, "p": 0.5}, {"name": "erase", "noise": true}]`: "rotate:degrees=5..10.5,fill=0.5,p=0.5+erase:noise=true",
		`[{"name": "someof", "n": 2, "of": [{"name": "blur"}, {"name": "crop", "border": "edge"}, {"name": "all", "of": [{"name": "hflip"}, {"name": "vflip"}]}]}, {"name": "mixup"}]`://
		"someof:n=2(blur|crop:border=edge|hflip+vflip)+mixup",
		`[{"name": "normalise", "std": 1e-6}]`:       "normalise:std=1e-06",
		`[{"name": "normalise", "std": 1000000.0}]`:  "normalise:std=1e6",
		`[{"name": "rotate", "degrees": "5..10"}]`:   "rotate:degrees=5..10",
		`[{"name": "default"}, {"name": "sharpen"}]`: Policies()[0].Text + "+sharpen",
	} {
		p, err := fromJSON(t, text)
		q, err2 := Parse(want)
		if err != nil || err2 != nil || p.String() != q.String() {
			t.Errorf("%s is %v, %v, want %v, %v", text, p, err, q, err2)
		}
	}
	if _, err := FromTables([]map[string]any{{"name": "pad", "left": int64(3), "right": 2}}); err != nil {
		t.Error(err)
	}
}

func TestMistakesInTables(t *testing.T) {
	for text, want := range map[string]string{
		`[]`:                                    "empty",
		`[{}]`:                                  `transform 1: no name, want one such as name = "rotate"`,
		`[{"name": "oneof", "of": [{"p": 1}]}]`: "oneof: transform 1: no name",
		`[{"name": "hflip+vflip"}]`:             "want a word",
		`[{"name": "hflip", "p": "0.5,p=1"}]`:   "want a word",
		`[{"name": "rotate", "degrees": ["a", "b"]}]`:    "want a number",
		`[{"name": "rotate", "degrees": [1]}]`:           "want a number",
		`[{"name": "rotate", "degrees": 1000}]`:          "within -360..360",
		`[{"name": "rotate", "degres": 10}]`:             `no setting "degres"`,
		`[{"name": "oneof", "of": [1]}]`:                 "want a list of tables",
		`[{"name": "oneof", "of": []}]`:                  "empty",
		`[{"name": "oneof"}]`:                            "brackets",
		`[{"name": "hflip", "of": [{"name": "vflip"}]}]`: "left over",
	} {
		_, err := fromJSON(t, text)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}
