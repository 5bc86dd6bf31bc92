package workload_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"breakeven/price"
	"breakeven/usage"
	"breakeven/workload"
)

// blocks is a call so many seconds after Monday, with a prompt of blocks of 512 tokens, the last of which holds so many
// fewer.
func blocks(at int, fewer int64, ids ...uint64) *usage.Call {
	c := call(0, 512*int64(len(ids))-fewer, 1)
	c.Start = monday.Add(time.Duration(at) * time.Second)
	c.Blocks = ids
	return c
}

// Four prompts, by hand. The second one finds 1 and 2 of the first, 1,024 of its tokens. The third comes 100 seconds
// later: a cache that forgets in a minute has lost them. The fourth repeats a whole prompt, whose last block is a part of
// one: it finds all its 1,436 tokens. Nothing behind a new block is found, though 3 was there.
func TestReuse(t *testing.T) {
	var b workload.Builder
	for _, c := range []*usage.Call{
		blocks(0, 1, 1, 2, 3), blocks(10, 100, 1, 2, 4), blocks(110, 1, 1, 9, 3), blocks(120, 100, 1, 2, 4),
	} {
		b.Add(c)
	}
	r := b.Character().Reuse
	if r == nil || r.Block != 512 || r.Calls != 4 {
		t.Fatalf("%+v", r)
	}
	input := float64(1535 + 1436 + 1535 + 1436)
	near(t, "unlimited", float64(r.Unlimited), (1024+512+1436)/input, 1e-12)
	// In a minute 1 is used at 110, and 2 and 4 no more since 10.
	near(t, "a minute", float64(r.ByAge[0].Share), (1024+0+512)/input, 1e-12)
	near(t, "an hour", float64(r.ByAge[2].Share), float64(r.Unlimited), 1e-12)
	near(t, "large", float64(r.BySize[0].Share), float64(r.Unlimited), 1e-12)
	if r.BySize[0].Tokens != 512_000 {
		t.Errorf("the smallest cache has %d tokens", r.BySize[0].Tokens)
	}
}

// A log that says nothing of blocks has no figure, which is not the same as zero.
func TestNoReuse(t *testing.T) {
	var b workload.Builder
	b.Add(call(0, 10, 1))
	if r := b.Character().Reuse; r != nil {
		t.Errorf("%+v", r)
	}
}

// The cache that drops what was used least recently against one that is written as a list.
func TestReuseBySizeAgainstAList(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var b workload.Builder
	var list []uint64 // from the latest
	served, input := 0, 0
	for i := range 400 {
		prompt := []uint64{uint64(random.IntN(40))}
		for len(prompt) < 1+random.IntN(60) {
			prompt = append(prompt, prompt[0]*1000+uint64(len(prompt))+uint64(random.IntN(2))*500)
		}
		for _, id := range prompt {
			if !slices.Contains(list, id) {
				break
			}
			served++
		}
		for _, id := range slices.Backward(prompt) {
			list = slices.DeleteFunc(list, func(other uint64) bool { return other == id })
			list = slices.Insert(list, 0, id)
		}
		list = list[:min(len(list), 1000)]
		input += len(prompt)
		b.Add(blocks(i, 0, prompt...))
	}
	r := b.Character().Reuse
	near(t, "1,000 blocks", float64(r.BySize[0].Share), float64(served)/float64(input), 1e-12)
	if r.BySize[0].Share >= r.Unlimited {
		t.Errorf("1,000 blocks serve %v, and all blocks %v: nothing was dropped", r.BySize[0].Share, r.Unlimited)
	}
}

// What caches of several kinds would serve of two public traces was computed by other means.
func TestReuseOfPublicTraces(t *testing.T) {
	root := os.Getenv("BREAKEVEN_SHARED_DATA")
	if root == "" {
		root = filepath.Join("..", "..", "shared", "data")
	}
	for _, tt := range []struct {
		file      string
		unlimited float64
		age       [3]float64
		size      [4]float64
	}{
		{file: "mooncake_conversation", unlimited: 37.4, age: [3]float64{10.5, 29.3, 37.4}, size: [4]float64{4.5, 21.5, 33.2, 36.2}},
		{file: "mooncake_synthetic", unlimited: 65.1, age: [3]float64{32.8, 59.5, 65.1}, size: [4]float64{0, 43.1, 0, 0}},
	} {
		t.Run(tt.file, func(t *testing.T) {
			f, err := os.Open(filepath.Join(root, "traces", tt.file+".csv.gz"))
			if err != nil {
				t.Skipf("no shared data: set BREAKEVEN_SHARED_DATA: %v", err)
			}
			defer f.Close()
			var b workload.Builder
			if _, err := usage.Read(f.Name(), f, usage.Options{}, func(c *usage.Call) error { b.Add(c); return nil }); err != nil {
				t.Fatal(err)
			}
			r := b.Character().Reuse
			if r == nil || r.Block != 512 {
				t.Fatalf("%+v", r)
			}
			check := func(name string, got, want, within float64) {
				if want > 0 {
					near(t, name, 100*got, want, within)
				}
			}
			check("unlimited", float64(r.Unlimited), tt.unlimited, 0.06)
			for i := range r.ByAge {
				check(fmt.Sprint(r.ByAge[i].Age, " s"), float64(r.ByAge[i].Share), tt.age[i], 0.06)
			}
			for i := range r.BySize { // in which order a prompt uses its blocks makes a small difference
				check(fmt.Sprint(r.BySize[i].Tokens, " tokens"), float64(r.BySize[i].Share), tt.size[i], 0.1)
			}
		})
	}
}

func BenchmarkReuse(b *testing.B) {
	random := rand.New(rand.NewPCG(1, 2))
	calls := make([]*usage.Call, 2000)
	for i := range calls {
		ids := make([]uint64, 24)
		for j := range ids {
			ids[j] = uint64(random.IntN(200))<<8 | uint64(j)
		}
		calls[i] = blocks(i, 0, ids...)
		calls[i].Quantities[price.Output] = 1
	}
	for b.Loop() {
		var w workload.Builder
		for _, c := range calls {
			w.Add(c)
		}
	}
	b.ReportMetric(float64(len(calls)*24), "blocks/op")
}
