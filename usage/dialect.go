package usage

import (
	"fmt"
	"slices"
	"strings"

	"breakeven/money"
	"breakeven/price"
)

// dialect is a shape of usage blocks, and how its figures count.
type dialect struct {
	name  string
	signs []string // one of these counts is in the block
	types []string // or the body is of one of these types
	// at limits the dialect to blocks at these places; nil is anywhere.
	at     []string
	fields map[string]binding
	rules  rules
	adjust func(a *answer, c *counts, r *Response)
}

func (d *dialect) fits(a *answer) bool {
	if d.at != nil && !contains(d.at, a.root) {
		return false
	}
	for _, s := range d.signs {
		if _, ok := a.block[s]; ok {
			return true
		}
	}
	return len(a.block) > 0 && contains(d.types, a.meta["type"])
}

func contains(list []string, text string) bool {
	return slices.Contains(list, text)
}

// openAIChat is the usage of OpenAI's chat completions and of everybody who copies them. The prompt holds
// cached and written tokens, the completion holds reasoning.
var openAIChat = dialect{
	name:  "OpenAI chat completions",
	signs: []string{"prompt_tokens", "completion_tokens"},
	rules: rules{input: Includes},
	fields: map[string]binding{
		"prompt_tokens":     {fInput, 0},
		"completion_tokens": {fOutput, 0},
		"total_tokens":      {fTotal, 0},

		"prompt_tokens_details.cached_tokens": {fCacheRead, 0},
		"cached_tokens":                       {fCacheRead, 1}, // Moonshot
		"prompt_cache_hit_tokens":             {fCacheRead, 2}, // DeepSeek
		"cache_read_input_tokens":             {fCacheRead, 3}, // LiteLLM in front of Anthropic

		"prompt_tokens_details.cache_write_tokens":                       {fCacheWrite, 0},
		"prompt_tokens_details.cache_creation_tokens":                    {fCacheWrite, 1},
		"cache_creation_input_tokens":                                    {fCacheWrite, 2},
		"prompt_tokens_details.cache_creation_input_tokens":              {fCacheWrite, 3}, // Alibaba
		"cache_creation.ephemeral_5m_input_tokens":                       {fCacheWrite5m, 0},
		"cache_creation.ephemeral_1h_input_tokens":                       {fCacheWrite1h, 0},
		"prompt_tokens_details.cache_creation.ephemeral_5m_input_tokens": {fCacheWrite5m, 1},
		"prompt_tokens_details.cache_creation.ephemeral_1h_input_tokens": {fCacheWrite1h, 1},

		"prompt_tokens_details.audio_tokens":                       {fAudioInput, 0},
		"prompt_tokens_details.image_tokens":                       {fImageInput, 0},
		"prompt_tokens_details.video_tokens":                       {fVideoInput, 0},
		"prompt_tokens_details.cached_tokens_details.audio_tokens": {fAudioCacheRead, 0},
		"prompt_tokens_details.cached_tokens_details.image_tokens": {fImageCacheRead, 0},

		"completion_tokens_details.reasoning_tokens": {fReasoning, 0},
		"completion_tokens_details.audio_tokens":     {fAudioOutput, 0},
		"completion_tokens_details.image_tokens":     {fImageOutput, 0},

		"server_tool_use.web_search_requests": {fWebSearch, 0},
	},
}

// anthropicThroughChat is Anthropic's usage as a gateway writes it in OpenAI's shape. Some leave cache writes
// out of the prompt.
var anthropicThroughChat = dialect{
	name: "Anthropic usage in the shape of OpenAI chat completions", signs: openAIChat.signs, fields: openAIChat.fields,
	rules: rules{input: Includes, writesMayBeApart: true},
}

