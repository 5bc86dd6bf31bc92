package calibrate

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
)

// Row is one measured result. A figure that was not published is NaN; a text, empty.
type Row struct {
	Line   int
	Source string
	Ref    string
	Model  string
	GPU    string

	Precision, KVPrecision string
	Engine, Version        string
	Scenario, Load         string
	Lengths                string // how lengths were drawn, in words
	Notes                  string
	Derived                string // which figures were computed from others
	Disaggregated          bool
	Speculative            string

	GPUs, TP, EP, DP, PP   int // zero where unknown
	Input, Output          float64
	Concurrency, Rate      float64
	MaxBatch               float64
	OutputRate             float64 // tokens/s
	TTFT, TTFTp50, TTFTp99 float64 // seconds, as all below
	TPOT, TPOTp50, TPOTp99 float64
	Total                  float64
}

// RowError is a row that cannot be read.
type RowError struct {
	Line   int
	Column string
	Err    error
}

func (e *RowError) Error() string {
	if e.Column == "" {
		return fmt.Sprintf("line %d: %v", e.Line, e.Err)
	}
	return fmt.Sprintf("line %d, column %s: %v", e.Line, e.Column, e.Err)
}

// Unwrap returns the cause.
func (e *RowError) Unwrap() error { return e.Err }

// required are the columns without which no row means anything.
var required = []string{"source", "model", "precision", "gpu", "engine", "load", "isl", "osl"}

// Read reads a table with a header line. Columns are found by name: those that are missing are empty, and others
// are passed over. The error is a *[RowError].
func Read(r io.Reader) ([]Row, error) {
	c := csv.NewReader(r)
	c.ReuseRecord = true
	header, err := c.Read()
	if errors.Is(err, io.EOF) {
		return nil, &RowError{Line: 1, Err: errors.New("the table is empty: it needs a header line")}
	}
	if err != nil {
		return nil, &RowError{Line: 1, Err: err}
	}
	column := map[string]int{}
	for i, name := range header {
		column[strings.TrimSpace(strings.TrimPrefix(name, "\ufeff"))] = i
	}
	for _, name := range required {
		if _, ok := column[name]; !ok {
			return nil, &RowError{Line: 1, Err: fmt.Errorf("no column %q; needed are %s", name, strings.Join(required, ", "))}
		}
	}
	var rows []Row
	for {
		record, err := c.Read()
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if fault, ok := errors.AsType[*csv.ParseError](err); ok {
			return nil, &RowError{Line: fault.StartLine, Err: fault.Err}
		}
		if err != nil {
			return nil, &RowError{Line: len(rows) + 2, Err: err}
		}
		line, _ := c.FieldPos(0)
		p := parser{record: record, column: column, line: line}
		row := p.row()
		if p.err != nil {
			return nil, p.err
		}
		rows = append(rows, row)
	}
}

type parser struct {
	record []string
	column map[string]int
	line   int
	err    error
}

func (p *parser) text(name string) string {
	i, ok := p.column[name]
	if !ok {
		return ""
	}
	return strings.Clone(strings.TrimSpace(p.record[i]))
}

func (p *parser) number(name string) float64 {
	text := p.text(name)
	if text == "" {
		return math.NaN()
	}
	v, err := strconv.ParseFloat(text, 64)
	if (err != nil || v < 0 || math.IsInf(v, 0) || math.IsNaN(v)) && p.err == nil {
		p.err = &RowError{Line: p.line, Column: name, Err: fmt.Errorf("%q is not a number of at least zero", text)}
	}
	return v
}

// count is a degree of parallelism. Some are texts, as where the halves of a disaggregated engine differ: unknown.
func (p *parser) count(name string) int {
	v, err := strconv.Atoi(p.text(name))
	if err != nil || v < 0 || v > 1<<16 {
		return 0
	}
	return v
}

func (p *parser) row() Row {
	ms := func(name string) float64 { return p.number(name) / 1e3 }
	return Row{
		Line: p.line, Source: p.text("source"), Ref: p.text("source_ref"), Model: p.text("model"), GPU: p.text("gpu"),
		Precision: p.text("precision"), KVPrecision: p.text("kv_precision"), Engine: p.text("engine"), Version: p.text("engine_version"),
		Scenario: p.text("scenario"), Load: p.text("load"), Lengths: p.text("len_note"), Notes: p.text("notes"), Derived: p.text("derived"),
		Disaggregated: p.text("disagg") == "1", Speculative: p.text("spec_decode"),
		GPUs: p.count("n_gpus"), TP: p.count("tp"), EP: p.count("ep"), DP: p.count("dp"), PP: p.count("pp"),
		Input: p.number("isl"), Output: p.number("osl"), Concurrency: p.number("concurrency"), Rate: p.number("qps"), MaxBatch: p.number("max_batch"),
		OutputRate: p.number("output_tok_s"),
		TTFT:       ms("ttft_ms_mean"), TTFTp50: ms("ttft_ms_p50"), TTFTp99: ms("ttft_ms_p99"),
		TPOT: ms("tpot_ms_mean"), TPOTp50: ms("tpot_ms_p50"), TPOTp99: ms("tpot_ms_p99"), Total: ms("e2e_ms_mean"),
	}
}
