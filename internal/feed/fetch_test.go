package feed_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"breakeven/internal/feed"
	"breakeven/registry"
)

// now is the clock of these tests.
var now = time.Date(2026, 8, 1, 12, 0, 0, 0, time.UTC)

// named is one of the feeds.
func named(t testing.TB, id string) feed.Feed {
	t.Helper()
	for _, f := range feed.Feeds() {
		if f.ID == id {
			return f
		}
	}
	t.Fatalf("no feed %s", id)
	return feed.Feed{}
}

// page is what a server answers for a path.
type page struct {
	status int // 200 where it is zero
	header http.Header
	body   string
}

// site serves pages by the last element of their path, answers conditional requests by their ETags, and keeps count.
type site struct {
	*httptest.Server

	mu       sync.Mutex
	pages    map[string][]page // the answers in order; the last one stays
	requests []*http.Request
}

func newSite(t testing.TB) *site {
	t.Helper()
	s := &site{pages: map[string][]page{}}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.requests = append(s.requests, r)
	name := path.Base(r.URL.Path)
	answers := s.pages[name]
	if len(answers) > 1 {
		s.pages[name] = answers[1:]
	}
	s.mu.Unlock()
	if len(answers) == 0 {
		http.NotFound(w, r)
		return
	}
	p := answers[0]
	maps.Copy(w.Header(), p.header)
	if tag := p.header.Get("ETag"); tag != "" && r.Header.Get("If-None-Match") == tag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	if p.status != 0 {
		w.WriteHeader(p.status)
	}
	_, _ = io.WriteString(w, p.body) // the client may have hung up
}

// answer sets what the site says under a name from now on, and forgets the requests so far.
func (s *site) answer(name string, pages ...page) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pages[name], s.requests = pages, nil
}

// asked is how many requests came since the last answer was set.
func (s *site) asked() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.requests)
}

// reader is a client that notes its waits in place of waiting. Its dice always show a half.
func reader(l feed.Limits) (c *feed.Client, waits *[]time.Duration) {
	waits = new([]time.Duration)
	return &feed.Client{
		Now:    func() time.Time { return now },
		Jitter: func() float64 { return 0.5 },
		Sleep: func(ctx context.Context, d time.Duration) error {
			*waits = append(*waits, d)
			return ctx.Err()
		},
		UserAgent: feed.UserAgent("1.0", "https://breakeven.example/bot"),
		Limits:    l,
	}, waits
}

// refused reads a feed that cannot be read.
func refused(t *testing.T, c *feed.Client, f feed.Feed) *feed.FetchError {
	t.Helper()
	r, err := c.Read(t.Context(), f, feed.Validators{})
	e, ok := errors.AsType[*feed.FetchError](err)
	if !ok {
		t.Fatalf("reading %+v, error %v", r, err)
	}
	return e
}

