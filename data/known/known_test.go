package known

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// server is one that can be told to misbehave.
type server struct {
	*httptest.Server
	files    map[string][]byte
	requests []string // the ranges that were asked for, "all" for none
	cut      int      // bytes after which an answer breaks off; 0: none does
	cuts     int      // how many more answers do
	noRange  bool     // it always sends all
	instead  func(w http.ResponseWriter) bool
}

func serve(t *testing.T, files map[string][]byte) *server {
	s := &server{files: files}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	asked := r.Header.Get("Range")
	if asked == "" {
		asked = "all"
	}
	s.requests = append(s.requests, asked)
	if s.instead != nil && s.instead(w) {
		return
	}
	b, ok := s.files[strings.TrimPrefix(r.URL.Path, "/")]
	if !ok {
		http.NotFound(w, r)
		return
	}
	from := 0
	if asked != "all" && !s.noRange {
		from, _ = strconv.Atoi(strings.TrimSuffix(strings.TrimPrefix(asked, "bytes="), "-"))
		if from >= len(b) {
			w.Header().Set("Content-Range", fmt.Sprintf("bytes */%d", len(b)))
			w.WriteHeader(http.StatusRequestedRangeNotSatisfiable)
			return
		}
		w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, len(b)-1, len(b)))
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(b)-from))
	w.Header().Set("Content-Type", "application/octet-stream")
	if from > 0 {
		w.WriteHeader(http.StatusPartialContent)
	}
	b = b[from:]
	if s.cuts > 0 && s.cut < len(b) {
		s.cuts--
		w.Write(b[:s.cut])
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
	w.Write(b)
}

func sum(b []byte) string {
	h := md5.Sum(b)
	return hex.EncodeToString(h[:])
}

// quick does not wait.
var quick = Options{wait: func(context.Context, time.Duration) {}}

var content = bytes.Repeat([]byte("0123456789"), 20000)

// tiny is a set of one file.
func tiny(s *server) Set {
	return Set{Name: "tiny", Source: "https://example.org", Official: []string{s.URL + "/"}, Files: []File{{Name: "a.gz", MD5: sum(content), Bytes: int64(len(content))}}}
}

