// Package cli is the command line: each command is a struct that calls one use case of package app and prints
// its answer, for people or as JSON.
//
// Reading guide: cli.go is the table of contents and what every command shares; one file for each command.
package cli

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
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
	// ExitInterrupted is what a shell says of a program that was interrupted.
	ExitInterrupted = 130
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
	// Client fetches logs at web addresses; nil means one with time limits.
	Client *http.Client
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
	JSON bool      `help:"Print JSON, with the API's types." short:"j" xor:"output"`
	CSV  bool      `help:"Print the table of a report as CSV, exact and without what is for people only." name:"csv" xor:"output"`
	Now  time.Time `help:"Answer as of this instant instead of the clock's (RFC 3339)." env:"BREAKEVEN_NOW" placeholder:"TIME"`

	Contact  string `help:"Who reads the price sources, for those who run them: a URL or an e-mail address." env:"BREAKEVEN_CONTACT" placeholder:"ADDRESS"`
	Database string `help:"The registry of prices: an SQLite file, or postgres://..., or embedded for what comes with the program. One in the user's data folder is used if it is there." env:"BREAKEVEN_DATABASE" placeholder:"WHERE"`

	Warehouse string `help:"Where calls are kept: a data folder of Parquet files, or clickhouse://... One in the user's data folder is used if it is there." env:"BREAKEVEN_WAREHOUSE" placeholder:"WHERE"`

	Decide   decideCmd   `cmd:"" help:"Decide on a scenario, or on call logs: the cheapest feasible way to serve the workload."`
	Quick    quickCmd    `cmd:"" help:"Decide from the parts of both sides: the quick formula, in both readings."`
	Calc     calcCmd     `cmd:"" help:"What calls of a model cost per call, day, month and year."`
	Prices   pricesCmd   `cmd:"" help:"The price book: list, show, quote."`
	Models   modelsCmd   `cmd:"" help:"Open weights that can be sized for GPUs, and who hosts them."`
	GPUs     gpusCmd     `cmd:"" name:"gpus" help:"Accelerators, and the cheapest offers for them."`
	Usage    usageCmd    `cmd:"" help:"Call logs: report, formats."`
	Capacity capacityCmd `cmd:"" help:"How many requests a second one serving engine sustains at a latency target, and what limits it."`
	Simulate simulateCmd `cmd:"" help:"Serve every call of a log on a fleet: latencies, queues, occupancy."`
	Plan     planCmd     `cmd:"" help:"The cheapest fleet that serves a log within a latency target, proved by simulating every call."`
	Scenario scenarioCmd `cmd:"" help:"Scenario documents: new, check, schema."`
	Serving  servingCmd  `cmd:"" help:"The model of serving engines: calibrate it, validate it."`
	Serve    serveCmd    `cmd:"" help:"Serve the web app and the JSON API."`
	Version  versionCmd  `cmd:"" help:"Print the program's version and the price book's identity."`
}

// serveName is the command that ends itself on a signal.
const serveName = "serve"

// syncName is the command that makes the registry database.
const syncName = "prices sync"

// run is what every command's Run gets.
type run struct {
	ctx    context.Context
	env    Env
	app    *app.App
	json   bool
	csv    bool
	inputs *inputs
}

// complain writes a line to standard error.
func (r run) complain(text string) { complain(r.env.Stderr, text) }

func complain(out io.Writer, text string) { fmt.Fprintln(out, "breakeven:", printable(text, "\n\t")) }

// Main runs the command line and returns the exit code.
func Main(env Env) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var c commands
	parsed, code, ended := parse(env, &c)
	if ended {
		return code
	}
	now := env.Now
	if !c.Now.IsZero() {
		now = func() time.Time { return c.Now }
	}
	r := run{ctx: ctx, env: env, app: app.New(env.Version, now), json: c.JSON, csv: c.CSV, inputs: &inputs{}}
	r.app.Contact = c.Contact
	defer r.inputs.close()
	makes := parsed.Command() == syncName || c.Serve.Sync > 0 && parsed.Command() == serveName
	if err := r.openRegistry(c.Database, makes); err != nil {
		complain(env.Stderr, message(err))
		return exitCodes[app.KindOf(err)]
	}
	defer func() { _ = r.app.CloseRegistry() }() // everything that was recorded is committed
	if err := r.openWarehouse(c.Warehouse, parsed.Command()); err != nil {
		complain(env.Stderr, message(err))
		return exitCodes[app.KindOf(err)]
	}
	if r.app.Calls != nil {
		defer func() { _ = r.app.Calls.Close() }() // everything that was taken in is committed
	}
	done := make(chan error, 1)
	go func() { done <- command(parsed, r) }()
	var err error
	select {
	case err = <-done:
	case <-ctx.Done():
		stop() // a second signal ends the process at once
		if parsed.Command() != serveName {
			complain(env.Stderr, "interrupted")
			return ExitInterrupted // the command is abandoned wherever it is; it has printed nothing yet
		}
		err = <-done // the server lets its requests finish
	}
	if err != nil {
		complain(env.Stderr, message(err))
		return exitCodes[app.KindOf(err)]
	}
	return ExitOK
}

// command runs a command. A fault of the program is an error with the place where it happened.
func command(parsed *kong.Context, r run) (err error) {
	defer func() {
		if fault := recover(); fault != nil {
			err = fmt.Errorf("a fault of the program: %v\n%s", fault, debug.Stack())
		}
	}()
	return parsed.Run(r)
}

// exit carries an exit code out of the argument parser, which would end the process.
type exit int

// parse reads the command line. Where that is all there is to do, as after --help or a mistake, it has ended and
// there is an exit code.
func parse(env Env, c *commands) (parsed *kong.Context, code int, ended bool) {
	var help bytes.Buffer
	defer func() {
		fault := recover()
		if e, ok := fault.(exit); ok {
			parsed, code, ended = nil, int(e), true
			if err := write(env.Stdout, help.Bytes()); err != nil {
				complain(env.Stderr, err.Error())
				code = ExitInternal
			}
			return
		}
		if fault != nil {
			panic(fault)
		}
	}()
	parser, err := kong.New(c,
		kong.Name("breakeven"),
		kong.Description("Should we stop paying the API and serve an open model ourselves?"),
		kong.Writers(&help, env.Stderr),
		kong.Exit(func(code int) { panic(exit(code)) }),
		kong.UsageOnError(),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
	)
	if err != nil {
		complain(env.Stderr, err.Error())
		return nil, ExitInternal, true
	}
	if parsed, err = parser.Parse(env.Args); err != nil {
		complain(env.Stderr, err.Error()+"\nTry: breakeven --help")
		return nil, ExitUsage, true
	}
	return parsed, ExitOK, false
}
