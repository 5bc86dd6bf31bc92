package cli_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go"

	"breakeven/internal/cli"
)

// packed writes a log for the scripts as a text file cannot hold it: as calls.parquet, and as calls.jsonl.zst.
func packed(dir string) error {
	type row struct {
		Time   time.Time `parquet:"time,timestamp(millisecond)"`
		Model  string    `parquet:"model"`
		Input  int64     `parquet:"input_tokens"`
		Output int64     `parquet:"output_tokens"`
	}
	at := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
	rows := []row{{at, "gpt-5.4", 1000, 100}, {at.Add(time.Hour), "gpt-5.4", 2000, 200}, {at.Add(2 * time.Hour), "gpt-5.4", -1, 0}}
	var b bytes.Buffer
	w := parquet.NewGenericWriter[row](&b)
	if _, err := w.Write(rows); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "calls.parquet"), b.Bytes(), 0o644); err != nil {
		return err
	}
	z, err := zstd.NewWriter(nil)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "calls.jsonl.zst"), z.EncodeAll([]byte(webLog), nil), 0o644)
}

const webLog = `{"time":"2026-11-20T00:00:00Z","model":"gpt-5.4","input_tokens":1000,"output_tokens":100}` + "\n" +
	`{"time":"2026-11-20T01:00:00Z","model":"gpt-5.4","input_tokens":2000,"output_tokens":200}` + "\n"

// report runs usage report.
func report(client *http.Client, logs ...string) (out, complaints string, code int) {
	var o, c bytes.Buffer
	code = cli.Main(cli.Env{
		Args: append([]string{"usage", "report"}, logs...), Stdin: strings.NewReader(""), Stdout: &o, Stderr: &c, Version: "test",
		Now: func() time.Time { return time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC) }, Client: client,
	})
	return o.String(), c.String(), code
}

// A log on the web is read as a file is, and its address is not told where it may be secret.
func TestLogsOnTheWeb(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("sig") != "secret" {
			http.Error(w, "no", http.StatusForbidden)
			return
		}
		_, _ = io.WriteString(w, webLog)
	}))
	defer server.Close()
	out, complaints, code := report(server.Client(), server.URL+"/calls.jsonl?sig=secret")
	if code != cli.ExitOK || !strings.Contains(out, server.URL+"/calls.jsonl: generic, 2 calls of 2 rows") || !strings.Contains(out, "3,000") || strings.Contains(out, "secret") {
		t.Errorf("exit code %d: %s%s", code, out, complaints)
	}
	_, complaints, code = report(server.Client(), server.URL+"/calls.jsonl?sig=secret2")
	if code != cli.ExitUnreachable || !strings.Contains(complaints, "answers 403 Forbidden; the address is not allowed, or its signature has expired") || strings.Contains(complaints, "secret2") {
		t.Errorf("exit code %d: %s", code, complaints)
	}
}

// A bucket is read with the settings that Amazon's own tools read.
func TestLogsInABucket(t *testing.T) {
	backend := s3mem.New()
	server := httptest.NewServer(gofakes3.New(backend).Server())
	defer server.Close()
	t.Setenv("AWS_ENDPOINT_URL", server.URL)
	t.Setenv("AWS_ACCESS_KEY_ID", "id")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	if err := backend.CreateBucket("logs"); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"2026/11/a.jsonl", "2026/11/b.jsonl", "2026/11/readme.txt"} {
		if _, err := backend.PutObject("logs", key, map[string]string{"Last-Modified": "Fri, 20 Nov 2026 00:00:00 GMT"}, strings.NewReader(webLog), int64(len(webLog)), nil); err != nil {
			t.Fatal(err)
		}
	}
	out, complaints, code := report(nil, "s3://logs/2026/11/")
	if code != cli.ExitOK || !strings.Contains(out, "s3://logs/2026/11/b.jsonl: generic, 2 calls") || !strings.Contains(out, "6,000") || !strings.Contains(complaints, "passed over readme.txt") {
		t.Errorf("exit code %d: %s%s", code, out, complaints)
	}
	_, complaints, code = report(nil, "s3://nowhere/x/")
	if code != cli.ExitUnreachable || !strings.Contains(complaints, "NoSuchBucket") {
		t.Errorf("exit code %d: %s", code, complaints)
	}
}
