package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"breakeven/fact"
	"breakeven/internal/feed"
	"breakeven/money"
	"breakeven/price"
	"breakeven/registry"
)

// field is what one field of a table is a rate for.
type field struct {
	registry.Key // without a name

	from time.Time
	// pow10 turns the number of the history into dollars per million units.
	pow10 int
	// instead is the field that counts where a model has it, and all the fields that must hold the same number.
	instead string
	alike   []string
}

// table is how the history of one public table is to be read. The history writes rates for tokens in dollars per
// million, whatever the table's own unit; what is not a token it leaves in the table's unit.
type table struct {
	source string
	// name gives the table's own name of a provider and of a model, and false for a model that is not to be read.
	name func(r *row) (provider, model string, ok bool)
	// field takes the name of a field apart.
	field func(name, model string) (field, bool)
	// unset reports the fields of a model of which a zero stands for "not set"; without it no zero does.
	unset func(f field, numbers map[string]string) bool
	// end is what the feed reads in the table as it stands at the end of the history, where it may read a rate in a
	// place that the history does not show. Such a rate is left out: its log would not go on in what the feed reads.
	end []registry.Fact
}

// tables lists the tables in the order of their IDs. Left out are those whose history does not replay: llm-prices, which
// no feed reads, and a log of others' prices that starts with changes and names no revision. Listed are the providers
// of LiteLLM's models, and portkey is what the feed reads in Portkey's table at the end.
func tables(listed map[string]string, portkey []registry.Fact) []table {
	byVendor := func(r *row) (string, string, bool) { return r.vendor, r.model, true }
	return []table{
		{source: "genai-prices", name: byVendor, field: genaiField},
		{
			source: "langfuse", field: langfuseField,
			name: func(r *row) (string, string, bool) { return "", r.model, true },
		},
		{
			source: "litellm", field: litellmField,
			name: func(r *row) (string, string, bool) { return litellmProvider(listed, r.model), r.model, true },
		},
		{
			source: "models.dev", name: byVendor, field: modelsDevField,
			// No price at all, or no price for the cache alone.
			unset: func(f field, numbers map[string]string) bool {
				return zero(numbers["input"]) && zero(numbers["output"]) || f.Kind != registry.KindOf(price.Input) && f.Kind != registry.KindOf(price.Output)
			},
		},
		{
			source: "portkey", field: portkeyField, end: portkey,
			name: func(r *row) (string, string, bool) {
				model, ok := feed.PortkeyModel(r.model)
				return r.vendor, model, ok
			},
			unset: func(field, map[string]string) bool { return true },
		},
	}
}

// zero reports a number that is nought.
func zero(number string) bool { return number != "" && strings.Trim(number, "0.-") == "" }

func rate(k price.Kind, tier price.Tier, above int64) field {
	return field{Key: registry.Key{Kind: registry.KindOf(k), Tier: registry.TierOf(tier), Above: above}}
}

// litellmSizes are the prices of a search by the size of its context, which are one rate where they are alike.
var litellmSizes = []string{
	"search_context_cost_per_query.search_context_size_low",
	"search_context_cost_per_query.search_context_size_medium",
	"search_context_cost_per_query.search_context_size_high",
}

func litellmField(name, _ string) (field, bool) {
	switch {
	case name == "input_cost_per_token_cache_hit":
		f := rate(price.CacheRead, price.Standard, 0)
		f.instead = "cache_read_input_token_cost"
		return f, true
	case slices.Contains(litellmSizes, name):
		f := rate(price.WebSearch, price.Standard, 0)
		f.pow10, f.alike = 6, litellmSizes
		return f, true
	}
	kind, tier, above, pow10, ok := feed.LiteLLMField(name)
	f := rate(kind, tier, above)
	if kind == price.Request {
		f.pow10 = pow10
	}
	return f, ok
}

// litellmOwn tells whose model a name without a provider in front is, where the map holds it no more.
var litellmOwn = []struct{ begins, provider string }{
	{"claude-", "anthropic"}, {"gpt-", "openai"}, {"o1", "openai"},
	{"gemini-", "vertex_ai-language-models"}, {"vertex_ai/claude", "vertex_ai-anthropic_models"},
}

// litellmProvider is the provider of a model of LiteLLM's, which its history leaves out: the one that the map names, and
// for a model that is no longer in it the one that the beginning of its name tells.
func litellmProvider(listed map[string]string, model string) string {
	if p, ok := listed[model]; ok {
		return p
	}
	for _, own := range litellmOwn {
		if strings.HasPrefix(model, own.begins) {
			return own.provider
		}
	}
	provider, _, _ := strings.Cut(model, "/")
	return provider
}

