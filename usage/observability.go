package usage

import (
	"bytes"
	"strconv"
)

// The exports of gateways and tracers whose rows are calls. What each counts into its input is inferred by
// people who read their exports; where a file's own rows prove otherwise, the rows win.

// langfuse is Langfuse's export of observations. Its usage details are keys that exclude each other: the input
// without cached tokens, the output without reasoning.
var langfuse = format{
	name: "langfuse", title: "Langfuse observations", json: true,
	signs:  []string{"type", "usage_details", "provided_model_name"},
	grain:  PerRequest,
	rules:  rules{reasoningApart: true},
	expect: Excludes,
	why:    "the keys of Langfuse's usage details exclude each other",
	columns: map[string]binding{
		"id":                    {fID, 0},
		"type":                  {fKind, 0},
		"start_time":            {fTime, 0},
		"end_time":              {fDone, 0},
		"completion_start_time": {fFirstToken, 0},
		"provided_model_name":   {fModel, 0},
		"session_id":            {fSession, 0},
		"trace_id":              {fSession, 1},
		"user_id":               {fUser, 0},
		"total_cost":            {fCost, 0},
		"metadata.project":      {fProject, 0},
		"project_id":            {fProject, 1},
		"metadata.service_tier": {fTier, 0},

		"usage_details.input":                       {fInput, 0},
		"usage_details.input_tokens":                {fInput, 1},
		"usage_details.prompt_tokens":               {fInput, 2},
		"usage_details.input_cached_tokens":         {fCacheRead, 0},
		"usage_details.cache_read_input_tokens":     {fCacheRead, 1},
		"usage_details.input_cache_read":            {fCacheRead, 2},
		"usage_details.input_cache_creation":        {fCacheWrite, 0},
		"usage_details.cache_creation_input_tokens": {fCacheWrite, 1},
		"usage_details.input_cache_write":           {fCacheWrite, 2},
		"usage_details.input_cache_creation_5m":     {fCacheWrite5m, 0},
		"usage_details.input_cache_creation_1h":     {fCacheWrite1h, 0},
		"usage_details.input_audio_tokens":          {fAudioInput, 0},
		"usage_details.input_audio":                 {fAudioInput, 1},
		"usage_details.output":                      {fOutput, 0},
		"usage_details.output_tokens":               {fOutput, 1},
		"usage_details.completion_tokens":           {fOutput, 2},
		"usage_details.output_reasoning_tokens":     {fReasoning, 0},
		"usage_details.output_reasoning":            {fReasoning, 1},
		"usage_details.output_audio_tokens":         {fAudioOutput, 0},
		"usage_details.output_audio":                {fAudioOutput, 1},
		"usage_details.total":                       {fTotal, 0},
		"usage_details.total_tokens":                {fTotal, 1},
	},
	nested: []string{"usage_details", "metadata"},
	read:   readRecords,
	adjust: func(s *session, r *row) string {
		// The keys exclude each other, and here the side holds its modalities.
		s.holds(r, fInput, fAudioInput)
		s.holds(r, fOutput, fAudioOutput)
		return ""
	},
}

// holds adds a count that stands beside another to it. What is no count is left for its fault to be found.
func (s *session) holds(r *row, whole, part field) {
	if isZero(r.text[part]) {
		return
	}
	n, problem, _ := parseCount(r.text[part])
	m, other := int64(0), ""
	if r.text[whole] != nil {
		m, other, _ = parseCount(r.text[whole])
	}
	if problem != "" || other != "" {
		return
	}
	sum := s.scratched(func(b []byte) []byte { return strconv.AppendInt(b, n+m, 10) })
	if r.text[whole] == nil {
		r.set(binding{whole, 0}, r.name[part], sum)
	} else {
		r.text[whole] = sum
	}
}

// langsmith is LangSmith's export of runs. Only runs of models are calls; chains add them up.
var langsmith = format{
	name: "langsmith", title: "LangSmith runs", json: true,
	signs:  []string{"run_type", "prompt_tokens", "completion_tokens"},
	grain:  PerRequest,
	expect: Includes,
	why:    "LangSmith's prompt_token_details split the prompt",
	columns: map[string]binding{
		"id":                                  {fID, 0},
		"run_type":                            {fKind, 0},
		"start_time":                          {fTime, 0},
		"end_time":                            {fDone, 0},
		"first_token_time":                    {fFirstToken, 0},
		"status":                              {fStatus, 0},
		"extra.metadata.ls_provider":          {fProvider, 0},
		"extra.metadata.ls_model_name":        {fModel, 0},
		"extra.metadata.service_tier":         {fTier, 0},
		"session_id":                          {fProject, 0},
		"trace_id":                            {fSession, 0},
		"total_cost":                          {fCost, 0},
		"prompt_tokens":                       {fInput, 0},
		"completion_tokens":                   {fOutput, 0},
		"total_tokens":                        {fTotal, 0},
		"prompt_token_details.cache_read":     {fCacheRead, 0},
		"prompt_token_details.cache_creation": {fCacheWrite, 0},
		"prompt_token_details.audio":          {fAudioInput, 0},
		"completion_token_details.reasoning":  {fReasoning, 0},
		"completion_token_details.audio":      {fAudioOutput, 0},
	},
	nested: []string{"extra", "prompt_token_details", "completion_token_details"},
	read:   readRecords,
}

