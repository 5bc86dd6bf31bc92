package usage

import (
	"bytes"
	"time"
)

// otlp is an OTLP JSON export of spans: one document, or one a line as the Collector writes them. It knows the
// attribute names of all generations of the GenAI semantic conventions, and OpenInference's.
//
// The conventions say that input tokens hold cached ones, and not every instrumentation obeys, so the file's
// own rows decide where they can.
var otlp = format{
	name: "otlp", title: "OpenTelemetry spans (OTLP JSON), GenAI or OpenInference", json: true,
	signs: []string{"resourceSpans"},
	grain: PerRequest,
	why:   "the GenAI semantic conventions count cached tokens into the input tokens",
	columns: map[string]binding{
		"startTimeUnixNano": {fTime, 0},
		"endTimeUnixNano":   {fDone, 0},

		"gen_ai.provider.name": {fProvider, 0},
		"gen_ai.system":        {fProvider, 1},
		"llm.provider":         {fProvider, 2},
		"llm.system":           {fProvider, 3},

		"gen_ai.response.model": {fModel, 0},
		"gen_ai.request.model":  {fModel, 1},
		"llm.response.model":    {fModel, 2},
		"llm.model_name":        {fModel, 3},
		"llm.request.model":     {fModel, 4},
		"embedding.model_name":  {fModel, 5},

		"gen_ai.usage.input_tokens":  {fInput, 0},
		"gen_ai.usage.prompt_tokens": {fInput, 1},
		"llm.token_count.prompt":     {fInput, 2},
		"llm.usage.prompt_tokens":    {fInput, 3},

		"gen_ai.usage.output_tokens":     {fOutput, 0},
		"gen_ai.usage.completion_tokens": {fOutput, 1},
		"llm.token_count.completion":     {fOutput, 2},
		"llm.usage.completion_tokens":    {fOutput, 3},

		"gen_ai.usage.total_tokens": {fTotal, 0},
		"llm.token_count.total":     {fTotal, 1},
		"llm.usage.total_tokens":    {fTotal, 2},

		"gen_ai.usage.cache_read.input_tokens":      {fCacheRead, 0},
		"gen_ai.usage.cache_read_input_tokens":      {fCacheRead, 1},
		"gen_ai.usage.details.cache_read_tokens":    {fCacheRead, 2},
		"llm.token_count.prompt_details.cache_read": {fCacheRead, 3},

		"gen_ai.usage.cache_write.input_tokens":      {fCacheWrite, 0},
		"gen_ai.usage.cache_creation.input_tokens":   {fCacheWrite, 1},
		"gen_ai.usage.cache_creation_input_tokens":   {fCacheWrite, 2},
		"gen_ai.usage.details.cache_write_tokens":    {fCacheWrite, 3},
		"llm.token_count.prompt_details.cache_write": {fCacheWrite, 4},

		"gen_ai.usage.reasoning.output_tokens":         {fReasoning, 0},
		"gen_ai.usage.reasoning_tokens":                {fReasoning, 1},
		"gen_ai.usage.details.reasoning_tokens":        {fReasoning, 2},
		"llm.token_count.completion_details.reasoning": {fReasoning, 3},

		"llm.token_count.prompt_details.audio":     {fAudioInput, 0},
		"llm.token_count.completion_details.audio": {fAudioOutput, 0},

		"gen_ai.usage.cost": {fCost, 0},
		"llm.cost.total":    {fCost, 1},

		"gen_ai.openai.response.service_tier": {fTier, 0},
		"openai.response.service_tier":        {fTier, 1},
		"gen_ai.openai.request.service_tier":  {fTier, 2},
		"openai.request.service_tier":         {fTier, 3},

		"gen_ai.response.time_to_first_chunk": {fTTFTS, 0},
		"gen_ai.server.time_to_first_token":   {fTTFTS, 1},

		"gen_ai.conversation.id":  {fSession, 0},
		"session.id":              {fSession, 1},
		"traceId":                 {fSession, 9},
		"gen_ai.operation.name":   {fKind, 0},
		"openinference.span.kind": {fKind, 1},
		"traceloop.span.kind":     {fKind, 2},
		"enduser.id":              {fUser, 0},
		"user.id":                 {fUser, 1},
	},
	read: readSpans,
}

func readSpans(s *session, src *source, c *content) error {
	s.hasTime, s.unit, s.clock = true, time.Nanosecond, Absolute
	keys := [][]string{{"resourceSpans"}, {"scopeSpans", "instrumentationLibrarySpans"}, {"spans"}}
	v := spanVisitor{s: s}
	return s.values(src, c, keys, func(raw []byte, line int) error {
		s.row.reset(line)
		v.trace, v.span = nil, nil
		if err := s.walker.walk(raw, "", &v); err != nil {
			return s.broken(line, err)
		}
		r := &s.row
		if len(v.span) > 0 {
			begin := len(r.scratch)
			r.scratch = append(append(append(r.scratch, v.trace...), '-'), v.span...)
			r.set(binding{fID, 0}, "spanId", r.scratch[begin:len(r.scratch):len(r.scratch)])
		}
		return s.finishRow()
	})
}

// spanVisitor fills the session's row from a span: from its own fields, and from its list of attributes, each
// {"key": ..., "value": {"intValue": ...}}.
type spanVisitor struct {
	s           *session
	trace, span []byte
	key         []byte
	text        []byte
	kind        scalar
}

func (v *spanVisitor) open(path []byte) {
	if string(path) == "attributes[]" {
		v.key, v.text = nil, nil
	}
}

func (v *spanVisitor) value(path, raw []byte, kind scalar) {
	if kind == jsonNull {
		return
	}
	switch string(path) {
	case "traceId":
		v.trace = raw
	case "spanId":
		v.span = raw
	case "attributes[].key":
		v.key = v.s.plain(raw, kind)
		return
	case "attributes[].value.stringValue", "attributes[].value.intValue", "attributes[].value.doubleValue", "attributes[].value.boolValue":
		v.text, v.kind = raw, kind
		return
	case "status.code":
		v.s.row.failed = string(raw) == "2" || string(raw) == "STATUS_CODE_ERROR"
		return
	}
	if b, ok := v.s.format.columns[string(path)]; ok {
		v.s.fill(b, path, raw, kind)
	}
}

func (v *spanVisitor) closed(path []byte) {
	if string(path) != "attributes[]" || v.key == nil || v.text == nil {
		return
	}
	if b, ok := v.s.format.columns[string(v.key)]; ok {
		v.s.fill(b, v.key, v.text, v.kind)
		return
	}
	if string(v.key) == "error.type" {
		v.s.row.failed = v.s.row.failed || len(bytes.TrimSpace(v.text)) > 0
	}
}
