package main

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/BurntSushi/toml"
	"github.com/alecthomas/kong"
)

// environment is how variables begin that stand for flags of train.
const environment = "ODYSSEY_TRAIN_"

// onlyFlags are flags of train that no file and no variable stands for.
var onlyFlags = []string{"help", "config", "print-config", "resume", "log"}

// runFlags are flags of train that do not decide what a run gives, and so go with --resume.
var runFlags = []string{"print-config", "resume", "save-every", "keep-every", "keep-last", "profile", "live",
	"log", "log-every", "tensorboard", "samples", "webhook", "time-budget"}

// setting is a flag's value from elsewhere.
type setting struct {
	text  string // as the flag takes it
	where string // that it is from, for errors
}

// settings are those of a file or the environment, by the names of flags.
type settings map[string]setting

// BeforeResolve looks for settings in the file and the environment.
func (c *trainCommand) BeforeResolve(ctx *kong.Context) error {
	given := givenFlags(ctx)
	if slices.Contains(given, "resume") {
		return c.resolveResumed(ctx, given)
	}
	if slices.Contains(given, "epochs") && slices.Contains(given, "steps") {
		return errors.New("--epochs and --steps can't be used together")
	}
	return resolve(ctx, given)
}

// resolveResumed lets only what decides nothing be set beside --resume. Variables that would decide
// something stand for what a new run would do.
func (c *trainCommand) resolveResumed(ctx *kong.Context, given []string) error {
	for _, name := range given {
		if name == "data" { // where it lies now
			c.moved = flagValue(ctx, name)
			continue
		}
		if !slices.Contains(runFlags, name) && name != "out" { // which kong tells of
			return fmt.Errorf("--resume goes on with the run's own settings: --%s can't be used with it", name)
		}
	}
	found, err := readEnvironment(os.Environ(), trainFlags(ctx.Model))
	if err != nil {
		return err
	}
	maps.DeleteFunc(found, func(name string, _ setting) bool { return !slices.Contains(runFlags, name) })
	ctx.AddResolver(found)
	return nil
}

// resolve lets the flags of a command that were not given be those of --config, or else of the environment, but for
// those that are the command's own.
func resolve(ctx *kong.Context, given []string, own ...string) error {
	flags := trainFlags(ctx.Model)
	found, err := readEnvironment(os.Environ(), flags)
	if err != nil {
		return err
	}
	if slices.Contains(given, "config") {
		file, err := readConfig(flagValue(ctx, "config"), flags)
		if err != nil {
			return err
		}
		found.override(slices.Collect(maps.Keys(file)))
		maps.Copy(found, file)
	}
	found.override(given)
	maps.DeleteFunc(found, func(name string, v setting) bool { return slices.Contains(own, name) || isFalse(flags[name], v.text) })
	ctx.AddResolver(found)
	return nil
}

// isFalse reports whether a setting is what is so without it: kong would take it for one that excludes others.
func isFalse(flag *kong.Flag, text string) bool {
	v, err := strconv.ParseBool(text)
	return kindOf(flag) == reflect.Bool && err == nil && !v
}

// override removes what stands for the same as settings that go first.
func (s settings) override(names []string) {
	for _, pair := range [][2]string{{"epochs", "steps"}, {"steps", "epochs"}} {
		if slices.Contains(names, pair[0]) {
			delete(s, pair[1])
		}
	}
}

// Validate has nothing to do: settings are checked when they are read.
func (s settings) Validate(*kong.Application) error { return nil }

// Resolve returns the value of a flag, nil for none.
func (s settings) Resolve(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	if found, ok := s[flag.Name]; ok {
		return found.text, nil
	}
	return nil, nil
}

// givenFlags returns the names of the flags on the command line.
func givenFlags(ctx *kong.Context) (names []string) {
	for _, p := range ctx.Path {
		if p.Flag != nil && !p.Resolved {
			names = append(names, p.Flag.Name)
		}
	}
	return names
}

// flagValue returns the text of a flag on the command line.
func flagValue(ctx *kong.Context, name string) string {
	for _, p := range ctx.Path {
		if p.Flag != nil && p.Flag.Name == name {
			return fmt.Sprint(reflect.Indirect(reflect.ValueOf(ctx.FlagValue(p.Flag))))
		}
	}
	return ""
}

// trainFlags returns the flags of train that can be set elsewhere, by their names.
func trainFlags(app *kong.Application) map[string]*kong.Flag {
	flags := map[string]*kong.Flag{}
	for _, command := range app.Children {
		if command.Name != "train" {
			continue
		}
		for _, f := range command.Flags {
			if !slices.Contains(onlyFlags, f.Name) {
				flags[f.Name] = f
			}
		}
	}
	return flags
}

// readEnvironment returns the settings of variables.
func readEnvironment(variables []string, flags map[string]*kong.Flag) (settings, error) {
	found := settings{}
	for _, v := range variables {
		variable, text, _ := strings.Cut(v, "=")
		key, ok := strings.CutPrefix(variable, environment)
		if !ok || text == "" {
			continue
		}
		name := flagName(strings.ToLower(key))
		if err := found.add(name, setting{text, variable}, flags, variableName); err != nil {
			return nil, err
		}
		if err := checkText(flags[name], text); err != nil {
			return nil, fmt.Errorf("%s=%s: %w", variable, text, err)
		}
	}
	return found, found.checkLength()
}

