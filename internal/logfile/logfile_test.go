package logfile_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"github.com/klauspost/compress/zstd"

	"breakeven/internal/logfile"
	"breakeven/usage"
)

const line = `{"time":"2026-08-19T00:00:00Z","model":"m","input_tokens":5,"output_tokens":1}` + "\n"

// open opens logs and reads each of them twice.
func open(t *testing.T, o logfile.Opener, names ...string) (*logfile.Set, map[string]string) {
	t.Helper()
	set, err := o.Open(t.Context(), names)
	t.Cleanup(set.Close)
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{}
	for range 2 {
		for _, s := range set.Sources {
			in, err := s.Open()
			if err != nil {
				t.Fatal(err)
			}
			data, err := io.ReadAll(in)
			if err := errors.Join(err, in.Close()); err != nil {
				t.Fatal(err)
			}
			if old, again := texts[s.Name]; again && old != string(data) {
				t.Errorf("%s is another text when it is read again", s.Name)
			}
			texts[s.Name] = string(data)
		}
	}
	return set, texts
}

// fails opens a log that cannot be opened, and is what is said of it.
func fails(t *testing.T, o logfile.Opener, kind logfile.Kind, says string, names ...string) string {
	t.Helper()
	set, err := o.Open(t.Context(), names)
	set.Close()
	e, ok := errors.AsType[*logfile.Error](err)
	if !ok || e.Kind != kind || !strings.Contains(e.Error(), says) || e.Hint == "" {
		t.Fatalf("%v: %v (%+v), want one of kind %d that says %q", names, err, e, kind, says)
	}
	return e.Error() + "; " + e.Hint
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func zst(t *testing.T, text string) []byte {
	t.Helper()
	z, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return z.EncodeAll([]byte(text), nil)
}

// A folder is the logs in it and in its folders, by name. What is no log is passed over, and said; links are followed,
// and lead nowhere twice.
func TestFolder(t *testing.T) {
	dir := t.TempDir()
	root := filepath.Join(dir, "projects")
	write(t, filepath.Join(root, "b", "2.jsonl"), line+line)
	write(t, filepath.Join(root, "b", "sub", "agent.jsonl"), line)
	write(t, filepath.Join(root, "a.jsonl.zst"), string(zst(t, line)))
	write(t, filepath.Join(root, "a", "1.csv"), "x\n")
	write(t, filepath.Join(root, "notes.md"), "x")
	write(t, filepath.Join(root, "picture.png"), "x")
	write(t, filepath.Join(root, "empty.json"), "")
	write(t, filepath.Join(root, ".hidden.jsonl"), line)
	write(t, filepath.Join(root, ".git", "x.json"), line)
	write(t, filepath.Join(dir, "elsewhere.jsonl"), line)
	for link, to := range map[string]string{"b/up": "..", "link.jsonl": "../elsewhere.jsonl", "same.jsonl": "b/2.jsonl", "gone.jsonl": "nowhere"} {
		if err := os.Symlink(to, filepath.Join(root, link)); err != nil {
			t.Skip("no links here")
		}
	}
	set, texts := open(t, logfile.Opener{}, root)
	var names []string
	for _, s := range set.Sources {
		name, err := filepath.Rel(root, s.Name)
		if err != nil || !s.Found {
			t.Errorf("%+v, %v", s, err)
		}
		names = append(names, filepath.ToSlash(name))
	}
	if want := []string{"a/1.csv", "a.jsonl.zst", "b/2.jsonl", "b/sub/agent.jsonl", "link.jsonl"}; !slices.Equal(names, want) {
		t.Errorf("sources = %q, want %q", names, want)
	}
	if got := texts[filepath.Join(root, "a.jsonl.zst")]; got != line {
		t.Errorf("zstd is read as %q", got)
	}
	var passed []string
	for _, p := range set.Passed {
		passed = append(passed, strings.TrimPrefix(p.String(), root+": "))
	}
	slices.Sort(passed)
	for i, want := range []string{
		"passed over 2 files, such as .git: its name is hidden",
		"passed over 2 files, such as notes.md: its name has no ending of a log",
		"passed over b/up: it leads back to a folder that is read",
		"passed over empty.json: it is empty",
		"passed over gone.jsonl: it links to nothing",
		"passed over same.jsonl: it is the same file as another that is read",
	} {
		if i >= len(passed) || !strings.HasPrefix(filepath.ToSlash(passed[i]), want) {
			t.Errorf("passed over = %q, want %q", passed, want)
			break
		}
	}

	fails(t, logfile.Opener{}, logfile.BadName, "is given twice", root, filepath.Join(root, "b", "2.jsonl"))
	fails(t, logfile.Opener{}, logfile.BadName, "is given twice", root, root+"/")
	write(t, filepath.Join(dir, "none", "readme.md"), "x")
	fails(t, logfile.Opener{}, logfile.BadName, "holds no logs", filepath.Join(dir, "none"))
}

// Standard input is kept, since a log may be read twice; without one there is nothing to read.
func TestStandardInput(t *testing.T) {
	set, texts := open(t, logfile.Opener{Stdin: strings.NewReader(line)}, "-")
	if len(set.Sources) != 1 || set.Sources[0].Found || texts["standard input"] != line {
		t.Errorf("%+v: %q", set.Sources, texts)
	}
	_, texts = open(t, logfile.Opener{Stdin: bytes.NewReader(zst(t, line))}, "-")
	if texts["standard input"] != line {
		t.Errorf("%q", texts)
	}
	fails(t, logfile.Opener{}, logfile.BadName, "is not there", "-")
	fails(t, logfile.Opener{Stdin: io.MultiReader(strings.NewReader(line), broken{})}, logfile.Unreachable, "cannot be read to its end", "-")
	fails(t, logfile.Opener{Stdin: strings.NewReader(line), MaxFetch: 10}, logfile.Unreachable, "is too large", "-")
	fails(t, logfile.Opener{}, logfile.BadName, "is no place", "ftp://host/x.csv")
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("the pipe broke") }

// A log on the web is fetched once and kept. Messages hold nothing of the address that may be secret.
func TestWeb(t *testing.T) {
	fetched := 0
	mux := http.NewServeMux()
	mux.HandleFunc("/log.jsonl", func(w http.ResponseWriter, r *http.Request) {
		fetched++
		if r.URL.RawQuery != "sig=secret" {
			http.Error(w, "no", http.StatusForbidden)
			return
		}
		_, _ = io.WriteString(w, line)
	})
	mux.HandleFunc("/cut.jsonl", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "1000")
		_, _ = io.WriteString(w, line)
	})
	mux.HandleFunc("/page", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, "<html>")
	})
	mux.HandleFunc("/moved", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/log.jsonl?sig=secret", http.StatusFound)
	})
	mux.HandleFunc("/insecure", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://example.com/x?sig=secret", http.StatusFound)
	})
	mux.HandleFunc("/round", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/round", http.StatusFound) })
	server := httptest.NewTLSServer(mux)
	defer server.Close()
	client := server.Client()
	client.CheckRedirect = logfile.OnlySecure
	o := logfile.Opener{Client: client}

	_, texts := open(t, o, server.URL+"/log.jsonl?sig=secret", server.URL+"/moved")
	if fetched != 2 || texts[server.URL+"/log.jsonl"] != line || texts[server.URL+"/moved"] != line {
		t.Errorf("fetched %d times; %q", fetched, texts)
	}
	for _, tt := range []struct{ path, says string }{
		{"/log.jsonl?sig=secret2", "answers 403 Forbidden"},
		{"/none?sig=secret", "answers 404 Not Found"},
		{"/page?sig=secret", "a web page"},
		{"/cut.jsonl?sig=secret", "unexpected EOF"},
		{"/insecure?sig=secret", "not https"},
		{"/round?sig=secret", "redirects more than"},
	} {
		if said := fails(t, o, logfile.Unreachable, tt.says, server.URL+tt.path); strings.Contains(said, "secret") {
			t.Errorf("%s: %s", tt.path, said)
		}
	}
	fails(t, o, logfile.BadName, "is given twice", server.URL+"/log.jsonl?sig=secret", server.URL+"/log.jsonl?sig=secret")
	fails(t, o, logfile.BadName, "cannot be understood", "https://")
	fails(t, logfile.Opener{Client: client, MaxFetch: 10}, logfile.Unreachable, "is too large", server.URL+"/log.jsonl?sig=secret")
	server.Close()
	if said := fails(t, o, logfile.Unreachable, "cannot be fetched", server.URL+"/log.jsonl?sig=secret"); strings.Contains(said, "secret") {
		t.Error(said)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if set, err := o.Open(ctx, []string{"https://example.com/x"}); err == nil {
		set.Close()
		t.Error("a cancelled fetch succeeds")
	}
}

// A bucket is read as Amazon's tools read one: an object, or all objects below a prefix.
func TestBucket(t *testing.T) {
	backend := s3mem.New()
	server := httptest.NewServer(gofakes3.New(backend).Server())
	defer server.Close()
	t.Setenv("AWS_ENDPOINT_URL_S3", server.URL)
	t.Setenv("AWS_ACCESS_KEY_ID", "id")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	if err := backend.CreateBucket("logs"); err != nil {
		t.Fatal(err)
	}
	put := func(key, text string) {
		t.Helper()
		if _, err := backend.PutObject("logs", key, map[string]string{"Last-Modified": "Wed, 19 Aug 2026 00:00:00 GMT"}, strings.NewReader(text), int64(len(text)), nil); err != nil {
			t.Fatal(err)
		}
	}
	put("day=1/b.jsonl", line+line)
	put("day=1/a.jsonl.zst", string(zst(t, line)))
	put("day=2/c.jsonl", line)
	put("day=2/manifest.txt", "x")
	put("day=2/_SUCCESS", "")
	put("day=2/empty.json", "")
	put("other.jsonl", line)
	for i := range 30 {
		put("many/"+string(rune('a'+i%26))+strings.Repeat("x", i)+".jsonl", strings.Repeat(line, i+1))
	}

	set, texts := open(t, logfile.Opener{}, "s3://logs/day=")
	var names []string
	for _, s := range set.Sources {
		names = append(names, s.Name)
	}
	if want := []string{"s3://logs/day=1/a.jsonl.zst", "s3://logs/day=1/b.jsonl", "s3://logs/day=2/c.jsonl"}; !slices.Equal(names, want) || !set.Sources[0].Found {
		t.Errorf("sources = %q, want %q", names, want)
	}
	if texts["s3://logs/day=1/b.jsonl"] != line+line || texts["s3://logs/day=1/a.jsonl.zst"] != line {
		t.Errorf("%q", texts)
	}
	if len(set.Passed) != 3 {
		t.Errorf("passed over = %v", set.Passed)
	}
	set, texts = open(t, logfile.Opener{}, "s3://logs/day=2/c.jsonl")
	if len(set.Sources) != 1 || set.Sources[0].Found || texts["s3://logs/day=2/c.jsonl"] != line {
		t.Errorf("%+v", set.Sources)
	}
	set, texts = open(t, logfile.Opener{}, "s3://logs/many/", "s3://logs/other.jsonl")
	total := 0
	for _, text := range texts {
		total += len(text)
	}
	if len(set.Sources) != 31 || total != (30*31/2+1)*len(line) {
		t.Errorf("%d sources of %d bytes", len(set.Sources), total)
	}
	if set, _ := open(t, logfile.Opener{}, "s3://logs"); len(set.Sources) != 34 {
		t.Errorf("the whole bucket has %d logs", len(set.Sources))
	}
	fails(t, logfile.Opener{}, logfile.Unreachable, "NoSuchBucket", "s3://nowhere/x/")
	fails(t, logfile.Opener{}, logfile.BadName, "holds no logs", "s3://logs/nothing")
	fails(t, logfile.Opener{}, logfile.BadName, "names no bucket", "s3://")
	fails(t, logfile.Opener{MaxFetch: 100}, logfile.Unreachable, "is too large", "s3://logs/many/")
}

// A zstd file that is damaged or expands beyond reason is an error that names it.
func TestZstd(t *testing.T) {
	bomb := zst(t, strings.Repeat("\x00", 200<<20))
	for name, data := range map[string][]byte{"expands more than": bomb, "is damaged": zst(t, line)[:20]} {
		r, err := logfile.Decode("log.zst", bytes.NewReader(data), int64(len(data)))
		if err != nil {
			t.Fatal(err)
		}
		_, err = io.Copy(io.Discard, r)
		e, ok := errors.AsType[*usage.FileError](err)
		if !ok || !strings.Contains(e.Problem, name) || e.Hint == "" {
			t.Errorf("%v", err)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
	// A frame to be skipped may stand first.
	data := append([]byte{0x50, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 'x', 'x'}, zst(t, line)...)
	if got := text(t, data); got != line {
		t.Errorf("%q", got)
	}
}

// Bytes that are neither are handed on as they are.
func TestDecodeLeavesTextAlone(t *testing.T) {
	for _, want := range []string{"", "x", "PAR", line, "\x1f\x8b\x08\x00"} {
		if got := text(t, []byte(want)); got != want {
			t.Errorf("%q becomes %q", want, got)
		}
	}
}
