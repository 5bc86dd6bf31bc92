package usage

import (
	"strings"
	"time"
)

// ccusage is what ccusage adds up over the session logs of coding agents, by day, week, month or session, as its
// --json writes it. A report is split by model where it has breakdowns; without them it is one model's where it names
// one.
var ccusage = format{
	name: "ccusage", title: "ccusage report", json: true,
	signs: inReports("inputTokens", "cacheCreationTokens", "totalCost"),
	how:   "it is a list daily, weekly, monthly or sessions with inputTokens, cacheCreationTokens and totalCost",
	grain: PerBucket,
	rules: rules{input: Excludes},
	why:   "ccusage adds up Anthropic's counts: inputTokens holds neither cached nor written tokens",
	note:  "The report does not say how many requests its rows stand for: rates and lengths of calls are unknown. Its costs are ccusage's own estimates.",
	days:  true,
	columns: map[string]binding{
		"date":                  {fTime, 0},
		"week":                  {fTime, 1},
		"month":                 {fTime, 2},
		"period":                {fTime, 3},
		"lastActivity":          {fTime, 4},
		"metadata.lastActivity": {fTime, 5},
		"sessionId":             {fSession, 0},
		"project":               {fProject, 0},
		"projectPath":           {fProject, 1},
		"inputTokens":           {fInput, 0},
		"outputTokens":          {fOutput, 0},
		"cacheCreationTokens":   {fCacheWrite, 0},
		"cacheReadTokens":       {fCacheRead, 0},
		"cost":                  {fCost, 0},
		"totalCost":             {fCost, 1},
		"modelName":             {fModel, 0},
		"modelsUsed[]":          {fModel, 1},
	},
	read: readCcusage,
}

// reports are the lists of a ccusage report, and the days that one of their rows covers; zero for a month.
var reports = []struct {
	list string
	days int
}{{"daily", 1}, {"weekly", 7}, {"monthly", 0}, {"session", 1}, {"sessions", 1}}

// inReports are signs that any of the lists may hold.
func inReports(names ...string) (signs []string) {
	for _, name := range names {
		var either []string
		for _, r := range reports {
			either = append(either, r.list+"[]."+name)
		}
		signs = append(signs, strings.Join(either, "|"))
	}
	return signs
}

func readCcusage(s *session, src *source, c *content) error {
	s.hasTime = true
	days, lists := 1, make([]string, 0, len(reports))
	for _, r := range reports {
		lists = append(lists, r.list)
		if c.set[r.list+"[]"] {
			days = r.days
			if r.list == "session" || r.list == "sessions" {
				s.note("Sessions are dated by their last activity: each counts in whole on that day.")
			}
		}
	}
	return s.values(src, c, [][]string{lists}, func(raw []byte, line int) error {
		v := ccusageVisitor{rowVisitor: rowVisitor{s: s}, line: line, days: days}
		s.row.reset(line)
		if err := s.walker.walk(raw, "", &v); err != nil {
			return s.broken(line, err)
		}
		if v.parts > 0 {
			v.split = true
			if err := s.walker.walk(raw, "", &v); err != nil {
				return s.broken(line, err)
			}
			return v.err
		}
		if v.models > 1 {
			s.row.drop(fModel) // which of them used what is not told
		}
		return v.finish()
	})
}

// ccusageVisitor makes a row of a report, or a row of each of its models.
type ccusageVisitor struct {
	rowVisitor
	line, days              int
	split                   bool // the rows are those of the models
	parts, models           int
	time, sessionOf, folder []byte
	err                     error
}

const breakdown = "modelBreakdowns[]"

// part is the name of a breakdown's value.
func part(path []byte) ([]byte, bool) {
	if len(path) > len(breakdown) && string(path[:len(breakdown)]) == breakdown {
		return path[len(breakdown)+1:], true
	}
	return nil, false
}

func (v *ccusageVisitor) open(path []byte) {
	if string(path) != breakdown {
		return
	}
	if v.parts++; v.split {
		v.s.row.reset(v.line)
	}
}

func (v *ccusageVisitor) value(path, raw []byte, kind scalar) {
	name, inside := part(path)
	switch {
	case inside && v.split && v.err == nil:
		v.rowVisitor.value(name, raw, kind)
	case !inside && !v.split:
		switch b := v.s.format.columns[string(path)]; {
		case string(path) == "modelsUsed[]":
			v.models++
		case kind == jsonNull:
		case string(path) == "period" && !dateLike(raw): // the name of a session
			v.sessionOf = raw
			return
		case b.f == fTime && v.time == nil:
			v.time = raw
		case b.f == fSession:
			v.sessionOf = raw
		case b.f == fProject:
			v.folder = raw
		}
		v.rowVisitor.value(path, raw, kind)
	}
}

func (v *ccusageVisitor) closed(path []byte) {
	if v.split && v.err == nil && string(path) == breakdown {
		v.err = v.finish()
	}
}

func dateLike(text []byte) bool {
	return len(text) >= len("2006-01") && digit(text[0]) && digit(text[3]) && text[4] == '-' && digit(text[5])
}

// finish completes a row with what its report says.
func (v *ccusageVisitor) finish() error {
	s, r := v.s, &v.s.row
	r.drop(fTime)
	r.set(binding{fSession, 0}, "sessionId", v.sessionOf)
	r.set(binding{fProject, 0}, "projectPath", v.folder)
	begin, end, ok := v.span()
	if !ok {
		r.set(binding{fTime, 0}, "date", v.time)
		return s.finishRow()
	}
	r.set(binding{fTime, 0}, "date", s.scratched(func(b []byte) []byte { return begin.AppendFormat(b, time.DateOnly) }))
	r.set(binding{fEnd, 0}, "date", s.scratched(func(b []byte) []byte { return end.AppendFormat(b, time.DateOnly) }))
	return s.finishRow()
}

// span is the days that the report covers.
func (v *ccusageVisitor) span() (begin, end time.Time, ok bool) {
	text := string(v.time)
	if v.days == 0 && len(text) == len("2006-01") {
		text += "-01"
	}
	begin, err := time.Parse(time.DateOnly, text[:min(len(text), len(time.DateOnly))])
	if v.days == 0 {
		return begin, begin.AddDate(0, 1, 0), err == nil
	}
	return begin, begin.AddDate(0, 0, v.days), err == nil
}