// list returns the names in a directory.
func list(t *testing.T, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func check(t *testing.T, dir string) {
	t.Helper()
	if b, err := os.ReadFile(filepath.Join(dir, "a.gz")); err != nil || !bytes.Equal(b, content) {
		t.Errorf("a.gz is not what the server has: %v", err)
	}
	if names := list(t, dir); !slices.Equal(names, []string{"a.gz"}) {
		t.Errorf("files %q", names)
	}
}

func TestGet(t *testing.T) {
	s := serve(t, map[string][]byte{"a.gz": content})
	dir := filepath.Join(t.TempDir(), "new", "folder")
	var last, all int64
	o := Options{Progress: func(file string, d, a int64) {
		if file != "a.gz" || d < last {
			t.Errorf("%s at %d after %d", file, d, last)
		}
		last, all = d, a
	}}
	for range 2 { // the second time it is there
		if err := Get(t.Context(), tiny(s), dir, o); err != nil {
			t.Fatal(err)
		}
		check(t, dir)
	}
	if len(s.requests) != 1 || last != int64(len(content)) || all != last {
		t.Errorf("requests %q, at %d of %d", s.requests, last, all)
	}
}

// Each time the connection breaks off, the next request asks for what is missing from there.
func TestBrokenOffAndTakenUp(t *testing.T) {
	for name, c := range map[string]struct {
		cuts    int
		noRange bool
	}{
		"once": {1, false}, "again": {3, false}, "without range": {1, true},
	} {
		s := serve(t, map[string][]byte{"a.gz": content})
		s.cut, s.cuts, s.noRange = 50000, c.cuts, c.noRange
		dir := t.TempDir()
		want, last := []string{"all"}, int64(0)
		o := Options{
			Progress: func(_ string, done, _ int64) { last = done },
			wait:     func(context.Context, time.Duration) { want = append(want, fmt.Sprintf("bytes=%d-", last)) },
		}
		if err := Get(t.Context(), tiny(s), dir, o); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		check(t, dir)
		if !slices.Equal(s.requests, want) || len(want) != c.cuts+1 || slices.Contains(want, "bytes=0-") {
			t.Errorf("%s: requests %q, want %d, %q", name, s.requests, c.cuts+1, want)
		}
	}
}

func TestGivenUpAndTakenUpLater(t *testing.T) {
	s := serve(t, map[string][]byte{"a.gz": content})
	s.cut, s.cuts = 0, 1<<30
	dir := t.TempDir()
	part := filepath.Join(dir, "a.gz.part")
	os.WriteFile(part, content[:70000], 0o666)
	var waits []time.Duration
	o := Options{wait: func(_ context.Context, d time.Duration) { waits = append(waits, d) }}
	if err := Get(t.Context(), tiny(s), dir, o); err == nil || !strings.Contains(err.Error(), "broken off after 70000 bytes") {
		t.Errorf("error %v", err)
	}
	if want := []time.Duration{time.Second, 2 * time.Second, 4 * time.Second}; !slices.Equal(waits, want) {
		t.Errorf("it waited %v, want %v", waits, want)
	}
	if len(s.requests) != tries || !slices.Equal(list(t, dir), []string{"a.gz.part"}) {
		t.Errorf("%d requests, files %q", len(s.requests), list(t, dir))
	}
	s.cuts, s.requests = 0, nil
	if err := Get(t.Context(), tiny(s), dir, quick); err != nil {
		t.Fatal(err)
	}
	check(t, dir)
	if !slices.Equal(s.requests, []string{"bytes=70000-"}) {
		t.Errorf("requests %q", s.requests)
	}
}

func TestWhatWasBegunIsAnothers(t *testing.T) {
	for name, begun := range map[string][]byte{
		"another file": bytes.Repeat([]byte{7}, 100), "whole": content, "longer": append(slices.Clone(content), 1),
	} {
		s := serve(t, map[string][]byte{"a.gz": content})
		dir := t.TempDir()
		os.WriteFile(filepath.Join(dir, "a.gz.part"), begun, 0o666)
		if err := Get(t.Context(), tiny(s), dir, quick); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		check(t, dir)
	}
}

func TestBadAnswers(t *testing.T) {
	answer := func(status int, kind, body string) func(w http.ResponseWriter) bool {
		return func(w http.ResponseWriter) bool {
			w.Header().Set("Content-Type", kind)
			w.WriteHeader(status)
			w.Write([]byte(body))
			return true
		}
	}
	for name, c := range map[string]struct {
		instead func(w http.ResponseWriter) bool
		want    string
	}{
		"not found":        {answer(404, "text/html", "<html>"), "404 Not Found"},
		"a proxy's page":   {answer(200, "text/html; charset=utf-8", "<html>"), "an HTML page instead of the file"},
		"a page in hiding": {answer(200, "application/gzip", "\n<!DOCTYPE html>"), "an HTML page instead of the file"},
		"another file":     {answer(200, "application/gzip", "0123"), "not the file that was published: another checksum"},
		"another range":    {func(w http.ResponseWriter) bool { w.WriteHeader(206); return true }, `range "", want one from byte 0`},
		"a huge file": {func(w http.ResponseWriter) bool {
			w.Header().Set("Content-Length", "99999999999")
			w.WriteHeader(200)
			return true
		}, "99999999999 bytes, want about 200000"},
		"without an end":     {endless, "more than 1448576 bytes, want about 200000"},
		"server's own fault": {answer(503, "text/plain", ""), "503 Service Unavailable"},
	} {
		s := serve(t, nil)
		s.instead = c.instead
		dir := t.TempDir()
		err := Get(t.Context(), tiny(s), dir, quick)
		if err == nil || !strings.Contains(err.Error(), "tiny: "+s.URL+"/a.gz: "+c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: error %v, want %q", name, err, c.want)
			continue
		}
		if !strings.Contains(err.Error(), "or put a.gz (MD5 "+sum(content)+") of https://example.org into "+dir+" yourself") {
			t.Errorf("%s: error %v does not say what to do", name, err)
		}
		if _, err := os.Stat(filepath.Join(dir, "a.gz")); err == nil {
			t.Errorf("%s: there is a file", name)
		}
	}
}

func endless(w http.ResponseWriter) bool {
	for {
		if _, err := w.Write(content); err != nil {
			return true
		}
	}
}

func TestNoNetwork(t *testing.T) {
	s := serve(t, nil)
	client, err := net.Dial("tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	s.URL = "http://" + client.LocalAddr().String() // where nobody listens, and as long as it is open nobody else can
	dir := t.TempDir()
	err = Get(t.Context(), tiny(s), dir, quick)
	if left := list(t, dir); len(left) != 0 {
		t.Errorf("left behind: %q", left)
	}
	if err == nil || !strings.Contains(err.Error(), "refused") || !strings.Contains(err.Error(), "or put a.gz") || strings.Count(err.Error(), s.URL) != 1 {
		t.Errorf("error %v", err)
	}
}

func TestMirrorsComeFirst(t *testing.T) {
	official := serve(t, map[string][]byte{"a.gz": content})
	good, bad := serve(t, map[string][]byte{"sub/a.gz": content}), serve(t, map[string][]byte{"a.gz": []byte("old")})
	dir := t.TempDir()
	if err := Get(t.Context(), tiny(official), dir, Options{Mirrors: []string{bad.URL, good.URL + "/sub"}}); err != nil {
		t.Fatal(err)
	}
	check(t, dir)
	if len(official.requests) != 0 || len(bad.requests) != 1 {
		t.Errorf("requests %q and %q", official.requests, bad.requests)
	}
	if err := Get(t.Context(), tiny(official), t.TempDir(), Options{Mirrors: []string{bad.URL}}); err != nil || len(official.requests) != 1 {
		t.Errorf("after a bad mirror: %v", err)
	}
}

func TestCancelled(t *testing.T) {
	s := serve(t, map[string][]byte{"a.gz": content})
	ctx, cancel := context.WithCancel(t.Context())
	dir := t.TempDir()
	err := Get(ctx, tiny(s), dir, Options{Progress: func(_ string, done, _ int64) { cancel() }})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "a.gz")); err == nil {
		t.Error("there is a file")
	}
	if err := Get(t.Context(), tiny(s), dir, quick); err != nil {
		t.Error(err)
	}
	check(t, dir)
}

