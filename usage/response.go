package usage

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"breakeven/money"
	"breakeven/price"
)

// Response is the usage that a vendor's response body reports, in disjoint buckets.
type Response struct {
	Provider   string           `json:"provider,omitempty"`
	Model      string           `json:"model,omitempty" doc:"The model that answered, as the body names it."`
	ID         string           `json:"id,omitempty"`
	Created    time.Time        `json:"created,omitzero"`
	Tier       price.Tier       `json:"tier" doc:"The tier that the call was served on; standard where the body names none."`
	TierKnown  bool             `json:"tier_known" doc:"Whether the body names the tier."`
	Region     string           `json:"region,omitempty"`
	Quantities price.Quantities `json:"quantities"`
	Reported   Cost             `json:"reported" doc:"What the body says the call cost. It wins over a computed cost: it may hold fees that tokens do not show."`
	Dialect    string           `json:"dialect" doc:"The shape that the usage block was read as."`
	Where      string           `json:"where" doc:"Where in the body the usage block lies."`
	Notes      []string         `json:"notes,omitempty" doc:"What is odd about the body, and what its bill holds that tokens do not show."`
}

// UsageError is a usage block that is missing, unreadable or impossible.
type UsageError struct {
	Provider string
	Field    string // its path in the body
	Value    string
	Problem  string
	Hint     string
}

// Error names the field, its value, the problem and the remedy.
func (e *UsageError) Error() string {
	s := "response"
	if e.Provider != "" {
		s += " of " + e.Provider
	}
	if e.Field != "" {
		s += ": " + e.Field
	}
	if e.Value != "" {
		s += fmt.Sprintf(" %q", e.Value)
	}
	s += ": " + e.Problem
	if e.Hint != "" {
		s += " (" + e.Hint + ")"
	}
	return s
}

// FromResponse reads the usage of a vendor's response body. The provider decides how figures count: the same
// block means different quantities at different vendors. An unknown or empty provider is read by the block's
// shape, with a note.
//
// The body may also be a list of bodies, several bodies after each other, a stream's events with or without
// their "data:" prefix, or a realtime event. Parts of one answer are merged, the last figure winning, since
// streams report running totals; different answers are added up.
func FromResponse(provider string, body []byte) (Response, error) {
	answers, err := splitAnswers(provider, body)
	if err != nil {
		return Response{}, err
	}
	var all Response
	read := 0
	for _, a := range answers {
		if len(a.block) == 0 {
			continue
		}
		r, err := a.read(provider)
		if err != nil {
			return Response{}, err
		}
		if read++; read == 1 {
			all = r
			continue
		}
		if err := all.add(&r); err != nil {
			return Response{}, &UsageError{
				Provider: provider, Problem: "the answers' figures added up are out of range (more than 9,223,372,036,854,775,807)",
				Hint: "quote fewer answers at once",
			}
		}
	}
	if read == 0 {
		return Response{}, &UsageError{
			Provider: provider, Problem: "holds no usage: there is none at " + strings.Join(blockPaths, ", "),
			Hint: "a streamed answer has one only if the request asks for it, as stream_options.include_usage does",
		}
	}
	return all, nil
}

// add adds another answer up.
func (r *Response) add(o *Response) error {
	if o.Model != r.Model {
		r.note("The answers are of several models; only the first is named, and prices differ.")
	}
	if o.Tier != r.Tier {
		r.note("The answers were served on several tiers; only the first is named.")
	}
	r.ID = ""
	for _, n := range o.Notes {
		r.note(n)
	}
	if r.Reported.Known && o.Reported.Known {
		sum, err := r.Reported.USD.Add(o.Reported.USD)
		if err != nil {
			return err
		}
		r.Reported.USD = sum
	} else {
		r.Reported = Cost{} // a part of the cost is not the cost
	}
	return r.Quantities.Add(&o.Quantities)
}

func (r *Response) note(text string) {
	if !slices.Contains(r.Notes, text) {
		r.Notes = append(r.Notes, text)
	}
}

