package app

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"breakeven/internal/store"
)

// AuditAnswer is what an audit of the registry database found.
type AuditAnswer struct {
	Sound     bool         `json:"sound"`
	Broken    string       `json:"broken,omitempty" doc:"The first break, and where it is."`
	Database  string       `json:"database"`
	Head      store.Head   `json:"head" doc:"The end of the chain. Note it down elsewhere: a later audit proves that nothing before it was rewritten."`
	Known     []store.Head `json:"known" nullable:"false" doc:"Heads that were noted down earlier, and were looked for."`
	Snapshots int64        `json:"snapshots"`
	Runs      int64        `json:"runs"`
	Facts     int64        `json:"facts"`
}

// Audit recomputes all that the registry database claims. A break is an answer and no error.
func (a *App) Audit(ctx context.Context, known []store.Head) (AuditAnswer, error) {
	db := a.library.store
	if db == nil {
		return AuditAnswer{}, errNoDatabase
	}
	report, err := db.Audit(ctx, known...)
	answer := AuditAnswer{
		Sound: err == nil, Database: db.Engine(), Head: report.Head, Known: append([]store.Head{}, known...),
		Snapshots: report.Snapshots, Runs: report.Runs, Facts: report.Facts,
	}
	if broken, ok := errors.AsType[*store.TamperError](err); ok {
		answer.Broken = broken.Error()
		return answer, nil
	}
	if err != nil {
		return answer, unreachable(err)
	}
	return answer, nil
}

// ParseHead reads a head as an audit prints it: the number of changes, a colon, the hash.
func ParseHead(text string) (store.Head, error) {
	seq, hash, ok := strings.Cut(text, ":")
	n, err := strconv.ParseInt(seq, 10, 64)
	if !ok || err != nil || n < 0 || len(hash) != len(store.Genesis) {
		return store.Head{}, &KindError{Kind: BadUsage, Err: fmt.Errorf("%q is no head of a chain", text), Hint: "write it as an audit gives it: NUMBER:HASH"}
	}
	return store.Head{Seq: n, Hash: hash}, nil
}
