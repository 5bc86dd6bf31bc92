package usage

import (
	"bytes"
	"strconv"
	"strings"
	"unicode"
)

// A cloud's bill has a line for each meter: one kind of tokens of one model, in units of the meter's own, with
// its cost. This file turns such a line into a row with one count. Which input belongs to which output is not
// told, so lines stand for an unknown number of calls.

// meterRules hold for every bill: a meter counts one thing, so nothing is part of anything else.
var meterRules = rules{input: Excludes, reasoningApart: true}

const (
	meterWhy  = "each line counts the tokens of one meter, and cached tokens have meters of their own"
	meterNote = "The bill does not say how many requests its lines stand for: rates and lengths of calls are unknown. Models are named after the meters."
)

// meter is what a meter's name means.
type meter struct {
	counts []field // where the tokens belong: to a modality, and to the side that holds it
	model  string  // the words that mean nothing else
	tier   string
	unit   int  // the power of ten that the name itself says, where hasUnit
	has    bool // the name says a unit
	tokens bool // the name speaks of tokens
}

// meterWord is what a word of a meter's name says.
type meterWord uint8

const (
	wordNoise meterWord = iota + 1
	wordTokens
	wordInput
	wordOutput
	wordReasoning
	wordCached
	wordCache // with a read or a write
	wordRead
	wordWrite
	word5m
	word1h
	wordAudio
	wordImage
	wordVideo
	wordThousand
	wordMillion
)

var meterWords = map[string]meterWord{
	"token": wordTokens, "tokens": wordTokens, "predictions": wordTokens,
	"input": wordInput, "inp": wordInput, "prompt": wordInput,
	"output": wordOutput, "outp": wordOutput, "opt": wordOutput, "completion": wordOutput, "response": wordOutput,
	"reasoning": wordReasoning, "thinking": wordReasoning,
	"cached": wordCached, "cchd": wordCached, "caching": wordCached,
	"cache": wordCache, "read": wordRead, "write": wordWrite, "creation": wordWrite,
	"5m": word5m, "1h": word1h,
	"audio": wordAudio, "aud": wordAudio, "image": wordImage, "img": wordImage, "video": wordVideo,
	"1k": wordThousand, "1m": wordMillion,

	"text": wordNoise, "txt": wordNoise, "count": wordNoise, "units": wordNoise, "usage": wordNoise, "standard": wordNoise, "mp": wordNoise,
	"glbl": wordNoise, "gl": wordNoise, "global": wordNoise, "regional": wordNoise, "regnl": wordNoise, "rgnl": wordNoise,
	"dzone": wordNoise, "dz": wordNoise, "datazone": wordNoise, "dzn": wordNoise, "cross": wordNoise, "region": wordNoise, "geo": wordNoise,
}

// meterTiers are the words for a service tier.
var meterTiers = map[string]string{"batch": "batch", "flex": "flex", "priority": "priority", "pp": "priority"}

// readMeter reads a meter's name. Its counts are empty where it names no tokens that could be told.
func readMeter(name string) meter {
	var m meter
	var said [wordMillion + 1]bool
	var model []string
	for _, w := range meterParts(name) {
		word, known := meterWords[w]
		if tier := meterTiers[w]; tier != "" {
			m.tier = tier
			continue
		}
		if !known {
			model = append(model, w)
			continue
		}
		said[word] = true
	}
	m.model = strings.Join(model, "-")
	m.tokens = said[wordTokens]
	m.has = said[wordThousand] || said[wordMillion]
	if m.unit = 3; said[wordMillion] {
		m.unit = 6
	}
	m.counts = meterCounts(&said)
	return m
}

func meterCounts(said *[wordMillion + 1]bool) []field {
	cached := said[wordCached] || said[wordCache]
	switch {
	case cached && said[wordWrite]:
		switch {
		case said[word1h]:
			return []field{fCacheWrite1h}
		case said[word5m]:
			return []field{fCacheWrite5m}
		}
		return []field{fCacheWrite}
	case cached && said[wordOutput]:
		return nil
	case cached && said[wordAudio]:
		return []field{fAudioCacheRead}
	case cached && said[wordImage]:
		return []field{fImageCacheRead}
	case cached && said[wordVideo]:
		return []field{fVideoCacheRead}
	case cached && (said[wordRead] || said[wordCached]):
		return []field{fCacheRead}
	case cached:
		return nil
	case said[wordReasoning] && !said[wordInput]:
		return []field{fReasoning}
	case said[wordInput] == said[wordOutput]: // neither, or both
		return nil
	case said[wordInput] && said[wordAudio]:
		return []field{fInput, fAudioInput}
	case said[wordInput] && said[wordImage]:
		return []field{fInput, fImageInput}
	case said[wordInput] && said[wordVideo]:
		return []field{fInput, fVideoInput}
	case said[wordInput]:
		return []field{fInput}
	case said[wordAudio]:
		return []field{fOutput, fAudioOutput}
	case said[wordImage]:
		return []field{fOutput, fImageOutput}
	case said[wordVideo]:
		return []field{fOutput, fVideoOutput}
	}
	return []field{fOutput}
}

