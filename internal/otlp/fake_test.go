package otlp_test

import (
	"context"
	"errors"
	"sync"
	"time"

	"breakeven/internal/warehouse"
	"breakeven/usage"
)

// store keeps calls in memory, by their IDs. Only what a receiver uses of an engine is there.
type store struct {
	warehouse.Engine

	mu      sync.Mutex
	calls   map[string]usage.Call
	batches int
	fail    error         // of every import, while it is set
	hold    chan struct{} // a commit waits until it can receive, if it is not nil
}

func newStore() *store { return &store{calls: map[string]usage.Call{}} }

func (s *store) Import(context.Context, warehouse.Origin) (warehouse.Batch, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail != nil {
		return nil, s.fail
	}
	return &batch{store: s}, nil
}

func (s *store) kept() (calls, batches int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.calls), s.batches
}

func (s *store) failing(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail = err
}

type batch struct {
	store *store
	calls []usage.Call
}

func (b *batch) Add(c *usage.Call) error {
	if c.Start.IsZero() || c.ID == "" {
		return errors.New("a call without a time or an identifier")
	}
	b.calls = append(b.calls, *c)
	return nil
}

func (b *batch) Commit(ctx context.Context) (warehouse.Receipt, error) {
	if b.store.hold != nil {
		select {
		case <-b.store.hold:
		case <-ctx.Done():
			return warehouse.Receipt{}, ctx.Err()
		}
	}
	b.store.mu.Lock()
	defer b.store.mu.Unlock()
	r := warehouse.Receipt{Rows: int64(len(b.calls)), At: time.Now()}
	for _, c := range b.calls {
		if _, known := b.store.calls[c.ID]; known {
			r.Same++
			continue
		}
		b.store.calls[c.ID] = c
		r.Added++
	}
	b.store.batches++
	return r, nil
}

func (b *batch) Identify(string) error { return nil }

func (b *batch) Abort() error { return nil }
