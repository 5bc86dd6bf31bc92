package logfile

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// The time limits of a fetch. A log may take long as a whole, so what is limited is the wait for more of it.
const (
	connectWait = 15 * time.Second
	answerWait  = 60 * time.Second
	silenceWait = 60 * time.Second
)

const maxRedirects = 5

// insecureRedirect is a redirect to an address that is not encrypted.
var errInsecureRedirect = errors.New("it redirects to an address that is not https")

func webClient() *http.Client {
	return &http.Client{
		Transport: &http.Transport{
			Proxy:                 http.ProxyFromEnvironment,
			DialContext:           (&net.Dialer{Timeout: connectWait}).DialContext,
			TLSHandshakeTimeout:   connectWait,
			ResponseHeaderTimeout: answerWait,
			ForceAttemptHTTP2:     true,
		},
		CheckRedirect: OnlySecure,
	}
}

// OnlySecure is a redirect policy for [http.Client]: a few, and only to https.
func OnlySecure(to *http.Request, via []*http.Request) error {
	switch {
	case to.URL.Scheme != "https":
		return errInsecureRedirect
	case len(via) > maxRedirects:
		return fmt.Errorf("it redirects more than %d times", maxRedirects)
	}
	return nil
}

// shown is an address without what it may keep secret: its user, its query and its fragment.
func shown(u *url.URL) string {
	v := *u
	v.User, v.RawQuery, v.Fragment, v.ForceQuery = nil, "", "", false
	return v.String()
}

// statuses are what to do about answers that are no log.
var statuses = []struct {
	from, to int
	hint     string
}{
	{401, 401, "the address needs credentials: sign it, or fetch the log yourself and pass it as a file"},
	{403, 403, "the address is not allowed, or its signature has expired: sign it again"},
	{404, 404, "check the address"},
	{410, 410, "check the address"},
	{429, 429, "the server asks for patience: try again later"},
	{500, 599, "the server has a fault: try again later"},
}

// web adds the log at a web address.
func (o *Opener) web(ctx context.Context, s *Set, address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return &Error{Kind: BadName, Name: "the address of a log", Problem: "cannot be understood", Hint: "write it as https://host/path"}
	}
	name := shown(u)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	client := o.Client
	if client == nil {
		client = webClient()
	}
	fail := func(problem string, err error, hint string) error {
		return &Error{Kind: Unreachable, Name: name, Problem: problem, Err: err, Hint: hint}
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return fail("cannot be asked for", bare(err), "")
	}
	request.Header.Set("User-Agent", "breakeven")
	answer, err := client.Do(request)
	if err != nil {
		return fail("cannot be fetched", bare(err), "check the address and the connection")
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		hint := "fetch the log yourself and pass it as a file"
		for _, st := range statuses {
			if answer.StatusCode >= st.from && answer.StatusCode <= st.to {
				hint = st.hint
			}
		}
		return fail(fmt.Sprintf("answers %d %s", answer.StatusCode, http.StatusText(answer.StatusCode)), nil, hint)
	}
	if kind, _, err := mime.ParseMediaType(answer.Header.Get("Content-Type")); err == nil && kind == "text/html" {
		return fail("answers with a web page and not with a log", nil, "the address may need credentials, or may be the page that links to the log")
	}
	silence := time.AfterFunc(silenceWait, func() { cancel(fmt.Errorf("nothing came for %s", silenceWait)) })
	defer silence.Stop()
	return s.keep(name, &heard{r: answer.Body, ctx: ctx, timer: silence})
}

// heard puts a timer off whenever something is read.
type heard struct {
	r     io.Reader
	ctx   context.Context
	timer *time.Timer
}

func (h *heard) Read(p []byte) (int, error) {
	n, err := h.r.Read(p)
	if n > 0 {
		h.timer.Reset(silenceWait)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		if cause := context.Cause(h.ctx); cause != nil {
			err = cause
		}
	}
	return n, bare(err)
}

// bare is the cause of an error of package net/http, whose own text holds the whole address.
func bare(err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		err = e.Err
	}
	if err != nil && strings.Contains(err.Error(), "://") {
		return errors.New("the request failed")
	}
	return err
}