// meterParts are the words of a meter's name in lower case: what is between spaces, dashes and the like, and
// between the humps of ClaudeOpus4.7 where the name is one word.
func meterParts(name string) []string {
	var parts []string
	spaced := strings.ContainsRune(name, ' ')
	for _, piece := range strings.FieldsFunc(name, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '.' }) {
		letters := []rune(strings.Trim(piece, "."))
		begin := 0
		for i := 1; i < len(letters) && !spaced; i++ {
			before, c := letters[i-1], letters[i]
			lowerNext := i+1 < len(letters) && unicode.IsLower(letters[i+1])
			hump := unicode.IsUpper(c) && (unicode.IsLower(before) || (unicode.IsDigit(before) || before == '.') && lowerNext)
			if hump || unicode.IsDigit(c) && unicode.IsLetter(before) && i-begin > 2 {
				parts = append(parts, strings.ToLower(string(letters[begin:i])))
				begin = i
			}
		}
		if begin < len(letters) {
			parts = append(parts, strings.ToLower(string(letters[begin:])))
		}
	}
	return parts
}

// meterUnit reads a meter's unit as a power of ten: "1K tokens" is 3, "1000000 count" is 6. Whether it speaks of
// tokens is told too; a bare count may be of anything.
func meterUnit(text string) (exponent int, tokens, ok bool) {
	for w := range strings.FieldsSeq(strings.ToLower(strings.ReplaceAll(text, ",", ""))) {
		switch {
		case w == "token" || w == "tokens":
			tokens, ok = true, true
		case w == "count" || w == "unit" || w == "units":
			ok = true
		case strings.HasPrefix(w, "1") && exponent == 0:
			zeros := strings.TrimRight(w[1:], "kmb")
			switch suffix := w[1+len(zeros):]; suffix {
			case "":
			case "k", "m", "b":
				exponent = map[string]int{"k": 3, "m": 6, "b": 9}[suffix]
			default:
				return 0, false, false
			}
			if strings.Trim(zeros, "0") != "" || exponent+len(zeros) > 9 {
				return 0, false, false
			}
			exponent, ok = exponent+len(zeros), true
		default:
			return 0, false, false
		}
	}
	return exponent, tokens, ok
}

// Reasons for lines of a bill that are no usage of a model.
const (
	otherService = "the line bills something else than tokens"
	noUsageLine  = "the line is no usage: a tax, a fee, a credit or a refund"
)

// meterRow turns the session's row, which has a meter, an amount and perhaps a unit, into one with a count. The
// known tokens are those of a line that can be nothing else.
func (s *session) meterRow(r *row, tokens bool) (skip string) {
	name := s.word(r.text[fMeter])
	m, known := s.meters[name]
	if !known {
		m = readMeter(name)
		if s.meters == nil {
			s.meters = map[string]meter{}
		}
		if len(s.meters) < maxWords {
			s.meters[name] = m
		}
	}
	unit := s.word(r.text[fUnit])
	exponent, unitTokens, ok := meterUnit(unit)
	switch {
	case !m.tokens && !unitTokens && !tokens:
		return otherService
	case len(m.counts) == 0:
		if r.text[fCost] != nil && !isZero(r.text[fCost]) {
			s.note("Meter " + quote(name) + " names no kind of tokens that is known; its lines and their cost were left out.")
		}
		return "the meter names no kind of tokens that is known"
	}
	text := r.text[fAmount]
	switch {
	case text == nil:
		return "the line has no amount"
	case !ok:
		r.bad = &rowProblem{f: fUnit, problem: "is no unit of tokens that is known", hint: "map another column, or write 1K or 1M"}
		return ""
	case m.has && m.unit != exponent:
		r.bad = &rowProblem{f: fUnit, problem: "contradicts its meter " + quote(name), hint: "mend the export: which of them counts cannot be told"}
		return ""
	}
	n, problem, hint := scaledCount(text, exponent)
	if problem != "" {
		r.bad = &rowProblem{f: fAmount, problem: problem, hint: hint}
		return ""
	}
	count := s.scratched(func(b []byte) []byte { return strconv.AppendInt(b, n, 10) })
	for _, f := range m.counts {
		r.set(binding{f, 0}, r.name[fAmount], count)
	}
	if m.model != "" {
		r.set(binding{fModel, 9}, r.name[fMeter], []byte(m.model))
	}
	if m.tier != "" {
		r.set(binding{fTier, 9}, r.name[fMeter], []byte(m.tier))
	}
	return ""
}

// rowProblem is a fault that a format found in a row before its counts were read.
type rowProblem struct {
	f             field
	problem, hint string
}

// scaledCount reads a decimal times a power of ten as a whole number. Bills write fractions of a unit in binary
// floating point, so what is within a 500th of a whole number is one.
func scaledCount(text []byte, exponent int) (n int64, problem, hint string) {
	text = bytes.TrimSpace(text)
	d, ok := parseNumber(text)
	if !ok {
		if plain := plainExponent(text); plain != nil {
			d, ok = parseNumber(plain)
		}
	}
	if !ok {
		return 0, "is no number", "map another column, or mend the export"
	}
	scale := int64(1)
	for range exponent {
		scale *= 10
	}
	switch {
	case d.whole < 0 || d.nano < 0:
		return 0, "is negative", "leave credits and refunds out of the export"
	case d.whole > maxCount/scale:
		return 0, "is too large to be a count", "map another column, or mend the export"
	}
	const billion = 1_000_000_000
	part := d.nano * scale // below 10^18
	n = d.whole*scale + part/billion
	const near = billion / 500
	switch rest := part % billion; {
	case rest >= billion-near:
		n++
	case rest > near:
		return 0, "is no whole number of tokens", "map the column of the amount in the meter's own unit"
	}
	return n, "", ""
}
