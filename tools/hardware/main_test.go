package main

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The committed files are what the tool writes from the tables, byte for byte, and nothing else stands beside
// them.
func TestCommittedFilesAreCurrent(t *testing.T) {
	from := os.Getenv("BREAKEVEN_SHARED_DATA")
	if from == "" {
		from = filepath.Join("..", "..", "..", "shared", "data")
	}
	if _, err := os.Stat(filepath.Join(from, "serving", "hardware.json")); err != nil {
		t.Skipf("the tables are not here: %v", err)
	}
	files, report, err := Build(from)
	if err != nil {
		t.Fatal(err)
	}
	again, _, err := Build(from)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if !bytes.Equal(files[name], again[name]) {
			t.Errorf("%s: two runs wrote different bytes", name)
		}
		committed, err := os.ReadFile(filepath.Join("..", "..", "catalog", filepath.FromSlash(name)))
		if err != nil || !bytes.Equal(committed, files[name]) {
			t.Errorf("catalog/%s is not what the tool writes: run go run ./tools/hardware (%v)", name, err)
		}
	}
	for _, folder := range []string{"gpus", "offers", "gpu-history", "models", "compliance"} {
		entries, err := os.ReadDir(filepath.Join("..", "..", "catalog", folder))
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if _, written := files[folder+"/"+e.Name()]; !written {
				t.Errorf("catalog/%s/%s is not written by the tool", folder, e.Name())
			}
		}
	}
	if !slices.ContainsFunc(report, func(line string) bool { return strings.Contains(line, "share of an accelerator") }) {
		t.Errorf("the report does not say that fractional machines are left out: %q", report)
	}
}