// answer is what the bodies of one answer say about it.
type answer struct {
	meta  map[string]string // by name of metaPaths
	root  string            // where the usage block lies
	block map[string]string // the block's scalars by path; lists of {modality, count} as path.MODALITY
	extra []iteration
}

// iteration is a part of an Anthropic answer: compaction and advisors are left out of its totals.
type iteration map[string]string

// blockPaths are the places of usage blocks, in the order in which they are looked at.
var blockPaths = []string{
	"usageMetadata", "usage_metadata", "response.usageMetadata", "response.usage_metadata",
	"usage.billed_units", "meta.billed_units", "response.usage", "message.usage", "x_groq.usage", "usage",
}

// metaPaths are the places of what else a body says. The first one that is there wins.
var metaPaths = map[string][]string{
	"id":      {"id", "response.id", "message.id", "responseId", "response.responseId", "response_id", "generation_id"},
	"model":   {"model", "response.model", "message.model", "modelVersion", "response.modelVersion", "model_version"},
	"created": {"created", "created_at", "response.created_at", "createTime", "create_time"},
	"tier": {
		"usage.service_tier", "response.usage.service_tier", "message.usage.service_tier", "service_tier", "response.service_tier",
		"serviceTier.type", "usageMetadata.serviceTier", "usageMetadata.trafficType", "usage_metadata.service_tier", "usage_metadata.traffic_type",
	},
	"speed":  {"usage.speed", "message.usage.speed"},
	"region": {"usage.inference_geo", "message.usage.inference_geo"},
	"type":   {"type"},
	"units":  {"usage.type"},
}

// bodyVisitor collects one body.
type bodyVisitor struct {
	paths  map[string]string // every scalar that may matter
	label  string            // of the current element of a list: a modality or a lifetime
	number string
	iters  []iteration
}

// nativeCounts are counts that lie outside any block.
var nativeCounts = []string{"prompt_token_count", "generation_token_count", "inputTextTokenCount"}

func matters(path string) bool {
	for _, b := range blockPaths {
		if len(path) > len(b) && path[len(b)] == '.' && path[:len(b)] == b {
			return true
		}
	}
	for _, places := range metaPaths {
		if slices.Contains(places, path) {
			return true
		}
	}
	return slices.Contains(nativeCounts, path)
}

const iterationsPath = "usage.iterations[]"

func (v *bodyVisitor) open(path []byte) {
	switch {
	case string(path) == iterationsPath:
		v.iters = append(v.iters, iteration{})
	case bytes.HasSuffix(path, []byte("[]")):
		v.label, v.number = "", ""
	}
}

func (v *bodyVisitor) value(path, raw []byte, kind scalar) {
	if kind == jsonNull {
		return
	}
	p := string(path)
	if !matters(p) {
		return
	}
	text := string(raw)
	if kind == jsonString {
		text = string(unescape(nil, raw))
	}
	if inner, ok := strings.CutPrefix(p, iterationsPath+"."); ok {
		if len(v.iters) > 0 {
			v.iters[len(v.iters)-1][inner] = text
		}
		return
	}
	list, key, found := strings.Cut(p, "[].")
	if !found {
		v.paths[p] = text
		return
	}
	_ = list
	switch key {
	case "modality", "ttl":
		v.label = strings.ToUpper(text)
	case "tokenCount", "token_count", "inputTokens":
		v.number = text
	}
}

func (v *bodyVisitor) closed(path []byte) {
	if list, ok := bytes.CutSuffix(path, []byte("[]")); ok && v.label != "" && v.number != "" {
		v.paths[string(list)+"."+v.label] = v.number
		v.label, v.number = "", ""
	}
}

