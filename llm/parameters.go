package llm

// Parameters counts a model's weights by what they do. Each count is over all layers.
type Parameters struct {
	Attention int64 // projections of queries, keys, values and outputs
	FFN       int64 // dense feed-forward layers
	Shared    int64 // experts that every token goes to
	Router    int64
	Expert    int64 // one expert of one layer
	Experts   int64 // all routed experts of all layers
	Chosen    int64 // the routed experts that one token goes to, over all layers
	Embedding int64 // the input table
	Head      int64 // the output table; zero where it is the input table as well
}

// Total is every weight once.
func (p Parameters) Total() int64 {
	return p.Attention + p.FFN + p.Shared + p.Router + p.Experts + p.Embedding + p.Head
}

// Active is the weights that one token passes through, tables included, as model cards count them.
func (p Parameters) Active() int64 { return p.Total() - p.Experts + p.Chosen }

// Linear is the weights that are multiplied for every token outside the head.
func (p Parameters) Linear() int64 { return p.Attention + p.FFN + p.Shared + p.Router + p.Chosen }

// Parameters counts the weights.
//
//	attention  2dhe + 2dge, and another dhe with an output gate
//	latent     d·rq + rq·h(n+r) + d(rk+r) + rk·h(n+v) + hvd
//	dense      3df
//	experts    E·3d·fe + 3d·fs + dE
//	tables     2Vd, or Vd where they are tied
func (m *Model) Parameters() Parameters {
	d, layers := int64(m.Hidden), int64(m.Layers)
	p := Parameters{Embedding: int64(m.Vocab) * d}
	if !m.TiedEmbeddings {
		p.Head = p.Embedding
	}
	p.FFN = int64(m.DenseLayers()) * 3 * d * int64(m.FFN)
	if e := m.MoE; e != nil {
		n := int64(m.MoELayers())
		p.Expert = 3 * d * int64(e.ExpertFFN)
		p.Experts = n * int64(e.Experts) * p.Expert
		p.Chosen = n * int64(e.TopK) * p.Expert
		p.Shared = n * 3 * d * int64(e.SharedFFN)
		p.Router = n * d * int64(e.Experts)
	}
	if l := m.Linear; l != nil {
		n := int64(l.Layers)
		p.Attention += n * l.parameters(d)
		layers -= n
	}
	p.Attention += layers * m.attentionParameters()
	return p
}

// attentionParameters is the projections of one layer that is not linear.
func (m *Model) attentionParameters() int64 {
	d, h, g, e := int64(m.Hidden), int64(m.Heads), int64(m.KVHeads), int64(m.HeadDim)
	var n int64
	switch {
	case m.MLA != nil:
		a := m.MLA
		q, kv, r, nope, v := int64(a.QRank), int64(a.KVRank), int64(a.Rope), int64(a.Nope), int64(a.Value)
		if q > 0 {
			n = d*q + q*h*(nope+r)
		} else {
			n = d * h * (nope + r)
		}
		n += d*(kv+r) + kv*h*(nope+v) + h*v*d
	case m.Compressed != nil:
		c := m.Compressed
		q, o, parts := int64(c.QRank), int64(c.OutRank), int64(c.OutParts)
		n = d*q + q*h*e + d*g*e + h*e*o + parts*o*d
	default:
		n = 2*d*h*e + 2*d*g*e
		if m.OutputGate {
			n += d * h * e
		}
	}
	if x := m.Indexer; x != nil && m.MLA != nil {
		// The index has its own queries (from the compressed ones), its own key and a weight for each head.
		n += int64(m.MLA.QRank)*int64(x.Heads)*int64(x.Dim) + d*int64(x.Dim) + d*int64(x.Heads)
	}
	return n
}

// parameters is the projections of one linear layer: queries and keys, values and their gate, the two gates
// of the state for each value head, the convolution, and the output.
func (l *Linear) parameters(d int64) int64 {
	keys, values := int64(l.KeyHeads)*int64(l.KeyDim), int64(l.ValueHeads)*int64(l.ValueDim)
	return d*(2*keys+values) + d*values + 2*d*int64(l.ValueHeads) + int64(l.Conv)*(2*keys+values) + values*d
}

// WeightBytes is the memory that the weights take at a precision. Tables stay in 16 bits, as quantised
// checkpoints leave them.
func (m *Model) WeightBytes(p Precision) Bytes {
	n := m.Parameters()
	tables := n.Embedding + n.Head
	return Bytes(float64(n.Total()-tables)*p.Bytes() + float64(tables)*BF16.Bytes())
}
