package feed

import (
	"errors"
	"net/url"
	"strings"

	"breakeven/fact"
	"breakeven/registry"
)

// What the tables are. Portkey's copies LiteLLM's, so that the two are one voice.
var (
	litellmSource = registry.Source{
		ID: "litellm", Title: "LiteLLM price map", Group: "litellm",
		URL: "https://github.com/BerriAI/litellm/blob/main/model_prices_and_context_window.json",
	}
	genaiSource      = registry.Source{ID: "genai-prices", Title: "genai-prices", URL: "https://github.com/pydantic/genai-prices"}
	modelsDevSource  = registry.Source{ID: "models.dev", Title: "models.dev", URL: "https://github.com/anomalyco/models.dev"}
	openRouterSource = registry.Source{ID: "openrouter", Title: "OpenRouter models API", URL: "https://openrouter.ai/api/v1/models"}
	portkeySource    = registry.Source{ID: "portkey", Title: "Portkey models", URL: "https://github.com/Portkey-AI/models", Group: "litellm"}
	langfuseSource   = registry.Source{
		ID: "langfuse", Title: "Langfuse model prices",
		URL: "https://github.com/langfuse/langfuse/blob/main/worker/src/constants/default-model-prices.json",
	}
	karpenterAWSSource   = registry.Source{ID: "karpenter-aws", Title: "Karpenter prices of AWS", URL: "https://github.com/aws/karpenter-provider-aws"}
	karpenterAzureSource = registry.Source{ID: "karpenter-azure", Title: "Karpenter prices of Azure", URL: "https://github.com/Azure/karpenter-provider-azure"}
	cyclenerdGCPSource   = registry.Source{
		ID: "cyclenerd-gcp", Title: "Cyclenerd price list of Google Cloud",
		URL: "https://github.com/Cyclenerd/google-cloud-pricing-cost-calculator",
	}
)

// Feed is a table with the addresses where it can be read.
type Feed struct {
	registry.Source
	// Machines tells that the table prices hours of rented machines, and no tokens.
	Machines bool
	// Files are what the table consists of: one file, or one for each provider.
	Files  []File
	decode func(name string, data []byte, date fact.Date) (*Table, error)
}

// File is a table, or a part of it.
type File struct {
	Name string // the provider, or another name of the part; empty where the file is the whole table
	URL  string
}

// Feeds lists the tables. Two addresses matter to the letter: genai-prices keeps a frozen prices/data.json for old
// programs beside the one that moves, and OpenRouter gives all models in one answer only where no parameter asks
// for pages.
func Feeds() []Feed {
	const github = "https://raw.githubusercontent.com/"
	return []Feed{
		whole(genaiSource, GenAI, github+"pydantic/genai-prices/main/prices/new_data/v2/data.json"),
		whole(litellmSource, LiteLLM, github+"BerriAI/litellm/main/model_prices_and_context_window.json"),
		whole(modelsDevSource, ModelsDev, "https://models.dev/api.json"),
		byProvider(portkeySource, Portkey, github+"Portkey-AI/models/main/pricing/", portkeyProviders),
		whole(openRouterSource, OpenRouter, "https://openrouter.ai/api/v1/models"),
		whole(langfuseSource, Langfuse, github+"langfuse/langfuse/main/worker/src/constants/default-model-prices.json"),
		karpenterAWS(github + "aws/karpenter-provider-aws/main/pkg/providers/pricing/"),
		machines(whole(karpenterAzureSource, KarpenterAzure, github+"Azure/karpenter-provider-azure/main/pkg/providers/pricing/zz_generated.pricing.go")),
		machines(whole(cyclenerdGCPSource, CyclenerdGCP, github+"Cyclenerd/google-cloud-pricing-cost-calculator/master/pricing.yml")),
	}
}

// portkeyProviders are the providers of which Portkey has a file. A provider that it adds is not read until this list
// follows, and one that it removes is a fault in every reading.
var portkeyProviders = strings.Fields(`
	ai21 anthropic anyscale azure-ai azure-openai bedrock bedrock-mantle byteplus cerebras claude-platform-aws cohere dashscope
	deepbricks deepgram deepinfra deepseek ember-cloud fal-ai fireworks-ai google groq jina lightning-ai minimax mistral-ai
	monsterapi moonshot nebius nomic novita-ai openai openrouter oracle palm perplexity-ai predibase reka-ai sagemaker segmind
	stability-ai together-ai vertex-ai workers-ai x-ai z-ai zhipu`)

func whole(s registry.Source, decode func([]byte, fact.Date) (*Table, error), address string) Feed {
	f := Feed{Source: s, Files: []File{{"", address}}}
	f.decode = func(_ string, data []byte, date fact.Date) (*Table, error) { return decode(data, date) }
	return f
}

func byProvider(s registry.Source, decode func(string, []byte, fact.Date) (*Table, error), base string, providers []string) Feed {
	f := Feed{Source: s, decode: decode}
	for _, p := range providers {
		f.Files = append(f.Files, File{p, base + p + ".json"})
	}
	return f
}

// karpenterAWS has a file for each partition of AWS whose prices are in dollars.
func karpenterAWS(base string) Feed {
	f := Feed{Source: karpenterAWSSource}
	f.decode = func(_ string, data []byte, date fact.Date) (*Table, error) { return KarpenterAWS(data, date) }
	for _, name := range []string{"zz_generated.pricing_aws", "zz_generated.pricing_aws_us_gov"} {
		f.Files = append(f.Files, File{name, base + name + ".go"})
	}
	return machines(f)
}

// machines is a feed of hours of rented machines.
func machines(f Feed) Feed {
	f.Machines = true
	return f
}

// split reports whether the table has a file for each provider.
func (f Feed) split() bool { return len(f.Files) > 0 && f.Files[0].Name != "" }

// At is the feed at another server that has the same paths, such as a mirror: base is "https://mirror.example".
func (f Feed) At(base string) Feed {
	files := make([]File, 0, len(f.Files))
	for _, file := range f.Files {
		if u, err := url.Parse(file.URL); err == nil {
			file.URL = strings.TrimSuffix(base, "/") + u.RequestURI()
		}
		files = append(files, file)
	}
	f.Files = files
	return f
}

// errNoPrices is a document of the right shape that holds none: an error message in JSON, for one.
var errNoPrices = errors.New("there is no price in it")

// table decodes the contents of the feed's files. A file that is not what it should be is a [*FormatError], comes with
// the place of that file, and fails the whole table.
func (f Feed) table(contents []content, date fact.Date) (t *Table, where string, err error) {
	all := newTable(f.Source, "")
	for _, c := range contents {
		part, err := f.decode(c.name, c.data, date)
		if err != nil {
			return nil, c.where, err
		}
		all.Source.Date = max(all.Source.Date, part.Source.Date)
		all.Observations = append(all.Observations, part.Observations...)
		all.Models = append(all.Models, part.Models...)
		all.Machines = append(all.Machines, part.Machines...)
		all.Multipliers = append(all.Multipliers, part.Multipliers...)
		all.Faults = append(all.Faults, part.Faults...)
	}
	if len(all.Observations)+len(all.Machines) == 0 {
		return nil, contents[0].where, &FormatError{f.ID, errNoPrices}
	}
	return all, "", nil
}

// content is what one file of a table holds.
type content struct {
	name  string // the provider; empty where the file is the whole table
	where string // its address or path
	data  []byte
}
