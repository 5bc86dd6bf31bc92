package cli_test

import (
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"breakeven/internal/cli"
)

// scripts runs the tests, with the program as a command of the scripts.
func scripts(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"breakeven": func() { os.Exit(cli.Main(cli.Environment())) },
	})
}

// Each script runs the real command line, with the clock fixed. Rewrite expected output with -update.
func TestScripts(t *testing.T) {
	// A port that is in use, for the script that asks for it.
	taken, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = taken.Close() }) // after the scripts, which run in parallel once this function has returned
	examples, err := filepath.Abs("../../examples")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		UpdateScripts:       os.Getenv("UPDATE_SCRIPTS") != "",
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("BREAKEVEN_NOW", "2026-11-24T00:00:00Z")
			env.Setenv("TAKEN", taken.Addr().String())
			env.Setenv("EXAMPLES", examples)
			shared := os.Getenv("BREAKEVEN_SHARED_DATA")
			if shared == "" {
				shared, err = filepath.Abs("../../../shared/data")
			}
			env.Setenv("SHARED", shared)
			if err != nil {
				return err
			}
			return packed(env.WorkDir)
		},
		Condition: func(name string) (bool, error) {
			if name == "shared" {
				shared := os.Getenv("BREAKEVEN_SHARED_DATA")
				if shared == "" {
					shared = "../../../shared/data"
				}
				_, err := os.Stat(shared)
				return err == nil, nil
			}
			return false, nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits},
	})
}

// exits runs a command line and checks its exit code: exits 3 breakeven scenario check bad.yaml.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND ARGS...")
	}
	err := ts.Exec(args[1], args[2:]...)
	code := "0"
	if err != nil {
		code = "?"
		if e, ok := err.(interface{ ExitCode() int }); ok {
			code = string(rune('0' + e.ExitCode()))
		}
	}
	if code != args[0] {
		ts.Fatalf("exit code %s, want %s: %v", code, args[0], err)
	}
}
