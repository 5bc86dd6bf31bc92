package llm

import (
	"errors"
	"fmt"

	"breakeven/fact"
)

// Model is the architecture of one open-weight model, as its published configuration gives it.
type Model struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Family string `json:"family,omitempty"`

	Layers  int `json:"layers"`
	Hidden  int `json:"hidden"`
	Heads   int `json:"heads"`
	KVHeads int `json:"kv_heads"`
	HeadDim int `json:"head_dim"`
	// FFN is the inner width of the dense feed-forward layers; zero where every layer routes to experts.
	FFN   int `json:"ffn,omitempty"`
	Vocab int `json:"vocab"`
	// TiedEmbeddings tells that the input embedding is also the output head.
	TiedEmbeddings bool `json:"tied_embeddings,omitempty"`
	// OutputGate tells that attention's output is gated, which doubles the query projection.
	OutputGate bool  `json:"output_gate,omitempty"`
	MaxContext int64 `json:"max_context"`

	MoE        *MoE        `json:"moe,omitempty"`
	MLA        *MLA        `json:"mla,omitempty"`
	Sliding    *Sliding    `json:"sliding,omitempty"`
	Linear     *Linear     `json:"linear,omitempty"`
	Indexer    *Indexer    `json:"indexer,omitempty"`
	Compressed *Compressed `json:"compressed,omitempty"`

	// Native is the precision that the maker publishes the weights in, in words.
	Native string `json:"native,omitempty"`
	Note   string `json:"note,omitempty"`

	// Licence is the licence of the weights, with its own evidence.
	Licence Licence `json:"licence"`

	// Provenance is the evidence of the architecture.
	Provenance fact.Provenance `json:"-"`
}

// Licence is what the weights may be used under.
type Licence struct {
	Name       string          `json:"name"` // empty where unknown
	Provenance fact.Provenance `json:"-"`
}

// MoE is a mixture of experts in place of the feed-forward layers.
type MoE struct {
	Experts   int `json:"experts"`
	TopK      int `json:"top_k"` // experts that a token goes to
	ExpertFFN int `json:"expert_ffn"`
	// SharedFFN is the width of the experts that every token goes to, added up.
	SharedFFN int `json:"shared_ffn,omitempty"`
	// FirstDense is how many layers at the bottom are dense; of the rest every Every-th is a mixture.
	FirstDense int `json:"first_dense,omitempty"`
	Every      int `json:"every"`
}

// MLA is multi-head latent attention: keys and values are cached as one latent vector for all heads.
type MLA struct {
	KVRank int `json:"kv_rank"`
	QRank  int `json:"q_rank,omitempty"` // zero where queries are not compressed
	Rope   int `json:"rope"`             // width of the rotary part of a head
	Nope   int `json:"nope"`             // width of the other part of a query or key
	Value  int `json:"value"`            // width of a value
}

// Sliding is attention to the last Window tokens only, in Layers of the layers.
type Sliding struct {
	Window int `json:"window"`
	Layers int `json:"layers"`
}

// Linear is gated linear attention in Layers of the layers: a state of fixed size for a sequence, and nothing
// for a token. Widths that the configuration does not state are zero; the state is then unknown.
type Linear struct {
	Layers     int `json:"layers"`
	KeyHeads   int `json:"key_heads"`
	ValueHeads int `json:"value_heads"`
	KeyDim     int `json:"key_dim"`
	ValueDim   int `json:"value_dim"`
	Conv       int `json:"conv"`
	// StateBytes is the storage of one number of the state: four where it is kept in 32 bits.
	StateBytes int `json:"state_bytes"`
}

// Indexer is sparse attention over a latent cache: a light index scores all earlier tokens, and attention
// reads the TopK best of them.
type Indexer struct {
	TopK  int `json:"top_k"`
	Heads int `json:"heads"`
	Dim   int `json:"dim"`
}

// Compressed is the attention of DeepSeek V4: each layer caches one vector of the head's width for every
// Ratio tokens, beside a sliding window of whole tokens; layers of the smallest ratio pick among the vectors
// with the index. Queries and outputs go through low ranks.
type Compressed struct {
	Groups   []CompressedLayers `json:"groups"`
	QRank    int                `json:"q_rank"`
	OutRank  int                `json:"out_rank"`
	OutParts int                `json:"out_parts"`
	Window   int                `json:"window"`
}

// CompressedLayers is how many layers keep one vector for every Ratio tokens; a ratio of zero keeps none.
type CompressedLayers struct {
	Ratio   int  `json:"ratio"`
	Layers  int  `json:"layers"`
	Indexed bool `json:"indexed,omitempty"`
}

// MoELayers is the number of layers that route to experts.
func (m *Model) MoELayers() int {
	if m.MoE == nil {
		return 0
	}
	return (m.Layers - m.MoE.FirstDense) / m.MoE.Every
}

// DenseLayers is the number of layers with an ordinary feed-forward part.
func (m *Model) DenseLayers() int { return m.Layers - m.MoELayers() }