func variableName(flag string) string {
	return environment + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// readConfig returns the settings of a TOML file.
func readConfig(path string, flags map[string]*kong.Flag) (settings, error) {
	values, lines, err := readTOML(path)
	if err != nil {
		return nil, err
	}
	return configSettings(values, lines, flags)
}

// configSettings returns settings of decoded TOML.
func configSettings(values map[string]any, lines lines, flags map[string]*kong.Flag) (settings, error) {
	found := settings{}
	for _, key := range slices.SortedFunc(maps.Keys(values), lines.compare) {
		where := lines.of(key)
		name := flagName(key)
		if err := found.add(name, setting{where: where}, flags, func(flag string) string { return flag }); err != nil {
			return nil, err
		}
		text, err := flagText(flags[name], values[key])
		if err == nil {
			err = checkText(flags[name], text)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %s: %w", where, key, err)
		}
		found[name] = setting{text, where}
	}
	return found, found.checkLength()
}

// add puts a setting under a name that there must be, once; display says how the names are written where it
// is from.
func (s settings) add(name string, v setting, flags map[string]*kong.Flag, display func(flag string) string) error {
	where := v.where
	if where != display(name) {
		where += ": " + display(name)
	}
	if flags[name] == nil && slices.Contains(onlyFlags, name) {
		return fmt.Errorf("%s: can only be a flag", where)
	}
	if flags[name] == nil {
		known := slices.Sorted(maps.Keys(flags))
		for i := range known {
			known[i] = display(known[i])
		}
		return fmt.Errorf("%s: there is no such setting, %s", where, didYouMean(display(name), known))
	}
	if _, twice := s[name]; twice {
		return fmt.Errorf("%s: is there twice", where)
	}
	s[name] = v
	return nil
}

// checkLength returns an error if both ways to say how long a run is are there.
func (s settings) checkLength() error {
	if s["epochs"].text != "" && s["steps"].text != "" {
		return fmt.Errorf("%s: epochs and steps: want only one of them", s["steps"].where)
	}
	return nil
}

// flagText returns a value of TOML as a flag takes it.
func flagText(flag *kong.Flag, value any) (string, error) {
	kind := kindOf(flag)
	switch v := value.(type) {
	case string:
		if kind == reflect.String || isDuration(flag) || kind == reflect.Uint64 {
			return v, nil
		}
	case bool:
		if kind == reflect.Bool {
			return strconv.FormatBool(v), nil
		}
	case int64:
		if kind != reflect.String && kind != reflect.Bool && !isDuration(flag) {
			return strconv.FormatInt(v, 10), nil
		}
	case float64:
		if kind == reflect.Float64 {
			return strconv.FormatFloat(v, 'g', -1, 64), nil
		}
	}
	if s, ok := value.(string); ok {
		return "", fmt.Errorf("%q: want %s", s, wanted(flag))
	}
	return "", fmt.Errorf("%.40s: want %s", fmt.Sprint(value), wanted(flag))
}

// checkText returns an error unless a flag takes a text.
func checkText(flag *kong.Flag, text string) error {
	if flag.Enum != "" && !flag.EnumMap()[text] {
		return fmt.Errorf("%q: want one of %s", text, strings.Join(flag.EnumSlice(), ", "))
	}
	if _, err := parsed(flag, text); err != nil {
		return fmt.Errorf("%q: want %s", text, wanted(flag))
	}
	return nil
}

// parsed returns what a text means for a flag.
func parsed(flag *kong.Flag, text string) (reflect.Value, error) {
	v := reflect.New(flag.Target.Type()).Elem()
	set := flag.Set
	err := flag.Parse(kong.ScanAsType(kong.FlagValueToken, text), v)
	flag.Set = set
	return v, err
}

func kindOf(flag *kong.Flag) reflect.Kind {
	t := flag.Target.Type()
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.Kind()
}

func isDuration(flag *kong.Flag) bool { return flag.Target.Type() == reflect.TypeFor[time.Duration]() }

// wanted says what values a flag takes.
func wanted(flag *kong.Flag) string {
	if isDuration(flag) {
		return `a time such as "30s"`
	}
	switch kindOf(flag) {
	case reflect.Bool:
		return "true or false"
	case reflect.Int:
		return "a whole number"
	case reflect.Uint64:
		return "a whole number of at least 0"
	case reflect.Float64:
		return "a number"
	}
	return "a text"
}

// lines tell in which line of a TOML file a key is.
type lines struct {
	path   string
	number map[string]int
}

var keyPattern = regexp.MustCompile(`^\s*"?([A-Za-z0-9_-]+)"?\s*=`)

// readTOML decodes a file.
func readTOML(path string) (map[string]any, lines, error) {
	l := lines{path, map[string]int{}}
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, l, err
	}
	values := map[string]any{}
	if _, err := toml.Decode(string(content), &values); err != nil {
		return nil, l, fmt.Errorf("%s: %w", path, err)
	}
	number := 0
	for line := range strings.Lines(string(content)) {
		number++
		if m := keyPattern.FindStringSubmatch(line); m != nil && l.number[m[1]] == 0 {
			l.number[m[1]] = number
		}
	}
	return values, l, nil
}

// of returns the place of a key.
func (l lines) of(key string) string {
	if n := l.number[key]; n > 0 {
		return fmt.Sprintf("%s:%d", l.path, n)
	}
	return l.path
}

// compare sorts keys by their lines.
func (l lines) compare(a, b string) int {
	if l.number[a] != l.number[b] {
		return l.number[a] - l.number[b]
	}
	return strings.Compare(a, b)
}
