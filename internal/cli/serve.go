package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"syscall"
	"time"

	"breakeven/internal/app"
	"breakeven/internal/httpapi"
	"breakeven/internal/otlp"
)

type serveCmd struct {
	Mirror string        `help:"With --sync, read the sources from a server that has their paths." env:"BREAKEVEN_MIRROR" placeholder:"URL"`
	Sync   time.Duration `help:"Read the price sources this often, with jitter: 24h. Of several instances on one PostgreSQL, one does." placeholder:"EVERY"`
	Retain int           `help:"Delete kept calls that began more than so many days ago." name:"retain-days" placeholder:"N"`
	Addr   string        `help:"Address to listen on; port 0 takes a free one." default:"127.0.0.1:8080" env:"BREAKEVEN_ADDR"`

	OTLPEvery time.Duration `name:"otlp-every" help:"The least time between two commits of the spans that are sent to /v1/traces, and so how long an exporter may wait; most give up after 10s." default:"1s" placeholder:"EVERY"`
}

// maxOTLPEvery leaves an exporter's ten seconds time for the commit itself.
const maxOTLPEvery = 8 * time.Second

func (c serveCmd) Run(r run) error {
	if _, _, err := net.SplitHostPort(c.Addr); err != nil {
		return &app.KindError{Kind: app.BadUsage, Err: fmt.Errorf("--addr %q: %w", c.Addr, err), Hint: "write host:port, as in 127.0.0.1:8080"}
	}
	if c.OTLPEvery <= 0 || c.OTLPEvery > maxOTLPEvery {
		return &app.KindError{Kind: app.BadUsage, Err: fmt.Errorf("--otlp-every %s is not between 0 and %s", c.OTLPEvery, maxOTLPEvery), Hint: "exporters wait for 10 seconds, by default"}
	}
	if c.Retain < 0 || c.Retain > 0 && !r.app.TakesCalls() {
		return &app.KindError{Kind: app.BadUsage, Err: errors.New("--retain-days is a number of days, of calls that are kept"), Hint: "say with --warehouse where they are kept"}
	}
	listener, err := (&net.ListenConfig{}).Listen(r.ctx, "tcp", c.Addr)
	if err != nil {
		hint := "choose another address with --addr"
		if errors.Is(err, syscall.EADDRINUSE) {
			hint = "another program uses the port: choose another one with --addr, or port 0 for any free one"
		}
		return &app.KindError{Kind: app.Unreachable, Err: err, Hint: hint}
	}
	if os.Getenv("GOGC") == "" {
		// Answers of some hundred kilobytes each make garbage faster than anything else does, beside a registry of some
		// dozens of megabytes that stays. Less collecting keeps the slowest answers fast.
		debug.SetGCPercent(300)
	}
	log := slog.New(slog.NewTextHandler(r.env.Stderr, nil))
	var with []httpapi.Option
	if r.app.TakesCalls() {
		spans := otlp.New(r.app.Calls, otlp.Options{Now: r.app.Now, Every: c.OTLPEvery, Log: log})
		defer spans.Close()
		// What waits is committed at once, so that its requests end before the server does.
		stop := context.AfterFunc(r.ctx, spans.Close)
		defer stop()
		with = append(with, httpapi.Spans(spans))
	}
	server := &http.Server{Handler: httpapi.New(r.app, log, with...), ReadHeaderTimeout: 10 * time.Second, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelError)}
	if err := r.write(fmt.Appendf(nil, "Breakeven is at http://%s/\n", listener.Addr())); err != nil {
		return errors.Join(err, listener.Close())
	}
	// What pages of prices are made from is read before somebody asks. What goes wrong then is told to who asks.
	go func() { _, _ = r.app.PriceSources(r.ctx) }()
	if c.Retain > 0 {
		retained := make(chan struct{})
		ctx, stop := context.WithCancel(r.ctx)
		go func() {
			defer close(retained)
			r.app.Retain(ctx, c.Retain, log)
		}()
		defer func() { stop(); <-retained }()
	}
	if c.Sync > 0 {
		synced := make(chan struct{})
		ctx, stop := context.WithCancel(r.ctx)
		go func() {
			defer close(synced)
			r.app.KeepSynced(ctx, c.Sync, app.SyncRequest{Mirror: c.Mirror}, log)
		}()
		defer func() { stop(); <-synced }()
	}
	return httpapi.Serve(r.ctx, server, func() error { return server.Serve(listener) })
}

type versionCmd struct{}

func (versionCmd) Run(r run) error {
	s, err := r.app.Stamp()
	if err != nil {
		return err
	}
	return r.print(s, func(w io.Writer) {
		fmt.Fprintf(w, "breakeven %s, price book %s\n", s.Version, s.Snapshot)
	})
}
