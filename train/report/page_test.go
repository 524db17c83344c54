package report

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"html/template"
	"image"
	"image/png"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/mlodyssey/odyssey/data"
	"github.com/mlodyssey/odyssey/tensor"
	"github.com/mlodyssey/odyssey/train"
	"github.com/mlodyssey/odyssey/train/record"
)

// hostile are names that a page must show as they are.
var hostile = []string{
	`</script><script>window.pwned = 1</script>`, `"><img src=x onerror="window.pwned = 2">`, `' onpointerover='window.pwned = 3`,
	`{{.Run}} & <b>bold</b>`, `javascript:window.pwned=4`, "]]>\u2028<!--", `</style><style>body{display:none}</style>`, "ordinary",
}

// hostileReport has such names wherever files and flags name things.
func hostileReport() *Report {
	s := train.Settings{Model: hostile[0], Data: "/" + hostile[1], Schedule: hostile[3], Augment: hostile[2]}
	rec := &train.Record{
		Lines: []record.Line{{Time: time.Unix(1e9, 0)}},
		Start: train.Start{
			Settings: s, Classes: hostile, Examples: [2]int{100, 80},
			Environment: train.Environment{Version: hostile[4]}, Data: []train.DataFile{{Path: hostile[0], SHA256: hostile[1]}},
		},
		End: &train.End{Reason: hostile[6]},
	}
	r := &Report{
		Run:        Run{Name: hostile[0], Dir: hostile[1], Record: rec, Epochs: epochs(3, 1)},
		Others:     []Run{{Name: hostile[5], Record: rec, Epochs: epochs(2, 2)}},
		Checkpoint: &Checkpoint{hostile[1], 2, 3}, Verification: hostile[0], Missing: []string{hostile[1]},
		Checks: []Check{{hostile[6], false}}, Judged: 80, Examples: 80,
		Filters: drawFilters(hostile[0], []int{2, 1, 3, 3}, make([]float32, 18)),
	}
	var all []train.Judgement
	for i := range 80 {
		all = append(all, train.Judgement{Label: i % 8, Guess: i / 8 % 7, Loss: float64(i)}) // nothing is taken for the last class
	}
	r.Confusion = confusionOf(hostile, all)
	for i, name := range hostile {
		r.Mistakes = append(r.Mistakes, Mistake{i, name, hostile[(i+1)%8], 0.5, 3, urlOf(data.Picture([]int{1, 2, 2}, make([]float32, 4)))})
	}
	return r
}

// epochs are made up.
func epochs(n int, seed float64) (all []train.Epoch) {
	for i := range n {
		x := float64(i+1) / float64(n)
		wave := float64((i*37+int(seed)*11)%100) / 2000
		all = append(all, train.Epoch{
			Epoch: i + 1, Steps: 100, TrainLoss: 2/(1+20*x) + wave, TestLoss: 2/(1+15*x) + wave + seed/100, TrainAccuracy: 0.9*x + wave,
			TestAccuracy: 0.85*x + wave, LearningRate: 0.01 * (1 - x), Seconds: 4.5, ImagesPerSecond: 20000 + 1000*seed + 50*wave,
		})
	}
	return all
}

func parse(t *testing.T, page string) *html.Node {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	return root
}

