package feed

import (
	"fmt"
	"go/ast"
	"go/token"
	"strings"

	"breakeven/fact"
	"breakeven/gpu"
)

// awsTable begins the names of the variables that hold prices.
const awsTable = "InitialOnDemandPrices"

// awsDollars are the tables in dollars. Those of other partitions are in the currency that Amazon bills there: yuan in
// China.
var awsDollars = map[string]bool{awsTable + "AWS": true, awsTable + "USGov": true}

// notDollars says that a table is in another currency, or in one that nobody has looked up.
type notDollars string

func (e notDollars) Error() string {
	return string(e) + " is not known to be in dollars, and is left out"
}

// KarpenterAWS reads the price table that karpenter-provider-aws generates as Go source: dollars per hour on demand, by
// region and instance type. It keeps machines with accelerators. The public table holds us-east-1 alone.
func KarpenterAWS(data []byte, date fact.Date) (*Table, error) {
	source, err := parseGo(karpenterAWSSource.ID, data)
	if err != nil {
		return nil, err
	}
	t := newTable(karpenterAWSSource, source.generated(date))
	var refused error
	for name, value := range source.variables() {
		if !strings.HasPrefix(name, awsTable) {
			continue
		}
		if !awsDollars[name] {
			refused = notDollars(name)
			t.fault("aws", "", source.line(value), refused)
			continue
		}
		if err := source.entries(t.Source.ID, value, func(region string, machines ast.Expr) error {
			return source.machines(t, Machine{Vendor: "aws", Region: region, Term: gpu.OnDemand}, machines)
		}); err != nil {
			return nil, err
		}
	}
	switch {
	case len(t.Machines) > 0:
		return t, nil
	case refused != nil:
		return nil, &FormatError{t.Source.ID, fmt.Errorf("%w: %w", errNoMachines, refused)}
	}
	return nil, &FormatError{t.Source.ID, errNoMachines}
}

// variables yields the variables that a file declares with a value of their own.
func (s goSource) variables() func(yield func(string, ast.Expr) bool) {
	return func(yield func(string, ast.Expr) bool) {
		for _, d := range s.file.Decls {
			decl, ok := d.(*ast.GenDecl)
			if !ok || decl.Tok != token.VAR {
				continue
			}
			for _, spec := range decl.Specs {
				v, ok := spec.(*ast.ValueSpec)
				if !ok || len(v.Names) != 1 || len(v.Values) != 1 {
					continue
				}
				if !yield(v.Names[0].Name, v.Values[0]) {
					return
				}
			}
		}
	}
}
