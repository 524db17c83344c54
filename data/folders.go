package data

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// isFolderSet reports whether a directory has folders with images, or nothing but folders with
// folders of images: a directory of many things may have pictures somewhere.
func isFolderSet(dir string) bool {
	return isFlatFolderSet(dir) || isDeepFolderSet(dir)
}

// isDeepFolderSet reports whether a directory has folders, each of them with folders with images.
func isDeepFolderSet(dir string) bool {
	names := folders(dir)
	deep := filter(names, func(name string) bool { return isFlatFolderSet(filepath.Join(dir, name)) })
	return len(names) > 0 && len(deep) == len(names)
}

// isFlatFolderSet reports whether a directory has folders with images.
func isFlatFolderSet(dir string) bool {
	return slices.ContainsFunc(folders(dir), func(name string) bool { return hasPictures(filepath.Join(dir, name)) })
}

func hasPictures(dir string) bool {
	entries, _ := os.ReadDir(dir)
	return slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return isPicture(e.Name()) })
}

// hasFolders reports whether a listing is one of image folders. Beside a text, folders within
// folders may hold anything.
func hasFolders(l listing) bool {
	return hasFlatFolders(l) || !hasText(l) && (isFolderSet(l.path("train")) || isFolderSet(l.dir))
}

func hasFlatFolders(l listing) bool {
	return isFlatFolderSet(l.path("train")) || isFlatFolderSet(l.dir)
}

// splitFolders are what the folders of splits are called, which are no classes if there are no others.
var splitFolders = []string{"train", "test", "val", "valid", "validation"}

func openFolders(l listing, split string, s settings) (Dataset, []string, error) {
	c, err := s.folder()
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", l.dir, err)
	}
	c.keepBad = l.toCheck
	set, dir := Dataset(nil), l.dir
	if isFolderSet(l.path("train")) {
		set, dir, err = openSplitFolder(l, split, s, c)
	} else {
		set, err = openWholeFolder(l.dir, split, s, c)
	}
	if err == nil && c.SkipUnreadable {
		set, err = SkipUnreadable(set)
	}
	return set, []string{dir}, err
}

// openWholeFolder opens a split of folders that are not split.
func openWholeFolder(dir, split string, s settings, c FolderConfig) (Dataset, error) {
	isSplit := func(name string) bool { return slices.Contains(splitFolders, name) }
	if names := folders(dir); len(filter(names, isSplit)) == len(names) {
		return nil, fmt.Errorf("%s: folders %q and no classes within train, want such as %s", dir, names, filepath.Join(dir, "train", "CLASS", "1.png"))
	}
	if err := checkDeepFolders(dir); err != nil {
		return nil, err
	}
	if err := checkTestFolder(dir); err != nil {
		return nil, err
	}
	set, err := OpenFolder(dir, c)
	if err != nil {
		return nil, err
	}
	return s.part(set, split)
}

// checkDeepFolders returns an error where folders within folders look like the classes of splits
// that are called otherwise: their folders would be learnt as classes without a word.
func checkDeepFolders(dir string) error {
	names := folders(dir)
	if isFlatFolderSet(dir) || !slices.ContainsFunc(names, soundsLikeSplit) && !haveSameFolders(dir, names) {
		return nil
	}
	return fmt.Errorf("%s: folders %q look like splits, want them to be called train and test; classes want their images right in their folders", dir, names)
}

// checkTestFolder returns an error where a folder beside those of classes is called test, or the like: what is to be tested with
// would be learnt as a class without a word. There are classes called train, and valid.
func checkTestFolder(dir string) error {
	for _, name := range folders(dir) {
		if slices.Contains([]string{"test", "testing", "val", "validation"}, strings.ToLower(name)) {
			return fmt.Errorf("%s: folder %q sounds like a split, want %s and %s, or another name if it is a class",
				dir, name, filepath.Join("train", "CLASS", "1.png"), filepath.Join("test", "CLASS", "1.png"))
		}
	}
	return nil
}

// soundsLikeSplit reports whether a folder may be a split's, such as Training or seg_test.
func soundsLikeSplit(name string) bool {
	name = strings.ToLower(name)
	return slices.ContainsFunc([]string{"train", "test", "val"}, func(part string) bool { return strings.Contains(name, part) })
}

// haveSameFolders reports whether folders have folders of the same names, as splits have those of
// classes. One alone, such as images, is none of several classes.
func haveSameFolders(dir string, names []string) bool {
	first := folders(filepath.Join(dir, names[0]))
	isOther := func(name string) bool { return !slices.Equal(folders(filepath.Join(dir, name)), first) }
	return len(names) > 1 && len(first) > 1 && !slices.ContainsFunc(names, isOther)
}

// openSplitFolder opens the folder of a split, with the classes of train and as many channels.
func openSplitFolder(l listing, split string, s settings, c FolderConfig) (set Dataset, dir string, err error) {
	if err := s.unused("train is split off already", "share", "seed"); err != nil {
		return nil, "", fmt.Errorf("%s: %w", l.dir, err)
	}
	train := l.path("train")
	if split == "train" {
		set, err = OpenFolder(train, c)
		return set, train, err
	}
	dir, c.Classes = l.splitFolder(split), folders(train)
	if !isFolderSet(dir) {
		return nil, "", fmt.Errorf("%s: no folders of images, want one for each of the %d classes%s", dir, len(c.Classes), l.insteadOfTest())
	}
	if c.Channels == 0 {
		if c.Channels, err = channelsOf(train); err != nil {
			return nil, "", err
		}
	}
	set, err = OpenFolder(dir, c)
	return set, dir, err
}

// splitFolder returns the folder of a split: val, valid or validation is that of the test split where there is no test.
func (l listing) splitFolder(split string) string {
	if split == "test" && !l.has("test") {
		for _, name := range splitFolders[2:] {
			if l.has(name) {
				return l.path(name)
			}
		}
	}
	return l.path(split)
}

// insteadOfTest tells of a folder that would be the test split if the folder test were not there.
func (l listing) insteadOfTest() string {
	for _, name := range splitFolders[2:] {
		if l.has("test") && l.has(name) {
			return fmt.Sprintf("; without the folder test, %s is the test split", name)
		}
	}
	return ""
}

// channelsOf returns 1 if all images below a folder are grey, or else 3. It passes over what is no
// image, which is for OpenFolder to tell.
func channelsOf(dir string) (int, error) {
	files, err := pictures(dir)
	if err != nil {
		return 0, err
	}
	for _, path := range files {
		if header, err := readHeader(path); err == nil && !hasGreys(header) {
			return 3, nil
		}
	}
	return 1, nil
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
