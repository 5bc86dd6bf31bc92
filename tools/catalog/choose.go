package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"breakeven/money"
)

// vote is one table's word on one rate.
type vote struct {
	table *table // nil for the vendor's rule
	group string
	rate  money.Rate
	url   string
	voice bool // may support a rate and not supply it
}

func (v vote) name() string {
	if v.table == nil {
		return "rule"
	}
	return v.table.Source.ID
}

func (v vote) rank() int {
	if v.table == nil {
		return len(files)
	}
	return v.table.rank
}

// same reports whether two rates agree: within half a percent, which is what a table's rounding may cost.
func same(a, b money.Rate) bool {
	gap := a - b
	if gap < 0 {
		gap = -gap
	}
	return gap <= max(a, b)/200
}

// apart reports whether two rates differ tenfold or more: a slip of units, not a difference of opinion.
func apart(a, b money.Rate) bool {
	low, high := min(a, b), max(a, b)
	return low == 0 && high > 0 || low > 0 && high/low >= 10
}

// choose picks the rate that most independent tables hold. Where no two agree, the best table's word counts,
// unless another one is ten times off: then nobody's does.
func choose(votes []vote) (best vote, ok bool, dispute string) {
	clusters := [][]vote{}
	for _, v := range votes {
		i := slices.IndexFunc(clusters, func(c []vote) bool { return same(c[0].rate, v.rate) })
		if i < 0 {
			clusters = append(clusters, []vote{v})
			continue
		}
		clusters[i] = append(clusters[i], v)
	}
	supplied := clusters[:0:0]
	for _, c := range clusters {
		if slices.ContainsFunc(c, func(v vote) bool { return !v.voice }) {
			supplied = append(supplied, c)
		}
	}
	if len(supplied) == 0 {
		return vote{}, false, ""
	}
	slices.SortStableFunc(supplied, func(a, b []vote) int {
		return cmp.Or(cmp.Compare(groups(b), groups(a)), cmp.Compare(rank(a), rank(b)))
	})
	winner := supplied[0]
	slices.SortStableFunc(winner, func(a, b vote) int {
		if a.voice != b.voice {
			if a.voice {
				return 1
			}
			return -1
		}
		return cmp.Compare(a.rank(), b.rank())
	})
	best = winner[0]
	if len(clusters) > 1 {
		dispute = describe(votes)
	}
	for _, v := range votes {
		if apart(v.rate, best.rate) && groups(winner) < 2 {
			return vote{}, false, dispute
		}
	}
	return best, true, dispute
}

// groups counts the independent voices in a cluster.
func groups(c []vote) int {
	seen := map[string]bool{}
	for _, v := range c {
		seen[v.group] = true
	}
	return len(seen)
}

func rank(c []vote) int {
	best := len(files)
	for _, v := range c {
		if !v.voice {
			best = min(best, v.rank())
		}
	}
	return best
}

func describe(votes []vote) string {
	parts := make([]string, 0, len(votes))
	for _, v := range votes {
		parts = append(parts, fmt.Sprintf("%s %s", v.name(), v.rate))
	}
	return strings.Join(parts, ", ")
}
