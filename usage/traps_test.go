package usage_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"breakeven/money"
	"breakeven/price"
	"breakeven/usage"
)

// trapPrices is a book in which every trap costs money. Per million tokens: 10 dollars in, 1 from the cache, 12.5 and 20
// into it for five minutes and an hour, 50 out. Beyond 200,000 tokens everything doubles. Batch is half, priority
// double, fast mode sixfold, and what stays in the United States costs a tenth more. The model "night" is half price
// from 16:30 to 00:30 UTC, and "cut" was 20 dollars in and 100 out before 21 August.
const trapPrices = `{"schema":"breakeven/prices/v1","provider":"test","name":"Test","first_party":true,
"aliases":["openai","anthropic","bedrock","azure","litellm"],"regions":{"us":"us"},
"sources":{"s":{"kind":"assumed","title":"for the tests of traps","date":"2026-08-01"}},
"rules":{"half":{"kind":"assumed","text":"half","times":"0.5"},"twice":{"kind":"assumed","text":"twice","times":"2"},
 "six":{"kind":"assumed","text":"six times","times":"6"},"us":{"kind":"assumed","text":"a tenth more","times":"1.1"}},
"models":[
 {"id":"m","aliases":["gpt-5-mini"],"prices":[{"source":"s",
  "rates":{"input":"10","cache_read":"1","cache_write_5m":"12.5","cache_write_1h":"20","cache_write":"12.5","output":"50","image_input":"10","image_cache_read":"1"},
  "bands":[{"above":200000,"rates":{"input":"20","cache_read":"2","output":"100"}}],
  "tiers":{"batch":{"rule":"half"},"priority":{"rule":"twice"},"fast":{"rule":"six"}},"routes":{"us":{"rule":"us"}}}]},
 {"id":"night","prices":[{"source":"s","rates":{"input":"10","output":"50"},"windows":[{"from":"16:30","to":"00:30","rule":"half"}]}]},
 {"id":"cut","prices":[{"to":"2026-08-21T00:00:00Z","source":"s","rates":{"input":"20","output":"100"}},
  {"from":"2026-08-21T00:00:00Z","source":"s","rates":{"input":"10","output":"50"}}]}]}`