// openAIResponses is the usage of OpenAI's responses and of its realtime events. Alibaba's own API has the same
// counts with the details of chat completions.
var openAIResponses = dialect{
	name:  "OpenAI responses",
	signs: []string{"input_tokens", "output_tokens"},
	rules: rules{input: Includes},
	fields: map[string]binding{
		"input_tokens":  {fInput, 0},
		"output_tokens": {fOutput, 0},
		"total_tokens":  {fTotal, 0},

		"input_tokens_details.cached_tokens":                      {fCacheRead, 0},
		"input_token_details.cached_tokens":                       {fCacheRead, 1},
		"prompt_tokens_details.cached_tokens":                     {fCacheRead, 2},
		"input_tokens_details.cache_write_tokens":                 {fCacheWrite, 0},
		"input_token_details.cache_write_tokens":                  {fCacheWrite, 1},
		"prompt_tokens_details.cache_creation_input_tokens":       {fCacheWrite, 2},
		"input_tokens_details.audio_tokens":                       {fAudioInput, 0},
		"input_token_details.audio_tokens":                        {fAudioInput, 1},
		"input_tokens_details.image_tokens":                       {fImageInput, 0},
		"input_token_details.image_tokens":                        {fImageInput, 1},
		"input_tokens_details.cached_tokens_details.audio_tokens": {fAudioCacheRead, 0},
		"input_token_details.cached_tokens_details.audio_tokens":  {fAudioCacheRead, 1},
		"input_tokens_details.cached_tokens_details.image_tokens": {fImageCacheRead, 0},
		"input_token_details.cached_tokens_details.image_tokens":  {fImageCacheRead, 1},

		"output_tokens_details.reasoning_tokens": {fReasoning, 0},
		"output_token_details.reasoning_tokens":  {fReasoning, 1},
		"output_tokens_details.audio_tokens":     {fAudioOutput, 0},
		"output_token_details.audio_tokens":      {fAudioOutput, 1},
		"output_tokens_details.image_tokens":     {fImageOutput, 0},
		"output_token_details.image_tokens":      {fImageOutput, 1},
	},
}

var anthropicFields = map[string]binding{
	"input_tokens":                             {fInput, 0},
	"cache_read_input_tokens":                  {fCacheRead, 0},
	"cache_creation_input_tokens":              {fCacheWrite, 0},
	"cache_creation.ephemeral_5m_input_tokens": {fCacheWrite5m, 0},
	"cache_creation.ephemeral_1h_input_tokens": {fCacheWrite1h, 0},
	"output_tokens":                            {fOutput, 0},
	"output_tokens_details.thinking_tokens":    {fReasoning, 0},
	"server_tool_use.web_search_requests":      {fWebSearch, 0},
}

// anthropicMessages is Anthropic's own usage. Cached and written tokens stand beside the input, the output
// holds the thinking.
var anthropicMessages = dialect{
	name: "Anthropic messages", signs: []string{"input_tokens", "output_tokens"},
	rules: rules{input: Excludes}, fields: anthropicFields, adjust: addIterations,
}

// anthropicElsewhere is the same at vendors whose other bodies have an input too: it is told by its cache
// counts or by the body's type.
var anthropicElsewhere = dialect{
	name: "Anthropic messages", signs: []string{"cache_read_input_tokens", "cache_creation_input_tokens", "cache_creation.ephemeral_5m_input_tokens"},
	types: []string{"message", "message_start", "message_delta"},
	rules: rules{input: Excludes}, fields: anthropicFields, adjust: addIterations,
}

// addIterations adds what Anthropic's totals leave out: the pass that compacts the context, by the same model.
// An advisor is another model, whose price is its own.
func addIterations(a *answer, c *counts, r *Response) {
	for _, it := range a.extra {
		switch it["type"] {
		case "compaction":
			for p, b := range anthropicFields {
				if n, problem, _ := parseCount([]byte(it[p])); problem == "" && n > 0 {
					c.add(b.f, n)
				}
			}
			r.note("A compaction ran before the answer; the body's totals leave its tokens out, and they were added.")
		case "advisor_message":
			r.note(fmt.Sprintf("An advisor, %s, used %s input and %s output tokens that are billed at its own price and are not in these quantities.",
				it["model"], it["input_tokens"], it["output_tokens"]))
		}
	}
}