// helicone is Helicone's table of requests, whose cost is an integer of billionths of a dollar.
var helicone = format{
	name: "helicone", title: "Helicone requests", json: true,
	signs:        []string{"request_created_at", "prompt_tokens", "completion_tokens"},
	grain:        PerRequest,
	expect:       Excludes,
	why:          "Helicone keeps the vendor's counts apart: prompt_tokens without cached ones",
	costExponent: -9,
	columns: map[string]binding{
		"request_id":                 {fID, 0},
		"request_created_at":         {fTime, 0},
		"response_created_at":        {fDone, 0},
		"latency":                    {fLatencyMS, 0},
		"delay_ms":                   {fLatencyMS, 1},
		"time_to_first_token":        {fTTFTMS, 0},
		"status":                     {fStatus, 0},
		"response_status":            {fStatus, 1},
		"provider":                   {fProvider, 0},
		"model":                      {fModel, 0},
		"response_model":             {fModel, 1},
		"request_model":              {fModel, 2},
		"user_id":                    {fUser, 0},
		"request_user_id":            {fUser, 1},
		"cost":                       {fCost, 0},
		"properties.project":         {fProject, 0},
		"request_properties.project": {fProject, 1},
		"properties.service_tier":    {fTier, 0},
		"reasoning_tokens":           {fReasoning, 0},
		"prompt_tokens":              {fInput, 0},
		"completion_tokens":          {fOutput, 0},
		"prompt_cache_read_tokens":   {fCacheRead, 0},
		"prompt_cache_write_tokens":  {fCacheWrite, 0},
		"prompt_cache_write_5m":      {fCacheWrite5m, 0},
		"prompt_cache_write_1h":      {fCacheWrite1h, 0},
	},
	nested: []string{"properties", "request_properties"},
	read:   readRecords,
}

// portkey is Portkey's log export, whose cost is in cents and whose counts are not split.
var portkey = format{
	name: "portkey", title: "Portkey logs", json: true,
	signs:        []string{"ai_org", "ai_model", "req_units", "res_units"},
	grain:        PerRequest,
	expect:       Includes,
	note:         "The export does not split cached tokens off: all input counts as uncached.",
	costExponent: -2,
	columns: map[string]binding{
		"id":                   {fID, 0},
		"created_at":           {fTime, 0},
		"ai_org":               {fProvider, 0},
		"ai_model":             {fModel, 0},
		"req_units":            {fInput, 0},
		"res_units":            {fOutput, 0},
		"cost":                 {fCost, 0},
		"cost_currency":        {fCurrency, 0},
		"response_status_code": {fStatus, 0},
		"is_success":           {fStatus, 1},
		"response_time":        {fLatencyMS, 0},
		"trace_id":             {fSession, 0},
	},
	read: readRecords,
}

// bifrost is Bifrost's log store.
var bifrost = format{
	name: "bifrost", title: "Bifrost logs", json: true,
	signs: []string{"timestamp", "token_usage.prompt_tokens", "token_usage.completion_tokens"},
	grain: PerRequest,
	rules: rules{input: Includes},
	why:   "Bifrost checks that cached and written tokens do not exceed the prompt",
	columns: map[string]binding{
		"id":                            {fID, 0},
		"timestamp":                     {fTime, 0},
		"provider":                      {fProvider, 0},
		"model":                         {fModel, 0},
		"latency":                       {fLatencyMS, 0},
		"cost":                          {fCost, 0},
		"status":                        {fStatus, 0},
		"team_id":                       {fProject, 0},
		"user_id":                       {fUser, 0},
		"virtual_key_id":                {fAPIKey, 0},
		"metadata.service_tier":         {fTier, 0},
		"token_usage.prompt_tokens":     {fInput, 0},
		"token_usage.completion_tokens": {fOutput, 0},
		"token_usage.total_tokens":      {fTotal, 0},
		"token_usage.prompt_tokens_details.cached_read_tokens":                                {fCacheRead, 0},
		"token_usage.prompt_tokens_details.cached_write_tokens":                               {fCacheWrite, 0},
		"token_usage.prompt_tokens_details.cached_write_token_details.cached_write_tokens_5m": {fCacheWrite5m, 0},
		"token_usage.prompt_tokens_details.cached_write_token_details.cached_write_tokens_1h": {fCacheWrite1h, 0},
		"token_usage.completion_tokens_details.reasoning_tokens":                              {fReasoning, 0},
	},
	nested: []string{"token_usage", "metadata"},
	read:   readRecords,
}

