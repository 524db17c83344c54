package kernel

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// The generator of assembly takes registers of AVX-512 where it runs out of others,
// which a processor with AVX2 alone does not have.
func TestAVX2KernelsTakeRegistersOfAVX2(t *testing.T) {
	beyond := regexp.MustCompile(`\b([XY](1[6-9]|2\d|3[01])|Z\d+|K[0-7])\b`)
	for _, file := range []string{"codec_amd64.s", "dropout_amd64.s", "gemm_amd64.s", "kernel_amd64.s", "math_amd64.s", "peak_amd64.s", "vector_amd64.s"} {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		functions := strings.Split(string(source), "\nTEXT ·")
		checked := 0
		for _, f := range functions[1:] {
			name, body, _ := strings.Cut(f, "(SB)")
			if !strings.Contains(name, "AVX2") && !strings.HasSuffix(name, "Half") {
				continue
			}
			checked++
			if register := beyond.FindString(body); register != "" {
				t.Errorf("%s: %s takes %s", file, name, register)
			}
		}
		if checked == 0 {
			t.Errorf("%s: no kernel of AVX2", file)
		}
	}
}