func read(t *testing.T, c *feed.Client, f feed.Feed, v feed.Validators) feed.Reading {
	t.Helper()
	r, err := c.Read(t.Context(), f, v)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// rates lists a snapshot's facts as "acme/m input = 3".
func rates(s registry.Snapshot) string {
	lines := make([]string, 0, len(s.Facts))
	for _, f := range s.Facts {
		lines = append(lines, f.Key.String()+" = "+f.Rate.String())
	}
	return strings.Join(lines, "; ")
}

const litellmFile = "model_prices_and_context_window.json"

// litellmTable is a table of one rate in dollars per token.
func litellmTable(perToken string) string {
	return fmt.Sprintf(`{"m": {"litellm_provider": "acme", "input_cost_per_token": %s}}`, perToken)
}

// portkeyTable is a file of one rate in cents per token.
func portkeyTable(centsPerToken string) string {
	return fmt.Sprintf(`{"m": {"pricing_config": {"pay_as_you_go": {"request_token": {"price": %s}}}}}`, centsPerToken)
}

func tag(text string) http.Header { return http.Header{"Etag": {strconv.Quote(text)}} }

// 0.000003 dollars per token are 3 dollars per million.
func TestReadGivesASnapshot(t *testing.T) {
	s := newSite(t)
	s.answer(litellmFile, page{header: http.Header{"Last-Modified": {"Fri, 31 Jul 2026 22:00:00 GMT"}}, body: litellmTable("3e-06")})
	c, _ := reader(feed.Limits{})
	r := read(t, c, named(t, "litellm").At(s.URL), feed.Validators{})
	if got := rates(r.Snapshot); got != "acme/m input = 3" {
		t.Errorf("facts: %s", got)
	}
	if r.Snapshot.Source.ID != "litellm" || !r.Snapshot.Taken.Equal(now) || r.Snapshot.Date != "2026-07-31" {
		t.Errorf("snapshot of %s, taken %s, dated %s", r.Snapshot.Source.ID, r.Snapshot.Taken, r.Snapshot.Date)
	}
	if r.Unchanged || r.Status != http.StatusOK || r.Bytes != int64(len(litellmTable("3e-06"))) {
		t.Errorf("reading: %+v", r)
	}
	h := s.requests[0].Header
	if got := h.Get("User-Agent"); got != "breakeven/1.0 (reads public price tables; https://breakeven.example/bot)" {
		t.Errorf("user agent: %s", got)
	}
	if h.Get("Accept-Encoding") != "gzip" || h.Get("If-None-Match") != "" {
		t.Errorf("headers: %v", h)
	}
}

func TestReadAsksOnlyForWhatHasChanged(t *testing.T) {
	s := newSite(t)
	f := named(t, "litellm").At(s.URL)
	s.answer(litellmFile, page{header: tag("one"), body: litellmTable("3e-06")})
	c, _ := reader(feed.Limits{})
	first := read(t, c, f, feed.Validators{})
	if first.Validators.ETag != `"one"` {
		t.Fatalf("validators: %+v", first.Validators)
	}
	same := read(t, c, f, first.Validators)
	if !same.Unchanged || same.Status != http.StatusNotModified || same.Validators != first.Validators || len(same.Snapshot.Facts) > 0 {
		t.Errorf("unchanged: %+v", same)
	}
	s.answer(litellmFile, page{header: tag("two"), body: litellmTable("2e-06")})
	next := read(t, c, f, same.Validators)
	if next.Unchanged || rates(next.Snapshot) != "acme/m input = 2" || next.Validators.ETag != `"two"` {
		t.Errorf("changed: %+v", next)
	}
}

// The date alone serves a server without tags; a server that says "not modified" unasked has lost its mind.
func TestReadNotModified(t *testing.T) {
	s := newSite(t)
	f := named(t, "litellm").At(s.URL)
	s.answer(litellmFile, page{status: http.StatusNotModified})
	c, _ := reader(feed.Limits{})
	v := feed.Validators{LastModified: "Fri, 31 Jul 2026 22:00:00 GMT"}
	if r := read(t, c, f, v); !r.Unchanged || r.Validators != v || s.requests[0].Header.Get("If-Modified-Since") != v.LastModified {
		t.Errorf("reading: %+v", r)
	}
	if e := refused(t, c, f); e.Status != http.StatusNotModified || s.asked() != 2 {
		t.Errorf("%v, %d requests", e, s.asked())
	}
}

// portkey is the feed of several files, cut to two of them.
func portkey(t *testing.T, s *site) feed.Feed {
	f := named(t, "portkey").At(s.URL)
	f.Files = slices.DeleteFunc(f.Files, func(file feed.File) bool { return file.Name != "groq" && file.Name != "openai" })
	if len(f.Files) != 2 {
		t.Fatalf("files: %v", f.Files)
	}
	return f
}

func TestReadSeveralFiles(t *testing.T) {
	s := newSite(t)
	f := portkey(t, s)
	c, _ := reader(feed.Limits{})
	s.answer("groq.json", page{header: tag("g1"), body: portkeyTable("0.0001")})
	s.answer("openai.json", page{header: tag("o1"), body: portkeyTable("0.0003")})
	first := read(t, c, f, feed.Validators{})
	if got := rates(first.Snapshot); got != "groq/m input = 1; openai/m input = 3" {
		t.Fatalf("facts: %s", got)
	}
	if r := read(t, c, f, first.Validators); !r.Unchanged || r.Validators != first.Validators || s.asked() != 4 {
		t.Errorf("unchanged: %+v after %d requests", r, s.asked())
	}

	// One file has changed: the table needs the other as well, which is asked for again without a condition.
	s.answer("groq.json", page{header: tag("g2"), body: portkeyTable("0.0002")})
	second := read(t, c, f, first.Validators)
	if got := rates(second.Snapshot); got != "groq/m input = 2; openai/m input = 3" || s.asked() != 3 {
		t.Errorf("facts: %s after %d requests", got, s.asked())
	}
	if r := read(t, c, f, second.Validators); !r.Unchanged {
		t.Errorf("not unchanged: %+v", r)
	}

	// Validators that are not ours say nothing.
	for _, v := range []feed.Validators{{ETag: `"g2"`}, {ETag: `{"groq":`}, {ETag: `{"groq":"\"g2\""}`}} {
		if r := read(t, c, f, v); r.Unchanged || r.Snapshot.ID != second.Snapshot.ID {
			t.Errorf("with %+v: %+v", v, r)
		}
	}
}

// What a server says is gone is part of what the table says: a fault, and no more. All of it gone is an error.
func TestReadOneOfSeveralFilesIsGone(t *testing.T) {
	s := newSite(t)
	f := portkey(t, s)
	c, _ := reader(feed.Limits{})
	s.answer("groq.json", page{header: tag("g1"), body: portkeyTable("0.0001")})
	s.answer("openai.json", page{header: tag("o1"), body: portkeyTable("0.0003")})
	before := read(t, c, f, feed.Validators{})
	s.answer("openai.json", page{status: http.StatusNotFound})
	without := read(t, c, f, before.Validators)
	if got := rates(without.Snapshot); got != "groq/m input = 1" {
		t.Errorf("facts: %s", got)
	}
	if len(without.Faults) != 1 || without.Faults[0].Error() != "openai: 404 Not Found" {
		t.Errorf("faults: %v", without.Faults)
	}
	if r := read(t, c, f, without.Validators); !r.Unchanged || r.Validators != without.Validators {
		t.Errorf("still gone: %+v", r)
	}
	s.answer("openai.json", page{header: tag("o1"), body: portkeyTable("0.0003")})
	if r := read(t, c, f, without.Validators); r.Unchanged || r.Snapshot.ID != before.Snapshot.ID || len(r.Faults) > 0 {
		t.Errorf("back: %+v", r)
	}
	s.answer("groq.json")
	s.answer("openai.json")
	for _, v := range []feed.Validators{{}, before.Validators, without.Validators} {
		if r, err := c.Read(t.Context(), f, v); err == nil || !strings.Contains(err.Error(), "has moved") {
			t.Errorf("all gone, with %+v: %+v, %v", v, r, err)
		}
	}
}

// A table is read whole or not at all, and the fault names the file.
func TestReadSeveralFilesAllOrNothing(t *testing.T) {
	s := newSite(t)
	f := portkey(t, s)
	c, _ := reader(feed.Limits{Attempts: 2})
	s.answer("groq.json", page{body: portkeyTable("0.0001")})
	for _, bad := range []page{{status: http.StatusBadGateway}, {status: http.StatusForbidden}, {body: "["}, {body: "<html>"}} {
		s.answer("openai.json", bad)
		if e := refused(t, c, f); !strings.HasSuffix(e.URL, "/openai.json") || e.Source != "portkey" {
			t.Errorf("%+v: %v", bad, e)
		}
	}
}

func TestReadAFewFilesAtATime(t *testing.T) {
	var inside, most atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		n := inside.Add(1)
		defer inside.Add(-1)
		for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
		}
		_, _ = io.WriteString(w, portkeyTable("0.0003"))
	}))
	defer s.Close()
	c, _ := reader(feed.Limits{Parallel: 3})
	f := named(t, "portkey").At(s.URL)
	if r := read(t, c, f, feed.Validators{}); len(r.Snapshot.Facts) != len(f.Files) {
		t.Errorf("%d facts of %d files", len(r.Snapshot.Facts), len(f.Files))
	}
	if most.Load() > 3 {
		t.Errorf("%d requests at a time", most.Load())
	}
}

