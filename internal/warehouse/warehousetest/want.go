package warehousetest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"breakeven/internal/warehouse"
	"breakeven/money"
	"breakeven/price"
	"breakeven/usage"
)

// Want answers a question from calls one by one, sorted as [Sort] does. It panics where a sum is too large.
func Want(calls []usage.Call, q warehouse.Question) []*warehouse.Group {
	groups := map[string]*warehouse.Group{}
	for i := range calls {
		c := &calls[i]
		if !q.Lets(c) {
			continue
		}
		one := warehouse.One(c, q.By)
		start := q.Cuts.Epoch(c.Start)
		end := start
		if !c.End.IsZero() {
			end = q.Cuts.Epoch(c.End)
		}
		key := fmt.Sprintf("%q %q %q %q %d %d %t %d %d %d %d", one.Key, one.Provider, one.Model, one.Region, one.Tier, one.ContextOver, one.Aggregate,
			start, end, q.Cuts.Band(one.Reach), q.Cuts.Part(c.Start))
		g := groups[key]
		if g == nil {
			groups[key] = &one
			continue
		}
		if one.Start.Before(g.Start) {
			g.Start = one.Start
		}
		if one.End.After(g.End) {
			g.End = one.End
		}
		g.Reach = min(g.Reach, one.Reach)
		g.Rows += one.Rows
		g.Requests += one.Requests
		g.Unknown += one.Unknown
		g.Failed += one.Failed
		g.Reported += one.Reported
		g.Unreported += one.Unreported
		if err := g.Quantities.Add(&one.Quantities); err != nil {
			panic(err)
		}
	}
	sorted := make([]*warehouse.Group, 0, len(groups))
	for _, g := range groups {
		sorted = append(sorted, g)
	}
	Sort(sorted)
	return sorted
}

// Sort puts the groups of one answer into a fixed order.
func Sort(groups []*warehouse.Group) {
	slices.SortFunc(groups, func(a, b *warehouse.Group) int {
		return cmp.Or(
			slices.Compare(a.Key, b.Key), strings.Compare(a.Provider, b.Provider), strings.Compare(a.Model, b.Model), strings.Compare(a.Region, b.Region),
			cmp.Compare(a.Tier, b.Tier), cmp.Compare(a.ContextOver, b.ContextOver), cmp.Compare(truth(a.Aggregate), truth(b.Aggregate)),
			a.Start.Compare(b.Start), a.End.Compare(b.End), cmp.Compare(a.Reach, b.Reach), cmp.Compare(a.Rows, b.Rows), slices.Compare(a.Quantities[:], b.Quantities[:]),
		)
	})
}

// Sum adds up all groups: what no way of grouping may change.
func Sum(groups []*warehouse.Group) (rows, requests, unknown, failed, unreported int64, reported money.USD, q price.Quantities) {
	for _, g := range groups {
		rows, requests, unknown, failed = rows+g.Rows, requests+g.Requests, unknown+g.Unknown, failed+g.Failed
		unreported, reported = unreported+g.Unreported, reported+g.Reported
		if err := q.Add(&g.Quantities); err != nil {
			panic(err)
		}
	}
	return rows, requests, unknown, failed, unreported, reported, q
}

func truth(b bool) int {
	if b {
		return 1
	}
	return 0
}
