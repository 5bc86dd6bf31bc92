package usage

import (
	"fmt"
	"math/bits"
	"strings"
)

// field is one thing that a row may say about a call. Readers map a file's columns to fields, and row.go turns
// the fields into a [Call], the same way for every format.
type field uint8

const (
	noField field = iota

	fTime // texts
	fEnd
	fDone
	fFirstToken
	fID
	fProvider
	fModel
	fRegion
	fTier
	fSpeed
	fBatch
	fContext
	fCost
	fCurrency
	fProject
	fAPIKey
	fUser
	fSession
	fLatencyMS
	fLatencyS
	fTTFTMS
	fTTFTS
	fStatus
	fCacheHit
	fKind
	fBlocks
	fMeter // the parts of a bill's line, which no mapping names
	fAmount
	fUnit

	fInput // counts
	fUncached
	fCacheRead
	fCacheWrite
	fCacheWrite5m
	fCacheWrite1h
	fToolInput
	fAudioInput
	fAudioCacheRead
	fImageInput
	fImageCacheRead
	fVideoInput
	fVideoCacheRead
	fOutput
	fReasoning
	fCitation
	fAudioOutput
	fImageOutput
	fVideoOutput
	fTotal
	fRequests
	fWebSearch

	fieldCount
)

const firstCount, lastCount = fInput, fWebSearch

// isCount reports whether the field is a number of tokens, requests or searches.
func (f field) isCount() bool { return f >= firstCount && f <= lastCount }

// fieldTable names the fields as Options.Mapping does; one without a text is for readers only.
var fieldTable = [fieldCount]struct{ name, doc string }{
	noField:         {"", ""},
	fTime:           {"time", "when the call began, or the begin of the row's bucket"},
	fEnd:            {"end", "end of the row's bucket"},
	fDone:           {"done", "when the call ended"},
	fFirstToken:     {"first_token", "when the first token arrived"},
	fID:             {"id", "the source's identifier of the row"},
	fProvider:       {"provider", "who served the call"},
	fModel:          {"model", "the model that answered"},
	fRegion:         {"region", "where it was served"},
	fTier:           {"tier", "service tier: standard, batch, flex, priority"},
	fSpeed:          {"speed", "speed of the model: fast"},
	fBatch:          {"batch", "whether the call was part of a batch: true or false"},
	fContext:        {"context", "context window of the row's calls: 0-200k, 200k-1M"},
	fCost:           {"cost", "what the source says the row cost, in US dollars"},
	fCurrency:       {"currency", "currency of the cost; only USD can be read"},
	fProject:        {"project", "project, team or workspace"},
	fAPIKey:         {"api_key", "name or hash of the API key"},
	fUser:           {"user", "user"},
	fSession:        {"session", "conversation, session or trace"},
	fLatencyMS:      {"latency_ms", "duration of the call in milliseconds"},
	fLatencyS:       {"latency_s", "duration of the call in seconds"},
	fTTFTMS:         {"ttft_ms", "time to the first token in milliseconds"},
	fTTFTS:          {"ttft_s", "time to the first token in seconds"},
	fStatus:         {"status", "success or failure, or an HTTP status"},
	fCacheHit:       {"cache_hit", "whether a gateway answered from its own cache: true or false"},
	fKind:           {"kind", "what the row records; rows that add up others, such as chains and agents, are left out"},
	fBlocks:         {"blocks", "identifiers of the blocks of the prompt, in their order: equal blocks behind equal ones can come from a prefix cache"},
	fMeter:          {"meter", ""},
	fAmount:         {"amount", ""},
	fUnit:           {"unit", ""},
	fInput:          {"input", "input tokens; Options.Input says whether cached ones are among them"},
	fUncached:       {"input_uncached", "input tokens that no cache served or stored"},
	fCacheRead:      {"cache_read", "input tokens read from the vendor's cache"},
	fCacheWrite:     {"cache_write", "input tokens written to the vendor's cache, in all"},
	fCacheWrite5m:   {"cache_write_5m", "the part of them that lives five minutes"},
	fCacheWrite1h:   {"cache_write_1h", "the part of them that lives one hour"},
	fToolInput:      {"tool_input", "input tokens of tool use that the input does not hold"},
	fAudioInput:     {"audio_input", "audio tokens of the input, cached ones included"},
	fAudioCacheRead: {"audio_cache_read", "audio tokens read from the vendor's cache"},
	fImageInput:     {"image_input", "image tokens of the input, cached ones included"},
	fImageCacheRead: {"image_cache_read", "image tokens read from the vendor's cache"},
	fVideoInput:     {"video_input", "video tokens of the input, cached ones included"},
	fVideoCacheRead: {"video_cache_read", "video tokens read from the vendor's cache"},
	fOutput:         {"output", "output tokens, reasoning included"},
	fReasoning:      {"reasoning", "the part of the output that is reasoning"},
	fCitation:       {"citation", "citation tokens, beside the output"},
	fAudioOutput:    {"audio_output", "audio tokens of the output"},
	fImageOutput:    {"image_output", "image tokens of the output"},
	fVideoOutput:    {"video_output", "video tokens of the output"},
	fTotal:          {"total", "input and output tokens together: tells whether the input holds cached ones"},
	fRequests:       {"requests", "how many calls the row stands for"},
	fWebSearch:      {"web_search", "searches that the vendor ran"},
}

// String is the field's name.
func (f field) String() string { return fieldTable[f].name }

// FieldNames lists the fields that [Options.Mapping] can name; Name says what each is.
func FieldNames() []FieldName {
	list := make([]FieldName, 0, fieldCount-1)
	for f := noField + 1; f < fieldCount; f++ {
		if fieldTable[f].doc != "" {
			list = append(list, FieldName{Field: fieldTable[f].name, Name: fieldTable[f].doc})
		}
	}
	return list
}

func parseField(name string) (field, error) {
	for f := noField + 1; f < fieldCount; f++ {
		if fieldTable[f].name == name && fieldTable[f].doc != "" {
			return f, nil
		}
	}
	names := make([]string, 0, fieldCount-1)
	for f := noField + 1; f < fieldCount; f++ {
		if fieldTable[f].doc != "" {
			names = append(names, fieldTable[f].name)
		}
	}
	return noField, fmt.Errorf("unknown field %q; the fields are %s", clip(name), strings.Join(names, ", "))
}

// counts are the numbers of a row or a response, each of which may be missing.
type counts struct {
	n   [fieldCount]int64
	set uint64 // bit f is set where n[f] is known
}

func (c *counts) has(f field) bool     { return c.set&(1<<f) != 0 }
func (c *counts) get(f field) int64    { return c.n[f] } // zero where it is missing
func (c *counts) put(f field, n int64) { c.n[f], c.set = n, c.set|1<<f }
func (c *counts) add(f field, n int64) { c.put(f, c.n[f]+n) }
func (c *counts) drop(f field)         { c.n[f], c.set = 0, c.set&^(1<<f) }

// clear makes all counts unknown.
func (c *counts) clear() {
	for set := c.set; set != 0; set &= set - 1 {
		c.n[bits.TrailingZeros64(set)] = 0
	}
	c.set = 0
}

// zero reports whether no count is above zero.
func (c *counts) zero() bool {
	for f := firstCount; f <= lastCount; f++ {
		if c.n[f] != 0 {
			return false
		}
	}
	return true
}

func (c *counts) any(list ...field) (yes bool) {
	for _, f := range list {
		yes = yes || c.has(f)
	}
	return yes
}
