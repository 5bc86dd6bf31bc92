package main

import (
	"cmp"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"breakeven/fact"
	"breakeven/llm"
)

// modelRow is one model of the table models.json.
type modelRow struct {
	Hidden   int   `json:"hidden"`
	Layers   int   `json:"layers"`
	Heads    int   `json:"heads"`
	KVHeads  int   `json:"kv_heads"`
	HeadDim  int   `json:"head_dim"`
	FFN      int   `json:"ffn"`
	DenseFFN int   `json:"dense_ffn"`
	Vocab    int   `json:"vocab"`
	Tied     bool  `json:"tied_embeddings"`
	MaxCtx   int64 `json:"max_ctx"`
	MoE      *struct {
		Experts    int `json:"experts"`
		TopK       int `json:"top_k"`
		ExpertFFN  int `json:"expert_ffn"`
		SharedFFN  int `json:"shared_ffn"`
		FirstDense int `json:"first_dense"`
		Every      int `json:"every"`
	} `json:"moe"`
	MLA *struct {
		KV   int `json:"kv_lora_rank"`
		Q    int `json:"q_lora_rank"`
		Rope int `json:"rope"`
		Nope int `json:"nope"`
		V    int `json:"v"`
	} `json:"mla"`
	Sliding *llm.Sliding `json:"sliding"`

	QRank    int            `json:"q_lora_rank"`
	OutRank  int            `json:"o_lora_rank"`
	OutParts int            `json:"o_groups"`
	Ratios   map[string]int `json:"compress_ratio_counts"`

	Native   string `json:"native_dtype"`
	Licence  string `json:"licence"`
	Source   string `json:"source"`
	Verified string `json:"verified"`
}

type curatedModel struct {
	ID         string           `json:"id,omitempty"`
	Name       string           `json:"name"`
	Family     string           `json:"family,omitempty"`
	Like       string           `json:"like,omitempty"` // the model whose architecture this one has
	MaxContext int64            `json:"max_context,omitempty"`
	OutputGate bool             `json:"output_gate,omitempty"`
	Linear     *llm.Linear      `json:"linear,omitempty"`
	Indexer    *llm.Indexer     `json:"indexer,omitempty"`
	Note       string           `json:"note,omitempty"`
	Evidence   *fact.Provenance `json:"evidence,omitempty"` // replaces, or adds its kind and rule to, the table's source
}

// models writes models/FAMILY.json.
func models(from string, out map[string][]byte) ([]string, error) {
	var table map[string]modelRow
	if err := readJSON(filepath.Join(from, "serving", "models.json"), &table); err != nil {
		return nil, err
	}
	var c struct {
		Models  map[string]curatedModel `json:"models"`
		Like    []curatedModel          `json:"like"`
		Licence fact.Provenance         `json:"licence"`
	}
	if err := readCurated("models.json", &c); err != nil {
		return nil, err
	}
	files := map[string]*llm.File{}
	add := func(family string, e llm.Entry, evidence fact.Provenance) {
		f := files[family]
		if f == nil {
			f = &llm.File{Schema: llm.Schema, Family: family, Sources: map[string]fact.Provenance{}}
			files[family] = f
		}
		e.Source = e.ID
		f.Sources[e.ID] = evidence
		if e.Licence.Name != "" {
			e.Licence.Source = "licence"
			f.Sources["licence"] = c.Licence
		}
		f.Models = append(f.Models, e)
	}
	var report []string
	for _, id := range slices.Sorted(maps.Keys(table)) {
		row := table[id]
		m, listed := c.Models[id]
		if !listed {
			report = append(report, fmt.Sprintf("models: %s left out: its configuration is %s", id, row.Verified))
			continue
		}
		evidence, err := provenance(row.Source, m.Evidence)
		if err != nil {
			return nil, fmt.Errorf("models.json: %s: %w", id, err)
		}
		add(m.Family, row.entry(id, m), evidence)
	}
	for _, m := range c.Like {
		row, ok := table[m.Like]
		if !ok {
			return nil, fmt.Errorf("curated/models.json: %s is like %q, which the table lacks", m.ID, m.Like)
		}
		like := c.Models[m.Like]
		like.Name = m.Name
		e := row.entry(m.ID, like)
		e.MaxContext = cmp.Or(m.MaxContext, e.MaxContext)
		add(like.Family, e, *m.Evidence)
	}
	for _, family := range slices.Sorted(maps.Keys(files)) {
		f := files[family]
		slices.SortFunc(f.Models, func(a, b llm.Entry) int { return cmp.Compare(a.ID, b.ID) })
		for i := range f.Models {
			f.Models[i].Family = "" // the file says it once
		}
		data, err := encodeJSON(f, "  ")
		if err != nil {
			return nil, err
		}
		if _, err := llm.ParseFile(family, data); err != nil {
			return nil, err
		}
		out["models/"+family+".json"] = data
	}
	return report, nil
}

