package data

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestReadCSV(t *testing.T) {
	for name, c := range map[string]struct {
		file    string
		config  CSVConfig
		classes []string
		labels  []int
		shape   []int
		values  []float32 // of the first example
	}{
		"words without a header":  {"5.1,3.5,setosa\n4,2,rose\n", CSVConfig{}, []string{"rose", "setosa"}, []int{1, 0}, []int{2}, []float32{5.1, 3.5}},
		"a header":                {"Label,a,b\n10,1,2\n9,3,4\n10,5,6\n", CSVConfig{}, []string{"9", "10"}, []int{1, 0, 1}, []int{2}, []float32{1, 2}},
		"a spreadsheet's mark":    {"\ufefflabel,a\n1,2\n", CSVConfig{}, []string{"1"}, []int{0}, []int{1}, []float32{2}},
		"column by name":          {"a,kind,b\n1,0,2\n3,1,4\n", CSVConfig{Label: "kind"}, []string{"0", "1"}, []int{0, 1}, []int{2}, []float32{1, 2}},
		"column by number":        {"1,0,2\n3,1,4\n", CSVConfig{Label: "1"}, []string{"0", "1"}, []int{0, 1}, []int{2}, []float32{1, 2}},
		"shape and scale":         {"7,0,51,102,255\n", CSVConfig{Label: "0", Shape: []int{1, 2, 2}, Scale: 255}, []string{"7"}, []int{0}, []int{1, 2, 2}, []float32{0, 0.2, 0.4, 1}},
		"quotes, spaces, Windows": {"\"a, b\", 1 ,-2e3\r\nc,3,4\r\n", CSVConfig{}, []string{"a, b", "c"}, []int{0, 1}, []int{2}, []float32{1, -2000}},
		"semicolons":              {"kind;a;b\n\"x;1\";2;3\nx,1;4;5\n", CSVConfig{Separator: ';'}, []string{"x,1", "x;1"}, []int{1, 0}, []int{2}, []float32{2, 3}},
		"tabs":                    {"1 \tb c\n2\ta\n", CSVConfig{Separator: '\t'}, []string{"a", "b c"}, []int{1, 0}, []int{1}, []float32{1}},
		"lines within quotes":     {"\"a \"\"b\"\",\nc\",\"1\"\nd,2\n", CSVConfig{}, []string{"a \"b\",\nc", "d"}, []int{0, 1}, []int{1}, []float32{1}},
		"names that count":        {"0,1,label\n5.1,3.5,setosa\n4,2,rose\n", CSVConfig{}, []string{"rose", "setosa"}, []int{1, 0}, []int{2}, []float32{5.1, 3.5}},
		"years and a chosen name": {"id,2019,2020.5,kind\n1,2,3,b\n1,2,3,a\n", CSVConfig{Label: "kind"}, []string{"a", "b"}, []int{1, 0}, []int{3}, []float32{1, 2, 3}},
		"years":                   {"id,2019,label\n7,2,1\n8,3,0\n", CSVConfig{}, []string{"0", "1"}, []int{1, 0}, []int{2}, []float32{7, 2}},
		"header=yes":              {"0,1,y\n1,0,n\n", CSVConfig{Header: "yes"}, []string{"n"}, []int{0}, []int{2}, []float32{1, 0}},
		"a class none":            {"1,2,none\n3,4,some\n", CSVConfig{}, []string{"none", "some"}, []int{0, 1}, []int{2}, []float32{1, 2}},
		"yes and no":              {"0,1,y\n1,0,n\n", CSVConfig{}, []string{"n", "y"}, []int{1, 0}, []int{2}, []float32{0, 1}},
		"header=no":               {"1,label\n2,b\n", CSVConfig{Header: "no"}, []string{"b", "label"}, []int{1, 0}, []int{1}, []float32{1}},
		"one number, many digits": {"1,0.0\n2,1\n3,0\n4,1.00\n", CSVConfig{Label: "1"}, []string{"0", "1"}, []int{0, 1, 0, 1}, []int{1}, []float32{1}},
		"words like numbers":      {"1,1e3\n2,1000\n3,x\n", CSVConfig{Label: "1"}, []string{"1000", "1e3", "x"}, []int{1, 0, 2}, []int{1}, []float32{1}},
		"no image":                {"7,0,51,102,255\n", CSVConfig{Label: "0", Shape: []int{2, 2}}, []string{"7"}, []int{0}, []int{2, 2}, []float32{0, 51, 102, 255}},
		"an image as it is":       {"7,0,51,102,-255\n", CSVConfig{Label: "0", Shape: []int{1, 2, 2}, Scale: 1}, []string{"7"}, []int{0}, []int{1, 2, 2}, []float32{0, 51, 102, -255}},
		"classes given":           {"1,b\n2,a\n", CSVConfig{Classes: []string{"b", "a", "z"}}, []string{"b", "a", "z"}, []int{0, 1}, []int{1}, []float32{1}},
	} {
		set, err := ReadCSV(strings.NewReader(c.file), c.config)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		labels, _ := Labels(set)
		x := make([]float32, len(c.values))
		if _, err := set.Read(0, x); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(set.Classes(), c.classes) || !slices.Equal(labels, c.labels) || !slices.Equal(set.Shape(), c.shape) || !slices.Equal(x, c.values) {
			t.Errorf("%s: classes %q, labels %v, shape %v, %v", name, set.Classes(), labels, set.Shape(), x)
		}
	}
}

func TestReadCSVRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		file   string
		config CSVConfig
		want   string
	}{
		"empty":           {"", CSVConfig{}, "empty, want a line for each example"},
		"one column":      {"1\n2\n", CSVConfig{}, `1 column with ',' between them, want a class and numbers, at most 1048576`},
		"which column":    {"1,2\n3,4\n", CSVConfig{}, "0 of 2 columns are no numbers: tell the column of the classes by its name, or its number from 0, as in DIR:label=NAME"},
		"no such column":  {"1,2\n3,4\n", CSVConfig{Label: "kind"}, `no column "kind" for the classes, want the name or the number, from 0, of one of 2`},
		"past the last":   {"1,2\n3,4\n", CSVConfig{Label: "2"}, `no column "2" for the classes, want the name or the number, from 0, of one of 2`},
		"not a number":    {"a,b,label\n1,2,x\n1,two,x\n", CSVConfig{}, `line 3, column "b": "two", want a finite number`},
		"NaN":             {"1,NaN,x\n", CSVConfig{}, `line 1, column 1: "NaN", want a finite number`},
		"too large":       {"1,2,x\n1,1e39,x\n", CSVConfig{}, `line 2, column 1: "1e39", want a finite number`},
		"too few columns": {"1,2,x\n1,x\n", CSVConfig{}, "record on line 2: wrong number of fields"},
		"open quote":      {"1,2,x\n1,2,\"x\n", CSVConfig{}, `extraneous or missing " in quoted-field`},
		"one number":      {"1,x\n", CSVConfig{Shape: []int{3}}, "1 column of numbers, want 3 for examples of shape [3]"},
		"shape":           {"1,2,x\n", CSVConfig{Shape: []int{3}}, "2 columns of numbers, want 3 for examples of shape [3]"},
		"a quote between": {"1\"x\n", CSVConfig{Separator: '"'}, `separator '"': want a character such as ; but no quote and no end of a line`},
		"a line between":  {"1\nx\n", CSVConfig{Separator: '\n'}, `separator '\n': want a character`},
		"no character":    {"1,x\n", CSVConfig{Separator: -1}, `separator '�': want a character`},
		"no such fields":  {"1,x\n", CSVConfig{Separator: ';'}, `1 column with ';' between them, want a class and numbers, at most 1048576: perhaps separator=comma`},
		"decimal comma":   {"1,5;x\n", CSVConfig{Separator: ';', Label: "1"}, `line 1, column 0: "1,5", want a finite number`},
		"bare quote":      {"1\"2,x\n", CSVConfig{}, `bare " in non-quoted-field`},
		"no class":        {"a,label\n1,x\n2, \n", CSVConfig{}, `line 3, column "label": empty, want a class`},
		"value missing":   {"5.1,NA,setosa\n4.9,3.0,setosa\n", CSVConfig{}, `line 1, column 1: "NA", want a finite number`},
		"value unknown":   {"5,?,setosa\n4,3,setosa\n", CSVConfig{}, `line 1, column 1: "?", want a finite number`},
		"header or not":   {"5.1,3.5x,setosa\n4.9,3.0,setosa\n", CSVConfig{}, `line 1 has "3.5x" over the number "3.0", and the number "5.1": tell whether it names the columns, header=yes or header=no`},
		"header alone":    {"a,label\n", CSVConfig{Header: "yes"}, "no line after the names of the columns"},
		"header maybe":    {"a,label\n", CSVConfig{Header: "maybe"}, "header=maybe: want yes or no"},
		"pixels of bytes": {"7,0,51,102,255\n", CSVConfig{Label: "0", Shape: []int{1, 2, 2}}, "values from 0 to 255 in images of shape [1 2 2], want them in [0, 1]: the setting scale=255 divides bytes"},
		"semicolons":      {"1;2;x\n", CSVConfig{}, "at most 1048576: perhaps separator=semicolon"},
		"another class":   {"1,2,x\n", CSVConfig{Classes: []string{"y"}}, `class "x" of example 0 is none of the 1 classes`},
	} {
		_, err := ReadCSV(strings.NewReader(c.file), c.config)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: error %v, want one line with %q", name, err, c.want)
		}
	}
}