// splitAnswers reads the bodies and puts those of one answer together.
func splitAnswers(provider string, body []byte) ([]*answer, error) {
	var answers []*answer
	byID := map[string]*answer{}
	d := &document{name: "response", r: bufferOf(stripEvents(body)), max: len(body) + 1, line: 1}
	err := d.each(nil, func(raw []byte, line int) error {
		v := bodyVisitor{paths: map[string]string{}}
		var w walker
		if err := w.walk(raw, "", &v); err != nil {
			return err
		}
		next := newAnswer(&v)
		var into *answer
		switch id := next.meta["id"]; {
		case id != "" && byID[id] != nil:
			into = byID[id]
		case id != "":
			byID[id] = next
		case len(answers) > 0 && next.continues(answers[len(answers)-1]):
			into = answers[len(answers)-1]
		}
		if into == nil {
			answers = append(answers, next)
			return nil
		}
		into.merge(next)
		return nil
	})
	if err != nil {
		problem := "is no JSON"
		if e, ok := errors.AsType[*FileError](err); ok {
			problem = e.Problem
			return nil, &UsageError{Provider: provider, Field: fmt.Sprintf("line %d", e.Line), Problem: problem}
		}
		return nil, &UsageError{Provider: provider, Problem: problem + ": " + err.Error()}
	}
	return answers, nil
}

// stripEvents turns the lines of a server-sent event stream into the JSON that they carry.
func stripEvents(body []byte) []byte {
	text := bytes.TrimSpace(body)
	if !bytes.HasPrefix(text, []byte("data:")) && !bytes.HasPrefix(text, []byte("event:")) && !bytes.HasPrefix(text, []byte(":")) {
		return body
	}
	out := make([]byte, 0, len(body))
	for line := range bytes.Lines(body) {
		data, ok := bytes.CutPrefix(line, []byte("data:"))
		if data = bytes.TrimSpace(data); ok && !bytes.Equal(data, []byte("[DONE]")) {
			out = append(append(out, data...), '\n')
		}
	}
	return out
}

func newAnswer(v *bodyVisitor) *answer {
	a := &answer{meta: map[string]string{}, block: map[string]string{}, extra: v.iters}
	for name, places := range metaPaths {
		for _, p := range places {
			if text := v.paths[p]; text != "" {
				a.meta[name] = text
				break
			}
		}
	}
	for _, root := range blockPaths {
		prefix := root + "."
		for p, text := range v.paths {
			if inner, ok := strings.CutPrefix(p, prefix); ok {
				a.block[inner] = text
			}
		}
		if len(a.block) > 0 {
			a.root = root
			return a
		}
	}
	for _, p := range nativeCounts {
		if text, ok := v.paths[p]; ok {
			a.block[p] = text
		}
	}
	return a
}

// continues reports whether a body without an identifier is a later part of the answer before it: a stream's
// event, or a chunk of Gemini's, whose totals grow.
func (a *answer) continues(before *answer) bool {
	if t := a.meta["type"]; strings.HasPrefix(t, "message_") || strings.HasPrefix(t, "content_block_") || t == "ping" {
		return true
	}
	return len(a.block) > 0 && strings.HasSuffix(strings.ToLower(a.root), "metadata") && before.meta["id"] == "" &&
		(len(before.block) == 0 || before.root == a.root)
}

// merge takes over what a later part of the answer says.
func (a *answer) merge(later *answer) {
	for name, text := range later.meta {
		if name != "type" || a.meta[name] == "" {
			a.meta[name] = text
		}
	}
	if len(later.block) > 0 {
		a.root = later.root
	}
	maps.Copy(a.block, later.block)
	if later.extra != nil {
		a.extra = later.extra
	}
}