// CachedLayers is the number of layers that keep something for every token of the context.
func (m *Model) CachedLayers() int {
	if m.Linear == nil {
		return m.Layers
	}
	return m.Layers - m.Linear.Layers
}

// String is the model's name.
func (m *Model) String() string { return m.Name }

// Check reports the first field that no architecture can have, with its path in the file format.
func (m *Model) Check() (path string, err error) {
	// The bounds are far beyond any model, and such that no count of weights overflows.
	type bound struct {
		path        string
		value       int
		least, most int
	}
	bounds := []bound{
		{"layers", m.Layers, 1, 1024},
		{"hidden", m.Hidden, 1, 1 << 16},
		{"heads", m.Heads, 1, 1024},
		{"kv_heads", m.KVHeads, 1, 1024},
		{"head_dim", m.HeadDim, 1, 1 << 12},
		{"ffn", m.FFN, 0, 1 << 19},
		{"vocab", m.Vocab, 1, 1 << 24},
		{"max_context", int(min(m.MaxContext, 1<<31)), 1, 1 << 30},
	}
	if e := m.MoE; e != nil {
		bounds = append(bounds,
			bound{"moe.experts", e.Experts, 1, 1 << 12},
			bound{"moe.top_k", e.TopK, 1, e.Experts},
			bound{"moe.expert_ffn", e.ExpertFFN, 1, 1 << 17},
			bound{"moe.shared_ffn", e.SharedFFN, 0, 1 << 17},
			bound{"moe.first_dense", e.FirstDense, 0, m.Layers},
			bound{"moe.every", e.Every, 1, m.Layers})
	}
	if a := m.MLA; a != nil {
		bounds = append(bounds,
			bound{"mla.kv_rank", a.KVRank, 1, 1 << 16},
			bound{"mla.q_rank", a.QRank, 0, 1 << 16},
			bound{"mla.rope", a.Rope, 0, 1 << 14},
			bound{"mla.nope", a.Nope, 1, 1 << 14},
			bound{"mla.value", a.Value, 1, 1 << 14})
	}
	if s := m.Sliding; s != nil {
		bounds = append(bounds,
			bound{"sliding.window", s.Window, 1, 1 << 30},
			bound{"sliding.layers", s.Layers, 0, m.CachedLayers()})
	}
	if l := m.Linear; l != nil {
		bounds = append(bounds,
			bound{"linear.layers", l.Layers, 1, m.Layers},
			bound{"linear.key_heads", l.KeyHeads, 1, 4096},
			bound{"linear.value_heads", l.ValueHeads, 1, 4096},
			bound{"linear.key_dim", l.KeyDim, 1, 1 << 14},
			bound{"linear.value_dim", l.ValueDim, 1, 1 << 14},
			bound{"linear.conv", l.Conv, 0, 1 << 10},
			bound{"linear.state_bytes", l.StateBytes, 1, 8})
	}
	if x := m.Indexer; x != nil {
		bounds = append(bounds,
			bound{"indexer.top_k", x.TopK, 1, 1 << 30},
			bound{"indexer.heads", x.Heads, 1, 4096},
			bound{"indexer.dim", x.Dim, 1, 1 << 14})
	}
	if c := m.Compressed; c != nil {
		layers := 0
		for i, g := range c.Groups {
			bounds = append(bounds,
				bound{fmt.Sprintf("compressed.groups[%d].ratio", i), g.Ratio, 0, 1 << 20},
				bound{fmt.Sprintf("compressed.groups[%d].layers", i), g.Layers, 1, m.Layers})
			layers += min(g.Layers, m.Layers+1)
		}
		bounds = append(bounds,
			bound{"compressed.groups", layers, m.Layers, m.Layers},
			bound{"compressed.q_rank", c.QRank, 1, 1 << 16},
			bound{"compressed.out_rank", c.OutRank, 1, 1 << 16},
			bound{"compressed.out_parts", c.OutParts, 1, 4096},
			bound{"compressed.window", c.Window, 0, 1 << 30})
	}
	for _, b := range bounds {
		if b.value < b.least || b.value > b.most {
			return b.path, fmt.Errorf("%d is not between %d and %d", b.value, b.least, b.most)
		}
	}
	switch {
	case m.DenseLayers() > 0 && m.FFN == 0:
		return "ffn", fmt.Errorf("missing: %d of the layers are dense", m.DenseLayers())
	case m.Heads%m.KVHeads != 0:
		return "kv_heads", fmt.Errorf("%d query heads cannot share %d key-value heads evenly", m.Heads, m.KVHeads)
	case m.MLA != nil && (m.Sliding != nil || m.Compressed != nil || m.Linear != nil):
		return "mla", errors.New("cannot be combined with sliding, linear or compressed attention")
	case m.Compressed != nil && (m.Sliding != nil || m.Linear != nil):
		return "compressed", errors.New("holds its own window: leave sliding and linear out")
	case m.Indexer != nil && m.MLA == nil && m.Compressed == nil:
		return "indexer", errors.New("needs mla or compressed attention to pick from")
	}
	return "", nil
}
