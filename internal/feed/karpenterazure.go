package feed

import (
	"fmt"
	"go/ast"

	"breakeven/fact"
	"breakeven/gpu"
)

// azureTable is the variable to which a generated function assigns one region after the other.
const azureTable = "initialOnDemandPrices"

// KarpenterAzure reads the price table that karpenter-provider-azure generates as Go source: dollars per hour on demand,
// by region and size. It keeps machines with accelerators; sizes of dedicated hosts are none of them.
func KarpenterAzure(data []byte, date fact.Date) (*Table, error) {
	source, err := parseGo(karpenterAzureSource.ID, data)
	if err != nil {
		return nil, err
	}
	t := newTable(karpenterAzureSource, source.generated(date))
	for _, d := range source.file.Decls {
		decl, ok := d.(*ast.FuncDecl)
		if !ok || decl.Body == nil {
			continue
		}
		for _, statement := range decl.Body.List {
			region, machines, err := source.region(statement)
			if err != nil {
				return nil, &FormatError{t.Source.ID, err}
			}
			if region == "" {
				continue
			}
			if err := source.machines(t, Machine{Vendor: "azure", Region: region, Term: gpu.OnDemand}, machines); err != nil {
				return nil, err
			}
		}
	}
	if len(t.Machines) == 0 {
		return nil, &FormatError{t.Source.ID, errNoMachines}
	}
	return t, nil
}

// region takes initialOnDemandPrices["eastus"] = map[string]float64{...} apart. Another statement has no region.
func (s goSource) region(statement ast.Stmt) (region string, machines ast.Expr, err error) {
	assign, ok := statement.(*ast.AssignStmt)
	if !ok || len(assign.Lhs) != 1 || len(assign.Rhs) != 1 {
		return "", nil, nil
	}
	index, ok := assign.Lhs[0].(*ast.IndexExpr)
	if !ok {
		return "", nil, nil
	}
	if table, ok := index.X.(*ast.Ident); !ok || table.Name != azureTable {
		return "", nil, nil
	}
	region, err = text(index.Index)
	if err == nil && region == "" {
		err = errNoLiteral
	}
	if err != nil {
		return "", nil, fmt.Errorf("%s: %w", s.line(index), err)
	}
	return region, assign.Rhs[0], nil
}
