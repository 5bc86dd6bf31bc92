// Package warehouse is where call logs are kept, and the one question that is asked of them.
//
// An engine counts tokens; Go does the money. A [Question] scans rows, maps each to its group and to the side of each
// [Cuts] boundary that it lies on, and adds up integers. Rows of one [Group] therefore all fall under the same rates,
// whatever their provider charges, and no engine needs to know a price.
//
// Reading guide: warehouse.go is the question and its answer; group.go is how a call finds its group, in Go. Package
// folder keeps Parquet files and scans them here; package clickhouse pushes the question down to a server.
package warehouse

import (
	"context"
	"errors"
	"fmt"
	"time"

	"breakeven/money"
	"breakeven/price"
	"breakeven/usage"
)

// Engine keeps calls and answers questions about them. It is safe for concurrent use.
type Engine interface {
	// Where names the engine's place in messages: a path, or a server without its password.
	Where() string
	// Contents lists what is kept, each thing that has a price of its own, in a fixed order.
	Contents(ctx context.Context, s Selection) ([]Content, error)
	// Ask answers a question. Groups come in no order, each key once; emit may keep the group.
	Ask(ctx context.Context, q Question, emit func(*Group) error) error
	// Scan hands on the selected calls in the order of their start. The *Call is reused.
	Scan(ctx context.Context, s Selection, emit func(*usage.Call) error) error
	// Import begins to take a log in. A log of the same digest that was taken in before is a [*KnownError].
	Import(ctx context.Context, o Origin) (Batch, error)
	// Imports lists the logs that were taken in, the latest first.
	Imports(ctx context.Context) ([]Receipt, error)
	// Delete removes the selected calls, so that importing their log again does not bring them back, and proves it.
	// With dry it only counts.
	Delete(ctx context.Context, s Selection, at time.Time, dry bool) (Proof, error)
	// Close gives back what the engine holds. What was committed stays.
	Close() error
}

// Dimension is what calls are grouped by or selected on.
type Dimension uint8

// The dimensions.
const (
	Hour Dimension = iota
	Day
	Month
	Model
	Provider
	Project
	User
	Key // the API key's name or identifier
	Tier

	DimensionCount // how many there are
)

var dimensionNames = [DimensionCount]string{
	Hour: "hour", Day: "day", Month: "month", Model: "model", Provider: "provider", Project: "project", User: "user", Key: "key", Tier: "tier",
}

// String is the dimension's name on the command line and in the API.
func (d Dimension) String() string {
	if d < DimensionCount {
		return dimensionNames[d]
	}
	return fmt.Sprintf("Dimension(%d)", uint8(d))
}

// ParseDimension reads a dimension's name.
func ParseDimension(name string) (Dimension, bool) {
	for d, n := range dimensionNames {
		if n == name {
			return Dimension(d), true
		}
	}
	return 0, false
}

// Timed reports whether the dimension is a span of time rather than a name.
func (d Dimension) Timed() bool { return d <= Month }

// Selection says which calls are meant: those that begin in [From, To) and that every filter lets through. The zero
// value is all.
type Selection struct {
	From, To time.Time // zero is open
	Only     []Filter
}

// Filter lets calls through whose dimension has one of the values. The dimension is not [Dimension.Timed].
type Filter struct {
	Dimension Dimension
	Values    []string
}

// Cuts are the boundaries at which a price may change. Rows on two sides of one are never in the same group. Each list
// is ascending and without doubles.
type Cuts struct {
	Epochs  []time.Time // instants
	Bands   []int64     // tokens; compared with [usage.Call.Reach]
	Minutes []int       // minutes after Monday 00:00 UTC, in 0..10079
}

// Question asks for sums of calls.
type Question struct {
	Selection
	By   []Dimension
	Cuts Cuts
}

// Group is the sum of calls that are alike: same key, same provider, model, region, tier and boundary of context, same
// side of every cut, all single calls or none of them.
type Group struct {
	// Key has the value of each dimension of the question, in its order; see [Value].
	Key []string

	Provider, Model, Region string
	Tier                    price.Tier
	ContextOver             int64
	// Aggregate is [usage.Call.Aggregate] of its rows.
	Aggregate bool

	// Start is the begin of the group's earliest row, and End the latest end of its rows; zero where they have none.
	Start, End time.Time
	// Reach is the least [usage.Call.Reach] of its rows.
	Reach int64

	Rows       int64
	Requests   int64 // of the rows that know
	Unknown    int64 // rows that do not know how many requests they are
	Failed     int64
	Quantities price.Quantities
	Reported   money.USD // of the rows that report a cost
	Unreported int64     // rows that report none
}