// geminiMetadata is Gemini's usage. The prompt holds cached tokens and leaves out those of tool use; the
// candidates leave out the thoughts.
var geminiMetadata = dialect{
	name:  "Gemini usage metadata",
	at:    []string{"usageMetadata", "usage_metadata", "response.usageMetadata", "response.usage_metadata"},
	signs: []string{"promptTokenCount", "prompt_token_count", "totalTokenCount", "total_token_count", "candidatesTokenCount", "candidates_token_count"},
	rules: rules{input: Includes, reasoningApart: true},
	fields: map[string]binding{
		"promptTokenCount":                {fInput, 0},
		"prompt_token_count":              {fInput, 1},
		"candidatesTokenCount":            {fOutput, 0},
		"candidates_token_count":          {fOutput, 1},
		"responseTokenCount":              {fOutput, 2}, // the live API
		"response_token_count":            {fOutput, 3},
		"thoughtsTokenCount":              {fReasoning, 0},
		"thoughts_token_count":            {fReasoning, 1},
		"toolUsePromptTokenCount":         {fToolInput, 0},
		"tool_use_prompt_token_count":     {fToolInput, 1},
		"cachedContentTokenCount":         {fCacheRead, 0},
		"cached_content_token_count":      {fCacheRead, 1},
		"promptTokensDetails.AUDIO":       {fAudioInput, 0},
		"prompt_tokens_details.AUDIO":     {fAudioInput, 1},
		"promptTokensDetails.IMAGE":       {fImageInput, 0},
		"prompt_tokens_details.IMAGE":     {fImageInput, 1},
		"promptTokensDetails.VIDEO":       {fVideoInput, 0},
		"prompt_tokens_details.VIDEO":     {fVideoInput, 1},
		"cacheTokensDetails.AUDIO":        {fAudioCacheRead, 0},
		"cache_tokens_details.AUDIO":      {fAudioCacheRead, 1},
		"cacheTokensDetails.IMAGE":        {fImageCacheRead, 0},
		"cache_tokens_details.IMAGE":      {fImageCacheRead, 1},
		"cacheTokensDetails.VIDEO":        {fVideoCacheRead, 0},
		"cache_tokens_details.VIDEO":      {fVideoCacheRead, 1},
		"candidatesTokensDetails.AUDIO":   {fAudioOutput, 0},
		"candidates_tokens_details.AUDIO": {fAudioOutput, 1},
		"responseTokensDetails.AUDIO":     {fAudioOutput, 2},
		"candidatesTokensDetails.IMAGE":   {fImageOutput, 0},
		"candidates_tokens_details.IMAGE": {fImageOutput, 1},
		"candidatesTokensDetails.VIDEO":   {fVideoOutput, 0},
		"candidates_tokens_details.VIDEO": {fVideoOutput, 1},
	},
	adjust: splitToolInput,
}

// splitToolInput moves the audio, image and video tokens of tool use to those of the prompt.
func splitToolInput(a *answer, c *counts, _ *Response) {
	for _, m := range []struct {
		name string
		f    field
	}{{"AUDIO", fAudioInput}, {"IMAGE", fImageInput}, {"VIDEO", fVideoInput}} {
		for _, list := range []string{"toolUsePromptTokensDetails.", "tool_use_prompt_tokens_details."} {
			n, problem, _ := parseCount([]byte(a.block[list+m.name]))
			if problem != "" || n == 0 || n > c.get(fToolInput) {
				continue
			}
			c.add(m.f, n)
			c.add(fInput, n)
			c.put(fToolInput, c.get(fToolInput)-n)
		}
	}
}

// bedrockConverse is the usage of Amazon Bedrock's Converse. Cached and written tokens stand beside the input.
var bedrockConverse = dialect{
	name:  "Bedrock Converse",
	signs: []string{"inputTokens", "outputTokens"},
	rules: rules{input: Excludes},
	fields: map[string]binding{
		"inputTokens":               {fInput, 0},
		"outputTokens":              {fOutput, 0},
		"totalTokens":               {fTotal, 0},
		"cacheReadInputTokens":      {fCacheRead, 0},
		"cacheReadInputTokenCount":  {fCacheRead, 1},
		"cacheWriteInputTokens":     {fCacheWrite, 0},
		"cacheWriteInputTokenCount": {fCacheWrite, 1},
		"cacheDetails.5M":           {fCacheWrite5m, 0},
		"cacheDetails.1H":           {fCacheWrite1h, 0},
	},
	adjust: func(_ *answer, c *counts, r *Response) {
		if c.get(fCacheWrite) > 0 && !c.any(fCacheWrite5m, fCacheWrite1h) {
			r.note("The body does not say how long the cache writes live: one hour costs more than five minutes.")
		}
	},
}

