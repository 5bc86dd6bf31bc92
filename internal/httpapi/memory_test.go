package httpapi_test

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"breakeven/internal/warehouse"
	"breakeven/internal/warehouse/warehousetest"
	"breakeven/usage"
)

// memory is an engine that keeps calls in memory, by their IDs.
type memory struct {
	mu    sync.Mutex
	calls map[string]usage.Call
	asked int           // questions
	hold  chan struct{} // a commit waits until it can receive, if it is not nil
	fail  error         // of every question, while it is set
}

func newMemory() *memory { return &memory{calls: map[string]usage.Call{}} }

func (m *memory) Where() string { return "memory" }

func (m *memory) Close() error { return nil }

func (m *memory) sorted() []usage.Call {
	m.mu.Lock()
	defer m.mu.Unlock()
	list := make([]usage.Call, 0, len(m.calls))
	for _, c := range m.calls {
		list = append(list, c)
	}
	slices.SortFunc(list, func(a, b usage.Call) int { return cmp.Or(a.Start.Compare(b.Start), cmp.Compare(a.ID, b.ID)) })
	return list
}

func (m *memory) Contents(_ context.Context, s warehouse.Selection) ([]warehouse.Content, error) {
	var list []warehouse.Content
	for _, g := range warehousetest.Want(m.sorted(), warehouse.Question{Selection: s}) {
		list = append(list, warehouse.Content{Provider: g.Provider, Model: g.Model, Region: g.Region, Tier: g.Tier, Rows: g.Rows, First: g.Start, Last: g.Start})
	}
	return list, nil
}

func (m *memory) Ask(_ context.Context, q warehouse.Question, emit func(*warehouse.Group) error) error {
	m.mu.Lock()
	m.asked++
	err := m.fail
	m.mu.Unlock()
	if err != nil {
		return err
	}
	for _, g := range warehousetest.Want(m.sorted(), q) {
		if err := emit(g); err != nil {
			return err
		}
	}
	return nil
}

func (m *memory) Scan(_ context.Context, s warehouse.Selection, emit func(*usage.Call) error) error {
	for _, c := range m.sorted() {
		if s.Lets(&c) {
			if err := emit(&c); err != nil {
				return err
			}
		}
	}
	return nil
}

func (m *memory) Imports(context.Context) ([]warehouse.Receipt, error) { return nil, nil }

func (m *memory) Delete(context.Context, warehouse.Selection, time.Time, bool) (warehouse.Proof, error) {
	return warehouse.Proof{}, nil
}

func (m *memory) Import(context.Context, warehouse.Origin) (warehouse.Batch, error) {
	return &memoryBatch{to: m}, nil
}

type memoryBatch struct {
	to    *memory
	calls []usage.Call
}

func (b *memoryBatch) Add(c *usage.Call) error {
	b.calls = append(b.calls, *c)
	return nil
}

func (b *memoryBatch) Commit(context.Context) (warehouse.Receipt, error) {
	if b.to.hold != nil {
		<-b.to.hold
	}
	b.to.mu.Lock()
	defer b.to.mu.Unlock()
	r := warehouse.Receipt{Rows: int64(len(b.calls))}
	for _, c := range b.calls {
		if _, known := b.to.calls[c.ID]; known {
			r.Same++
		} else {
			b.to.calls[c.ID] = c
			r.Added++
		}
	}
	return r, nil
}

func (b *memoryBatch) Identify(string) error { return nil }

func (b *memoryBatch) Abort() error { return nil }
