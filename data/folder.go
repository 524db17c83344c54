package data

import (
	"errors"
	"fmt"
	"image"
	"image/color"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"golang.org/x/image/draw"
)

// FolderConfig says how OpenFolder reads images.
type FolderConfig struct {
	Width, Height  int      // to which images are resized; 0: all must be of one size
	Channels       int      // 1: grey, 3: colours; 0: grey if all files are
	SkipUnreadable bool     // leave out what is no image, instead of an error
	Classes        []string // folders in the order of their labels; nil: all, in alphabetical order
}

// Folder is a set of images in files, which are read when they are wanted.
type Folder struct {
	config  FolderConfig
	classes []string
	files   []string
	of      []int // labels

	scratch sync.Pool // of *image.RGBA
	mu      sync.Mutex
	bad     map[string]error
	scalers map[image.Point]draw.Scaler // by the size of what they scale
	filters map[planeSizes]*planeFilter // likewise

	lines sync.Pool // of *planeWork
}

// OpenFolder opens a directory that has a folder of PNG and JPEG files for each
// class; folders within those belong to them. Names that begin with a dot and
// other kinds of files are passed over. Examples are [channels height width], in
// the order of the classes and then of the names. What is transparent is black.
//
// It reads the header of every file. With SkipUnreadable, files without a
// sound header are left out, and in the place of one whose pixels turn out to be
// unreadable stands the next example that is not; Skipped counts both. Images of
// different sizes are an error unless they are to be resized, which is done
// bilinearly, with all pixels that an output covers.
func OpenFolder(dir string, c FolderConfig) (*Folder, error) {
	if c.Channels != 0 && c.Channels != 1 && c.Channels != 3 {
		return nil, fmt.Errorf("%d channels: want 1 or 3", c.Channels)
	}
	if c.Width < 0 || c.Height < 0 || (c.Width == 0) != (c.Height == 0) || c.Height > 0 && c.Width > maxPicture/c.Height {
		return nil, fmt.Errorf("images of %d×%d pixels: want at least 1×1 and at most %d pixels", c.Width, c.Height, maxPicture)
	}
	f := &Folder{config: c, classes: c.Classes, bad: map[string]error{}}
	if err := f.find(dir); err != nil {
		return nil, err
	}
	if err := f.check(dir); err != nil {
		return nil, err
	}
	return f, nil
}

// find lists the files.
func (f *Folder) find(dir string) error {
	found := folders(dir)
	if f.classes == nil {
		f.classes = found
	}
	if len(f.classes) < 2 {
		return fmt.Errorf("%s: folders %q, want one for each of at least two classes", dir, f.classes)
	}
	for _, name := range found {
		label := slices.Index(f.classes, name)
		if label < 0 {
			return fmt.Errorf("%s: folder %q is none of the %d classes", dir, name, len(f.classes))
		}
		files, err := pictures(filepath.Join(dir, name))
		if err != nil {
			return err
		}
		for _, file := range files {
			f.files = append(f.files, file)
			f.of = append(f.of, label)
		}
	}
	return nil
}

// check reads the headers of all files.
func (f *Folder) check(dir string) error {
	allGrey, first := true, ""
	var files []string
	var of []int
	for i, path := range f.files {
		header, err := readHeader(path)
		if err == nil {
			err = f.checkSize(path, header, &first)
			if err != nil {
				return err
			}
		}
		if err != nil {
			if !f.config.SkipUnreadable {
				return fmt.Errorf("%s: %w, want a PNG or JPEG picture", path, err)
			}
			f.bad[path] = err
			continue
		}
		allGrey = allGrey && (header.ColorModel == color.GrayModel || header.ColorModel == color.Gray16Model)
		files, of = append(files, path), append(of, f.of[i])
	}
	if len(files) == 0 {
		return fmt.Errorf("%s: no images can be read, want PNG or JPEG files in a folder for each class", dir)
	}
	f.files, f.of = files, of
	if f.config.Channels == 0 {
		f.config.Channels = 3
		if allGrey {
			f.config.Channels = 1
		}
	}
	return nil
}

// checkSize takes the size of the first image for that of all, unless they are
// to be resized.
func (f *Folder) checkSize(path string, header image.Config, first *string) error {
	c := &f.config
	switch {
	case c.Width == 0:
		c.Width, c.Height, *first = header.Width, header.Height, path
	case *first != "" && (header.Width != c.Width || header.Height != c.Height):
		return fmt.Errorf("%s: %d×%d pixels, want %d×%d as %s has, or a size that all are resized to",
			path, header.Width, header.Height, c.Width, c.Height, *first)
	}
	return nil
}

func readHeader(path string) (image.Config, error) {
	f, err := os.Open(path)
	if err != nil {
		return image.Config{}, withoutName(err)
	}
	defer f.Close()
	header, _, err := image.DecodeConfig(f)
	if err == nil {
		err = checkPicture(header)
	}
	return header, err
}

