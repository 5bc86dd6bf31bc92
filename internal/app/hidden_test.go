package app

import (
	"bufio"
	"compress/gzip"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"breakeven/fact"
	"breakeven/gpu"
	"breakeven/llm"
	"breakeven/price"
	"breakeven/serving"
	"breakeven/serving/plan"
	"breakeven/usage"
)

// hiding is a public trace whose single calls are hidden, and the error of the fleet that its sums ask for. The figures
// are machines: with every call known, then from sums of a minute, an hour and a day, each read as calm, usual and
// bursty traffic.
type hiding struct {
	file string
	slow float64 // how slow the engine is, so that the fleet is not of one or two machines
	// context is that of the model: no longer call is made.
	context int64
	target  plan.Target
	known   int
	levels  [3][3]int
}

var (
	chat     = plan.Target{TTFT: plan.Goal{Within: 10, Share: 0.99}, TPOT: plan.Goal{Within: 0.4, Share: 0.99}}
	document = plan.Target{TTFT: plan.Goal{Within: 60, Share: 0.99}, TPOT: plan.Goal{Within: 0.5, Share: 0.99}}
)

var hidings = []hiding{
	{file: "azure2023_conv", slow: 5, context: 8192, target: chat, known: 8, levels: [3][3]int{{8, 9, 10}, {6, 7, 9}, {6, 6, 9}}},
	{file: "azure2023_code", slow: 5, context: 8192, target: chat, known: 33, levels: [3][3]int{{11, 13, 27}, {4, 7, 22}, {4, 7, 24}}},
	{file: "mooncake_conversation", slow: 1, context: 131_072, target: document, known: 17, levels: [3][3]int{{11, 13, 21}, {10, 12, 21}, {10, 12, 24}}},
}

// sharedTrace reads a compressed file of rows, the head apart; the test is skipped where it is not here.
func sharedTrace(t testing.TB, name string, row func(cells []string)) {
	t.Helper()
	folder := os.Getenv("BREAKEVEN_SHARED_DATA")
	if folder == "" {
		folder = filepath.Join("..", "..", "..", "shared", "data")
	}
	f, err := os.Open(filepath.Join(folder, "traces", name+".csv.gz"))
	if err != nil {
		t.Skipf("the trace is not here: %v", err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(z)
	for n := 0; ; n++ {
		line, err := lines.ReadString('\n')
		if n > 0 && line != "" {
			row(strings.Split(strings.TrimSpace(line), ","))
		}
		if err == io.EOF {
			return
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

// hiddenDay is a trace of an hour, 24 times over, each hour thinned to its load in a day of another vendor's API. The
// busiest hour is the trace itself. Calls of a coarse clock are spread within its step.
func hiddenDay(t testing.TB, file string) []plan.Call {
	var curve [24]float64
	sharedTrace(t, "servegen_deepseek_r1_rates", func(cells []string) {
		var at int
		var rate float64
		if _, err := fmt.Sscan(cells[1], &at); err != nil {
			t.Fatal(err)
		}
		if _, err := fmt.Sscan(cells[2], &rate); err != nil {
			t.Fatal(err)
		}
		curve[at/3600%24] += rate
	})
	most := 0.0
	for _, v := range curve {
		most = max(most, v)
	}
	random := rand.New(rand.NewPCG(1, 1))
	step := 0.0
	if strings.HasPrefix(file, "mooncake") {
		step = 3
	}
	var hour []plan.Call
	sharedTrace(t, file, func(cells []string) {
		var at float64
		var c plan.Call
		if _, err := fmt.Sscan(strings.Join(cells[:3], " "), &at, &c.Input, &c.Output); err != nil {
			t.Fatal(err)
		}
		c.At = serving.Seconds(at + step*random.Float64())
		hour = append(hour, c)
	})
	var day []plan.Call
	for h, load := range curve {
		for _, c := range hour {
			if c.At < 3600 && random.Float64() < load/most {
				c.At += serving.Seconds(h * 3600)
				day = append(day, c)
			}
		}
	}
	return day
}

// hide adds calls up by a width of time, as a usage report does, and makes the trace that is read from it.
func hide(calls []plan.Call, width time.Duration) *trace {
	origin := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	sums := make([]usage.Call, int(24*time.Hour/width))
	for _, c := range calls {
		i := int(float64(c.At) / width.Seconds())
		q := &sums[min(i, len(sums)-1)]
		q.Requests.N++
		q.Quantities[price.Input] += int64(c.Input)
		q.Quantities[price.Output] += int64(c.Output)
	}
	t := new(trace)
	for i := range sums {
		c := &sums[i]
		c.Requests.Known = true
		c.Start = origin.Add(time.Duration(i) * width)
		c.End = c.Start.Add(width)
		t.bucket(c.Start.Sub(origin), c, c.Quantities.InputTokens(), 0, c.Quantities.OutputTokens())
	}
	return t
}

// alike holds a figure to the one on record, with room for another calibration of the engine's steps.
func alike(t *testing.T, name string, got, want float64) {
	t.Helper()
	if got < want/1.4 || got > want*1.4 {
		t.Errorf("%s: %.3g, and %.3g is on record", name, got, want)
	}
}

// The calls of three public traces are hidden, sums of them by minute, hour and day are kept, and the fleet for each is
// compared with that for the calls themselves.
func TestHiddenTrace(t *testing.T) {
	if testing.Short() {
		t.Skip("simulates days of calls")
	}
	accelerator, err := gpu.New(gpu.Accelerator{
		ID: "l40s", Name: "L40S", Vendor: "nvidia", Memory: 48 << 30, Bandwidth: 864e9,
		Dense: map[gpu.Format]gpu.FLOPS{gpu.BF16: 362e12, gpu.FP8: 733e12}, Link: 32e9, LinkKind: "PCIe4", TDP: 350,
	}, fact.Assume("worked case"))
	if err != nil {
		t.Fatal(err)
	}
	e, err := serving.NewReplica(&llm.Model{
		ID: "8b", Name: "8B", Layers: 36, Hidden: 4096, Heads: 32, KVHeads: 8, HeadDim: 128, FFN: 12288, Vocab: 151936, MaxContext: 131072,
	}, accelerator, llm.BF16).Engine()
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range hidings {
		t.Run(h.file, func(t *testing.T) {
			t.Parallel()
			c := plan.Candidate{Engine: e, Engines: 1, Hourly: 1, Slow: h.slow}
			calls := hiddenDay(t, h.file)
			s, err := plan.NewStream(calls)
			if err != nil {
				t.Fatal(err)
			}
			first := 0
			size := func(s *plan.Stream) int {
				z, err := c.Size(s, h.target, first, 0, plan.Watch{})
				if err != nil {
					t.Fatal(err)
				}
				first = z.Machines // the next is found faster from there
				return z.Machines
			}
			known := size(s)
			t.Logf("%d calls: %d machines", len(calls), known)
			alike(t, "known", float64(known), float64(h.known))
			for i, width := range []time.Duration{time.Minute, time.Hour, 24 * time.Hour} {
				hidden := hide(calls, width)
				for j, a := range plan.Assumptions() {
					s, err := hidden.stream(a, h.context)
					if err != nil {
						t.Fatal(err)
					}
					got := size(s)
					of := fmt.Sprintf("%v, %s", width, a.Name)
					t.Logf("%s: %d machines, %+.0f %%", of, got, 100*(float64(got)/float64(known)-1))
					alike(t, of, float64(got)/float64(known), float64(h.levels[i][j])/float64(h.known))
				}
			}
		})
	}
}
