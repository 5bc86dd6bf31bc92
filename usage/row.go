package usage

import (
	"bytes"
	"encoding/binary"
	"hash/fnv"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"breakeven/money"
	"breakeven/price"
)

// binding says which field a column fills. Where several columns fill one field, the lowest rank wins; among
// counts one that is not zero wins over one that is, since exporters fill a field they do not know with zero.
type binding struct {
	f    field
	rank uint8
}

// row is what one row of a file says, as text.
type row struct {
	line int
	text [fieldCount][]byte
	name [fieldCount]string // the file's name for the field
	rank [fieldCount]uint8
	used []field
	// scratch holds texts that had to be unescaped.
	scratch []byte
	failed  bool // the reader knows that the call failed
	// met are the columns of a JSON row that were read, and twice is one that came again.
	met    []string
	twice  string
	bad    *rowProblem // what the format found wrong
	blocks []uint64    // of a list in a JSON row
	// blank has bit f set where the column of a field is there and holds nothing.
	blank uint64
}

func (r *row) reset(line int) {
	for _, f := range r.used {
		r.text[f] = nil
	}
	r.used, r.scratch, r.met, r.blocks = r.used[:0], r.scratch[:0], r.met[:0], r.blocks[:0]
	r.line, r.failed, r.twice, r.bad, r.blank = line, false, "", nil, 0
}

// meet notes that a JSON row has a key, which it may have once. Elements of lists share one name.
func (r *row) meet(name string) {
	if slices.Contains(r.met, name) {
		if !strings.Contains(name, "[]") {
			r.twice = name
		}
		return
	}
	r.met = append(r.met, name)
}

// set fills a field, unless a better column has filled it already.
func (r *row) set(b binding, name string, text []byte) {
	if len(text) == 0 {
		r.blank |= 1 << b.f
		return
	}
	old := r.text[b.f]
	switch {
	case old == nil:
		r.used = append(r.used, b.f)
	case b.f.isCount() && isZero(old) != isZero(text):
		if isZero(text) {
			return
		}
	case b.rank >= r.rank[b.f]:
		return
	}
	r.text[b.f], r.name[b.f], r.rank[b.f] = text, name, b.rank
}

// prefix is the blocks of the row's prompt: a list of a JSON row, or a cell with spaces between them.
func (r *row) prefix() []uint64 {
	if text := r.text[fBlocks]; text != nil {
		for name := range bytes.FieldsSeq(text) {
			r.blocks = append(r.blocks, blockID(name))
		}
	}
	return r.blocks
}

// blockID is the identifier of a block: a number, or the hash of another name.
func blockID(name []byte) uint64 {
	if n, err := strconv.ParseUint(string(name), 10, 64); err == nil {
		return n
	}
	h := fnv.New64a()
	_, _ = h.Write(name) // a hash takes everything
	return h.Sum64()
}

// drop empties a field.
func (r *row) drop(f field) {
	r.text[f] = nil
	r.used = slices.DeleteFunc(r.used, func(g field) bool { return g == f })
}

func isZero(text []byte) bool {
	for _, c := range text {
		if c != '0' && c != '.' {
			return false
		}
	}
	return true
}

// maxCount is the largest count that is believed: a thousand billion tokens in one row.
const maxCount = 1_000_000_000_000_000

// fault makes the error of a row.
func (s *session) fault(r *row, f field, problem, hint string) error {
	e := RowError{File: s.name, Line: r.line, Field: r.name[f], Problem: problem, Hint: hint}
	if text := r.text[f]; len(text) > 0 {
		e.Value = clip(strings.ToValidUTF8(string(text), "\uFFFD"))
	} else {
		e.Field = ""
	}
	return &e
}