// bedrockNative is the counts of models on Bedrock that have no usage block: Llama's and Titan's.
var bedrockNative = dialect{
	name:  "Bedrock InvokeModel counts",
	signs: nativeCounts,
	rules: rules{input: Includes},
	fields: map[string]binding{
		"prompt_token_count":     {fInput, 0},
		"inputTextTokenCount":    {fInput, 1},
		"generation_token_count": {fOutput, 0},
	},
}

// cohereBilled is what Cohere bills, which is less than the tokens that it counts beside.
var cohereBilled = dialect{
	name:  "Cohere billed units",
	at:    []string{"usage.billed_units", "meta.billed_units"},
	signs: []string{"input_tokens", "output_tokens", "image_tokens"},
	rules: rules{input: Includes},
	fields: map[string]binding{
		"input_tokens":  {fInput, 0},
		"output_tokens": {fOutput, 0},
		"image_tokens":  {fImageInput, 0},
	},
	adjust: func(_ *answer, c *counts, _ *Response) {
		c.add(fInput, c.get(fImageInput)) // they stand beside the input
	},
}

// xaiChat is chat completions as xAI counts them: the completion leaves out the reasoning.
var xaiChat = dialect{
	name: "xAI chat completions", signs: openAIChat.signs, fields: openAIChat.fields,
	rules: rules{input: Includes, reasoningApart: true},
}

// xaiNative is the usage of xAI's own interface.
var xaiNative = dialect{
	name:  "xAI native usage",
	signs: []string{"prompt_text_tokens", "cached_prompt_text_tokens", "prompt_image_tokens"},
	rules: rules{input: Includes, reasoningApart: true},
	fields: map[string]binding{
		"prompt_tokens":             {fInput, 0},
		"cached_prompt_text_tokens": {fCacheRead, 0},
		"prompt_image_tokens":       {fImageInput, 0},
		"completion_tokens":         {fOutput, 0},
		"reasoning_tokens":          {fReasoning, 0},
		"total_tokens":              {fTotal, 0},
	},
}

// perplexityChat is chat completions as Perplexity counts them: citations, reasoning and searches stand beside
// the completion.
var perplexityChat = dialect{
	name: "Perplexity chat completions", signs: openAIChat.signs,
	rules: rules{input: Includes, reasoningApart: true},
	fields: map[string]binding{
		"prompt_tokens":      {fInput, 0},
		"completion_tokens":  {fOutput, 0},
		"reasoning_tokens":   {fReasoning, 0},
		"citation_tokens":    {fCitation, 0},
		"num_search_queries": {fWebSearch, 0},
		"total_tokens":       {fTotal, 0},
	},
}

// vendor is who wrote a body: the shapes that its bodies have, and its own ways.
type vendor struct {
	names    []string // the first is the usual one
	dialects []*dialect
	costs    []reportedCost
	// reasoningByTotal: whether the output holds the reasoning differs between its interfaces, and the total
	// tells.
	reasoningByTotal bool
	note             func(a *answer, r *Response)
}

// reportedCost is where a vendor reports what a call cost: dollars times ten to minus the exponent.
type reportedCost struct {
	path     string
	exponent int
}

var chatOrResponses = []*dialect{&openAIChat, &openAIResponses}

