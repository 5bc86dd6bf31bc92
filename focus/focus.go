// Package focus speaks FOCUS, the FinOps Open Cost and Usage Specification: it writes metered usage of language
// models as rows of the Cost and Usage dataset, and holds any such file against the specification's static rules.
//
// Reading guide: focus.go is the columns that are written; rules.go reads a requirements model; table.go is the rules
// of our own for the columns that we write; check.go applies either to a file, which read.go reads.
package focus

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"time"

	"breakeven/money"
	"breakeven/price"
)

// Version is an edition of the specification.
type Version string

// The editions that are written. 1.4 replaced ProviderName and PublisherName by ServiceProviderName and
// HostProviderName. Neither has a column for tokens: they are the consumed quantity.
const (
	V12 Version = "1.2"
	V14 Version = "1.4"
)

// Versions lists the editions, the oldest first.
func Versions() []Version { return []Version{V12, V14} }

// Charge is one row: what one meter of one model measured in one period, and what it costs.
type Charge struct {
	Start, End time.Time // the period, half open
	Account    string    // the billing account
	Issuer     string    // who sells the service, runs it and sends the invoice
	Provider   string    // its identifier here
	Model      string
	Route      string // empty for the vendor's default route
	Tier       price.Tier
	Kind       price.Kind // the meter
	AtLeast    int64      // the context band: prompts of at least this many tokens
	Window     string     // the time-of-day window
	Project    string     // the sub account; empty where none is known
	Tags       map[string]string
	Quantity   int64
	// Price is nil where the usage has no price. Its costs are null then, and never zero.
	Price   *Price
	Problem string // why there is no price
}

// Price is what a charge costs. Amount is Quantity × Rate, exactly.
type Price struct {
	Rate   money.Rate
	Amount money.Sum
}

// meter is how a kind is counted: the unit consumed, and the power of ten of them that a price is quoted for.
type meter struct {
	unit  string
	power int
}

// scaled is a quantity in priced units.
func (m meter) scaled(quantity int64) string { return shifted(quantity, m.power) }

// rate is the price of one priced unit: a rate is in pico-dollars per unit.
func (m meter) rate(r money.Rate) string { return shifted(int64(r), picoDecimals-m.power) }

func (m meter) priced() string { return "1" + strings.Repeat("0", m.power) + " " + m.unit }

const picoDecimals = 12

// meterOf follows the price pages: tokens are priced by the million, requests and searches by the thousand.
func meterOf(k price.Kind) meter {
	if k.Side() != price.FeeSide {
		return meter{"Tokens", 6}
	}
	if k == price.WebSearch {
		return meter{"Searches", 3}
	}
	return meter{"Requests", 3}
}

// sku names the meter of a model, without a price and without a date: it stays the same when the price changes.
func (c *Charge) sku() string {
	id := c.Provider + "/" + c.Model
	if c.Route != "" {
		id += "@" + c.Route
	}
	return id + "/" + c.Kind.String()
}

// skuPrice names the price point of the meter: its tier, its context band and its window.
func (c *Charge) skuPrice() string {
	id := c.sku() + "/" + c.Tier.String()
	if c.AtLeast > 0 {
		id += fmt.Sprintf("/from-%d", c.AtLeast)
	}
	if c.Window != "" {
		id += "/" + c.Window
	}
	return id
}

// column is one column of the file.
type column struct {
	name string
	only Version // the one edition that has it; empty for every one
	of   func(*Charge) string
}

func is(text string) func(*Charge) string { return func(*Charge) string { return text } }

func issuer(c *Charge) string { return text(c.Issuer) }

// service is what is bought of the issuer; null where a log does not tell who that is.
func service(c *Charge) string {
	if c.Issuer == "" {
		return ""
	}
	return text(c.Issuer + " API")
}

// cost is null where there is no price.
func cost(c *Charge) string {
	if c.Price == nil {
		return ""
	}
	return c.Price.Amount.String()
}

func unitPrice(c *Charge) string {
	if c.Price == nil {
		return ""
	}
	return meterOf(c.Kind).rate(c.Price.Rate)
}

// subAccount is a column that is null where no project is known.
func subAccount(of func(*Charge) string) func(*Charge) string {
	return func(c *Charge) string {
		if c.Project == "" {
			return ""
		}
		return of(c)
	}
}

// stamp is a time as FOCUS writes it: ISO 8601 in UTC, to the second.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

// month is the begin of the calendar month, a number of months on.
func month(t time.Time, on int) time.Time {
	u := t.UTC()
	return time.Date(u.Year(), u.Month()+time.Month(on), 1, 0, 0, 0, 0, time.UTC)
}