func TestAWrongFileIsThere(t *testing.T) {
	s := serve(t, map[string][]byte{"a.gz": content})
	dir := t.TempDir()
	path := filepath.Join(dir, "a.gz")
	os.WriteFile(path, []byte("mine"), 0o666)
	if err := Get(t.Context(), tiny(s), dir, quick); err == nil || !strings.HasPrefix(err.Error(), path+": MD5 ") || !strings.Contains(err.Error(), "remove it") {
		t.Errorf("error %v", err)
	}
	if b, _ := os.ReadFile(path); string(b) != "mine" {
		t.Error("it was written over")
	}
}

func zipOf(files map[string]string) []byte {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		f, _ := w.Create(name)
		f.Write([]byte(files[name]))
	}
	w.Close()
	return b.Bytes()
}

func tarOf(files map[string]string) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	w.WriteHeader(&tar.Header{Name: "folder/", Typeflag: tar.TypeDir, Mode: 0o777})
	for _, name := range slices.Sorted(maps.Keys(files)) {
		w.WriteHeader(&tar.Header{Name: name, Size: int64(len(files[name])), Mode: 0o666, Typeflag: tar.TypeReg})
		w.Write([]byte(files[name]))
	}
	w.Close()
	z.Close()
	return b.Bytes()
}