// bedrockLog is Amazon Bedrock's model invocation log. It has one counter for cache writes of any lifetime.
var bedrockLog = format{
	name: "bedrock_log", title: "Amazon Bedrock invocation log", json: true,
	signs:  []string{"modelId", "input.inputTokenCount", "output.outputTokenCount"},
	grain:  PerRequest,
	expect: Excludes,
	why:    "Bedrock counts cached tokens beside the input tokens",
	columns: map[string]binding{
		"requestId":                       {fID, 0},
		"timestamp":                       {fTime, 0},
		"modelId":                         {fModel, 0},
		"inferenceRegion":                 {fRegion, 0},
		"region":                          {fRegion, 1},
		"accountId":                       {fProject, 0},
		"identity.arn":                    {fUser, 0},
		"input.inputTokenCount":           {fInput, 0},
		"input.cacheReadInputTokenCount":  {fCacheRead, 0},
		"input.cacheWriteInputTokenCount": {fCacheWrite, 0},
		"output.outputTokenCount":         {fOutput, 0},
		"errorCode":                       {fStatus, 0},

		// The model's own answer, which is logged where bodies are.
		"output.outputBodyJson.usage.cache_creation.ephemeral_5m_input_tokens":           {fCacheWrite5m, 0},
		"output.outputBodyJson.usage.cache_creation.ephemeral_1h_input_tokens":           {fCacheWrite1h, 0},
		"output.outputBodyJson[].message.usage.cache_creation.ephemeral_5m_input_tokens": {fCacheWrite5m, 1},
		"output.outputBodyJson[].message.usage.cache_creation.ephemeral_1h_input_tokens": {fCacheWrite1h, 1},
	},
	read: readBedrock,
	adjust: func(s *session, r *row) string {
		defaultProvider(r, "bedrock")
		r.failed = len(r.text[fStatus]) > 0
		if !isZero(r.text[fCacheWrite]) && r.text[fCacheWrite5m] == nil && r.text[fCacheWrite1h] == nil {
			s.note("Calls do not say how long their cache writes live: those of one hour cost more than those of five minutes, and may be priced too low.")
		}
		return ""
	},
}

// cacheDetails is the list in which Bedrock's Converse splits cache writes by their lifetime, wherever it stands.
const cacheDetails = "cacheDetails[]"

// lifetimes are the lifetimes of cache writes.
var lifetimes = map[string]field{"5m": fCacheWrite5m, "1h": fCacheWrite1h}

func readBedrock(s *session, src *source, c *content) error {
	s.hasTime = true
	v := bedrockVisitor{rowVisitor: rowVisitor{s: s}}
	return s.values(src, c, nil, func(raw []byte, line int) error {
		s.row.reset(line)
		if err := s.walker.walk(raw, "", &v); err != nil {
			return s.broken(line, err)
		}
		return s.finishRow()
	})
}

// bedrockVisitor fills the session's row from a record, and from its list of lifetimes.
type bedrockVisitor struct {
	rowVisitor
	ttl, tokens []byte
}

func (v *bedrockVisitor) open(path []byte) {
	if bytes.HasSuffix(path, []byte(cacheDetails)) {
		v.ttl, v.tokens = nil, nil
	}
}

func (v *bedrockVisitor) value(path, raw []byte, kind scalar) {
	switch {
	case bytes.HasSuffix(path, []byte(cacheDetails+".ttl")):
		v.ttl = raw
	case bytes.HasSuffix(path, []byte(cacheDetails+".inputTokens")):
		v.tokens = raw
	default:
		v.rowVisitor.value(path, raw, kind)
	}
}

func (v *bedrockVisitor) closed(path []byte) {
	if !bytes.HasSuffix(path, []byte(cacheDetails)) || v.tokens == nil {
		return
	}
	if f, ok := lifetimes[string(v.ttl)]; ok {
		v.s.row.set(binding{f, 0}, cacheDetails+".inputTokens", v.tokens)
	}
}