// Content is one thing with a price of its own: what is kept of it, and when it was called.
type Content struct {
	Provider, Model, Region string
	Tier                    price.Tier
	Rows                    int64
	First, Last             time.Time // of the rows' starts
}

// Origin says where a batch of calls comes from.
type Origin struct {
	// Name is the log's name in messages, and Format its format.
	Name, Format string
	// Digest identifies the log's bytes and how they were read. Where it is still being worked out, [Batch.Identify]
	// says it later.
	Digest string
	// Live marks calls that arrive over the network: there is no log and no digest, and commits are many.
	Live bool
	At   time.Time // when it is taken in
}

// Batch is an import under way. What was added is seen by nobody until it is committed, and then all of it at once.
type Batch interface {
	// Add takes a call. A call without a time is an error: there is no day to keep it under.
	Add(c *usage.Call) error
	// Identify says the log's digest, where Import was not told. A log of the same digest that was taken in before is a
	// [*KnownError]; the batch is then good for nothing but Abort.
	Identify(digest string) error
	// Commit makes the batch part of what is kept. A call that is there already counts once: see [Receipt].
	Commit(ctx context.Context) (Receipt, error)
	// Abort drops the batch. After Commit it does nothing.
	Abort() error
}

// Receipt says what became of the rows of an import. Rows = Added + Same + Replaced + Withheld.
type Receipt struct {
	ID     string    `json:"id" doc:"The import's identifier."`
	Name   string    `json:"name" doc:"The log's name."`
	Format string    `json:"format,omitempty"`
	Digest string    `json:"digest,omitempty" doc:"SHA-256 of the log's bytes and of how they were read."`
	At     time.Time `json:"at"`

	Rows     int64 `json:"rows" doc:"Calls that the log holds."`
	Added    int64 `json:"added" doc:"Calls that were new."`
	Same     int64 `json:"same" doc:"Calls that were there already, or twice in the log: they count once."`
	Replaced int64 `json:"replaced" doc:"Rows that replaced an earlier statement of the same call or bucket."`
	Withheld int64 `json:"withheld" doc:"Calls of a project or user whose calls were deleted: they stay out."`

	First time.Time `json:"first_start,omitzero"`
	Last  time.Time `json:"last_start,omitzero"`
}

// Proof says that calls were deleted, in a form that can be kept: it names nobody.
type Proof struct {
	At       time.Time  `json:"at"`
	Dry      bool       `json:"dry,omitempty" doc:"Nothing was deleted: the calls were only counted."`
	What     string     `json:"what" doc:"SHA-256, salted with the store's own secret, of what was selected."`
	Before   int64      `json:"rows_before" doc:"Rows that were kept."`
	Matching int64      `json:"rows_matching" doc:"Rows that were selected."`
	After    int64      `json:"rows_after" doc:"Rows that are kept now: counted again, not worked out."`
	Left     int64      `json:"rows_left" doc:"Selected rows that a second search finds: zero."`
	Parts    []Rewrites `json:"parts" nullable:"false" doc:"Files or partitions that were rewritten."`
}

// Rewrites is one file or partition before and after a deletion.
type Rewrites struct {
	Name    string `json:"name"`
	Removed int64  `json:"rows_removed"`
	Before  string `json:"before,omitempty" doc:"SHA-256 of the file before."`
	After   string `json:"after,omitempty" doc:"SHA-256 of the file that replaces it; absent where none does."`
}

// KnownError says that a log was taken in before.
type KnownError struct{ Receipt Receipt }

func (e *KnownError) Error() string {
	return fmt.Sprintf("%s was taken in before, on %s as %s: nothing was added", e.Receipt.Name, e.Receipt.At.UTC().Format(time.DateOnly), e.Receipt.ID)
}

// DamageError says that what is kept is not what was committed: a file is missing, torn or changed. No total is given,
// because it would be too small.
type DamageError struct {
	Place   string // the file, or the shard
	Problem string
	Hint    string
	Err     error
}

func (e *DamageError) Error() string {
	s := e.Place + ": " + e.Problem
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	if e.Hint != "" {
		s += " (" + e.Hint + ")"
	}
	return s
}

// Unwrap returns the cause.
func (e *DamageError) Unwrap() error { return e.Err }

// ErrOverflow says that a sum is more than an int64 holds. It is never wrapped around.
var ErrOverflow = errors.New("warehouse: a sum of counts is more than 9,223,372,036,854,775,807")

// ErrNoTime says that a call has no time, so that there is no day to keep it under.
var ErrNoTime = errors.New("the call has no time, and calls are kept by day")