func TestArchives(t *testing.T) {
	inside := map[string]string{"gzip/one": "1", "../../two": "2", "gzip/other": "3"}
	for name, archive := range map[string][]byte{"a.zip": zipOf(inside), "a.tar.gz": tarOf(inside)} {
		s := serve(t, map[string][]byte{name: archive})
		dir := t.TempDir()
		set := Set{Name: "tiny", Official: []string{s.URL}, Files: []File{{Name: name, MD5: sum(archive), Bytes: int64(len(archive)), Holds: []string{"one", "two"}}}}
		for range 2 {
			if err := Get(t.Context(), set, dir, quick); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			one, _ := os.ReadFile(filepath.Join(dir, "one"))
			two, _ := os.ReadFile(filepath.Join(dir, "two"))
			if string(one)+string(two) != "12" || !slices.Equal(list(t, dir), []string{"one", "two"}) {
				t.Errorf("%s: %s, %s, files %q", name, one, two, list(t, dir))
			}
		}
		if len(s.requests) != 1 {
			t.Errorf("%s: %d requests", name, len(s.requests))
		}
		// Somebody put it there, and one of its files is gone.
		os.Remove(filepath.Join(dir, "two"))
		os.WriteFile(filepath.Join(dir, name), archive, 0o666)
		if err := Get(t.Context(), set, dir, quick); err != nil || len(list(t, dir)) != 3 || len(s.requests) != 1 {
			t.Errorf("%s by hand: %v, files %q", name, err, list(t, dir))
		}
		set.Files[0].Holds = []string{"one", "three"}
		if err := Get(t.Context(), set, t.TempDir(), quick); err == nil || !strings.Contains(err.Error(), "has no three") {
			t.Errorf("%s without a file: %v", name, err)
		}
		cut := archive[:len(archive)-5]
		s.files[name], set.Files[0].MD5 = cut, sum(cut)
		if err := Get(t.Context(), set, t.TempDir(), quick); err == nil {
			t.Errorf("%s cut short: no error", name)
		}
	}
}

func TestSets(t *testing.T) {
	var names []string
	for _, s := range Sets() {
		names = append(names, s.Name)
		if s.Licence == "" || s.About == "" || !strings.HasPrefix(s.Source, "http") || len(s.Official) == 0 || len(s.Files) == 0 || s.Bytes() < 1e6 {
			t.Errorf("%s: something is missing: %+v", s.Name, s)
		}
		for _, f := range s.Files {
			if b, err := hex.DecodeString(f.MD5); err != nil || len(b) != md5.Size {
				t.Errorf("%s: %s has no MD5: %q", s.Name, f.Name, f.MD5)
			}
		}
		if found, err := Named(strings.ToUpper(s.Name)); err != nil || found.Name != s.Name {
			t.Errorf("%s is not found: %v", s.Name, err)
		}
	}
	if !slices.IsSorted(names) {
		t.Errorf("not in order: %q", names)
	}
	if _, err := Named("imagenet"); err == nil || !strings.Contains(err.Error(), `unknown data set "imagenet": want one of cifar-10, `) {
		t.Errorf("an unknown set: %v", err)
	}
}

// Sets whose files do not tell their classes get a file that does.
func TestClassesAreWritten(t *testing.T) {
	s := serve(t, map[string][]byte{"a.gz": content})
	set := tiny(s)
	set.Name = "fashion-mnist"
	dir := t.TempDir()
	if err := Get(t.Context(), set, dir, quick); err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(filepath.Join(dir, "classes.txt")); err != nil || !strings.HasPrefix(string(b), "T-shirt/top\n") || strings.Count(string(b), "\n") != 10 {
		t.Errorf("%q, %v", b, err)
	}
	if err := Get(t.Context(), set, dir, quick); err != nil {
		t.Errorf("again: %v", err)
	}
}

// Classes of one's own stay, and nothing is downloaded beside them.
func TestOtherClassesStay(t *testing.T) {
	s := serve(t, map[string][]byte{"a.gz": content})
	set, dir := tiny(s), t.TempDir()
	set.Name = "fashion-mnist"
	path := filepath.Join(dir, "classes.txt")
	if err := os.WriteFile(path, []byte("mine\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := Get(t.Context(), set, dir, quick); err == nil || !strings.Contains(err.Error(), path+": has other classes than those of fashion-mnist") {
		t.Error(err)
	}
	if b, err := os.ReadFile(path); err != nil || string(b) != "mine\n" {
		t.Errorf("%q, %v", b, err)
	}
	if files, _ := os.ReadDir(dir); len(files) != 1 {
		t.Errorf("downloaded: %v", files)
	}
}