func attribute(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

func text(n *html.Node) string {
	if n.Type == html.TextNode {
		return n.Data
	}
	var b strings.Builder
	for c := range n.ChildNodes() {
		b.WriteString(text(c))
	}
	return b.String()
}

func find(root *html.Node, tag string) (all []*html.Node) {
	for n := range root.Descendants() {
		if n.Type == html.ElementNode && n.Data == tag {
			all = append(all, n)
		}
	}
	return all
}

// Names from files stay names: they make no element and no attribute, and are shown as they are.
func TestHostileNames(t *testing.T) {
	for name, page := range map[string]string{"file": pageOf(t, hostileReport(), nil), "live": pageOf(t, hostileReport(), &liveView{Ended: hostile[0]})} {
		root := parse(t, page)
		checkHarmless(t, root)
		for tag, want := range map[string]int{"script": 2, "style": 1, "b": -1, "title": 1, "main": 1, "h1": 1} {
			if got := len(find(root, tag)); want >= 0 && got != want {
				t.Errorf("%s: %d elements %s, want %d", name, got, tag, want)
			}
		}
		heads := find(root, "th")
		for _, class := range hostile {
			shown := 0
			for _, h := range heads {
				if text(h) == class {
					shown++
				}
			}
			if shown < 3 { // over a column and before a row of the matrix, and in the table of classes
				t.Errorf("%s: class %q is shown %d times, want at least 3", name, class, shown)
			}
		}
	}
}

func pageOf(t *testing.T, r *Report, live *liveView) string {
	t.Helper()
	var b bytes.Buffer
	if err := newView(r, live).write(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// checkHarmless fails where a page loads anything, or runs anything but its script.
func checkHarmless(t *testing.T, root *html.Node) {
	t.Helper()
	for n := range root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		for _, a := range n.Attr {
			switch key := strings.ToLower(a.Key); {
			case strings.HasPrefix(key, "on") || key == "style" || key == "srcset" || key == "action" || key == "formaction":
				t.Errorf("<%s> has an attribute %s=%q", n.Data, a.Key, a.Val)
			case (key == "src" || key == "href") && !strings.HasPrefix(a.Val, "data:"):
				t.Errorf("<%s> has %s=%q, want data: only", n.Data, a.Key, a.Val)
			}
		}
		switch n.Data {
		case "iframe", "object", "embed", "base", "form", "audio", "video", "a":
			t.Errorf("there is an element %s", n.Data)
		case "img":
			if attribute(n, "alt") == "" {
				t.Errorf("a picture has no text in its stead")
			}
		case "th":
			if attribute(n, "scope") == "" {
				t.Errorf("the head %q has no scope", text(n))
			}
		}
	}
}

// Nothing in the page is an address outside of it, but the name that SVG elements have.
func TestNoAddresses(t *testing.T) {
	r := hostileReport()
	for _, page := range []string{pageOf(t, r, nil), pageOf(t, r, &liveView{})} {
		page = strings.ReplaceAll(page, "http://www.w3.org/2000/svg", "")
		for _, prefix := range []string{"http:", "https:", "ws:", "//www", "@import", "url("} {
			if i := strings.Index(page, prefix); i >= 0 {
				t.Errorf("the page has %q", page[max(0, i-40):min(len(page), i+60)])
			}
		}
	}
}

// The policy lets the page's own script and style through: by their hashes, as a browser computes them.
func TestThePolicyFitsThePage(t *testing.T) {
	root := parse(t, pageOf(t, hostileReport(), nil))
	policy := ""
	for _, m := range find(root, "meta") {
		if attribute(m, "http-equiv") == "Content-Security-Policy" {
			policy = attribute(m, "content")
		}
	}
	for _, tag := range []string{"script", "style"} {
		for _, n := range find(root, tag) {
			if attribute(n, "type") == "" && !strings.Contains(policy, fmt.Sprintf("%s-src '%s'", tag, hashOf(text(n)))) {
				t.Errorf("policy %q, want the hash of the %s", policy, tag)
			}
		}
	}
	if !strings.HasPrefix(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") {
		t.Errorf("policy %q", policy)
	}
}

// Headings go down one level at a time, and ids are there once.
func TestThePageIsInOrder(t *testing.T) {
	root := parse(t, pageOf(t, hostileReport(), nil))
	level, ids := 0, map[string]bool{}
	for n := range root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		if len(n.Data) == 2 && n.Data[0] == 'h' && n.Data[1] >= '1' && n.Data[1] <= '6' {
			if now := int(n.Data[1] - '0'); now > level+1 {
				t.Errorf("%s %q follows a heading of level %d", n.Data, text(n), level)
			}
			level = int(n.Data[1] - '0')
		}
		id := attribute(n, "id")
		if id != "" && ids[id] {
			t.Errorf("id %s is there twice", id)
		}
		ids[id] = true
	}
	for n := range root.Descendants() {
		if by := attribute(n, "aria-labelledby"); by != "" && !ids[by] {
			t.Errorf("%s is labelled by %s, which is not there", n.Data, by)
		}
	}
}

// decode returns the picture of a data: URI.
func decode(t *testing.T, uri string) image.Image {
	t.Helper()
	b, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(uri, "data:image/png;base64,"))
	if err != nil {
		t.Fatal(err)
	}
	picture, err := png.Decode(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	return picture
}

// picturesIn draws all examples of a set in memory.
func picturesIn(t *testing.T, shape []int, pixels ...float32) []template.URL {
	t.Helper()
	n := len(pixels) / tensor.Elements(shape)
	set, err := data.NewMemory(shape, pixels, make([]int, n), []string{"A"})
	if err != nil {
		t.Fatal(err)
	}
	index := make([]int, n)
	for i := range index {
		index[i] = i
	}
	urls, err := picturesOf(set, index)
	if err != nil {
		t.Fatal(err)
	}
	return urls
}

// Handwriting is drawn as dark ink and photographs as they are; of filters 0 is grey, and the
// furthest black or white.
func TestPictures(t *testing.T) {
	ink := picturesIn(t, []int{1, 1, 4}, 0, 1, 0, 7, 0, 0, 0, 0.2)
	photos := picturesIn(t, []int{1, 1, 4}, 0, 1, 0.5, 0.2, 0.2, 0.2, 0.4, 7, 0, 0, 0, 0.2)
	filter := drawFilters("w", []int{1, 1, 1, 3}, []float32{0, -2, 1}).Pictures[0]
	for _, c := range []struct {
		name string
		url  template.URL
		want []uint8
	}{
		{"ink", ink[0], []uint8{255, 0, 255, 0}}, {"ink that is next", ink[1], []uint8{255, 255, 255, 204}},
		{"photo", photos[0], []uint8{0, 255, 128, 51}}, {"photo at night", photos[2], []uint8{0, 0, 0, 51}},
		{"filter", filter, []uint8{128, 0, 191}},
	} {
		picture := decode(t, string(c.url))
		for x, want := range c.want {
			if r, _, _, _ := picture.At(x, 0).RGBA(); uint8(r>>8) != want {
				t.Errorf("%s: pixel %d is %d, want %d", c.name, x, r>>8, want)
			}
		}
	}
	for _, shape := range [][]int{{4}, {2, 1, 2}, {1, 1, mostPixels + 1}} {
		if got := picturesIn(t, shape, make([]float32, tensor.Elements(shape))...)[0]; got != "" {
			t.Errorf("shape %v has a picture", shape)
		}
	}
}

// Many runs with many epochs stay a page that can be sent.
func TestManyRunsAreASmallPage(t *testing.T) {
	page := pageOf(t, manyRuns(20, 1000), nil)
	t.Logf("%d bytes", len(page))
	if len(page) > 1_500_000 {
		t.Errorf("20 runs of 1,000 epochs make a page of %d bytes, want at most 1.5 MB", len(page))
	}
	if rows := len(find(parse(t, page), "tr")); rows > 250 {
		t.Errorf("%d rows of tables", rows)
	}
}

func manyRuns(runs, points int) *Report {
	r := &Report{}
	for i := range runs {
		run := Run{Name: fmt.Sprintf("run-%02d", i), Record: &train.Record{Start: train.Start{Examples: [2]int{1, 1}}}, Epochs: epochs(points, float64(i))}
		if i == 0 {
			r.Run = run
		} else {
			r.Others = append(r.Others, run)
		}
	}
	return r
}
