package app

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"breakeven/registry"
)

// PriceChange is one line of the changelog, in the source's own names.
type PriceChange struct {
	registry.Change

	Source   string     `json:"source"`
	Ours     []OurModel `json:"ours" nullable:"false" doc:"The models of the book that it is about."`
	Evidence string     `json:"evidence,omitempty" doc:"The address of the revision that says so."`
	Seq      int64      `json:"seq,omitempty" doc:"Its place in the chain of changes."`
	Hash     string     `json:"hash,omitempty" doc:"Its link of the chain."`
	Snapshot string     `json:"snapshot,omitempty" doc:"Identity of what the source says since."`
}

// ChangesRequest chooses changes. What is empty or zero does not restrict.
type ChangesRequest struct {
	Since, KnownAsOf time.Time
	Source           string
	Classes          []registry.Class
	Provider, Text   string // of the model, in our names or in the source's
	Ours             bool   // only of models that the book has
	Offset, Limit    int
}

// ChangesAnswer is a part of the changelog, the newest first.
type ChangesAnswer struct {
	Registry RegistryStamp          `json:"registry"`
	Total    int                    `json:"total" doc:"How many changes there are of those chosen."`
	Classes  map[registry.Class]int `json:"classes" doc:"How many of them, by class; whatever classes were chosen."`
	Changes  []PriceChange          `json:"changes" nullable:"false"`
}

// PriceChanges lists what sources were seen to state differently.
func (a *App) PriceChanges(ctx context.Context, r ChangesRequest) (ChangesAnswer, error) {
	for _, c := range r.Classes {
		if !slices.Contains(registry.Classes(), c) {
			return ChangesAnswer{}, &KindError{Kind: Invalid, Err: fmt.Errorf("unknown class %q", c), Hint: fmt.Sprintf("the classes are %v", registry.Classes())}
		}
	}
	s, err := a.shelf(ctx)
	if err != nil {
		return ChangesAnswer{}, err
	}
	if r.Source != "" && !slices.ContainsFunc(s.sources, func(p PriceSource) bool { return p.ID == r.Source }) {
		return ChangesAnswer{}, unknownSource(r.Source, s.sources)
	}
	answer := ChangesAnswer{Registry: s.stamp, Classes: map[registry.Class]int{}, Changes: []PriceChange{}}
	text := strings.ToLower(r.Text)
	for i := range s.changes {
		c := &s.changes[i]
		if !r.Since.IsZero() && c.At.Before(r.Since) {
			break
		}
		if !r.chooses(c, text) {
			continue
		}
		answer.Classes[c.Class]++
		if len(r.Classes) > 0 && !slices.Contains(r.Classes, c.Class) {
			continue
		}
		if answer.Total++; answer.Total > r.Offset && (r.Limit <= 0 || len(answer.Changes) < r.Limit) {
			answer.Changes = append(answer.Changes, *c)
		}
	}
	return answer, nil
}

func (r *ChangesRequest) chooses(c *PriceChange, text string) bool {
	switch {
	case !r.KnownAsOf.IsZero() && c.At.After(r.KnownAsOf), r.Source != "" && c.Source != r.Source, r.Ours && len(c.Ours) == 0:
		return false
	case r.Provider == "" && text == "":
		return true
	}
	fits := func(provider, model string) bool {
		return (r.Provider == "" || strings.EqualFold(provider, r.Provider)) && (text == "" || strings.Contains(strings.ToLower(provider+"/"+model), text))
	}
	return fits(c.Provider, c.Model) || slices.ContainsFunc(c.Ours, func(m OurModel) bool { return fits(m.Provider, m.Model) })
}

func unknownSource(id string, known []PriceSource) error {
	ids := make([]string, len(known))
	for i, s := range known {
		ids[i] = s.ID
	}
	return &KindError{Kind: NotFound, Err: fmt.Errorf("the registry has no source %q", id), Hint: "it has " + strings.Join(ids, ", ")}
}
