package train

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"

	"github.com/mlodyssey/odyssey/nn"
	"github.com/mlodyssey/odyssey/op"
	"github.com/mlodyssey/odyssey/random"
	"github.com/mlodyssey/odyssey/tensor"
)

// wide is a dense network of 12.6 million parameters.
func wide(opts ...nn.Option) nn.Module {
	r := random.New(1)
	net := nn.Sequential{nn.NewLinear(1024, 2048, r, opts...)}
	for range 2 {
		net = append(net, nn.Func(op.ReLU), nn.NewLinear(2048, 2048, r, opts...))
	}
	return append(net, nn.Func(op.ReLU), nn.NewLinear(2048, 1024, r, opts...), nn.Func(op.ReLU), nn.NewLinear(1024, 10, r, opts...))
}

// used is what a process took to read a classifier and to guess.
type used struct {
	Resident int // bytes at most, of all: the program itself, its stacks, its heap
	Started  int // bytes at most before the file was read
	Heap     int // bytes of objects in the end, without those before
	First    Guess
}

const memoryOf = "ODYSSEY_MEMORY_OF"

// TestMemoryChild is the process that TestMemoryOfQuantizedInference measures.
func TestMemoryChild(t *testing.T) {
	path := os.Getenv(memoryOf)
	if path == "" {
		t.Skip("is called by TestMemoryOfQuantizedInference")
	}
	runtime.GOMAXPROCS(1)
	u := used{Started: mostResident(t), Heap: -heap()}
	c, err := Load(path, func(string, []int, int, uint64) (nn.Module, error) { return wide(nn.Blank), nil })
	if err != nil {
		t.Fatal(err)
	}
	example := make([]float32, 1024)
	for i := range example {
		example[i] = float32(i%17) / 17
	}
	for range 3 {
		guesses, err := c.Predict(example)
		if err != nil {
			t.Fatal(err)
		}
		u.First = guesses[0]
	}
	u.Heap += heap()
	u.Resident = mostResident(t)
	runtime.KeepAlive(c)
	fmt.Printf("\nused %s\n", jsonOf(u))
}

// heap returns the bytes of objects that are in use.
func heap() int {
	var m runtime.MemStats
	for range 2 { // what lies in pools goes with the second time
		runtime.GC()
	}
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

// mostResident returns the peak of the process's resident memory.
func mostResident(t *testing.T) int {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Skip(err)
	}
	_, after, _ := strings.Cut(string(status), "VmHWM:")
	kib, err := strconv.Atoi(strings.Fields(after)[0])
	if err != nil {
		t.Fatal(err)
	}
	return kib << 10
}

// Inference from MXFP4 takes a fraction of the memory, and the file of the room.
func TestMemoryOfQuantizedInference(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("reads /proc")
	}
	c := &Classifier{Name: "wide", Net: wide(), Classes: strings.Split("abcdefghij", ""), Input: []int{1024}}
	whole, packed := filepath.Join(t.TempDir(), "float32"), filepath.Join(t.TempDir(), "mxfp4")
	if err := c.Save(whole); err != nil {
		t.Fatal(err)
	}
	if _, err := c.SaveQuantized(t.Context(), packed, Quantization{Format: tensor.MXFP4}); err != nil {
		t.Fatal(err)
	}
	c = nil
	debug.FreeOSMemory()
	size := func(path string) float64 {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		return float64(info.Size())
	}
	a, b := measured(t, whole), measured(t, packed)
	t.Logf("files of %.2f and %.2f MB: %.3f", size(whole)/1e6, size(packed)/1e6, size(packed)/size(whole))
	t.Logf("resident at most %.1f and %.1f MB: %.3f; %.1f MB before a file was read", mb(a.Resident), mb(b.Resident), mb(b.Resident)/mb(a.Resident), mb(b.Started))
	t.Logf("heap in use %.1f and %.1f MB: %.3f", mb(a.Heap), mb(b.Heap), mb(b.Heap)/mb(a.Heap))
	if size(packed) > 0.14*size(whole) {
		t.Error("the file is too large")
	}
	if b.Heap > a.Heap*15/100 {
		t.Error("weights take too much of the heap: are they unpacked?")
	}
	if b.Resident-b.Started > (a.Resident-a.Started)/4 {
		t.Error("reading and guessing takes too much memory")
	}
}

func mb(bytes int) float64 { return float64(bytes) / 1e6 }

// measured runs TestMemoryChild in a process of its own.
func measured(t *testing.T, path string) (u used) {
	t.Helper()
	child := exec.Command(os.Args[0], "-test.run=^TestMemoryChild$", "-test.v")
	child.Env = append(os.Environ(), memoryOf+"="+path)
	out, err := child.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	lines := bufio.NewScanner(strings.NewReader(string(out)))
	for lines.Scan() {
		if text, ok := strings.CutPrefix(lines.Text(), "used "); ok {
			if err := json.Unmarshal([]byte(text), &u); err != nil {
				t.Fatal(err)
			}
			return u
		}
	}
	t.Skipf("nothing measured: %s", out)
	return u
}
