package main

import (
	"context"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/mlodyssey/odyssey/data/known"
	"github.com/mlodyssey/odyssey/train"
)

// namedSet finds a set that is known by name. Tests put their own in its place.
var namedSet = known.Named

type listCommand struct {
	JSON bool `name:"json" help:"Print JSON."`
}

// Run lists the known sets.
func (c listCommand) Run(out *output) error {
	if c.JSON {
		return out.writeJSON(known.Sets())
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "name\ttrain + test\texample\tclasses\tdownload\tcontent\tlicence\tsource")
	fmt.Fprintf(table, "%s\t%d + %d\t1×28×28\t47\tnone\tcharacters that are drawn\tApache-2.0\tthis program\n", train.Glyphs, train.GlyphsTrain, train.GlyphsTest)
	for _, s := range known.Sets() {
		examples, classes := fmt.Sprintf("%d + %d", s.Train, s.Test), fmt.Sprint(s.Classes)
		if s.Train == 0 {
			examples, classes = "", ""
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", s.Name, examples, times(s.Shape), classes, megabytes(s.Bytes()), s.About, s.Licence, s.Source)
	}
	table.Flush()
	fmt.Fprintln(out, "\nEach file's MD5, as its authors or torchvision publish it, is checked before it is used: odyssey data list --json")
	return nil
}

// times writes a shape with signs of multiplication.
func times(shape []int) string {
	return strings.ReplaceAll(strings.Trim(fmt.Sprint(shape), "[]"), " ", "×")
}

func megabytes(n int64) string { return fmt.Sprintf("%.0f MB", max(1, float64(n)/1e6)) }

type getCommand struct {
	Name   string   `arg:"" help:"Name of the data set: see odyssey data list."`
	Dir    string   `help:"Directory for the files; data/NAME if not given."`
	Mirror []string `sep:"none" help:"Address to try first; the file's name is appended. May be given several times."`
}

// Help is the long help text.
func (getCommand) Help() string {
	return `A download that broke off is resumed when the command is run again. A file gets its final name once it is complete and its checksum is right.

    odyssey data get fashion-mnist --dir data/fashion-mnist
    odyssey train --data data/fashion-mnist`
}

// Run downloads a set.
func (c getCommand) Run(ctx context.Context, out *output) error {
	set, err := namedSet(c.Name)
	if err != nil {
		return err
	}
	for _, mirror := range c.Mirror {
		if u, err := url.Parse(mirror); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
			return fmt.Errorf("mirror %.80q: want an address such as https://example.org/files/", mirror)
		}
	}
	if c.Dir == "" {
		c.Dir = filepath.Join("data", set.Name)
	}
	bar := newDownloads(out)
	err = known.Get(ctx, set, c.Dir, known.Options{Mirrors: c.Mirror, Progress: bar.at})
	bar.close()
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%s is in %s\n\n    odyssey data show --data %s\n", set.Name, c.Dir, c.Dir)
	return nil
}

// downloads shows how far a file has come: a bar on a terminal, or else a line now
// and then.
type downloads struct {
	out   *output
	bars  *mpb.Progress // nil without a terminal
	bar   *mpb.Bar
	file  string
	spoke time.Time
}

func newDownloads(out *output) *downloads {
	d := &downloads{out: out, spoke: time.Now()}
	if out.isTerminal() {
		d.bars = mpb.New(mpb.WithOutput(out.Writer))
	}
	return d
}

func (d *downloads) at(file string, done, all int64) {
	if d.bars != nil {
		d.draw(file, done, all)
		return
	}
	if time.Since(d.spoke) >= silence {
		d.spoke = time.Now()
		fmt.Fprintf(d.out, "%s  %s", file, megabytes(done))
		if all > 0 {
			fmt.Fprintf(d.out, " of %s", megabytes(all))
		}
		fmt.Fprintln(d.out)
	}
}

func (d *downloads) draw(file string, done, all int64) {
	if file != d.file {
		d.finish()
		d.file = file
		d.bar = d.bars.AddBar(all, mpb.BarRemoveOnComplete(), mpb.BarWidth(32),
			mpb.PrependDecorators(decor.Name(file+"  "), decor.CountersKiloByte("% .1f / % .1f  ")),
			mpb.AppendDecorators(decor.AverageETA(decor.ET_STYLE_MMSS), decor.Name(" left")))
	}
	d.bar.SetTotal(max(all, done+1), false) // it is done when the file is checked
	d.bar.SetCurrent(done)
}

func (d *downloads) finish() {
	if d.bar != nil {
		d.bar.Abort(true)
	}
}

// close takes the bar away.
func (d *downloads) close() {
	d.finish()
	if d.bars != nil {
		d.bars.Wait()
	}
}
