package main

import (
	"compress/gzip"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// row is one field of one model that a revision of a table changed. An empty value is a field that was not there.
type row struct {
	at                   time.Time
	source, repo, commit string
	vendor, model, field string
	old, now             string
}

// columns of the input, in order. The event follows from the values.
var columns = []string{"date", "source", "repo", "commit", "vendor", "model", "field", "event", "old", "new"}

// readRows reads the edits of all tables, in the order of the file.
func readRows(dir string) ([]row, error) {
	f, err := os.Open(filepath.Join(dir, "history_all.csv.gz"))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	unzipped, err := gzip.NewReader(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.Name(), err)
	}
	rows, err := parseRows(unzipped)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.Name(), err)
	}
	return rows, nil
}

func parseRows(in io.Reader) ([]row, error) {
	lines := csv.NewReader(in)
	head, err := lines.Read()
	if err != nil {
		return nil, err
	}
	if !slices.Equal(head, columns) {
		return nil, fmt.Errorf("columns are %q, want %q", head, columns)
	}
	var rows []row
	for {
		c, err := lines.Read()
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if err != nil {
			return nil, err
		}
		at, err := time.Parse(time.RFC3339, c[0])
		if err != nil {
			line, _ := lines.FieldPos(0)
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
		rows = append(rows, row{at, c[1], c[2], c[3], c[4], c[5], c[6], c[8], c[9]})
	}
}

// evidence is the address of the revision that made an edit.
func (r *row) evidence() string {
	if name, ok := strings.CutPrefix(r.repo, "npm:"); ok {
		return "https://www.npmjs.com/package/" + name + "/v/" + r.commit
	}
	return "https://github.com/" + strings.Replace(r.repo, "+", "/", 1) + "/commit/" + r.commit
}
