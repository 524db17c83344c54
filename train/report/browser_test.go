package report

import (
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mlodyssey/odyssey/train"
)

// looks are the windows that pages are looked at in.
var looks = []struct {
	name          string
	width, height int
	scheme        string
}{
	{"desktop-light", 1280, 900, "light"}, {"desktop-dark", 1280, 900, "dark"},
	{"phone-light", 390, 844, "light"}, {"phone-dark", 390, 844, "dark"},
}

// faint finds text that stands out too little from what is behind it, by the contrast of WCAG 2: 4.5, and 3 for large letters.
const faint = `(() => {
	const parts = c => c.match(/[\d.]+/g).map(Number);
	const light = ([r, g, b]) => [r, g, b].map(v => v / 255).map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
		.reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
	const behind = e => {
		for (; e; e = e.parentElement) {
			const c = parts(getComputedStyle(e).backgroundColor);
			if (c.length === 3 || c[3] === 1) return c;
		}
		return [255, 255, 255];
	};
	const found = [];
	for (const e of document.querySelectorAll("body *")) {
		if (![...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()) || !e.getClientRects().length || e.closest(".hidden, script")) continue;
		const style = getComputedStyle(e);
		const a = light(parts(e.closest("svg") ? style.fill : style.color)), b = light(behind(e));
		const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
		if (contrast < (parseFloat(style.fontSize) >= 24 ? 3 : 4.5)) found.push(e.tagName + "." + e.className + " " + e.textContent.slice(0, 20) + " " + contrast.toFixed(2));
	}
	return found.slice(0, 5).join("; ");
})()`

// check fails where a page complains, is wider than its window, or has text that is hard to read.
func (p *tab) check(t *testing.T, name string) {
	t.Helper()
	if got := p.eval("document.documentElement.scrollWidth - window.innerWidth"); got != "0" {
		t.Errorf("%s is %s pixels wider than its window", name, got)
	}
	if got := p.eval(faint); got != "" {
		t.Errorf("%s has faint text: %s", name, got)
	}
	if got := p.eval("String(window.pwned)"); got != "undefined" {
		t.Errorf("%s runs what names say: %s", name, got)
	}
	for _, problem := range p.settle() {
		t.Errorf("%s: %s", name, problem)
	}
	if dir := os.Getenv("ODYSSEY_SCREENSHOTS"); dir != "" {
		p.screenshot(filepath.Join(dir, name+".png"), true)
	}
}

// saved writes a report to a file and returns its address.
func saved(t *testing.T, r *Report) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "report.html")
	if err := os.WriteFile(file, []byte(written(t, r)), 0o666); err != nil {
		t.Fatal(err)
	}
	return "file://" + file
}

func TestReportsInABrowser(t *testing.T) {
	c := startChromium(t)
	run := gather(t, trained(t, settings("conv", train.Glyphs)))
	for name, r := range map[string]*Report{"report": run, "hostile": hostileReport(), "empty": {Run: Run{Name: "none", Record: &train.Record{}}}, "runs": manyRuns(20, 1000)} {
		url := saved(t, r)
		for _, look := range looks {
			p := c.open(url, look.width, look.height, look.scheme)
			p.check(t, name+"-"+look.name)
		}
	}
}

// What the page's script does, as a reader uses it.
func TestThePageAnswersInABrowser(t *testing.T) {
	c := startChromium(t)
	r := hostileReport()
	r.Others, r.Confusion = nil, small()
	p := c.open(saved(t, r), 1280, 900, "light")
	for _, step := range []struct{ what, do, want string }{
		{"the last values are shown", `document.querySelector("#loss .legend").textContent`, "epoch 3training0.1"},
		{"the left arrow reads the epoch before", `(() => {
			const key = () => document.querySelector("#loss svg").dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowLeft" }));
			key(); return document.querySelector("#loss .legend .at").textContent })()`, "epoch 2"},
		{"the pointer reads", `(() => {
			const svg = document.querySelector("#accuracy svg"), box = svg.getBoundingClientRect();
			svg.dispatchEvent(new PointerEvent("pointermove", { clientX: box.left + 60, clientY: box.top + 50, pointerType: "touch" }));
			return document.querySelector("#accuracy .legend").textContent })()`, "epoch 1training30."},
		{"the axis becomes logarithmic", `(() => {
			const before = document.querySelector("#loss path").getAttribute("d");
			document.querySelectorAll("#loss .choice button")[1].click();
			return [document.querySelectorAll("#loss .choice button")[1].getAttribute("aria-pressed"), document.querySelector("#loss path").getAttribute("d") !== before].join() })()`, "true,true"},
		{"a cell is read", `(() => { document.querySelectorAll("#matrix tbody td")[8].click(); return document.getElementById("cell").textContent })()`,
			"2 of 3 examples of “c” are taken for “a” (66.7\u202f%)."},
		{"a table sorts", `(() => {
			const names = () => [...document.querySelectorAll(".sortable tbody th")].map(h => h.textContent).join("");
			const head = document.querySelectorAll(".sortable thead button");
			head[1].click(); const falling = names(); head[1].click(); const rising = names(); head[0].click();
			return [falling, rising, names(), document.querySelector(".sortable thead th").getAttribute("aria-sort")].join() })()`, "badc,cdab,abcd,ascending"},
	} {
		if got := p.eval(step.do); !strings.HasPrefix(got, step.want) {
			t.Errorf("%s: %q, want %q", step.what, got, step.want)
		}
	}
	p.check(t, "answers")
}