func TestOpenDirOfCSV(t *testing.T) {
	dir := write(t, map[string][]byte{"train.csv": []byte("1,a\n2,b\n"), "test.csv": []byte("3,c\n"), "notes.txt": {1}})
	for split, want := range map[string][]int{"train": {0, 1}, "test": {2}} {
		set, err := OpenDir(dir, split)
		if err != nil {
			t.Fatal(err)
		}
		if labels, _ := Labels(set); !slices.Equal(labels, want) || !slices.Equal(set.Classes(), []string{"a", "b", "c"}) {
			t.Errorf("%s: labels %v, classes %v", split, labels, set.Classes())
		}
	}
	one := write(t, map[string][]byte{"all.csv": []byte(strings.Repeat("255,a,0\n0,b,0\n", 10))})
	for split, want := range map[string]int{"train": 16, "test": 4} {
		set, err := OpenDir(one+":label=1,shape=1x2,scale=255", split)
		if err != nil || set.Len() != want || !slices.Equal(set.Shape(), []int{1, 2}) {
			t.Errorf("%s: %v", split, err)
		}
	}
	for name, between := range map[string]string{"semicolon": ";", ";": ";", "tab": "\t", "space": " ", "|": "|", "·": "·"} {
		dir := write(t, map[string][]byte{"train.csv": []byte(strings.ReplaceAll("1,a\n2,\"b,\"\n", ",", between)), "test.csv": []byte(strings.ReplaceAll("3,c\n", ",", between))})
		set, err := OpenDir(dir+":separator="+name, "test")
		if want := strings.TrimSpace("b" + between); err != nil || !slices.Equal(set.Classes(), []string{"a", want, "c"}) {
			t.Errorf("separator %s: %v, want a class %q", name, err, want)
		}
	}
	for settings, want := range map[string]string{
		`:separator="`:     `separator '"': want a character`,
		":separator=tabs":  "separator=tabs: want one character, or comma, semicolon, tab or space",
		":label=7":         `all.csv: no column "7"`,
		":shape=axb":       "shape=axb: want sizes such as 28x28",
		":shape=1x1":       "2 columns of numbers, want 1",
		":scale=0":         "scale=0: want a positive number",
		":share=1":         "share=1: want the test split's, between 0 and 1",
		":seed=x":          "seed=x: want a whole number",
		":header=maybe":    "header=maybe: want yes or no",
		":header=":         "header=: want yes or no",
		":size=3":          `setting "size": those of a set of format CSV are label, shape, scale, separator, header, share, seed`,
		":label=1,label=1": "label is set twice",
	} {
		if settings != ":label=7" && settings != ":size=3" && settings != ":label=1,label=1" {
			settings += ",label=1"
		}
		if _, err := OpenDir(one+settings, "train"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", settings, err, want)
		}
	}
}