func litellmProviders(dir string) (map[string]string, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "litellm", "model_prices_and_context_window.*.json"))
	if err != nil {
		return nil, err
	}
	slices.Sort(paths)
	providers := map[string]string{}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		t, err := feed.LiteLLM(data, fact.Date(""))
		if err != nil {
			return nil, err
		}
		for _, m := range t.Models {
			providers[m.ID] = m.Provider
		}
	}
	return providers, nil
}

// portkeyEnd is what the feed reads in the table of Portkey. Where a model has modes of execution they replace the rates
// that the history shows.
func portkeyEnd(dir string) ([]registry.Fact, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "portkey", "pricing", "*.json"))
	if err != nil {
		return nil, err
	}
	var all []registry.Fact
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		t, err := feed.Portkey(strings.TrimSuffix(filepath.Base(path), ".json"), data, "")
		if err != nil {
			return nil, err
		}
		facts, _ := t.Facts()
		all = append(all, facts...)
	}
	return all, nil
}

// banded splits "input>200000".
func banded(name string) (base string, above int64, ok bool) {
	base, bound, cut := strings.Cut(name, ">")
	if !cut {
		return name, 0, true
	}
	above, err := strconv.ParseInt(bound, 10, 64)
	return base, above, err == nil && above > 0
}

// genaiField reads a unit, a context boundary above which it starts, and either the day on which a price takes effect
// or the hours of the day in which it holds.
func genaiField(name, _ string) (field, bool) {
	name, condition, bound := strings.Cut(name, "@")
	name, above, ok := banded(name)
	kind, pow10, known := feed.GenAIField(name)
	f := rate(kind, price.Standard, above)
	if strings.HasSuffix(name, "_kcount") {
		f.pow10 = pow10
	}
	if !ok || !known {
		return f, false
	}
	if !bound {
		return f, true
	}
	var err error
	if f.from, err = time.Parse(time.DateOnly, condition); err == nil {
		return f, true
	}
	from, to, ok := strings.Cut(condition, "-")
	f.Window = feed.Window{From: from, To: to}.String()
	return f, ok
}

// modelsDevField reads a cost field. What the table first called context_over_200k it now writes as a boundary.
func modelsDevField(name, model string) (field, bool) {
	if early, ok := strings.CutPrefix(name, "context_over_200k."); ok {
		f, known := modelsDevField(early+">200000", model)
		f.instead = early + ">200000"
		return f, known
	}
	base, above, ok := banded(name)
	kind, pow10, known := feed.ModelsDevField(base)
	f := rate(kind, price.Standard, above)
	f.pow10 = pow10
	return f, ok && known
}

// portkeyField reads a field. Additional units stand in the history in cents where it says so.
func portkeyField(name, _ string) (field, bool) {
	tier := price.Standard
	name, batch := strings.CutPrefix(name, "batch_config.")
	if batch {
		tier = price.Batch
	}
	name, cents := strings.CutSuffix(name, "(cents)")
	kind, pow10, ok := feed.PortkeyField(name)
	f := rate(kind, tier, 0)
	if cents {
		f.pow10 = pow10
	}
	return f, ok
}

// langfuseTier is a price under a condition, by the name that the table gives it.
var langfuseTier = regexp.MustCompile(`^(?:(Fast mode|Flex)(?: · )?)?(?:[Ll]arge [Cc]ontext(?: \(>(\d+)K\))?)?$`)

// langfuseLarge is the context boundary, in tokens, of a price that is called large without saying how large.
const langfuseLarge = 200_000

// langfuseField reads a usage key, after the name of the tier where it is not the standard one.
func langfuseField(name, model string) (field, bool) {
	condition, key, ok := strings.Cut(name, ":")
	if !ok {
		condition, key = "", name
	}
	parts := langfuseTier.FindStringSubmatch(condition)
	if parts == nil {
		return field{}, false
	}
	kind, _, ok := feed.LangfuseField(key)
	f := rate(kind, price.Standard, 0)
	switch parts[1] {
	case "Flex":
		f.Tier = registry.TierOf(price.Flex)
	case "Fast mode":
		// OpenAI sells its priority tier under this name, and Anthropic a tier of its own.
		f.Tier = registry.TierOf(price.Priority)
		if strings.HasPrefix(model, "claude") {
			f.Tier = registry.TierOf(price.Fast)
		}
	}
	switch {
	case parts[2] != "":
		k, err := strconv.ParseInt(parts[2], 10, 32)
		if err != nil {
			return f, false
		}
		f.Above = k * 1000
	case strings.Contains(strings.ToLower(condition), "large context"):
		f.Above = langfuseLarge
	}
	return f, ok
}

// number reads a number of the history.
func (f *field) number(text string) (money.Rate, error) {
	return money.ParseRateScaledRounded(text, f.pow10)
}
