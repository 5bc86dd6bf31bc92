// Package pgtest gives tests a real PostgreSQL: the server that an environment variable names, or one that it
// starts itself from the binaries that Debian installs.
package pgtest

import (
	"bytes"
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
)

// Variable names the environment variable that holds the URL of a server to use instead of starting one. Its user
// must be allowed to create schemas.
const Variable = "BREAKEVEN_TEST_POSTGRES"

// ErrAbsent says why there is no server: none is named and none can be started. Tests then skip.
var ErrAbsent = errors.New("no PostgreSQL: set " + Variable + " to a server's URL, or install Debian's postgresql")

// Server is a PostgreSQL server for tests.
type Server struct {
	url     string
	folder  string // of a server that Start started
	control func(ctx context.Context, args ...string) error
}

// started bounds how long a server may take to start or to stop.
const started = time.Minute

// Start finds or starts a server. A server that it starts listens on a socket in a folder of its own, trusts
// everyone who can reach that, and never syncs to disk. As root it runs as the user "postgres", since PostgreSQL
// refuses to run as root. Should this process end without [Server.Stop], the server ends a second later.
func Start(ctx context.Context) (*Server, error) {
	if named := os.Getenv(Variable); named != "" {
		return &Server{url: named}, nil
	}
	binaries, err := filepath.Glob("/usr/lib/postgresql/*/bin/pg_ctl")
	if err != nil || len(binaries) == 0 {
		return nil, ErrAbsent
	}
	slices.SortFunc(binaries, func(a, b string) int { return version(a) - version(b) })
	folder, err := os.MkdirTemp("", "pgtest")
	if err != nil {
		return nil, err
	}
	s, err := start(ctx, binaries[len(binaries)-1], folder)
	if err != nil {
		_ = os.RemoveAll(folder)
		return nil, err
	}
	return s, nil
}

// version is the major version in "/usr/lib/postgresql/15/bin/pg_ctl".
func version(binary string) int {
	n, err := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(binary))))
	if err != nil {
		return 0
	}
	return n
}

func start(ctx context.Context, binary, folder string) (*Server, error) {
	ctx, cancel := context.WithTimeout(ctx, started)
	defer cancel()
	owner, err := user.Current()
	if err != nil {
		return nil, err
	}
	asRoot := os.Geteuid() == 0
	if asRoot {
		if owner, err = user.Lookup("postgres"); err != nil {
			return nil, fmt.Errorf("%w (%w)", ErrAbsent, err)
		}
		uid, _ := strconv.Atoi(owner.Uid)
		gid, _ := strconv.Atoi(owner.Gid)
		if err := os.Chown(folder, uid, gid); err != nil {
			return nil, err
		}
	}
	data := filepath.Join(folder, "data")
	s := &Server{
		folder: folder,
		url: (&url.URL{Scheme: "postgres", Path: "/postgres", RawQuery: url.Values{
			"host": {folder}, "user": {owner.Username}, "sslmode": {"disable"},
		}.Encode()}).String(),
		control: func(ctx context.Context, args ...string) error {
			cmd := exec.CommandContext(ctx, "/bin/sh", "-c", quote(append([]string{binary, "-D", data}, args...)...))
			if asRoot {
				cmd = exec.CommandContext(ctx, "su", owner.Username, "-s", "/bin/sh", "-c", cmd.Args[2])
			}
			cmd.Dir = folder
			// The server inherits the output of the command that starts it: a file, not a pipe that would wait for it.
			log, err := os.OpenFile(filepath.Join(folder, "control.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
			if err != nil {
				return err
			}
			defer log.Close()
			cmd.Stdout, cmd.Stderr = log, log
			if err := cmd.Run(); err != nil {
				said, _ := os.ReadFile(log.Name()) // without it the error still tells
				return fmt.Errorf("%s: %w\n%s", args[0], err, bytes.TrimSpace(said))
			}
			return nil
		},
	}
	if err := s.control(ctx, "init", "-s", "-o", "--auth=trust --encoding=UTF8 --no-sync --username="+owner.Username); err != nil {
		return nil, err
	}
	options := "-k " + folder + " -c listen_addresses='' -c fsync=off -c max_connections=100"
	if err := s.control(ctx, "start", "-w", "-s", "-l", filepath.Join(data, "server.log"), "-o", options); err != nil {
		return nil, err
	}
	return s, watch(binary, data, folder, owner.Username, asRoot)
}

// watch starts a shell that stops the server once this process is gone: a test that panics or is killed never comes
// to Stop.
func watch(binary, data, folder, owner string, asRoot bool) error {
	script := fmt.Sprintf("while [ -d /proc/%d ]; do sleep 1; done; ", os.Getpid()) +
		quote(binary, "-D", data, "stop", "-s", "-m", "immediate") + "; " + quote("rm", "-rf", folder)
	cmd := exec.CommandContext(context.Background(), "/bin/sh", "-c", script)
	if asRoot {
		cmd = exec.CommandContext(context.Background(), "su", owner, "-s", "/bin/sh", "-c", script)
	}
	cmd.Dir = "/"
	if err := cmd.Start(); err != nil {
		return err
	}
	return cmd.Process.Release()
}

// quote makes one line for a shell of several words.
func quote(words ...string) string {
	quoted := make([]string, len(words))
	for i, word := range words {
		quoted[i] = "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
	}
	return strings.Join(quoted, " ")
}

// Stop ends a server that Start started and removes it.
func (s *Server) Stop() error {
	if s == nil || s.folder == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), started)
	defer cancel()
	return errors.Join(s.control(ctx, "stop", "-w", "-s", "-m", "immediate"), os.RemoveAll(s.folder))
}

// Database makes an empty schema for one test, and drops it when the test ends. It returns a URL whose sessions see
// that schema and nothing else. (A database of its own would take half a second.)
func (s *Server) Database(t testing.TB) string {
	t.Helper()
	name := "test_" + strings.ToLower(rand.Text())
	s.exec(t.Context(), t, "CREATE SCHEMA "+name)
	t.Cleanup(func() { s.exec(context.Background(), t, "DROP SCHEMA "+name+" CASCADE") })
	own, err := url.Parse(s.url)
	if err != nil {
		t.Fatal(err)
	}
	settings := own.Query()
	settings.Set("search_path", name)
	own.RawQuery = settings.Encode()
	return own.String()
}

func (s *Server) exec(ctx context.Context, t testing.TB, statement string) {
	t.Helper()
	db, err := sql.Open("pgx", s.url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if _, err := db.ExecContext(ctx, statement); err != nil {
		t.Fatal(err)
	}
}
