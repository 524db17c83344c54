package train

import (
	"runtime"
	"runtime/debug"

	"github.com/mlodyssey/odyssey/internal/kernel"
)

const modulePath = "github.com/mlodyssey/odyssey"

// NoCommit stands for the commit of a program that was built from files without it.
const NoCommit = "unknown: go run leaves it out, go build and go run -buildvcs=true do not"

// Environment is what a run was made with. None of it changes a result, unless
// there is a bug to be found by it.
type Environment struct {
	Version    string `json:"version"` // of this module
	Commit     string `json:"commit"`  // "" where Version tells it, or NoCommit
	Modified   bool   `json:"modified"`
	Go         string `json:"go"`
	Platform   string `json:"platform"`
	Kernels    string `json:"kernels"` // the processor path
	GOMAXPROCS int    `json:"gomaxprocs"`
}

// CurrentEnvironment returns that of this process.
func CurrentEnvironment() Environment {
	e := Environment{
		Version: "unknown", Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH,
		Kernels: kernel.Path(), GOMAXPROCS: runtime.GOMAXPROCS(0),
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		e.readBuild(info)
	}
	return e
}

func (e *Environment) readBuild(info *debug.BuildInfo) {
	if info.Main.Path != modulePath {
		// The commit is that of the program that uses this module.
		for _, d := range info.Deps {
			if d.Path == modulePath {
				e.Version = d.Version
			}
		}
		return
	}
	if info.Main.Version != "" {
		e.Version = info.Main.Version
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			e.Commit = s.Value
		case "vcs.modified":
			e.Modified = s.Value == "true"
		}
	}
	if e.Commit == "" && (info.Main.Version == "" || info.Main.Version == "(devel)") {
		e.Commit = NoCommit
	}
}
