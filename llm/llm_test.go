package llm_test

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"breakeven/datafile"
	"breakeven/llm"
)

const modelFile = `{
  "schema": "breakeven/models/v1",
  "family": "llama",
  "sources": {
    "config": {"kind": "published", "source": "config.json", "date": "2026-08-21"},
    "card": {"kind": "inferred", "source": "model card"}
  },
  "models": [
    {"id": "llama-3.1-8b", "name": "Llama 3.1 8B", "layers": 32, "hidden": 4096, "heads": 32, "kv_heads": 8, "head_dim": 128,
     "ffn": 14336, "vocab": 128256, "max_context": 131072, "native": "bf16",
     "licence": {"name": "Llama 3.1 Community", "source": "card"}, "source": "config"}
  ]
}`

func llama(t *testing.T) *llm.Model {
	t.Helper()
	c, err := llm.NewCatalog(map[string][]byte{"llama.json": []byte(modelFile)})
	if err != nil {
		t.Fatal(err)
	}
	m, err := c.Model("Llama-3.1-8B")
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// Llama 3.1 8B by hand:
//
//	attention  32 × (2 × 4096 × 32 × 128 + 2 × 4096 × 8 × 128) = 32 × 41,943,040 = 1,342,177,280
//	dense      32 × 3 × 4096 × 14336                           = 5,637,144,576
//	tables     2 × 128256 × 4096                               = 1,050,673,152
func TestParametersByHand(t *testing.T) {
	n := llama(t).Parameters()
	if n.Attention != 1_342_177_280 || n.FFN != 5_637_144_576 || n.Embedding+n.Head != 1_050_673_152 {
		t.Errorf("got %+v", n)
	}
	if n.Total() != 8_029_995_008 || n.Active() != n.Total() {
		t.Errorf("total %d, active %d", n.Total(), n.Active())
	}
}

// The tables stay in 16 bits: in eight bits the weights take 6,979,321,856 + 2 × 1,050,673,152 bytes.
func TestWeightBytes(t *testing.T) {
	m := llama(t)
	for p, want := range map[llm.Precision]float64{
		llm.BF16: 2 * 8_029_995_008,
		llm.FP8:  6_979_321_856 + 2*1_050_673_152,
		llm.FP4:  0.5625*6_979_321_856 + 2*1_050_673_152,
		llm.INT4: 0.53125*6_979_321_856 + 2*1_050_673_152,
	} {
		if got := float64(m.WeightBytes(p)); got != want {
			t.Errorf("%s: %.0f bytes, want %.0f", p, got, want)
		}
	}
}

// 2 × 32 layers × 8 heads × 128 × 2 bytes = 131,072 bytes a token, and half of it in eight bits.
func TestKVBytes(t *testing.T) {
	m := llama(t)
	if got := m.KVBytesPerToken(llm.BF16); got != 131_072 {
		t.Errorf("KV bytes per token = %v", got)
	}
	if got := m.KVBytes(1000, llm.FP8); got != 65_536_000 {
		t.Errorf("KV bytes of 1,000 tokens in eight bits = %v", got)
	}
	if got := m.KVReadBytes(1000, llm.BF16); got != 131_072_000 {
		t.Errorf("one step at 1,000 tokens reads %v", got)
	}
}

// Half of the layers see the last 128 tokens only: a sequence of 1,128 tokens keeps 1,128 tokens in 18 layers
// and 128 in the other 18, which is (1128 + 128) / 2 = 628 tokens of the full 73,728 bytes.
func TestSlidingWindow(t *testing.T) {
	m := &llm.Model{Layers: 36, Hidden: 2880, Heads: 64, KVHeads: 8, HeadDim: 64, Sliding: &llm.Sliding{Window: 128, Layers: 18}}
	if got := m.KVBytesPerToken(llm.BF16); got != 73_728 {
		t.Errorf("KV bytes per token = %v", got)
	}
	if got, want := m.KVBytes(1128, llm.BF16), llm.Bytes(628*73_728); got != want {
		t.Errorf("KV bytes = %v, want %v", got, want)
	}
	if got, want := m.KVBytes(100, llm.BF16), llm.Bytes(100*73_728); got != want {
		t.Errorf("below the window: %v, want %v", got, want)
	}
}

// DeepSeek V3 keeps 512 + 64 numbers for a token in each of 61 layers: 35,136 numbers, 70,272 bytes. A step at
// c tokens costs 2 × 128 heads × (2 × 512 + 64) × 61 × c; reading a prompt, 2 × 128 × (128 + 64 + 128) × 61 × c.
func TestLatentAttention(t *testing.T) {
	m := &llm.Model{Layers: 61, Hidden: 7168, Heads: 128, KVHeads: 128, HeadDim: 192, MLA: &llm.MLA{KVRank: 512, QRank: 1536, Rope: 64, Nope: 128, Value: 128}}
	if got := m.KVBytesPerToken(llm.BF16); got != 70_272 {
		t.Errorf("KV bytes per token = %v", got)
	}
	if got, want := m.DecodeFLOPs(1000), llm.FLOPs(2*128*1088*61*1000); got != want {
		t.Errorf("decode: %g, want %g", got, want)
	}
	if got, want := m.PrefillFLOPs(100, 1000), llm.FLOPs(100*2*128*320*61*1000); got != want {
		t.Errorf("prefill: %g, want %g", got, want)
	}
	// With an index that picks 2,048 tokens, 64 heads of 128 score all 100,000 and attention sees the picked ones.
	m.Indexer = &llm.Indexer{TopK: 2048, Heads: 64, Dim: 128}
	if got, want := m.DecodeFLOPs(100_000), llm.FLOPs(61*(2*128*1088*2048+2*64*128*100_000)); got != want {
		t.Errorf("sparse decode: %g, want %g", got, want)
	}
}

// DeepSeek V4 Flash: 21 layers keep (512 + 128)/4 numbers for a token and 20 keep 512/128: 3,440 numbers, 6,880
// bytes. Beside that, every layer keeps the last 128 tokens whole: 43 × 128 × 512 numbers.
func TestCompressedAttention(t *testing.T) {
	m := &llm.Model{
		Layers: 43, Hidden: 4096, Heads: 64, KVHeads: 1, HeadDim: 512,
		Indexer: &llm.Indexer{TopK: 512, Heads: 64, Dim: 128},
		Compressed: &llm.Compressed{
			Groups: []llm.CompressedLayers{{Ratio: 0, Layers: 2}, {Ratio: 4, Layers: 21, Indexed: true}, {Ratio: 128, Layers: 20}},
			QRank:  1024, OutRank: 1024, OutParts: 8, Window: 128,
		},
	}
	if got := m.KVBytesPerToken(llm.BF16); got != 6_880 {
		t.Errorf("KV bytes per token = %v", got)
	}
	if got, want := m.KVBytes(100_000, llm.FP8), llm.Bytes(3_440*100_000+43*128*512); got != want {
		t.Errorf("KV bytes = %v, want %v", got, want)
	}
	// A step at 100,000 tokens: every layer reads its window of 128; the indexed ones read 512 vectors and scan
	// 25,000 entries of the index; the others read 100,000/128 = 781.25 vectors.
	want := llm.Bytes(43*128*512 + 21*(512*512+25_000*128) + 20*781.25*512)
	if got := m.KVReadBytes(100_000, llm.FP8); math.Abs(float64(got-want)) > 1 {
		t.Errorf("read bytes = %v, want %v", got, want)
	}
}

// A linear layer keeps nothing for a token. Qwen3.5 27B: each of 48 layers keeps 48 matrices of 128 × 128 in
// 32 bits and three columns of 10,240 in 16 bits: 48 × (3,145,728 + 61,440) = 153,944,064 bytes.
func TestLinearAttention(t *testing.T) {
	m := &llm.Model{
		Layers: 64, Hidden: 5120, Heads: 24, KVHeads: 4, HeadDim: 256, OutputGate: true,
		Linear: &llm.Linear{Layers: 48, KeyHeads: 16, ValueHeads: 48, KeyDim: 128, ValueDim: 128, Conv: 4, StateBytes: 4},
	}
	if got := m.KVBytesPerToken(llm.BF16); got != 2*16*4*256*2 {
		t.Errorf("KV bytes per token = %v", got)
	}
	if got := m.StateBytes(); got != 153_944_064 {
		t.Errorf("state = %v bytes", got)
	}
	if got := m.KVBytes(0, llm.BF16); got != m.StateBytes() {
		t.Errorf("an empty sequence takes %v", got)
	}
}

// A layer is a mixture from FirstDense on, every Every-th.
func TestMoELayers(t *testing.T) {
	for _, tt := range []struct{ layers, first, every, want int }{
		{61, 3, 1, 58}, {48, 0, 2, 24}, {48, 0, 1, 48},
	} {
		m := &llm.Model{Layers: tt.layers, MoE: &llm.MoE{FirstDense: tt.first, Every: tt.every}}
		if got := m.MoELayers(); got != tt.want {
			t.Errorf("%+v: %d", tt, got)
		}
	}
}

func TestFaults(t *testing.T) {
	const first = "models[0] (llama-3.1-8b)"
	for old, tt := range map[string]struct{ new, path string }{
		`"breakeven/models/v1"`:    {`"v1"`, "schema"},
		`"family": "llama"`:        {`"family": ""`, "family"},
		`"layers": 32`:             {`"layers": 0`, first + ".layers"},
		`"kv_heads": 8`:            {`"kv_heads": 7`, first + ".kv_heads"},
		`"ffn": 14336`:             {`"ffn": 0`, first + ".ffn"},
		`"source": "config"`:       {`"source": "memory"`, first + ".source"},
		`"kind": "inferred"`:       {`"kind": "felt"`, "sources.card"},
		`"name": "Llama 3.1 8B", `: {``, first + ".name"},
		`"native": "bf16"`:         {`"dtype": "bf16"`, "line"},
		`"heads": 32`:              {`"heads": 99999999`, first + ".heads"},
		`2026-08-21`:               {`2026`, "sources.config"},
		`"native": "bf16",`:        {`"mla": {"kv_rank": 512, "nope": 128, "value": 128}, "sliding": {"window": 1, "layers": 1},`, first + ".mla"},
	} {
		data := strings.Replace(modelFile, old, tt.new, 1)
		_, err := llm.ParseFile("llama.json", []byte(data))
		fault, ok := errors.AsType[*datafile.Error](err)
		if !ok || !strings.HasPrefix(fault.Path, tt.path) {
			t.Errorf("%s for %s: got %v, want a fault at %s", tt.new, old, err, tt.path)
		}
	}
}

func TestUnknownModel(t *testing.T) {
	c, err := llm.NewCatalog(map[string][]byte{"llama.json": []byte(modelFile)})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Model("llama-3.1-9b")
	if unknown, ok := errors.AsType[*llm.UnknownModelError](err); !ok || len(unknown.Near) != 1 {
		t.Errorf("got %v", err)
	}
}

func FuzzParseFile(f *testing.F) {
	f.Add([]byte(modelFile))
	f.Add([]byte(`{"schema":"breakeven/models/v1","family":"x","sources":{"s":{"kind":"published","source":"s"}},"models":[{"id":"a","name":"a","source":"s","layers":1,"hidden":1,"heads":1,"kv_heads":1,"head_dim":1,"vocab":1,"max_context":1,"licence":{},"moe":{"experts":1,"top_k":1,"expert_ffn":1,"every":1}}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		models, err := llm.ParseFile("fuzz", data)
		if err != nil {
			if _, ok := errors.AsType[*datafile.Error](err); !ok {
				t.Fatalf("an error without a place: %v", err)
			}
			return
		}
		for _, m := range models {
			n := m.Parameters()
			if n.Total() <= 0 || n.Active() > n.Total() || n.Active() <= 0 {
				t.Fatalf("%+v counts %+v", m, n)
			}
			for _, figure := range []float64{float64(m.KVBytes(1e6, llm.BF16)), float64(m.KVReadBytes(1e6, llm.FP8)), float64(m.DecodeFLOPs(1e6)), float64(m.PrefillFLOPs(1e6, 5e5))} {
				if !(figure >= 0) || math.IsInf(figure, 0) {
					t.Fatalf("%+v: %g", m, figure)
				}
			}
		}
	})
}

// Between knees the costs of attention are affine in the context: the middle of each stretch lies on its chord. Before
// and after a knee the slope differs.
func TestKnees(t *testing.T) {
	sliding := llama(t)
	own := *sliding
	own.Sliding = &llm.Sliding{Window: 1024, Layers: 16}
	sparse := own
	sparse.Sliding, sparse.MLA, sparse.Indexer = nil, &llm.MLA{KVRank: 512, Rope: 64, Nope: 128, Value: 128}, &llm.Indexer{TopK: 2048, Heads: 32, Dim: 128}
	for _, tt := range []struct {
		m    *llm.Model
		want []llm.Tokens
	}{{sliding, nil}, {&own, []llm.Tokens{1024}}, {&sparse, []llm.Tokens{2048}}} {
		knees := tt.m.Knees()
		if !slices.Equal(knees, tt.want) {
			t.Errorf("%s: knees at %v, want %v", tt.m.ID, knees, tt.want)
		}
		ends := append(append([]llm.Tokens{0}, knees...), 1e6)
		for i := range len(ends) - 1 {
			a, b := ends[i], ends[i+1]
			for name, cost := range map[string]func(llm.Tokens) float64{
				"bytes":  func(c llm.Tokens) float64 { return float64(tt.m.KVReadBytes(c, llm.BF16)) },
				"decode": func(c llm.Tokens) float64 { return float64(tt.m.DecodeFLOPs(c)) },
				"prompt": func(c llm.Tokens) float64 { return float64(tt.m.PrefillFLOPs(1, c)) },
			} {
				if chord, middle := (cost(a)+cost(b))/2, cost((a+b)/2); math.Abs(chord/middle-1) > 1e-9 {
					t.Errorf("%s: %s bends between %g and %g", tt.m.ID, name, float64(a), float64(b))
				}
			}
		}
	}
}
