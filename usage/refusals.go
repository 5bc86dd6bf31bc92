package usage

// Exports that people try, that are recognised, and that are refused because reading them as calls would give
// wrong numbers.

const useUsage = "export the usage of the vendor, the gateway or the tracer instead"

var awsCosts = format{
	name: "aws_cur", title: "an AWS cost and usage report",
	signs:  []string{"line_item_usage_type", "line_item_usage_amount"},
	refuse: "meters tokens by usage type and hour and does not say which input belongs to which output",
	hint:   "turn on Bedrock's model invocation logging and use its log",
}

var azureCosts = format{
	name: "azure_cost", title: "an Azure cost export",
	signs:  []string{"meterName", "costInBillingCurrency"},
	refuse: "meters tokens by day in units that differ from meter to meter",
	hint:   useUsage,
}

var googleCosts = format{
	name: "gcp_billing", title: "a Google Cloud billing export", json: true,
	signs:  []string{"sku.id", "usage.amount", "cost"},
	refuse: "meters tokens by SKU and hour",
	hint:   useUsage,
}

var focus = format{
	name: "focus", title: "a FOCUS cost and usage file",
	signs:  []string{"BilledCost", "ChargePeriodStart", "SkuId"},
	refuse: "holds charges; tokens have no columns in it",
	hint:   useUsage,
}

var claudeCode = format{
	name: "claude_code", title: "a Claude Code session", json: true,
	signs:  []string{"sessionId", "message.usage.input_tokens", "requestId"},
	refuse: "repeats each answer in several lines and in several files, so that adding it up counts it two to four times",
	hint:   "run ccusage with --json over all sessions, and read what it writes",
}

var codex = format{
	name: "codex", title: "a Codex session", json: true,
	signs:  []string{"payload.info.total_token_usage.input_tokens"},
	refuse: "has totals that grow from line to line, so that adding them up counts everything many times",
	hint:   "run ccusage with --json over all sessions, and read what it writes",
}