// A trap is a way in which tools in the wild count or price usage wrongly. Each has a file that is as small as the trap
// allows, and the figures that are right.
var traps = []struct {
	name  string
	trap  string // what goes wrong, in words
	files []string
	want  price.Quantities
	bill  string // in dollars, by the prices above
	note  string // what the reader has to say
}{
	{
		name:  "one answer is several lines, and comes again in other files",
		trap:  "adding lines up counts an answer up to four times; keeping its first line loses most of its output",
		files: []string{claudeSession, claudeSubagent, claudeResumed},
		// m1: 1,000 in and 90 out; m2, of the subagent: 500 in and 7 out; m3, after the resumption: 100 in and 20 out.
		want: price.Quantities{price.Input: 1600, price.Output: 117, price.Request: 3},
		bill: "0.02185", // 1,600 × 10 + 117 × 50
	},
	{
		name:  "a subagent's own answers are on no other line",
		trap:  "dropping all side chains to be rid of copies drops what subagents spent",
		files: []string{trapClaude(1, "m2", `"input_tokens":500,"output_tokens":7`, `"isSidechain":true,`)},
		want:  price.Quantities{price.Input: 500, price.Output: 7, price.Request: 1},
		bill:  "0.00535",
	},
	{
		name:  "placeholders of one token",
		trap:  "some versions log an input of 0 or 1, which is a hundred times too low",
		files: []string{trapClaude(1, "m1", `"input_tokens":1,"output_tokens":90`, "")},
		want:  price.Quantities{price.Input: 1, price.Output: 90, price.Request: 1},
		bill:  "0.00451",
		note:  "placeholder of some versions",
	},
	{
		name: "totals that grow, events that come twice, a last call that is left out",
		trap: "adding totals up, or last calls, counts tokens several times or not at all",
		files: []string{strings.ReplaceAll(codexMeta+codexTurn+codexTotals(1, [4]int{100, 0, 10, 0}, [4]int{100, 0, 10, 0})+
			codexTotals(2, [4]int{100, 0, 10, 0}, [4]int{100, 0, 10, 0})+
			codexTotals(3, [4]int{300, 90, 25, 0}, [4]int{}), "gpt-5.6-sol", "m")},
		want: price.Quantities{price.Input: 210, price.CacheRead: 90, price.Output: 25, price.Request: 2},
		bill: "0.00344", // 210 × 10 + 90 × 1 + 25 × 50
	},
	{
		name:  "the gateway's own cache",
		trap:  "cache_hit is the proxy's cache and no vendor's: such a call costs nothing, and others are no cheaper for it",
		files: []string{trapLiteLLM("a", `"prompt_tokens":1000,"completion_tokens":10,"cache_hit":"True"`) + trapLiteLLM("b", `"prompt_tokens":1000,"completion_tokens":10,"cache_hit":"False"`)},
		want:  price.Quantities{price.Input: 1000, price.Output: 10, price.Request: 1},
		bill:  "0.0105",
	},
	{
		name: "a split that is smaller than its whole",
		trap: "streamed calls with server tools split only a part of their cache writes by lifetime; the rest is not zero",
		files: []string{trapLiteLLM("a", `"prompt_tokens":1000,"completion_tokens":10,"metadata":{"usage_object":{"cache_creation_input_tokens":400,`+
			`"cache_creation":{"ephemeral_5m_input_tokens":100,"ephemeral_1h_input_tokens":200}}}`)},
		want: price.Quantities{price.Input: 600, price.CacheWrite5m: 100, price.CacheWrite1h: 200, price.CacheWrite: 100, price.Output: 10, price.Request: 1},
		bill: "0.013", // 600 × 10 + 100 × 12.5 + 200 × 20 + 100 × 12.5 + 10 × 50
	},
	{
		name:  "reasoning is a part of the output",
		trap:  "adding reasoning to the output bills it twice",
		files: []string{trapLiteLLM("a", `"prompt_tokens":1000,"completion_tokens":100,"metadata":{"usage_object":{"completion_tokens_details":{"reasoning_tokens":60}}}`)},
		want:  price.Quantities{price.Input: 1000, price.Output: 40, price.Reasoning: 60, price.Request: 1},
		bill:  "0.015",
	},
	{
		name:  "input that holds cached tokens",
		trap:  "adding cached tokens to an input that holds them counts them twice, at ten times their price",
		files: []string{trapLiteLLM("a", `"prompt_tokens":1000,"completion_tokens":10,"metadata":{"usage_object":{"cache_read_input_tokens":900}}`)},
		want:  price.Quantities{price.Input: 100, price.CacheRead: 900, price.Output: 10, price.Request: 1},
		bill:  "0.0024", // 100 × 10 + 900 × 1 + 10 × 50
	},
	{
		name:  "input that leaves cached tokens out",
		trap:  "taking cached tokens off an input that does not hold them loses them, or makes it negative",
		files: []string{trapClaude(1, "m1", `"input_tokens":100,"cache_read_input_tokens":900,"output_tokens":10`, "")},
		want:  price.Quantities{price.Input: 100, price.CacheRead: 900, price.Output: 10, price.Request: 1},
		bill:  "0.0024",
	},
	{
		name:  "cached images",
		trap:  "cached image tokens are in the image tokens and in the cached ones: billed once each, they cost 72 % too much",
		files: []string{trapLiteLLM("a", `"prompt_tokens":1000,"completion_tokens":10,"metadata":{"usage_object":{"prompt_tokens_details":{"cached_tokens":900,"image_tokens":800}}}`)},
		// 900 cached of which at least 700 must be of the image, for only 200 tokens are text.
		want: price.Quantities{price.Input: 0, price.CacheRead: 200, price.ImageCacheRead: 700, price.ImageInput: 100, price.Output: 10, price.Request: 1},
		bill: "0.0024", // 200 × 1 + 700 × 1 + 100 × 10 + 10 × 50
		note: "Some cached tokens must be of the image",
	},
	{
		name:  "writes without a lifetime",
		trap:  "Bedrock's log has one counter for cache writes: those of one hour are priced 37 % too low, and it has to be said",
		files: []string{trapBedrock("")},
		want:  price.Quantities{price.Input: 100, price.CacheWrite: 1000, price.Output: 10, price.Request: 1},
		bill:  "0.014",
		note:  "do not say how long their cache writes live",
	},
	{
		name:  "writes with their lifetimes",
		trap:  "where the answer splits them, the split counts",
		files: []string{trapBedrock(`,"outputBodyJson":{"usage":{"cacheDetails":[{"ttl":"1h","inputTokens":900},{"ttl":"5m","inputTokens":100}]}}`)},
		want:  price.Quantities{price.Input: 100, price.CacheWrite5m: 100, price.CacheWrite1h: 900, price.Output: 10, price.Request: 1},
		bill:  "0.02075", // 100 × 10 + 100 × 12.5 + 900 × 20 + 10 × 50
	},
	{
		name: "meters in thousands and in millions",
		trap: "Azure mixes units and abbreviates: reading all amounts in one unit is wrong a thousandfold",
		files: []string{azureHead + azureLine("08/09/2026", "Azure OpenAI GPT5", "gpt 5 mini Inp glbl Tokens", "35", "1K") +
			azureLine("08/09/2026", "Azure OpenAI GPT5", "gpt 5 mini outp DZone 1M Tokens", "0.5", "1M")},
		want: price.Quantities{price.Input: 35_000, price.Output: 500_000},
		bill: "25.35",
	},
	{
		name:  "a batch",
		trap:  "batches cost half, and only a column says so",
		files: []string{trapHead + "2026-08-19T10:00:00Z,m,1000,100,batch,\n"},
		want:  price.Quantities{price.Input: 1000, price.Output: 100, price.Request: 1},
		bill:  "0.0075",
	},
	{
		name:  "priority and fast mode",
		trap:  "a tier has a price of its own",
		files: []string{trapHead + "2026-08-19T10:00:00Z,m,1000,100,priority,\n", trapClaude(1, "m1", `"input_tokens":1000,"output_tokens":100,"speed":"fast"`, "")},
		want:  price.Quantities{price.Input: 2000, price.Output: 200, price.Request: 2},
		bill:  "0.12", // 0.015 × 2 + 0.015 × 6
	},
	{
		name:  "a long prompt",
		trap:  "beyond a boundary the whole call costs more, and which calls are beyond it shows in no sum",
		files: []string{trapHead + "2026-08-19T10:00:00Z,m,200000,0,,\n2026-08-19T10:00:00Z,m,200001,0,,\n"},
		want:  price.Quantities{price.Input: 400_001, price.Request: 2},
		bill:  "6.00002", // 200,000 × 10 + 200,001 × 20
	},
	{
		name: "a long prompt in a bucket",
		trap: "a report adds calls up, and says on which side of the boundary they lie",
		files: []string{`{"data":[{"starting_at":"2026-08-19T01:00:00Z","ending_at":"2026-08-19T02:00:00Z","results":[` +
			`{"model":"m","uncached_input_tokens":1000000,"output_tokens":0,"context_window":"0-200k"},{"model":"m","uncached_input_tokens":1000000,"output_tokens":0,"context_window":"200k-1M"}]}]}`},
		want: price.Quantities{price.Input: 2_000_000},
		bill: "30",
	},
	{
		name:  "inference that stays in a country",
		trap:  "the region is a tenth of the bill",
		files: []string{trapHead + "2026-08-19T10:00:00Z,m,1000,100,,us\n"},
		want:  price.Quantities{price.Input: 1000, price.Output: 100, price.Request: 1},
		bill:  "0.0165",
	},
	{
		name: "the time of day",
		trap: "a call costs what was in force when it began, to the minute",
		files: []string{trapHead + "2026-08-19T16:29:59Z,night,1000,100,,\n2026-08-19T16:30:00Z,night,1000,100,,\n" +
			"2026-08-20T00:29:59Z,night,1000,100,,\n2026-08-20T00:30:00Z,night,1000,100,,\n"},
		want: price.Quantities{price.Input: 4000, price.Output: 400, price.Request: 4},
		bill: "0.045", // 0.015 × (1 + 0.5 + 0.5 + 1)
	},
	{
		name:  "a price that was cut",
		trap:  "pricing all calls at the newest list is wrong by half of what came before",
		files: []string{trapHead + "2026-08-20T23:59:59Z,cut,1000,100,,\n2026-08-21T00:00:00Z,cut,1000,100,,\n"},
		want:  price.Quantities{price.Input: 2000, price.Output: 200, price.Request: 2},
		bill:  "0.045", // 0.03 + 0.015
	},
}

