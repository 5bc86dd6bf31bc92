package logfile

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"breakeven/usage"
)

// logEndings are the endings of files that hold logs, and packedEndings those that may follow them.
var (
	logEndings    = map[string]bool{".jsonl": true, ".ndjson": true, ".json": true, ".csv": true, ".tsv": true, ".log": true, ".parquet": true, ".pq": true}
	packedEndings = map[string]bool{".gz": true, ".gzip": true, ".zst": true, ".zstd": true}
)

// Reasons to pass a file over.
const (
	hidden    = "its name is hidden"
	otherKind = "its name has no ending of a log: " + endings
	notFile   = "it is no file"
	metBefore = "it is the same file as another that is read"
	loop      = "it leads back to a folder that is read"
	dangling  = "it links to nothing"
	emptyFile = "it is empty"
	endings   = ".jsonl, .ndjson, .json, .csv, .tsv, .log or .parquet, with or without .gz or .zst"
)

// looksLikeLog says why a file's name is that of no log; empty where it may be one.
func looksLikeLog(name string) (why string) {
	if strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") {
		return hidden
	}
	name = strings.ToLower(name)
	ending := filepath.Ext(name)
	if packedEndings[ending] {
		inner := filepath.Ext(strings.TrimSuffix(name, ending))
		if logEndings[inner] || inner == "" {
			return ""
		}
		return otherKind
	}
	if !logEndings[ending] {
		return otherKind
	}
	return ""
}

// pass counts a file that is passed over.
func (s *Set) pass(where, file, why string) {
	for i := range s.Passed {
		if p := &s.Passed[i]; p.Where == where && p.Why == why {
			p.Files++
			return
		}
	}
	s.Passed = append(s.Passed, Passed{Where: where, Why: why, Files: 1, First: file})
}

// folder adds the logs of a folder and of the folders in it, in the order of their names. Links are followed, except
// back to a folder that is read already.
func (s *Set) folder(root string) error {
	w := walk{set: s, root: root}
	before := len(s.Sources)
	if err := w.into(root); err != nil {
		return err
	}
	if len(s.Sources) == before {
		return &Error{Kind: BadName, Name: root, Problem: "holds no logs", Hint: "logs end in " + endings}
	}
	return nil
}

// walk is a way through a folder.
type walk struct {
	set  *Set
	root string
	open []os.FileInfo // the folders that are read, from the root down
	done []os.FileInfo // those that were read
}

func (w *walk) into(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return unreadable(path, err)
	}
	for _, other := range append(w.open, w.done...) {
		if os.SameFile(info, other) {
			w.pass(path, loop)
			return nil
		}
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return unreadable(path, err)
	}
	w.open = append(w.open, info)
	for _, e := range entries {
		if err := w.entry(filepath.Join(path, e.Name()), e); err != nil {
			return err
		}
	}
	w.open, w.done = w.open[:len(w.open)-1], append(w.done, info)
	return nil
}

// entry adds a file, or what is in a folder.
func (w *walk) entry(path string, e fs.DirEntry) error {
	info, err := os.Stat(path) // of what a link leads to
	switch {
	case err != nil && e.Type()&fs.ModeSymlink != 0:
		w.pass(path, dangling)
		return nil
	case err != nil:
		return unreadable(path, err)
	case info.IsDir() && strings.HasPrefix(e.Name(), "."):
		w.pass(path, hidden)
		return nil
	case info.IsDir():
		return w.into(path)
	case !info.Mode().IsRegular():
		w.pass(path, notFile)
		return nil
	}
	if why := looksLikeLog(e.Name()); why != "" {
		w.pass(path, why)
		return nil
	}
	if info.Size() == 0 {
		w.pass(path, emptyFile)
		return nil
	}
	if _, again := w.set.met.find(info); again {
		w.pass(path, metBefore)
		return nil
	}
	if err := w.set.met.add(path, info); err != nil {
		return err
	}
	source := File(path)
	source.Found = true
	w.set.Sources = append(w.set.Sources, source)
	return nil
}

func (w *walk) pass(path, why string) {
	below, err := filepath.Rel(w.root, path)
	if err != nil {
		below = path
	}
	w.set.pass(w.root, below, why)
}

func unreadable(path string, err error) error {
	e := usage.Unreadable(path, err)
	return &Error{Kind: Unreachable, Name: path, Problem: "cannot be read", Err: e.Err, Hint: e.Hint}
}
