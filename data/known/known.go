// Package known has the data sets that are known by name: what is in them, whose
// they are, and where they are to be had. Get downloads one.
package known

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mlodyssey/odyssey/data"
)

// Set is a data set that can be downloaded.
type Set struct {
	Name     string   `json:"name"`
	Train    int      `json:"train,omitempty"` // examples; 0 for several sets in one
	Test     int      `json:"test,omitempty"`
	Shape    []int    `json:"shape"` // of an example
	Classes  int      `json:"classes,omitempty"`
	About    string   `json:"about"`
	Licence  string   `json:"licence"`
	Source   string   `json:"source"`    // a page about it
	Official []string `json:"addresses"` // to which the files' names are appended
	Files    []File   `json:"files"`
}

// File is what is downloaded of a set.
type File struct {
	Name  string   `json:"name"`
	MD5   string   `json:"md5"`             // as published by the set's authors or, for those who publish none, by torchvision
	Bytes int64    `json:"bytes"`           // about so many
	Holds []string `json:"holds,omitempty"` // the files of an archive that are kept, by their last name; none: this is no archive
}

// Bytes returns about how much there is to download.
func (s Set) Bytes() (n int64) {
	for _, f := range s.Files {
		n += f.Bytes
	}
	return n
}

const (
	nist    = "none stated (NIST)"
	toronto = "none stated, cite"
)

// mnistFiles are the four files of MNIST and of sets like it.
func mnistFiles(trainImages, trainLabels, testImages, testLabels string, bytes ...int64) []File {
	return []File{
		{Name: "train-images-idx3-ubyte.gz", MD5: trainImages, Bytes: bytes[0]},
		{Name: "train-labels-idx1-ubyte.gz", MD5: trainLabels, Bytes: bytes[1]},
		{Name: "t10k-images-idx3-ubyte.gz", MD5: testImages, Bytes: bytes[2]},
		{Name: "t10k-labels-idx1-ubyte.gz", MD5: testLabels, Bytes: bytes[3]},
	}
}

// emnist is one of EMNIST's splits, or all of them. They come in one archive.
func emnist(name string, train, test, classes int, about string, splits ...string) Set {
	var holds []string
	for _, split := range splits {
		for _, part := range []string{"train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz", "test-images-idx3-ubyte.gz", "test-labels-idx1-ubyte.gz", "mapping.txt"} {
			holds = append(holds, "emnist-"+split+"-"+part)
		}
	}
	return Set{
		Name: name, Train: train, Test: test, Shape: []int{1, 28, 28}, Classes: classes, About: about, Licence: nist,
		Source:   "https://www.nist.gov/itl/products-and-services/emnist-dataset",
		Official: []string{"https://biometrics.nist.gov/cs_links/EMNIST/", "https://www.itl.nist.gov/iaui/vip/cs_links/EMNIST/"},
		Files:    []File{{Name: "gzip.zip", MD5: "58c8d27c78d21e728a6bc7b3cc06412e", Bytes: 561_753_746, Holds: holds}},
	}
}