// read turns the answer's block into quantities.
func (a *answer) read(provider string) (Response, error) {
	r := Response{Provider: provider, Model: a.meta["model"], ID: a.meta["id"], Where: a.root}
	if a.meta["units"] == "duration" {
		return r, &UsageError{
			Provider: provider, Field: "usage.seconds", Value: a.block["seconds"],
			Problem: "is billed by the second, and nothing but tokens can be priced here",
		}
	}
	v, known := vendorOf(provider)
	d := v.dialectOf(a)
	if d == nil {
		names := make([]string, 0, len(v.dialects))
		for _, d := range v.dialects {
			names = append(names, d.name)
		}
		return r, &UsageError{
			Provider: provider, Field: a.root, Problem: "has none of the counts that were looked for; it was read as " + strings.Join(names, ", "),
			Hint: "say which vendor the body is from",
		}
	}
	r.Dialect = d.name
	if !known {
		r.note("The vendor is unknown; the usage was read by its shape, as " + d.name + ".")
	}
	c, names, err := a.counts(provider, d)
	if err != nil {
		return r, err
	}
	rules := d.rules
	if v.reasoningByTotal {
		rules.reasoningApart = reasoningApart(c, rules.reasoningApart)
	}
	if d.adjust != nil {
		d.adjust(a, c, &r)
	}
	c.put(fRequests, 1)
	q, note, wrong := rules.buckets(c)
	if wrong != nil {
		return r, &UsageError{
			Provider: provider, Field: names[wrong.f], Value: a.block[strings.TrimPrefix(names[wrong.f], a.root+".")],
			Problem: wrong.problem, Hint: "the body contradicts itself, or is another vendor's",
		}
	}
	if note != "" {
		r.note(note)
	}
	r.Quantities = q
	a.fillMeta(v, &r)
	return r, nil
}

// counts reads the block's counts, and where each was found.
func (a *answer) counts(provider string, d *dialect) (*counts, map[field]string, error) {
	c, names, ranks := &counts{}, map[field]string{}, map[field]uint8{}
	for _, p := range slices.Sorted(maps.Keys(d.fields)) { // in an order, so that of several faults the same is told
		b := d.fields[p]
		text, ok := a.block[p]
		if !ok {
			continue
		}
		path := p
		if a.root != "" {
			path = a.root + "." + p
		}
		n, problem, hint := parseCount([]byte(text))
		if problem != "" {
			return nil, nil, &UsageError{Provider: provider, Field: path, Value: clip(text), Problem: problem, Hint: hint}
		}
		// As in rows: a count that is not zero wins, then the lower rank.
		if c.has(b.f) && !(c.n[b.f] == 0 && n != 0) && ((n == 0 && c.n[b.f] != 0) || ranks[b.f] <= b.rank) {
			continue
		}
		c.put(b.f, n)
		names[b.f], ranks[b.f] = path, b.rank
	}
	return c, names, nil
}

// reasoningApart decides by the total whether the output holds the reasoning.
func reasoningApart(c *counts, usual bool) bool {
	if reasoning := c.get(fReasoning); reasoning > 0 && c.has(fTotal) {
		switch c.get(fTotal) - c.get(fInput) - c.get(fOutput) {
		case 0:
			return false
		case reasoning:
			return true
		}
	}
	return usual
}

func (a *answer) fillMeta(v *vendor, r *Response) {
	if text := a.meta["tier"]; text != "" {
		tier, err := price.ParseTier(text)
		if err != nil {
			r.note("Service tier " + quote(text) + " has no price of its own here; it was read as standard.")
		}
		r.Tier, r.TierKnown = tier, err == nil
	}
	if text := a.meta["speed"]; text != "" {
		if tier, ok := speeds[strings.ToLower(text)]; !ok {
			r.note("Speed " + quote(text) + " is not known; it was read as standard.")
		} else if tier != price.Standard {
			r.Tier, r.TierKnown = tier, true
		}
	}
	if text := a.meta["region"]; text != "not_available" && text != "unknown" {
		r.Region = text
	}
	if st, err := parseStamp([]byte(a.meta["created"])); err == nil {
		r.Created = st.t
		if st.numeric {
			if unit := unixUnit(st.whole); unit != 0 {
				r.Created, _ = st.scaled(unit)
			}
		}
	}
	for _, cost := range v.costs {
		text, ok := a.block[cost.path]
		if !ok {
			continue
		}
		usd, err := money.ParseUSDRounded(scaledText([]byte(text), cost.exponent))
		if err != nil || usd < 0 {
			r.note("The reported cost " + quote(text) + " is no amount of dollars and was left out.")
			continue
		}
		r.Reported = Cost{USD: usd, Known: true}
	}
	if v.note != nil {
		v.note(a, r)
	}
}