// A second at most before the second attempt, doubled before the third: half of it, as the dice fall here.
func TestReadTriesAgain(t *testing.T) {
	s := newSite(t)
	f := named(t, "litellm").At(s.URL)
	c, waits := reader(feed.Limits{})
	s.answer(litellmFile, page{status: 500}, page{status: 503}, page{body: litellmTable("3e-06")})
	if r := read(t, c, f, feed.Validators{}); rates(r.Snapshot) != "acme/m input = 3" {
		t.Errorf("reading: %+v", r)
	}
	if want := []time.Duration{500 * time.Millisecond, time.Second}; !slices.Equal(*waits, want) {
		t.Errorf("waits: %v, want %v", *waits, want)
	}

	*waits = nil
	s.answer(litellmFile, page{status: 500})
	e := refused(t, c, f)
	if e.Attempts != 4 || e.Status != 500 || s.asked() != 4 || len(*waits) != 3 {
		t.Errorf("%+v after %d requests and waits of %v", e, s.asked(), *waits)
	}
	if got, want := e.Error(), "litellm: "+f.Files[0].URL+": 500 Internal Server Error, after 4 attempts: read it again later"; got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
}

func TestReadDoesNotTryAgain(t *testing.T) {
	for _, c := range []struct {
		page
		cause error
		says  string
	}{
		{page{status: 404}, nil, "404 Not Found: the table has moved: find its new address"},
		{page{status: 410}, nil, "the table has moved"},
		{page{status: 403}, nil, "the server refuses"},
		{page{status: 401}, nil, "wants a login"},
		{page{status: 400}, nil, "400 Bad Request"},
		{page{header: http.Header{"Content-Type": {"text/html; charset=utf-8"}}, body: "Sign in"}, feed.ErrWebPage, "open the address"},
		{page{header: http.Header{"Content-Type": {"text/plain"}}, body: "\ufeff \n<!DOCTYPE html>"}, feed.ErrWebPage, "a web page"},
		{page{header: http.Header{"Content-Encoding": {"br"}}, body: "x"}, nil, `an encoding that was not asked for: "br"`},
		{page{body: `{"error": "try later"}`}, nil, "there is no price in it: the table has another form"},
		{page{body: `{"m": `}, nil, "not a litellm table"},
		{page{body: ""}, nil, "not a litellm table"},
		{page{body: strings.Repeat(" ", 2000)}, feed.ErrTooLarge, "more than the limit"},
	} {
		s := newSite(t)
		s.answer(litellmFile, c.page)
		client, waits := reader(feed.Limits{Bytes: 1000})
		e := refused(t, client, named(t, "litellm").At(s.URL))
		if s.asked() != 1 || len(*waits) > 0 || e.Attempts != 1 {
			t.Errorf("%+v: %d requests, %d attempts", c.page, s.asked(), e.Attempts)
		}
		if !strings.Contains(e.Error(), c.says) || c.cause != nil && !errors.Is(e, c.cause) {
			t.Errorf("%+v: %v", c.page, e)
		}
	}
}