// columns are the columns in the order of the file. The four costs are one figure: a log shows no discount, no
// commitment and no invoice, and where a price file holds negotiated rates they are what the log is priced at.
var columns = []column{
	{"BilledCost", "", cost},
	{"BillingAccountId", "", func(c *Charge) string { return text(c.Account) }},
	{"BillingAccountName", "", func(c *Charge) string { return text(c.Account) }},
	{"BillingCurrency", "", is("USD")},
	{"BillingPeriodStart", "", func(c *Charge) string { return stamp(month(c.Start, 0)) }},
	{"BillingPeriodEnd", "", func(c *Charge) string { return stamp(month(c.Start, 1)) }},
	{"ChargeCategory", "", is("Usage")},
	{"ChargeClass", "", is("")},
	{"ChargeDescription", "", func(c *Charge) string { return text(c.Model + ": " + c.Kind.Label() + ", " + c.Tier.String()) }},
	{"ChargeFrequency", "", is("Usage-Based")},
	{"ChargePeriodStart", "", func(c *Charge) string { return stamp(c.Start) }},
	{"ChargePeriodEnd", "", func(c *Charge) string { return stamp(c.End) }},
	{"ConsumedQuantity", "", func(c *Charge) string { return shifted(c.Quantity, 0) }},
	{"ConsumedUnit", "", func(c *Charge) string { return meterOf(c.Kind).unit }},
	{"ContractedCost", "", cost},
	{"ContractedUnitPrice", "", unitPrice},
	{"EffectiveCost", "", cost},
	{"HostProviderName", V14, issuer},
	{"InvoiceIssuerName", "", issuer},
	{"ListCost", "", cost},
	{"ListUnitPrice", "", unitPrice},
	{"PricingCategory", "", is("Standard")},
	{"PricingQuantity", "", func(c *Charge) string { return meterOf(c.Kind).scaled(c.Quantity) }},
	{"PricingUnit", "", func(c *Charge) string { return meterOf(c.Kind).priced() }},
	{"ProviderName", V12, issuer},
	{"PublisherName", V12, issuer},
	{"ServiceCategory", "", is("AI and Machine Learning")},
	{"ServiceName", "", service},
	{"ServiceProviderName", V14, issuer},
	{"ServiceSubcategory", "", is("Generative AI")},
	{"SkuId", "", func(c *Charge) string { return text(c.sku()) }},
	{"SkuMeter", "", func(c *Charge) string { return c.Kind.Label() }},
	{"SkuPriceDetails", "", func(c *Charge) string {
		if c.Price == nil {
			return ""
		}
		details := map[string]string{"x_Tier": c.Tier.String()}
		if c.AtLeast > 0 {
			details["x_InputTokensFrom"] = shifted(c.AtLeast, 0)
		}
		if c.Window != "" {
			details["x_Window"] = c.Window
		}
		return object(details)
	}},
	{"SkuPriceId", "", func(c *Charge) string {
		if c.Price == nil {
			return ""
		}
		return text(c.skuPrice())
	}},
	{"SubAccountId", "", subAccount(func(c *Charge) string { return text(c.Project) })},
	{"SubAccountName", "", subAccount(func(c *Charge) string { return text(c.Project) })},
	{"SubAccountType", "", subAccount(is("Project"))},
	{"Tags", "", func(c *Charge) string { return object(c.Tags) }},
	{"x_Provider", "", func(c *Charge) string { return text(c.Provider) }},
	{"x_Model", "", func(c *Charge) string { return text(c.Model) }},
	{"x_Kind", "", func(c *Charge) string { return c.Kind.String() }},
	{"x_Tier", "", func(c *Charge) string { return c.Tier.String() }},
	{"x_PriceProblem", "", func(c *Charge) string { return text(c.Problem) }},
}

// object writes a map as a JSON object; an empty one is null.
func object(m map[string]string) string {
	if len(m) == 0 {
		return ""
	}
	data, err := json.Marshal(m)
	if err != nil {
		panic(err) // a map of strings can be written
	}
	return string(data)
}

// text guards what a log names: a field that a spreadsheet would run as a formula is quoted by an apostrophe.
func text(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if strings.ContainsAny(s[:min(1, len(s))], "=+-@\t\r") {
		return "'" + s
	}
	return s
}

// in lists the columns of an edition.
func in(v Version) []column {
	return slices.DeleteFunc(slices.Clone(columns), func(c column) bool { return c.only != "" && c.only != v })
}

// Type is what the cells of a column are, beside null.
type Type uint8

// The types of column.
const (
	Text   Type = iota
	Number      // a decimal of at most [Scale] decimals
	Time        // ISO 8601 in UTC, to the second
)

// Scale is how many decimals a number of a row has at most: an amount is a whole number of pico-dollars.
const Scale = picoDecimals

// Column is a column of the rows that are written.
type Column struct {
	Name string
	Type Type
}

var types = map[string]Type{"FormatNumeric": Number, "FormatDateTime": Time}

// Columns lists the columns of an edition, in the order of the file.
func Columns(v Version) []Column {
	var list []Column
	for _, c := range in(v) {
		own := Column{Name: c.name}
		for _, s := range specs {
			if s.column == c.name {
				own.Type = types[s.check]
			}
		}
		list = append(list, own)
	}
	return list
}

// Rows are charges as the cells of the edition's columns. A null is empty. The row is reused.
func Rows(v Version, charges []Charge) iter.Seq[[]string] {
	return func(yield func([]string) bool) {
		list := in(v)
		cells := make([]string, len(list))
		for i := range charges {
			for j, c := range list {
				cells[j] = c.of(&charges[i])
			}
			if !yield(cells) {
				return
			}
		}
	}
}

// Row is a charge as the cells of its columns, without nulls.
func Row(v Version, c *Charge) map[string]string {
	cells := map[string]string{}
	for _, column := range in(v) {
		if cell := column.of(c); cell != "" {
			cells[column.name] = cell
		}
	}
	return cells
}

// Write writes charges as CSV with a header. A null is an empty field.
func Write(w io.Writer, v Version, charges []Charge) error {
	out := csv.NewWriter(w)
	var head []string
	for _, c := range in(v) {
		head = append(head, c.name)
	}
	if err := out.Write(head); err != nil {
		return err
	}
	for cells := range Rows(v, charges) {
		if err := out.Write(cells); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}
