package feed

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"strings"

	"breakeven/fact"
)

// The two Karpenter providers generate their price tables as Go source, which is parsed and not executed: a table is
// a composite literal of regions, each a composite literal of machines with their price.

// goSource is a parsed file.
type goSource struct {
	file *ast.File
	set  *token.FileSet
}

func parseGo(table string, data []byte) (goSource, error) {
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, "", data, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return goSource{}, &FormatError{table, err}
	}
	return goSource{file, set}, nil
}

// line names the place of a node.
func (s goSource) line(n ast.Node) string {
	return "line " + strconv.Itoa(s.set.PositionFor(n.Pos(), false).Line)
}

// generated is the day in the comment "generated at 2026-07-20T13:44:30Z for us-east-1", and the given day where there
// is none.
func (s goSource) generated(otherwise fact.Date) fact.Date {
	for _, group := range s.file.Comments {
		_, at, ok := strings.Cut(group.Text(), "generated at ")
		if !ok || len(at) < len("2006-01-02") {
			continue
		}
		if day, err := fact.ParseDate(at[:len("2006-01-02")]); err == nil {
			return day
		}
	}
	return otherwise
}

var errNoLiteral = errors.New("not the literal that was expected")

// text is the string that a literal stands for.
func text(e ast.Expr) (string, error) {
	lit, ok := e.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return "", errNoLiteral
	}
	return strconv.Unquote(lit.Value)
}

// decimal is the text of a number.
func decimal(e ast.Expr) (string, error) {
	lit, ok := e.(*ast.BasicLit)
	if !ok || lit.Kind != token.FLOAT && lit.Kind != token.INT {
		return "", errNoLiteral
	}
	return lit.Value, nil
}

// entries calls visit for each entry of a composite literal whose keys are strings.
func (s goSource) entries(table string, e ast.Expr, visit func(key string, value ast.Expr) error) error {
	lit, ok := e.(*ast.CompositeLit)
	if !ok {
		return &FormatError{table, fmt.Errorf("%s: %w", s.line(e), errNoLiteral)}
	}
	for _, element := range lit.Elts {
		entry, ok := element.(*ast.KeyValueExpr)
		if !ok {
			return &FormatError{table, fmt.Errorf("%s: %w", s.line(element), errNoLiteral)}
		}
		key, err := text(entry.Key)
		if err != nil {
			return &FormatError{table, fmt.Errorf("%s: %w", s.line(entry), err)}
		}
		if err := visit(key, entry.Value); err != nil {
			return err
		}
	}
	return nil
}

// machines reads one region: machines with accelerators into t, all others passed over.
func (s goSource) machines(t *Table, region Machine, e ast.Expr) error {
	f := families[region.Vendor]
	return s.entries(t.Source.ID, e, func(instance string, price ast.Expr) error {
		if !f.accelerated(instance) {
			return nil
		}
		m := region
		m.Instance = instance
		number, err := decimal(price)
		if err != nil {
			t.fault(m.Vendor, m.Instance, fmt.Sprintf("%s %s (%s)", m.Region, m.Term, s.line(price)), err)
			return nil
		}
		t.machine(m, s.line(price), number)
		return nil
	})
}