func TestReadWaitsAsLongAsTheServerAsks(t *testing.T) {
	for _, c := range []struct {
		retryAfter string
		wait       time.Duration // none where the reading is given up
	}{
		{"7", 7*time.Second + 500*time.Millisecond},
		{now.Add(30 * time.Second).Format(http.TimeFormat), 30*time.Second + 500*time.Millisecond},
		{"60", time.Minute}, // the longest wait
		{now.Add(-time.Hour).Format(http.TimeFormat), 500 * time.Millisecond},
		{"soon", 500 * time.Millisecond},
		{"61", 0},
		{"99999999999999999999", 0},
		{now.Add(time.Hour).Format(http.TimeFormat), 0},
	} {
		s := newSite(t)
		f := named(t, "litellm").At(s.URL)
		busy := page{status: http.StatusTooManyRequests, header: http.Header{"Retry-After": {c.retryAfter}}}
		s.answer(litellmFile, busy, page{body: litellmTable("3e-06")})
		client, waits := reader(feed.Limits{})
		if c.wait == 0 {
			if e := refused(t, client, f); !errors.Is(e, feed.ErrPatience) || s.asked() != 1 || len(*waits) > 0 || e.Status != http.StatusTooManyRequests {
				t.Errorf("Retry-After %s: %v, waits %v", c.retryAfter, e, *waits)
			}
			continue
		}
		read(t, client, f, feed.Validators{})
		if !slices.Equal(*waits, []time.Duration{c.wait}) {
			t.Errorf("Retry-After %s: waits %v, want %s", c.retryAfter, *waits, c.wait)
		}
	}
}

