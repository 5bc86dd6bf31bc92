package reconcile

import (
	"time"

	"breakeven/money"
)

// Cause is why a line's bill differs from what its usage costs.
type Cause string

// The causes. Those up to [BilledApart] reproduce or name the whole of a difference.
const (
	Equal         Cause = "equal"
	Rounding      Cause = "rounding"
	OtherDay      Cause = "price_of_another_day"
	OtherTier     Cause = "tier"
	OtherContext  Cause = "context_band"
	OtherRoute    Cause = "region"
	CacheAsInput  Cause = "cache_as_input"
	CacheTwice    Cause = "cache_twice"
	CacheLifetime Cause = "cache_lifetime"
	ReasonTwice   Cause = "reasoning_twice"
	FeesApart     Cause = "fees"
	Several       Cause = "several"
	DayBoundary   Cause = "day_boundary"
	FlatRatio     Cause = "flat_ratio"
	Tax           Cause = "tax"
	Credit        Cause = "credit"
	Discount      Cause = "discount"
	Fee           Cause = "fee"
	Commitment    Cause = "commitment"
	BilledApart   Cause = "billed_apart"

	Quantity    Cause = "quantity"
	NoUsage     Cause = "no_usage"
	NoBill      Cause = "no_bill"
	BilledZero  Cause = "billed_zero"
	NoPrice     Cause = "no_price"
	Unexplained Cause = "unexplained"
)

// Standing is what is known of a difference.
type Standing string

// The standings. A difference is explained where a re-pricing in integers reproduces the bill to within its source's
// own rounding, or where the bill itself says what it is; missing where one side has something that the other lacks; and
// unexplained otherwise.
const (
	Explained  Standing = "explained"
	OneSided   Standing = "missing"
	NotSettled Standing = "unexplained"
)

// Result is a bill beside what the usage costs. Explained, Missing and Unexplained add up to Difference exactly, and
// so do the lines and the causes.
type Result struct {
	Computed    money.Sum        `json:"computed_usd" doc:"What the usage costs at the price in force, as far as it has a price and the bill is about it."`
	Billed      money.USD        `json:"billed_usd" doc:"What was billed, or what the log itself reports."`
	Difference  money.Sum        `json:"difference_usd" doc:"Billed less computed."`
	Explained   money.Sum        `json:"explained_usd" doc:"The part of the difference that a cause reproduces to within the source's own rounding, or that the bill names."`
	Missing     money.Sum        `json:"missing_usd" doc:"The part that one side has and the other lacks: usage without a bill, a bill without usage, usage without a price."`
	Unexplained money.Sum        `json:"unexplained_usd" doc:"The part that nothing reproduces."`
	Settled     bool             `json:"settled" doc:"Whether every line is explained: nothing is missing, nothing unexplained."`
	Causes      []CauseTotal     `json:"causes" nullable:"false" doc:"The difference by its causes, the largest first."`
	Lines       []ReconciledLine `json:"lines" nullable:"false" doc:"The largest difference first."`
	Apart       []SetApart       `json:"apart" nullable:"false" doc:"What is not compared, and not in the totals."`
	Notes       []string         `json:"notes" nullable:"false"`
}

// CauseTotal is what one cause comes to.
type CauseTotal struct {
	Cause      Cause     `json:"cause"`
	Standing   Standing  `json:"standing" enum:"explained,missing,unexplained"`
	Text       string    `json:"text" doc:"The cause in words."`
	Lines      int64     `json:"lines"`
	Computed   money.Sum `json:"computed_usd"`
	Billed     money.USD `json:"billed_usd"`
	Difference money.Sum `json:"difference_usd" doc:"Billed less computed."`
}

