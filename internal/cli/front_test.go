package cli_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"breakeven/internal/cli"
)

// breakeven runs a command line in this process, with the clock fixed.
func breakeven(stdin string, args ...string) (code int, stdout, stderr string) {
	var out, complaints bytes.Buffer
	code = cli.Main(cli.Env{
		Args: args, Stdin: strings.NewReader(stdin), Stdout: &out, Stderr: &complaints, Version: "test",
		Now: func() time.Time { return time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC) },
	})
	return code, out.String(), complaints.String()
}

// full is a disk without room.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

// An answer that cannot be written is an error of every command, as text and as JSON.
func TestUnwritableOutputIsAnError(t *testing.T) {
	dir := t.TempDir()
	log := filepath.Join(dir, "log.csv")
	if err := os.WriteFile(log, []byte("time,model,input_tokens,output_tokens\n2026-11-20T00:00:00Z,gpt-5.4,1,1\n2026-11-21T00:00:00Z,gpt-5.4,1,1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	body := filepath.Join(dir, "body.json")
	if err := os.WriteFile(body, []byte(`{"model":"gpt-5.4","usage":{"prompt_tokens":1000,"completion_tokens":100}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"--help"}, {"decide", "--help"}, {"version"},
		{"decide", "--usage", log},
		{"quick", "--api", "40000", "--gpu", "8000", "--ops", "25000"},
		{"calc", "--model", "gpt-5.4", "--input", "1", "--output", "1", "--calls-per-day", "1"},
		{"prices", "list"}, {"prices", "show", "openai/gpt-5.4"}, {"prices", "quote", "--provider", "openai", body},
		{"usage", "report", log}, {"usage", "profile", log}, {"usage", "export", log}, {"usage", "formats"},
		{"scenario", "new"}, {"scenario", "schema"},
		{"models"}, {"gpus"},
		{"serve", "--addr", "127.0.0.1:0"},
	} {
		for _, format := range [][]string{nil, {"--json"}} {
			var complaints bytes.Buffer
			code := cli.Main(cli.Env{
				Args: append(append([]string{}, args...), format...), Stdin: strings.NewReader(""), Stdout: full{}, Stderr: &complaints, Version: "test", Now: time.Now,
			})
			if code != cli.ExitInternal || !strings.Contains(complaints.String(), "the answer cannot be written: no space left on device") {
				t.Errorf("breakeven %s %v: exit code %d, want %d: %s", strings.Join(args, " "), format, code, cli.ExitInternal, complaints.String())
			}
		}
	}
}

// A name in a log cannot steer the terminal, turn text around, or forge a line of the answer. JSON carries it as it is.
func TestNamesFromLogsAreSafeToPrint(t *testing.T) {
	const name = "evil\x1b[31m\u202egpt\u2066\u009b2J"
	log := "time,model,input_tokens,output_tokens\n2026-11-20T00:00:00Z,\"" + name + "\ntotal  0\",1,1\n"
	code, out, complaints := breakeven(log, "usage", "report", "-")
	if code != cli.ExitOK {
		t.Fatalf("exit code %d: %s", code, complaints)
	}
	if strings.ContainsAny(out, "\x1b\u202e\u2066\u009b") {
		t.Errorf("the answer steers the terminal: %q", out)
	}
	if !strings.Contains(out, "evil\ufffd[31m\ufffdgpt\ufffd\ufffd2J\ufffdtotal  0") {
		t.Errorf("the name is not shown with its control characters replaced: %q", out)
	}
	if _, out, _ = breakeven(log, "usage", "report", "-", "--json"); !strings.Contains(out, "evil\\u001b[31m\u202egpt") {
		t.Errorf("JSON does not hold the name as it is: %q", out)
	}
	if _, _, complaints = breakeven("", "usage", "report", "absent\x1b[2J"); strings.Contains(complaints, "\x1b") {
		t.Errorf("a message steers the terminal: %q", complaints)
	}
}

// A table's cell has at most 60 characters; JSON is whole.
func TestLongNamesAreCut(t *testing.T) {
	name := strings.Repeat("é", 500)
	log := "time,model,input_tokens,output_tokens\n2026-11-20T00:00:00Z," + name + ",1,1\n"
	_, out, _ := breakeven(log, "usage", "report", "-")
	if !strings.Contains(out, "\n"+strings.Repeat("é", 59)+"…  ") {
		t.Errorf("no cell of 60 characters: %s", out)
	}
	if _, out, _ = breakeven(log, "usage", "report", "-", "--json"); !strings.Contains(out, `"model": "`+name+`"`) {
		t.Error("JSON cuts the name")
	}
}
