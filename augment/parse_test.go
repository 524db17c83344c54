package augment

import (
	"reflect"
	"strings"
	"testing"

	"github.com/mlodyssey/odyssey/random"
)

// Text of what was parsed is the same policy.
func TestPoliciesAsText(t *testing.T) {
	texts := []string{
		"identity+mixup+cutmix:alpha=0.5,p=0.5", "mixup",
		"all:p=0.5(rotate+shear)+oneof:p=0.1(blur:sigma=0.5..2,size=5|someof:n=2(hflip|vflip:p=0.25|erode:amount=0.5,element=square))",
		"all:p=0.5(hflip:p=0.5)", "affine:degrees=-3..10,scale=2..3,interpolation=bicubic,fill=0.5", "erase:noise=true", "default+light",
		" rotate:degrees=3 + hflip ", "brightness:factor=0.3", "gamma:power=2..2", "hue:turn=0.1..0.1", "hflip+normalise:mean=-1e-7,std=1e6+mixup", "someof:n=1(normalise|hflip)", "someof:n=2(hflip|normalise)", "oneof(normalise|hflip)",
	}
	for _, n := range Policies() {
		texts = append(texts, n.Name)
	}
	for _, r := range Table() {
		texts = append(texts, r.Name, r.text(), colon(r.Name, r.Identity))
	}
	for _, text := range texts {
		p, err := Parse(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		again, err := Parse(p.String())
		if err != nil || !reflect.DeepEqual(again, p) {
			t.Errorf("%s became %s, and that %v, %v", text, p, again, err)
		}
	}
}

func TestSettingsMeanWhatTheySay(t *testing.T) {
	for text, want := range map[string]any{
		"rotate:degrees=10":           Rotate{Degrees: Range{-10, 10}},
		"rotate:degrees=5..10,fill=1": Rotate{Degrees: Range{5, 10}, Sampling: Sampling{Fill: 1}},
		"brightness:factor=0.25":      Brightness{Range{0.75, 1.25}},
		"brightness:factor=1":         Brightness{Range{0, 2}},
		"brightness:factor=2..2":      Brightness{Range{2, 2}},
		"noise:sigma=0.1":             GaussianNoise{Range{0.1, 0.1}},
		"crop:pad=2,border=reflect":   RandomCrop{Pad: 2, Outside: Outside{Border: Reflect}},
		"hflip:p=0.5":                 Sometimes{0.5, FlipHorizontal{}},
		"hflip+vflip":                 Compose{FlipHorizontal{}, FlipVertical{}},
		"oneof(hflip|vflip)":          OneOf{FlipHorizontal{}, FlipVertical{}},
	} {
		if got := parsed(t, text); !reflect.DeepEqual(got, want) {
			t.Errorf("%s is %#v, want %#v", text, got, want)
		}
	}
}

func TestMistakesInPolicies(t *testing.T) {
	for text, want := range map[string]string{
		"":                        "missing",
		"rotat":                   `no transform "rotat", want one of default`,
		"rotate:degres=10":        `rotate: no setting "degres", want one of p, degrees, interpolation, fill`,
		"rotate:degrees=ten":      "rotate: degrees=ten, want v for ±v or a..b, within -360..360",
		"rotate:degrees=NaN":      "within -360..360",
		"rotate:degrees=-5":       "within -360..360", // it would be the range from 5 to -5
		"rotate:degrees=9..5":     "within -360..360",
		"rotate:degrees":          `"degrees", want setting=value`,
		"rotate:fill=2":           "fill=2, want 0..1",
		"rotate:interpolation=x":  "interpolation=x, want bilinear, nearest, bicubic",
		"crop:pad=1.5":            "pad=1.5, want a whole number",
		"erase:noise=maybe":       "want true, false",
		"blur:size=4":             "size=4, want an odd number",
		"hflip:p=2":               "p=2, want 0..1",
		"hflip+":                  "missing",
		"hflip)":                  "left over",
		"oneof":                   "brackets",
		"oneof(hflip":             "close",
		"oneof(hflip|)":           "missing",
		"oneof:n=2(hflip)":        "no settings",
		"someof:n=x(hflip)":       "n=x, want a whole number",
		"default:degrees=3":       "no settings, want p alone",
		"scale:factor=1.2":        "scale: factor=1.2 would mean 1±1.2, want a number of at most 1, for 1±that, or a range: always 1.2 is factor=1.2..1.2",
		"gamma:power=2":           "power=2..2",
		"pad:left=1,left=2":       "pad: setting left is there twice",
		"hflip:p=0.1,p=0.2":       "hflip: setting p is there twice",
		"someof:n=1,n=1(hflip)":   "setting n is there twice",
		"someof:n=3(hflip|vflip)": "someof: n=3 of 2, want at most",
		"mixup+hflip":             "want what mixes a batch last",
		"oneof(mixup|cutmix)":     "last in the policy",

		"normalise+rotate":                                             "rotate after normalise, want normalise last",
		"normalise+normalise":                                          "normalise after normalise, want",
		"all:p=0.5(normalise|blur)":                                    "blur after normalise, want",
		"oneof(normalise+blur|hflip)":                                  "blur after normalise, want",
		"someof:n=2(normalise|blur)":                                   "blur after normalise, want",
		"oneof(all:p=0.1(normalise)|blur)+rotate":                      "rotate after oneof(normalise:p=0.1|blur), want",
		strings.Repeat("all(", 99) + "hflip" + strings.Repeat(")", 99): "at most 32",
	} {
		_, err := Parse(text)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%.40q: %v, want %q", text, err, want)
		}
	}
	if _, err := Named("rotate:degrees=3"); err == nil {
		t.Error("a policy's text is taken for a name")
	}
	if _, err := New("nothing", ""); err == nil {
		t.Error("New takes any name")
	}
}

func TestCheckFindsWhatIsOutOfRange(t *testing.T) {
	for _, bad := range []any{
		Rotate{Degrees: Range{5, -5}}, Affine{}, Compose{Identity{}, Sometimes{0.5, Gamma{}}}, Sometimes{2, Identity{}}, OneOf{Normalise{}},
		SomeOf{N: -1}, SomeOf{N: 2, List: []Transform{Identity{}}}, GaussianBlur{Size: 2}, Rotate{Sampling: Sampling{Interpolation: 9}}, SometimesBatch{0.5, Mixup{-1}}, Compose{nil},
	} {
		if err := Check(bad); err == nil {
			t.Errorf("%#v passes", bad)
		}
	}
	if err := Check(Compose{Rotate{}, own{}}); err != nil {
		t.Error(err)
	}
}

// own is a user's transform.
type own struct{}

func (own) Apply(dst, src *Image, w *Work) { dst.copyOf(src) }

func FuzzParse(f *testing.F) {
	for _, n := range Policies() {
		f.Add(n.Text)
	}
	f.Add("someof:n=2(rotate|shear|all:p=0.5(erode+noise))+mixup")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := Parse(text)
		if err != nil {
			return
		}
		again, err := Parse(p.String())
		if err != nil || again.String() != p.String() {
			t.Fatalf("%q became %q, and that %v, %v", text, p, again, err)
		}
		if err := Check(p.Each); err != nil {
			t.Fatal(err)
		}
		if len(text) > 60 || strings.Contains(text, "pad") || strings.Contains(text, "size") || strings.Contains(text, "crop") {
			return // what would take long
		}
		var dst Image
		new(Work).Apply(p.Each, &dst, scene(4, 5), random.New(1))
	})
}
