package price

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Kind is what one unit of a call is billed as. The kinds are disjoint: a cached audio token counts as
// [AudioCacheRead] and nowhere else, and visible output tokens count as [Output] without the reasoning.
type Kind uint8

// The billing kinds.
const (
	Input        Kind = iota // text tokens of the prompt that no cache served or stored
	CacheRead                // text tokens read from the vendor's prompt cache
	CacheWrite5m             // text tokens written to a cache that lives five minutes
	CacheWrite1h             // text tokens written to a cache that lives one hour
	CacheWrite               // text tokens written to a cache whose lifetime the log does not say
	AudioInput
	AudioCacheRead
	ImageInput
	ImageCacheRead
	VideoInput
	Output    // text tokens of the answer, without reasoning
	Reasoning // thinking tokens
	Citation  // quoted source tokens that some search models bill apart
	AudioOutput
	ImageOutput
	VideoOutput
	Request   // the call itself
	WebSearch // searches that the vendor ran for the call

	KindCount // how many kinds there are
)

// Side tells which part of a bill a kind belongs to.
type Side uint8

// The sides of a bill.
const (
	InputSide Side = iota + 1
	OutputSide
	FeeSide // per request or per search: no tier or region multiplies it
)

// none marks a kind without a fallback.
const none = KindCount

// kinds is the table of all kinds. Where a sheet has no rate for a kind, the vendor bills it at the rate of
// its fallback; a kind without a fallback has no price then, and a quote that needs it is incomplete.
// Audio, image and video have none on purpose: text rates for them are wrong by a factor of up to 16.
var kinds = [KindCount]struct {
	name     string
	label    string
	side     Side
	fallback Kind
}{
	Input:          {"input", "input", InputSide, none},
	CacheRead:      {"cache_read", "cache read", InputSide, Input},
	CacheWrite5m:   {"cache_write_5m", "cache write, 5 minutes", InputSide, Input},
	CacheWrite1h:   {"cache_write_1h", "cache write, 1 hour", InputSide, Input},
	CacheWrite:     {"cache_write", "cache write", InputSide, CacheWrite5m},
	AudioInput:     {"audio_input", "audio input", InputSide, none},
	AudioCacheRead: {"audio_cache_read", "audio cache read", InputSide, AudioInput},
	ImageInput:     {"image_input", "image input", InputSide, none},
	ImageCacheRead: {"image_cache_read", "image cache read", InputSide, ImageInput},
	VideoInput:     {"video_input", "video input", InputSide, none},
	Output:         {"output", "output", OutputSide, none},
	Reasoning:      {"reasoning", "reasoning", OutputSide, Output},
	Citation:       {"citation", "citation", OutputSide, none},
	AudioOutput:    {"audio_output", "audio output", OutputSide, none},
	ImageOutput:    {"image_output", "image output", OutputSide, none},
	VideoOutput:    {"video_output", "video output", OutputSide, none},
	Request:        {"request", "request", FeeSide, none},
	WebSearch:      {"web_search", "web search", FeeSide, none},
}

// Kinds lists all kinds in the order of a bill.
func Kinds() []Kind {
	all := make([]Kind, 0, KindCount)
	for k := range KindCount {
		all = append(all, k)
	}
	return all
}

// String is the kind's name in files and in JSON.
func (k Kind) String() string {
	if k >= KindCount {
		return fmt.Sprintf("Kind(%d)", uint8(k))
	}
	return kinds[k].name
}

// Label is the kind's name in prose.
func (k Kind) Label() string { return kinds[k].label }

// Side is the part of the bill that the kind belongs to.
func (k Kind) Side() Side { return kinds[k].side }

// ParseKind reads a kind's name.
func ParseKind(text string) (Kind, error) {
	for k := range KindCount {
		if kinds[k].name == text {
			return k, nil
		}
	}
	names := make([]string, 0, KindCount)
	for k := range KindCount {
		names = append(names, kinds[k].name)
	}
	return 0, fmt.Errorf("unknown kind %q; the kinds are %s", text, strings.Join(names, ", "))
}

// MarshalText writes the kind's name.
func (k Kind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText reads a kind's name.
func (k *Kind) UnmarshalText(text []byte) error {
	v, err := ParseKind(string(text))
	if err == nil {
		*k = v
	}
	return err
}

// Quantities is how much of each kind a call, or a group of calls, used: tokens, requests, searches.
type Quantities [KindCount]int64

// Add adds the quantities of another call, or reports which kind overflowed.
func (q *Quantities) Add(r *Quantities) error {
	for k := range q {
		sum := q[k] + r[k]
		if (sum > q[k]) != (r[k] > 0) && r[k] != 0 {
			return fmt.Errorf("price: %s: more than an int64 holds", Kind(k))
		}
		q[k] = sum
	}
	return nil
}

// Sub takes quantities away that are a part of these.
func (q *Quantities) Sub(r *Quantities) {
	for k := range q {
		q[k] -= r[k]
	}
}

// InputTokens is the whole prompt: every kind on the input side, cached or not. Context bands look at it.
func (q *Quantities) InputTokens() int64 { return q.side(InputSide) }

// OutputTokens is the whole answer, reasoning included.
func (q *Quantities) OutputTokens() int64 { return q.side(OutputSide) }

func (q *Quantities) side(s Side) int64 {
	var n int64
	for k := range q {
		if kinds[k].side == s {
			n += q[k]
		}
	}
	return n
}

// Check refuses a negative quantity.
func (q *Quantities) Check() error {
	for k, n := range q {
		if n < 0 {
			return fmt.Errorf("price: %s is negative (%d)", Kind(k), n)
		}
	}
	return nil
}

// MarshalJSON writes an object of the kinds that are not zero.
func (q Quantities) MarshalJSON() ([]byte, error) {
	m := make(map[string]int64)
	for k, n := range q {
		if n != 0 {
			m[kinds[k].name] = n
		}
	}
	return json.Marshal(m)
}

// UnmarshalJSON reads what [Quantities.MarshalJSON] writes.
func (q *Quantities) UnmarshalJSON(data []byte) error {
	var m map[Kind]int64
	if err := json.Unmarshal(data, &m); err != nil {
		return err
	}
	*q = Quantities{}
	for k, n := range m {
		q[k] = n
	}
	return q.Check()
}