// withoutName strips the file's name from an error, for where it is told anyway.
func withoutName(err error) error {
	var cause *fs.PathError
	if errors.As(err, &cause) {
		return cause.Err
	}
	return err
}

// Len returns the number of images.
func (f *Folder) Len() int { return len(f.files) }

// Shape returns [channels height width].
func (f *Folder) Shape() []int {
	return []int{f.config.Channels, f.config.Height, f.config.Width}
}

// Classes returns the names of the folders.
func (f *Folder) Classes() []string { return f.classes }

// Label returns the label of an image's folder.
func (f *Folder) Label(i int) int { return f.of[i] }

// Files returns the paths of the images.
func (f *Folder) Files() []string { return f.files }

// Skipped returns how many files could not be read so far, and what was wrong
// with one of them.
func (f *Folder) Skipped() (count int, example error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	first := ""
	for path := range f.bad {
		if first == "" || path < first {
			first = path
		}
	}
	if first != "" {
		example = fmt.Errorf("%s: %w", first, f.bad[first])
	}
	return len(f.bad), example
}

// Read reads an image. What stands in the place of an unreadable one depends on
// the files alone, never on what was read before.
func (f *Folder) Read(i int, x []float32) (label int, err error) {
	for k := range f.files {
		at := (i + k) % len(f.files)
		err := f.read(f.files[at], x)
		if err == nil {
			return f.of[at], nil
		}
		if !f.config.SkipUnreadable {
			return 0, fmt.Errorf("%s: %w", f.files[at], err)
		}
		f.mu.Lock()
		f.bad[f.files[at]] = err
		f.mu.Unlock()
	}
	return 0, fmt.Errorf("none of %d images can be read", len(f.files))
}

func (f *Folder) read(path string, x []float32) error {
	file, err := os.Open(path)
	if err != nil {
		return withoutName(err)
	}
	defer file.Close()
	picture, err := decodePicture(file)
	if err != nil {
		return err
	}
	return f.convert(picture, x)
}

// folders returns the names of a directory's visible folders.
func folders(dir string) (names []string) {
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		if info, err := os.Stat(filepath.Join(dir, e.Name())); err == nil && info.IsDir() && !strings.HasPrefix(e.Name(), ".") {
			names = append(names, e.Name())
		}
	}
	return names
}

// pictures returns the paths of all PNG and JPEG files below a folder.
func pictures(dir string) (paths []string, err error) {
	err = filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case path != dir && strings.HasPrefix(e.Name(), "."):
			if e.IsDir() {
				return filepath.SkipDir
			}
		case !e.IsDir() && isPicture(path):
			paths = append(paths, path)
		}
		return nil
	})
	return paths, err
}

func isPicture(name string) bool {
	return slices.Contains([]string{".png", ".jpg", ".jpeg"}, strings.ToLower(filepath.Ext(name)))
}

// isFolderSet reports whether a directory has folders with images.
func isFolderSet(dir string) bool {
	return slices.ContainsFunc(folders(dir), func(name string) bool {
		entries, _ := os.ReadDir(filepath.Join(dir, name))
		return slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return isPicture(e.Name()) })
	})
}

func hasFolders(l listing) bool {
	return l.has("train") && isFolderSet(l.path("train")) || isFolderSet(l.dir)
}

func openFolders(l listing, split string, s settings) (Dataset, []string, error) {
	c, err := s.folder()
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", l.dir, err)
	}
	if !l.has("train") || !isFolderSet(l.path("train")) {
		set, err := OpenFolder(l.dir, c)
		if err != nil {
			return nil, nil, err
		}
		part, err := s.part(set, split)
		return part, []string{l.dir}, err
	}
	dir := l.path(split)
	c.Classes = folders(l.path("train"))
	if !isFolderSet(dir) {
		return nil, nil, fmt.Errorf("%s: no folders of images, want one for each of the %d classes", dir, len(c.Classes))
	}
	set, err := OpenFolder(dir, c)
	if err != nil {
		return nil, nil, err
	}
	return set, []string{dir}, nil
}

// folder returns the configuration that settings ask for.
func (s settings) folder() (c FolderConfig, err error) {
	size, err := s.sizes("size")
	if err != nil {
		return c, err
	}
	switch len(size) {
	case 0:
	case 1:
		c.Width, c.Height = size[0], size[0]
	case 2:
		c.Width, c.Height = size[0], size[1]
	default:
		return c, fmt.Errorf("size=%s: want WIDTHxHEIGHT", s["size"])
	}
	unreadable, err := s.choice("unreadable", "error", "skip")
	if err != nil {
		return c, err
	}
	c.SkipUnreadable = unreadable == "skip"
	channels, err := s.choice("channels", "", "1", "3")
	if channels != "" {
		c.Channels = int(channels[0] - '0')
	}
	return c, err
}
