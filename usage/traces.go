package usage

import "time"

// burstGPT is the public BurstGPT trace. Its columns are found by name: version 3 has two more in the middle.
// A call without output is a failed one there.
var burstGPT = format{
	name: "burstgpt", title: "BurstGPT trace",
	signs: []string{"Timestamp", "Model", "Request tokens", "Response tokens", "Log Type"},
	grain: PerRequest,
	rules: rules{input: Includes},
	why:   "the trace has no cached tokens",
	columns: map[string]binding{
		"Timestamp":       {fTime, 0},
		"Model":           {fModel, 0},
		"Request tokens":  {fInput, 0},
		"Response tokens": {fOutput, 0},
		"Total tokens":    {fTotal, 0},
		"Session ID":      {fSession, 0},
	},
	read: readTable,
	adjust: func(s *session, r *row) string {
		r.failed = isZero(r.text[fOutput])
		return ""
	},
}

// relativeUnit guesses the unit of times that count from a trace's start. Seconds are the rule; the replay
// traces that Mooncake published have whole milliseconds beside the hashes of their blocks.
func relativeUnit(c *content, times *clockVotes) time.Duration {
	if c.set["hash_ids"] || c.set["hash_ids[]"] {
		if c.set["input_length"] && !times.fractions {
			return time.Millisecond
		}
	}
	return time.Second
}