// The columns of test.csv are those of train.csv, wherever they stand.
func TestColumnsOfCSVAreMatchedByName(t *testing.T) {
	const train = "height,weight,label\n1,2,a\n"
	for name, c := range map[string]struct {
		train, test, settings string
		want                  []float32
	}{
		"another order":        {train, "weight,label,height\n4,b,3\n", "", []float32{3, 4}},
		"of the label":         {train, "label,height,weight\nb,3,4\n", "", []float32{3, 4}},
		"another label":        {train, "class,height,weight\nb,3,4\n", "", []float32{3, 4}},
		"label by name":        {"kind,a,b\n1,2,3\n", "b,a,kind\n4,3,0\n", ":label=kind", []float32{3, 4}},
		"label by number":      {"kind,a,b\n1,2,3\n", "b,a,kind\n4,3,0\n", ":label=0", []float32{3, 4}},
		"no header in test":    {train, "3,4,b\n", "", []float32{3, 4}},
		"no header in train":   {"1,2,a\n", "label,x,y\nb,3,4\n", "", []float32{3, 4}},
		"label in capitals":    {"a,b,species\n1,2,x\n", "a,b,Species\n3,4,y\n", "", []float32{3, 4}},
		"number, other name":   {"kind,a,b\n1,2,3\n", "b,Class,a\n4,0,3\n", ":label=0", []float32{3, 4}},
		"y is a number":        {"a,y,label\n1,2,x\n", "Label,y,a\nz,4,3\n", "", []float32{3, 4}},
		"the same names twice": {"a,a,label\n1,2,x\n", "a,a,label\n3,4,y\n", "", []float32{3, 4}},
	} {
		dir := write(t, map[string][]byte{"train.csv": []byte(c.train), "test.csv": []byte(c.test)})
		set, err := OpenDir(dir+c.settings, "test")
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		x := make([]float32, 2)
		if label, err := set.Read(0, x); err != nil || !slices.Equal(x, c.want) || len(set.Classes()) != 2 {
			t.Errorf("%s: %v of class %d of %q, %v, want %v", name, x, label, set.Classes(), err, c.want)
		}
	}
	for test, want := range map[string]string{
		"height,length,label\n1,2,a\n": `test.csv: no column "weight", want the same names, as in train.csv`,
		"weight,weight,label\n1,2,a\n": `test.csv: columns share the name "weight", want all names in the same order, as in train.csv`,
		"1,2,3,a\n":                    "test.csv: 3 columns of numbers, want 2, as in train.csv",
	} {
		dir := write(t, map[string][]byte{"train.csv": []byte(train), "test.csv": []byte(test)})
		for _, split := range []string{"train", "test"} {
			if _, err := OpenDir(dir, split); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%q: %v, want %q", test, err, want)
			}
		}
	}
}

// A name that is there twice tells no column.
func TestSharedNamesOfColumns(t *testing.T) {
	for _, test := range []string{"a,b,label\n3,4,y\n", "a,a.1,label\n3,4,y\n"} {
		dir := write(t, map[string][]byte{"train.csv": []byte("a,a,label\n1,2,x\n"), "test.csv": []byte(test)})
		want := filepath.Join(dir, "test.csv") + `: columns share the name "a", want all names in the same order, as in train.csv`
		if _, err := OpenDir(dir, "test"); err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", test, err, want)
		}
	}
}

// Numbers that a float64 cannot tell apart are several classes.
func TestLargeClassesOfCSV(t *testing.T) {
	file := "1,9007199254740993\n2,9007199254740992\n3,5.0\n4,5\n"
	set, err := ReadCSV(strings.NewReader(file), CSVConfig{Label: "1"})
	if err != nil {
		t.Fatal(err)
	}
	labels, _ := Labels(set)
	if want := []string{"5", "9007199254740992", "9007199254740993"}; !slices.Equal(set.Classes(), want) || !slices.Equal(labels, []int{2, 1, 0, 0}) {
		t.Errorf("classes %q, labels %v", set.Classes(), labels)
	}
	given := CSVConfig{Label: "1", Classes: []string{"5", "9007199254740993"}}
	if _, err := ReadCSV(strings.NewReader(file), given); err == nil || !strings.Contains(err.Error(), `class "9007199254740992" of example 1 is none`) {
		t.Errorf("a class that is not given: %v", err)
	}
}

func TestClassesOfCSVAreTheNumbersOfBothFiles(t *testing.T) {
	dir := write(t, map[string][]byte{"train.csv": []byte("a,label\n5,0\n6,1\n"), "test.csv": []byte("a,label\n7,1.0\n8,0.0\n")})
	for split, want := range map[string][]int{"train": {0, 1}, "test": {1, 0}} {
		set, err := OpenDir(dir, split)
		if err != nil {
			t.Fatal(err)
		}
		if labels, _ := Labels(set); !slices.Equal(labels, want) || !slices.Equal(set.Classes(), []string{"0", "1"}) {
			t.Errorf("%s: labels %v, classes %q", split, labels, set.Classes())
		}
	}
}