// parseCount reads a whole number, also written as "59200.0".
func parseCount(text []byte) (n int64, problem, hint string) {
	if n, ok := parseDigits(text); ok {
		return n, "", ""
	}
	text = bytes.TrimSpace(text)
	s, ok := parseNumber(text)
	switch {
	case !ok && bytes.ContainsAny(text, ",_ '"):
		return 0, "is no number", "write it without separators"
	case !ok && bytes.ContainsAny(text, "eE") && plainExponent(text) != nil:
		return parseCount(plainExponent(text))
	case !ok && allDigits(bytes.TrimPrefix(text, []byte("-"))):
		return 0, "is out of range: no count is that large", "map another column, or mend the export"
	case !ok:
		return 0, "is no number", "a token count is a whole number; map another column, or mend the export"
	case s.nano != 0:
		return 0, "is no whole number", "a token count is a whole number; map another column"
	case s.whole < 0:
		return 0, "is negative", "mend the export: no call has fewer than no tokens"
	case s.whole > maxCount:
		return 0, "is too large to be a count", "map another column, or mend the export"
	}
	return s.whole, "", ""
}

// parseDigits reads the commonest count: digits alone, and not many of them.
func parseDigits(text []byte) (n int64, ok bool) {
	if len(text) == 0 || len(text) > 15 {
		return 0, false
	}
	for _, c := range text {
		if !digit(c) {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, true
}

func allDigits(text []byte) bool {
	for _, c := range text {
		if !digit(c) {
			return false
		}
	}
	return len(text) > 0
}

// plainExponent writes 1.2e3 as 1200, and is nil where that is not a whole number.
func plainExponent(text []byte) []byte {
	usd, err := money.ParseUSD(string(text))
	if err != nil {
		return nil
	}
	return []byte(usd.String())
}

// tokenCounts reads the row's counts into s.counts. A nil error with skip says that the row is no call, and why.
func (s *session) tokenCounts(r *row) (skip string, err error) {
	if r.twice != "" {
		return "", &RowError{
			File: s.name, Line: r.line, Field: r.twice, Problem: "stands in the row more than once",
			Hint: "mend the export: which of the values counts cannot be told",
		}
	}
	if r.bad != nil {
		return "", s.fault(r, r.bad.f, r.bad.problem, r.bad.hint)
	}
	if truth(r.text[fCacheHit]) {
		return "the gateway answered from its own cache: no vendor was called", nil
	}
	if lowerIn(summing, r.text[fKind]) {
		return "the row adds up the calls below it", nil
	}
	c := &s.counts
	c.clear()
	tokens := false
	for _, f := range r.used {
		if !f.isCount() {
			continue
		}
		n, problem, hint := parseCount(r.text[f])
		if problem != "" {
			return "", s.fault(r, f, problem, hint)
		}
		c.put(f, n)
		tokens = tokens || (f != fTotal && f != fRequests)
	}
	if err := s.complete(r, c, tokens); err != nil {
		return "", err
	}
	if !tokens && c.set&^(1<<fRequests|1<<fTotal) == 0 {
		return "the row holds no token counts", nil
	}
	return "", nil
}

// needed is a count that a file's rows must have.
type needed struct {
	f    field
	name string // the file's column
}

// complete checks that the row has the counts that the file has columns for: an empty cell is unknown, and
// unknown is not zero. A call that failed may have none.
func (s *session) complete(r *row, c *counts, tokens bool) error {
	said := false
	for _, need := range s.needs {
		if c.has(need.f) || need.f == fInput && c.has(fUncached) {
			continue
		}
		blank := r.blank&(1<<need.f) != 0
		switch {
		case !blank && !tokens: // a JSON record of something else
		case s.rowFailed(r):
			if !said {
				s.note("Failed calls have empty token counts, which were read as zero.")
			}
			said = true
			c.put(need.f, 0)
		case need.f == fOutput && c.has(fTotal) && c.has(fInput) && c.get(fTotal) == c.get(fInput):
			c.put(need.f, 0) // the total says that there was none
		default:
			problem := "is missing"
			if blank {
				problem = "is empty"
			}
			return &RowError{
				File: s.name, Line: r.line, Field: need.name, Problem: problem,
				Hint: "write 0 where a call had none, or mark the call as failed in a status column",
			}
		}
	}
	return nil
}

func (s *session) rowFailed(r *row) bool { return r.failed || failure(r.text[fStatus]) }

// makeCall turns a row into s.call. A nil error with skip says that the row is no call, and why.
func (s *session) makeCall(r *row) (skip string, err error) {
	if skip, err := s.tokenCounts(r); skip != "" || err != nil {
		return skip, err
	}
	c := &s.counts
	call := &s.call
	*call = Call{Line: r.line}
	if err := s.fillTimes(r, call); err != nil {
		return "", err
	}
	if err := s.settle(r, c); err != nil {
		return "", err
	}
	bucket := !call.End.IsZero() || c.has(fRequests)
	if bucket && c.zero() {
		return "the bucket is empty", nil
	}
	switch {
	case c.has(fRequests) && c.get(fRequests) > 0:
		call.Requests = Count{N: c.get(fRequests), Known: true}
	case c.has(fRequests):
		s.note("Rows with tokens say that they stand for no request; their number of requests is unknown.")
	case call.End.IsZero():
		call.Requests = Count{N: 1, Known: true}
	}
	c.drop(fRequests)
	if call.Requests.Known {
		c.put(fRequests, call.Requests.N)
	}
	q, note, wrong := s.rules.buckets(c)
	if wrong != nil {
		return "", s.impossible(r, wrong)
	}
	if note != "" {
		s.note(note)
	}
	call.Quantities = q
	s.fillTexts(r, call)
	return "", s.fillCost(r, call)
}

func (s *session) impossible(r *row, wrong *impossible) error {
	hint := "mend the export"
	if wrong.excludes {
		hint = hintOther[Includes]
	}
	return s.fault(r, wrong.f, wrong.problem, hint)
}

func (s *session) fillTimes(r *row, call *Call) error {
	if r.text[fTime] == nil {
		if s.hasTime {
			return s.fault(r, fTime, "the row has no time", "mend the export")
		}
		return nil
	}
	start, st, err := s.instant(r, fTime)
	if err != nil {
		return err
	}
	if s.clock == Absolute && !s.opt.Now.IsZero() && start.After(s.opt.Now.Add(24*time.Hour)) {
		return s.fault(r, fTime, "lies in the future", "check the unit and the zone of the time column")
	}
	call.Start = start
	if r.text[fEnd] != nil {
		if call.End, _, err = s.instant(r, fEnd); err != nil {
			return err
		}
		if !call.End.After(start) {
			return s.fault(r, fEnd, "is not after the begin of the bucket", "mend the export")
		}
	} else if st.dateOnly || s.format.days {
		call.End = start.Add(24 * time.Hour)
		s.dateOnly = true
	}
	if r.text[fDone] != nil {
		done, _, err := s.instant(r, fDone)
		if err != nil {
			return err
		}
		if call.Latency = done.Sub(start); call.Latency < 0 {
			call.Latency = 0
			s.note("Calls end before they begin; their durations are unknown.")
		}
	}
	if r.text[fFirstToken] != nil {
		first, _, err := s.instant(r, fFirstToken)
		if err != nil {
			return err
		}
		// A call that was not streamed has its first token with its last: that says nothing about the wait.
		if wait := first.Sub(start); wait > 0 && (call.Latency == 0 || wait < call.Latency) {
			call.TTFT = wait
		}
	}
	for _, d := range durations {
		if r.text[d.f] == nil {
			continue
		}
		n, ok := parseNumber(bytes.TrimSpace(r.text[d.f]))
		if !ok || n.whole < 0 || n.whole > 1e9 {
			s.note("Durations that are no numbers were left out.")
			continue
		}
		to := &call.Latency
		if d.ttft {
			to = &call.TTFT
		}
		*to = time.Duration(n.whole)*d.unit + time.Duration(n.nano*int64(d.unit)/int64(time.Second))
	}
	return nil
}

// durations are the fields of durations, and their units.
var durations = [...]struct {
	f    field
	unit time.Duration
	ttft bool // else of the whole call
}{
	{fLatencyMS, time.Millisecond, false},
	{fLatencyS, time.Second, false},
	{fTTFTMS, time.Millisecond, true},
	{fTTFTS, time.Second, true},
}

// speeds are tiers under another name.
var speeds = map[string]price.Tier{"": price.Standard, "standard": price.Standard, "normal": price.Standard, "fast": price.Fast, "ultrafast": price.UltraFast}

func (s *session) fillTexts(r *row, call *Call) {
	call.ID = clean(r.text[fID])
	call.Session = s.word(r.text[fSession])
	call.Blocks = r.prefix()
	call.Provider, call.Model = s.word(r.text[fProvider]), s.word(r.text[fModel])
	// A provider that comes with a model is that model's: it says nothing of a row that names a model itself.
	if replace := s.opt.Override || call.Model == ""; replace && s.opt.Model != "" {
		call.Model = s.opt.Model
		if s.opt.Provider != "" || s.opt.Override {
			call.Provider = s.opt.Provider
		}
	} else if s.opt.Model == "" && s.opt.Provider != "" && (s.opt.Override || call.Provider == "") {
		call.Provider = s.opt.Provider
	}
	if call.Model == "" && !r.failed {
		s.note("Rows name no model; give one to price them.")
	}
	call.Region = s.word(r.text[fRegion])
	call.Project, call.APIKey, call.User = s.word(r.text[fProject]), s.word(r.text[fAPIKey]), s.word(r.text[fUser])
	if text := r.text[fTier]; text != nil {
		name := s.word(text)
		tier, err := price.ParseTier(name)
		if err != nil {
			s.note("Service tier " + quote(name) + " has no price of its own here; it was read as standard.")
		}
		call.Tier = tier
	}
	if text := r.text[fSpeed]; text != nil {
		name := strings.ToLower(s.word(text))
		tier, ok := speeds[name]
		if !ok {
			s.note("Speed " + quote(name) + " is not known; it was read as standard.")
		} else if tier != price.Standard {
			call.Tier = tier
		}
	}
	if truth(r.text[fBatch]) {
		call.Tier = price.Batch
	}
	if text := r.text[fContext]; text != nil {
		over, ok := contextOver(s.word(text))
		if !ok {
			s.note("Context window " + quote(s.word(text)) + " is not known; the calls count as short.")
		}
		call.ContextOver = over
	}
	call.Failed = s.rowFailed(r)
}

func quote(text string) string { return `"` + clip(text) + `"` }

func (s *session) fillCost(r *row, call *Call) error {
	if r.text[fCost] == nil {
		return nil
	}
	if cur := r.text[fCurrency]; cur != nil && !bytes.EqualFold(bytes.TrimSpace(cur), []byte("usd")) {
		return s.fault(r, fCurrency, "is no US dollar", "convert the costs, or map cost to nothing")
	}
	usd, err := money.ParseUSDRounded(scaledText(r.text[fCost], s.format.costExponent))
	if err != nil {
		return s.fault(r, fCost, "is no amount of dollars", "map another column, or map cost to nothing")
	}
	if usd < 0 {
		return s.fault(r, fCost, "is negative", "leave credits and refunds out of the export")
	}
	call.Reported = Cost{USD: usd, Known: true}
	return nil
}

// scaledText is a decimal times a power of ten.
func scaledText(text []byte, exponent int) string {
	number := string(bytes.TrimSpace(text))
	if exponent == 0 {
		return number
	}
	if i := strings.IndexAny(number, "eE"); i >= 0 {
		own, err := strconv.Atoi(number[i+1:])
		if err != nil || own > 1000 || own < -1000 {
			return number[:i] + "e" // no number; the parser says so
		}
		number, exponent = number[:i], exponent+own
	}
	return number + "e" + strconv.Itoa(exponent)
}

// contexts are the ways to write a context window, and the boundary that its calls exceed.
var contexts = map[string]int64{
	"": 0, "0-200k": 0, "≤ 200k": 0, "<= 200k": 0, "<=200k": 0, "≤200k": 0,
	"200k-1m": 200_000, "> 200k": 200_000, ">200k": 200_000, "200k+": 200_000,
}

// contextOver reads a context window; a bare number is the shortest prompt of a band.
func contextOver(text string) (int64, bool) {
	if from, err := strconv.ParseInt(text, 10, 64); err == nil && from > 0 {
		return from - 1, true
	}
	over, ok := contexts[strings.ToLower(text)]
	return over, ok
}

// truth reads a flag; what is not clearly yes is no.
func truth(text []byte) bool {
	switch len(text) {
	case 1:
		return text[0] == '1' || text[0] == 't' || text[0] == 'T'
	case 3:
		return bytes.EqualFold(text, []byte("yes"))
	case 4:
		return bytes.EqualFold(text, []byte("true"))
	}
	return false
}

// summing are the kinds of rows that add up the usage of others, so that counting both counts twice: operations
// and span kinds of tracers, and run types.
var summing = map[string]bool{
	"invoke_agent": true, "create_agent": true, "execute_tool": true, "invoke_workflow": true,
	"chain": true, "agent": true, "tool": true, "retriever": true, "guardrail": true, "evaluator": true,
	"workflow": true, "task": true, "parser": true, "prompt": true, "span": true, "event": true,
}

// failures are the words for a call that failed.
var failures = map[string]bool{"failure": true, "failed": true, "fail": true, "error": true, "errored": true, "false": true, "0": true}

func failure(text []byte) bool {
	if len(text) == 0 {
		return false
	}
	if len(text) == 3 && digit(text[0]) { // an HTTP status
		return text[0] >= '4'
	}
	return lowerIn(failures, text)
}

// lowerIn looks a short text up without regard to case.
func lowerIn(set map[string]bool, text []byte) bool {
	var lower [16]byte
	if len(text) == 0 || len(text) > len(lower) {
		return false
	}
	for i, c := range text {
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		lower[i] = c
	}
	return set[string(lower[:len(text)])]
}

// clean is a text of the file as valid UTF-8.
func clean(text []byte) string {
	text = bytes.TrimSpace(text)
	if utf8.Valid(text) {
		return string(text)
	}
	return strings.ToValidUTF8(string(text), "\uFFFD")
}

// maxWords bounds the memory for repeated texts; beyond it each row has a copy of its own.
const maxWords = 8192

// recentBits says how many words are found without a look at the map: two to the power of it.
const recentBits = 11

// wordHash is a place in session.recent: it follows from the length and the last eight bytes, in which names that
// count up differ.
func wordHash(text []byte) uint64 {
	h := uint64(len(text))
	if len(text) >= 8 {
		h ^= binary.LittleEndian.Uint64(text[len(text)-8:]) << 4
	} else {
		for _, c := range text {
			h = h<<8 ^ uint64(c)
		}
	}
	return h * 0x9e3779b97f4a7c15 >> (64 - recentBits)
}

// word is clean for texts that repeat, such as a model: the same text is kept once.
func (s *session) word(text []byte) string {
	if len(text) == 0 {
		return ""
	}
	recent := &s.recent[wordHash(text)]
	if *recent == string(text) {
		return *recent
	}
	if w, ok := s.words[string(text)]; ok {
		if w == string(text) {
			*recent = w
		}
		return w
	}
	w := clean(text)
	if !utf8.Valid(text) {
		s.note("Some names are no UTF-8: their letters show as \uFFFD; save the export as UTF-8.")
	}
	if len(s.words) < maxWords && len(text) <= 256 {
		s.words[string(text)] = w
	}
	return w
}
