package feed

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"breakeven/fact"
	"breakeven/registry"
)

// Reading is what came of reading a feed.
type Reading struct {
	Snapshot   registry.Snapshot // zero where Unchanged
	Validators Validators        // for the next reading
	// Unchanged says that the source declared to say what it said at the last reading.
	Unchanged bool
	Bytes     int64 // the size of the table, unpacked
	Status    int   // the server's last word: 200 or 304; zero for a file
	// Faults lists what could not be read and was left out.
	Faults []Fault
}

// Validators are what a server gave to recognise a state of its table by. Those of a table in several files are
// joined into one text, which only [Client.Read] takes apart.
type Validators struct {
	ETag         string
	LastModified string
}

// FetchError says that a feed could not be read, why, and what to do. What was read before stays valid.
type FetchError struct {
	Source   string
	URL      string // or the name of a file
	Status   int    // the server's last answer; zero where there was none
	Err      error
	Attempts int // zero for a file
}

func (e *FetchError) Error() string {
	s := e.Source + ": " + redacted(e.URL) + ": " + e.Err.Error()
	if e.Attempts > 1 {
		s += fmt.Sprintf(", after %d attempts", e.Attempts)
	}
	return s + ": " + e.advice()
}

// Unwrap returns the cause.
func (e *FetchError) Unwrap() error { return e.Err }

// redacted hides a password in an address.
func redacted(address string) string {
	if u, err := url.Parse(address); err == nil && u.User != nil {
		return u.Redacted()
	}
	return address
}

// Causes of a [FetchError], besides those of the network and of the decoders.
var (
	ErrWebPage   = errors.New("a web page, not a table")
	ErrTooLarge  = errors.New("more than the limit")
	ErrInsecure  = errors.New("an address without https")
	ErrRedirects = errors.New("too many redirects")
	ErrPatience  = errors.New("the server asks to wait longer than the limit")
	ErrNoAddress = errors.New("a feed without an address")
)

// statusError is an answer other than the table.
type statusError int

func (e statusError) Error() string { return fmt.Sprintf("%d %s", int(e), http.StatusText(int(e))) }

// advices say what to do about a cause; the first that fits counts.
var advices = []struct {
	cause error
	do    string
}{
	{ErrWebPage, "open the address, and see whether the table has moved or the server wants something first"},
	{ErrTooLarge, "look at what the address gives; if the table has grown that much, raise the limit"},
	{ErrInsecure, "give an https address"},
	{ErrRedirects, "open the address, and use the one where it leads to"},
	{ErrPatience, "read it again later, and less often"},
	{ErrNoAddress, "read it from a file"},
	{context.Canceled, "the reading was stopped"},
	{context.DeadlineExceeded, "the server is slow: read it again later"},
	{statusError(http.StatusUnauthorized), "the server wants a login: look for another address"},
	{statusError(http.StatusForbidden), "the server refuses: it may block this network"},
	{statusError(http.StatusNotFound), "the table has moved: find its new address"},
	{statusError(http.StatusGone), "the table has moved: find its new address"},
	{statusError(http.StatusTooManyRequests), "read it again later, and less often"},
}

func (e *FetchError) advice() string {
	for _, a := range advices {
		if errors.Is(e.Err, a.cause) {
			return a.do
		}
	}
	if _, ok := errors.AsType[*FormatError](e.Err); ok {
		return "the table has another form than this program reads: look for a newer version"
	}
	if e.Attempts == 0 {
		return "check the path"
	}
	return "read it again later"
}

// Limits bound a reading. What is zero is the default.
type Limits struct {
	Bytes     int64         // of a table, unpacked: 64 MiB
	Total     time.Duration // for a table: 5 minutes
	Request   time.Duration // for one request with its answer: 1 minute
	Attempts  int           // for one file: 4
	Backoff   time.Duration // before the second attempt, at most; it doubles from then on: 1 second
	Wait      time.Duration // between two attempts, at most: 1 minute
	Redirects int           // of one request: 5
	Parallel  int           // requests at a time: 4
}

func (l Limits) orDefaults() Limits {
	return Limits{
		Bytes: cmp.Or(l.Bytes, 64<<20), Total: cmp.Or(l.Total, 5*time.Minute), Request: cmp.Or(l.Request, time.Minute),
		Attempts: cmp.Or(l.Attempts, 4), Backoff: cmp.Or(l.Backoff, time.Second), Wait: cmp.Or(l.Wait, time.Minute),
		Redirects: cmp.Or(l.Redirects, 5), Parallel: cmp.Or(l.Parallel, 4),
	}
}

