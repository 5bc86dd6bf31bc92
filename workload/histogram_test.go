package workload

import (
	"math"
	"slices"
	"testing"
)

func TestBinsAreWithinOnePercent(t *testing.T) {
	for _, v := range []int64{0, 1, 127, 128, 129, 255, 256, 1000, 4095, 4096, 131_071, 1_000_003, 1 << 40, math.MaxInt64} {
		b := bin(v)
		if b >= binCount {
			t.Fatalf("bin(%d) = %d of %d", v, b, binCount)
		}
		if got := middle(b); math.Abs(got-float64(v)) > 0.008*float64(v) {
			t.Errorf("%d is kept as %g, off by %.2f %%", v, got, 100*math.Abs(got/float64(v)-1))
		}
	}
	before := -1
	for v := range int64(100_000) {
		if b := bin(v); b != before && b != before+1 {
			t.Fatalf("bin(%d) = %d after %d", v, b, before)
		} else {
			before = b
		}
	}
}

// Of 1 to 1000 the nearest rank of p is 1000 p.
func TestQuantiles(t *testing.T) {
	h := new(histogram)
	for v := range int64(1000) {
		h.add(v + 1)
	}
	for _, p := range []float64{.5, .9, .99} {
		if got, want := float64(h.quantile(p)), 1000*p; math.Abs(got-want) > 0.008*want {
			t.Errorf("p%g = %g, want %g", 100*p, got, want)
		}
	}
	l := h.lengths()
	if l.Mean != 500.5 || l.Max != 1000 {
		t.Errorf("mean %v, max %v", l.Mean, l.Max)
	}
	// The variance of 1 to n is (n² - 1)/12.
	if want := math.Sqrt((1e6-1)/12) / 500.5; math.Abs(float64(l.CV)-want) > 1e-9 {
		t.Errorf("CV = %v, want %v", l.CV, want)
	}
}

func FuzzQuantile(f *testing.F) {
	f.Add([]byte{1, 2, 3}, uint8(50))
	f.Fuzz(func(t *testing.T, data []byte, percent uint8) {
		if len(data) == 0 || percent > 100 {
			return
		}
		h := new(histogram)
		values := make([]int64, 0, len(data))
		for i, d := range data {
			v := int64(d) << (i % 40)
			values = append(values, v)
			h.add(v)
		}
		slices.Sort(values)
		p := float64(percent) / 100
		rank := max(int(math.Ceil(p*float64(len(values)))), 1)
		want := float64(values[rank-1])
		if got := float64(h.quantile(p)); math.Abs(got-want) > 0.008*want {
			t.Fatalf("p%d = %g, want %g of %v", percent, got, want, values)
		}
	})
}

// Sums of the largest numbers are exact: of M, M and M - 3 the mean is M - 1 and the variance (1 + 1 + 4)/3 = 2.
func TestExactSums(t *testing.T) {
	var e exact
	for _, v := range []int64{math.MaxInt64, math.MaxInt64, math.MaxInt64 - 3} {
		e.add(v)
	}
	cv, ok := e.cv()
	if want := math.Sqrt2 / (math.MaxInt64 - 1); !ok || math.Abs(float64(cv)/want-1) > 1e-12 || e.mean() != math.MaxInt64-1 {
		t.Errorf("CV %v, want %v; mean %v", cv, want, e.mean())
	}
	if _, ok := new(exact).cv(); ok || new(exact).mean() != 0 {
		t.Error("no numbers have no spread")
	}
}
