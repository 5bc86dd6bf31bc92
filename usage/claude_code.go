package usage

// claudeCode is a session log of Claude Code, one line an event. Only lines of the assistant bill tokens.
//
// An answer is written several times: while it streams, with an output that grows, and again where a subagent or
// a resumed session copies it. The identifier of its message tells; that of the request does not, since copies
// have one of their own. Subagents' own answers have messages of their own, and count.
var claudeCode = format{
	name: "claude_code", title: "Claude Code session", json: true,
	signs: []string{"sessionId", "message.id", "message.usage.input_tokens"},
	grain: PerRequest,
	rules: rules{input: Excludes},
	why:   "Anthropic: input_tokens holds neither cached nor written tokens",
	note:  "Each answer counts once, by its message, with its largest output: in this file, and in all that are read with it.",
	once:  true,
	grows: true,
	columns: map[string]binding{
		"type":          {fKind, 0},
		"timestamp":     {fTime, 0},
		"sessionId":     {fSession, 0},
		"cwd":           {fProject, 0},
		"costUSD":       {fCost, 0},
		"message.id":    {fID, 0},
		"requestId":     {fID, 1},
		"message.model": {fModel, 0},

		"message.usage.input_tokens":                             {fInput, 0},
		"message.usage.cache_read_input_tokens":                  {fCacheRead, 0},
		"message.usage.cache_creation_input_tokens":              {fCacheWrite, 0},
		"message.usage.cache_creation.ephemeral_5m_input_tokens": {fCacheWrite5m, 0},
		"message.usage.cache_creation.ephemeral_1h_input_tokens": {fCacheWrite1h, 0},
		"message.usage.output_tokens":                            {fOutput, 0},
		"message.usage.server_tool_use.web_search_requests":      {fWebSearch, 0},
		"message.usage.service_tier":                             {fTier, 0},
		"message.usage.speed":                                    {fSpeed, 0},
		"message.usage.inference_geo":                            {fRegion, 0},
	},
	read: readRecords,
	adjust: func(s *session, r *row) string {
		if kind := r.text[fKind]; kind != nil && string(kind) != "assistant" {
			return "the line is no answer of the model"
		}
		if string(r.text[fModel]) == "<synthetic>" {
			return "the program wrote the answer itself: no vendor was called"
		}
		defaultProvider(r, "anthropic")
		dropRegion(r)
		// Some versions log a placeholder for the input. With nothing cached it can be no prompt.
		if in := r.text[fInput]; len(in) == 1 && in[0] <= '1' &&
			isZero(r.text[fCacheRead]) && isZero(r.text[fCacheWrite]) && !isZero(r.text[fOutput]) {
			s.note("Answers have at most one token of input and none of a cache: a placeholder of some versions. Their input is unknown, and counts too low.")
		}
		return ""
	},
}
