// Package cli is the command line: each command is a struct that calls one use case of package app and prints
// its answer, for people or as JSON.
//
// Reading guide: cli.go is the table of contents and what every command shares; one file for each command.
package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"breakeven/internal/app"
)

// Exit codes. They are a contract.
const (
	ExitOK          = 0
	ExitInternal    = 1
	ExitUsage       = 2
	ExitInvalid     = 3
	ExitIncomplete  = 4
	ExitUnreachable = 5
)

var exitCodes = map[app.ErrorKind]int{
	app.Internal: ExitInternal, app.BadUsage: ExitUsage, app.Invalid: ExitInvalid, app.NotFound: ExitInvalid,
	app.Incomplete: ExitIncomplete, app.Unreachable: ExitUnreachable,
}

// Env is what a command may touch of the world.
type Env struct {
	Args           []string
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Now            func() time.Time
	Version        string
}

// Environment is the process's own.
func Environment() Env {
	return Env{Args: os.Args[1:], Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Now: time.Now, Version: version()}
}

// version is what the build says about itself.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	v := info.Main.Version
	if v == "" {
		v = "(devel)"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && v == "(devel)" {
			return s.Value[:min(12, len(s.Value))]
		}
	}
	return v
}

// commands is the command line's table of contents.
type commands struct {
	JSON bool      `help:"Print JSON, with the API's types." short:"j"`
	Now  time.Time `help:"Answer as of this instant instead of the clock's (RFC 3339)." env:"BREAKEVEN_NOW" placeholder:"TIME"`

	Decide   decideCmd   `cmd:"" help:"Decide on a scenario, or on call logs: the cheapest feasible way to serve the workload."`
	Quick    quickCmd    `cmd:"" help:"Decide from the parts of both sides: the quick formula, in both readings."`
	Calc     calcCmd     `cmd:"" help:"What calls of a model cost per call, day, month and year."`
	Prices   pricesCmd   `cmd:"" help:"The price book: list, show, quote."`
	Usage    usageCmd    `cmd:"" help:"Call logs: report, formats."`
	Scenario scenarioCmd `cmd:"" help:"Scenario documents: new, check, schema."`
	Serve    serveCmd    `cmd:"" help:"Serve the web app and the JSON API."`
	Version  versionCmd  `cmd:"" help:"Print the program's version and the price book's identity."`
}

// run is what every command's Run gets.
type run struct {
	ctx  context.Context
	env  Env
	app  *app.App
	json bool
}

// print writes an answer: as JSON, or for people.
func (r run) print(answer any, people func(w io.Writer)) error {
	if !r.json {
		people(r.env.Stdout)
		return nil
	}
	enc := json.NewEncoder(r.env.Stdout)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(answer)
}

// exit carries an exit code out of the argument parser, which would end the process.
type exit int

// Main runs the command line and returns the exit code.
func Main(env Env) (code int) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	defer func() {
		if e, ok := recover().(exit); ok {
			code = int(e)
		}
	}()
	var c commands
	parser, err := kong.New(&c,
		kong.Name("breakeven"),
		kong.Description("Should we stop paying the API and serve an open model ourselves?"),
		kong.Writers(env.Stdout, env.Stderr),
		kong.Exit(func(code int) { panic(exit(code)) }),
		kong.UsageOnError(),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
	)
	if err != nil {
		fmt.Fprintln(env.Stderr, "breakeven:", err)
		return ExitInternal
	}
	parsed, err := parser.Parse(env.Args)
	if err != nil {
		fmt.Fprintln(env.Stderr, "breakeven:", err)
		fmt.Fprintln(env.Stderr, "Try: breakeven --help")
		return ExitUsage
	}
	now := env.Now
	if !c.Now.IsZero() {
		now = func() time.Time { return c.Now }
	}
	err = parsed.Run(run{ctx: ctx, env: env, app: app.New(env.Version, now), json: c.JSON})
	if err != nil {
		fmt.Fprintln(env.Stderr, "breakeven:", err)
		return exitCodes[app.KindOf(err)]
	}
	return ExitOK
}
