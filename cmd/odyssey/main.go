// Command odyssey trains neural networks, evaluates and uses them, and checks
// the gradients that it trains them with. `odyssey --help` says how.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/mlodyssey/odyssey/data"
	"github.com/mlodyssey/odyssey/internal/kernel"
	"github.com/mlodyssey/odyssey/internal/printable"
	"github.com/mlodyssey/odyssey/train"
)

// The exit statuses besides 0.
const (
	statusError       = 1
	statusUsage       = 2
	statusInterrupted = 130 // 128 + SIGINT, as shells have it
)

func main() {
	signal.Ignore(syscall.SIGPIPE) // a closed pipe is a write error: see output
	ctx, stop := signal.NotifyContext(context.Background(), stopSignals()...)
	context.AfterFunc(ctx, func() {
		signal.Ignore(syscall.SIGHUP) // a closing terminal may send it twice
		stop()                        // a second Ctrl-C ends the program at once
	})
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// stopSignals returns the signals that stop the program: not those that it was
// started to ignore, as by nohup or by a script's &.
func stopSignals() []os.Signal {
	signals := []os.Signal{syscall.SIGTERM}
	for _, s := range []os.Signal{os.Interrupt, syscall.SIGHUP} {
		if !signal.Ignored(s) {
			signals = append(signals, s)
		}
	}
	return signals
}

// run is the program. An error is one line on stderr.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) (status int) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	out := &output{Writer: stdout, cancel: cancel}
	err := out.cause(execute(ctx, args, out))
	if err == nil {
		return 0
	}
	message, status := explain(err)
	fmt.Fprintln(stderr, "odyssey: "+printable.Text(strings.ReplaceAll(message, "\n", "; ")))
	return status
}

func explain(err error) (message string, status int) {
	var stopped *train.Stopped
	var usage *kong.ParseError
	var missing *data.DirectoryError
	switch {
	case errors.Is(err, context.Canceled) && errors.As(err, &stopped):
		return stopped.Error(), statusInterrupted
	case errors.Is(err, context.Canceled):
		return "interrupted", statusInterrupted
	case errors.As(err, &usage):
		return usage.Error() + "; see odyssey --help", statusUsage
	case errors.As(err, &missing) && errors.Is(missing, fs.ErrNotExist):
		return err.Error() + howToGet(missing.Dir), statusError
	}
	return err.Error(), statusError
}

// howToGet tells how to download a set for a directory that is not there and has its name.
func howToGet(dir string) string {
	set, err := namedSet(filepath.Base(dir))
	if err != nil {
		return ""
	}
	return fmt.Sprintf("; odyssey data get %s downloads it, and then it is --data %s", set.Name, filepath.Join("data", set.Name))
}

// cli has all commands and their flags.
type cli struct {
	Train     trainCommand     `cmd:"" help:"Train a network."`
	LRFind    lrFindCommand    `cmd:"" name:"lr-find" help:"Look for a learning rate."`
	Sweep     sweepCommand     `cmd:"" help:"Train with many settings, and compare what comes of it."`
	Compare   compareCommand   `cmd:"" help:"Lay runs side by side."`
	Eval      evalCommand      `cmd:"" help:"Tell how well a trained network does on a set."`
	Quantize  quantizeCommand  `cmd:"" help:"Save a trained network with weights of few bits."`
	Verify    verifyRunCommand `cmd:"" help:"Prove that a run is what its record says."`
	Report    reportCommand    `cmd:"" help:"Write a page of HTML that shows how runs went."`
	Predict   predictCommand   `cmd:"" help:"Tell what characters pictures show."`
	Models    modelsCommand    `cmd:"" help:"List the networks, or tell what one is made of."`
	Formats   formatsCommand   `cmd:"" help:"List the number formats, or the values of one."`
	Gradcheck gradcheckCommand `cmd:"" help:"Check the derivatives of all operations."`
	Data      dataCommand      `cmd:"" help:"Look at data."`
	Bench     benchCommand     `cmd:"" help:"Tell how fast this machine trains, and how near that is to what it could do."`
	Version   versionCommand   `cmd:"" help:"Tell version, commit and processor path."`
}

func execute(ctx context.Context, args []string, out *output) error {
	if err := kernel.PathError(); err != nil {
		return err
	}
	helped := false
	parser, err := kong.New(&cli{},
		kong.Name("odyssey"),
		kong.Description("Trains neural networks in plain Go, with the same bits on every machine."),
		kong.Writers(out, out),
		kong.Exit(func(int) { helped = true }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(out),
		defaults,
	)
	if err != nil {
		return err
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	command, err := parser.Parse(args)
	if helped {
		return nil
	}
	if err != nil {
		return err
	}
	return command.Run()
}

var _, defaultMomentum = train.DefaultRates("sgd")

// defaults are those of the packages, for help texts and flags.
var defaults = kong.Vars{
	"data":     train.Glyphs,
	"epochs":   fmt.Sprint(train.DefaultEpochs),
	"batch":    fmt.Sprint(train.DefaultBatch),
	"schedule": train.DefaultSchedule("sgd"),
	"momentum": fmt.Sprint(defaultMomentum),
	"report":   reportFile,
	"glyphs":   fmt.Sprintf("%d + %d", train.GlyphsTrain, train.GlyphsTest),
}
