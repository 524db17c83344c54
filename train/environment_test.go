package train

import (
	"runtime/debug"
	"testing"
)

// A program that was built without its commit says so, unless its version tells.
func TestCommitOfTheBuild(t *testing.T) {
	for _, c := range []struct {
		version  string
		settings []debug.BuildSetting
		want     string
	}{
		{"(devel)", nil, NoCommit},
		{"", nil, NoCommit},
		{"v0.1.0", nil, ""},
		{"(devel)", []debug.BuildSetting{{Key: "vcs.revision", Value: "abc"}}, "abc"},
	} {
		var e Environment
		info := &debug.BuildInfo{Settings: c.settings}
		info.Main = debug.Module{Path: modulePath, Version: c.version}
		if e.readBuild(info); e.Commit != c.want {
			t.Errorf("version %q: commit %q, want %q", c.version, e.Commit, c.want)
		}
	}
}
