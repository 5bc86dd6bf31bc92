package focus

import (
	"fmt"
	"slices"
	"strings"
)

// spec is what the specification says of one column: FOCUS 1.2 and 1.4, Cost and Usage dataset.
type spec struct {
	column   string
	only     Version // the one edition that has it; empty for both
	must     bool    // the column has to be there
	nullable bool
	check    string // the function that checks a value's type or format
	allowed  string // the values allowed, by bars
}

var specs = []spec{
	{"BilledCost", "", true, false, "FormatNumeric", ""},
	{"BillingAccountId", "", true, false, "FormatString", ""},
	{"BillingAccountName", "", true, true, "FormatString", ""},
	{"BillingCurrency", "", true, false, "CheckNationalCurrency", ""},
	{"BillingPeriodStart", "", true, false, "FormatDateTime", ""},
	{"BillingPeriodEnd", "", true, false, "FormatDateTime", ""},
	{"ChargeCategory", "", true, false, "FormatString", "Usage|Purchase|Tax|Credit|Adjustment"},
	{"ChargeClass", "", true, true, "FormatString", "Correction"},
	{"ChargeDescription", "", true, true, "FormatString", ""},
	{"ChargeFrequency", "", false, false, "FormatString", "One-Time|Recurring|Usage-Based"},
	{"ChargePeriodStart", "", true, false, "FormatDateTime", ""},
	{"ChargePeriodEnd", "", true, false, "FormatDateTime", ""},
	{"ConsumedQuantity", "", false, true, "FormatNumeric", ""},
	{"ConsumedUnit", "", false, true, "FormatUnit", ""},
	{"ContractedCost", "", true, false, "FormatNumeric", ""},
	{"ContractedUnitPrice", "", false, true, "FormatNumeric", ""},
	{"EffectiveCost", "", true, false, "FormatNumeric", ""},
	{"HostProviderName", V14, true, true, "FormatString", ""},
	{"InvoiceIssuerName", "", true, false, "FormatString", ""},
	{"ListCost", "", true, false, "FormatNumeric", ""},
	{"ListUnitPrice", "", false, true, "FormatNumeric", ""},
	{"PricingCategory", "", false, true, "FormatString", "Standard|Dynamic|Committed|Other"},
	{"PricingQuantity", "", true, true, "FormatNumeric", ""},
	{"PricingUnit", "", true, true, "FormatUnit", ""},
	{"ProviderName", V12, true, false, "FormatString", ""},
	{"PublisherName", V12, true, false, "FormatString", ""},
	{"ServiceCategory", "", true, false, "FormatString", "AI and Machine Learning|Analytics|Business Applications|Compute|Databases|Developer Tools|Multicloud|Identity|Integration|Internet of Things|Management and Governance|Media|Migration|Mobile|Networking|Security|Storage|Web|Other"},
	{"ServiceName", "", true, false, "FormatString", ""},
	{"ServiceProviderName", V14, true, false, "FormatString", ""},
	{"ServiceSubcategory", "", false, false, "FormatString", ""},
	{"SkuId", "", false, true, "FormatString", ""},
	{"SkuMeter", "", false, true, "FormatString", ""},
	{"SkuPriceDetails", "", false, true, "FormatKeyValue", ""},
	{"SkuPriceId", "", false, true, "FormatString", ""},
	{"SubAccountId", "", false, true, "FormatString", ""},
	{"SubAccountName", "", false, true, "FormatString", ""},
	{"SubAccountType", "", false, true, "FormatString", ""},
	{"Tags", "", false, true, "FormatKeyValue", ""},
}

func equals(column, text string) check {
	return check{Function: "CheckValue", Column: column, Value: value{text: text, set: true}}
}

func notNull(column string) check {
	return check{Function: "CheckNotValue", Column: column, Value: value{null: true, set: true}}
}

func all(items ...check) check { return check{Function: "AND", Items: items} }

func oneOf(items ...check) check { return check{Function: "OR", Items: items} }

// metered is a charge that has a price point: usage or a purchase, and no correction.
var metered = all(oneOf(equals("ChargeCategory", "Usage"), equals("ChargeCategory", "Purchase")),
	check{Function: "CheckNotValue", Column: "ChargeClass", Value: value{text: "Correction", set: true}})

