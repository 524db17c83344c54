package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestQuantize(t *testing.T) {
	dir := trained(t)
	file := filepath.Join(t.TempDir(), "small.safetensors")
	for format := range quantizeFormats {
		out := succeed(t, "quantize", dir, "--format", format, "--out", file)
		if !strings.Contains(out, "fc1.weight") || !strings.Contains(out, " of 259404") {
			t.Errorf("%s: %s", format, out)
		}
		if out := succeed(t, "eval", file, "--limit", "20"); !strings.Contains(out, "20 examples") {
			t.Errorf("%s: %s", format, out)
		}
	}
	out := succeed(t, "quantize", dir, "--format", "fp8", "--activations", "--out", file)
	if !strings.Contains(out, "examples keep their class") {
		t.Error(out)
	}
	if out := succeed(t, "eval", file, "--limit", "20"); !strings.Contains(out, "lenet5 with weights of float8_e4m3 and activations") {
		t.Error(out)
	}
	if out := succeed(t, "quantize", dir, "--format", "mxfp4", "--examples", "0", "--out", file); strings.Contains(out, "examples keep their class") {
		t.Error(out)
	}
	var report struct {
		Measured   int
		Parameters []struct {
			Name          string
			Error, Scores float64
		}
	}
	out = succeed(t, "quantize", dir, "--format", "mxfp4", "--keep", "fc1.weight", "--out", file, "--examples", "10", "--json")
	if err := json.Unmarshal([]byte(out), &report); err != nil || len(report.Parameters) != 10 || report.Measured != 10 {
		t.Fatalf("%v in %s", err, out)
	}
	for _, q := range report.Parameters {
		if packed := strings.HasSuffix(q.Name, "weight") && q.Name != "fc1.weight"; packed != (q.Error > 0) || packed != (q.Scores > 0) {
			t.Errorf("reported %+v", q)
		}
	}
}

func TestQuantizeRefuses(t *testing.T) {
	dir := trained(t)
	file := filepath.Join(t.TempDir(), "small.safetensors")
	refuse(t, statusUsage, []string{"quantize", dir, "--format", "fp3", "--out", file}, []string{"fp3", "mxfp4"})
	refuse(t, statusError, []string{"quantize", dir, "--format", "mxfp4", "--keep", "fc9.weight", "--out", file}, []string{`"fc9.weight"`, "lenet5"})
	refuse(t, statusError, []string{"quantize", file, "--format", "mxfp4", "--out", file}, []string{"no such file"})
	refuse(t, statusError, []string{"quantize", dir, "--format", "mxfp4", "--examples=-1", "--out", file}, []string{"examples -1"})
	if _, err := os.Stat(file); err == nil {
		t.Error("a refused command wrote a file")
	}
}
