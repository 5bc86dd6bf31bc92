package usage

import "strconv"

// codex is a session log of Codex, one line an event. Its token counts are totals of the session so far, and
// events come twice, so a call is what a total has grown by since the one before. The model stands in the line
// that opens the turn.
var codex = format{
	name: "codex", title: "Codex session", json: true,
	signs: []string{"payload.type", "payload.info.total_token_usage.input_tokens"},
	grain: PerRequest,
	rules: rules{input: Includes},
	why:   "OpenAI: input_tokens holds cached tokens",
	note: "The log does not say on which service tier calls were served: they count as standard. " +
		"An event of a session counts once, in all files that are read together. " +
		"A session that was forked has a name of its own and repeats what its parent used: that counts in each.",
	once:  true,
	grows: true,
	columns: map[string]binding{
		"timestamp":          {fTime, 0},
		"payload.info.model": {fModel, 0},
		"payload.info.total_token_usage.input_tokens":            {fInput, 0},
		"payload.info.total_token_usage.cached_input_tokens":     {fCacheRead, 0},
		"payload.info.total_token_usage.output_tokens":           {fOutput, 0},
		"payload.info.total_token_usage.reasoning_output_tokens": {fReasoning, 0},
		"payload.info.total_token_usage.total_tokens":            {fTotal, 0},
	},
	read: readCodex,
}

// codexFields are the counts that grow, in the order of a codexTotal.
var codexFields = [...]field{fInput, fCacheRead, fOutput, fReasoning, fTotal}

// codexTotal is what a session has used so far.
type codexTotal [len(codexFields)]int64

// codexSession is what lines say for those after them.
type codexSession struct {
	model, id, folder []byte
	total             codexTotal
}

func readCodex(s *session, src *source, c *content) error {
	s.hasTime = true
	var state codexSession
	v := codexVisitor{rowVisitor: rowVisitor{s: s}}
	return s.values(src, c, nil, func(raw []byte, line int) error {
		s.row.reset(line)
		v.texts = codexTexts{}
		if err := s.walker.walk(raw, "", &v); err != nil {
			return s.broken(line, err)
		}
		if skip := state.line(s, &v.texts); skip != "" {
			if !s.surveying {
				s.sum.Rows++
				s.skip(skip)
			}
			return nil
		}
		return s.finishRow()
	})
}

// codexTexts are what a line says beside its total.
type codexTexts struct {
	line, event, model, id, folder []byte
	last                           [len(codexFields)][]byte
}

// codexVisitor fills the session's row from a line, and the texts.
type codexVisitor struct {
	rowVisitor
	texts codexTexts
}

func (v *codexVisitor) value(path, raw []byte, kind scalar) {
	if kind == jsonNull {
		v.rowVisitor.value(path, raw, kind)
		return
	}
	t := &v.texts
	to := (*[]byte)(nil)
	switch string(path) {
	case "type":
		to = &t.line
	case "payload.type":
		to = &t.event
	case "payload.model":
		to = &t.model
	case "payload.id":
		to = &t.id
	case "payload.cwd":
		to = &t.folder
	case "payload.info.last_token_usage.input_tokens":
		to = &t.last[0]
	case "payload.info.last_token_usage.cached_input_tokens":
		to = &t.last[1]
	case "payload.info.last_token_usage.output_tokens":
		to = &t.last[2]
	case "payload.info.last_token_usage.reasoning_output_tokens":
		to = &t.last[3]
	case "payload.info.last_token_usage.total_tokens":
		to = &t.last[4]
	}
	if to != nil {
		*to = v.s.plain(raw, kind)
		return
	}
	v.rowVisitor.value(path, raw, kind)
}

// line takes in a line. It turns the row's totals into what the call used, and says why a row is none.
func (c *codexSession) line(s *session, t *codexTexts) (skip string) {
	switch string(t.line) {
	case "session_meta":
		c.id, c.folder = append(c.id[:0], t.id...), append(c.folder[:0], t.folder...)
	case "turn_context":
		c.model = append(c.model[:0], t.model...)
	}
	r := &s.row
	if string(t.event) != "token_count" || r.text[fInput] == nil {
		return "the line counts no tokens"
	}
	var total, last, used codexTotal
	for i, f := range codexFields {
		n, problem, _ := parseCount(r.text[f])
		if r.text[f] != nil && problem != "" {
			return "" // the count is the fault of its row, which is found again
		}
		total[i] = n
		if t.last[i] == nil {
			continue
		}
		if last[i], problem, _ = parseCount(t.last[i]); problem != "" {
			last = codexTotal{}
			break
		}
	}
	if total == c.total {
		return "the event repeats the total before it"
	}
	fell := false
	for i := range total {
		used[i] = total[i] - c.total[i]
		fell = fell || used[i] < 0
	}
	// A session that is resumed, or one more session in the same file, counts from zero again.
	if fell || total == last {
		used = total
		if fell && last != (codexTotal{}) {
			used = last
		}
	} else if last != (codexTotal{}) && last != used {
		s.note("Totals grew by more than their last call used: events between are missing. What was used counts as one call.")
	}
	c.total = total
	for i, f := range codexFields {
		if r.text[f] != nil {
			r.text[f] = s.scratched(func(b []byte) []byte { return strconv.AppendInt(b, used[i], 10) })
		}
	}
	if len(c.id) > 0 { // an event is known by its session, its time and what the session had used
		r.set(binding{fID, 0}, "session_meta", s.scratched(func(b []byte) []byte {
			b = append(append(append(b, c.id...), ' '), r.text[fTime]...)
			for _, n := range total {
				b = strconv.AppendInt(append(b, ' '), n, 10)
			}
			return b
		}))
	}
	r.set(binding{fModel, 1}, "turn_context", c.model)
	r.set(binding{fSession, 0}, "session_meta", c.id)
	r.set(binding{fProject, 0}, "session_meta", c.folder)
	defaultProvider(r, "openai")
	return ""
}

// scratched is a text that lives as long as the session's row.
func (s *session) scratched(add func([]byte) []byte) []byte {
	begin := len(s.row.scratch)
	s.row.scratch = add(s.row.scratch)
	return s.row.scratch[begin:len(s.row.scratch):len(s.row.scratch)]
}