// Sets returns all sets, in the order of their names.
func Sets() []Set {
	grey := []int{1, 28, 28}
	return []Set{
		{
			Name: "cifar-10", Train: 50000, Test: 10000, Shape: []int{3, 32, 32}, Classes: 10,
			About: "photographs of animals and vehicles", Licence: toronto, Source: "https://www.cs.toronto.edu/~kriz/cifar.html",
			Official: []string{"https://www.cs.toronto.edu/~kriz/"},
			Files: []File{{Name: "cifar-10-binary.tar.gz", MD5: "c32a1d4ab5d03f1284b67883e8d87530", Bytes: 170_052_171, Holds: []string{
				"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin", "test_batch.bin", "batches.meta.txt"}}},
		},
		{
			Name: "cifar-100", Train: 50000, Test: 10000, Shape: []int{3, 32, 32}, Classes: 100,
			About: "photographs of things, in 20 groups", Licence: toronto, Source: "https://www.cs.toronto.edu/~kriz/cifar.html",
			Official: []string{"https://www.cs.toronto.edu/~kriz/"},
			Files: []File{{Name: "cifar-100-binary.tar.gz", MD5: "03b5dce01913d631647c71ecec9e9cb8", Bytes: 168_513_733, Holds: []string{
				"train.bin", "test.bin", "coarse_label_names.txt", "fine_label_names.txt"}}},
		},
		emnist("emnist", 0, 0, 0, "all six; open one as DIR/emnist-balanced, …", "balanced", "byclass", "bymerge", "letters", "digits", "mnist"),
		emnist("emnist-balanced", 112800, 18800, 47, "handwritten characters, equally many of each", "balanced"),
		emnist("emnist-byclass", 697932, 116323, 62, "handwritten characters, as often as they were written", "byclass"),
		emnist("emnist-bymerge", 697932, 116323, 47, "the same; letters whose cases look alike are one", "bymerge"),
		emnist("emnist-digits", 240000, 40000, 10, "handwritten digits", "digits"),
		emnist("emnist-letters", 124800, 20800, 26, "handwritten letters of either case", "letters"),
		emnist("emnist-mnist", 60000, 10000, 10, "handwritten digits, as many as MNIST has", "mnist"),
		{
			Name: "fashion-mnist", Train: 60000, Test: 10000, Shape: grey, Classes: 10,
			About: "pieces of clothing", Licence: "MIT", Source: "https://github.com/zalandoresearch/fashion-mnist",
			Official: []string{"http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"},
			Files: mnistFiles("8d4fb7e6c68d591d4c3dfef9ec88bf0d", "25c81989df183df01b3e8a0aad5dffbe", "bef4ecab320f06d8554ea6380940ec79", "bb300cfdad3c16e7a12a480ee83cd310",
				26_421_880, 29_515, 4_422_102, 5_148),
		},
		{
			Name: "kmnist", Train: 60000, Test: 10000, Shape: grey, Classes: 10,
			About: "old Japanese handwriting", Licence: "CC BY-SA 4.0", Source: "https://github.com/rois-codh/kmnist",
			Official: []string{"http://codh.rois.ac.jp/kmnist/dataset/kmnist/"},
			Files: mnistFiles("bdb82020997e1d708af4cf47b453dcf7", "e144d726b3acfaa3e44228e80efcd344", "5c965bf0a639b31b8f53240b1b52f4d7", "7320c461ea6c1c855c0b718fb2a4b134",
				18_000_000, 30_000, 3_041_136, 5_120),
		},
		{
			Name: "mnist", Train: 60000, Test: 10000, Shape: grey, Classes: 10,
			About: "handwritten digits", Licence: "none stated", Source: "http://yann.lecun.com/exdb/mnist/",
			Official: []string{"http://yann.lecun.com/exdb/mnist/", "https://ossci-datasets.s3.amazonaws.com/mnist/"},
			Files: mnistFiles("f68b3c2dcbeaaa9fbdd348bbdeb94873", "d53e105ee54ea40749a09fcbcd1e9432", "9fb629c4189551a2d022fa330f9573f3", "ec29112dd5afa0611ce80d1b7f02629c",
				9_912_422, 28_881, 1_648_877, 4_542),
		},
		{
			Name: "qmnist", Train: 60000, Test: 60000, Shape: grey, Classes: 10,
			About: "MNIST made again, with all of its test digits", Licence: "BSD-style", Source: "https://github.com/facebookresearch/qmnist",
			Official: []string{"https://raw.githubusercontent.com/facebookresearch/qmnist/master/"},
			Files: []File{
				{Name: "qmnist-train-images-idx3-ubyte.gz", MD5: "ed72d4157d28c017586c42bc6afe6370", Bytes: 9_700_000},
				{Name: "qmnist-train-labels-idx2-int.gz", MD5: "0058f8dd561b90ffdd0f734c6a30e5e4", Bytes: 530_000},
				{Name: "qmnist-test-images-idx3-ubyte.gz", MD5: "1394631089c404de565df7b7aeaf9412", Bytes: 9_700_000},
				{Name: "qmnist-test-labels-idx2-int.gz", MD5: "5b5b05890a5e13444e108efe57b788aa", Bytes: 530_000},
			},
		},
	}
}

// Named returns a set by its name, or an error that lists all names.
func Named(name string) (Set, error) {
	var names []string
	for _, s := range Sets() {
		if s.Name == strings.ToLower(name) {
			return s, nil
		}
		names = append(names, s.Name)
	}
	return Set{}, fmt.Errorf("unknown data set %.40q: want one of %s", name, strings.Join(names, ", "))
}

// classNames returns the names that are written beside files which do not tell.
func (s Set) classNames() []string { return data.KnownClasses(s.Name) }

// names returns the names of the files to download.
func (s Set) names() (names []string) {
	for _, f := range s.Files {
		names = append(names, f.Name)
	}
	return slices.Clip(names)
}
