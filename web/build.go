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
var bundles = []struct{ name, source string }{
	{"theme.js", "src/theme.ts"}, // applied before the first paint
	{"app.js", "src/main.tsx"},
	{"app.css", "src/style/index.css"},
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
	for _, b := range bundles {
		data, used, err := bundle(b.source)
		if err != nil {
			return nil, err
		}
		links[b.name] = add(files, b.name, data)
		maps.Copy(packages, used)
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
	text := string(page)
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

// bundle runs esbuild on one source and returns its output and the packages whose code went into it.
func bundle(source string) ([]byte, map[string]bool, error) {
	result := api.Build(api.BuildOptions{
		EntryPoints: []string{source}, Outdir: "dist", Bundle: true, Write: false, Metafile: true,
		MinifySyntax: true, MinifyWhitespace: true, MinifyIdentifiers: true, Charset: api.CharsetUTF8, LegalComments: api.LegalCommentsNone,
		Target: api.ES2023, Format: api.FormatIIFE, JSX: api.JSXAutomatic, JSXImportSource: "preact", LogLevel: api.LogLevelSilent,
	})
	if len(result.Errors) > 0 {
		text := api.FormatMessages(result.Errors, api.FormatMessagesOptions{Kind: api.ErrorMessage})
		return nil, nil, fmt.Errorf("%s does not build:\n%s", source, strings.Join(text, ""))
	}
	if len(result.OutputFiles) != 1 {
		return nil, nil, fmt.Errorf("%s makes %d files, want one", source, len(result.OutputFiles))
	}
	packages, err := packagesIn(result.Metafile)
	return result.OutputFiles[0].Contents, packages, err
}

// packagesIn reads esbuild's metafile and returns the npm packages whose code is in the output.
func packagesIn(metafile string) (map[string]bool, error) {
	var meta struct {
		Outputs map[string]struct {
			Inputs map[string]struct {
				Bytes int `json:"bytesInOutput"`
			} `json:"inputs"`
		} `json:"outputs"`
	}
	if err := json.Unmarshal([]byte(metafile), &meta); err != nil {
		return nil, fmt.Errorf("esbuild's metafile: %w", err)
	}
	packages := map[string]bool{}
	for _, out := range meta.Outputs {
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
			packages[name] = true
		}
	}
	return packages, nil
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
