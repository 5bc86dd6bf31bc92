package breakeven_test

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// lattice says which packages of the module may import which: a package may import those on the lines above
// its own, directly or not, and nothing else of the module. Change it on purpose, never to fix a build.
const lattice = `
fact unit
datafile money
price gpu llm
registry
usage
focus
workload serving
serving/sim
serving/calibrate serving/plan
ledger
decide reconcile
scenario
catalog
examples web internal/scenariofile
internal/warehouse internal/parquet
internal/warehouse/warehousetest internal/warehouse/chtest
internal/warehouse/folder internal/warehouse/clickhouse internal/logfile internal/otlp
internal/store/pgtest
internal/feed internal/store
internal/app
internal/httpapi internal/cli
cmd/breakeven
`

// sideways are the imports within a line of the lattice.
var sideways = map[string][]string{
	"internal/cli": {"internal/httpapi"},
	"web":          {"examples"},
}

// offline are commands, which nothing else may import.
var offline = []string{"tools"}

// pure packages import the standard library and each other only, and of the standard library nothing that
// reads a clock, a file, the network or the environment.
var impure = map[string]string{
	"os": "files and environment are the shell's", "net": "the network is the shell's", "net/http": "the network is the shell's",
	"log": "pure packages return errors", "log/slog": "pure packages return errors", "database/sql": "stores are the shell's",
	"math/rand": "seeds are arguments: use math/rand/v2 with one", "flag": "flags are the shell's", "context": "pure functions are not cancelled",
	"sync": "pure packages hold no shared state",
}

type pkg struct {
	ImportPath string
	Imports    []string
	GoFiles    []string
}

func packages(t *testing.T) []pkg {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Imports,GoFiles", "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	var list []pkg
	dec := json.NewDecoder(strings.NewReader(string(out)))
	for {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return list
		} else if err != nil {
			t.Fatal(err)
		}
		list = append(list, p)
	}
}

func under(path string, roots []string) bool {
	return slices.ContainsFunc(roots, func(root string) bool { return path == root || strings.HasPrefix(path, root+"/") })
}

func TestImportsPointOneWay(t *testing.T) {
	level := map[string]int{}
	for i, line := range strings.Split(strings.TrimSpace(lattice), "\n") {
		for name := range strings.FieldsSeq(line) {
			level[name] = i + 1
		}
	}
	for _, p := range packages(t) {
		name, ok := strings.CutPrefix(p.ImportPath, "breakeven/")
		if !ok || len(p.GoFiles) == 0 || under(name, offline) {
			continue
		}
		mine, ok := level[name]
		if !ok {
			t.Errorf("%s is not in the lattice: say where it belongs", name)
			continue
		}
		for _, imported := range p.Imports {
			other, ours := strings.CutPrefix(imported, "breakeven/")
			if !ours {
				continue
			}
			if level[other] == 0 || (level[other] >= mine && !slices.Contains(sideways[name], other)) {
				t.Errorf("%s imports %s, which is not below it", name, other)
			}
		}
	}
}

func TestPurePackagesTouchNothing(t *testing.T) {
	for _, p := range packages(t) {
		name, ok := strings.CutPrefix(p.ImportPath, "breakeven/")
		if !ok || under(name, append([]string{"internal", "cmd", "web", "examples"}, offline...)) {
			continue
		}
		for _, imported := range p.Imports {
			if why, bad := impure[imported]; bad {
				t.Errorf("%s imports %s: %s", name, imported, why)
			}
			first, _, _ := strings.Cut(imported, "/")
			if strings.Contains(first, ".") {
				t.Errorf("%s imports %s: importable packages use the standard library only", name, imported)
			}
		}
	}
}