// UserAgent is how a reader introduces itself to the servers of others: with its name, its version, what it does and,
// where there is one, an address under which whoever runs such a server can ask to stop it.
func UserAgent(version, contact string) string {
	what := "reads public price tables"
	if contact != "" {
		what += "; " + contact
	}
	return "breakeven/" + version + " (" + what + ")"
}

// Client reads feeds over HTTP.
type Client struct {
	HTTP      *http.Client                               // sends the requests; nil for one with Go's defaults
	Now       func() time.Time                           // the clock
	Jitter    func() float64                             // uniform in [0, 1)
	Sleep     func(context.Context, time.Duration) error // nil to wait in earnest
	UserAgent string                                     // see the function of that name
	Limits    Limits
}

// Read reads a feed. With the validators of an earlier reading it asks the server for the table only if it has
// changed since; they are those of the last reading that succeeded, or zero. It tries again what may pass: faults of
// the network, answers cut short, and the statuses 408, 429 and 5xx, waiting longer each time and as long as the
// server asks to. A table in several files is read whole or not at all; a file that the server says is gone is part
// of what the table says, and a fault in the reading. Every error is a [*FetchError].
func (c *Client) Read(ctx context.Context, f Feed, v Validators) (Reading, error) {
	if len(f.Files) == 0 {
		return Reading{}, &FetchError{Source: f.ID, Err: ErrNoAddress}
	}
	l := c.Limits.orDefaults()
	ctx, cancel := context.WithTimeout(ctx, l.Total)
	defer cancel()
	r := reader{Client: c, limits: l, source: f.ID, split: f.split(), http: c.client(l)}
	r.left.Store(l.Bytes)
	before := v.apart(f.Files)
	answers, err := r.all(ctx, f.Files, before)
	if err != nil {
		return Reading{}, err
	}
	reading := Reading{Unchanged: true, Status: http.StatusNotModified}
	present := false
	var kept []File
	for i := range answers {
		a := &answers[i]
		if a.unchanged() {
			kept = append(kept, f.Files[i])
		}
		reading.Unchanged = reading.Unchanged && (a.unchanged() || a.gone() && before[i].ETag == goneTag)
		present = present || !a.gone()
	}
	if !present {
		return Reading{}, &FetchError{f.ID, f.Files[0].URL, answers[0].status, statusError(answers[0].status), 1}
	}
	if reading.Unchanged {
		reading.Validators = together(f.Files, answers)
		return reading, nil
	}
	// Where only some of several files have changed, the table needs the others as well.
	again, err := r.all(ctx, kept, make([]Validators, len(kept)))
	if err != nil {
		return Reading{}, err
	}
	reading.Status = http.StatusOK
	var date fact.Date
	var contents []content
	var gone []Fault
	for i := range answers {
		if answers[i].unchanged() {
			answers[i], again = again[0], again[1:]
		}
		a := &answers[i]
		if a.gone() {
			gone = append(gone, Fault{Provider: f.Files[i].Name, Err: statusError(a.status)})
			continue
		}
		contents = append(contents, content{f.Files[i].Name, f.Files[i].URL, a.body})
		date = max(date, a.date())
	}
	reading.Validators = together(f.Files, answers)
	if where, err := reading.take(f, contents, c.Now(), date); err != nil {
		return Reading{}, &FetchError{f.ID, where, http.StatusOK, err, 1}
	}
	reading.Unchanged = false
	reading.Faults = append(gone, reading.Faults...)
	return reading, nil
}

// take decodes the table, or says which of its files cannot be.
func (r *Reading) take(f Feed, contents []content, taken time.Time, date fact.Date) (where string, err error) {
	for _, c := range contents {
		r.Bytes += int64(len(c.data))
	}
	table, where, err := f.table(contents, date)
	if err != nil {
		return where, err
	}
	facts, faults := table.Facts()
	r.Snapshot, r.Faults = registry.NewSnapshot(f.Source, taken, table.Source.Date, facts), append(table.Faults, faults...)
	return "", nil
}

// apart gives each file its own validators. All are zero where one is: the table then has to be read whole.
func (v Validators) apart(files []File) []Validators {
	if len(files) == 1 {
		return []Validators{v}
	}
	var etags, dates map[string]string
	_ = json.Unmarshal([]byte(v.ETag), &etags)         // what is not ours says nothing
	_ = json.Unmarshal([]byte(v.LastModified), &dates) // likewise
	each := make([]Validators, len(files))
	for i, f := range files {
		each[i] = Validators{etags[f.Name], dates[f.Name]}
		if each[i] == (Validators{}) {
			return make([]Validators, len(files))
		}
	}
	return each
}

// goneTag stands for the validator of a file that is gone. No server gives it, so that asking with it finds out
// whether the file is back.
const goneTag = `"gone"`

