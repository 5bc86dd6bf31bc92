//go:build ignore

// Command build bundles the web app's sources into dist, or into the directory that -o names. The same sources
// give the same bytes.
//
//	go generate ./web
package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/evanw/esbuild/pkg/api"
)

// bundles are made by esbuild, each under the name that index.html calls it.
var bundles = []struct {
	name, source string
	split        bool // what it imports only when a page asks for it lies in files of its own
}{
	{"theme.js", "src/theme.ts", false}, // applied before the first paint
	{"app.js", "src/main.tsx", true},
	{"app.css", "src/style/index.css", false},
}

// copied are files that are served as they are.
var copied = []string{"src/icon.svg"}

func main() {
	out := flag.String("o", "dist", "directory to write to")
	flag.Parse()
	if err := run(*out); err != nil {
		fmt.Fprintln(os.Stderr, "build:", err)
		os.Exit(1)
	}
}

func run(out string) error {
	if _, err := os.Stat("node_modules"); err != nil {
		return fmt.Errorf("%w: run npm ci in web first", err)
	}
	files, err := build()
	if err != nil {
		return err
	}
	return write(out, files)
}

// write replaces what is in the directory. New files come first and old ones go last, so that a build of the
// program that runs at the same time always finds files to embed.
func write(out string, files map[string][]byte) error {
	for name, data := range files {
		target := filepath.Join(out, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(target, data, 0o644); err != nil {
			return err
		}
	}
	return filepath.WalkDir(out, func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		inside, err := filepath.Rel(out, name)
		if err != nil {
			return err
		}
		if _, wanted := files[filepath.ToSlash(inside)]; wanted {
			return nil
		}
		return os.Remove(name)
	})
}

// build returns the files of dist by their path in it.
func build() (map[string][]byte, error) {
	files := map[string][]byte{}
	links := map[string]string{} // what index.html says → the path with the hash
	packages := map[string]bool{}
	var shared []string // of the split bundle, needed at once
	for _, b := range bundles {
		out, err := bundle(b.source, strings.TrimSuffix(b.name, path.Ext(b.name)), b.split)
		if err != nil {
			return nil, err
		}
		maps.Copy(files, out.files)
		maps.Copy(packages, out.packages)
		links[b.name] = out.entry
		shared = append(shared, out.needs...)
	}
	for _, source := range copied {
		data, err := os.ReadFile(source)
		if err != nil {
			return nil, err
		}
		links[path.Base(source)] = add(files, path.Base(source), data)
	}
	notices, err := licences(packages)
	if err != nil {
		return nil, err
	}
	links["licences.txt"] = add(files, "licences.txt", notices)
	page, err := os.ReadFile("src/index.html")
	if err != nil {
		return nil, err
	}
	var preloads strings.Builder
	for _, file := range shared {
		fmt.Fprintf(&preloads, "<link rel=\"modulepreload\" href=\"/%s\" />\n    ", file)
	}
	text := strings.ReplaceAll(string(page), "{{preloads}}\n    ", preloads.String())
	for name, target := range links {
		text = strings.ReplaceAll(text, "{{"+name+"}}", "/"+target)
	}
	if _, rest, unknown := strings.Cut(text, "{{"); unknown {
		return nil, fmt.Errorf("src/index.html asks for %q, which nothing makes", rest[:min(len(rest), 30)])
	}
	files["index.html"] = []byte(text)
	return files, nil
}

// add puts a file under assets with its content's hash in its name, and returns its path.
func add(files map[string][]byte, name string, data []byte) string {
	sum := sha256.Sum256(data)
	ext := path.Ext(name)
	target := fmt.Sprintf("assets/%s-%s%s", strings.TrimSuffix(name, ext), hex.EncodeToString(sum[:5]), ext)
	files[target] = data
	return target
}

// output is what esbuild makes of one source.
type output struct {
	files    map[string][]byte // by their path in dist
	entry    string
	needs    []string // files that the entry imports at once
	packages map[string]bool
}

