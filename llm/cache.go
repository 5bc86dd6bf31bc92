package llm

// KVBytesPerToken is what one token of a sequence takes in the cache while every window still holds it: the
// figure that engines print and divide their pool by. It is zero for layers with linear attention.
//
//	grouped     2(L − Llinear)·g·e
//	latent      L(rk + r), and L·Dim more for an index
//	compressed  Σ e/ratio over the layers, and Dim/ratio more where they are indexed
func (m *Model) KVBytesPerToken(p Precision) Bytes {
	var numbers float64
	switch {
	case m.MLA != nil:
		numbers = float64(m.Layers * (m.MLA.KVRank + m.MLA.Rope + m.indexDim()))
	case m.Compressed != nil:
		numbers = m.compressedNumbers(1)
	default:
		numbers = float64(m.CachedLayers()) * m.kvWidth()
	}
	return Bytes(numbers * p.Bytes())
}

// KVBytes is what a sequence of n tokens takes in the cache: windows hold no more than their width, and
// linear attention a state of fixed size.
func (m *Model) KVBytes(n Tokens, p Precision) Bytes {
	return m.held(n, p) + m.StateBytes()
}

// KVReadBytes is the memory traffic of attention when one token is generated at a context of n tokens: what
// it reads of the cache, and the state of linear attention read and written back.
func (m *Model) KVReadBytes(n Tokens, p Precision) Bytes {
	c := float64(n)
	var numbers float64
	switch {
	case m.MLA != nil && m.Indexer != nil:
		latent := float64(m.MLA.KVRank + m.MLA.Rope)
		numbers = float64(m.Layers) * (latent*min(c, float64(m.Indexer.TopK)) + c*float64(m.indexDim()))
	case m.Compressed != nil:
		for _, g := range m.Compressed.Groups {
			picked, scanned := m.compressedReads(g, c)
			numbers += float64(g.Layers) * (picked*float64(m.HeadDim) + scanned*float64(m.indexDim()))
		}
	default:
		return m.held(n, p) + 2*m.StateBytes()
	}
	return Bytes(numbers*p.Bytes()) + 2*m.StateBytes()
}

// StateBytes is what linear attention keeps for a sequence, whatever its length: a matrix for each value head
// and the tail of the convolution, in each linear layer.
func (m *Model) StateBytes() Bytes {
	l := m.Linear
	if l == nil {
		return 0
	}
	matrix := l.ValueHeads * l.KeyDim * l.ValueDim * l.StateBytes
	tail := max(l.Conv-1, 0) * (2*l.KeyHeads*l.KeyDim + l.ValueHeads*l.ValueDim) * 2
	return Bytes(float64(l.Layers) * float64(matrix+tail))
}

// held is the cache of a sequence of n tokens without the state of linear attention.
func (m *Model) held(n Tokens, p Precision) Bytes {
	c := float64(n)
	switch {
	case m.MLA != nil:
		return Bytes(c) * m.KVBytesPerToken(p)
	case m.Compressed != nil:
		window := float64(m.Layers) * float64(m.HeadDim) * min(c, float64(m.Compressed.Window))
		return Bytes((m.compressedNumbers(c) + window) * p.Bytes())
	}
	full := float64(m.CachedLayers())
	var windowed float64
	if s := m.Sliding; s != nil {
		full -= float64(s.Layers)
		windowed = float64(s.Layers) * min(c, float64(s.Window))
	}
	return Bytes((full*c + windowed) * m.kvWidth() * p.Bytes())
}

// kvWidth is the numbers that one layer of grouped attention keeps for a token.
func (m *Model) kvWidth() float64 { return 2 * float64(m.KVHeads) * float64(m.HeadDim) }

func (m *Model) indexDim() int {
	if m.Indexer == nil {
		return 0
	}
	return m.Indexer.Dim
}

// compressedNumbers is what all compressed layers keep for n tokens beyond their windows.
func (m *Model) compressedNumbers(n float64) float64 {
	var sum float64
	for _, g := range m.Compressed.Groups {
		if g.Ratio == 0 {
			continue
		}
		width := float64(m.HeadDim)
		if g.Indexed {
			width += float64(m.indexDim())
		}
		sum += float64(g.Layers) * width * n / float64(g.Ratio)
	}
	return sum
}

// compressedReads is how many vectors one layer attends to at a context of c tokens, window included, and how
// many its index scans to find them.
func (m *Model) compressedReads(g CompressedLayers, c float64) (picked, scanned float64) {
	picked = min(c, float64(m.Compressed.Window))
	if g.Ratio == 0 {
		return picked, 0
	}
	vectors := c / float64(g.Ratio)
	if g.Indexed && m.Indexer != nil {
		return picked + min(vectors, float64(m.Indexer.TopK)), vectors
	}
	return picked + vectors, 0
}
