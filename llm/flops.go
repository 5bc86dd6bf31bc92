package llm

import "slices"

// LinearFLOPs is the arithmetic of one token in every projection and feed-forward part, without the head and
// without attention itself: two for each weight that it passes through.
func (m *Model) LinearFLOPs() FLOPs { return 2 * FLOPs(m.Parameters().Linear()) }

// HeadFLOPs is the arithmetic of predicting one token: 2Vd.
func (m *Model) HeadFLOPs() FLOPs { return 2 * FLOPs(m.Vocab) * FLOPs(m.Hidden) }

// DecodeFLOPs is the arithmetic of attention when one token is generated at a context of n tokens.
//
//	grouped  4he(L − Llinear)·c, with min(c, W) in layers with a window
//	latent   2h(2rk + r)L·c: keys and values are read as the latent vector that they share
func (m *Model) DecodeFLOPs(n Tokens) FLOPs {
	c := float64(n)
	h := float64(m.Heads)
	switch {
	case m.MLA != nil:
		width := 2 * h * float64(2*m.MLA.KVRank+m.MLA.Rope)
		return FLOPs(float64(m.Layers) * (width*m.attended(c) + m.indexFLOPs(c)))
	case m.Compressed != nil:
		var sum float64
		for _, g := range m.Compressed.Groups {
			picked, scanned := m.compressedReads(g, c)
			sum += float64(g.Layers) * (4*h*float64(m.HeadDim)*picked + m.indexFLOPs(scanned))
		}
		return FLOPs(sum)
	}
	return FLOPs(4*h*float64(m.HeadDim)*m.groupedContext(c)) + m.stateFLOPs()
}

// PrefillFLOPs is the arithmetic of attention when n tokens of a prompt are read at a mean context of mean
// tokens: n/2 for a prompt read at once, done + n/2 for a part of it after done earlier ones. A window or an
// index caps the mean, which overstates a little where contexts lie on both sides of the cap.
//
//	grouped  4he(L − Llinear)·c for each token
//	latent   2h(n + r + v)L·c for each token: keys and values are expanded first
func (m *Model) PrefillFLOPs(n, mean Tokens) FLOPs {
	if n <= 0 {
		return 0
	}
	if m.MLA == nil {
		return FLOPs(n) * m.DecodeFLOPs(mean)
	}
	c := float64(mean)
	width := 2 * float64(m.Heads) * float64(m.MLA.Nope+m.MLA.Rope+m.MLA.Value)
	return FLOPs(float64(n) * float64(m.Layers) * (width*m.attended(c) + m.indexFLOPs(c)))
}

// attended is how many of c earlier tokens latent attention reads.
func (m *Model) attended(c float64) float64 {
	if m.Indexer == nil {
		return c
	}
	return min(c, float64(m.Indexer.TopK))
}

// indexFLOPs is the arithmetic of scoring n entries of the index in one layer.
func (m *Model) indexFLOPs(n float64) float64 {
	if m.Indexer == nil {
		return 0
	}
	return 2 * float64(m.Indexer.Heads) * float64(m.Indexer.Dim) * n
}

// groupedContext is the context summed over the layers of grouped attention, windows capped.
func (m *Model) groupedContext(c float64) float64 {
	full := float64(m.CachedLayers())
	if s := m.Sliding; s != nil {
		return (full-float64(s.Layers))*c + float64(s.Layers)*min(c, float64(s.Window))
	}
	return full * c
}

// stateFLOPs is the arithmetic of linear attention for one token: the state is decayed and read with the key,
// corrected, and read with the query, which is three multiply-adds for each of its numbers.
func (m *Model) stateFLOPs() FLOPs {
	l := m.Linear
	if l == nil {
		return 0
	}
	return FLOPs(6 * float64(l.Layers) * float64(l.ValueHeads) * float64(l.KeyDim) * float64(l.ValueDim))
}

// Knees are the contexts at which the cost of attention to earlier tokens changes its slope, in rising order:
// where a window is full, and where an index has more to choose from than it picks. Between two of them, before
// the first and after the last, [Model.KVReadBytes], [Model.DecodeFLOPs] and the arithmetic of a prompt token are
// affine in the context.
func (m *Model) Knees() []Tokens {
	var knees []Tokens
	switch {
	case m.MLA != nil && m.Indexer != nil:
		knees = append(knees, Tokens(m.Indexer.TopK))
	case m.Compressed != nil:
		knees = append(knees, Tokens(m.Compressed.Window))
		for _, g := range m.Compressed.Groups {
			if g.Indexed && m.Indexer != nil {
				knees = append(knees, Tokens(m.Indexer.TopK*g.Ratio))
			}
		}
	case m.Sliding != nil:
		knees = append(knees, Tokens(m.Sliding.Window))
	}
	slices.Sort(knees)
	return slices.DeleteFunc(slices.Compact(knees), func(t Tokens) bool { return t <= 0 })
}
