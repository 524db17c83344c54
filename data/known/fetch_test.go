package known

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// Of two downloads of a file into one directory the later one is an error, and disturbs nothing.
func TestOneDownloadAtATime(t *testing.T) {
	s := serve(t, map[string][]byte{"a.gz": content})
	dir := t.TempDir()
	tried := false
	o := Options{Progress: func(string, int64, int64) {
		if tried {
			return
		}
		tried = true
		if err := Get(t.Context(), tiny(s), dir, quick); err == nil || !strings.Contains(err.Error(), filepath.Join(dir, "a.gz")+": another process downloads it") {
			t.Errorf("error %v", err)
		}
	}}
	if err := Get(t.Context(), tiny(s), dir, o); err != nil || !tried {
		t.Fatal(err, tried)
	}
	check(t, dir)
}

// A server may say of a file that ends in .gz that this is how its content is encoded; it is wanted as it is.
func TestAFileThatIsCalledEncoded(t *testing.T) {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Write(content)
	w.Close()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		w.Write(b.Bytes())
	}))
	defer server.Close()
	set := Set{Name: "tiny", Official: []string{server.URL}, Files: []File{{Name: "a.gz", MD5: sum(b.Bytes()), Bytes: int64(b.Len())}}}
	for name, client := range map[string]*http.Client{"ours": nil, "a user's": {}} {
		if err := Get(t.Context(), set, t.TempDir(), Options{Client: client, wait: quick.wait}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Whatever one address answers, what was begun stays, and another goes on from there.
func TestWhatWasBegunStays(t *testing.T) {
	other := bytes.Repeat([]byte("9876543210"), 20000)
	page := func(kind string) func(w http.ResponseWriter) bool {
		return func(w http.ResponseWriter) bool {
			w.Header().Set("Content-Type", kind)
			fmt.Fprint(w, "<html>please sign in</html>")
			return true
		}
	}
	for name, bad := range map[string]*server{
		"a page": {instead: page("text/html")}, "a page in hiding": {instead: page("application/gzip")},
		"another file": {files: map[string][]byte{"a.gz": other}}, "another file, without range": {files: map[string][]byte{"a.gz": other}, noRange: true},
		"a shorter file": {files: map[string][]byte{"a.gz": other[:100]}},
		"broken off":     {files: map[string][]byte{"a.gz": other}, noRange: true, cut: 60000, cuts: 1 << 30},
	} {
		bad.Server = httptest.NewServer(bad)
		defer bad.Close()
		official := serve(t, map[string][]byte{"a.gz": content})
		dir := t.TempDir()
		part := filepath.Join(dir, "a.gz.part")
		os.WriteFile(part, content[:70000], 0o666)
		if err := Get(t.Context(), tiny(bad), dir, quick); err == nil {
			t.Errorf("%s: no error", name)
		}
		if b, _ := os.ReadFile(part); !bytes.Equal(b, content[:70000]) || len(list(t, dir)) != 1 {
			t.Errorf("%s: %d bytes are left of what was begun; files %q", name, len(b), list(t, dir))
		}
		if err := Get(t.Context(), tiny(official), dir, Options{Mirrors: []string{bad.URL}, wait: quick.wait}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		check(t, dir)
		if !slices.Equal(official.requests, []string{"bytes=70000-"}) {
			t.Errorf("%s: requests %q", name, official.requests)
		}
	}
}

// A bad start, of a server that sends all, does not stay for ever: the longer one is kept.
func TestALongerDownloadTakesThePlace(t *testing.T) {
	s := serve(t, map[string][]byte{"a.gz": content})
	s.noRange, s.cut, s.cuts = true, 60000, 1<<30
	dir := t.TempDir()
	part := filepath.Join(dir, "a.gz.part")
	os.WriteFile(part, []byte("another file's"), 0o666)
	if err := Get(t.Context(), tiny(s), dir, quick); err == nil {
		t.Error("no error")
	}
	if b, _ := os.ReadFile(part); len(b) < 1000 || !bytes.Equal(b, content[:len(b)]) {
		t.Errorf("%d bytes are there", len(b))
	}
}

func TestServersThatAreBusy(t *testing.T) {
	for _, status := range []int{429, 500, 502, 503, 504} {
		s := serve(t, map[string][]byte{"a.gz": content})
		busy := tries - 1
		s.instead = func(w http.ResponseWriter) bool {
			if busy == 0 {
				return false
			}
			busy--
			w.WriteHeader(status)
			return true
		}
		dir := t.TempDir()
		if err := Get(t.Context(), tiny(s), dir, quick); err != nil {
			t.Errorf("status %d: %v", status, err)
			continue
		}
		check(t, dir)
	}
	s := serve(t, nil)
	if err := Get(t.Context(), tiny(s), t.TempDir(), quick); err == nil || len(s.requests) != 1 {
		t.Errorf("a file that is not there: %v, %d requests", err, len(s.requests))
	}
}

// A server that falls silent, before or within an answer, is one whose connection broke off.
func TestServersThatFallSilent(t *testing.T) {
	for name, begin := range map[string]func(w http.ResponseWriter){
		"before": func(http.ResponseWriter) {},
		"within": func(w http.ResponseWriter) {
			w.Write(content[:1000])
			w.(http.Flusher).Flush()
		},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			begin(w)
			<-r.Context().Done()
		}))
		defer server.Close()
		o := Options{silence: 20 * time.Millisecond, wait: quick.wait}
		set := Set{Name: "tiny", Official: []string{server.URL}, Files: []File{{Name: "a.gz", MD5: sum(content), Bytes: int64(len(content))}}}
		if err := Get(t.Context(), set, t.TempDir(), o); err == nil || !strings.Contains(err.Error(), "nothing comes for 20ms") {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

func TestAHugeFileInAnArchive(t *testing.T) {
	for name, archive := range map[string][]byte{"a.zip": zipOf(map[string]string{"one": "12345"}), "a.tar.gz": tarOf(map[string]string{"one": "12345"})} {
		s := serve(t, map[string][]byte{name: archive})
		set := Set{Name: "tiny", Official: []string{s.URL}, Files: []File{{Name: name, MD5: sum(archive), Bytes: int64(len(archive)), Holds: []string{"one"}}}}
		dir := t.TempDir()
		if err := Get(t.Context(), set, dir, Options{largest: 4}); err == nil || !strings.Contains(err.Error(), "more than 4 bytes") {
			t.Errorf("%s: error %v", name, err)
		}
		if _, err := os.Stat(filepath.Join(dir, "one")); err == nil {
			t.Errorf("%s: there is a file", name)
		}
		if err := Get(t.Context(), set, dir, Options{largest: 5}); err != nil {
			t.Errorf("%s of the most bytes: %v", name, err)
		}
	}
	if o := (Options{}).withDefaults(); o.largest != 1<<30 || o.silence != time.Minute || o.Client != patient {
		t.Errorf("defaults %+v", o)
	}
}
