// Package usage reads what vendors, gateways and tracers export about calls to language models, and turns
// every row into one canonical record with disjoint token buckets.
//
// Reading guide: call.go is the record; read.go detects a format and streams a file through its reader;
// convention.go and clock.go decide what the file's own rows tell about its figures and times; then one file for
// each format. response.go reads the usage block of a vendor's response body.
package usage

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"breakeven/money"
	"breakeven/price"
)

// Call is one metered request, or one row of a report that adds several up.
type Call struct {
	// ID is the source's own identifier of the row; importing it twice must change nothing. May be empty.
	ID string
	// Start is when the call began, or the begin of the row's bucket. In a trace whose clock is relative it
	// counts from the Unix epoch.
	Start time.Time
	// End is the end of the row's bucket; zero for a single call.
	End time.Time
	// Requests is how many calls the row stands for. Some reports do not say.
	Requests Count

	Provider string // as the source names it; empty where it names none
	Model    string
	Region   string
	Tier     price.Tier
	// ContextOver is the context boundary that the source says the row's calls exceed (200,000 in Anthropic's
	// "200k-1M"); zero where it says nothing or says that they do not.
	ContextOver int64

	// Quantities are the tokens in disjoint buckets. Requests are in them where the count is known.
	Quantities price.Quantities

	Project, APIKey, User, Session string

	// Blocks identify the blocks of the prompt in their order, where a trace has them. They are reused with the call.
	Blocks []uint64

	Latency, TTFT time.Duration // zero where unknown
	Failed        bool

	// Reported is what the source says the row cost, beside which a computed cost can be shown.
	Reported Cost

	Line int // where the row stands in its file, from 1; zero where lines mean nothing
}

// Count is a number of requests that may be unknown. Unknown is not zero, and not one. In JSON it is a number, or
// null where it is unknown.
type Count struct {
	N     int64
	Known bool
}

// MarshalJSON writes the number, or null.
func (c Count) MarshalJSON() ([]byte, error) {
	if !c.Known {
		return []byte("null"), nil
	}
	return strconv.AppendInt(nil, c.N, 10), nil
}

// UnmarshalJSON reads a whole number that is not negative, or null.
func (c *Count) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		*c = Count{}
		return nil
	}
	n, err := strconv.ParseInt(string(data), 10, 64)
	switch {
	case errors.Is(err, strconv.ErrRange):
		return fmt.Errorf("usage: count %s is out of range (more than 9,223,372,036,854,775,807)", clip(string(data)))
	case err != nil:
		return fmt.Errorf("usage: count %s is no whole number; write a number, or null where it is unknown", clip(string(data)))
	case n < 0:
		return fmt.Errorf("usage: count %d is negative", n)
	}
	*c = Count{N: n, Known: true}
	return nil
}

// Cost is an amount that a source reports, if it does.
type Cost struct {
	USD   money.USD
	Known bool
}

// Aggregate reports whether the row adds up several calls, or may do so, so that a context band cannot be
// told from its sums.
func (c *Call) Aggregate() bool { return !c.End.IsZero() || !c.Requests.Known || c.Requests.N != 1 }

// Reach is how long a prompt the row may hold, in tokens, to tell which context bands it may fall in: its own for one
// call, and for several four times their mean, or all of their input where their number is unknown.
func (c *Call) Reach() int64 {
	input := c.Quantities.InputTokens()
	if c.Aggregate() && c.Requests.Known && c.Requests.N > 0 {
		return input / c.Requests.N * 4
	}
	return input
}