// ReconciledLine is a part of the bill beside the usage that it is for, at the finest grain that both sides know.
type ReconciledLine struct {
	From       time.Time `json:"from,omitzero" doc:"The begin of the line's period."`
	To         time.Time `json:"to,omitzero" doc:"Its end, exclusive."`
	Provider   string    `json:"provider"`
	Model      string    `json:"model,omitempty" doc:"Absent where the line is about several, or the bill names none."`
	Kind       string    `json:"kind,omitempty" doc:"The kind of tokens; absent where the line is about all."`
	Tier       string    `json:"tier,omitempty" doc:"Absent where one side does not tell tiers apart."`
	Project    string    `json:"project,omitempty"`
	Grain      []string  `json:"grain" nullable:"false" doc:"What both sides tell apart, and the line is about one of: day or month, model, kind, tier, project."`
	Computed   money.Sum `json:"computed_usd"`
	Billed     money.USD `json:"billed_usd"`
	Difference money.Sum `json:"difference_usd" doc:"Billed less computed."`
	Rounding   money.USD `json:"rounding_usd" doc:"How far the source's own rounding may move the billed amount."`
	Cause      Cause     `json:"cause"`
	Standing   Standing  `json:"standing" enum:"explained,missing,unexplained"`
	Why        string    `json:"why" doc:"The cause in words, with its figures."`
	Also       []string  `json:"also,omitempty" doc:"Other causes that would reproduce the line as well."`
	Tokens     int64     `json:"tokens" doc:"What the log counts: tokens, and searches where the kind is one."`
	Counted    *int64    `json:"billed_tokens,omitempty" doc:"What the bill counts, where it says so."`
	Rows       int64     `json:"rows" doc:"Rows of the log."`
	BillLines  int64     `json:"bill_lines" doc:"Lines of the bill; rows that report a cost where no bill is given."`
}

// SetApart is what was not compared, and why.
type SetApart struct {
	Provider string    `json:"provider,omitempty"`
	Why      string    `json:"why"`
	Rows     int64     `json:"rows"`
	Computed money.Sum `json:"computed_usd" doc:"What the rows cost; zero where they have no price, or are lines of a bill."`
	Currency string    `json:"currency,omitempty" doc:"Of amount, where it is not the dollar."`
	Amount   string    `json:"amount,omitempty" doc:"The exact amount of lines of a bill, in their currency."`
}

// causes says of each cause what its standing is, and what it means.
var causes = map[Cause]struct {
	standing Standing
	text     string
}{
	Equal:         {Explained, "billed is what is computed"},
	Rounding:      {Explained, "within the rounding of the source"},
	OtherDay:      {Explained, "billed at the price of another day"},
	OtherTier:     {Explained, "billed as of another service tier"},
	OtherContext:  {Explained, "billed in another context band"},
	OtherRoute:    {Explained, "billed at the rates of another route or region"},
	CacheAsInput:  {Explained, "cached tokens billed as plain input, or not at all"},
	CacheTwice:    {Explained, "cached tokens billed twice"},
	CacheLifetime: {Explained, "cache writes billed for another lifetime"},
	ReasonTwice:   {Explained, "reasoning tokens billed twice"},
	FeesApart:     {Explained, "requests and searches left out of the amount"},
	Several:       {Explained, "two of these causes at once"},
	DayBoundary:   {Explained, "days that begin at another hour"},
	FlatRatio:     {Explained, "every line of the provider is the same multiple of the computed cost"},
	Tax:           {Explained, "tax"},
	Credit:        {Explained, "credits and refunds"},
	Discount:      {Explained, "discounts that the bill lists apart"},
	Fee:           {Explained, "fees and adjustments"},
	Commitment:    {Explained, "commitments: what was reserved, and what that takes off"},
	BilledApart:   {Explained, "services other than tokens: searches, code, sessions"},
	Quantity:      {OneSided, "bill and log count different quantities"},
	NoUsage:       {OneSided, "billed, and not on the log"},
	NoBill:        {OneSided, "on the log, and not billed"},
	BilledZero:    {OneSided, "on the log, and reported or billed as free"},
	NoPrice:       {OneSided, "the price book has no price for it"},
	Unexplained:   {NotSettled, "no hypothesis reproduces the amount"},
}