// A body shorter than it was said to be is a fault of the network, whether it is packed or not.
func TestReadTruncatedBody(t *testing.T) {
	for name, body := range map[string]string{"plain": litellmTable("3e-06"), "gzip": zipped(litellmTable("3e-06"))} {
		attempts := 0
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			attempts++
			if name == "gzip" {
				w.Header().Set("Content-Encoding", "gzip")
			}
			w.Header().Set("Content-Length", strconv.Itoa(len(body)))
			_, _ = io.WriteString(w, body[:len(body)-10*(2-min(attempts, 2))])
		}))
		defer s.Close()
		c, _ := reader(feed.Limits{})
		r := read(t, c, named(t, "litellm").At(s.URL), feed.Validators{})
		if rates(r.Snapshot) != "acme/m input = 3" || attempts != 2 {
			t.Errorf("%s: %s after %d attempts", name, rates(r.Snapshot), attempts)
		}
	}
}

func zipped(text string) string {
	var b bytes.Buffer
	w, _ := gzip.NewWriterLevel(&b, gzip.BestSpeed)
	_, _ = io.WriteString(w, text)
	_ = w.Close()
	return b.String()
}

// What counts is the size after unpacking: here 10 MB in 10 kB.
func TestReadGzipBomb(t *testing.T) {
	s := newSite(t)
	s.answer(litellmFile, page{header: http.Header{"Content-Encoding": {"gzip"}}, body: zipped(strings.Repeat(" ", 10_000_000))})
	c, _ := reader(feed.Limits{Bytes: 1_000_000})
	if e := refused(t, c, named(t, "litellm").At(s.URL)); !errors.Is(e, feed.ErrTooLarge) || s.asked() != 1 {
		t.Errorf("%v after %d requests", e, s.asked())
	}
}

// The limit is for the whole table, and a failed attempt does not count.
func TestReadSizeLimitIsForTheTable(t *testing.T) {
	s := newSite(t)
	f := portkey(t, s)
	one := portkeyTable("0.0001")
	s.answer("groq.json", page{status: 500, body: one}, page{body: one})
	s.answer("openai.json", page{body: one})
	for limit, ok := range map[int]bool{2 * len(one): true, 2*len(one) - 1: false} {
		c, _ := reader(feed.Limits{Bytes: int64(limit)})
		if _, err := c.Read(t.Context(), f, feed.Validators{}); (err == nil) != ok || !ok && !errors.Is(err, feed.ErrTooLarge) {
			t.Errorf("limit %d: %v", limit, err)
		}
	}
}

func TestReadRedirects(t *testing.T) {
	s := newSite(t)
	s.answer("table", page{body: litellmTable("3e-06")})
	redirect := func(to string) page { return page{status: http.StatusFound, header: http.Header{"Location": {to}}} }
	c, _ := reader(feed.Limits{})
	f := named(t, "litellm").At(s.URL)
	s.answer(litellmFile, redirect("/elsewhere/table"))
	if r := read(t, c, f, feed.Validators{}); len(r.Snapshot.Facts) != 1 {
		t.Errorf("reading: %+v", r)
	}
	s.answer(litellmFile, redirect(litellmFile))
	if e := refused(t, c, f); !errors.Is(e, feed.ErrRedirects) || s.asked() != 6 || e.Attempts != 1 {
		t.Errorf("a circle: %v after %d requests", e, s.asked())
	}
	s.answer(litellmFile, redirect("http://tables.example/prices"))
	if e := refused(t, c, f); !errors.Is(e, feed.ErrInsecure) || s.asked() != 1 {
		t.Errorf("away from here without https: %v", e)
	}
}