func product(price, quantity, cost string) check {
	return check{Function: "ColumnByColumnEqualsColumnValue", A: price, B: quantity, Result: cost}
}

func atLeastZero(column string) check {
	return check{Function: "CheckGreaterOrEqualThanValue", Column: column, Value: value{text: "0", set: true}}
}

// across are the rules between columns.
var across = []struct {
	column, name, text string
	need               check
	when               *check
}{
	{"PricingQuantity", "required", "A usage or a purchase has a priced quantity.", notNull("PricingQuantity"), &metered},
	{"ListUnitPrice", "required", "A usage or a purchase has a list price.", notNull("ListUnitPrice"), &metered},
	{"ContractedUnitPrice", "required", "A usage or a purchase has a contracted price.", notNull("ContractedUnitPrice"), &metered},
	{"SkuId", "required", "A usage or a purchase names its SKU.", notNull("SkuId"), &metered},
	{"SkuPriceId", "required", "A usage or a purchase names its price point.", notNull("SkuPriceId"), &metered},
	{"ListUnitPrice", "range", "A list price is not negative.", atLeastZero("ListUnitPrice"), nil},
	{"ContractedUnitPrice", "range", "A contracted price is not negative.", atLeastZero("ContractedUnitPrice"), nil},
	{"ListCost", "product", "The list cost is the list price times the priced quantity.", product("ListUnitPrice", "PricingQuantity", "ListCost"), nil},
	{"ContractedCost", "product", "The contracted cost is the contracted price times the priced quantity.", product("ContractedUnitPrice", "PricingQuantity", "ContractedCost"), nil},
	{"ConsumedUnit", "required", "A consumed quantity has a unit.", notNull("ConsumedUnit"), new(notNull("ConsumedQuantity"))},
	{"PricingUnit", "required", "A priced quantity has a unit.", notNull("PricingUnit"), new(notNull("PricingQuantity"))},
	{"SubAccountType", "required", "A sub account has a type.", notNull("SubAccountType"), new(notNull("SubAccountId"))},
	{"SkuPriceId", "one SKU", "A price point belongs to one SKU.", check{Function: "CheckDistinctCount", A: "SkuPriceId", B: "SkuId", Count: 1}, nil},
	{"ServiceName", "one category", "A service belongs to one category.", check{Function: "CheckDistinctCount", A: "ServiceName", B: "ServiceCategory", Count: 1}, nil},
}

// OwnRules is a compact table of the rules for the columns that [Write] writes, in an edition: what has to be there,
// types and formats, nulls, allowed values, and how the columns hang together. It restates FOCUS 1.2 and 1.4 and is
// no substitute for the whole model.
func OwnRules(v Version) Rules {
	rules := Rules{Version: string(v)}
	add := func(column, name, keyword, text string, need check, when *check) {
		rules.list = append(rules.list, rule{id: column + ": " + name, column: column, keyword: keyword, text: text, need: need, when: when})
	}
	for _, s := range specs {
		if s.only != "" && s.only != v {
			continue
		}
		if s.must {
			add(s.column, "present", "MUST", "The column has to be there.", check{Function: "ColumnPresent", Column: s.column}, nil)
		}
		add(s.column, "format", "MUST", fmt.Sprintf("A value has to pass %s.", s.check), check{Function: s.check, Column: s.column}, nil)
		if !s.nullable {
			add(s.column, "not null", "MUST NOT", "The column has a value in every row.", notNull(s.column), nil)
		}
		if s.allowed != "" {
			var items []check
			for one := range strings.SplitSeq(s.allowed, "|") {
				items = append(items, equals(s.column, one))
			}
			add(s.column, "allowed", "MUST", "The value is one of "+strings.ReplaceAll(s.allowed, "|", ", ")+".", oneOf(items...), nil)
		}
	}
	for _, a := range across {
		add(a.column, a.name, "MUST", a.text, a.need, a.when)
	}
	slices.SortFunc(rules.list, func(a, b rule) int { return strings.Compare(a.id, b.id) })
	return rules
}