const trapHead = "time,model,input_tokens,output_tokens,tier,region\n"

func trapLiteLLM(id, more string) string {
	return `{"request_id":"` + id + `","startTime":"2026-08-19T10:00:00Z","model":"m","custom_llm_provider":"test","spend":0,` + more + "}\n"
}

func trapBedrock(more string) string {
	return `{"timestamp":"2026-08-19T10:00:00Z","requestId":"r","modelId":"m","input":{"inputTokenCount":100,"cacheReadInputTokenCount":0,"cacheWriteInputTokenCount":1000},"output":{"outputTokenCount":10` + more + `}}` + "\n"
}

// trapClaude is a line of a session; some versions write a time zone, none of which matters here.
func trapClaude(second int, message, tokens, more string) string {
	return strings.Replace(claudeLine(second, message, fmt.Sprintf("r%d", second), tokens, more), "claude-opus-4-7", "m", 1)
}

var (
	claudeSession = trapClaude(1, "m1", `"input_tokens":1000,"output_tokens":1`, "") +
		trapClaude(2, "m1", `"input_tokens":1000,"output_tokens":40`, "")
	claudeSubagent = trapClaude(3, "m1", `"input_tokens":1000,"output_tokens":90`, `"isSidechain":true,`) +
		trapClaude(4, "m2", `"input_tokens":500,"output_tokens":7`, `"isSidechain":true,`)
	claudeResumed = claudeSession + trapClaude(9, "m3", `"input_tokens":100,"output_tokens":20`, "")
)

