package store

import (
	"bytes"
	"compress/flate"
	"slices"
	"testing"

	"breakeven/registry"
)

// What a database holds of a snapshot may be damaged in any way: it reads back as what its identity says, or not.
func FuzzUnpack(f *testing.F) {
	good, err := pack(rates(f, litellm, at("01-01"), "acme a input", "3", "acme a output", "15"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good.ID, "litellm", good.facts)
	f.Add(good.ID, "portkey", good.facts)
	f.Add(good.ID, "litellm", good.facts[:len(good.facts)/2])
	f.Add("", "", []byte{})
	f.Fuzz(func(t *testing.T, id, source string, deflated []byte) {
		facts, err := unpack(id, source, deflated)
		if err == nil && (id != good.ID || source != "litellm" || !slices.Equal(facts, good.Facts)) {
			if again := registry.NewSnapshot(registry.Source{ID: source}, at("01-01"), "", facts); again.ID != id {
				t.Errorf("%q of %q reads as %+v", id, source, facts)
			}
		}
	})
}

// A few bytes that inflate to more than any table are refused before they fill the memory.
func TestUnpackBounds(t *testing.T) {
	if testing.Short() {
		t.Skip("it inflates 256 MiB")
	}
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestSpeed)
	if err != nil {
		t.Fatal(err)
	}
	zeros := make([]byte, 1<<20)
	for range maxCanonical/len(zeros) + 1 {
		if _, err := w.Write(zeros); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := unpack("", "", b.Bytes()); err == nil {
		t.Errorf("%d bytes inflate without bound", b.Len())
	}
}