// A run that ended earlier shows its last epoch as that, and no look that comes again is passed over.
func TestRunsOfSeveralLengthsInABrowser(t *testing.T) {
	c := startChromium(t)
	r := manyRuns(31, 2)
	r.Run.Epochs = epochs(3, 0)
	p := c.open(saved(t, r), 1280, 900, "light")
	for do, want := range map[string]string{
		`document.querySelector("#loss .legend .at").textContent`:                                             "epoch 3",
		`document.querySelectorAll("#loss .legend li:not(.at) b")[0].textContent.includes("epoch")`:           "false",
		`document.querySelectorAll("#loss .legend li:not(.at) b")[1].textContent.endsWith(" in epoch 2")`:     "true",
		`document.getElementById("keys").textContent.includes("colours and dashes come again after 30 runs")`: "true",
	} {
		if got := p.eval(do); got != want {
			t.Errorf("%s: %s, want %s", do, got, want)
		}
	}
	p.check(t, "lengths")
}

// Twenty runs of a thousand epochs: all lines are drawn, and how long that takes is told; -v shows it.
func TestManyRunsInABrowser(t *testing.T) {
	c := startChromium(t)
	p := c.open(saved(t, manyRuns(20, 1000)), 1280, 900, "light")
	for id, want := range map[string]string{"loss": "20", "accuracy": "20", "rate": "20", "images": "20"} {
		if got := p.eval(fmt.Sprintf(`document.querySelectorAll("#%s svg:not(.mark) path.curve").length`, id)); got != want {
			t.Errorf("%s has %s lines, want %s", id, got, want)
		}
	}
	const reads = `(() => {
		const svg = document.querySelector("#loss svg"), box = svg.getBoundingClientRect(), start = performance.now();
		for (let i = 0; i < 100; i++) svg.dispatchEvent(new PointerEvent("pointermove", { clientX: box.left + 60 + 4 * i, clientY: box.top + 50 }));
		return (performance.now() - start) / 100 })()`
	t.Logf("the curves are drawn in %s ms, the cursor moves in %s ms, %s elements", p.eval(`performance.getEntriesByName("curves")[0].duration.toFixed(1)`),
		p.eval(reads), p.eval(`document.querySelectorAll("*").length`))
	p.check(t, "many")
}

// The live page, from before the first step to the end.
func TestLiveInABrowser(t *testing.T) {
	c := startChromium(t)
	var live *Live
	var tabs []*tab
	var server *httptest.Server
	trained(t, settings("conv", train.Glyphs), func(dir string, net *train.Classifier) train.Callback {
		live = stepping(dir, net)
		return live
	}, func(string, *train.Classifier) train.Callback {
		return hook{start: func() {
			server = httptest.NewServer(live)
			for _, look := range looks {
				p := c.open(server.URL+"/", look.width, look.height, look.scheme)
				p.wait(`document.getElementById("status").textContent === "training"`)
				tabs = append(tabs, p)
			}
		}}
	})
	defer server.Close()
	for i, p := range tabs {
		p.wait(`document.getElementById("status").textContent === "finished"`)
		p.wait(`document.querySelector(".shown").textContent.includes("all 320 test examples")`) // which comes after that word
		for what, expression := range map[string]string{
			"lines of steps and epochs":  `document.querySelectorAll("#loss svg:not(.mark) path.curve").length === 3`,
			"mistakes":                   `document.querySelectorAll(".mistakes img").length === 24`,
			"the place of the last step": `document.getElementById("place").textContent.startsWith("epoch 3 of 3")`,
			"heads that sort":            `document.querySelectorAll("#details .sortable thead button").length > 0`,
			"the epochs":                 `document.querySelectorAll("#epochs tbody tr").length === 3`,
		} {
			if p.eval(expression) != "true" {
				t.Errorf("%s: no %s", looks[i].name, what)
			}
		}
		p.check(t, "live-"+looks[i].name)
	}
}

// wait waits for an expression to become true.
func (p *tab) wait(expression string) {
	p.t.Helper()
	p.eval(`new Promise(done => { const look = () => ` + expression + ` ? done(true) : setTimeout(look, 20); look(); })`)
}