// entry makes our entry of a row.
func (r modelRow) entry(id string, c curatedModel) llm.Entry {
	m := llm.Model{
		ID: id, Name: c.Name, Layers: r.Layers, Hidden: r.Hidden, Heads: r.Heads, KVHeads: r.KVHeads, HeadDim: r.HeadDim,
		FFN: cmp.Or(r.DenseFFN, r.FFN), Vocab: r.Vocab, TiedEmbeddings: r.Tied, MaxContext: r.MaxCtx,
		OutputGate: c.OutputGate, Linear: c.Linear, Indexer: c.Indexer, Native: r.Native, Note: c.Note,
	}
	if x := r.MoE; x != nil {
		m.MoE = &llm.MoE{Experts: x.Experts, TopK: x.TopK, ExpertFFN: x.ExpertFFN, SharedFFN: x.SharedFFN, FirstDense: x.FirstDense, Every: x.Every}
	}
	if a := r.MLA; a != nil {
		m.MLA = &llm.MLA{KVRank: a.KV, QRank: a.Q, Rope: a.Rope, Nope: a.Nope, Value: a.V}
		m.HeadDim = a.Nope + a.Rope
	}
	if len(r.Ratios) > 0 {
		m.Compressed = &llm.Compressed{QRank: r.QRank, OutRank: r.OutRank, OutParts: r.OutParts, Window: r.Sliding.Window}
		for _, ratio := range slices.SortedFunc(maps.Keys(r.Ratios), func(a, b string) int { return cmp.Compare(number(a), number(b)) }) {
			m.Compressed.Groups = append(m.Compressed.Groups, llm.CompressedLayers{Ratio: number(ratio), Layers: r.Ratios[ratio], Indexed: ratio == "4"})
		}
	} else {
		m.Sliding = r.Sliding
	}
	if m.DenseLayers() == 0 {
		m.FFN = 0
	}
	e := llm.Entry{Model: m}
	if r.Licence != "unknown" {
		e.Licence.Name = r.Licence
	}
	return e
}

func number(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		return -1
	}
	return n
}

// repositories are the dates of the snapshots that the table was read from.
var repositories = map[string]fact.Date{
	"ai-dynamo/aiconfigurator":    "2026-08-21",
	"inference-sim/inference-sim": "2026-08-22",
}

// provenance makes evidence of the table's source, such as owner/name@commit:path, and what is curated.
func provenance(source string, c *fact.Provenance) (fact.Provenance, error) {
	if c != nil && c.Source != "" {
		return *c, nil
	}
	repository, rest, ok := strings.Cut(source, "@")
	commit, path, found := strings.Cut(rest, ":")
	path, _, _ = strings.Cut(path, " (")
	if !ok || !found {
		return fact.Provenance{}, fmt.Errorf("source %q is no repository@commit:path", source)
	}
	p := fact.Provenance{
		Kind: fact.Published, Source: repository + ", " + path,
		URL:  "https://github.com/" + repository + "/blob/" + commit + "/" + path,
		Date: repositories[repository],
	}
	if c != nil {
		p.Kind, p.Rule = c.Kind, c.Rule
	}
	return p, nil
}