func TestTraps(t *testing.T) {
	book, err := price.NewBook(map[string][]byte{"test.json": []byte(trapPrices)})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range traps {
		t.Run(tt.name, func(t *testing.T) {
			answers := new(usage.Answers)
			for i, text := range tt.files {
				if err := answers.Gather(i, "log", strings.NewReader(text), usage.Options{}); err != nil {
					t.Fatal(err)
				}
			}
			var q price.Quantities
			sums := map[price.Ref]*price.Quantities{}
			said := false
			for i, text := range tt.files {
				s, err := usage.Read("log", strings.NewReader(text), usage.Options{Answers: answers, File: i}, func(c *usage.Call) error {
					ref, err := refOf(book, c)
					if err != nil {
						return err
					}
					if sums[ref] == nil {
						sums[ref] = new(price.Quantities)
					}
					if err := sums[ref].Add(&c.Quantities); err != nil {
						return err
					}
					return q.Add(&c.Quantities)
				})
				if err != nil || s.Faulty > 0 {
					t.Fatalf("%v, %+v", err, s)
				}
				said = said || tt.note != "" && told(s, tt.note)
			}
			quantities(t, q, tt.want)
			if tt.note != "" && !said {
				t.Errorf("nothing says %q", tt.note)
			}
			var bill money.Sum
			for ref, q := range sums {
				cost, complete, err := ref.Cost(q)
				if err != nil || !complete {
					t.Fatalf("complete %v, %v", complete, err)
				}
				if err := bill.AddSum(cost); err != nil {
					t.Fatal(err)
				}
			}
			if bill.String() != tt.bill {
				t.Errorf("the bill is %s, want %s: %s", bill, tt.bill, tt.trap)
			}
		})
	}
}

// refOf is what a call is billed by.
func refOf(book *price.Book, c *usage.Call) (price.Ref, error) {
	sheet, _, err := book.Sheet(price.Query{Provider: "test", Model: c.Model, Region: c.Region, Tier: c.Tier}, c.Start, time.Time{})
	if err != nil {
		return price.Ref{}, err
	}
	input := c.Quantities.InputTokens()
	if c.Aggregate() {
		input = c.ContextOver + 1
	}
	return sheet.Ref(input, c.Start), nil
}