// vendors is the table of vendors.
var vendors = []vendor{
	{names: []string{"openai"}, dialects: chatOrResponses},
	{names: []string{"azure", "azure_openai", "azure_ai", "azure_foundry"}, dialects: []*dialect{&openAIChat, &anthropicElsewhere, &openAIResponses}},
	{names: []string{"anthropic", "claude"}, dialects: []*dialect{&anthropicThroughChat, &anthropicMessages}},
	{names: []string{"google", "gemini", "google_ai_studio", "google_gla"}, dialects: []*dialect{&geminiMetadata, &openAIChat, &anthropicElsewhere}},
	{names: []string{"vertex", "vertex_ai", "google_vertex", "vertexai"}, dialects: []*dialect{&geminiMetadata, &anthropicElsewhere, &anthropicThroughChat, &anthropicMessages}},
	{
		names:    []string{"bedrock", "aws", "amazon_bedrock", "bedrock_converse", "aws_bedrock"},
		dialects: []*dialect{&bedrockConverse, &anthropicElsewhere, &openAIChat, &openAIResponses, &bedrockNative},
	},
	{
		names:    []string{"xai", "x_ai", "grok"},
		dialects: []*dialect{&xaiNative, &xaiChat, &openAIResponses}, reasoningByTotal: true,
		costs: []reportedCost{{"cost_in_usd_ticks", -10}},
	},
	{names: []string{"mistral", "mistralai"}, dialects: chatOrResponses},
	{names: []string{"cohere"}, dialects: []*dialect{&cohereBilled, &openAIChat}},
	{names: []string{"deepseek"}, dialects: chatOrResponses},
	{names: []string{"groq"}, dialects: chatOrResponses},
	{names: []string{"together", "together_ai", "togetherai"}, dialects: chatOrResponses},
	{names: []string{"fireworks", "fireworks_ai"}, dialects: chatOrResponses},
	{names: []string{"moonshot", "moonshotai", "kimi"}, dialects: chatOrResponses},
	{names: []string{"alibaba", "dashscope", "qwen", "aliyun"}, dialects: chatOrResponses},
	{
		names:    []string{"openrouter"},
		dialects: []*dialect{&openAIChat, &anthropicElsewhere, &openAIResponses},
		costs:    []reportedCost{{"cost", 0}}, note: noteOpenRouter,
	},
	{
		names:    []string{"perplexity"},
		dialects: []*dialect{&perplexityChat, &openAIResponses}, costs: []reportedCost{{"cost.total_cost", 0}}, note: notePerplexity,
	},
	{names: []string{"modal"}, dialects: chatOrResponses},
	{names: []string{"minimax"}, dialects: []*dialect{&openAIChat, &anthropicElsewhere, &openAIResponses}},
	{names: []string{"cerebras"}, dialects: chatOrResponses},
	{names: []string{"zai", "z_ai", "zhipuai", "zhipu"}, dialects: []*dialect{&openAIChat, &anthropicElsewhere, &openAIResponses}},
}

// anyVendor reads a body by its shape.
var anyVendor = vendor{dialects: []*dialect{
	&geminiMetadata, &bedrockConverse, &xaiNative, &cohereBilled, &openAIChat, &anthropicElsewhere, &openAIResponses, &bedrockNative,
}}

// vendorOf finds a vendor by any of its names.
func vendorOf(provider string) (v *vendor, known bool) {
	name := strings.NewReplacer("-", "_", ".", "_", " ", "_").Replace(strings.ToLower(strings.TrimSpace(provider)))
	for i := range vendors {
		if contains(vendors[i].names, name) {
			return &vendors[i], true
		}
	}
	return &anyVendor, false
}

func (v *vendor) dialectOf(a *answer) *dialect {
	for _, d := range v.dialects {
		if d.fits(a) {
			return d
		}
	}
	return nil
}

// noteOpenRouter says what the cost holds that tokens do not show.
func noteOpenRouter(a *answer, r *Response) {
	if a.block["is_byok"] == "true" {
		r.note("The call was paid with the user's own key: the cost leaves out what the vendor behind charges.")
		return
	}
	upstream, err := money.ParseUSDRounded(a.block["cost_details.upstream_inference_cost"])
	if err == nil && r.Reported.Known && upstream < r.Reported.USD {
		r.note(fmt.Sprintf("The cost holds more than tokens: inference alone was $%s.", upstream))
	}
}

// notePerplexity says which fee cannot be derived.
func notePerplexity(_ *answer, r *Response) {
	if !r.Reported.Known && r.Quantities[price.WebSearch] == 0 {
		r.note("Perplexity adds a fee for each request that depends on the search context size, which the body does not tell.")
	}
}
