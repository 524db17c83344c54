package data

import (
	"errors"
	"fmt"
	"image"
	"image/color"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/mlodyssey/odyssey/internal/folder"
)

// FolderConfig says how OpenFolder reads images.
type FolderConfig struct {
	Width, Height  int      // to which images are resized; 0: all must be of one size
	Channels       int      // 1: grey, 3: colours; 0: grey if all files are
	SkipUnreadable bool     // leave out files whose header is not an image's, instead of an error
	Classes        []string // folders in the order of their labels; nil: all, in alphabetical order

	keepBad bool // files without a sound header, and those of another size than the first, are examples that cannot be read
}

// Folder is a set of images in files, which are read when they are wanted.
type Folder struct {
	config  FolderConfig
	classes []string
	files   []string
	of      []int // labels

	leftOut map[string]error // the files without a sound header, of SkipUnreadable
	wrong   map[string]error // what is read of files, of keepBad

	resizer *resizer
}

// OpenFolder opens a directory that has a folder of PNG and JPEG files for each
// class; folders within those belong to them. Names that begin with a dot and
// other kinds of files are passed over, and links to folders followed. A folder
// without images is an error, but for an empty one where c.Classes says what the classes are. Examples are [channels height width], in
// the order of the classes and then of the names. What is transparent is black.
//
// It reads the header of every file. With SkipUnreadable, files without a
// sound header are left out; the function [Skipped] tells them. One whose pixels turn out to be
// unreadable is an error when it is read: the function [SkipUnreadable] puts another
// in its place. Images of
// different sizes are an error unless they are to be resized, which is done
// bilinearly, with all pixels that an output covers.
func OpenFolder(dir string, c FolderConfig) (*Folder, error) {
	if c.Channels != 0 && c.Channels != 1 && c.Channels != 3 {
		return nil, fmt.Errorf("%d channels: want 1 or 3", c.Channels)
	}
	if c.Width < 0 || c.Height < 0 || (c.Width == 0) != (c.Height == 0) || c.Height > 0 && c.Width > maxPicture/c.Height {
		return nil, fmt.Errorf("images of %d×%d pixels: want at least 1×1 and at most %d pixels", c.Width, c.Height, maxPicture)
	}
	f := &Folder{config: c, classes: c.Classes, leftOut: map[string]error{}, wrong: map[string]error{}}
	if err := f.find(dir); err != nil {
		return nil, err
	}
	if err := f.check(dir); err != nil {
		return nil, err
	}
	f.resizer = &resizer{channels: f.config.Channels, height: f.config.Height, width: f.config.Width}
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
		if len(files) == 0 && (f.config.Classes == nil || !isEmpty(filepath.Join(dir, name))) {
			return fmt.Errorf("%s: no images, want files that end in %s: each folder is a class", filepath.Join(dir, name), strings.Join(endings, ", "))
		}
		for _, file := range files {
			f.files = append(f.files, file)
			f.of = append(f.of, label)
		}
	}
	if len(f.files) == 0 {
		return fmt.Errorf("%s: no images, want files that end in %s in the folders of classes", dir, strings.Join(endings, ", "))
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
		var bad *UnreadableError
		switch {
		case f.config.SkipUnreadable && errors.As(err, &bad):
			f.leftOut[path] = bad
			continue
		case err != nil:
			err = fmt.Errorf("%w, want a PNG or JPEG picture", err)
		default:
			err = f.checkSize(path, header, &first)
			allGrey = allGrey && hasGreys(header)
		}
		if err != nil && !f.config.keepBad {
			return err
		}
		if err != nil {
			f.wrong[path] = err
		}
		files, of = append(files, path), append(of, f.of[i])
	}
	if label := lost(f.of, of); label >= 0 {
		return fmt.Errorf("%s: no image can be read, want PNG or JPEG files", filepath.Join(dir, f.classes[label]))
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

// lost returns a label of before that is not left, or -1.
func lost(before, left []int) int {
	there := map[int]bool{}
	for _, label := range left {
		there[label] = true
	}
	for _, label := range before {
		if !there[label] {
			return label
		}
	}
	return -1
}

// checkSize takes the size of the first image for that of all, unless they are
// to be resized.
func (f *Folder) checkSize(path string, header image.Config, first *string) error {
	c := &f.config
	switch {
	case c.Width == 0:
		c.Width, c.Height, *first = header.Width, header.Height, path
	case *first != "" && (header.Width != c.Width || header.Height != c.Height):
		return fmt.Errorf("%s: %d×%d pixels, want %d×%d as %s has, or DIR:size=32x32, to which all are resized",
			path, header.Width, header.Height, c.Width, c.Height, *first)
	}
	return nil
}

func readHeader(path string) (image.Config, error) {
	f, err := os.Open(path)
	if err != nil {
		return image.Config{}, unreadable(path, err)
	}
	defer f.Close()
	header, _, err := image.DecodeConfig(f)
	if err == nil {
		err = checkPicture(header)
	}
	if err != nil {
		return image.Config{}, unreadable(path, err)
	}
	return header, nil
}

func hasGreys(header image.Config) bool {
	return header.ColorModel == color.GrayModel || header.ColorModel == color.Gray16Model
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

func (f *Folder) skipped(leftOut, _ map[string]error) {
	maps.Copy(leftOut, f.leftOut)
}

// Read reads an image. Where its file is none the error is an [UnreadableError].
func (f *Folder) Read(i int, x []float32) (label int, err error) {
	if err := f.wrong[f.files[i]]; err != nil {
		return 0, err
	}
	file, err := os.Open(f.files[i])
	if err != nil {
		return 0, unreadable(f.files[i], err)
	}
	defer file.Close()
	picture, err := decodePicture(file)
	if err != nil {
		return 0, unreadable(f.files[i], err)
	}
	f.resizer.convert(picture, x)
	return f.of[i], nil
}

// folders returns the names of a directory's visible folders.
func folders(dir string) (names []string) {
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		if folder.Is(dir, e) && !isHidden(e.Name()) {
			names = append(names, e.Name())
		}
	}
	return names
}

// isEmpty reports whether a directory has nothing but hidden files.
func isEmpty(dir string) bool {
	entries, err := os.ReadDir(dir)
	isVisible := func(e fs.DirEntry) bool { return !isHidden(e.Name()) }
	return err == nil && !slices.ContainsFunc(entries, isVisible)
}

// pictures returns the paths of all PNG and JPEG files below a folder.
func pictures(dir string) (paths []string, err error) {
	err = folder.Each(dir, isHidden, func(path string) error {
		if isPicture(path) {
			paths = append(paths, path)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return paths, nil
}

func isHidden(name string) bool { return strings.HasPrefix(name, ".") }

// endings are those of the files that are read as images, in any case.
var endings = []string{".png", ".jpg", ".jpeg"}

func isPicture(name string) bool {
	return slices.Contains(endings, strings.ToLower(filepath.Ext(name)))
}