// together joins the validators of all files into one text each.
func together(files []File, answers []answer) Validators {
	if len(files) == 1 {
		return answers[0].validators
	}
	join := func(part func(Validators) string) string {
		texts := map[string]string{}
		for i := range files {
			if text := part(answers[i].validators); text != "" {
				texts[files[i].Name] = text
			}
		}
		if len(texts) == 0 {
			return ""
		}
		joined, err := json.Marshal(texts)
		if err != nil {
			return ""
		}
		return string(joined)
	}
	return Validators{
		join(func(v Validators) string { return v.ETag }),
		join(func(v Validators) string { return v.LastModified }),
	}
}

// client is the HTTP client with our rule for redirects.
func (c *Client) client(l Limits) *http.Client {
	var h http.Client
	if c.HTTP != nil {
		h = *c.HTTP
	}
	h.CheckRedirect = func(next *http.Request, before []*http.Request) error {
		if len(before) > l.Redirects {
			return ErrRedirects
		}
		if next.URL.Scheme != "https" && !(local(next.URL) && local(before[0].URL)) {
			return fmt.Errorf("%w: %s", ErrInsecure, next.URL.Redacted())
		}
		return nil
	}
	return &h
}

// local reports whether an address is on this machine, where it needs no https.
func local(u *url.URL) bool {
	if u.Scheme != "http" {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}

// reader is one reading of a feed.
type reader struct {
	*Client
	limits Limits
	source string
	split  bool // the table has several files, of which one may be gone
	http   *http.Client
	left   atomic.Int64 // of the limit on bytes
}

// answer is what a server said about a file.
type answer struct {
	status     int
	body       []byte
	validators Validators
}

func (a *answer) unchanged() bool { return a.status == http.StatusNotModified }

func (a *answer) gone() bool { return a.status == http.StatusNotFound || a.status == http.StatusGone }

// date is the day on which the server says that the file was changed, if it does.
func (a *answer) date() fact.Date {
	t, err := http.ParseTime(a.validators.LastModified)
	if err != nil {
		return ""
	}
	return fact.Date(t.UTC().Format(time.DateOnly))
}

// all reads several files, a few at a time. The first fault stops the rest.
func (r *reader) all(ctx context.Context, files []File, validators []Validators) ([]answer, error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	answers := make([]answer, len(files))
	faults := make([]error, len(files))
	next := make(chan int)
	var wg sync.WaitGroup
	for range min(r.limits.Parallel, len(files)) {
		wg.Go(func() {
			for i := range next {
				if answers[i], faults[i] = r.file(ctx, files[i].URL, validators[i]); faults[i] != nil {
					stop(faults[i])
				}
			}
		})
	}
	for i := range files {
		select {
		case next <- i:
		case <-ctx.Done():
		}
	}
	close(next)
	wg.Wait()
	// The cause is the first fault of a file, or else why all had to stop: then any file can tell how far it came.
	for _, err := range append([]error{context.Cause(ctx)}, faults...) {
		if e, ok := errors.AsType[*FetchError](err); ok {
			return nil, e
		}
	}
	if err := context.Cause(ctx); err != nil && len(files) > 0 {
		return nil, &FetchError{Source: r.source, URL: files[0].URL, Err: err, Attempts: 1}
	}
	return answers, nil
}

// file reads one file, in as many attempts as it takes and the limits allow.
func (r *reader) file(ctx context.Context, address string, v Validators) (answer, error) {
	backoff := r.limits.Backoff
	for attempt := 1; ; attempt++ {
		a, again, err := r.attempt(ctx, address, v)
		if err == nil {
			return a, nil
		}
		failed := &FetchError{r.source, address, a.status, err, attempt}
		switch {
		case ctx.Err() != nil:
			// The time for the whole table is over, or somebody stopped the reading.
			if cause := context.Cause(ctx); !errors.Is(err, cause) {
				failed.Err = fmt.Errorf("%w (%w)", cause, err)
			}
			return a, failed
		case again.never || attempt == r.limits.Attempts:
			return a, failed
		case again.after > r.limits.Wait:
			failed.Err = fmt.Errorf("%w, and %w: %s", err, ErrPatience, again.after)
			return a, failed
		}
		wait := again.after + time.Duration(r.Jitter()*float64(min(backoff, r.limits.Wait)))
		if err := r.sleep(ctx, min(wait, r.limits.Wait)); err != nil {
			failed.Err = fmt.Errorf("%w (%w)", err, failed.Err)
			return a, failed
		}
		backoff = min(2*backoff, r.limits.Wait)
	}
}

func (r *reader) sleep(ctx context.Context, d time.Duration) error {
	if r.Sleep != nil {
		return r.Sleep(ctx, d)
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// again is whether and when a failed attempt is worth repeating.
type again struct {
	never bool
	after time.Duration
}

var never = again{never: true}

// attempt sends one request and reads its answer.
func (r *reader) attempt(ctx context.Context, address string, v Validators) (answer, again, error) {
	ctx, cancel := context.WithTimeout(ctx, r.limits.Request)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return answer{}, never, err
	}
	if req.URL.Scheme != "https" && !local(req.URL) {
		return answer{}, never, ErrInsecure
	}
	for name, value := range map[string]string{
		"User-Agent": r.UserAgent, "Accept": "application/json, text/plain;q=0.9", "Accept-Encoding": "gzip",
		"If-None-Match": v.ETag, "If-Modified-Since": v.LastModified,
	} {
		if value != "" {
			req.Header.Set(name, value)
		}
	}
	resp, err := r.http.Do(req)
	if err != nil {
		// What the client adds, method and address, stands in the error already.
		if e, ok := errors.AsType[*url.Error](err); ok {
			err = e.Err
		}
		return answer{}, again{never: errors.Is(err, ErrRedirects) || errors.Is(err, ErrInsecure)}, err
	}
	defer resp.Body.Close()
	a := answer{status: resp.StatusCode, validators: Validators{resp.Header.Get("ETag"), resp.Header.Get("Last-Modified")}}
	switch code := resp.StatusCode; {
	case code == http.StatusOK:
		a.body, err = r.body(resp)
		permanent := errors.Is(err, ErrTooLarge) || errors.Is(err, ErrWebPage) || errors.Is(err, errEncoding)
		return a, again{never: permanent}, err
	case code == http.StatusNotModified && v != (Validators{}):
		a.validators = Validators{cmp.Or(a.validators.ETag, v.ETag), cmp.Or(a.validators.LastModified, v.LastModified)}
		return a, again{}, nil
	case r.split && a.gone():
		a.validators = Validators{ETag: goneTag}
		return a, again{}, nil
	case code == http.StatusRequestTimeout || code == http.StatusTooManyRequests || code >= http.StatusInternalServerError:
		return a, again{after: r.retryAfter(resp.Header.Get("Retry-After"))}, statusError(code)
	default:
		return a, never, statusError(code)
	}
}

// retryAfter reads how long a server asks to wait: in seconds, or until a date.
func (r *reader) retryAfter(text string) time.Duration {
	// More than 32 bits of seconds is a century, which is all that matters of it.
	if n, err := strconv.ParseUint(text, 10, 32); err == nil || errors.Is(err, strconv.ErrRange) {
		return time.Duration(n) * time.Second
	}
	if t, err := http.ParseTime(text); err == nil {
		return max(0, t.Sub(r.Now()))
	}
	return 0
}

var errEncoding = errors.New("an encoding that was not asked for")

// body reads an answer, unpacks it, and refuses what is no JSON at first sight.
func (r *reader) body(resp *http.Response) ([]byte, error) {
	var packed io.Reader = resp.Body
	switch encoding := strings.ToLower(resp.Header.Get("Content-Encoding")); encoding {
	case "", "identity":
	case "gzip", "x-gzip":
		unzip, err := gzip.NewReader(resp.Body)
		if err != nil {
			return nil, fmt.Errorf("gzip: %w", err)
		}
		packed = unzip
	default:
		return nil, fmt.Errorf("%w: %q", errEncoding, encoding)
	}
	data, err := readAll(packed, &r.left)
	if err != nil {
		return nil, err
	}
	if kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type")); kind == "text/html" || looksLikeMarkup(data) {
		return nil, ErrWebPage
	}
	return data, nil
}

// looksLikeMarkup reports whether data begins as HTML or XML do, and JSON never does.
func looksLikeMarkup(data []byte) bool {
	return bytes.HasPrefix(bytes.TrimSpace(bytes.TrimPrefix(data, []byte("\ufeff"))), []byte("<"))
}

// readAll reads to the end, or until what is left of the limit is used up. An attempt that fails gives back what
// it took.
func readAll(from io.Reader, left *atomic.Int64) ([]byte, error) {
	var buf bytes.Buffer
	n, err := buf.ReadFrom(&metered{from, left})
	if err != nil {
		left.Add(n)
		return nil, err
	}
	return buf.Bytes(), nil
}

// metered is a reader that stops where a limit is used up.
type metered struct {
	from io.Reader
	left *atomic.Int64
}

func (m *metered) Read(p []byte) (int, error) {
	n, err := m.from.Read(p)
	if m.left.Add(-int64(n)) < 0 {
		return n, ErrTooLarge
	}
	return n, err
}