// Competitions have a test.csv without classes.
func TestCSVWithoutClassesToTest(t *testing.T) {
	for _, c := range []struct{ train, test, settings string }{
		{"label,p0,p1\n", "p0,p1\n1,2\n3,4\n", ""}, {"label,p0,p1\n", "1,2\n", ""}, {"label,p0,p1\n", "id,p0,p1\nx,1,2\n", ""},
		{"label,p0,p1\n", "p0,p1\n1,2\n3,4\n", ":label=0"}, {"label,p0,p1\n", "1,2\n", ":label=0"}, {"", "1,2\n3,4\n", ":label=0"},
		{"kind,y,x\n", "y,x\n1,2\n", ":label=kind"}, {"label,y,x\n", "y,x\n1,2\n", ""},
	} {
		dir := write(t, map[string][]byte{"train.csv": []byte(c.train + "0,1,2\n1,3,4\n"), "test.csv": []byte(c.test)})
		if set, err := OpenDir(dir+c.settings, "train"); err != nil || set.Len() != 2 {
			t.Errorf("%q%s: train: %v", c.test, c.settings, err)
		}
		_, err := OpenDir(dir+c.settings, "test")
		if err == nil || !strings.HasPrefix(err.Error(), filepath.Join(dir, "test.csv")+": ") || !strings.Contains(err.Error(), "train.csv in a directory of its own") {
			t.Errorf("%q%s: test: %v", c.test, c.settings, err)
		}
	}
}

func TestSettingsOfASplitTableDoNothing(t *testing.T) {
	dir := write(t, map[string][]byte{"train.csv": []byte("1,a\n2,b\n"), "test.csv": []byte("3,c\n")})
	for settings, want := range map[string]string{
		"share=0.5": `setting "share" does nothing here: train.csv is a split already`, "seed=1": `setting "seed" does nothing`,
		"share=abc": "share=abc: want a positive number", "seed=zzz": "seed=zzz: want a whole number",
	} {
		if _, err := OpenDir(dir+":"+settings, "train"); err == nil || !strings.HasPrefix(err.Error(), dir+": ") || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", settings, err, want)
		}
	}
}

func TestSettingsThatCannotBeRead(t *testing.T) {
	dir := t.TempDir()
	for _, tail := range []string{"Size=8x8", "size=8x8, channels=1", "size", ""} {
		want := `"` + tail + `" after the directory, want settings such as size=32x32,channels=1`
		if _, err := OpenDir(dir+":"+tail, "train"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", tail, err, want)
		}
	}
	if _, err := OpenDir(filepath.Join(dir, "nowhere:Size=8x8"), "train"); err == nil || !strings.HasPrefix(err.Error(), "data directory ") {
		t.Errorf("no directory: %v", err)
	}
}

func TestDirectory(t *testing.T) {
	odd := filepath.Join(t.TempDir(), "a:b=c")
	os.Mkdir(odd, 0o777)
	for name, want := range map[string]string{
		"x/photos:size=3x3,channels=1": "x/photos", "x:size=3/y": "x:size=3/y", "glyphs": "glyphs", `C:\x`: `C:\x`, odd: odd, odd + ":k=v": odd, "x:1=2": "x:1=2",
	} {
		if got := Directory(name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

func FuzzReadCSV(f *testing.F) {
	f.Add("a,b,label\n1,2,x\n", "", ',')
	f.Add("1;2\n3;4\n", "1", ';')
	f.Add("\"", "0", '"')
	f.Fuzz(func(t *testing.T, file, label string, separator rune) {
		set, err := ReadCSV(strings.NewReader(file), CSVConfig{Label: label, Separator: separator})
		if err != nil {
			return
		}
		x := make([]float32, set.Shape()[0])
		for i := range set.Len() {
			if label, err := set.Read(i, x); err != nil || label < 0 || label >= len(set.Classes()) {
				t.Errorf("example %d: label %d, %v", i, label, err)
			}
		}
	})
}
