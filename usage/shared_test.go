package usage_test

import (
	"os"
	"path/filepath"
	"testing"
)

// shared finds a file of the shared data folder, and skips the test where that folder is absent.
func shared(t testing.TB, path ...string) string {
	t.Helper()
	root := os.Getenv("BREAKEVEN_SHARED_DATA")
	if root == "" {
		root = filepath.Join("..", "..", "shared", "data")
	}
	if _, err := os.Stat(root); err != nil {
		t.Skipf("no shared data at %s: set BREAKEVEN_SHARED_DATA", root)
	}
	return filepath.Join(append([]string{root}, path...)...)
}

func sharedFile(t testing.TB, path ...string) []byte {
	t.Helper()
	data, err := os.ReadFile(shared(t, path...))
	if err != nil {
		t.Fatal(err)
	}
	return data
}
