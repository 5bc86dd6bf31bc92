package breakeven_test

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"breakeven/internal/cli"
)

// What README.md prints under a command is what the command prints, so far as the README goes on.
func TestReadmeAnswers(t *testing.T) {
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	shown := 0
	for block := range strings.SplitSeq(string(text), "    $ breakeven ") {
		if shown++; shown == 1 {
			continue // what stands before the first command
		}
		var lines []string
		for line := range strings.SplitSeq(block, "\n") {
			if line != "" && !strings.HasPrefix(line, "    ") && len(lines) > 0 {
				break
			}
			lines = append(lines, strings.TrimPrefix(line, "    "))
		}
		want := strings.TrimRight(strings.Join(lines[1:], "\n"), "\n")
		var out, fault bytes.Buffer
		cli.Main(cli.Env{Args: strings.Fields(lines[0]), Stdin: bytes.NewReader(nil), Stdout: &out, Stderr: &fault, Now: clock, Version: "test"})
		if !strings.HasPrefix(out.String(), want) {
			t.Errorf("breakeven %s prints\n%s%s\nREADME.md says\n%s", lines[0], out.String(), fault.String(), want)
		}
	}
	if shown < 2 {
		t.Error("README.md shows no command with its answer")
	}
}
