package data

import (
	"path/filepath"
	"slices"
	"strings"
)

const (
	digits = "0123456789"
	upper  = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	lower  = "abcdefghijklmnopqrstuvwxyz"
	// merged is the classes of EMNIST where letters whose cases look alike are one.
	merged = digits + upper + "abdefghnqrt"
)

// emnistClasses are those of EMNIST's six splits, of which Letters alone is
// labelled from 1. https://arxiv.org/abs/1702.05373
var emnistClasses = map[string]string{
	"balanced": merged,
	"bymerge":  merged,
	"byclass":  digits + upper + lower,
	"letters":  upper,
	"digits":   digits,
	"mnist":    digits,
}

// Sets whose files have MNIST's own names are told apart by their directory's.
var mnistLike = map[string][]string{
	"fashionmnist": {"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"},
	"kmnist":       {"o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"},
}

// KnownClasses returns the names of the classes of fashion-mnist and kmnist, whose files
// do not tell; nil for other names.
func KnownClasses(set string) []string {
	return slices.Clone(mnistLike[strings.NewReplacer("-", "", "_", "").Replace(strings.ToLower(set))])
}

// knownClasses returns the classes of a set that is known by the prefix of its
// files or the name of their directory, or nil.
func knownClasses(dir, prefix string) *mapping {
	prefix = strings.ToLower(strings.TrimSuffix(prefix, "-"))
	if split, ok := strings.CutPrefix(prefix, "emnist-"); ok {
		classes, ok := emnistClasses[split]
		if !ok {
			return nil
		}
		first := 0
		if split == "letters" {
			first = 1
		}
		return newMapping(strings.Split(classes, ""), first)
	}
	if absolute, err := filepath.Abs(dir); err == nil {
		dir = absolute
	}
	for _, name := range []string{prefix, filepath.Base(dir)} {
		if classes := KnownClasses(name); classes != nil {
			return newMapping(classes, 0)
		}
	}
	return nil
}

var cifar10Classes = []string{"airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"}

var cifar100Coarse = []string{
	"aquatic_mammals", "fish", "flowers", "food_containers", "fruit_and_vegetables", "household_electrical_devices",
	"household_furniture", "insects", "large_carnivores", "large_man-made_outdoor_things",
	"large_natural_outdoor_scenes", "large_omnivores_and_herbivores", "medium_mammals", "non-insect_invertebrates",
	"people", "reptiles", "small_mammals", "trees", "vehicles_1", "vehicles_2",
}

var cifar100Fine = []string{
	"apple", "aquarium_fish", "baby", "bear", "beaver", "bed", "bee", "beetle", "bicycle", "bottle",
	"bowl", "boy", "bridge", "bus", "butterfly", "camel", "can", "castle", "caterpillar", "cattle",
	"chair", "chimpanzee", "clock", "cloud", "cockroach", "couch", "crab", "crocodile", "cup", "dinosaur",
	"dolphin", "elephant", "flatfish", "forest", "fox", "girl", "hamster", "house", "kangaroo", "keyboard",
	"lamp", "lawn_mower", "leopard", "lion", "lizard", "lobster", "man", "maple_tree", "motorcycle", "mountain",
	"mouse", "mushroom", "oak_tree", "orange", "orchid", "otter", "palm_tree", "pear", "pickup_truck", "pine_tree",
	"plain", "plate", "poppy", "porcupine", "possum", "rabbit", "raccoon", "ray", "road", "rocket",
	"rose", "sea", "seal", "shark", "shrew", "skunk", "skyscraper", "snail", "snake", "spider",
	"squirrel", "streetcar", "sunflower", "sweet_pepper", "table", "tank", "telephone", "television", "tiger", "tractor",
	"train", "trout", "tulip", "turtle", "wardrobe", "whale", "willow_tree", "wolf", "woman", "worm",
}
