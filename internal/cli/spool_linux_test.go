package cli_test

import (
	"bytes"
	"os"
	"os/exec"
	"syscall"
	"testing"

	"breakeven/internal/cli"
)

// A log on standard input is bounded by the disk and not by memory, and nothing is left of its copy when the program is
// interrupted.
func TestStandardInputIsSpooled(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	tmp := t.TempDir()
	cmd := exec.CommandContext(t.Context(), exe, "usage", "report", "-")
	cmd.Args[0] = "breakeven" // as which TestMain runs the command line
	cmd.Env = append(os.Environ(), "TMPDIR="+tmp, "TMP="+tmp)
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	// Far more than a pipe holds: when it is written, nearly all of it has been read.
	block := bytes.Repeat([]byte("2026-11-20T00:00:00Z,gpt-5.4,1,1\n"), 1<<15)
	const blocks = 128
	for range blocks {
		if _, err := in.Write(block); err != nil {
			t.Fatal(err)
		}
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); cmd.ProcessState.ExitCode() != cli.ExitInterrupted {
		t.Errorf("exit code %d, want %d: %v: %s", cmd.ProcessState.ExitCode(), cli.ExitInterrupted, err, complaints.String())
	}
	if left, err := os.ReadDir(tmp); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		total := int64(len(block)) * blocks / 1024
		used := usage.Maxrss
		t.Logf("%d KiB of memory for a log of %d KiB", used, total)
		if used > total { // with the race detector; a third of that without
			t.Errorf("%d KiB of memory for a log of %d KiB", used, total)
		}
	}
}
