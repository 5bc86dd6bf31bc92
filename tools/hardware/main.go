// Command hardware writes the data files of package catalog about accelerators, rentable machines and what they cost
// before, open-weight models, and what vendors state about compliance.
//
//	go run ./tools/hardware -from ../shared/data -to catalog
//
// The tables are inputs that stay outside the repository. What cannot be computed from them stands in
// tools/hardware/curated: names, corrections, and figures that were looked up, each with its evidence. Running
// the command again on the same inputs writes the same bytes. What was left out, and why, goes to standard
// error.
package main

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

//go:embed curated/*.json
var curated embed.FS

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "hardware:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	flags := flag.NewFlagSet("hardware", flag.ContinueOnError)
	from := flags.String("from", "../shared/data", "folder of the tables")
	to := flags.String("to", "catalog", "folder to write")
	if err := flags.Parse(args); err != nil {
		return err
	}
	out, report, err := Build(*from)
	if err != nil {
		return err
	}
	for _, line := range report {
		fmt.Fprintln(os.Stderr, line)
	}
	for _, name := range slices.Sorted(maps.Keys(out)) {
		path := filepath.Join(*to, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, out[name], 0o644); err != nil {
			return err
		}
	}
	return nil
}

// Build makes every data file from the tables, by its path in package catalog, and a report of what was left
// out.
func Build(from string) (files map[string][]byte, report []string, err error) {
	files = map[string][]byte{}
	for _, step := range []func(string, map[string][]byte) ([]string, error){accelerators, offers, history, models, compliance} {
		lines, err := step(from, files)
		if err != nil {
			return nil, nil, err
		}
		report = append(report, lines...)
	}
	return files, report, nil
}

// readJSON reads a table.
func readJSON(path string, v any) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, v); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// readCurated reads a curated file strictly.
func readCurated(name string, v any) error {
	data, err := curated.ReadFile("curated/" + name)
	if err != nil {
		return err
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		return fmt.Errorf("curated/%s: %w", name, err)
	}
	if dec.More() {
		return fmt.Errorf("curated/%s: %w", name, errors.New("more than one document"))
	}
	return nil
}

// encode writes a document with one line for each element of its list, so that a change of one figure is a
// change of one line.
func encode(head any, list string, rows []any) ([]byte, error) {
	top, err := encodeJSON(head, "  ")
	if err != nil {
		return nil, err
	}
	top = bytes.TrimSuffix(bytes.TrimSpace(top), []byte("}"))
	var b bytes.Buffer
	b.Write(bytes.TrimSpace(top))
	fmt.Fprintf(&b, ",\n  %q: [", list)
	for i, row := range rows {
		if i > 0 {
			b.WriteByte(',')
		}
		line, err := encodeJSON(row, "")
		if err != nil {
			return nil, err
		}
		b.WriteString("\n    ")
		b.Write(bytes.TrimSpace(line))
	}
	b.WriteString("\n  ]\n}\n")
	if !json.Valid(b.Bytes()) {
		return nil, fmt.Errorf("%s came out as no JSON", list)
	}
	return b.Bytes(), nil
}

// encodeJSON writes JSON without escaping what HTML would want escaped.
func encodeJSON(v any, indent string) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", indent)
	err := enc.Encode(v)
	return b.Bytes(), err
}