// From https there is no way to http, not even on this machine.
func TestReadRefusesPlainHTTP(t *testing.T) {
	plain := newSite(t)
	plain.answer(litellmFile, page{body: litellmTable("3e-06")})
	secure := httptest.NewTLSServer(http.RedirectHandler(plain.URL+"/"+litellmFile, http.StatusMovedPermanently))
	defer secure.Close()
	c, _ := reader(feed.Limits{})
	c.HTTP = secure.Client()
	if e := refused(t, c, named(t, "litellm").At(secure.URL)); !errors.Is(e, feed.ErrInsecure) || plain.asked() != 0 {
		t.Errorf("redirect: %v", e)
	}
	e := refused(t, c, named(t, "litellm").At("http://robot:secret@tables.example"))
	if !errors.Is(e, feed.ErrInsecure) || !strings.Contains(e.Error(), "give an https address") {
		t.Errorf("address: %v", e)
	}
	if strings.Contains(e.Error(), "secret") {
		t.Errorf("the password is in the message: %v", e)
	}
}

func TestReadWithoutAnAddress(t *testing.T) {
	c, _ := reader(feed.Limits{})
	if e := refused(t, c, feed.Feed{Source: registry.Source{ID: "own"}}); !errors.Is(e, feed.ErrNoAddress) {
		t.Error(e)
	}
}

// transport answers requests without a network, so that a test can have a clock of its own.
type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// drip is a body that gives one byte and then nothing until its request is over.
type drip struct {
	ctx  context.Context
	done bool
}

func (d *drip) Read(p []byte) (int, error) {
	if !d.done {
		d.done = true
		return copy(p, "{"), nil
	}
	<-d.ctx.Done()
	return 0, d.ctx.Err()
}

func (d *drip) Close() error { return nil }

// slow answers every request with a body that never ends.
func slow(l feed.Limits) *feed.Client {
	c, _ := reader(l)
	c.Sleep = nil
	c.HTTP = &http.Client{Transport: transport(func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: &drip{ctx: r.Context()}}, nil
	})}
	return c
}

// Three attempts of ten seconds, with waits of half a second and a second between them.
func TestReadSlowBody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		e := refused(t, slow(feed.Limits{Request: 10 * time.Second, Attempts: 3}), named(t, "litellm"))
		if !errors.Is(e, context.DeadlineExceeded) || e.Attempts != 3 || !strings.Contains(e.Error(), "the server is slow") {
			t.Error(e)
		}
		if took := time.Since(start); took != 31500*time.Millisecond {
			t.Errorf("took %s", took)
		}
	})
}

// The limit for the whole table also ends a wait.
func TestReadTotalLimit(t *testing.T) {
	for total, attempts := range map[time.Duration]int{25 * time.Second: 3, 20*time.Second + 900*time.Millisecond: 2} {
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			e := refused(t, slow(feed.Limits{Request: 10 * time.Second, Total: total}), named(t, "litellm"))
			if !errors.Is(e, context.DeadlineExceeded) || e.Attempts != attempts || time.Since(start) != total {
				t.Errorf("%v after %d attempts and %s", e, e.Attempts, time.Since(start))
			}
		})
	}
}

func TestReadIsStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, stop)
		for range 2 { // while it waits for the body, and before it begins
			_, err := slow(feed.Limits{}).Read(ctx, named(t, "portkey"), feed.Validators{})
			if e, ok := errors.AsType[*feed.FetchError](err); !ok || !errors.Is(e, context.Canceled) || !strings.Contains(e.Error(), "the reading was stopped") {
				t.Error(err)
			}
		}
	})
}

func TestReadNetworkFault(t *testing.T) {
	broken := errors.New("connection reset")
	c, waits := reader(feed.Limits{})
	c.HTTP = &http.Client{Transport: transport(func(*http.Request) (*http.Response, error) { return nil, broken })}
	e := refused(t, c, named(t, "litellm"))
	if !errors.Is(e, broken) || e.Status != 0 || e.Attempts != 4 || len(*waits) != 3 {
		t.Errorf("%v, status %d, %d attempts", e, e.Status, e.Attempts)
	}
	if got, want := e.Error(), "litellm: "+e.URL+": connection reset, after 4 attempts: read it again later"; got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
}