// bundle runs esbuild on one source. A content's hash is in each file's name.
func bundle(source, name string, split bool) (output, error) {
	format := api.FormatIIFE
	if split {
		format = api.FormatESModule
	}
	result := api.Build(api.BuildOptions{
		EntryPoints: []string{source}, Outdir: "dist/assets", EntryNames: name + "-[hash]", ChunkNames: "[name]-[hash]", Bundle: true, Splitting: split,
		Write: false, Metafile: true, MinifySyntax: true, MinifyWhitespace: true, MinifyIdentifiers: true, Charset: api.CharsetUTF8,
		LegalComments: api.LegalCommentsNone, Target: api.ES2023, Format: format, JSX: api.JSXAutomatic, JSXImportSource: "preact", LogLevel: api.LogLevelSilent,
	})
	out := output{files: map[string][]byte{}, packages: map[string]bool{}}
	if len(result.Errors) > 0 {
		text := api.FormatMessages(result.Errors, api.FormatMessagesOptions{Kind: api.ErrorMessage})
		return out, fmt.Errorf("%s does not build:\n%s", source, strings.Join(text, ""))
	}
	for _, file := range result.OutputFiles {
		out.files["assets/"+filepath.Base(file.Path)] = file.Contents
	}
	return out, out.read(result.Metafile)
}

// read learns from esbuild's metafile which file is the entry, what it imports at once, and which npm packages have code in
// the output.
func (o *output) read(metafile string) error {
	var meta struct {
		Outputs map[string]struct {
			EntryPoint string                        `json:"entryPoint"`
			Imports    []struct{ Path, Kind string } `json:"imports"`
			Inputs     map[string]struct {
				Bytes int `json:"bytesInOutput"`
			} `json:"inputs"`
		} `json:"outputs"`
	}
	if err := json.Unmarshal([]byte(metafile), &meta); err != nil {
		return fmt.Errorf("esbuild's metafile: %w", err)
	}
	for name, out := range meta.Outputs {
		if out.EntryPoint != "" && !strings.HasPrefix(out.EntryPoint, "src/pages/") { // a page that is imported later is an entry too
			o.entry = strings.TrimPrefix(name, "dist/")
			for _, in := range out.Imports {
				if in.Kind == "import-statement" {
					o.needs = append(o.needs, strings.TrimPrefix(in.Path, "dist/"))
				}
			}
		}
		for file, in := range out.Inputs {
			_, inside, ok := strings.Cut(file, "node_modules/")
			if !ok || in.Bytes == 0 {
				continue
			}
			parts := strings.SplitN(inside, "/", 3)
			name := parts[0]
			if strings.HasPrefix(name, "@") && len(parts) > 1 {
				name += "/" + parts[1]
			}
			o.packages[name] = true
		}
	}
	slices.Sort(o.needs)
	return nil
}

// licences gathers the licence of every package that is in a bundle.
func licences(packages map[string]bool) ([]byte, error) {
	var b strings.Builder
	b.WriteString("The web app contains code of these packages.\n")
	for _, p := range slices.Sorted(maps.Keys(packages)) {
		text, err := licence(filepath.Join("node_modules", filepath.FromSlash(p)))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p, err)
		}
		fmt.Fprintf(&b, "\n%s\n%s\n\n%s\n", p, strings.Repeat("-", len(p)), strings.TrimSpace(text))
	}
	return []byte(b.String()), nil
}

func licence(dir string) (string, error) {
	list, err := os.ReadDir(dir)
	if err != nil {
		return "", err
	}
	for _, f := range list {
		if upper := strings.ToUpper(f.Name()); strings.HasPrefix(upper, "LICENSE") || strings.HasPrefix(upper, "LICENCE") {
			data, err := os.ReadFile(filepath.Join(dir, f.Name()))
			return strings.ReplaceAll(string(data), "\r\n", "\n"), err
		}
	}
	return "", fmt.Errorf("the package has no licence file")
}
